"""The scikit-learn pipeline that is fitted: TF-IDF features, ridge classifiers, calibration of their answers.

What comes out are plain arrays (`linear_heads`), so answering needs no scikit-learn. Fitting the same twice gives the
same numbers. Every choice that is not scikit-learn's own has its trial in README.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import normalize

from classify import taxonomy
from classify.model.linear_heads import (
    OPENING,
    VIEWS,
    Doubles,
    FeatureBlock,
    Floats,
    PlattScaling,
    TrainedHead,
    log_prior,
    softmax,
)
from classify.model.release_files import UNKNOWN_BIAS
from classify.model.seed_examples import Example
from classify.text import features
from classify.text.features import Lexicon

Message = tuple[str, str]
"""Title and text, both tidied."""

MAX_KNOWLEDGE_FEATURES: Final = 40_000
TITLE_SCALE: Final = 0.7  # how much the title counts beside the text, knowledge head
_KNOWLEDGE_ALPHA: Final = 3.0
_SOURCE_WEIGHT: Final = {"word": 0.3, "example": 3.0}
"""A whole message teaches more than a bare word; other sources count once."""

_OWN_WEIGHT: Final = 0.03  # of an example of our own beside a real message
_MIN_PER_CLASS: Final = 30
"""A level-1 category with fewer real messages is not learnt: knowledge says more about it than they do."""

_FOLDS: Final = 5
_SCORE_SCALE: Final = 5.0  # brings ridge scores to the size of log probabilities
_COMBINATION_C: Final = 0.1  # between 0.03 and 1 no figure changes by more than .001
_MIN_FOR_PLATT: Final = 100


@dataclass(frozen=True, slots=True)
class _View:
    """One view of a message: its analyzer, which grams are features, and the length of its vectors."""

    analyzer: Callable[[Message], list[str]]
    min_df: int
    max_features: int
    scale: float = 1.0


# Cross-validated on another town's messages, macro-F1 of title and text alone .9252, with opening .9271, with words
# .9272, with both .9283 (standard error .0006); three characters in a row, a nearest-neighbour vote, a support vector
# machine beside the ridge, more weight for rare categories, and less for doubtful labels added nothing.
_VIEWS: Final[Mapping[str, _View]] = {
    "title": _View(lambda message: features.grams(message[0]), 1, 40_000),
    "text": _View(lambda message: features.grams(message[1]), 2, 80_000),
    "opening": _View(lambda message: features.grams(message[1][:OPENING]), 2, 30_000, 0.5),
    "title_words": _View(lambda message: features.words(message[0]), 1, 20_000, 0.5),
    "text_words": _View(lambda message: features.words(message[1]), 2, 30_000, 0.5),
}
_ANY: Final = ("·", "·")
"""Beside the messages, so that a view in which all of them are empty has a feature too."""


def tidied(title: str, body: str) -> Message:
    """A message as features and releases read it."""
    return features.tidy(title, features.TITLE_LIMIT, 0), features.tidy(body)


def fit_features(messages: Iterable[Message], views: Sequence[str] = VIEWS) -> FeatureUnion:
    """TF-IDF of each view, (1 + ln count) x idf of length one, side by side; weighted by the scale of the view."""
    union = FeatureUnion(
        [(name, _tfidf(view.analyzer, view.min_df, view.max_features)) for name, view in _of(views)],
        transformer_weights={name: view.scale for name, view in _of(views)},
    )
    return union.fit([*messages, _ANY, _ANY])


def _of(views: Sequence[str]) -> list[tuple[str, _View]]:
    return [(name, _VIEWS[name]) for name in views]


def _tfidf(analyzer: Callable[[Any], list[str]], min_df: int, max_features: int) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=analyzer, min_df=min_df, max_features=max_features, sublinear_tf=True, dtype=np.float32
    )


def export_blocks(features: FeatureUnion, weights: Floats) -> tuple[Lexicon, tuple[FeatureBlock, ...]]:
    """Fitted features and weights (features x classes) as a release stores them: one lexicon, a block per view."""
    grams = [vectorizer.get_feature_names_out().tolist() for _, vectorizer in features.transformer_list]
    lexicon = Lexicon.of(dict.fromkeys(gram for own in grams for gram in own))
    ends = pairwise(np.cumsum([0, *map(len, grams)]).tolist())
    return lexicon, tuple(
        _block(lexicon, own, vectorizer.idf_, weights[start:end], _VIEWS[name].scale)
        for (name, vectorizer), own, (start, end) in zip(features.transformer_list, grams, ends, strict=True)
    )


def _block(lexicon: Lexicon, grams: Sequence[str], idf: Any, weights: Floats, scale: float = 1.0) -> FeatureBlock:
    rows = np.full(len(lexicon.number), -1, dtype=np.int32)
    rows[[lexicon.number[gram] for gram in grams]] = np.arange(len(grams))
    return FeatureBlock(rows, np.asarray(idf, dtype=np.float32), weights, scale)


def as_stored(weights: NDArray[Any]) -> Floats:
    """Weights rounded as a release file stores them, so that a saved release answers exactly as the fitted one."""
    return np.asarray(weights.astype(np.float16).astype(np.float32))


class EmphasizedRidge(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One ridge classifier per class, each on features scaled by how unevenly they are spread over its class.

    The idea of NBSVM (Wang and Manning 2012): feature x (1 - emphasis + emphasis x log ratio of its shares inside and
    outside the class, of mean 1). A plain RidgeClassifier reached .9254 for .9300 in five-fold cross-validation over
    4,815 messages (45 only this one put right, 23 only the plain one, p = .01), LinearSVC .9200, logistic regression
    .9144.
    """

    _PRIOR: Final = 3.0  # imagined sightings of every feature, so that rare ones are not over-read

    def __init__(self, alpha: float = 0.5, emphasis: float = 0.4, temperature: float = 0.25) -> None:
        self.alpha = alpha
        self.emphasis = emphasis
        self.temperature = temperature

    def fit(self, matrix: csr_matrix, y: NDArray[np.intp], sample_weight: Doubles | None = None) -> Self:
        """Fit on a matrix of messages x features."""
        weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        self.classes_ = np.unique(y)
        self.coef_ = np.zeros((matrix.shape[1], len(self.classes_)), dtype=np.float32)
        self.intercept_ = np.zeros(len(self.classes_), dtype=np.float32)
        present = matrix.astype(bool).astype(np.float64).T.tocsr()
        for k, label in enumerate(self.classes_):
            inside = y == label
            scale = (
                1
                - self.emphasis
                + self.emphasis * self._log_ratio(present @ (weights * inside), present @ (weights * ~inside))
            )
            ridge = RidgeClassifier(alpha=self.alpha, solver="sparse_cg")
            ridge.fit(matrix @ diags_array(scale), inside, sample_weight=weights)
            self.coef_[:, k], self.intercept_[k] = np.ravel(ridge.coef_) * scale, np.ravel(ridge.intercept_)[0]
        return self

    def _log_ratio(self, inside: Doubles, outside: Doubles) -> Doubles:
        within, without = inside + self._PRIOR, outside + self._PRIOR
        ratio = np.abs(np.log(within / within.sum()) - np.log(without / without.sum()))
        return np.asarray(ratio / (ratio.mean() or 1.0))

    def decision_function(self, matrix: csr_matrix) -> Doubles:
        """Scores, messages x classes, also of two classes."""
        return np.asarray(matrix @ self.coef_ + self.intercept_, dtype=np.float64)

    def predict_proba(self, matrix: csr_matrix) -> Floats:
        """Probabilities by the temperature, messages x classes."""
        return softmax(self.decision_function(matrix) / self.temperature)

    def predict(self, matrix: csr_matrix) -> NDArray[np.intp]:
        """The class of the highest score."""
        return np.asarray(self.classes_[self.decision_function(matrix).argmax(axis=1)])


