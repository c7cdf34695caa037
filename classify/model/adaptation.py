"""Adapt a release to a district: self-training on unlabelled messages, and correction by its own outcomes.

Self-training: the knowledge head labels the messages it predicts with high confidence, and scikit-learn's
SelfTrainingClassifier learns from those and labels the rest. Correction: a release fitted elsewhere knows what messages
are about but not how this district files them; its outcomes teach that.
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
_SEED_CONFIDENCE: Final = 0.8  # predictions of the knowledge head with this confidence are the initial labels
_MIN_CONFIDENCE: Final = 0.5  # a prediction below this is not used as a label
_ROUNDS: Final = 2
_TEMPERATURE: Final = 0.25
_PRIOR_WEIGHT: Final = 0.3
_LABEL_NOISE: Final = 0.05
_MIN_CORRECT: Final = 0.95
_MIN_CORRECT_IN_CLASS: Final = 0.8
"""Shares of our own messages that must still be right after adapting: in all, and in each level-1 category."""

MIN_OUTCOMES: Final = 10
"""With fewer outcomes no correction is fitted."""

_RIDGE: Final = 0.3  # between a tenth and three times this no figure changes by more than a point
_RIDGE_BIAS: Final = 1.0
_RIDGE_SCALE: Final = 5.0
_SCALE: Final = 0.7  # a release is overconfident on messages of another town
_MAX_ITERATIONS: Final = 60


def merge_head(model: Model, lexicon: Lexicon, head: TrainedHead) -> Model:
    """Add a trained head that was fitted on a lexicon of its own."""
    both = Lexicon.of(dict.fromkeys([*model.lexicon.number, *lexicon.number]))
    blocks = tuple(_reindex(block, lexicon, both) for block in head.blocks)
    return replace(
        model,
        lexicon=both,
        knowledge=_reindex(model.knowledge, model.lexicon, both),
        trained_head=replace(head, blocks=blocks),
    )


def replace_knowledge(model: Model, other: Model) -> Model:
    """Replace the knowledge head of a model by that of another one."""
    if model.trained_head is None:
        return replace(model, lexicon=other.lexicon, knowledge=other.knowledge, bias=other.bias)
    base = replace(model, lexicon=other.lexicon, knowledge=other.knowledge, bias=other.bias, trained_head=None)
    return merge_head(base, model.lexicon, model.trained_head)


def _reindex(block: FeatureBlock, old: Lexicon, new: Lexicon) -> FeatureBlock:
    """The block with its features indexed by another lexicon, which contains all of the old one."""
    rows = np.full(len(new.number), -1, dtype=np.int32)
    rows[[new.number[gram] for gram in old.number]] = block.rows
    return replace(block, rows=rows)


def adapt(model: Model, examples: Sequence[Example], unlabelled: Sequence[tuple[str, str]]) -> Model:
    """Add a head fitted on the model's own confident predictions. Returns the model unchanged when that makes it worse.

    Such predictions share the errors of the knowledge head, or all come from one campaign. So only a few copies of a
    text are read, and our own messages, whose category is certain, must still be predicted right.
    """
    unlabelled = _limit_copies(unlabelled)
    level1 = np.array([model.top_level(title, body) for title, body in unlabelled]).reshape(-1, len(taxonomy.LEVEL1))
    guesses, confidence = level1.argmax(axis=1), level1.max(axis=1)
    classes = pipeline.frequent_classes(guesses, np.where(confidence >= _MIN_CONFIDENCE, confidence**2, 0.0))
    if len(classes) < 2:
        return model
    examples = [example for example in examples if example.source != "word"]
    messages = [pipeline.tidy_message(title, body) for title, body in unlabelled]
    features = pipeline.fit_features(
        [*messages, *(pipeline.tidy_message(example.title, example.text) for example in examples)], _ADAPTED_VIEWS
    )
    seeds = [
        example
        for example, known in zip(examples, np.isin(pipeline.level1_of(examples), classes), strict=True)
        if known
    ]
    matrix = features.transform(
        [*messages, *(pipeline.tidy_message(example.title, example.text) for example in seeds)]
    ).tocsr()
    y = np.where((confidence >= _SEED_CONFIDENCE) & np.isin(guesses, classes), guesses, -1)
    ridge = _fit_by_self_training(matrix, np.concatenate((y, pipeline.level1_of(seeds))))
    lexicon, blocks = pipeline.export_blocks(features, pipeline.round_as_stored(ridge.coef_))
    combination = tempered(len(classes), _TEMPERATURE, _PRIOR_WEIGHT)
    head = TrainedHead(
        _ADAPTED_VIEWS, blocks, ridge.intercept_, tuple(classes.tolist()), False, combination, _LABEL_NOISE
    )
    settings = replace(model.settings, kind="adapted", threshold=_ADAPTED_THRESHOLD)
    candidate = replace(merge_head(model, lexicon, head), settings=settings)
    return candidate if _is_sound(candidate, examples) else model


def _fit_by_self_training(matrix: Any, y: NDArray[np.intp]) -> pipeline.EmphasizedRidge:
    ridge = pipeline.EmphasizedRidge(temperature=_TEMPERATURE)
    if (y >= 0).all():
        return ridge.fit(matrix, y)
    training = SelfTrainingClassifier(ridge, threshold=_MIN_CONFIDENCE, max_iter=_ROUNDS).fit(matrix, y)
    fitted: pipeline.EmphasizedRidge = training.estimator_
    return fitted


def _limit_copies(messages: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The messages without all but a few copies of each text."""
    groups = copies.group_copies(f"{title} {body}" for title, body in messages)
    counts: Counter[int] = Counter()
    remaining = []
    for message, group in zip(messages, groups, strict=True):
        counts[group] += 1
        if counts[group] <= copies.MAX_COPIES_WEIGHT:
            remaining.append(message)
    return remaining


