"""Recommending the unit that usually answers similar messages, from what units accepted before.

The routing rows say who should answer; this says who did. It decides nothing. Every process keeps what it learnt. It
learns when it starts, and anew within a minute after a release or an edition of the directory came into force or enough
cases were confirmed; whoever asks is answered from what was learnt last and never waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog
from tortoise.exceptions import BaseORMException

from classify import taxonomy
from classify.learning import trainer
from classify.recommend.unit_recommender import CandidateUnit, UnitRecommender
from routing import assignment_rules, directory
from routing.assignment_rules import CaseFacts
from routing.directory import Directory

if TYPE_CHECKING:
    from classify.model.release import Model
    from web.context import AppContext

MIN_CASES: Final = 30
"""With fewer confirmed cases nothing is recommended."""

REFIT_AFTER: Final = 20
CASES_MOST: Final = 1000
UNITS_MOST: Final = 3
SHARE_LEAST: Final = 0.05
BATCH_SIZE: Final = 25
"""After so many messages the fit lets others work."""

LOOK_SECONDS: Final = 60
"""So often a process looks whether there is something to learn."""

_log = structlog.get_logger("unit_recommendation")


@dataclass(frozen=True, slots=True)
class _FittedRecommender:
    release: str
    edition: int
    confirmed: int
    codes: tuple[str, ...]
    recommender: UnitRecommender

    def is_of(self, model: Model, names: Directory) -> bool:
        """Whether it was learnt with this release and under this edition of the directory."""
        return (self.release, self.edition) == (model.release, names.edition)


class UnitRecommendation:
    """What one process learnt."""

    def __init__(self) -> None:
        self._fitted: _FittedRecommender | None = None

    async def usual(self, context: AppContext, title: str, text: str) -> list[tuple[str, float]]:
        """The units that usually answer such a message, with their shares; nothing until something was learnt."""
        model, names, fitted = await context.model(), await directory.load_directory(), self._fitted
        if model is None or fitted is None or fitted.confirmed < MIN_CASES or not fitted.is_of(model, names):
            return []
        shares = await asyncio.to_thread(_compute_shares, fitted.recommender, title, text)
        order = np.argsort(-shares, kind="stable")[:UNITS_MOST]
        return [(fitted.codes[i], float(shares[i])) for i in order.tolist() if shares[i] >= SHARE_LEAST]

    async def refresh(self, context: AppContext) -> bool:
        """Learn, if there is enough to learn from and something is new. Returns whether it did."""
        model, names, known = await context.model(), await directory.load_directory(), self._fitted
        confirmed = await trainer.count_answered_cases()
        if model is None or confirmed < MIN_CASES:
            return False
        if known is not None and known.is_of(model, names) and confirmed - known.confirmed < REFIT_AFTER:
            return False
        await self.learn(model, names)
        return True

    async def keep_fresh(self, context: AppContext) -> None:
        """Refresh from time to time for as long as the process lives."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.try_to_refresh(context)

    async def try_to_refresh(self, context: AppContext) -> None:
        """Refresh, or leave it for the next look: a database that is away keeps no process from starting."""
        try:
            await self.refresh(context)
        except (OSError, BaseORMException, RuntimeError) as fault:
            _log.warning("who usually answers was not learnt, tried again", fault=str(fault))

    async def learn(self, model: Model, names: Directory) -> None:
        """Learn from the newest confirmed cases."""
        codes = tuple(unit.code for unit in names.units())
        index_by_code = {code: i for i, code in enumerate(codes)}
        recommender = await asyncio.to_thread(_build_recommender, model, names)
        confirmed = await trainer.count_answered_cases()
        answered = [case for case in await trainer.load_answered_cases(CASES_MOST) if case[2] in index_by_code]
        for offset in range(0, len(answered), BATCH_SIZE):
            batch = [(title, text, index_by_code[unit]) for title, text, unit in answered[offset : offset + BATCH_SIZE]]
            await asyncio.to_thread(_learn_batch, recommender, batch)
        await asyncio.to_thread(recommender.fit)
        self._fitted = _FittedRecommender(model.release, names.edition, confirmed, codes, recommender)


def _compute_shares(recommender: UnitRecommender, title: str, text: str) -> np.ndarray:
    return recommender.predict_proba(recommender.score(title, text))


def _learn_batch(recommender: UnitRecommender, answers: Sequence[tuple[str, str, int]]) -> None:
    for title, text, unit in answers:
        recommender.add_answer(recommender.score(title, text), unit)


def _build_recommender(model: Model, names: Directory) -> UnitRecommender:
    """Who answers by names, duties and rows alone."""
    rows = names.units()
    units = [CandidateUnit(row.name, "".join(sentence for sentence, _ in row.duties)) for row in rows]
    index_by_code = {row.code: i for i, row in enumerate(rows)}
    routes = np.zeros((len(taxonomy.LEVEL2), len(rows)))
    for i, category in enumerate(taxonomy.LEVEL2):
        lead = assignment_rules.decide_unit(CaseFacts(category, "", "", ""), names.rows).unit
        if lead in index_by_code:
            routes[i, index_by_code[lead]] = 1.0
    streets = [region.name for region in names.regions() if region.level == "street"]
    return UnitRecommender(model, len(rows), units, routes, streets)
