"""Classifying and assigning a newly received case.

Both acts are one transaction, so nobody ever sees a case that is classified but not yet where it belongs. In a district
whose outcomes do not prove it yet, the same is only a suggestion to the reception desk.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from classify.automation import outcomes
from classify.automation.proposal_outcome import find_proposal_outcome
from feedback.kernel.errors import NotNow
from feedback.kernel.outbox import Handler
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.record.entries import ActCommand
from feedback.rules.access import SYSTEM
from feedback.rules.read_models import CaseSummary, EntryView
from feedback.rules.vocabulary import Act, Kind, Role, Status
from routing import directory
from routing.assignment import assignment_data, choose_unit, is_concluded, must_be_assigned_by_person

if TYPE_CHECKING:
    from classify.model.release import Model, Verdict

CurrentModel = Callable[[], Awaitable["Model | None"]]


PROPOSALS: tuple[str, ...] = ("classify", "assign", "accept", "return")
"""Acts that may confirm or correct what the classifier proposed."""


def build_handler(current_model: CurrentModel, settings: Settings) -> Handler:
    """The handler of `case.submit`."""

    async def triage(payload: dict[str, Any], now: datetime) -> None:
        case = await case_queries.load_summary(payload["no"])
        model = await current_model()
        if model is None or case.status is not Status.RECEIVED or case.category or case.kind is Kind.RECTIFY:
            raise NotNow(no=case.no)
        verdict = await asyncio.to_thread(model.predict, case.title, case.text)
        if not verdict.category:
            raise NotNow(no=case.no)  # nothing to suggest: the desk reads it
        names = await directory.load_directory()
        data = classification_data(verdict, settings.confidence_bar)
        proposed = choose_unit(_with_classification(case, data, now), names).unit
        if proposed and case.kind is not Kind.REPORT:
            data["proposed"] = proposed
        if case.is_left_open_history:
            data["held"] = "history"  # perhaps it was answered long ago: the desk looks before a unit is sent after it
            await cases.acts(case.no, [ActCommand(Act.CLASSIFY, SYSTEM, data, now)], expect=case.version)
            return
        if must_be_assigned_by_person(case, names):
            # A machine decides neither on a report or an accusation nor on what a re-review concluded.
            data["held"] = "concluded" if is_concluded(case.flags) else "person"
            await cases.acts(case.no, [ActCommand(Act.CLASSIFY, SYSTEM, data, now)], expect=case.version)
            return
        if hold_reason := await find_hold_reason(data, find_street(case, names), settings.automatic_mode):
            data["held"] = hold_reason
        decision = choose_unit(_with_classification(case, data, now), names)
        commands = [ActCommand(Act.CLASSIFY, SYSTEM, data, now)]
        if decision.unit:
            commands.append(ActCommand(Act.ASSIGN, SYSTEM, assignment_data(decision), now))
        await cases.acts(case.no, commands, expect=case.version)

    return triage


def _with_classification(case: CaseSummary, data: dict[str, Any], now: datetime) -> CaseSummary:
    """The case as it will be when the classifier has said that."""
    entry = EntryView(0, Act.CLASSIFY.value, now, "", Role.SYSTEM.value, "", "", data, False)
    return replace(case, category=data["category"], entries=(*case.entries, entry))


async def find_hold_reason(data: Mapping[str, Any], street: str, mode: str) -> str:
    """Why a person must confirm what the classifier is sure of; "" when nobody must."""
    if mode == "model" or data["abstained"] or "proposed" not in data:
        return ""
    if mode == "suggest":
        return "suggest"
    is_proven = await outcomes.is_proven(data["category"], street, data["proposed"], data["confidence"])
    return "" if is_proven else "unproven"


def build_outcome_handler(target: float) -> Handler:
    """The handler of every act that confirms or corrects: what became of the proposal is counted. Reports never are."""

    async def judged(payload: dict[str, Any], now: datetime) -> None:
        case = await case_queries.load_summary(payload["no"])
        proposal = find_proposal_outcome(case.entries)
        if proposal is None or case.kind is Kind.REPORT:
            raise NotNow(no=case.no)
        await outcomes.record(case.no, find_street(case, await directory.load_directory()), proposal, target)

    return judged


def find_street(case: CaseSummary, names: directory.Directory) -> str:
    """The street or town unit of the place a case is about."""
    region = case.region or names.place_of(f"{case.address}\n{case.title}\n{case.text}")
    return names.street_of(region)


def classification_data(verdict: "Verdict", threshold: float) -> dict[str, Any]:
    """What the entry keeps of a verdict. `threshold` above 0 replaces the release's own."""
    return {
        "category": verdict.category,
        "confidence": round(verdict.confidence, 4),
        "release": verdict.release,
        "abstained": verdict.abstained or verdict.confidence < threshold,
        "known": round(verdict.coverage, 3),
    }
