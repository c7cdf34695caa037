"""Adapt a release to a district: self-training on unlabelled messages, and correction by its own outcomes.

Self-training: the knowledge head labels the messages it is sure of, and scikit-learn's SelfTrainingClassifier learns
from those and labels the rest. Correction: a release fitted elsewhere knows what messages are about; how they are
filed here it cannot know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.semi_supervised import SelfTrainingClassifier

from classify import taxonomy
from classify.model import pipeline
from classify.model.linear_heads import (
    PROBABILITY_FLOOR,
    VIEWS,
    Doubles,
    FeatureBlock,
    LocalCorrection,
    TrainedHead,
    tempered,
)
from classify.model.release import Model
from classify.model.seed_examples import Example
from classify.text import copies
from classify.text.features import Lexicon

_ADAPTED_VIEWS: Final = VIEWS[:2]  # the others only help where people gave the labels
_ADAPTED_THRESHOLD: Final = 0.75
_SEED_CONFIDENCE: Final = 0.8  # answers of the knowledge head from here on are the labels to begin with
_MIN_CONFIDENCE: Final = 0.5  # an answer below this teaches nothing
_ROUNDS: Final = 2
_TEMPERATURE: Final = 0.25
_PRIOR_WEIGHT: Final = 0.3
_LABEL_NOISE: Final = 0.05
_MIN_CORRECT: Final = 0.95
_MIN_CORRECT_IN_CLASS: Final = 0.8
"""Of the messages of our own, so many must still go right after adapting, in all and under each level-1 category."""

MIN_OUTCOMES: Final = 10
"""With fewer outcomes nothing is corrected."""

_RIDGE: Final = 0.3  # between a tenth and three times this nothing changes by more than a point
_RIDGE_BIAS: Final = 1.0
_RIDGE_SCALE: Final = 5.0
_SCALE: Final = 0.7  # a release is less right away from home than it thinks
_MAX_ITERATIONS: Final = 60


def merged(model: Model, lexicon: Lexicon, head: TrainedHead) -> Model:
    """The model with a trained head that was fitted on a lexicon of its own."""
    both = Lexicon.of(dict.fromkeys([*model.lexicon.number, *lexicon.number]))
    blocks = tuple(_moved(block, lexicon, both) for block in head.blocks)
    return replace(
        model,
        lexicon=both,
        knowledge=_moved(model.knowledge, model.lexicon, both),
        trained_head=replace(head, blocks=blocks),
    )


def with_knowledge_of(model: Model, other: Model) -> Model:
    """The model with the knowledge head of another one in the place of its own."""
    if model.trained_head is None:
        return replace(model, lexicon=other.lexicon, knowledge=other.knowledge, bias=other.bias)
    base = replace(model, lexicon=other.lexicon, knowledge=other.knowledge, bias=other.bias, trained_head=None)
    return merged(base, model.lexicon, model.trained_head)


def _moved(block: FeatureBlock, old: Lexicon, new: Lexicon) -> FeatureBlock:
    """The block with its features found through another lexicon, which holds all of the old one."""
    rows = np.full(len(new.number), -1, dtype=np.int32)
    rows[[new.number[gram] for gram in old.number]] = block.rows
    return replace(block, rows=rows)


def adapted(model: Model, own: Sequence[Example], unlabelled: Sequence[tuple[str, str]]) -> Model:
    """The model with a head that learnt from the model's own surest answers; the model itself where that spoils it.

    Such answers are wrong together where knowledge is, or where one campaign fills the post. So of the copies of a
    text no more than a few are read, and the messages of our own, whose category is beyond doubt, must still go right.
    """
    unlabelled = _without_copies(unlabelled)
    level1 = np.array([model.top_level(title, body) for title, body in unlabelled]).reshape(-1, len(taxonomy.LEVEL1))
    guesses, confidence = level1.argmax(axis=1), level1.max(axis=1)
    classes = pipeline.frequent_classes(guesses, np.where(confidence >= _MIN_CONFIDENCE, confidence**2, 0.0))
    if len(classes) < 2:
        return model
    own = [e for e in own if e.source != "word"]
    messages = [pipeline.tidied(title, body) for title, body in unlabelled]
    features = pipeline.fit_features([*messages, *(pipeline.tidied(e.title, e.text) for e in own)], _ADAPTED_VIEWS)
    beside = [e for e, known in zip(own, np.isin(pipeline.level1_of(own), classes), strict=True) if known]
    matrix = features.transform([*messages, *(pipeline.tidied(e.title, e.text) for e in beside)]).tocsr()
    y = np.where((confidence >= _SEED_CONFIDENCE) & np.isin(guesses, classes), guesses, -1)
    ridge = _self_trained(matrix, np.concatenate((y, pipeline.level1_of(beside))))
    lexicon, blocks = pipeline.export_blocks(features, pipeline.as_stored(ridge.coef_))
    combination = tempered(len(classes), _TEMPERATURE, _PRIOR_WEIGHT)
    head = TrainedHead(
        _ADAPTED_VIEWS, blocks, ridge.intercept_, tuple(classes.tolist()), False, combination, _LABEL_NOISE
    )
    settings = replace(model.settings, kind="adapted", threshold=_ADAPTED_THRESHOLD)
    candidate = replace(merged(model, lexicon, head), settings=settings)
    return candidate if _is_sound(candidate, own) else model


def _self_trained(matrix: Any, y: NDArray[np.intp]) -> pipeline.EmphasizedRidge:
    ridge = pipeline.EmphasizedRidge(temperature=_TEMPERATURE)
    if (y >= 0).all():
        return ridge.fit(matrix, y)
    training = SelfTrainingClassifier(ridge, threshold=_MIN_CONFIDENCE, max_iter=_ROUNDS).fit(matrix, y)
    fitted: pipeline.EmphasizedRidge = training.estimator_
    return fitted


def _without_copies(messages: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The messages, of near-identical ones no more than a few."""
    groups = copies.copies(f"{title} {body}" for title, body in messages)
    counts: Counter[int] = Counter()
    kept = []
    for message, group in zip(messages, groups, strict=True):
        counts[group] += 1
        if counts[group] <= copies.CAMPAIGN_MOST:
            kept.append(message)
    return kept


