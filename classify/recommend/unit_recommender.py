"""Recommend the unit that usually handles such messages, learnt from who answered the earlier ones.

What a message is about says little where one office answers for a whole county, two hubs pass on what the departments
write, or duties lie otherwise than in the rows. So every message is judged from several sides, each of which knows only
what came before it: whom the routing rows name for its category (by the whole release, and by its knowledge alone), who
answered for such categories, for the messages most like it, lately, for the places it names, whose name and whose
duties come near it, and who has not answered yet. How much each side counts is learnt from the same past by a conditional
logit, all units sharing the weights, so that a unit with three answers is as well served as one with three hundred.

What it finds is shown to a person with its share. No I/O.
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

FEWEST: Final = 10
"""With fewer answers the sides count as by default."""

NEWEST: Final = 1500
"""So many answers the weights are learnt from."""

_PRIOR: Final[Mapping[str, float]] = {
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
"""How much each side counts before anything is learnt."""

_RIDGE: Final = 3.0
_FADING: Final = 0.995  # offices are renamed and duties move
_LATELY: Final = 0.97
_AT_A_PLACE: Final = 0.9
_SMOOTH: Final = 10.0
_SMOOTH_PLACE: Final = 2.0
_START: Final = 0.02
_NEIGHBOURS: Final = 30
_TITLE_FEATURES: Final = 40_000
_TEXT_FEATURES: Final = 80_000
_HALF_LIFE: Final = 300.0
_SAME_PLACE: Final = 1.0
"""So much nearer is a message about the same places."""

_READ: Final = 600
_STEPS: Final = 80

Array = NDArray[np.float64]
_Vectors = tuple[tuple[Ids, Values], tuple[Ids, Values]]
"""Title and text as features and values."""


@dataclass(frozen=True, slots=True)
class CandidateUnit:
    """Who may answer: the name people know, and what is written of its duties."""

    name: str
    duties: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A message with what each side thinks of it, a row per side."""

    title: str
    body: str
    fine: Array
    places: tuple[int, ...]
    sides: Array


class UnitRecommender:
    """What is known so far. `units`: () when they have no names; `routes`: category x unit, whom the rows name."""

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
        self._routes = None if routes is None else _normed(routes)
        self._stems = tuple(place_names.stems((*(unit.name for unit in units), *regions)))
        self._pairs, self._rare, self._headings = _named(model, units)
        apart = {"routed", "known"} if routes is None else set() if len(model.distributions("", "")) > 1 else {"known"}
        apart |= set() if self._stems else {"place"}
        apart |= set() if units else {"name", "duty"}
        self._names = tuple(side for side in _PRIOR if side not in apart)
        self._start = np.array([_PRIOR[side] for side in self._names])
        self.weights = self._start
        self._by_category = np.zeros((len(taxonomy.LEVEL2), count))
        self._by_heading = np.zeros((len(taxonomy.LEVEL1), count))
        self._by_place = np.zeros((len(self._stems) + 1, count))
        self._lately = np.full(count, _START)
        self._answered = np.zeros(count, dtype=bool)
        self._past: list[_Seen] = []
        self._targets: list[int] = []
        self._tfidf: tuple[PlainTfidf, PlainTfidf] | None = None  # of titles and of texts
        self._vectors: list[_Vectors] = []

    @property
    def counts(self) -> Mapping[str, float]:
        """How much each side counts now."""
        return {side: round(float(weight), 3) for side, weight in zip(self._names, self.weights, strict=True)}

    def seen(self, title: str, body: str) -> _Seen:
        """A message from all sides, by what came before it."""
        views = [np.asarray(view, dtype=np.float64) for view in self._model.distributions(title, body)]
        said = f"{title}{body}"
        named = tuple(i for i, stem in enumerate(self._stems) if stem in said) or (len(self._stems),)
        usual = self._lately / self._lately.sum()
        place = np.mean([_smoothed(self._by_place[i], _SMOOTH_PLACE, usual) for i in named], axis=0)
        found: dict[str, Array] = {
            "usual": np.log(usual + PROBABILITY_FLOOR),
            "place": np.log(place + PROBABILITY_FLOOR),
            "topic": np.log(self._topic(views[0], place) + PROBABILITY_FLOOR),
            "near": np.log(self._near(title, body, named, usual) + PROBABILITY_FLOOR),
            "unseen": (~self._answered).astype(np.float64),
        }
        if self._routes is not None:
            for side, view in zip(("routed", "known"), views, strict=False):
                found[side] = np.log(_normed(view @ self._routes) + PROBABILITY_FLOOR)
        if self._pairs:
            found["name"] = self._called(title + body[:_READ])
            found["duty"] = np.log(_normed(self._headings @ sum_by_level1(views[0])) * self._count + _DUTY_FLOOR)
        return _Seen(title, body, views[0], named, np.stack([found[side] for side in self._names]))

    def chances(self, seen: _Seen) -> Array:
        """How likely each unit is to answer."""
        scores = self.weights @ seen.sides
        powers = np.exp(scores - scores.max())
        return np.asarray(powers / powers.sum())

    def learn(self, seen: _Seen, unit: int) -> None:
        """One more answer."""
        self._by_category *= _FADING
        self._by_category[:, unit] += seen.fine
        self._by_heading *= _FADING
        self._by_heading[:, unit] += sum_by_level1(seen.fine)
        for i in seen.places:
            self._by_place[i] *= _AT_A_PLACE
            self._by_place[i, unit] += 1 / len(seen.places)
        self._lately *= _LATELY
        self._lately[unit] += 1
        self._answered[unit] = True
        self._past = [*self._past[1 - NEWEST :], seen]
        self._targets = [*self._targets[1 - NEWEST :], unit]
        if self._tfidf is not None:
            self._vectors = [*self._vectors[1 - NEWEST :], _vectors(self._tfidf, seen.title, seen.body)]

    def weigh(self) -> None:
        """Learn from the answers so far how much each side counts, and which grams tell messages apart."""
        if len(self._past) >= FEWEST:
            titles = [features.tidy(message.title, features.TITLE_LIMIT, 0) for message in self._past]
            bodies = [features.tidy(message.body) for message in self._past]
            self._tfidf = (
                PlainTfidf.fit(titles, least=1, most=_TITLE_FEATURES),
                PlainTfidf.fit(bodies, least=2, most=_TEXT_FEATURES),
            )
            self._vectors = [_vectors(self._tfidf, message.title, message.body) for message in self._past]
            sides = np.stack([one.sides for one in self._past])
            self.weights = _weights(sides, np.array(self._targets), self._start)

    def _topic(self, fine: Array, place: Array) -> Array:
        """By category; what no answer was seen for yet follows the rows, or the heading, or the place."""
        if self._routes is not None:
            where = _smoothed(self._by_category, _SMOOTH, self._routes)
        else:
            where = _smoothed(self._by_category, _SMOOTH, _smoothed(self._by_heading, _SMOOTH, place)[LEVEL1_OF_LEVEL2])
        return _normed(fine @ where)

    def _near(self, title: str, body: str, named: tuple[int, ...], usual: Array) -> Array:
        """Who answered the messages most like it; late ones and those about the same places count more."""
        if self._tfidf is None:
            return usual
        dense = [np.zeros(len(tfidf.idf), dtype=np.float32) for tfidf in self._tfidf]
        for side, (ids, values) in zip(dense, _vectors(self._tfidf, title, body), strict=True):
            side[ids] = values
        alike = np.array(
            [
                sum(float(values @ side[ids]) for side, (ids, values) in zip(dense, past, strict=True))
                for past in self._vectors
            ]
        ) / len(dense)
        if self._stems:
            here = set(named)
            shared = [len(here & set(one.places)) / (len(here) * len(one.places)) ** 0.5 for one in self._past]
            alike *= 1 + _SAME_PLACE * np.array(shared)
        nearest = np.argsort(-alike, kind="stable")[:_NEIGHBOURS]
        age = len(self._past) - nearest
        found = np.bincount(
            np.array(self._targets)[nearest], alike[nearest] ** 2 * 0.5 ** (age / _HALF_LIFE), self._count
        )
        return np.asarray((found + _START * usual) / (found.sum() + _START))

    def _called(self, said: str) -> Array:
        """How much of each unit's name stands in the message, rare pairs of characters counting more."""
        own = _pairs(said)
        return np.array(
            [
                sum(self._rare[pair] for pair in pairs & own) / (1 + sum(self._rare[pair] for pair in pairs))
                for pairs in self._pairs
            ]
        )