def fit_knowledge_head(examples: Sequence[Example]) -> tuple[Lexicon, FeatureBlock, Floats]:
    """A ridge classifier of level 2 on examples filed there: its lexicon, block and bias (one per labels.LEVEL2)."""
    messages = [tidied(e.title, e.text) for e in examples]
    vectorizer = _tfidf(features.grams, 1, MAX_KNOWLEDGE_FEATURES)
    vectorizer.fit([" ".join(m) for m, e in zip(messages, examples, strict=True) if e.source != "word"])
    titles, bodies = (vectorizer.transform(part) for part in zip(*messages, strict=True))
    ridge = RidgeClassifier(alpha=_KNOWLEDGE_ALPHA, solver="sparse_cg").fit(
        normalize(TITLE_SCALE * titles + bodies),
        [taxonomy.LEVEL2.index(e.category) for e in examples],
        sample_weight=[e.weight * _SOURCE_WEIGHT.get(e.source, 1.0) for e in examples],
    )
    grams = vectorizer.get_feature_names_out().tolist()
    weights = np.zeros((len(grams), len(taxonomy.LEVEL2)))
    bias = np.full(len(taxonomy.LEVEL2), UNKNOWN_BIAS, dtype=np.float32)
    weights[:, ridge.classes_], bias[ridge.classes_] = ridge.coef_.T, ridge.intercept_
    lexicon = Lexicon.of(grams)
    return lexicon, _block(lexicon, grams, vectorizer.idf_, as_stored(weights)), bias


