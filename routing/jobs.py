"""What does routing do when something happened? Assigns by the rows, and tells people.

Each handler may run twice or a day late: what is already done answers NotNow.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from feedback.kernel.clock import from_millis, to_millis
from feedback.kernel.errors import NotNow
from feedback.kernel.outbox import Handler
from feedback.queries import cases as case_queries
from feedback.queries import statistics as case_statistics
from feedback.record import cases
from feedback.rules import access
from feedback.rules.access import SYSTEM, Actor, CaseAccess
from feedback.rules.read_models import CaseSummary
from feedback.rules.vocabulary import Act, Kind, Profile, Status
from routing.assignment import assignment, barred_units, unit_for
from routing.directory import Directory, overseers, snapshot
from routing.notices import digests, escalation
from routing.notices.catalogue import NOTICES, REPORT_TITLE, Audience, NoticeRow, Send, rows_for, told_of, worded
from routing.notices.delivery import DeliveryPolicy, PlannedNotice, keep, send_all
from routing.notices.delivery_hours import Priority

STALE_ACT = timedelta(days=7)
STALE_CLOCK = timedelta(days=30)


def handlers(send: Send, manner: DeliveryPolicy) -> dict[str, list[Handler]]:
    """What routing does on which message."""

    async def assign(payload: dict[str, Any], now: datetime) -> None:
        case = await case_queries.brief(payload["no"])
        if case.status is not Status.RECEIVED:
            raise NotNow(no=case.no)
        directory = await snapshot()
        decision = unit_for(case, directory)
        if decision.unit:
            await cases.act(case.no, Act.ASSIGN, SYSTEM, assignment(decision), now=now, expect=case.version)

    async def assign_past_a_barred_desk(payload: dict[str, Any], now: datetime) -> None:
        """Who was returned a report that names their own desk may not even see it: the rows decide once more."""
        case = await case_queries.brief(payload["no"])
        directory = await snapshot()
        if case.desk in barred_units(case, directory):
            await assign(payload, now)

    async def tell(event: str, payload: dict[str, Any], now: datetime) -> None:
        case = await case_queries.brief(payload["no"])
        if _is_stale(case, payload, now):
            raise NotNow(no=case.no)
        names = await snapshot()
        barred, is_report = barred_units(case, names), case.kind is Kind.REPORT
        dates = told_of(payload.get("moved", ()))
        planned = []
        for row in rows_for(event):
            if row.audience is Audience.CITIZEN and not case.is_named:
                continue  # there is nobody to send it to
            push = (
                Priority.AT_ONCE
                if case.urgency
                else Priority.WORKING
                if is_report and row.push is Priority.DIGEST
                else row.push
            )
            for unit in await _units_told(row, case, payload):
                if unit in barred:
                    continue
                about = payload.get("seq", payload.get("clock", payload.get("edition", "")))
                key = f"{event}:{payload['no']}:{about}:{row.audience}:{unit}"
                due = dates.get((row.audience, unit), "")
                holder = names.short(case.unit or case.desk)
                words = worded(row, no=case.no, title=case.title, unit=holder, due=due, is_report=is_report)
                planned.append(PlannedNotice(key, case.no, event, row.audience, unit, words, push, is_report))
        await keep(planned, manner, now)

    async def warn(payload: dict[str, Any], now: datetime) -> None:
        await keep(await warnings(payload["clocks"], manner, now), manner, now)

    def teller(event: str) -> Handler:
        async def handler(payload: dict[str, Any], now: datetime) -> None:
            await tell(event, payload, now)

        return handler

    found: dict[str, list[Handler]] = {row.event: [teller(row.event)] for row in NOTICES}
    for event in ("case.submit", "case.classify", "case.review", "case.re_review"):
        found.setdefault(event, []).append(assign)
    found.setdefault("case.return", []).append(assign_past_a_barred_desk)
    found["clock.reached"] = [warn]
    found["notice.send"] = [partial(send_all, send=send)]
    found["notice.digest"] = [partial(digests.make, manner=manner)]
    return found


def _is_stale(case: CaseSummary, payload: Mapping[str, Any], now: datetime) -> bool:
    """Nobody is told today of what happened long ago, as in an imported history."""
    if "due" in payload:
        return now - from_millis(int(payload["due"])) > STALE_CLOCK
    happened = next((e.at for e in case.entries if e.seq == payload.get("seq")), now)
    return now - happened > STALE_ACT


async def _units_told(row: NoticeRow, case: CaseSummary, payload: Mapping[str, Any]) -> tuple[str, ...]:
    if "moved" in payload:  # only those whose own dates moved
        return tuple(unit for audience, unit in told_of(payload["moved"]) if audience is row.audience)
    match row.audience:
        case Audience.DESK:
            return (case.desk,)
        case Audience.UNIT | Audience.HEAD:
            if payload.get("unit"):
                return (str(payload["unit"]),)
            return tuple(u for u in (case.unit, *await case_queries.co_units(case.no)) if u)
        case _:
            return ("",)


async def warnings(said: Iterable[Mapping[str, Any]], manner: DeliveryPolicy, now: datetime) -> list[PlannedNotice]:
    """What is told of clocks that reached a stage, if they still run and nobody moved them meanwhile."""
    reached = {each["clock"]: each for each in said}
    names, above = await snapshot(), await overseers()
    found = list[PlannedNotice]()
    for clock in await case_statistics.clocks_by_id(sorted(reached)):
        each = reached[clock["id"]]
        if to_millis(clock["due_at"]) == each["due"] and now - clock["due_at"] <= STALE_CLOCK:
            found += _warnings(clock, str(each["before"]), str(each["after"]), names, above, manner)
    return found


def _warnings(
    clock: Mapping[str, Any], before: str, after: str, names: Directory, above: Sequence[Actor], manner: DeliveryPolicy
) -> list[PlannedNotice]:
    is_report, urgency = bool(clock["confidential"]), int(clock["urgency"])
    whose = [clock["unit"]] if clock["unit"] else [u for u in (clock["lead"] or clock["desk"], *clock["co"]) if u]
    barred = frozenset[str]().union(*(names.subtree(bar["unit"]) for bar in clock["bars"] if bar["unit"]))
    audience_units = {
        Audience.UNIT: whose,
        Audience.HEAD: whose,
        Audience.DESK: [clock["desk"]] if clock["desk"] not in whose else [],
        Audience.OVERSEER: sorted({a.unit for a in above if access.sees(a, _standing(clock, whose))}),
        Audience.SUPERIOR: [unit for unit in [names.superior(whose[0])] if unit],
        Audience.JOINT: [manner.joint_office],
    }
    words = {
        "no": clock["no"],
        "title": REPORT_TITLE if is_report else clock["title"],
        "unit": "承办单位" if is_report else names.short(whose[0]),
        "term": clock["label"],
    }
    due = to_millis(clock["due_at"])
    return [
        PlannedNotice(
            f"clock.{after}:{clock['id']}:{due}:{rung.audience}:{unit}",
            clock["no"],
            f"clock.{after}",
            rung.audience,
            unit,
            escalation.worded(rung, after, **words),
            escalation.push_of(rung, length=clock["length"], urgency=urgency, is_report=is_report),
            is_report,
            clock["id"],
            after,
        )
        for rung in escalation.rules_between(before, after, Profile(clock["profile"]), is_report=is_report)
        for unit in audience_units[rung.audience]
        if unit not in barred
    ]


def _standing(clock: Mapping[str, Any], whose: Iterable[str]) -> CaseAccess:
    return CaseAccess(
        no=clock["no"],
        confidential=bool(clock["confidential"]),
        desk=clock["desk"],
        lead=clock["lead"],
        held=frozenset(whose),
        bars=frozenset(bar["unit"] for bar in clock["bars"] if bar["unit"]),
        recused=frozenset(bar["staff"] for bar in clock["bars"] if bar["staff"]),
    )
