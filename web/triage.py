"""What happens to a case that just came in? The classifier says what it is about, the rows say who answers.

Both acts are one transaction, so nobody ever sees a case that is classified but not yet where it belongs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from classify.commands import remember
from feedback import cases, queries
from feedback.access import SYSTEM
from feedback.cases import Deed
from feedback.kernel.errors import NotNow
from feedback.lifecycle import Act, Kind, Role, Status
from feedback.views import EntryView
from routing import directory
from routing.jobs import assignment, unit_for

if TYPE_CHECKING:
    from classify.model import Model, Verdict

CurrentModel = Callable[[], Awaitable["Model | None"]]


def handler(current_model: CurrentModel, bar: float) -> Callable[[dict[str, Any], datetime], Awaitable[None]]:
    """The handler of `case.submit`. `bar` above 0 replaces the release's own."""

    async def triage(payload: dict[str, Any], now: datetime) -> None:
        case = await queries.brief(payload["no"])
        model = await current_model()
        if model is None or case.status is not Status.RECEIVED or case.category or case.kind is Kind.RECTIFY:
            raise NotNow(no=case.no)
        verdict = await asyncio.to_thread(model.predict, case.title, case.text)
        if not verdict.category:
            raise NotNow(no=case.no)  # nothing to suggest: the desk reads it
        said = _said(verdict, bar)
        entry = EntryView(0, Act.CLASSIFY.value, now, "", "", "", "", said, False)
        known = replace(case, category=verdict.category, entries=(*case.entries, entry))
        decision = unit_for(known, await directory.snapshot())
        deeds = [Deed(Act.CLASSIFY, SYSTEM, said, now)]
        if decision.unit:
            deeds.append(Deed(Act.ASSIGN, SYSTEM, assignment(decision), now))
        await cases.acts(case.no, deeds, expect=case.version)

    return triage


async def learn(payload: dict[str, Any], now: datetime) -> None:
    """The handler of `case.classify`: what a person decided is kept as an example; a report's words are not."""
    case = await queries.brief(payload["no"])
    entry = next(e for e in case.entries if e.seq == payload["seq"])
    if entry.role == Role.SYSTEM or case.kind is Kind.REPORT:
        raise NotNow(no=case.no)
    category = str(entry.data["category"])
    await remember(case.title, case.text, category, case_no=case.no, by=entry.actor_name, now=now)


def _said(verdict: "Verdict", bar: float) -> dict[str, Any]:
    return {
        "category": verdict.category,
        "confidence": round(verdict.confidence, 4),
        "release": verdict.release,
        "abstained": verdict.abstained or verdict.confidence < bar,
    }
