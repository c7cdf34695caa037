"""What do this district's own outcomes add to a release? A correction, learnt anew from all of them every few cases.

A release fitted elsewhere knows what messages are about; which unit answers here it cannot know. The correction is a
multinomial logistic regression that starts from what the release says (each head of it with a scale of its own) and
adds what the words of this district's messages say; a ridge pulls it towards adding nothing, so that a handful of
outcomes moves little. Choices are whatever the outcomes name: headings, or units, where the release has no opinion.

Fitted in the space of the messages (a kernel), so a refit costs a second for a thousand outcomes. Constants were chosen
on two streams away from home; between a tenth and three times the ridge nothing changes by more than a point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify import taxonomy
from classify.model.linear_heads import CHANCE_FLOOR, VIEWS, Local
from classify.model.release import Model
from classify.model.seed_examples import Example
from classify.model.trained_head import Frame

FEWEST: Final = 10
"""With fewer outcomes nothing is added."""

_RIDGE: Final = 0.3
_RIDGE_BIAS: Final = 1.0
_RIDGE_SCALE: Final = 5.0
_SCALE: Final = 0.7  # a release is less right away from home than it thinks
_STEPS: Final = 60

Array = NDArray[np.float64]


def fitted(
    messages: Sequence[tuple[str, str]],
    opinions: Sequence[Sequence[Array]],
    targets: Sequence[int],
    choices: int,
    weights: Sequence[float] | None = None,
) -> Local | None:
    """The correction that follows from messages, what the release thought of each, and what became of them."""
    if len(messages) < FEWEST:
        return None
    from scipy.sparse import csr_matrix  # 0.3 s to import, and needed here only

    frame = Frame.of(messages, (), VIEWS[:2])
    rows = [frame.row(title, body) for title, body in messages]
    ends = np.cumsum([0, *(len(ids) for ids, _ in rows)])
    width = sum(len(block.idf) for block in frame.blocks)
    data, columns = np.concatenate([v for _, v in rows]), np.concatenate([i for i, _ in rows])
    matrix = csr_matrix((data, columns, ends), shape=(len(rows), width), dtype=np.float64)
    known = np.log(np.array(opinions, dtype=np.float64) + CHANCE_FLOOR)  # message x opinion x choice
    duals, bias, scales = _solved(
        (matrix @ matrix.T).toarray(),
        known,
        np.array(targets),
        np.ones(len(rows)) if weights is None else np.array(weights),
    )
    found = np.asarray(matrix.T @ duals).astype(np.float16).astype(np.float32)  # as it is stored
    cut = len(frame.blocks[0].idf)
    title, body = frame.blocks
    blocks = (replace(title, weights=found[:cut]), replace(body, weights=found[cut:]))
    return Local(frame.lexicon, blocks, bias, scales)


def corrected(model: Model, real: Sequence[Example], opinions: Sequence[Sequence[Array]]) -> Model:
    """The model with what people said of messages here added, heading by heading.

    `opinions`: what the heads of the release think of each message, had they not learnt from it.
    """
    targets = [taxonomy.LEVEL1.index(e.category[:2]) for e in real]
    messages, weights = [(e.title, e.text) for e in real], [e.weight for e in real]
    learnt = fitted(messages, opinions, targets, len(taxonomy.LEVEL1), weights)
    return model if learnt is None else replace(model, settings=replace(model.settings, kind="trained"), local=learnt)


def _solved(kernel: Array, known: Array, targets: NDArray[Any], weights: Array) -> tuple[Array, Array, Array]:
    """The most likely duals, biases and scales under their ridges."""
    from scipy.optimize import minimize

    n, opinions, choices = known.shape
    goal = np.zeros((n, choices))
    goal[np.arange(n), targets] = 1.0
    usual = np.zeros(opinions)
    usual[:1] = _SCALE

    def surprise(packed: Array) -> tuple[float, Array]:
        duals, bias = packed[: n * choices].reshape(n, choices), packed[n * choices : n * choices + choices]
        scales = packed[n * choices + choices :]
        spoken = kernel @ duals
        scores = np.einsum("nmk,m->nk", known, scales) + bias + spoken
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        lost = -(weights * np.log(shares[np.arange(n), targets] + 1e-12)).sum()
        ridge = (
            _RIDGE * (duals * spoken).sum() + _RIDGE_BIAS * bias @ bias + _RIDGE_SCALE * ((scales - usual) ** 2).sum()
        )
        gap = weights[:, None] * (shares - goal)
        slopes = [
            (kernel @ (gap + _RIDGE * duals)).ravel(),
            gap.sum(axis=0) + _RIDGE_BIAS * bias,
            np.einsum("nmk,nk->m", known, gap) + _RIDGE_SCALE * (scales - usual),
        ]
        return float(lost + ridge / 2), np.concatenate(slopes)

    start = np.concatenate((np.zeros(n * choices + choices), usual))
    found = minimize(surprise, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x
    duals = found[: n * choices].reshape(n, choices)
    return duals, found[n * choices : n * choices + choices], found[n * choices + choices :]
