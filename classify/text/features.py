"""Turn a message into features: normalisation, and counts of single characters and pairs.

Pairs of characters stand for words: no dictionary is needed, and a misspelt or new word still shares most of its pairs
with the known one. The title is a feature block of its own, since most of its words name the topic. Releases fitted on
enough real messages use whole words as well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feedback.rules import normal_form

Ids = NDArray[np.int32]
Values = NDArray[np.float32]

TITLE_LIMIT: Final = 120
TEXT_HEAD: Final = 1500
TEXT_TAIL: Final = 300
MIN_CHINESE: Final = 4
"""A message with fewer Chinese characters is too short to be classified."""

MIN_CHINESE_SHARE: Final = 0.3
"""Below this share of Chinese among all letters the message is in an unsupported language."""

MIN_CHINESE_BESIDE_ABUSE: Final = 10
"""A message with curses needs at least this many other Chinese characters."""

MIN_MATTER_LENGTH: Final = 20
"""A part of a text with fewer characters is no matter of its own."""

_ABUSE = re.compile(
    r"王八蛋|废物|骗子|去死吧?|滚蛋|滚|傻[子瓜逼]|他妈的?|混蛋|狗官|狗东西|畜生|不要脸|气死人?|无语|呵呵|服了|什么都不干|都是?一群|一群"
)
_TOPIC_CHANGE = re.compile(
    r"另外，|另外还|还有一件事|还有一个问题|第二件事|第二个问题|再一个|再反映一|其次，|此外，|[。；\n]\s{0,8}(?:二|2|第二)[、.．，]"
)
_MAX_CHARACTERS_JUDGED: Final = 150  # the language is decided by the beginning of the text
_CHINESE = re.compile(r"[㐀-鿿\U00020000-\U0003ffff]")
_LETTER = re.compile(r"[^\W\d_]")


def tidy(text: str, head: int = TEXT_HEAD, tail: int = TEXT_TAIL) -> str:
    """The text as it is compared (`normal_form.comparison_form`), the middle of long ones left out."""
    plain = normal_form.comparison_form(text)
    return plain if len(plain) <= head + tail else f"{plain[:head]} {plain[-tail:]}"


def explain_unreadable(title: str, text: str) -> str:
    """Why a message cannot be classified ("" when it can): "empty", "short", "foreign" or "abuse"."""
    whole = normal_form.simplify(f"{title} {text[:_MAX_CHARACTERS_JUDGED]}".strip())
    if not whole:
        return "empty"
    chinese = len(_CHINESE.findall(whole))
    letters = len(_LETTER.findall(whole))
    if letters and chinese / letters < MIN_CHINESE_SHARE:
        return "foreign"
    if chinese < MIN_CHINESE:
        return "short"
    return (
        "abuse"
        if _ABUSE.search(whole) and len(_CHINESE.findall(_ABUSE.sub("", whole))) < MIN_CHINESE_BESIDE_ABUSE
        else ""
    )


def split_matters(text: str) -> tuple[str, ...]:
    """Split a text where it announces another matter; one part when it does not."""
    turn = _TOPIC_CHANGE.search(normal_form.simplify(text), MIN_MATTER_LENGTH)
    if turn is None or len(text) - turn.end() < MIN_MATTER_LENGTH:
        return (text,)
    return text[: turn.start()], text[turn.end() :]


def grams(text: str) -> list[str]:
    """The single characters, then the pairs, each in the order of the text."""
    return [*text, *map(str.__add__, text, text[1:])]


def words(text: str) -> list[str]:
    """The words of two characters and more, in the order of the text."""
    import rjieba  # a Rust extension with its dictionary: loaded where it is needed

    return [word for word in rjieba.cut(text) if len(word) > 1]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The known grams and words, each with its number."""

    number: Mapping[str, int]

    @classmethod
    def of(cls, known: Iterable[str]) -> Lexicon:
        return cls({gram: i for i, gram in enumerate(known)})

    def encode(self, text: str) -> Ids:
        """One number per gram of an already tidied text, -1 for the unknown."""
        pieces = grams(text)
        return np.fromiter(map(self.number.get, pieces, repeat(-1)), dtype=np.int32, count=len(pieces))

    def encode_words(self, text: str) -> Ids:
        """One number per word of an already tidied text, -1 for the unknown."""
        pieces = words(text)
        return np.fromiter(map(self.number.get, pieces, repeat(-1)), dtype=np.int32, count=len(pieces))


def compute_tfidf(ids: Ids, idf: Values) -> tuple[Ids, Values]:
    """Numbers with repeats -> distinct numbers and their values: (1 + ln count) x idf, of length one."""
    distinct, counts = np.unique(ids[ids >= 0], return_counts=True)
    values = (1.0 + np.log(counts)) * idf[distinct]
    length = float(np.sqrt(values @ values))
    if length:
        values /= length
    return distinct.astype(np.int32), values.astype(np.float32)


def build_vocabulary(
    texts: Sequence[str], *, least: int, most: int, cut: Callable[[str], list[str]] = grams
) -> list[str]:
    """The grams found in at least `least` texts, the `most` most frequent of them, in a stable order."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(cut(text)))
    frequent = [(-n, gram) for gram, n in counts.items() if n >= least]
    return [gram for _, gram in sorted(frequent)[:most]]


def compute_idf(lexicon: Lexicon, texts: Sequence[str], cut: Callable[[str], list[str]] = grams) -> Values:
    """The inverse document frequency of each gram of a lexicon among the texts, as scikit-learn's TfidfVectorizer has it."""
    counts = np.zeros(len(lexicon.number))
    for message in texts:
        ids = [lexicon.number[gram] for gram in set(cut(message)) if gram in lexicon.number]
        counts[ids] += 1
    return np.asarray(np.log((1 + len(texts)) / (1 + counts)) + 1, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class PlainTfidf:
    """TF-IDF of grams without scikit-learn, for models a web process fits itself: that import takes 1.5 s."""

    lexicon: Lexicon
    idf: Values

    @classmethod
    def fit(cls, texts: Sequence[str], *, least: int, most: int) -> PlainTfidf:
        """Of the grams in at least `least` of the tidied texts, the `most` most frequent."""
        lexicon = Lexicon.of(build_vocabulary(texts, least=least, most=most))
        return cls(lexicon, compute_idf(lexicon, texts))

    def vector(self, text: str) -> tuple[Ids, Values]:
        """The features of a tidied text and their values, of length one."""
        return compute_tfidf(self.lexicon.encode(text), self.idf)
