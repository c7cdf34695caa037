"""Explain an answer by words: from weights of characters and pairs back to words a person can read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classify.text.features import Ids, Values

FOR: Final = 4
AGAINST: Final = 2
_SAYS_NOTHING: Final = 0.04
"""A word with less than this share of all that spoke for the category is not worth showing."""

_READ: Final = 400  # characters of the text in which words are looked for

Contributions = NDArray[np.float64]


def by_character(ids: Ids, length: int, rows: Ids, spoken: Values) -> Contributions:
    """How much each character of a text contributed.

    `spoken` holds what every row contributed in all; each occurrence gets its share, a pair halves it between its
    two characters.
    """
    at = np.where(ids >= 0, rows[ids], -1)
    counts = np.bincount(at[at >= 0], minlength=len(spoken))
    share = np.where(at >= 0, spoken[at] / np.maximum(counts[at], 1), 0.0)
    contribution = share[:length].astype(np.float64)
    pairs = share[length:] / 2
    contribution[: len(pairs)] += pairs
    contribution[1 : 1 + len(pairs)] += pairs
    return contribution


def by_word(parts: Iterable[tuple[str, Contributions]]) -> list[tuple[str, float]]:
    """The words that spoke loudest for (positive) and against (negative), as shares of all that spoke for."""
    import rjieba  # a Rust extension with its dictionary: loaded where it is needed

    found: dict[str, float] = {}
    for told, contribution in parts:
        upto = [0.0, *np.cumsum(contribution[:_READ]).tolist()]
        start = 0
        for word in rjieba.cut(told[:_READ]):
            end = start + len(word)
            if len(word) > 1 and word.isalnum() and not word.isdigit():
                found[word] = found.get(word, 0.0) + upto[end] - upto[start]
            start = end
    whole = sum(weight for weight in found.values() if weight > 0) or 1.0
    ranked = sorted(((word, weight / whole) for word, weight in found.items()), key=lambda x: (-x[1], x[0]))
    louder = [pair for pair in ranked[:FOR] if pair[1] >= _SAYS_NOTHING]
    against = [pair for pair in ranked[: -AGAINST - 1 : -1] if pair[1] <= -_SAYS_NOTHING]
    return louder + against
