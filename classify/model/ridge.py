"""How are the weights of a head found? Ridge regression on +-1 targets: fast, and the same numbers every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify.text import features
from classify.text.features import Ids, Lexicon, Values

Row = tuple[Ids, Values]
"""A text as columns and values."""

_PRIOR: Final = 3.0  # imagined sightings of every gram, so that rare ones are not over-read


def encoded(lexicon: Lexicon, title: str, body: str) -> tuple[Ids, Ids]:
    """Title and text of a message as grams."""
    return lexicon.encode(features.tidy(title, features.TITLE_LIMIT, 0)), lexicon.encode(features.tidy(body))


def rarity(lexicon: Lexicon, texts: Sequence[str], cut: Callable[[str], list[str]] = features.grams) -> Values:
    """How rare each gram of a lexicon is among the texts."""
    counts = np.zeros(len(lexicon.number))
    for told in texts:
        ids = [lexicon.number[gram] for gram in set(cut(told)) if gram in lexicon.number]
        counts[ids] += 1
    return np.asarray(np.log((1 + len(texts)) / (1 + counts)) + 1, dtype=np.float32)


def ridge(
    rows: Sequence[Row],
    width: int,
    targets: NDArray[np.intp],
    classes: int,
    weights: NDArray[np.float64],
    *,
    strength: float,
    emphasis: float = 0.0,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Ridge regression of sparse rows on +-1 targets -> weights (rounded as they are stored) and intercepts.

    With `emphasis`, each category sees the grams scaled by how much oftener or rarer they are in it than elsewhere.
    """
    from scipy.sparse import csr_matrix, diags_array  # with scikit-learn 1.5 s to import, and needed here only
    from sklearn.linear_model import Ridge

    ends = np.cumsum([0, *(len(ids) for ids, _ in rows)])
    matrix = csr_matrix(
        (np.concatenate([v for _, v in rows]), np.concatenate([i for i, _ in rows]), ends), shape=(len(rows), width)
    )
    wanted = np.full((len(rows), classes), -1.0, dtype=np.float32)
    wanted[np.arange(len(rows)), targets] = 1.0
    if not emphasis:
        fitted = Ridge(alpha=strength, solver="sparse_cg").fit(matrix, wanted, sample_weight=weights)
        return _stored_as(fitted.coef_.T), fitted.intercept_.astype(np.float32)
    seen = csr_matrix((np.ones_like(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)
    found, bias = np.zeros((width, classes)), np.full(classes, -1.0)
    for k in np.unique(targets):
        inside = targets == k
        scale = 1 - emphasis + emphasis * unevenness(seen.T @ (weights * inside), seen.T @ (weights * ~inside))
        fitted = Ridge(alpha=strength, solver="sparse_cg").fit(
            matrix @ diags_array(scale), wanted[:, k], sample_weight=weights
        )
        found[:, k], bias[k] = fitted.coef_ * scale, fitted.intercept_
    return _stored_as(found), bias.astype(np.float32)


def unevenness(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a gram's share inside a category is from its share outside, as a log ratio of mean 1 over all grams."""
    within, without = inside + _PRIOR, outside + _PRIOR
    ratio = np.abs(np.log(within / within.sum()) - np.log(without / without.sum()))
    return np.asarray(ratio / (ratio.mean() or 1.0))


def _stored_as(weights: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(weights.astype(np.float16).astype(np.float32))
