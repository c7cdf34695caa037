"""What else a query may mean: what people call the same thing, characters that sound alike, and parts of the words.

A query becomes clues. Each names words of which any will do, and how much it counts; rows are ranked by the clues they
hold, rare ones counting more (the inverse document frequency of BM25; how often a word stands in a text says little in
texts as short as these). Pure: the tables are read from the TOML files beside this module when first asked for.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, product
from operator import itemgetter
from pathlib import Path

from feedback.rules.search_terms import Phrase, find_runs, is_chinese, normalize, query_phrases

CLUES_MOST = 40  # of one query
LISTED_MOST = 30  # words of a clue that lists words; one with more is made of all characters of a sound
LISTED_WORDS_MOST = 80  # of all clues of a query that list words, beside those that were typed
WORDS_MOST = 700  # of all clues of a query, likewise
TEXT_MOST = 2000  # characters of a text that are ranked
COVERAGE_LEAST = 0.2  # of what a query weighs, for a row to be called near
_QUERY_MOST = 60  # characters of a query that are taken apart
_WORD_WEIGHT, _SOUND_WEIGHT, _PAIR_WEIGHT, _TITLE_BONUS = 2.0, 1.2, 0.6, 0.4
_SYLLABLE_MOST = 6
_SOUNDS_MOST = 3  # pairs of a query nobody uses that are tried by their sound
_COMBINATIONS_MOST = 600
_BLURRED = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"))
"""Sounds that many speakers and keyboards do not tell apart."""


@dataclass(frozen=True, slots=True)
class Clue:
    """Words in comparison form of which a text should hold any."""

    words: tuple[str, ...]
    weight: float
    pairs: frozenset[str] = field(init=False, repr=False, compare=False)
    """Its words of two characters."""
    others: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", frozenset(word for word in self.words if len(word) == 2))
        object.__setattr__(self, "others", tuple(word for word in self.words if len(word) != 2))

    @property
    def is_listed(self) -> bool:
        """Whether somebody thought of its words, so that they may be shown; else it is all characters of a sound."""
        return len(self.words) <= LISTED_MOST

    @property
    def phrases(self) -> list[Phrase]:
        return [phrase for word in self.words for phrase in query_phrases(word)]


def find_clues(query: str) -> list[Clue]:
    """The clues of a query, those of whole words first."""
    text = " ".join(normalize(query)[:_QUERY_MOST].split())
    clues: dict[tuple[str, ...], float] = {}
    covered = set[int]()
    for start, word in _find_known_words(text):
        group = _groups()[word]
        has_room = group in clues or sum(map(len, clues)) + len(group) <= LISTED_WORDS_MOST
        clues.setdefault(group if has_room else (word,), _WORD_WEIGHT)
        covered.update(range(start, start + len(word)))
    for group in _find_by_sound(text, covered):
        clues.setdefault(group, _SOUND_WEIGHT)
    covered |= _find_ignored(text, covered)
    for position, run in find_runs(text):
        if not is_chinese(run):
            clues.setdefault((run,), _PAIR_WEIGHT)
            continue
        for at in range(len(run) - 1):
            # A pair inside known words, or between them, says nothing that the words do not say.
            if not {position + at, position + at + 1} <= covered:
                clues.setdefault((run[at : at + 2],), _PAIR_WEIGHT)
    return _take_bounded([Clue(words, weight) for words, weight in clues.items()][:CLUES_MOST])


def find_sound_clues(clues: Sequence[Clue], counts: Sequence[int]) -> list[Clue]:
    """For pairs that no row holds: pairs that differ from them by one character and sound the same."""
    unused = [clue.words[0] for clue, count in zip(clues, counts, strict=True) if not count and len(clue.words) == 1]
    alike = [tuple(sorted(_list_alike(word))) for word in unused[:_SOUNDS_MOST]]
    return _take_bounded([Clue(words, _SOUND_WEIGHT) for words in alike if words], clues)


def _take_bounded(clues: Sequence[Clue], before: Sequence[Clue] = ()) -> list[Clue]:
    """Those that, with the ones before, stay within the words of one query. What was typed itself is always taken."""
    listed = sum(len(clue.words) for clue in before if clue.is_listed)
    total = sum(len(clue.words) for clue in before)
    taken: list[Clue] = []
    for clue in clues:
        size = len(clue.words)
        if size > 1 and (total + size > WORDS_MOST or (clue.is_listed and listed + size > LISTED_WORDS_MOST)):
            continue
        total, listed = total + size, listed + size * clue.is_listed
        taken.append(clue)
    return taken


def weigh(clues: Sequence[Clue], counts: Sequence[int], rows: int) -> list[float]:
    """What each clue counts among so many rows, of which so many hold it."""
    return [
        clue.weight * math.log(1 + (rows - count + 0.5) / (count + 0.5))
        for clue, count in zip(clues, (min(count, rows) for count in counts), strict=True)
    ]


def score(clues: Sequence[Clue], weights: Sequence[float], title: str, text: str) -> float:
    """How near the beginning of a text is to a query, 0 for not near enough. Its title counts more."""
    head, body = _Ranked(title), _Ranked(text)
    total, clue_count, is_word = 0.0, 0, False
    for clue, weight in zip(clues, weights, strict=True):
        in_title = head.holds_any(clue)
        if in_title or body.holds_any(clue):
            total += weight * (1 + _TITLE_BONUS * in_title)
            clue_count += 1
            is_word = is_word or clue.weight > _PAIR_WEIGHT
    if clue_count < min(2, len(clues)) and not is_word:
        return 0.0  # one pair of many may be chance
    return total if total >= COVERAGE_LEAST * sum(weights) else 0.0


class _Ranked:
    """The beginning of a text that is ranked, in comparison form."""

    def __init__(self, text: str) -> None:
        # Cut twice: what is compared costs by its length, and the comparison form may be longer than the text.
        self._text = normalize(text[:TEXT_MOST])[:TEXT_MOST]
        self._pairs: set[str] | None = None

    def holds_any(self, clue: Clue) -> bool:
        """Whether any word of the clue stands in it."""
        if clue.is_listed:
            return any(word in self._text for word in clue.words)
        if self._pairs is None:  # made once a text: hundreds of pairs then cost as much as a few
            self._pairs = set(map(str.__add__, self._text, self._text[1:]))
        return not clue.pairs.isdisjoint(self._pairs) or any(word in self._text for word in clue.others)


# ---- words of the same meaning ----


def _find_known_words(text: str) -> Iterable[tuple[int, str]]:
    """Words of the table in a text, the longest at each place."""
    at = 0
    while at < len(text):
        words = (text[at : at + length] for length in range(min(_longest(), len(text) - at), 0, -1))
        word = next((word for word in words if word in _groups()), "")
        if word:
            yield at, word
        at += len(word) or 1


def _find_ignored(text: str, covered: set[int]) -> set[int]:
    """The places of pairs that say nothing of the matter, outside of known words."""
    places = set[int]()
    for at in range(len(text) - 1):
        pair = {at, at + 1}
        if text[at : at + 2] in _ignored() and not pair & covered and at not in places:
            places |= pair
    return places


@cache
def _table() -> Mapping[str, object]:
    return tomllib.loads(Path(__file__).with_name("synonyms.toml").read_text("utf-8"))


def load_groups() -> list[tuple[str, ...]]:
    """The words that people use for the same thing, a row for each thing, in comparison form."""
    rows = _table()["groups"]
    assert isinstance(rows, list)  # noqa: S101 - our own file
    return [tuple(map(normalize, row)) for row in rows]


@cache
def _groups() -> Mapping[str, tuple[str, ...]]:
    return {word: group for group in load_groups() for word in group}


@cache
def _longest() -> int:
    return max(map(len, _groups()))


@cache
def _ignored() -> frozenset[str]:
    return frozenset(str(_table()["ignored"]).split())


# ---- characters of the same sound ----


def _find_by_sound(text: str, covered: set[int]) -> list[tuple[str, ...]]:
    """Rows of the table, a word of which is written here in Latin letters or with a character that sounds the same."""
    groups: dict[tuple[str, ...], None] = {}
    spelt_pairs: list[tuple[bool, tuple[str, ...]]] = []
    for position, run in find_runs(text):
        if is_chinese(run):
            free = [at for at in range(len(run) - 1) if not {position + at, position + at + 1} & covered]
            groups |= dict.fromkeys(group for at in free for group in _list_misspelt(run, at))
        else:
            sounds = _split_syllables(run)
            spelt = _list_spelt(sounds)
            groups |= dict.fromkeys(spelt)
            spelt_pairs += [(bool(spelt), sounds)] if len(sounds) == 2 else []
    if spelt_pairs:  # hundreds of words: of one pair in a query only, rather one that the table does not know
        groups[_combine(min(spelt_pairs, key=itemgetter(0))[1])] = None
    return list(groups)


def _list_spelt(sounds: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Rows of the table, a word of which the syllables, or some of them, stand for."""
    spans = [sounds[at : at + size] for size in range(len(sounds), 1, -1) for at in range(len(sounds) - size + 1)]
    return [_groups()[word] for span in spans for word in _words_by_sound().get(span, ())]


