"""Cluster recent cases into topics: cases that tell of the same matter, gathered, named and counted.

Gathering: title, text and words of each case are weighed against all others of the window, and so are the places they
name; groups grow by the mean likeness of their members, as long as it stays above a threshold (average linkage). The likeness is kept only where it is
not nothing, so ten thousand cases take seconds. Counting: heat is how many different people spoke, by the keyed hash
of their telephone or identity number; whoever writes fifty times is one. No I/O.
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
BAR: Final = 0.115  # mean likeness of two groups that become one
FAINT: Final = 0.04  # a likeness below this is taken for nothing
NEAREST: Final = 250  # so many likenesses of a case are kept
COMMON: Final = 0.12  # what stands in more than this share of all cases tells nothing
TEXT_READ: Final = 400  # characters of a text
FEW: Final = 3000  # with fewer cases our own examples help to tell which words are common
SMALL: Final = 6
SMALL_BAR: Final = 0.22
"""A small group may be like by chance, so its members must be more like each other."""

PEOPLE_LEAST: Final = 3
"""With fewer people it is a matter, not a topic."""

SAME: Final = 0.3  # share of cases, or of words, in common with a topic of the day before: the same topic
WORDS_TOLD: Final = 8
NAMED: Final = 0.15  # what a telling word in a title is worth when the topic is named
NOBODY: Final = ""
_CHUNK: Final = 500
_BLANK = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"[\d\W_]+")
_OPENING = re.compile(r"^(?:关于|有关|请问|咨询|反映|投诉|举报|求助|建议|再次|紧急|强烈|恳请|请求|希望|要求)+")


@dataclass(frozen=True, slots=True)
class TopicCase:
    """A case as it is gathered. `who` is a keyed hash; NOBODY where nobody left a name."""

    no: str
    title: str
    text: str
    region: str
    who: str
    day: date


@dataclass(frozen=True, slots=True)
class Member:
    """A case of a topic: enough to count again what somebody may see of it."""

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
    """How much there is of a topic: different people in all, this week and the week before, and per day."""

    people: int
    nameless: int  # cases of people who left no name: they cannot be told apart, so together they count as one
    cases: int
    since: date
    until: date
    this_week: int
    last_week: int
    daily: tuple[int, ...]  # cases per day of the last two weeks

    @property
    def growth(self) -> float | None:
        """How many times as many people as the week before; None when there were none."""
        return self.this_week / self.last_week if self.last_week else None


def heat(members: Sequence[Member], today: date) -> Heat:
    """The figures of those cases."""

    def people(found: Sequence[Member]) -> int:
        named = {one.who for one in found if one.who != NOBODY}
        return len(named) + any(one.who == NOBODY for one in found)

    week, before = today - timedelta(days=6), today - timedelta(days=13)
    days = Counter(one.day for one in members)
    return Heat(
        people=people(members),
        nameless=sum(one.who == NOBODY for one in members),
        cases=len(members),
        since=min(one.day for one in members),
        until=max(one.day for one in members),
        this_week=people([one for one in members if one.day >= week]),
        last_week=people([one for one in members if before <= one.day < week]),
        daily=tuple(days[today - timedelta(days=back)] for back in range(13, -1, -1)),
    )


def place_of(members: Sequence[Member]) -> str:
    """The smallest region that holds at least half of the cases, or ""."""
    known = [one.region for one in members if one.region]
    for digits in (12, 9, 6):
        counted = Counter(region[:digits].ljust(12, "0") for region in known)
        if counted:
            region, n = counted.most_common(1)[0]
            if 2 * n >= len(members) and region.rstrip("0"):
                return region
    return ""


def topics(said: Sequence[TopicCase], before: Sequence[Topic] = (), least: int = PEOPLE_LEAST) -> list[Topic]:
    """The topics among these cases, the hottest first; `before` are those of the day before, whose threads go on."""
    if len(said) < least:
        return []
    matrix, words = _likenesses([one.title for one in said], [one.text for one in said])
    found = []
    for group in _gathered(matrix):
        if len(group) < SMALL and _cohesion(matrix, group) < SMALL_BAR:
            continue
        telling = _telling(words, group)
        ordered = _by_likeness(said, matrix, group, telling)
        members = tuple(Member(said[i].no, said[i].who, said[i].day, said[i].region) for i in ordered)
        if heat(members, members[0].day).people >= least:
            found.append(Topic("", readable(said[ordered[0]].title), telling, members))
    found.sort(key=lambda topic: (-len({one.who for one in topic.members}), topic.title))
    return _threaded(found, before)


def clusters(titles: Sequence[str], texts: Sequence[str]) -> list[list[int]]:
    """Which texts tell of the same matter: groups of places, single ones left out."""
    return _gathered(_likenesses(titles, texts)[0])


# ---- likeness


def _likenesses(titles: Sequence[str], texts: Sequence[str]) -> tuple[Any, _Words]:
    """The likeness of each case to those nearest to it, as a sparse symmetric matrix, and the words of all."""
    from scipy.sparse import hstack

    n = len(titles)
    if n < FEW:  # a few cases do not tell which words are common, so our own examples are counted with them
        own = _own()
        titles, texts = [*titles, *(title for title, _ in own)], [*texts, *(text for _, text in own)]
    plain_titles = [_BLANK.sub("", tidy(title)) for title in titles]
    plain_texts = [_BLANK.sub("", tidy(text[:TEXT_READ])) for text in texts]
    words = _Words.of([f"{title} {text[:TEXT_READ]}" for title, text in zip(titles, texts, strict=True)])
    parts = ((TITLE, _characters(plain_titles)), (TEXT, _characters(plain_texts)), (WORDS, words.counts))
    rows = hstack([np.sqrt(share) * _weighed(counts) for share, counts in parts]).tocsr()
    sites = [place_names.named(title, text) for title, text in zip(titles[:n], texts[:n], strict=True)]
    return place_names.weighed(_nearest(rows[:n]), sites), _Words(words.known, words.counts[:n])


@cache
def _own() -> tuple[tuple[str, str], ...]:
    return tuple((e.title, e.text) for e in seed_examples([]) if e.source == "example")


@dataclass(frozen=True, slots=True)
class _Words:
    """How often each word stands in each case."""

    known: list[str]
    counts: Any

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Words:
        import rjieba

        number: dict[str, int] = {}
        ids: list[int] = []
        ends = [0]
        for text in texts:
            cut = [word for word in rjieba.cut(tidy(text)) if len(word) > 1 and not _NUMBER.fullmatch(word)]
            ids.extend(number.setdefault(word, len(number)) for word in cut)
            ends.append(len(ids))
        return cls(list(number), _counted(np.array(ids, dtype=np.int64), np.array(ends), len(number)))


def _characters(texts: Sequence[str]) -> Any:
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
    return _counted(ids[order], ends, len(kinds))


def _counted(ids: NDArray[np.int64], ends: NDArray[Any], width: int) -> Any:
    from scipy.sparse import csr_matrix

    counts = csr_matrix((np.ones(len(ids), dtype=np.float32), ids, ends), shape=(len(ends) - 1, max(1, width)))
    counts.sum_duplicates()
    return counts


def _weighed(counts: Any) -> Any:
    """(1 + ln count) x rarity, each row of length one; what stands in one case only, or in very many, is left out."""
    from scipy.sparse import diags_array

    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.flatnonzero((seen > 1) & (seen <= max(COMMON * counts.shape[0], 20)))
    found = counts[:, kept].astype(np.float32)
    found.data = 1 + np.log(found.data)
    found = found @ diags_array((np.log((1 + counts.shape[0]) / (1 + seen[kept])) + 1).astype(np.float32))
    lengths = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
    return diags_array((1 / np.maximum(lengths, 1e-9)).astype(np.float32)) @ found


def _nearest(rows: Any) -> Any:
    """The likenesses of each row that are not faint, the greatest of them, as a symmetric matrix without a diagonal."""
    from scipy.sparse import csr_matrix

    across = rows.T.tocsc()
    n = rows.shape[0]
    columns, values, ends = [], [], [0]
    for at in range(0, n, _CHUNK):
        alike = (rows[at : at + _CHUNK] @ across).toarray()
        for place, line in enumerate(alike):
            line[at + place] = 0
            near = np.flatnonzero(line >= FAINT)
            if len(near) > NEAREST:
                near = near[np.argpartition(line[near], -NEAREST)[-NEAREST:]]
            columns.append(near)
            values.append(line[near])
            ends.append(ends[-1] + len(near))
    found = csr_matrix((np.concatenate(values), np.concatenate(columns), ends), shape=(n, n))
    return found.maximum(found.T).tocsr()


# ---- gathering


def _gathered(alike: Any) -> list[list[int]]:
    """Average linkage: in each round every two groups that are nearest to each other become one."""
    from scipy.sparse import csr_matrix, diags_array

    n = alike.shape[0]
    group = np.arange(n)
    sums = alike.tocsr().astype(np.float64)
    while True:
        count = sums.shape[0]
        sizes = np.bincount(group, minlength=count).astype(np.float64)
        scale = diags_array(1 / sizes)
        mean = (scale @ sums @ scale).tocsr()
        best, how = _best(mean)
        mutual = (how >= BAR) & (best[best] == np.arange(count))
        if not mutual.any():
            break
        into = np.where(mutual, np.minimum(best, np.arange(count)), np.arange(count))
        kept, fresh = np.unique(into, return_inverse=True)
        together = csr_matrix((np.ones(count), (fresh, np.arange(count))), shape=(len(kept), count))
        sums = (together @ sums @ together.T).tocsr()
        sums.setdiag(0)
        sums.eliminate_zeros()
        group = fresh[group]
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    return [part.tolist() for part in parts if len(part) > 1]


def _best(mean: Any) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The nearest other group of each group, and how near; ties go to the first, so that some pair is always mutual."""
    best = np.asarray(mean.argmax(axis=1)).ravel()
    how = np.asarray(mean.max(axis=1).todense()).ravel()
    best[how <= 0] = np.flatnonzero(how <= 0)
    return best, np.where(how > 0, how, 0.0)


