"""Recommend the unit that usually handles such messages, learnt from which units answered earlier ones.

The category of a message is not enough where one office answers for a whole county, where two offices forward what the
departments write, or where duties differ from the routing rows. So several predictors are computed for every message,
each from earlier answers only: the unit the routing rows name for its category (by the whole release, and by its
knowledge head alone), and which units answered messages of that category, similar messages, recent messages and
messages about the same places, whose name and duties are similar to the text, and which have not answered yet. The
weights of the predictors are fitted on the same answers by a conditional logit. All units share the weights, so a unit
with three answers is predicted as well as one with three hundred.

The recommendation is shown to a person with its probability. No I/O.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify import taxonomy
from classify.model.linear_heads import LEVEL1_OF_LEVEL2, PROBABILITY_FLOOR, sum_by_level1
from classify.model.release import Model
from classify.text import features, place_names
from classify.text.features import Ids, PlainTfidf, Values

MIN_ANSWERS: Final = 10
"""With fewer answers the predictors have their default weights."""

MAX_ANSWERS: Final = 1500
"""The weights are fitted on at most this many of the newest answers."""

_PRIOR_WEIGHTS: Final[Mapping[str, float]] = {
    "routed": 0.5,
    "known": 0.2,
    "topic": 0.3,
    "near": 0.3,
    "usual": 0.0,
    "place": 0.3,
    "name": 3.0,
    "duty": 0.3,
    "unseen": 0.0,
}
"""The default weight of each predictor."""

_RIDGE: Final = 3.0
_DECAY: Final = 0.995  # offices are renamed and duties move
_RECENT_DECAY: Final = 0.97
_PLACE_DECAY: Final = 0.9
_SMOOTHING: Final = 10.0
_PLACE_SMOOTHING: Final = 2.0
_INITIAL_COUNT: Final = 0.02
_NEIGHBOURS: Final = 30
_TITLE_FEATURES: Final = 40_000
_TEXT_FEATURES: Final = 80_000
_HALF_LIFE: Final = 300.0
_SAME_PLACE_BONUS: Final = 1.0
"""How much the similarity of a message about the same places is increased."""

_MAX_CHARACTERS: Final = 600
_MAX_ITERATIONS: Final = 80

Array = NDArray[np.float64]
_Vectors = tuple[tuple[Ids, Values], tuple[Ids, Values]]
"""Title and text as sparse vectors: features and values."""


@dataclass(frozen=True, slots=True)
class CandidateUnit:
    """A unit that may answer: its usual name and the text of its duties."""

    name: str
    duties: str = ""


@dataclass(frozen=True, slots=True)
class _ScoredMessage:
    """A message with its predictors, one row each, one column per unit."""

    title: str
    body: str
    level2: Array
    places: tuple[int, ...]
    predictors: Array


class UnitRecommender:
    """The answers so far and the fitted weights. `units`: () without names; `routes`: category x unit, the routing rows."""

    def __init__(
        self,
        model: Model,
        count: int,
        units: Sequence[CandidateUnit] = (),
        routes: Array | None = None,
        regions: Sequence[str] = (),
    ) -> None:
        self._model = model
        self._count = count
        self._routes = None if routes is None else _normalize(routes)
        self._stems = tuple(place_names.list_place_stems((*(unit.name for unit in units), *regions)))
        self._pairs, self._pair_rarity, self._unit_categories = _describe_units(model, units)
        unavailable = (
            {"routed", "known"} if routes is None else set() if len(model.distributions("", "")) > 1 else {"known"}
        )
        unavailable |= set() if self._stems else {"place"}
        unavailable |= set() if units else {"name", "duty"}
        self._predictor_names = tuple(predictor for predictor in _PRIOR_WEIGHTS if predictor not in unavailable)
        self._default_weights = np.array([_PRIOR_WEIGHTS[predictor] for predictor in self._predictor_names])
        self.weights = self._default_weights
        self._by_category = np.zeros((len(taxonomy.LEVEL2), count))
        self._by_level1 = np.zeros((len(taxonomy.LEVEL1), count))
        self._by_place = np.zeros((len(self._stems) + 1, count))
        self._recent = np.full(count, _INITIAL_COUNT)
        self._has_answered = np.zeros(count, dtype=bool)
        self._messages: list[_ScoredMessage] = []
        self._targets: list[int] = []
        self._tfidf: tuple[PlainTfidf, PlainTfidf] | None = None  # of titles and of texts
        self._vectors: list[_Vectors] = []

    @property
    def weight_by_predictor(self) -> Mapping[str, float]:
        """The current weight of each predictor."""
        return {
            predictor: round(float(weight), 3)
            for predictor, weight in zip(self._predictor_names, self.weights, strict=True)
        }

    def score(self, title: str, body: str) -> _ScoredMessage:
        """Compute the predictors of a message from the answers so far."""
        views = [np.asarray(view, dtype=np.float64) for view in self._model.distributions(title, body)]
        text = f"{title}{body}"
        places = tuple(i for i, stem in enumerate(self._stems) if stem in text) or (len(self._stems),)
        recent_shares = self._recent / self._recent.sum()
        place = np.mean([_smooth(self._by_place[i], _PLACE_SMOOTHING, recent_shares) for i in places], axis=0)
        scores: dict[str, Array] = {
            "usual": np.log(recent_shares + PROBABILITY_FLOOR),
            "place": np.log(place + PROBABILITY_FLOOR),
            "topic": np.log(self._score_category(views[0], place) + PROBABILITY_FLOOR),
            "near": np.log(self._score_neighbours(title, body, places, recent_shares) + PROBABILITY_FLOOR),
            "unseen": (~self._has_answered).astype(np.float64),
        }
        if self._routes is not None:
            for predictor, view in zip(("routed", "known"), views, strict=False):
                scores[predictor] = np.log(_normalize(view @ self._routes) + PROBABILITY_FLOOR)
        if self._pairs:
            scores["name"] = self._score_names(title + body[:_MAX_CHARACTERS])
            scores["duty"] = np.log(
                _normalize(self._unit_categories @ sum_by_level1(views[0])) * self._count + _DUTY_FLOOR
            )
        return _ScoredMessage(
            title, body, views[0], places, np.stack([scores[predictor] for predictor in self._predictor_names])
        )

    def predict_proba(self, message: _ScoredMessage) -> Array:
        """How likely each unit is to answer."""
        scores = self.weights @ message.predictors
        powers = np.exp(scores - scores.max())
        return np.asarray(powers / powers.sum())

    def add_answer(self, message: _ScoredMessage, unit: int) -> None:
        """Add one more answer by a unit."""
        self._by_category *= _DECAY
        self._by_category[:, unit] += message.level2
        self._by_level1 *= _DECAY
        self._by_level1[:, unit] += sum_by_level1(message.level2)
        for i in message.places:
            self._by_place[i] *= _PLACE_DECAY
            self._by_place[i, unit] += 1 / len(message.places)
        self._recent *= _RECENT_DECAY
        self._recent[unit] += 1
        self._has_answered[unit] = True
        self._messages = [*self._messages[1 - MAX_ANSWERS :], message]
        self._targets = [*self._targets[1 - MAX_ANSWERS :], unit]
        if self._tfidf is not None:
            self._vectors = [*self._vectors[1 - MAX_ANSWERS :], _vectorize(self._tfidf, message.title, message.body)]

    def fit(self) -> None:
        """Fit the weights of the predictors and the TF-IDF features on the answers so far."""
        if len(self._messages) >= MIN_ANSWERS:
            titles = [features.tidy(message.title, features.TITLE_LIMIT, 0) for message in self._messages]
            bodies = [features.tidy(message.body) for message in self._messages]
            self._tfidf = (
                PlainTfidf.fit(titles, least=1, most=_TITLE_FEATURES),
                PlainTfidf.fit(bodies, least=2, most=_TEXT_FEATURES),
            )
            self._vectors = [_vectorize(self._tfidf, message.title, message.body) for message in self._messages]
            predictors = np.stack([message.predictors for message in self._messages])
            self.weights = _fit_weights(predictors, np.array(self._targets), self._default_weights)

    def _score_category(self, level2: Array, place: Array) -> Array:
        """Shares by category, smoothed by the routing rows, or by the level-1 category and the place."""
        if self._routes is not None:
            where = _smooth(self._by_category, _SMOOTHING, self._routes)
        else:
            where = _smooth(
                self._by_category, _SMOOTHING, _smooth(self._by_level1, _SMOOTHING, place)[LEVEL1_OF_LEVEL2]
            )
        return _normalize(level2 @ where)

    def _score_neighbours(self, title: str, body: str, places: tuple[int, ...], recent_shares: Array) -> Array:
        """Shares among the most similar messages; recent ones and those about the same places count more."""
        if self._tfidf is None:
            return recent_shares
        dense = [np.zeros(len(tfidf.idf), dtype=np.float32) for tfidf in self._tfidf]
        for vector, (ids, values) in zip(dense, _vectorize(self._tfidf, title, body), strict=True):
            vector[ids] = values
        similarities = np.array(
            [
                sum(float(values @ vector[ids]) for vector, (ids, values) in zip(dense, past, strict=True))
                for past in self._vectors
            ]
        ) / len(dense)
        if self._stems:
            own_places = set(places)
            shared = [
                len(own_places & set(message.places)) / (len(own_places) * len(message.places)) ** 0.5
                for message in self._messages
            ]
            similarities *= 1 + _SAME_PLACE_BONUS * np.array(shared)
        nearest = np.argsort(-similarities, kind="stable")[:_NEIGHBOURS]
        age = len(self._messages) - nearest
        votes = np.bincount(
            np.array(self._targets)[nearest], similarities[nearest] ** 2 * 0.5 ** (age / _HALF_LIFE), self._count
        )
        return np.asarray((votes + _INITIAL_COUNT * recent_shares) / (votes.sum() + _INITIAL_COUNT))

    def _score_names(self, message: str) -> Array:
        """How much of each unit's name stands in the message, weighted by the rarity of its pairs of characters."""
        own = _list_pairs(message)
        return np.array(
            [
                sum(self._pair_rarity[pair] for pair in pairs & own)
                / (1 + sum(self._pair_rarity[pair] for pair in pairs))
                for pairs in self._pairs
            ]
        )