def _combine(sounds: tuple[str, ...]) -> tuple[str, ...]:
    """All pairs of characters that two syllables may stand for, when they are not too many."""
    pairs = ("".join(pair) for pair in product(*(_characters()[sound] for sound in sounds)))
    return tuple(islice(pairs, _COMBINATIONS_MOST))


def _list_misspelt(run: str, at: int) -> list[tuple[str, ...]]:
    """Rows of the words that begin here and have one character that sounds the same."""
    windows = [run[at : at + size] for size in (4, 3, 2) if at + size <= len(run)]
    words = [
        word
        for window in windows
        for key in _sounds_of(window)
        for word in _words_by_sound().get(key, ())
        if _differ(word, window)
    ]
    return [_groups()[word] for word in words]


def _differ(word: str, written: str) -> bool:
    """Whether exactly one character is another one: two wrong ones in two are another word."""
    return len(word) == len(written) and sum(a != b for a, b in zip(word, written, strict=True)) == 1


def _list_alike(pair: str) -> set[str]:
    if len(pair) != 2 or not is_chinese(pair):
        return set()
    first, second = pair[0], pair[1]
    alike = {other + second for other in _of_sound(first)} | {first + other for other in _of_sound(second)}
    return alike - {pair}


def _of_sound(char: str) -> set[str]:
    return {other for sound in _readings().get(char, ()) for other in _characters()[sound]}