def _is_sound(model: Model, own: Sequence[Example]) -> bool:
    """Whether the messages of our own still come under their level-1 categories: nearly all, and most of each."""
    correct: dict[str, list[bool]] = {}
    for e in own:
        if e.source == "example":
            code = taxonomy.LEVEL1[int(model.top_level(e.title, e.text).argmax())]
            correct.setdefault(e.category[:2], []).append(code == e.category[:2])
    shares = [float(np.mean(hits)) for hits in correct.values()]
    everything = [hit for hits in correct.values() for hit in hits]
    return float(np.mean(everything)) >= _MIN_CORRECT and min(shares) >= _MIN_CORRECT_IN_CLASS


def corrected(model: Model, real: Sequence[Example], opinions: Sequence[Sequence[Doubles]]) -> Model:
    """The model with what people said of messages here added, level-1 category by category.

    `opinions`: what the heads of the release think of each message, had they not learnt from it.
    """
    messages, weights = [(e.title, e.text) for e in real], [e.weight for e in real]
    correction = fit_correction(messages, opinions, pipeline.level1_of(real).tolist(), len(taxonomy.LEVEL1), weights)
    if correction is None:
        return model
    return replace(model, settings=replace(model.settings, kind="trained"), correction=correction)


def fit_correction(
    messages: Sequence[tuple[str, str]],
    opinions: Sequence[Sequence[Doubles]],
    targets: Sequence[int],
    choices: int,
    weights: Sequence[float] | None = None,
) -> LocalCorrection | None:
    """The correction that follows from messages, what the release thought of each, and what became of them.

    A multinomial logistic regression that starts from what the release says (each head of it with a scale of its own)
    and adds what the words of the messages say; a ridge pulls it towards adding nothing, so that a handful of outcomes
    moves little. scikit-learn's LogisticRegression knows no such starting point: with the opinions as features it lost
    .01 to .03 of accuracy after 40 and 100 outcomes (home .878 for .888, a province's board .772 for .784 and .768 for
    .787; log loss .49 for .39, 1.17 for .69). From 300 outcomes on the two are level. None with too few outcomes.
    """
    if len(messages) < MIN_OUTCOMES:
        return None
    tidied = [pipeline.tidied(title, body) for title, body in messages]
    features = pipeline.fit_features(tidied, _ADAPTED_VIEWS)
    matrix = features.transform(tidied).tocsr().astype(np.float64)
    duals, bias, scales = _most_likely(
        (matrix @ matrix.T).toarray(),
        np.log(np.array(opinions, dtype=np.float64) + PROBABILITY_FLOOR),
        np.eye(choices)[list(targets)],
        np.ones(len(messages)) if weights is None else np.array(weights),
    )
    lexicon, blocks = pipeline.export_blocks(features, pipeline.as_stored(np.asarray(matrix.T @ duals)))
    return LocalCorrection(lexicon, blocks, bias, scales)


def _most_likely(
    kernel: Doubles, opinions: Doubles, goal: Doubles, weights: Doubles
) -> tuple[Doubles, Doubles, Doubles]:
    """Duals (messages x choices), biases and scales of the least penalised log loss.

    `kernel`: messages x messages, since there are fewer of them than features. `opinions`: logarithms, messages x
    opinions x choices.
    """
    messages, choices = goal.shape
    usual = np.zeros(opinions.shape[1])
    usual[:1] = _SCALE
    cuts = np.cumsum([messages * choices, choices])

    def parted(packed: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        duals, bias, scales = np.split(packed, cuts)
        return duals.reshape(messages, choices), bias, scales

    def loss(packed: Doubles) -> tuple[float, Doubles]:
        duals, bias, scales = parted(packed)
        spoken = kernel @ duals
        scores = np.einsum("nmk,m->nk", opinions, scales) + bias + spoken
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        log_loss = -(weights * np.log((shares * goal).sum(axis=1) + 1e-12)).sum()
        ridge = (
            _RIDGE * (duals * spoken).sum() + _RIDGE_BIAS * bias @ bias + _RIDGE_SCALE * ((scales - usual) ** 2).sum()
        )
        gap = weights[:, None] * (shares - goal)
        gradient = [
            (kernel @ (gap + _RIDGE * duals)).ravel(),
            gap.sum(axis=0) + _RIDGE_BIAS * bias,
            np.einsum("nmk,nk->m", opinions, gap) + _RIDGE_SCALE * (scales - usual),
        ]
        return float(log_loss + ridge / 2), np.concatenate(gradient)

    start = np.concatenate((np.zeros(cuts[-1]), usual))
    return parted(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _MAX_ITERATIONS}).x)
