"""Detect near-duplicate texts: fingerprints to find candidates, and a measure of similarity.

A text is narrowed to its letters and figures. Its prints are winnowed passages: of each `WINDOW` neighbouring runs of
five letters the one with the least hash, so that two texts that share a passage of `SURE` letters share a print,
wherever it stands. Likeness is measured on the texts themselves: the cosine of runs of three and four letters, rare runs
counting more, and how much of the shorter one stands in the longer. No I/O but our own examples, read once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from classify.model.seed_examples import seed_examples

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.float64]

RUN: Final = 5
WINDOW: Final = 24
SURE: Final = WINDOW + RUN - 1
"""Two texts that share so many letters in a row share a print for certain; with fewer, most likely."""

PRINTS_MOST: Final = 48
LETTERS_MOST: Final = 1800
BUCKET_BITS: Final = 24

ALIKE: Final = 0.41
HELD: Final = 0.57
"""The cosine, or the share of the shorter text, from which two messages are taken for the same matter."""

HELD_LEAST: Final = 8
"""A text with fewer runs of four says too little to stand in another."""

_ODD = re.compile(r"[\W_]+")
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_STIR: Final = np.uint64(0xBF58476D1CE4E5B9)
_SLOTS: Final = 1 << 18


def plain(title: str, text: str) -> str:
    """Letters and figures only, so that neither blanks nor marks keep two texts apart."""
    return _ODD.sub("", unicodedata.normalize("NFKC", f"{title}\n{text}").casefold())[:LETTERS_MOST]


def prints(words: str, realm: int = 0) -> list[int]:
    """The buckets of a plain text's prints, at most `PRINTS_MOST`. Texts of two realms never share one but by chance."""
    hashes = _runs(_letters(words), RUN, realm)
    if not len(hashes):
        return []
    size = min(WINDOW, len(hashes))
    least = np.unique(sliding_window_view(hashes, size).min(axis=1))[:PRINTS_MOST]
    return [int(h) for h in np.unique(least & np.uint64((1 << BUCKET_BITS) - 1))]


@dataclass(frozen=True, slots=True)
class Shape:
    """A text as it is compared: its runs of three and four letters with their weights, of length one."""

    runs: Hashes
    weights: Numbers
    fours: Hashes


def shape(words: str) -> Shape:
    """The shape of a plain text."""
    letters = _letters(words)
    fours = _runs(letters, 4, 0)
    runs, counts = np.unique(np.concatenate([_runs(letters, 3, 0), fours]), return_counts=True)
    weights = (1.0 + np.log(counts)) * _rarity()[(runs >> np.uint64(20)) & np.uint64(_SLOTS - 1)]
    length = float(np.sqrt(weights @ weights))
    return Shape(runs, weights / length if length else weights, np.unique(fours))


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much two texts are alike, both 0–1."""

    cosine: float
    held: float  # the share of the shorter text's runs of four that stand in the longer one

    @property
    def is_same(self) -> bool:
        """Whether they say the same matter."""
        return self.cosine >= ALIKE or self.held >= HELD

    @property
    def score(self) -> float:
        """One figure to sort by: how far the nearer bar is passed."""
        return max(self.cosine / ALIKE * 0.5, self.held / HELD * 0.5)


def likeness(a: Shape, b: Shape) -> Likeness:
    """How much two shapes are alike."""
    at, here = _found(a.runs, b.runs)
    fewest = min(len(a.fours), len(b.fours))
    held = int(_found(a.fours, b.fours)[1].sum()) / fewest if fewest >= HELD_LEAST else 0.0
    return Likeness(float(a.weights[at[here]] @ b.weights[here]), held)


def _found(many: Hashes, asked: Hashes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each of the asked would stand in the sorted many, and whether it does."""
    if not len(many):
        return np.zeros(len(asked), dtype=np.intp), np.zeros(len(asked), dtype=np.bool_)
    at = np.minimum(np.searchsorted(many, asked), len(many) - 1)
    return at, many[at] == asked


def shared(a: str, b: str, most: int = 3, least: int = 6) -> list[str]:
    """The longest passages two plain texts share, longest first: what a person is shown as the reason."""
    found: list[str] = []
    rest = b
    for piece in sorted(_common(a, b, least), key=len, reverse=True):
        if piece in rest and not any(piece in known for known in found):
            found.append(piece)
            if len(found) == most:
                break
    return found


def _common(a: str, b: str, least: int) -> Iterable[str]:
    starts: dict[str, list[int]] = {}
    for at in range(len(b) - least + 1):
        starts.setdefault(b[at : at + least], []).append(at)
    at = 0
    while at <= len(a) - least:
        longest = 0
        for other in starts.get(a[at : at + least], ())[:8]:
            n = least
            while at + n < len(a) and other + n < len(b) and a[at + n] == b[other + n]:
                n += 1
            longest = max(longest, n)
        if longest:
            yield a[at : at + longest]
        at += max(1, longest)


def weight_of(found: int, most: int) -> float:
    """How much a print says that so many cases have: one that many have is a manner of speaking."""
    return log(1 + most / max(1, found))


def _letters(words: str) -> Hashes:
    return np.frombuffer(words.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)


def _runs(letters: Hashes, length: int, realm: int) -> Hashes:
    """A well-mixed hash of each run of so many letters."""
    count = len(letters) - length + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    found = np.full(count, length + 97 * realm, dtype=np.uint64)
    for at in range(length):
        found = (found ^ letters[at : at + count]) * _MIX
        found ^= found >> np.uint64(29)
    found *= _STIR
    return found ^ (found >> np.uint64(32))


@lru_cache(maxsize=1)
def _rarity() -> Numbers:
    """How rare each run is, learnt from our own examples: turns of speech everybody uses weigh little."""
    return rarity([plain(e.title, e.text) for e in seed_examples(()) if e.source == "example"])


def rarity(texts: Sequence[str]) -> Numbers:
    """How rare each run of three or four letters is among these plain texts."""
    found = np.zeros(_SLOTS)
    for text in texts:
        letters = _letters(text)
        runs = np.unique(np.concatenate([_runs(letters, 3, 0), _runs(letters, 4, 0)]))
        found[np.unique((runs >> np.uint64(20)) & np.uint64(_SLOTS - 1))] += 1
    return np.log((1 + len(texts)) / (1 + found)) + 1.0