# ---- names


def _cohesion(alike: Any, group: Sequence[int]) -> float:
    """The mean likeness of two members of a group."""
    inside = alike[np.array(group)][:, np.array(group)]
    return float(inside.sum()) / (len(group) * (len(group) - 1))


def _by_likeness(said: Sequence[TopicCase], alike: Any, group: Sequence[int], telling: Sequence[str]) -> list[int]:
    """The cases of a group, those first that are most like all others; the first one names the topic.

    A title with many of the telling words goes before one with few, one that can be read in a list before one that is
    too short or too long.
    """
    inside = alike[np.array(group)][:, np.array(group)]
    liked = np.asarray(inside.sum(axis=1)).ravel()
    titles = [readable(said[i].title) for i in group]
    fits = np.array([1.0 if 6 <= len(title) <= 30 else 0.7 for title in titles])
    named = np.array([1 + NAMED * sum(word in title for word in telling) for title in titles])
    return [group[i] for i in np.argsort(-liked * fits * named, kind="stable")]


def readable(title: str) -> str:
    """A title without the words with which people begin."""
    plain = title.strip()
    return (_OPENING.sub("", plain).strip("“”《》：:，, ") or plain)[:60]


def _telling(words: _Words, group: Sequence[int]) -> tuple[str, ...]:
    """The words that stand in many cases of the group and in few others."""
    inside = np.asarray((words.counts[np.array(group)] > 0).sum(axis=0)).ravel()
    total = np.bincount(words.counts.indices, minlength=words.counts.shape[1])
    telling = inside / len(group) * np.log((1 + words.counts.shape[0]) / (1 + total))
    top = np.argsort(-telling, kind="stable")[:WORDS_TOLD]
    return tuple(words.known[i] for i in top if inside[i] > 1)


def _threaded(found: Sequence[Topic], before: Sequence[Topic]) -> list[Topic]:
    """Each topic with the thread of the one of the day before it goes on from, or one of its own."""
    free = {topic.thread: topic for topic in before}
    told = []
    for topic in found:
        likeness = {thread: _continues(old, topic) for thread, old in free.items()}
        best = max(likeness, key=lambda thread: likeness[thread], default="")
        if best and likeness[best] >= SAME:
            free.pop(best)
        else:
            first = min(topic.members, key=lambda one: (one.day, one.no))
            best = hashlib.sha256(first.no.encode()).hexdigest()[:16]
        told.append(replace(topic, thread=best))
    return told


def _continues(old: Topic, new: Topic) -> float:
    """How far one topic goes on from another: by the cases they share, or by their words."""
    cases, known = {one.no for one in new.members}, {one.no for one in old.members}
    shared = len(cases & known) / min(len(cases), len(known))
    words = set(chain(old.words, new.words))
    return max(shared, len(set(old.words) & set(new.words)) / len(words) if words else 0.0)