def level1_of(examples: Iterable[Example]) -> NDArray[np.intp]:
    """The position in labels.LEVEL1 of each example."""
    return np.array([taxonomy.LEVEL1.index(e.category[:2]) for e in examples], dtype=np.intp)


def frequent_classes(level1: NDArray[np.intp], weights: Doubles) -> NDArray[np.intp]:
    """The level-1 categories with enough messages, counted by weight."""
    return np.flatnonzero(np.bincount(level1, weights, len(taxonomy.LEVEL1)) >= _MIN_PER_CLASS)


def fit_trained_head(
    real: Sequence[Example], own: Sequence[Example], level1: Doubles, seed: int
) -> tuple[Lexicon, TrainedHead] | None:
    """The head fitted on messages people labelled, our own examples lightly beside them; None with too few of them.

    `level1`: what a knowledge head that never saw them thinks of the messages, messages x labels.LEVEL1. The second
    stage is fitted on scores of messages the first one did not see (`seed` parts them), and so is Platt scaling.
    """
    targets, weights = level1_of(real), np.array([e.weight for e in real])
    classes = frequent_classes(targets, weights)
    if len(classes) < 2:
        return None
    own = [e for e in own if e.source != "word"]
    features = fit_features(tidied(e.title, e.text) for e in [*real, *own])
    rows = np.flatnonzero(np.isin(targets, classes))
    targets, weights = targets[rows], weights[rows]
    own = [e for e, known in zip(own, np.isin(level1_of(own), classes), strict=True) if known]
    matrix = features.transform([tidied(e.title, e.text) for e in [*(real[i] for i in rows.tolist()), *own]]).tocsr()
    y = np.concatenate((targets, level1_of(own)))
    sample_weight = np.concatenate((weights, [_OWN_WEIGHT * e.weight for e in own]))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    unseen = cross_val_predict(
        EmphasizedRidge(), matrix, y, cv=folds, method="decision_function", params={"sample_weight": sample_weight}
    )[: len(rows)]
    combination, platt = fit_second_stage(unseen, log_prior(level1[rows][:, classes]), targets, weights, folds)
    ridge = EmphasizedRidge().fit(matrix, y, sample_weight)
    lexicon, blocks = export_blocks(features, as_stored(ridge.coef_))
    kept = tuple(classes.tolist())
    return lexicon, TrainedHead(VIEWS, blocks, ridge.intercept_, kept, True, combination, platt=platt)


def fit_second_stage(
    scores: Doubles, prior: Doubles, y: NDArray[np.intp], weights: Doubles, folds: StratifiedKFold
) -> tuple[Doubles, PlattScaling]:
    """How scores and the log prior of the knowledge head are combined, and how sure the best guess then is.

    Stacked generalisation (Wolpert 1992) by logistic regression, then Platt scaling of the top label.
    """
    second = np.hstack((_SCORE_SCALE * scores, prior))
    params = {"sample_weight": weights}
    stage = LogisticRegression(C=_COMBINATION_C, max_iter=1000)
    unseen = cross_val_predict(stage, second, y, cv=folds, method="predict_proba", params=params)
    stage.fit(second, y, **params)
    coef, intercept = stage.coef_, stage.intercept_
    if len(stage.classes_) == 2:  # one row, for the second class against the first
        coef, intercept = np.vstack((np.zeros_like(coef), coef)), np.concatenate(([0.0], intercept))
    width = scores.shape[1]
    combination = np.vstack((_SCORE_SCALE * coef.T[:width], coef.T[width:], intercept))
    return combination, fit_platt(unseen.max(axis=1), stage.classes_[unseen.argmax(axis=1)] == y)


def fit_platt(confidence: Doubles, is_correct: NDArray[np.bool_]) -> PlattScaling:
    """Offset and slope of the log odds under which guesses are right as often as they say; identity for a handful."""
    if len(confidence) < _MIN_FOR_PLATT or is_correct.all() or not is_correct.any():
        return PlattScaling()
    confidence = np.clip(confidence, 1e-6, 1 - 1e-6)
    log_odds = np.log(confidence / (1 - confidence))[:, None]
    fitted = LogisticRegression().fit(log_odds, is_correct)
    return PlattScaling(round(float(fitted.intercept_[0]), 4), round(float(fitted.coef_[0, 0]), 4))