def _vectors(tfidf: tuple[PlainTfidf, PlainTfidf], title: str, body: str) -> _Vectors:
    of_title, of_text = tfidf
    return of_title.vector(features.tidy(title, features.TITLE_LIMIT, 0)), of_text.vector(features.tidy(body))


_DUTY_FLOOR: Final = 0.05
_PLAIN = re.compile(r"\W")


def _named(model: Model, units: Sequence[CandidateUnit]) -> tuple[list[frozenset[str]], dict[str, float], Array]:
    """The pairs of characters of each name, how rare each pair is, and the headings each unit's words are about."""
    pairs = [_pairs(unit.name) for unit in units]
    counts = Counter(pair for own in pairs for pair in own)
    rare = {pair: float(np.log((1 + len(units)) / (1 + n)) + 0.3) for pair, n in counts.items()}
    words = [f"{place_names.without_stem(unit.name)}{unit.duties}" for unit in units]
    headings = np.stack([model.top_level("", said) for said in words]) if units else np.zeros((0, len(taxonomy.LEVEL1)))
    return pairs, rare, headings


def _pairs(said: str) -> frozenset[str]:
    plain = _PLAIN.sub("", said)
    return frozenset(plain[i : i + 2] for i in range(len(plain) - 1))


def _smoothed(counts: Array, strength: float, usual: Array) -> Array:
    """Shares of counts, as if `strength` more had been seen spread as usual."""
    return np.asarray((counts + strength * usual) / (counts.sum(axis=-1, keepdims=True) + strength))


def _normed(shares: NDArray[Any]) -> Array:
    return np.asarray((shares + 1e-9) / (shares + 1e-9).sum(axis=-1, keepdims=True), dtype=np.float64)


def _weights(sides: Array, targets: NDArray[np.intp], start: Array) -> Array:
    """The weights under which the answers were least surprising, held near the start by a ridge; no side counts against."""
    from scipy.optimize import minimize

    rows = np.arange(len(targets))

    def surprise(weights: Array) -> tuple[float, Array]:
        scores = np.einsum("nsu,s->nu", sides, weights)
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        lost = -np.log(shares[rows, targets] + 1e-12).sum() + _RIDGE / 2 * ((weights - start) ** 2).sum()
        shares[rows, targets] -= 1
        return float(lost), np.einsum("nsu,nu->s", sides, shares) + _RIDGE * (weights - start)

    bounds = [(0.0, None)] * len(start)
    found = minimize(surprise, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS})
    return np.asarray(found.x)
