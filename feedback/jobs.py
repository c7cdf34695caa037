"""Timers and outbox handlers of the case file: overdue clocks, closing, recalculation, verification, deletion.

Each timer selects rows by a query, claims them by compare-and-set, and tells other packages by an outbox message.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from feedback.attachments import FileStore, upkeep
from feedback.kernel import db, outbox
from feedback.kernel.clock import from_millis, office_day, to_millis
from feedback.kernel.crypto import Vault
from feedback.kernel.db import M
from feedback.kernel.errors import Conflict, NotNow, Unavailable
from feedback.kernel.outbox import MessagePriority
from feedback.kernel.settings import Settings
from feedback.queries import statistics as case_statistics
from feedback.record import calendar_editions, cases, contact_preferences, deadline_changes, people, persistence
from feedback.record.models.case import Case, CasePerson, Entry, Person
from feedback.record.models.clocks import ClockRow
from feedback.rules import access, entry_texts, escalation_levels, projection
from feedback.rules.terms import DATA_TERMS, RIGHTS
from feedback.rules.vocabulary import Act, Kind, Status
from feedback.rules.workdays import Calendar

CLOCKS_DIFFER = "clocks_differ"
"""The code of a damage that a newer version may have caused, and a recalculation mends."""

_log = structlog.get_logger("feedback.jobs")
_BATCH = 500
_FEW = 10  # cases in which something is done, one transaction each
_CLOCKS_PER_MESSAGE = 100  # clocks of one message
_SENDERS_SPAN = timedelta(days=30)  # also after nights in which nobody forgot them


async def sweep_clocks(now: datetime) -> int:
    """Send a message for every clock that reached a further stage, each stage once. Returns how many."""
    count = 0
    while True:
        handed_over, is_done = await sweep_some_clocks(now)
        count += handed_over
        if is_done:
            return count


async def sweep_some_clocks(now: datetime) -> tuple[int, bool]:
    """Send messages for at most a batch of clocks that reached a further stage: how many, and whether none is left.

    A batch is one transaction: what is taken is handed over, and what moved meanwhile stays for the next look.
    """
    rows = await case_statistics.list_due_clocks(now, _BATCH)
    count = await _queue_transitions(rows, await calendar_editions.load_current_calendar(), now) if rows else 0
    return count, len(rows) < _BATCH


async def _queue_transitions(rows: Sequence[Mapping[str, Any]], calendar: Calendar, now: datetime) -> int:
    groups: dict[tuple[str, datetime | None, datetime], list[Mapping[str, Any]]] = {}
    for row in rows:
        run = escalation_levels.to_clock_run(row["warn_at"], row["due_legal_day"], row["due_at"], row["length"])
        stage, look_at = escalation_levels.find_level(run, calendar, now)
        groups.setdefault((stage, look_at, row["due_at"]), []).append(row)
    transitions = list[dict[str, Any]]()
    async with db.transaction():
        for (stage, look_at, due_at), group in groups.items():
            ids = [row["id"] for row in group]
            unchanged_rows = ClockRow.filter(id__in=ids, stopped_at__isnull=True, due_at=due_at, look_at__lte=now)
            await unchanged_rows.update(stage=stage, look_at=look_at)
            due = to_millis(due_at)
            transitions += [
                {"clock": row["id"], "no": row["no"], "before": row["stage"], "after": stage, "due": due}
                for row in group
                if row["stage"] != stage
            ]
        for offset in range(0, len(transitions), _CLOCKS_PER_MESSAGE):
            batch = transitions[offset : offset + _CLOCKS_PER_MESSAGE]
            key = f"{batch[0]['clock']}-{batch[-1]['clock']}:{to_millis(now)}"
            await outbox.put("clock.reached", key, {"clocks": batch}, now)
    return len(transitions)


async def close_after_rating_window(now: datetime, rating_days: int) -> int:
    """Close everything that was answered so long ago that the rating window is over. Returns how many."""
    count, position = 0, ""
    while True:
        closed, position = await close_some_rated_out(now, rating_days, position)
        count += closed
        if not position:
            return count


async def close_some_rated_out(now: datetime, rating_days: int, position: str) -> tuple[int, str]:
    """Look at a few answered cases from `position` on, the oldest answer first, and close those whose window is over.

    Not while the citizen may still ask for a review, nor while a report back is owed. What an import brought without
    the day of its answer comes last, by the day it was received. Returns how many were closed and where to go on, "" at
    the end.
    """
    before = now - timedelta(days=rating_days + 1)
    rows = Case.filter(status=Status.REPLIED.value, replied_at__lt=before).order_by("status", "replied_at", "id")
    is_undated, last = position.startswith(_UNDATED), position.removeprefix(_UNDATED)
    if is_undated:
        rows = Case.filter(status=Status.REPLIED.value, replied_at__isnull=True, received_at__lt=before)
        rows = rows.filter(id__gt=int(last)).order_by("id")
    else:
        rows = _after(rows, "replied_at", position)
    some = await rows.limit(_FEW).values("id", "no", "kind", "replied_at")
    running = ClockRow.filter(case_id__in=[row["id"] for row in some], stopped_at__isnull=True)
    open_rights = running.filter(Q(term__in=sorted(RIGHTS), due_at__gt=now) | Q(term="report_back"))
    waiting = set(await open_rights.values_list("case_id", flat=True)) if some else set()
    closed = 0
    for row in some:
        if row["id"] in waiting or row["kind"] == Kind.RECTIFY:
            continue
        closed += await _act_if_possible(row["no"], Act.CLOSE, "评价期满，系统办结", now)
    if is_undated:
        return closed, f"{_UNDATED}{some[-1]['id']}" if len(some) == _FEW else ""
    return closed, _position(some, "replied_at", _FEW) or f"{_UNDATED}0"


async def _act_if_possible(no: str, act: Act, reason: str, now: datetime) -> bool:
    """Take a step of the system in one case of many, and whether it was taken: none holds up those behind it.

    Not taken when somebody did something with the case just now, nor while this machine's clock is behind its last
    entry; then it is logged, and the next round looks at it again.
    """
    try:
        await cases.act(no, act, access.SYSTEM, {"reason": reason}, now=now)
    except (NotNow, Conflict):
        return False
    except Unavailable as fault:
        _log.error("a step of the system was put off", case=no, act=act.value, code=fault.code)
        return False
    return True


_UNDATED = "undated:"
"""Begins a position among the answers whose day nobody knows."""


def _after(rows: QuerySet[M], column: str, position: str) -> QuerySet[M]:
    """The rows behind a position, in the order of an instant and the id."""
    if not position:
        return rows
    millis, _, last = position.partition(":")
    at = from_millis(int(millis))
    later: dict[str, Any] = {f"{column}__gt": at}
    not_before: dict[str, Any] = {f"{column}__gte": at}
    return rows.filter(Q(**later) | Q(id__gt=int(last)), **not_before)


def _position(rows: Sequence[Mapping[str, Any]], column: str, limit: int) -> str:
    return f"{to_millis(rows[-1][column])}:{rows[-1]['id']}" if len(rows) == limit else ""


async def resume_or_remind_held(now: datetime) -> int:
    """See to all that is held on account (挂账). Returns how many were taken up."""
    count, last = 0, 0
    while True:
        taken, last = await tend_some_accounts(now, last)
        count += taken
        if not last:
            return count


async def tend_some_accounts(now: datetime, last: int) -> tuple[int, int]:
    """See to a few cases held on account (挂账): reminded of every week, and taken up again on their target day.

    `last`: the id of the case before, 0 at the beginning. Returns how many were taken up and the id to go on from, 0 at
    the end.
    """
    held = Case.filter(status=Status.HELD.value, id__gt=last).order_by("id").limit(_FEW)
    ids: list[int] = list(await held.values_list("id", flat=True))  # type: ignore[arg-type] # flat: no tuples
    running = ClockRow.filter(case_id__in=ids, term="on_account", stopped_at__isnull=True).order_by("id")
    taken = 0
    for row in await running.values("seq", "starts_at", "due_legal_day", no="case__no") if ids else ():
        if row["due_legal_day"] <= office_day(now):
            taken += await _act_if_possible(row["no"], Act.RESUME, "挂账到期，恢复办理", now)
        elif weeks := (now - row["starts_at"]).days // 7:
            await _queue_reminder(row["no"], f"{row['seq']}-{weeks}", now)
    return taken, ids[-1] if len(ids) == _FEW else 0


async def _queue_reminder(no: str, clock: str, now: datetime) -> None:
    key = f"{no}:{clock}"
    if not await outbox.Message.exists(kind="case.held", key=key):
        await outbox.put("case.held", key, {"no": no, "clock": clock, "due": to_millis(now)}, now, MessagePriority.BULK)


async def recalculate_after_calendar_change(payload: dict[str, Any], now: datetime) -> None:
    """Handler: the calendar changed, so what still runs is dated anew, some thousand cases at a time."""
    _, is_done = await deadline_changes.recalculate_deadlines(now)
    if not is_done:
        round_number = int(payload.get("again", 0)) + 1
        key = f"{payload['edition']}:{round_number}"
        await outbox.put("calendar.changed", key, {**payload, "again": round_number}, now, MessagePriority.BULK)


@dataclass(frozen=True, slots=True)
class Damage:
    """One place where the record is not what it should be.

    `where` and `what` are for logs; people read the sentence of `code` with `subject` (case number, name or id) and
    `place` (what `find_chain_break` returns).
    """

    where: str
    what: str
    code: str
    subject: str
    place: str = ""


async def opens(vault: Vault) -> bool:
    """Whether the newest person and the newest query code open under this secret. True when there is neither."""
    person = await Person.filter(forgotten_at__isnull=True).exclude(key="").order_by("-id").first()
    case = await Case.exclude(code="").order_by("-id").first()
    try:
        if person:
            vault.decrypt_for_person(person.key, person.name)
        if case:
            vault.decrypt_system(case.code)
    except ValueError:
        return False
    return True


async def find_damages(settings: Settings) -> AsyncIterator[Damage]:
    """Everything in the record that was changed behind its back: chain, foldings, attachments."""
    last_id = 0
    while rows := await Case.filter(id__gt=last_id).order_by("id").limit(_BATCH):
        last_id = rows[-1].id
        for case in rows:
            async for damage in _find_case_damages(case):
                yield damage
    for edition in await calendar_editions.list_altered_editions():
        yield Damage(
            f"calendar edition {edition}", "its days are not those it was made with", "edition_altered", edition
        )
    async for attachment in upkeep.list_damaged(FileStore.of(settings)):
        what = "bytes are missing, do not open, or do not match their digest"
        yield Damage(f"attachment {attachment}", what, "attachment_damaged", attachment)


async def _find_case_damages(case: Case) -> AsyncIterator[Damage]:
    entries = await Entry.filter(case_id=case.id).order_by("seq")
    if break_place := persistence.find_chain_break(case, entries):
        what = "the chain of digests is broken, or an entry is missing"
        yield Damage(f"case {case.no} {break_place}", what, "chain_broken", case.no, break_place)
        return
    data = entries[0].data
    words = (
        (entry_texts.ERASED_TITLE, "")
        if 1 in persistence.list_erased(entries)
        else (data.get("title"), data.get("text"))
    )
    if (case.title, case.text) != words:
        yield Damage(f"case {case.no}", "title or text is not what was handed in", "words_altered", case.no)
    case_projection, stored_clocks, _ = await case_statistics.load_projection(case.no)
    stored_times = {(c.term, c.seq, c.unit): (c.due_at, c.stopped_at) for c in stored_clocks}
    if stored_times != {(c.term, c.seq, c.unit): (c.due_at, c.stopped_at) for c in case_projection.clocks}:
        yield Damage(f"case {case.no}", "clocks are not what the entries and the calendar say", CLOCKS_DIFFER, case.no)
    if len(stored_clocks) != len(case_projection.clocks):
        yield Damage(
            f"case {case.no}", "there are more or fewer clocks than the entries say", "clocks_missing", case.no
        )
    if (case.status, case.unit, case.category) != (
        case_projection.state.status.value,
        case_projection.unit,
        case_projection.category,
    ):
        yield Damage(
            f"case {case.no}", "status, unit or category is not what the entries say", "state_differs", case.no
        )


async def list_erased_cases() -> AsyncIterator[tuple[str, int]]:
    """Number of every case whose texts and persons were erased, and the entry of the decision."""
    last_id = 0
    while (
        rows := await Entry.filter(act=Act.ERASE.value, id__gt=last_id)
        .order_by("id")
        .limit(_BATCH)
        .values("id", "seq", no="case__no")
    ):
        last_id = rows[-1]["id"]
        for row in rows:
            yield row["no"], row["seq"]


async def count_orphaned_clocks() -> int:
    """Running clocks of cases that ended, but for the days in which a person's request must be decided."""
    statuses = [s.value for s in projection.ENDED]
    return (
        await ClockRow.filter(stopped_at__isnull=True, case__status__in=statuses)
        .exclude(term__in=sorted(RIGHTS | DATA_TERMS))
        .count()
    )


