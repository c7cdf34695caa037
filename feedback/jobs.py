"""What does the case file do by itself? Finding clocks that ran out, closing, recounting, proving, forgetting.

Timers find and hand over: the query narrows, a compare-and-set takes, the message tells the rest of the house.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tortoise.expressions import Q, Subquery

from feedback import attachments
from feedback.kernel import db, outbox
from feedback.kernel.clock import office_day, to_millis
from feedback.kernel.errors import Conflict, NotNow
from feedback.queries import statistics as case_statistics
from feedback.record import calendar_editions, cases, deadline_changes, persistence
from feedback.record.models.case import Case, CasePerson, Entry, Person
from feedback.record.models.clocks import ClockRow
from feedback.rules import access, escalation_levels, projection
from feedback.rules.terms import RIGHTS
from feedback.rules.vocabulary import Act, Kind, Status
from feedback.rules.workdays import Calendar

CLOCKS_DIFFER = "clocks_differ"
"""The code of a damage that a newer version may have caused, and a recalculation mends."""

_BATCH = 500
_TOGETHER = 100  # clocks of one message


async def sweep_clocks(now: datetime) -> int:
    """Hand over each clock that reached a further stage, each stage once. Returns how many.

    A batch is one transaction: what is taken is handed over, and what moved meanwhile stays for the next look.
    """
    calendar, told = await calendar_editions.current(), 0
    while rows := await case_statistics.due_looks(now, _BATCH):
        told += await _handed_over(rows, calendar, now)
    return told


async def _handed_over(rows: Sequence[Mapping[str, Any]], calendar: Calendar, now: datetime) -> int:
    groups: dict[tuple[str, datetime | None, datetime], list[Mapping[str, Any]]] = {}
    for row in rows:
        run = escalation_levels.run_of(row["warn_at"], row["due_legal_day"], row["due_at"], row["length"])
        stage, look_at = escalation_levels.reached(run, calendar, now)
        groups.setdefault((stage, look_at, row["due_at"]), []).append(row)
    told = list[dict[str, Any]]()
    async with db.transaction():
        for (stage, look_at, due_at), group in groups.items():
            ids = [row["id"] for row in group]
            untouched = ClockRow.filter(id__in=ids, stopped_at__isnull=True, due_at=due_at, look_at__lte=now)
            await untouched.update(stage=stage, look_at=look_at)
            due = to_millis(due_at)
            told += [
                {"clock": row["id"], "no": row["no"], "before": row["stage"], "after": stage, "due": due}
                for row in group
                if row["stage"] != stage
            ]
        for at in range(0, len(told), _TOGETHER):
            part = told[at : at + _TOGETHER]
            key = f"{part[0]['clock']}-{part[-1]['clock']}:{to_millis(now)}"
            await outbox.put("clock.reached", key, {"clocks": part}, now)
    return len(told)


async def close_rated_out(now: datetime, rating_days: int) -> int:
    """Close what was answered so long ago that the rating window is over. Returns how many.

    Not while the citizen may still ask for a review, nor while a report back is owed.
    """
    before = now - timedelta(days=rating_days + 1)
    rights = ClockRow.filter(stopped_at__isnull=True, term__in=sorted(RIGHTS), due_at__gt=now).values("case_id")
    owed = ClockRow.filter(stopped_at__isnull=True, term="report_back").values("case_id")
    rows = Case.filter(status=Status.REPLIED.value, replied_at__lt=before).exclude(kind=Kind.RECTIFY.value)
    rows = rows.exclude(Q(id__in=Subquery(rights)) | Q(id__in=Subquery(owed)))
    closed = 0
    for no in await rows.limit(_BATCH).values_list("no", flat=True):
        try:
            await cases.act(str(no), Act.CLOSE, access.SYSTEM, {"reason": "评价期满，系统办结"}, now=now)
            closed += 1
        except (NotNow, Conflict):
            continue  # somebody did something with it just now, so it is not over
    return closed


async def tend_accounts(now: datetime) -> int:
    """See to what is held on account (挂账): reminded of every week, and taken up again on its target day.

    Returns how many were taken up.
    """
    running = ClockRow.filter(term="on_account", stopped_at__isnull=True).order_by("id")
    taken = 0
    for row in await running.values("seq", "starts_at", "due_legal_day", no="case__no"):
        if row["due_legal_day"] <= office_day(now):
            with contextlib.suppress(NotNow, Conflict):  # somebody was faster
                await cases.act(row["no"], Act.RESUME, access.SYSTEM, {"reason": "挂账到期，恢复办理"}, now=now)
                taken += 1
        elif weeks := (now - row["starts_at"]).days // 7:
            await _remind(row["no"], f"{row['seq']}-{weeks}", now)
    return taken


async def _remind(no: str, what: str, now: datetime) -> None:
    key = f"{no}:{what}"
    if not await outbox.Message.exists(kind="case.held", key=key):
        await outbox.put("case.held", key, {"no": no, "clock": what, "due": to_millis(now)}, now)


async def recount_all(payload: dict[str, Any], now: datetime) -> None:
    """Handler: the calendar changed, so what still runs is dated anew, some thousand cases at a time."""
    _, is_done = await deadline_changes.recount(now)
    if not is_done:
        again = int(payload.get("again", 0)) + 1
        await outbox.put("calendar.changed", f"{payload['edition']}:{again}", {**payload, "again": again}, now)


@dataclass(frozen=True, slots=True)
class Damage:
    """One place where the record is not what it should be."""

    where: str
    what: str
    code: str = ""


async def damages(data: Path) -> AsyncIterator[Damage]:
    """Everything in the record that was changed behind its back: chain, foldings, attachments."""
    last = 0
    while rows := await Case.filter(id__gt=last).order_by("id").limit(_BATCH):
        last = rows[-1].id
        for case in rows:
            async for damage in _damages_of(case):
                yield damage
    for edition in await calendar_editions.rewritten():
        yield Damage(f"calendar edition {edition}", "its days are not those it was made with")
    for attachment in await attachments.damaged(data):
        yield Damage(f"attachment {attachment}", "bytes are missing or do not match their digest")


async def _damages_of(case: Case) -> AsyncIterator[Damage]:
    entries = await Entry.filter(case_id=case.id).order_by("seq")
    if place := persistence.breaks_at(case, entries):
        yield Damage(f"case {case.no} {place}", "the chain of digests is broken, or an entry is missing")
        return
    said = entries[0].data
    if (case.title, case.text) != (said.get("title"), said.get("text")):
        yield Damage(f"case {case.no}", "title or text is not what was handed in")
    folded, stored, _ = await case_statistics.folded(case.no)
    kept = {(c.term, c.seq, c.unit): (c.due_at, c.stopped_at) for c in stored}
    if kept != {(c.term, c.seq, c.unit): (c.due_at, c.stopped_at) for c in folded.clocks}:
        yield Damage(f"case {case.no}", "clocks are not what the entries and the calendar say", CLOCKS_DIFFER)
    if len(stored) != len(folded.clocks):
        yield Damage(f"case {case.no}", "there are more or fewer clocks than the entries say")
    if (case.status, case.unit, case.category) != (folded.state.status.value, folded.unit, folded.category):
        yield Damage(f"case {case.no}", "status, unit or category is not what the entries say")


async def orphaned_clocks() -> int:
    """Running clocks of cases that ended."""
    ended = [s.value for s in projection.ENDED]
    return (
        await ClockRow.filter(stopped_at__isnull=True, case__status__in=ended).exclude(term__in=sorted(RIGHTS)).count()
    )


async def forget_persons(now: datetime, retention_years: int) -> int:
    """Destroy the keys of people whose cases all ended long ago. Returns how many people are forgotten."""
    before = now - timedelta(days=366 * retention_years)
    recent = (
        await Case.filter(person_id__isnull=False, closed_at__lt=before, person__forgotten_at__isnull=True)
        .limit(_BATCH)
        .values_list("person_id", flat=True)
    )
    beside = await CasePerson.filter(case__closed_at__lt=before, person__forgotten_at__isnull=True).limit(_BATCH)
    recent += [row.person_id for row in beside]  # type: ignore[attr-defined] # added at run time
    empty = {"key": "", "name": "", "phone": "", "id_number": "", "address": "", "phone_hash": "", "id_hash": ""}
    return await Person.filter(id__in=list(recent), forgotten_at__isnull=True).update(
        **empty, tail_hash="", name_hash="", forgotten_at=now
    )


async def forget_senders(now: datetime) -> int:
    """Forget by what a resend is known once the day is over in which one resends. Returns how many."""
    old = {"received_at__lt": now - timedelta(days=1), "received_at__gte": now - timedelta(days=8)}
    return await Case.filter(**old).exclude(sender_hash="").update(sender_hash="")


async def calendar_edition() -> str:
    """The name of the calendar that holds now."""
    return (await calendar_editions.current()).edition
