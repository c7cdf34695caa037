"""Cluster recent cases into topics: cases about the same matter are grouped, named and counted.

Grouping: each case is compared with all others of the period by title, text, words and places; groups are merged while
the mean similarity of their members stays above a threshold (average linkage). Only similarities above a minimum are
stored, so ten thousand cases take seconds. Counting: the heat of a topic is the number of different people, by the keyed
hash of their telephone or identity number; a person who writes fifty times counts once. No I/O.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify.model.seed_examples import seed_examples
from classify.text import place_names
from classify.text.features import tidy

TITLE, TEXT, WORDS = 0.35, 0.30, 0.35
MIN_MEAN_SIMILARITY: Final = 0.115  # mean similarity from which two groups are merged
MIN_SIMILARITY: Final = 0.04  # a lower similarity is taken as zero
MAX_NEIGHBOURS: Final = 250  # the number of similarities stored per case
MAX_DOCUMENT_SHARE: Final = 0.12  # a gram in a greater share of all cases is ignored
MAX_CHARACTERS: Final = 400  # characters of a text
FEW_CASES: Final = 3000  # with fewer cases our own examples are added to estimate which words are common
SMALL_GROUP: Final = 6
MIN_SMALL_GROUP_SIMILARITY: Final = 0.22
"""The members of a small group must be more similar, because they may be similar by chance."""

MIN_PEOPLE: Final = 3
"""A group of fewer people is no topic."""

MIN_CONTINUATION: Final = 0.3  # share of cases or words in common from which a topic continues an earlier one
MAX_WORDS: Final = 8
TITLE_WORD_BONUS: Final = 0.15  # how much a characteristic word in a title counts when the topic is named
NOBODY: Final = ""
_CHUNK: Final = 500
_BLANK = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"[\d\W_]+")
_OPENING = re.compile(r"^(?:关于|有关|请问|咨询|反映|投诉|举报|求助|建议|再次|紧急|强烈|恳请|请求|希望|要求)+")


@dataclass(frozen=True, slots=True)
class TopicCase:
    """A case to be clustered. `who` is the keyed hash of the person; NOBODY for an anonymous case."""

    no: str
    title: str
    text: str
    region: str
    who: str
    day: date


@dataclass(frozen=True, slots=True)
class Member:
    """A case of a topic, with what is needed to count again only the cases somebody may see."""

    no: str
    who: str
    day: date
    region: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """Cases about the same matter. `thread` stays the same from day to day."""

    thread: str
    title: str
    words: tuple[str, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """The figures of a topic: different people in all, this week and the week before, and cases per day."""

    people: int
    nameless: int  # anonymous cases: the people cannot be distinguished, so together they count as one
    cases: int
    since: date
    until: date
    this_week: int
    last_week: int
    daily: tuple[int, ...]  # cases per day of the last two weeks

    @property
    def growth(self) -> float | None:
        """This week's people divided by last week's; None when there were none."""
        return self.this_week / self.last_week if self.last_week else None


def compute_heat(members: Sequence[Member], today: date) -> Heat:
    """The figures of those cases."""

    def count_people(some: Sequence[Member]) -> int:
        known = {member.who for member in some if member.who != NOBODY}
        return len(known) + any(member.who == NOBODY for member in some)

    week, before = today - timedelta(days=6), today - timedelta(days=13)
    days = Counter(member.day for member in members)
    return Heat(
        people=count_people(members),
        nameless=sum(member.who == NOBODY for member in members),
        cases=len(members),
        since=min(member.day for member in members),
        until=max(member.day for member in members),
        this_week=count_people([member for member in members if member.day >= week]),
        last_week=count_people([member for member in members if before <= member.day < week]),
        daily=tuple(days[today - timedelta(days=back)] for back in range(13, -1, -1)),
    )


def find_common_region(members: Sequence[Member]) -> str:
    """The smallest region that holds at least half of the cases, or ""."""
    known = [member.region for member in members if member.region]
    for digits in (12, 9, 6):
        counted = Counter(region[:digits].ljust(12, "0") for region in known)
        if counted:
            region, n = counted.most_common(1)[0]
            if 2 * n >= len(members) and region.rstrip("0"):
                return region
    return ""


def find_topics(cases: Sequence[TopicCase], before: Sequence[Topic] = (), least: int = MIN_PEOPLE) -> list[Topic]:
    """Find the topics among these cases, most people first; `before`: those of the day before, whose threads continue."""
    if len(cases) < least:
        return []
    matrix, words = _compute_similarities([case.title for case in cases], [case.text for case in cases])
    topics_of_day = []
    for group in _link_groups(matrix):
        if len(group) < SMALL_GROUP and _cohesion(matrix, group) < MIN_SMALL_GROUP_SIMILARITY:
            continue
        characteristic_words = _characteristic_words(words, group)
        ordered = _order_by_similarity(cases, matrix, group, characteristic_words)
        members = tuple(Member(cases[i].no, cases[i].who, cases[i].day, cases[i].region) for i in ordered)
        if compute_heat(members, members[0].day).people >= least:
            topics_of_day.append(Topic("", strip_opening(cases[ordered[0]].title), characteristic_words, members))
    topics_of_day.sort(key=lambda topic: (-len({member.who for member in topic.members}), topic.title))
    return _continue_threads(topics_of_day, before)


def cluster_texts(titles: Sequence[str], texts: Sequence[str]) -> list[list[int]]:
    """Group texts about the same matter: lists of their positions, without groups of one."""
    return _link_groups(_compute_similarities(titles, texts)[0])


# ---- similarity


def _compute_similarities(titles: Sequence[str], texts: Sequence[str]) -> tuple[Any, _WordCounts]:
    """The similarities of each case to its nearest neighbours, a sparse symmetric matrix, and the words of all cases."""
    from scipy.sparse import hstack

    n = len(titles)
    if n < FEW_CASES:  # a few cases do not show which words are common, so our own examples are counted with them
        seed_texts = _seed_texts()
        titles, texts = [*titles, *(title for title, _ in seed_texts)], [*texts, *(text for _, text in seed_texts)]
    plain_titles = [_BLANK.sub("", tidy(title)) for title in titles]
    plain_texts = [_BLANK.sub("", tidy(text[:MAX_CHARACTERS])) for text in texts]
    words = _WordCounts.of([f"{title} {text[:MAX_CHARACTERS]}" for title, text in zip(titles, texts, strict=True)])
    parts = ((TITLE, _count_characters(plain_titles)), (TEXT, _count_characters(plain_texts)), (WORDS, words.counts))
    rows = hstack([np.sqrt(share) * _compute_tfidf(counts) for share, counts in parts]).tocsr()
    places = [place_names.find_places(title, text) for title, text in zip(titles[:n], texts[:n], strict=True)]
    return place_names.weigh_by_places(_nearest_neighbours(rows[:n]), places), _WordCounts(
        words.known, words.counts[:n]
    )


@cache
def _seed_texts() -> tuple[tuple[str, str], ...]:
    return tuple((e.title, e.text) for e in seed_examples([]) if e.source == "example")


@dataclass(frozen=True, slots=True)
class _WordCounts:
    """How often each word stands in each case."""

    known: list[str]
    counts: Any

    @classmethod
    def of(cls, texts: Sequence[str]) -> _WordCounts:
        import rjieba

        number: dict[str, int] = {}
        ids: list[int] = []
        ends = [0]
        for text in texts:
            cut = [word for word in rjieba.cut(tidy(text)) if len(word) > 1 and not _NUMBER.fullmatch(word)]
            ids.extend(number.setdefault(word, len(number)) for word in cut)
            ends.append(len(ids))
        return cls(list(number), _count_matrix(np.array(ids, dtype=np.int64), np.array(ends), len(number)))


def _count_characters(texts: Sequence[str]) -> Any:
    """How often each two and three characters that follow each other stand in each text."""
    whole = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    lengths = np.array([len(text) for text in texts])
    doc = np.repeat(np.arange(len(texts)), lengths)
    codes, docs = [], []
    for n in (2, 3):
        if len(whole) < n:
            continue
        stop = len(whole) - n + 1
        code = whole[:stop].copy()
        for step in range(1, n):
            code = code * 2097143 + whole[step : stop + step]  # wraps around at worst: a hash
        inside = doc[:stop] == doc[n - 1 : n - 1 + stop]
        codes.append(code[inside] * 2 + (n == 3))
        docs.append(doc[:stop][inside])
    every, where = (
        np.concatenate(codes) if codes else np.zeros(0, np.int64),
        np.concatenate(docs) if docs else np.zeros(0, np.int64),
    )
    kinds, ids = np.unique(every, return_inverse=True)
    order = np.argsort(where, kind="stable")
    ends = np.concatenate(([0], np.cumsum(np.bincount(where, minlength=len(texts)))))
    return _count_matrix(ids[order], ends, len(kinds))


def _count_matrix(ids: NDArray[np.int64], ends: NDArray[Any], width: int) -> Any:
    from scipy.sparse import csr_matrix

    counts = csr_matrix((np.ones(len(ids), dtype=np.float32), ids, ends), shape=(len(ends) - 1, max(1, width)))
    counts.sum_duplicates()
    return counts


def _compute_tfidf(counts: Any) -> Any:
    """(1 + ln count) x idf, each row of length one; grams of a single case, or of very many, are left out."""
    from scipy.sparse import diags_array

    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    columns = np.flatnonzero((seen > 1) & (seen <= max(MAX_DOCUMENT_SHARE * counts.shape[0], 20)))
    weights = counts[:, columns].astype(np.float32)
    weights.data = 1 + np.log(weights.data)
    weights = weights @ diags_array((np.log((1 + counts.shape[0]) / (1 + seen[columns])) + 1).astype(np.float32))
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    return diags_array((1 / np.maximum(lengths, 1e-9)).astype(np.float32)) @ weights


def _nearest_neighbours(rows: Any) -> Any:
    """The greatest similarities of each row, as a symmetric matrix without a diagonal."""
    from scipy.sparse import csr_matrix

    transposed = rows.T.tocsc()
    n = rows.shape[0]
    columns, values, ends = [], [], [0]
    for at in range(0, n, _CHUNK):
        similarities = (rows[at : at + _CHUNK] @ transposed).toarray()
        for place, line in enumerate(similarities):
            line[at + place] = 0
            near = np.flatnonzero(line >= MIN_SIMILARITY)
            if len(near) > MAX_NEIGHBOURS:
                near = near[np.argpartition(line[near], -MAX_NEIGHBOURS)[-MAX_NEIGHBOURS:]]
            columns.append(near)
            values.append(line[near])
            ends.append(ends[-1] + len(near))
    nearest = csr_matrix((np.concatenate(values), np.concatenate(columns), ends), shape=(n, n))
    return nearest.maximum(nearest.T).tocsr()


# ---- clustering


def _link_groups(similarities: Any) -> list[list[int]]:
    """Average linkage: in each round every two groups that are nearest to each other are merged."""
    from scipy.sparse import csr_matrix, diags_array

    n = similarities.shape[0]
    group = np.arange(n)
    sums = similarities.tocsr().astype(np.float64)
    while True:
        count = sums.shape[0]
        sizes = np.bincount(group, minlength=count).astype(np.float64)
        scale = diags_array(1 / sizes)
        mean = (scale @ sums @ scale).tocsr()
        best, best_similarity = _find_nearest_groups(mean)
        mutual = (best_similarity >= MIN_MEAN_SIMILARITY) & (best[best] == np.arange(count))
        if not mutual.any():
            break
        into = np.where(mutual, np.minimum(best, np.arange(count)), np.arange(count))
        groups, new_group = np.unique(into, return_inverse=True)
        membership = csr_matrix((np.ones(count), (new_group, np.arange(count))), shape=(len(groups), count))
        sums = (membership @ sums @ membership.T).tocsr()
        sums.setdiag(0)
        sums.eliminate_zeros()
        group = new_group[group]
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    return [part.tolist() for part in parts if len(part) > 1]


def _find_nearest_groups(mean: Any) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The nearest other group of each group and their similarity; ties go to the first, so some pair is always mutual."""
    best = np.asarray(mean.argmax(axis=1)).ravel()
    best_similarity = np.asarray(mean.max(axis=1).todense()).ravel()
    best[best_similarity <= 0] = np.flatnonzero(best_similarity <= 0)
    return best, np.where(best_similarity > 0, best_similarity, 0.0)