def _vectorize(tfidf: tuple[PlainTfidf, PlainTfidf], title: str, body: str) -> _Vectors:
    of_title, of_text = tfidf
    return of_title.vector(features.tidy(title, features.TITLE_LIMIT, 0)), of_text.vector(features.tidy(body))


_DUTY_FLOOR: Final = 0.05
_NOT_LETTERS = re.compile(r"\W")


def _describe_units(
    model: Model, units: Sequence[CandidateUnit]
) -> tuple[list[frozenset[str]], dict[str, float], Array]:
    """The pairs of characters of each name, the rarity of each pair, and level-1 probabilities of each unit's duties."""
    pairs = [_list_pairs(unit.name) for unit in units]
    counts = Counter(pair for own in pairs for pair in own)
    rarity = {pair: float(np.log((1 + len(units)) / (1 + n)) + 0.3) for pair, n in counts.items()}
    words = [f"{place_names.strip_place(unit.name)}{unit.duties}" for unit in units]
    categories = (
        np.stack([model.top_level("", text) for text in words]) if units else np.zeros((0, len(taxonomy.LEVEL1)))
    )
    return pairs, rarity, categories


def _list_pairs(text: str) -> frozenset[str]:
    plain = _NOT_LETTERS.sub("", text)
    return frozenset(plain[i : i + 2] for i in range(len(plain) - 1))


def _smooth(counts: Array, strength: float, prior: Array) -> Array:
    """Shares of counts, smoothed by `strength` more answers distributed like `prior`."""
    return np.asarray((counts + strength * prior) / (counts.sum(axis=-1, keepdims=True) + strength))


def _normalize(shares: NDArray[Any]) -> Array:
    return np.asarray((shares + 1e-9) / (shares + 1e-9).sum(axis=-1, keepdims=True), dtype=np.float64)


def _fit_weights(predictors: Array, targets: NDArray[np.intp], start: Array) -> Array:
    """The weights that minimize the log loss of the answers, with a ridge towards the start; none is negative."""
    from scipy.optimize import minimize

    rows = np.arange(len(targets))

    def loss(weights: Array) -> tuple[float, Array]:
        scores = np.einsum("nsu,s->nu", predictors, weights)
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        penalized_loss = -np.log(shares[rows, targets] + 1e-12).sum() + _RIDGE / 2 * ((weights - start) ** 2).sum()
        shares[rows, targets] -= 1
        return float(penalized_loss), np.einsum("nsu,nu->s", predictors, shares) + _RIDGE * (weights - start)

    bounds = [(0.0, None)] * len(start)
    result = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _MAX_ITERATIONS})
    return np.asarray(result.x)