async def forget_some_persons(now: datetime, retention_years: int, last: int) -> tuple[int, int]:
    """Look at some people from the id behind `last` on, and destroy the keys of those whose cases all ended long ago.

    Returns how many are forgotten and the id to go on from, 0 at the end.
    """
    before = now - timedelta(days=366 * retention_years)
    known = Person.filter(id__gt=last, forgotten_at__isnull=True).order_by("id").limit(_BATCH)
    ids: list[int] = list(await known.values_list("id", flat=True))  # type: ignore[arg-type] # flat: no tuples
    if not ids:
        return 0, 0
    ended_at: dict[int, list[datetime | None]] = {}
    for person, at in await Case.filter(person_id__in=ids).values_list("person_id", "closed_at"):
        ended_at.setdefault(person, []).append(at)
    for person, at in await CasePerson.filter(person_id__in=ids).values_list("person_id", "case__closed_at"):
        ended_at.setdefault(person, []).append(at)
    over = [person for person, times in ended_at.items() if all(at is not None and at < before for at in times)]
    subjects = {digest for digest in await Person.filter(id__in=over).values_list("phone_hash", flat=True) if digest}
    forgotten = await people.forget_persons(over, now)
    for subject in subjects:  # what they chose about notices goes with the last of their cases
        if not await Person.filter(phone_hash=subject).exists():
            await contact_preferences.delete_preference(str(subject))
    return forgotten, ids[-1] if len(ids) == _BATCH else 0


async def forget_senders(now: datetime) -> int:
    """Forget by what a resend is known once the day is over in which one resends. Returns how many."""
    count = 0
    while some := await forget_some_senders(now):
        count += some
    return count


async def forget_some_senders(now: datetime) -> int:
    """Forget at most a batch of what resends are known by. Returns how many: 0 when none is left."""
    old = {"received_at__lt": now - timedelta(days=1), "received_at__gte": now - _SENDERS_SPAN}
    ids = await Case.filter(**old).exclude(sender_hash="").limit(_BATCH).values_list("id", flat=True)
    return await Case.filter(id__in=list(ids)).update(sender_hash="") if ids else 0


async def current_edition_name() -> str:
    """The name of the calendar that holds now."""
    return (await calendar_editions.load_current_calendar()).edition