# ---- names


def _cohesion(similarities: Any, group: Sequence[int]) -> float:
    """The mean similarity of two members of a group."""
    inside = similarities[np.array(group)][:, np.array(group)]
    return float(inside.sum()) / (len(group) * (len(group) - 1))


def _order_by_similarity(
    cases: Sequence[TopicCase], similarities: Any, group: Sequence[int], characteristic_words: Sequence[str]
) -> list[int]:
    """Order the cases of a group by similarity to all others; the first one names the topic.

    Titles with many characteristic words come before those with few, and titles of a readable length before those that
    are too short or too long.
    """
    inside = similarities[np.array(group)][:, np.array(group)]
    similarity_sums = np.asarray(inside.sum(axis=1)).ravel()
    titles = [strip_opening(cases[i].title) for i in group]
    length_factors = np.array([1.0 if 6 <= len(title) <= 30 else 0.7 for title in titles])
    title_factors = np.array(
        [1 + TITLE_WORD_BONUS * sum(word in title for word in characteristic_words) for title in titles]
    )
    return [group[i] for i in np.argsort(-similarity_sums * length_factors * title_factors, kind="stable")]


def strip_opening(title: str) -> str:
    """A title without its opening words."""
    plain = title.strip()
    return (_OPENING.sub("", plain).strip("“”《》：:，, ") or plain)[:60]