def _is_sound(model: Model, examples: Sequence[Example]) -> bool:
    """Whether our own messages still get their level-1 categories: nearly all of them, and most in each category."""
    correct: dict[str, list[bool]] = {}
    for example in examples:
        if example.source == "example":
            code = taxonomy.LEVEL1[int(model.top_level(example.title, example.text).argmax())]
            correct.setdefault(example.category[:2], []).append(code == example.category[:2])
    shares = [float(np.mean(hits)) for hits in correct.values()]
    everything = [hit for hits in correct.values() for hit in hits]
    return float(np.mean(everything)) >= _MIN_CORRECT and min(shares) >= _MIN_CORRECT_IN_CLASS


def correct(model: Model, real: Sequence[Example], opinions: Sequence[Sequence[Doubles]]) -> Model:
    """Add a correction fitted on labels that people of this district gave, at level 1.

    `opinions`: the predictions of the release's heads for each message, by heads that were not fitted on it.
    """
    messages, weights = [(example.title, example.text) for example in real], [example.weight for example in real]
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
    """Fit a correction on messages, the release's predictions for them, and their confirmed categories.

    A multinomial logistic regression whose starting point is the prediction of the release (each head with a scale of
    its own), with the words of the messages as features. A ridge penalty pulls it towards no change, so that a few
    outcomes change little. scikit-learn's LogisticRegression has no such starting point: with the predictions as
    features it lost .01 to .03 of accuracy after 40 and 100 outcomes (home .878 for .888, a province's board .772 for
    .784 and .768 for .787; log loss .49 for .39, 1.17 for .69). From 300 outcomes on the two are equal. None with too
    few outcomes.
    """
    if len(messages) < MIN_OUTCOMES:
        return None
    tidied = [pipeline.tidy_message(title, body) for title, body in messages]
    features = pipeline.fit_features(tidied, _ADAPTED_VIEWS)
    matrix = features.transform(tidied).tocsr().astype(np.float64)
    duals, bias, scales = _minimize_loss(
        (matrix @ matrix.T).toarray(),
        np.log(np.array(opinions, dtype=np.float64) + PROBABILITY_FLOOR),
        np.eye(choices)[list(targets)],
        np.ones(len(messages)) if weights is None else np.array(weights),
    )
    lexicon, blocks = pipeline.export_blocks(features, pipeline.round_as_stored(np.asarray(matrix.T @ duals)))
    return LocalCorrection(lexicon, blocks, bias, scales)


def _minimize_loss(
    kernel: Doubles, opinions: Doubles, targets: Doubles, weights: Doubles
) -> tuple[Doubles, Doubles, Doubles]:
    """Duals (messages x choices), biases and scales that minimize the penalised log loss.

    `kernel`: messages x messages, since there are fewer of them than features. `opinions`: logarithms, messages x
    opinions x choices.
    """
    messages, choices = targets.shape
    initial_scales = np.zeros(opinions.shape[1])
    initial_scales[:1] = _SCALE
    boundaries = np.cumsum([messages * choices, choices])

    def unpack(packed: Doubles) -> tuple[Doubles, Doubles, Doubles]:
        duals, bias, scales = np.split(packed, boundaries)
        return duals.reshape(messages, choices), bias, scales

    def loss(packed: Doubles) -> tuple[float, Doubles]:
        duals, bias, scales = unpack(packed)
        contributions = kernel @ duals
        scores = np.einsum("nmk,m->nk", opinions, scales) + bias + contributions
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        log_loss = -(weights * np.log((shares * targets).sum(axis=1) + 1e-12)).sum()
        ridge = (
            _RIDGE * (duals * contributions).sum()
            + _RIDGE_BIAS * bias @ bias
            + _RIDGE_SCALE * ((scales - initial_scales) ** 2).sum()
        )
        residuals = weights[:, None] * (shares - targets)
        gradient = [
            (kernel @ (residuals + _RIDGE * duals)).ravel(),
            residuals.sum(axis=0) + _RIDGE_BIAS * bias,
            np.einsum("nmk,nk->m", opinions, residuals) + _RIDGE_SCALE * (scales - initial_scales),
        ]
        return float(log_loss + ridge / 2), np.concatenate(gradient)

    start = np.concatenate((np.zeros(boundaries[-1]), initial_scales))
    return unpack(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _MAX_ITERATIONS}).x)