@cache
def _characters() -> Mapping[str, str]:
    """The characters of each blurred syllable."""
    rows: dict[str, str] = {}
    for syllable, characters in tomllib.loads(Path(__file__).with_name("pinyin.toml").read_text("utf-8")).items():
        rows[_blur(syllable)] = rows.get(_blur(syllable), "") + characters
    return rows


@cache
def _readings() -> Mapping[str, tuple[str, ...]]:
    readings: dict[str, tuple[str, ...]] = {}
    for sound, characters in _characters().items():
        for char in characters:
            readings[char] = (*readings.get(char, ()), sound)
    return readings


@cache
def _words_by_sound() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    words: dict[tuple[str, ...], tuple[str, ...]] = {}
    for word in _groups():
        for key in _sounds_of(word):
            words[key] = (*words.get(key, ()), word)
    return words


def _sounds_of(word: str) -> list[tuple[str, ...]]:
    if len(word) < 2 or len(word) > _SYLLABLE_MOST:
        return []
    return list(product(*(_readings().get(char, ()) for char in word)))


def _blur(syllable: str) -> str:
    for exact, blurred in _BLURRED:
        syllable = syllable.replace(exact, blurred)
    return syllable


def _split_syllables(letters: str) -> tuple[str, ...]:
    """A word of two to six syllables in Latin letters, the longest ones taken first; else nothing."""
    sounds: list[str] = []
    rest = letters if letters.isascii() else ""
    while rest and len(sounds) <= _SYLLABLE_MOST:
        size = next((n for n in range(min(6, len(rest)), 0, -1) if _blur(rest[:n]) in _characters()), 0)
        if not size:
            return ()
        sounds.append(_blur(rest[:size]))
        rest = rest[size:]
    return tuple(sounds) if 2 <= len(sounds) <= _SYLLABLE_MOST and not rest else ()
