"""Who usually answers such messages here? Learnt in the background from what units took on, told to the desk with shares.

The routing rows say who should answer; this says who did. It decides nothing. Every process keeps what it learnt and
learns anew when a release or an edition of the directory comes into force, or enough cases were confirmed since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from classify import taxonomy
from classify.learning import trainer
from classify.recommend.unit_recommender import CandidateUnit, UnitRecommender
from routing import assignment_rules, directory
from routing.assignment_rules import CaseFacts
from routing.directory import Directory

if TYPE_CHECKING:
    from classify.model.release import Model
    from web.context import AppContext

FEWEST: Final = 30
"""With fewer confirmed cases nothing is told."""

REFIT: Final = 20
NEWEST: Final = 1000
TOLD_MOST: Final = 3
SHARE_LEAST: Final = 0.05
EACH: Final = 25
"""After so many messages the fit lets others work."""


@dataclass(frozen=True, slots=True)
class _Learnt:
    release: str
    edition: int
    confirmed: int
    codes: tuple[str, ...]
    answering: UnitRecommender


class UnitRecommendation:
    """What one process learnt."""

    def __init__(self) -> None:
        self._learnt: _Learnt | None = None
        self._is_learning = False

    async def usual(self, context: AppContext, title: str, text: str) -> list[tuple[str, float]]:
        """The units that usually answer such a message, with their shares; nothing until something was learnt."""
        model, names = await context.model(), await directory.snapshot()
        confirmed = await trainer.answered_count()
        if model is None or confirmed < FEWEST:
            return []
        known = self._learnt
        is_old = known is None or (known.release, known.edition) != (model.release, names.edition)
        if (is_old or (known and confirmed - known.confirmed >= REFIT)) and not self._is_learning:
            self._is_learning = True
            context.spawn(self.learn(model, names))
        if known is None or is_old:
            return []
        shares = await asyncio.to_thread(_shares, known.answering, title, text)
        order = np.argsort(-shares, kind="stable")[:TOLD_MOST]
        return [(known.codes[i], float(shares[i])) for i in order.tolist() if shares[i] >= SHARE_LEAST]

    async def learn(self, model: Model, names: Directory) -> None:
        """Learn from the newest confirmed cases."""
        try:
            codes = tuple(unit.code for unit in names.units())
            place = {code: i for i, code in enumerate(codes)}
            answering = await asyncio.to_thread(_blank, model, names)
            confirmed = await trainer.answered_count()
            told = [one for one in await trainer.answered(NEWEST) if one[2] in place]
            for at in range(0, len(told), EACH):
                part = [(title, text, place[unit]) for title, text, unit in told[at : at + EACH]]
                await asyncio.to_thread(_learn, answering, part)
            await asyncio.to_thread(answering.weigh)
            self._learnt = _Learnt(model.release, names.edition, confirmed, codes, answering)
        finally:
            self._is_learning = False


def _shares(answering: UnitRecommender, title: str, text: str) -> np.ndarray:
    return answering.chances(answering.seen(title, text))


def _learn(answering: UnitRecommender, told: Sequence[tuple[str, str, int]]) -> None:
    for title, text, unit in told:
        answering.learn(answering.seen(title, text), unit)


def _blank(model: Model, names: Directory) -> UnitRecommender:
    """Who answers by names, duties and rows alone."""
    rows = names.units()
    units = [CandidateUnit(row.name, "".join(sentence for sentence, _ in row.duties)) for row in rows]
    place = {row.code: i for i, row in enumerate(rows)}
    routes = np.zeros((len(taxonomy.LEVEL2), len(rows)))
    for i, category in enumerate(taxonomy.LEVEL2):
        lead = assignment_rules.decide(CaseFacts(category, "", "", ""), names.rows).unit
        if lead in place:
            routes[i, place[lead]] = 1.0
    streets = [region.name for region in names.regions() if region.level == "street"]
    return UnitRecommender(model, len(rows), units, routes, streets)
