"""Handlers of routing: assign new cases by the rows, and plan notices and warnings.

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
from routing import duty
from routing.assignment import (
    assignment_data,
    choose_unit,
    list_barred_units,
    list_likely_units,
    must_be_assigned_by_person,
)
from routing.directory import Directory, has_head, list_overseers, load_directory
from routing.duty import Duty
from routing.notices import citizen_planning, digests, escalation
from routing.notices.catalogue import (
    NOTICES,
    REPORT_TITLE,
    Audience,
    CitizenChannels,
    NoticeRow,
    Send,
    list_notice_rows,
    render_moved_dates,
    render_notice,
)
from routing.notices.citizen_catalogue import EVENTS, CitizenTexts
from routing.notices.delivery import DeliveryPolicy, PlannedNotice, send_all, store_notices
from routing.notices.delivery_hours import Priority

NOBODY_ON_DUTY = "值班表上现在没有人值班，请受理窗口指定人员处置。"
STALE_ACT = timedelta(days=7)
STALE_CLOCK = timedelta(days=30)


def build_handlers(
    send: Send, channels: CitizenChannels, texts: CitizenTexts, policy: DeliveryPolicy
) -> dict[str, list[Handler]]:
    """What routing does on which message. `send` reaches staff, `channels` citizens, `texts` are the words to these."""

    async def assign(payload: dict[str, Any], now: datetime) -> None:
        case = await case_queries.load_summary(payload["no"])
        if case.status is not Status.RECEIVED or case.is_left_open_history:
            raise NotNow(no=case.no)
        directory = await load_directory()
        if must_be_assigned_by_person(case, directory):
            raise NotNow(no=case.no)
        decision = choose_unit(case, directory)
        if decision.unit:
            await cases.act(case.no, Act.ASSIGN, SYSTEM, assignment_data(decision), now=now, expect=case.version)

    async def assign_past_a_barred_desk(payload: dict[str, Any], now: datetime) -> None:
        """Whose desk a case is found to accuse, or comes back to, may not even see it: the rows decide once more."""
        case = await case_queries.load_summary(payload["no"])
        directory = await load_directory()
        if case.desk in list_barred_units(case, directory):
            await assign(payload, now)

    async def hand_to_successor(payload: dict[str, Any], now: datetime) -> None:
        """What came back to a unit that is closed goes on with the one that took its place."""
        case = await case_queries.load_summary(payload["no"])
        successor = (await load_directory()).current(case.unit)
        if successor == case.unit:
            raise NotNow(no=case.no)
        await cases.act(case.no, Act.SUCCEED, SYSTEM, {"unit": successor, "from_unit": case.unit}, now=now)

    async def notify(event: str, payload: dict[str, Any], now: datetime) -> None:
        case = await case_queries.load_summary(payload["no"])
        if _is_stale(case, payload, now):
            raise NotNow(no=case.no)
        directory = await load_directory()
        barred_codes, is_report = list_barred_units(case, directory), case.kind is Kind.REPORT
        dates = render_moved_dates(payload.get("moved", ()))
        on_duty = await duty.list_on_duty(now)
        is_unattended = not on_duty and await duty.has_roster()
        notices = []
        holder = directory.short(case.unit or case.desk)
        for row in list_notice_rows(event):
            if row.only_urgent and not case.urgency:
                continue
            if row.only_headless and (not case.unit or await has_head(case.unit)):
                continue
            priority = (
                Priority.AT_ONCE
                if case.urgency
                else Priority.WORKING
                if is_report and row.push is Priority.DIGEST
                else row.push
            )
            for unit in await _list_recipients(row, case, payload, directory, on_duty):
                if unit in barred_codes:
                    continue
                about = payload.get("seq", payload.get("clock", payload.get("edition", "")))
                key = f"{event}:{payload['no']}:{about}:{row.audience}:{unit}"
                due = dates.get((row.audience, unit), "")
                words = render_notice(row, no=case.no, title=case.title, unit=holder, due=due, is_report=is_report)
                if row.only_urgent and row.audience is Audience.DESK and is_unattended:
                    words += NOBODY_ON_DUTY
                notices.append(PlannedNotice(key, case.no, event, row.audience, unit, words, priority, is_report))
        unit_name = directory.short(_find_named_unit(payload, case))
        if notice := await citizen_planning.plan_notice(event, payload, case, unit_name, texts, policy, now):
            notices.append(notice)
        await store_notices(notices, policy, now)

    async def warn(payload: dict[str, Any], now: datetime) -> None:
        await store_notices(await plan_warnings(payload["clocks"], policy, now), policy, now)

    def notifier(event: str) -> Handler:
        async def handler(payload: dict[str, Any], now: datetime) -> None:
            await notify(event, payload, now)

        return handler

    handlers_by_kind: dict[str, list[Handler]] = {
        event: [notifier(event)] for event in dict.fromkeys([*(row.event for row in NOTICES), *sorted(EVENTS)])
    }
    for event in ("case.submit", "case.classify", "case.review", "case.re_review"):
        handlers_by_kind.setdefault(event, []).append(assign)
    for event in ("case.return", "case.change_kind", "case.contest", "case.overturn", "case.unmerge"):
        handlers_by_kind.setdefault(event, []).append(assign_past_a_barred_desk)
    for act in (Act.ASSIGN, Act.REOPEN, Act.REDO, Act.ANSWER_MERGED):
        handlers_by_kind.setdefault(f"case.{act}", []).append(hand_to_successor)
    handlers_by_kind["clock.reached"] = [warn]
    handlers_by_kind["notice.send"] = [partial(send_all, send=send, channels=channels)]
    handlers_by_kind["notice.digest"] = [partial(digests.create_digests, policy=policy)]
    return handlers_by_kind


_ACTED = frozenset({Act.REPLY, Act.ACCEPT, Act.ASK, Act.RECTIFY, Act.EXPLAIN})
_NAMED = frozenset({Act.ASSIGN, Act.REDO, Act.SUCCEED, Act.ANSWER_MERGED})


def _find_named_unit(payload: Mapping[str, Any], case: CaseSummary) -> str:
    """The unit a notice to the citizen names: who did it, or whom the act names, also when the case went on meanwhile."""
    entry = next((e for e in case.entries if e.seq == payload.get("seq")), None)
    if entry is not None and entry.act in _ACTED:
        return entry.unit or case.unit or case.desk
    if entry is not None and entry.act in _NAMED:
        return str(entry.data.get("unit") or case.unit or case.desk)
    return case.unit or case.desk


def _is_stale(case: CaseSummary, payload: Mapping[str, Any], now: datetime) -> bool:
    """Nobody is notified today of what happened long ago, as in an imported history."""
    if "due" in payload:
        return now - from_millis(int(payload["due"])) > STALE_CLOCK
    entry = next((e for e in case.entries if e.seq == payload.get("seq")), None)
    if entry is None:
        return False
    is_history = entry.by_import or (entry.act == Act.SUBMIT and any(e.by_import for e in case.entries))
    return is_history or now - entry.at > STALE_ACT


async def _list_recipients(
    row: NoticeRow, case: CaseSummary, payload: Mapping[str, Any], directory: Directory, on_duty: Sequence[Duty]
) -> tuple[str, ...]:
    if "moved" in payload:  # only those whose own dates moved
        return tuple(unit for audience, unit in render_moved_dates(payload["moved"]) if audience is row.audience)
    match row.audience:
        case Audience.DESK:
            return (case.desk,)
        case Audience.UNIT | Audience.HEAD:
            entry = next((e for e in case.entries if e.seq == payload.get("seq")), None)
            if entry and entry.act == Act.CHANGE_KIND:
                return tuple(filter(None, {_find_former_unit(case, entry.seq)}))
            named = payload.get("unit") or (entry.data.get("addressee") if entry else "")
            if named:
                return (str(named),)
            return tuple(u for u in (case.unit, *await case_queries.list_co_units(case.no)) if u)
        case Audience.OVERSEER:
            return tuple(sorted({a.unit for a in await list_overseers() if _oversees(a, case)}))
        case Audience.ON_DUTY:
            units = tuple(dict.fromkeys(turn.unit for turn in on_duty))
            # Of a report nobody hears who could not open it; the desk that took it in is told by a row of its own.
            return tuple(unit for unit in units if unit == case.desk) if case.kind is Kind.REPORT else units
        case Audience.LIKELY:
            return list_likely_units(case, directory)
        case _:
            return ("",)


def _oversees(actor: Actor, case: CaseSummary) -> bool:
    """Whether somebody supervises whoever has the case, and may know of it."""
    is_open_to = actor.cleared or case.kind is not Kind.REPORT
    return is_open_to and access.unit_scope(actor).covers(case.unit or case.desk)


def _find_former_unit(case: CaseSummary, seq: int) -> str:
    """The unit that had the case before it was taken back with that entry; "" where none had.

    Once it is a report nobody is told that it is one: whom it accuses may be among them.
    """
    if case.kind is Kind.REPORT:
        return ""
    acts = [e for e in case.entries if e.seq < seq and e.act in (Act.ASSIGN, Act.RETURN, Act.CHANGE_KIND, Act.SUCCEED)]
    last = acts[-1] if acts else None
    return str(last.data["unit"]) if last and last.act in (Act.ASSIGN, Act.SUCCEED) else ""


async def plan_warnings(
    transitions: Iterable[Mapping[str, Any]], policy: DeliveryPolicy, now: datetime
) -> list[PlannedNotice]:
    """What is told of clocks that reached a stage, if they still run and nobody moved them meanwhile."""
    transitions_by_clock = {transition["clock"]: transition for transition in transitions}
    directory, supervisors = await load_directory(), await list_overseers()
    notices = list[PlannedNotice]()
    for clock in await case_statistics.load_running_clocks(sorted(transitions_by_clock)):
        transition = transitions_by_clock[clock["id"]]
        if to_millis(clock["due_at"]) == transition["due"] and now - clock["due_at"] <= STALE_CLOCK:
            notices += _plan_clock_warnings(
                clock, str(transition["before"]), str(transition["after"]), directory, supervisors, policy
            )
    return notices


def _plan_clock_warnings(
    clock: Mapping[str, Any],
    before: str,
    after: str,
    directory: Directory,
    supervisors: Sequence[Actor],
    policy: DeliveryPolicy,
) -> list[PlannedNotice]:
    is_report, urgency = bool(clock["confidential"]), int(clock["urgency"])
    units = [clock["unit"]] if clock["unit"] else [u for u in (clock["lead"] or clock["desk"], *clock["co"]) if u]
    barred_codes = frozenset[str]().union(*(directory.subtree(bar["unit"]) for bar in clock["bars"] if bar["unit"]))
    audience_units = {
        Audience.UNIT: units,
        Audience.HEAD: units,
        Audience.DESK: [clock["desk"]] if clock["desk"] not in units else [],
        Audience.OVERSEER: sorted({a.unit for a in supervisors if access.may_see(a, _clock_access(clock, units))}),
        Audience.SUPERIOR: [unit for unit in [directory.superior(units[0])] if unit],
        Audience.JOINT: [policy.joint_office],
    }
    words = {
        "no": clock["no"],
        "title": REPORT_TITLE if is_report else clock["title"],
        "unit": "承办单位" if is_report else directory.short(units[0]),
        "term": clock["label"],
        "length": clock["length"],
    }
    due = to_millis(clock["due_at"])
    return [
        PlannedNotice(
            f"clock.{after}:{clock['id']}:{due}:{rule.audience}:{unit}",
            clock["no"],
            f"clock.{after}",
            rule.audience,
            unit,
            escalation.render_warning(rule, after, **words),
            escalation.priority_of(rule, length=clock["length"], urgency=urgency, is_report=is_report),
            is_report,
            clock["id"],
            after,
        )
        for rule in escalation.rules_between(
            before, after, Profile(clock["profile"]), term=clock["term"], is_report=is_report
        )
        for unit in audience_units[rule.audience]
        if unit not in barred_codes
    ]


def _clock_access(clock: Mapping[str, Any], units: Iterable[str]) -> CaseAccess:
    return CaseAccess(
        no=clock["no"],
        confidential=bool(clock["confidential"]),
        desk=clock["desk"],
        lead=clock["lead"],
        held=frozenset(units),
        bars=frozenset(bar["unit"] for bar in clock["bars"] if bar["unit"]),
        recused=frozenset(bar["staff"] for bar in clock["bars"] if bar["staff"]),
    )