def _characteristic_words(words: _WordCounts, group: Sequence[int]) -> tuple[str, ...]:
    """The words that are frequent in the group and rare elsewhere."""
    inside = np.asarray((words.counts[np.array(group)] > 0).sum(axis=0)).ravel()
    total = np.bincount(words.counts.indices, minlength=words.counts.shape[1])
    scores = inside / len(group) * np.log((1 + words.counts.shape[0]) / (1 + total))
    top = np.argsort(-scores, kind="stable")[:MAX_WORDS]
    return tuple(words.known[i] for i in top if inside[i] > 1)


def _continue_threads(topics: Sequence[Topic], before: Sequence[Topic]) -> list[Topic]:
    """Give each topic the thread of the topic of the day before that it continues, or a new one."""
    free = {topic.thread: topic for topic in before}
    threaded = []
    for topic in topics:
        continuation = {thread: _measure_continuation(old, topic) for thread, old in free.items()}
        best = max(continuation, key=lambda thread: continuation[thread], default="")
        if best and continuation[best] >= MIN_CONTINUATION:
            free.pop(best)
        else:
            first = min(topic.members, key=lambda member: (member.day, member.no))
            best = hashlib.sha256(first.no.encode()).hexdigest()[:16]
        threaded.append(replace(topic, thread=best))
    return threaded


def _measure_continuation(old: Topic, new: Topic) -> float:
    """How far one topic continues another: by the cases they share, or by their words."""
    cases, known = {member.no for member in new.members}, {member.no for member in old.members}
    shared = len(cases & known) / min(len(cases), len(known))
    words = set(chain(old.words, new.words))
    return max(shared, len(set(old.words) & set(new.words)) / len(words) if words else 0.0)
