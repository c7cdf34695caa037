"""Detect near-duplicate texts: fingerprints to find candidates, and a measure of similarity.

A text is normalized to its letters and digits. Its fingerprints are chosen by winnowing: of each `WINDOW` neighbouring
runs of five letters the one with the smallest hash, so two texts that share a passage of `GUARANTEED_LENGTH` letters
share a fingerprint, wherever the passage stands. Similarity is measured on the texts themselves: the cosine of runs of
three and four letters, weighted by rarity, and containment, the share of the shorter text that stands in the longer.
No I/O but our own examples, read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from classify.model.seed_examples import seed_examples
from feedback.rules import normal_form

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.float64]

RUN_LENGTH: Final = 5
WINDOW: Final = 24
GUARANTEED_LENGTH: Final = WINDOW + RUN_LENGTH - 1
"""Two texts that share this many letters in a row certainly share a fingerprint; with fewer, most likely."""

MAX_FINGERPRINTS: Final = 48
MAX_LETTERS: Final = 1800
BUCKET_BITS: Final = 24

MIN_COSINE: Final = 0.41
MIN_CONTAINMENT: Final = 0.57
"""The cosine or the containment from which two messages are taken for the same matter."""

MIN_RUNS_FOR_CONTAINMENT: Final = 8
"""The containment of a text with fewer runs of four is not measured."""

_NOT_LETTERS = re.compile(r"[\W_]+")
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_FINAL_MULTIPLIER: Final = np.uint64(0xBF58476D1CE4E5B9)
_RARITY_SLOTS: Final = 1 << 18


def normalize(title: str, text: str) -> str:
    """Title and text reduced to letters and digits, so that spaces, punctuation and script make no difference."""
    return _NOT_LETTERS.sub("", normal_form.comparison_form(f"{title}\n{text}"))[:MAX_LETTERS]


def fingerprint(words: str, realm: int = 0) -> list[int]:
    """The buckets of a normalized text's fingerprints, at most `MAX_FINGERPRINTS`. Two realms share one only by chance."""
    hashes = _hash_runs(_code_points(words), RUN_LENGTH, realm)
    if not len(hashes):
        return []
    size = min(WINDOW, len(hashes))
    least = np.unique(sliding_window_view(hashes, size).min(axis=1))[:MAX_FINGERPRINTS]
    return [int(h) for h in np.unique(least & np.uint64((1 << BUCKET_BITS) - 1))]


@dataclass(frozen=True, slots=True)
class RunVector:
    """A text as it is compared: its runs of three and four letters with their weights, a vector of length one."""

    runs: Hashes
    weights: Numbers
    fours: Hashes


def vectorize(words: str) -> RunVector:
    """The vector of a normalized text."""
    letters = _code_points(words)
    fours = _hash_runs(letters, 4, 0)
    runs, counts = np.unique(np.concatenate([_hash_runs(letters, 3, 0), fours]), return_counts=True)
    weights = (1.0 + np.log(counts)) * _seed_rarity()[(runs >> np.uint64(20)) & np.uint64(_RARITY_SLOTS - 1)]
    length = float(np.sqrt(weights @ weights))
    return RunVector(runs, weights / length if length else weights, np.unique(fours))


@dataclass(frozen=True, slots=True)
class Similarity:
    """How similar two texts are; both values are 0–1."""

    cosine: float
    containment: float  # the share of the shorter text's runs of four that stand in the longer one

    @property
    def is_same(self) -> bool:
        """Whether they are about the same matter."""
        return self.cosine >= MIN_COSINE or self.containment >= MIN_CONTAINMENT

    @property
    def score(self) -> float:
        """One number to sort by: the greater of the two measures relative to its threshold."""
        return max(self.cosine / MIN_COSINE * 0.5, self.containment / MIN_CONTAINMENT * 0.5)


def measure_similarity(a: RunVector, b: RunVector) -> Similarity:
    """How similar two texts are, by their vectors."""
    at, is_shared = _locate(a.runs, b.runs)
    fewest = min(len(a.fours), len(b.fours))
    containment = int(_locate(a.fours, b.fours)[1].sum()) / fewest if fewest >= MIN_RUNS_FOR_CONTAINMENT else 0.0
    return Similarity(float(a.weights[at[is_shared]] @ b.weights[is_shared]), containment)


def _locate(sorted_hashes: Hashes, queries: Hashes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The position of each query in the sorted hashes, and whether it is among them."""
    if not len(sorted_hashes):
        return np.zeros(len(queries), dtype=np.intp), np.zeros(len(queries), dtype=np.bool_)
    at = np.minimum(np.searchsorted(sorted_hashes, queries), len(sorted_hashes) - 1)
    return at, sorted_hashes[at] == queries


def find_shared_passages(a: str, b: str, most: int = 3, least: int = 6) -> list[str]:
    """The longest passages two normalized texts share, longest first: shown to people as the reason."""
    passages: list[str] = []
    rest = b
    for piece in sorted(_common_passages(a, b, least), key=len, reverse=True):
        if piece in rest and not any(piece in known for known in passages):
            passages.append(piece)
            if len(passages) == most:
                break
    return passages


def _common_passages(a: str, b: str, least: int) -> Iterable[str]:
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


def weigh_bucket(cases: int, most: int) -> float:
    """The weight of a fingerprint bucket that contains so many cases: the fewer cases, the greater."""
    return log(1 + most / max(1, cases))


def _code_points(words: str) -> Hashes:
    return np.frombuffer(words.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)


def _hash_runs(letters: Hashes, length: int, realm: int) -> Hashes:
    """A hash of each run of `length` letters."""
    count = len(letters) - length + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    hashes = np.full(count, length + 97 * realm, dtype=np.uint64)
    for at in range(length):
        hashes = (hashes ^ letters[at : at + count]) * _MULTIPLIER
        hashes ^= hashes >> np.uint64(29)
    hashes *= _FINAL_MULTIPLIER
    return hashes ^ (hashes >> np.uint64(32))


@lru_cache(maxsize=1)
def _seed_rarity() -> Numbers:
    """The rarity of each run among our own examples, so that common phrases have little weight."""
    return compute_rarity([normalize(e.title, e.text) for e in seed_examples(()) if e.source == "example"])


def compute_rarity(texts: Sequence[str]) -> Numbers:
    """The rarity (inverse document frequency) of each run of three or four letters among these normalized texts."""
    counts = np.zeros(_RARITY_SLOTS)
    for text in texts:
        letters = _code_points(text)
        runs = np.unique(np.concatenate([_hash_runs(letters, 3, 0), _hash_runs(letters, 4, 0)]))
        counts[np.unique((runs >> np.uint64(20)) & np.uint64(_RARITY_SLOTS - 1))] += 1
    return np.log((1 + len(texts)) / (1 + counts)) + 1.0
