"""Linear heads over TF-IDF blocks: what a release computes from a message, plain arrays only.

Fitting is done elsewhere (`pipeline`, `adaptation`); here is what is needed to answer, so nothing but numpy is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classify import taxonomy
from classify.text import features
from classify.text.features import Ids, Lexicon, Values

PROBABILITY_FLOOR: Final = 1e-3
"""Added before a logarithm is taken, so that no head can rule a category out."""

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Vector = tuple[Ids, Values]
"""A sparse vector: columns of a block and their values."""

_LEVEL1: Final = {code: i for i, code in enumerate(taxonomy.LEVEL1)}
LEVEL1_OF_LEVEL2: Final[NDArray[np.intp]] = np.array([_LEVEL1[code[:2]] for code in taxonomy.LEVEL2])
"""The position in taxonomy.LEVEL1 of each position in taxonomy.LEVEL2."""


def softmax(scores: NDArray[Any]) -> Floats:
    """Scores -> probabilities of the same shape, along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: Floats = (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
    return probabilities


def sum_by_level1(level2: NDArray[Any]) -> Doubles:
    """Probabilities of level 2 (one per taxonomy.LEVEL2) -> their sums per taxonomy.LEVEL1."""
    return np.asarray(np.bincount(LEVEL1_OF_LEVEL2, level2, len(taxonomy.LEVEL1)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class FeatureBlock:
    """TF-IDF of one view of a message, and the weights of a linear model on it."""

    rows: Ids  # feature by number in the lexicon, -1: not in this block
    idf: Values
    weights: Floats  # features x categories
    scale: float = 1.0  # length of its vectors

    def vector(self, ids: Ids) -> Vector:
        """The grams of a text as features of this block and their values."""
        rows, values = features.compute_tfidf(self.rows[ids[ids >= 0]], self.idf)
        return (rows, values) if self.scale == 1.0 else (rows, values * np.float32(self.scale))

    def combined(self, title_ids: Ids, body_ids: Ids, title_scale: float) -> Vector:
        """Title and text as one vector of length one."""
        title_rows, title_values = self.vector(title_ids)
        rows, values = self.vector(body_ids)
        features, place = np.unique(np.concatenate((title_rows, rows)), return_inverse=True)
        sums = np.bincount(place, np.concatenate((title_scale * title_values, values)), len(features))
        length = float(np.sqrt(sums @ sums))
        return features.astype(np.int32), (sums / (length or 1.0)).astype(np.float32)

    def scores(self, vector: Vector) -> Floats:
        """The linear scores of the categories, without the intercept."""
        rows, values = vector
        scores: Floats = values @ self.weights[rows]
        return scores


OPENING: Final = 80
"""The first characters of a text mostly say what it is about."""

VIEWS: Final = ("title", "text", "opening", "title_words", "text_words")
"""The views of a message: characters and pairs of title, text and opening, and words of title and text."""


def encode_views(
    views: Iterable[str], lexicon: Lexicon, title: str, body: str, title_ids: Ids, body_ids: Ids
) -> list[Ids]:
    """The grams of a tidied message for each view."""

    def encode(view: str) -> Ids:
        match view:
            case "title":
                return title_ids
            case "text":
                return body_ids
            case "opening":  # the characters come first, then the pairs
                upto = min(OPENING, len(body))
                return np.concatenate((body_ids[:upto], body_ids[len(body) :][: max(upto - 1, 0)]))
            case _:
                return lexicon.encode_words(title if view == "title_words" else body)

    return [encode(view) for view in views]


class PlattScaling(NamedTuple):
    """Correction of the log odds of the top label: offset + slope x log odds (Platt 1999)."""

    offset: float = 0.0
    slope: float = 1.0


@dataclass(frozen=True, slots=True)
class LocalCorrection:
    """A correction fitted on a district's own outcomes (see `adaptation`). `scales`: the weight of each opinion."""

    lexicon: Lexicon
    blocks: tuple[FeatureBlock, ...]  # of title and text
    bias: Doubles
    scales: Doubles

    def probabilities(self, opinions: Sequence[Doubles], title: str, body: str) -> Doubles:
        """How likely each choice is, given the opinions of the release's heads. Title and body are tidied."""
        scores = self.bias.copy()
        for scale, opinion in zip(self.scales, opinions, strict=True):
            scores += scale * np.log(opinion + PROBABILITY_FLOOR)
        for block, part in zip(self.blocks, (title, body), strict=True):
            scores += block.scores(block.vector(self.lexicon.encode(part)))
        powers = np.exp(scores - scores.max())
        return np.asarray(powers / powers.sum())


@dataclass(frozen=True, slots=True)
class TrainedHead:
    """A linear model of level 1, fitted on real messages: each view of a message is a block of its own.

    It knows only the level-1 categories with enough messages, and predicts only which of these it is. The knowledge
    head gives the probability that it is one of these at all.
    """

    views: tuple[str, ...]
    blocks: tuple[FeatureBlock, ...]  # one per view
    bias: Floats
    classes: tuple[int, ...]  # positions in taxonomy.LEVEL1, in the order of the columns
    is_supervised: (
        bool  # fitted on labels that people gave, in their taxonomy; else on the knowledge head's own predictions
    )
    combination: Doubles
    """The second stage, (2 x classes + 1) x classes: weights of the scores, of the knowledge head's log probabilities
    among the classes, and the intercept (stacked generalisation, Wolpert 1992)."""

    label_noise: float = 0.0  # share of messages filed by habits no model can know
    platt: PlattScaling = PlattScaling()

    def vectors(self, view_ids: Sequence[Ids]) -> tuple[Vector, ...]:
        """The feature vectors of a message, one per block."""
        return tuple(block.vector(ids) for block, ids in zip(self.blocks, view_ids, strict=True))

    def probabilities(self, level1: Doubles, vectors: Sequence[Vector]) -> Doubles:
        """How likely each of its classes is, given the knowledge head's probabilities of all of level 1."""
        scores = sum(block.scores(vector) for block, vector in zip(self.blocks, vectors, strict=True)) + self.bias
        prior = level1[list(self.classes)]
        second = np.concatenate((scores, log_prior(prior), (1.0,)))
        shares = softmax(second @ self.combination).astype(np.float64)
        shares = (1 - self.label_noise) * shares + self.label_noise / len(shares)
        return recalibrated(shares, self.platt)


def log_prior(level1: NDArray[Any]) -> Doubles:
    """The logarithms of the knowledge head's probabilities, renormalised along the last axis."""
    whole = np.maximum(level1.sum(axis=-1, keepdims=True), 1e-9)
    return np.asarray(np.log(level1 / whole + PROBABILITY_FLOOR), dtype=np.float64)


def tempered(classes: int, temperature: float, prior_weight: float) -> Doubles:
    """The second stage that divides scores by one temperature and adds the weighted log prior."""
    unit = np.eye(classes)
    return np.concatenate((unit / temperature, unit * prior_weight, np.zeros((1, classes))))


def recalibrated(shares: Doubles, platt: PlattScaling) -> Doubles:
    """Recalibrate the top probability by Platt scaling. The top class stays the top, the others keep their order."""
    if platt == PlattScaling():
        return shares
    best = int(shares.argmax())
    rest = np.delete(shares, best)
    others = max(float(rest.sum()), 1e-12)
    odds = max(platt.offset + platt.slope * np.log(shares[best] / others), np.log(rest.max() / others) + 1e-6)
    top = 1 / (1 + np.exp(-odds))
    calibrated = np.asarray(shares * ((1 - top) / others), dtype=np.float64)
    calibrated[best] = top
    return calibrated
