"""Explain a prediction by words: sum the weights of characters and pairs up to words a person can read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classify.text.features import Ids, Values

MAX_SUPPORTING: Final = 4
MAX_OPPOSING: Final = 2
_MIN_SHARE: Final = 0.04
"""A word with less than this share of the positive contributions is not shown."""

_MAX_CHARACTERS: Final = 400  # characters of the text in which words are looked for

Contributions = NDArray[np.float64]


def attribute_to_characters(ids: Ids, length: int, rows: Ids, row_contributions: Values) -> Contributions:
    """How much each character of a text contributed.

    `row_contributions` holds what each row contributed in all; each occurrence gets an equal share, and the share of a
    pair is split between its two characters.
    """
    at = np.where(ids >= 0, rows[ids], -1)
    counts = np.bincount(at[at >= 0], minlength=len(row_contributions))
    share = np.where(at >= 0, row_contributions[at] / np.maximum(counts[at], 1), 0.0)
    contribution = share[:length].astype(np.float64)
    pairs = share[length:] / 2
    contribution[: len(pairs)] += pairs
    contribution[1 : 1 + len(pairs)] += pairs
    return contribution


def attribute_to_words(parts: Iterable[tuple[str, Contributions]]) -> list[tuple[str, float]]:
    """The words with the greatest contributions for (positive) and against (negative), relative to all positive ones."""
    import rjieba  # a Rust extension with its dictionary: loaded where it is needed

    weights: dict[str, float] = {}
    for text, contribution in parts:
        sums = [0.0, *np.cumsum(contribution[:_MAX_CHARACTERS]).tolist()]
        start = 0
        for word in rjieba.cut(text[:_MAX_CHARACTERS]):
            end = start + len(word)
            if len(word) > 1 and word.isalnum() and not word.isdigit():
                weights[word] = weights.get(word, 0.0) + sums[end] - sums[start]
            start = end
    positive_sum = sum(weight for weight in weights.values() if weight > 0) or 1.0
    ranked = sorted(((word, weight / positive_sum) for word, weight in weights.items()), key=lambda x: (-x[1], x[0]))
    supporting = [pair for pair in ranked[:MAX_SUPPORTING] if pair[1] >= _MIN_SHARE]
    opposing = [pair for pair in ranked[: -MAX_OPPOSING - 1 : -1] if pair[1] <= -_MIN_SHARE]
    return supporting + opposing
