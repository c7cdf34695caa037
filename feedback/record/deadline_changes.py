"""Deadlines changed by a new calendar edition: preview, apply and record them.

A change is recorded in the transaction that makes it, with the edition that is its cause, and announced by one message
per case. Whoever keeps the calendar may not know of reports (检举控告): those change too, but are not shown here.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import reduce
from operator import or_

from tortoise.expressions import F, Q, Subquery
from tortoise.queryset import QuerySet

from feedback.kernel import db, outbox
from feedback.kernel.clock import end_of_day
from feedback.kernel.errors import Conflict
from feedback.record import calendar_editions
from feedback.record.models.calendar import CalendarEdition, DeadlineChangeRow
from feedback.record.models.case import Case, Entry
from feedback.record.models.clocks import ClockRow
from feedback.record.persistence import clock_columns, sweep_columns, to_clock, to_clock_facts
from feedback.rules import projection
from feedback.rules.clocks import CaseEvent, Clock
from feedback.rules.imported_history import IMPORTER
from feedback.rules.projection import CaseProjection
from feedback.rules.read_models import DeadlineChangeView
from feedback.rules.terms import PERSONAL, Holder, TermUnit
from feedback.rules.vocabulary import Act
from feedback.rules.workdays import EVERY_DAY, Calendar, Editions

BATCH = 250
_RUNNING_LENGTHS = reduce(or_, [Q(length__endswith=unit.value) for unit in TermUnit if unit.runs])  # asks no calendar


@dataclass(frozen=True, slots=True)
class DeadlineChange:
    """A running deadline that another calendar ends on another day."""

    no: str
    term: str
    label: str
    seq: int
    holder: Holder
    unit: str  # whom the clock binds, or ""
    lead: str  # who has the case
    named: bool  # whether there is somebody to tell
    before: date
    after: date

    @property
    def is_personal(self) -> bool:
        """Whether it is the citizen's own date: what they were promised, or a limit they must keep."""
        return self.holder in PERSONAL


def compare_clocks(
    case: Case, stored_clocks: Iterable[Clock], computed_clocks: Iterable[Clock]
) -> list[DeadlineChange]:
    """The clocks of a case that are stored as an older edition counted them, and end on another day now."""
    clocks_by_key = {(c.term, c.seq, c.unit): c for c in computed_clocks}
    is_named = case.person_id is not None  # type: ignore[attr-defined] # added at run time
    changes = []
    for old in stored_clocks:
        new = clocks_by_key.get((old.term, old.seq, old.unit))
        if new is None or old.edition == new.edition or old.due_at == new.due_at:
            continue
        days = (old.due_legal_day, new.due_legal_day)
        lead = case.unit or case.desk
        changes.append(
            DeadlineChange(case.no, new.term, new.label, new.seq, new.holder, new.unit, lead, is_named, *days)
        )
    return changes


async def store_changes(pairs: Iterable[tuple[Case, Sequence[DeadlineChange]]], edition: str, now: datetime) -> None:
    """Write down what moved in these cases, and that people must be notified. Inside the transaction that moves it."""
    pairs = [(case, changes) for case, changes in pairs if changes]
    if not pairs:
        return
    row = await CalendarEdition.get(name=edition)
    await DeadlineChangeRow.bulk_create(
        [
            DeadlineChangeRow(
                edition_id=row.id,
                case_id=case.id,
                term=change.term,
                label=change.label,
                seq=change.seq,
                holder=change.holder.value,
                unit=change.unit,
                before_day=change.before,
                after_day=change.after,
                at=now,
            )
            for case, changes in pairs
            for change in changes
        ]
    )
    messages = [
        (
            f"{case.no}:{edition}",
            {"no": case.no, "edition": edition, "moved": [_to_payload(change) for change in changes]},
        )
        for case, changes in pairs
    ]
    await outbox.put_all("clock.moved", messages, now, outbox.MessagePriority.BULK)


def _to_payload(change: DeadlineChange) -> dict[str, str]:
    return {
        "label": change.label,
        "holder": change.holder.value,
        "unit": change.unit,
        "before": change.before.isoformat(),
        "after": change.after.isoformat(),
    }


async def list_case_changes(case_id: int) -> tuple[DeadlineChangeView, ...]:
    """What the calendar moved in a case, oldest first."""
    columns = ("edition__name", "edition__remark", "term", "label", "seq", "holder", "unit", "before_day", "after_day")
    rows = DeadlineChangeRow.filter(case_id=case_id).order_by("id")
    return tuple(
        DeadlineChangeView(name, remark, term, label, seq, Holder(holder), unit, before, after, at)
        for name, remark, term, label, seq, holder, unit, before, after, at in await rows.values_list(*columns, "at")
    )


async def preview_changes(calendar: Calendar, now: datetime) -> list[DeadlineChange]:
    """Every move a calendar would make if it took force now, in the order of the cases. Nothing is written."""
    editions = (await calendar_editions.load_editions()).followed_by(calendar, now)
    changes: list[DeadlineChange] = []
    async for batch in _affected_cases(editions, confidential=False):
        for case, case_projection, rows in await _project_cases(batch, editions):
            changes += compare_clocks(case, map(to_clock, rows), case_projection.clocks)
    return changes


async def list_edition_changes(edition: str) -> list[DeadlineChange]:
    """What an edition moved, in the order of the cases."""
    rows = DeadlineChangeRow.filter(edition__name=edition, case__confidential=False).order_by("case_id", "id")
    columns = ("case__no", "term", "label", "seq", "holder", "unit", "case__unit", "case__desk", "case__person_id")
    return [
        DeadlineChange(no, term, label, seq, Holder(holder), unit, lead or desk, person is not None, before, after)
        for no, term, label, seq, holder, unit, lead, desk, person, before, after in await rows.using_db(
            db.read_connection()
        ).values_list(*columns, "before_day", "after_day")
    ]


async def count_provisional() -> int:
    """How many clocks run to a day whose year has no notice yet."""
    rows = ClockRow.filter(stopped_at__isnull=True, provisional=True, case__confidential=False)
    return await rows.using_db(db.read_connection()).count()


async def is_up_to_date() -> bool:
    """Whether every clock that runs was counted by the newest edition."""
    return not await _stale_clocks(await calendar_editions.load_editions()).exists()


@dataclass(frozen=True, slots=True)
class DeadlineChangeCounts:
    """What moves, counted."""

    moves: int
    cases: int
    later: int
    earlier: int
    citizens: int  # who will be told, one notice each
    units: tuple[tuple[str, int, int], ...]  # unit, later, earlier; most first


def count_changes(changes: Sequence[DeadlineChange]) -> DeadlineChangeCounts:
    """How many dates move, which way, for how many people and for which units."""
    units: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for change in changes:
        units[change.unit or change.lead][change.after < change.before] += 1
    rows = sorted(((unit, later, earlier) for unit, (later, earlier) in units.items()), key=lambda r: -(r[1] + r[2]))
    earlier = sum(change.after < change.before for change in changes)
    return DeadlineChangeCounts(
        moves=len(changes),
        cases=len({change.no for change in changes}),
        later=len(changes) - earlier,
        earlier=earlier,
        citizens=len({change.no for change in changes if change.is_personal and change.named}),
        units=tuple(rows),
    )


async def recalculate_deadlines(now: datetime, most: int = 20) -> tuple[int, bool]:
    """Date the running clocks anew that an older edition than the newest counted, in at most so many batches.

    Returns how many cases moved, and whether none is left. May be run again at any time.
    """
    editions, count = await calendar_editions.load_editions(), 0
    await _relabel_unaffected(editions)
    async for batch in _affected_cases(editions):
        if most == 0:
            return count, False
        count, most = count + await _recalculate_batch(batch, editions, now), most - 1
    return count, True


async def find_pending_changes(case: Case, case_projection: CaseProjection, editions: Editions) -> list[DeadlineChange]:
    """What an act on a case moves by the way, because the calendar changed and the case was not recounted yet."""
    rows = await _stale_clocks(editions).filter(case_id=case.id)
    return compare_clocks(case, map(to_clock, rows), case_projection.clocks)


def find_resumed_changes(
    case: Case, history: Sequence[CaseEvent], before: CaseProjection, after: CaseProjection, editions: Editions
) -> list[DeadlineChange]:
    """What stood still while the calendar changed, runs again, and ends on another day than it did by the old one."""
    stopped_editions = {(c.term, c.seq, c.unit): c.edition for c in before.clocks if c.stopped_at is not None}
    resumed_clocks = [
        c
        for c in after.clocks
        if c.stopped_at is None and stopped_editions.get((c.term, c.seq, c.unit), c.edition) != c.edition
    ]
    changes = []
    for clock in resumed_clocks:
        older_editions = editions.up_to(stopped_editions[clock.term, clock.seq, clock.unit])
        old_clocks = projection.project(history, to_clock_facts(case), older_editions).clocks
        matching_clocks = [c for c in old_clocks if (c.term, c.seq, c.unit) == (clock.term, clock.seq, clock.unit)]
        changes += compare_clocks(case, matching_clocks, [clock])
    return changes


def _stale_clocks(editions: Editions) -> QuerySet[ClockRow]:
    """Clocks that run, or stopped under the newest edition, and were counted by an older one."""
    since, newest = editions.entries[-1]
    in_scope = Q(stopped_at__isnull=True) | Q(stopped_at__gt=since)
    return ClockRow.filter(in_scope).exclude(edition=newest.edition)


async def _affected_filters(editions: Editions) -> Mapping[str, Q]:
    """By the name of an older edition: which clocks that it counted may be counted otherwise by the newest."""
    filters = {}
    for name in await _stale_clocks(editions).distinct().values_list("edition", flat=True):
        span = editions.changed_since(str(name))
        later = Q(provisional=True)
        if span == EVERY_DAY:
            later |= Q(id__gt=0)
        elif span:
            # Up to the day it ended a clock may have counted the day, or rolled over it; days after it count nothing.
            later |= Q(due_legal_day__gte=span[0], starts_at__lt=end_of_day(span[1]))
        filters[str(name)] = Q(edition=name) & ~_RUNNING_LENGTHS & later
    return filters


async def _relabel_unaffected(editions: Editions) -> None:
    """What no changed day can reach is simply counted by the newest edition now, to the same date."""
    for name, affected in (await _affected_filters(editions)).items():
        affected_ids = _stale_clocks(editions).filter(affected).values("id")
        rows = _stale_clocks(editions).filter(edition=name).exclude(id__in=Subquery(affected_ids))
        await rows.update(edition=editions.newest.edition)


async def _affected_cases(editions: Editions, confidential: bool = True) -> AsyncIterator[list[Case]]:
    """Batches of the cases in which a running clock may be counted otherwise by the newest edition."""
    filters = await _affected_filters(editions)
    if not filters:
        return
    rows = _stale_clocks(editions).filter(reduce(or_, filters.values())).values("case_id")
    last_id = 0
    while True:
        cases = Case.filter(id__gt=last_id, id__in=Subquery(rows)).order_by("id").limit(BATCH)
        batch = await (cases if confidential else cases.filter(confidential=False))
        if not batch:
            return
        last_id = batch[-1].id
        yield batch


async def _project_cases(
    batch: Sequence[Case], editions: Editions
) -> list[tuple[Case, CaseProjection, list[ClockRow]]]:
    """Cases projected, each with the rows of its clocks that an older edition counted."""
    ids = [case.id for case in batch]
    histories: dict[int, list[CaseEvent]] = defaultdict(list)
    entries = Entry.filter(case_id__in=ids).order_by("seq")
    columns = ("case_id", "seq", "act", "at", "unit", "data", "actor")
    for case_id, seq, act, at, unit, data, actor in await entries.values_list(*columns):
        histories[case_id].append(CaseEvent(seq, Act(act), at, unit, data, actor == IMPORTER))
    rows: dict[int, list[ClockRow]] = defaultdict(list)
    for row in await _stale_clocks(editions).filter(case_id__in=ids):
        rows[row.case_id].append(row)  # type: ignore[attr-defined] # added at run time
    return [
        (case, projection.project(histories[case.id], to_clock_facts(case), editions), rows[case.id]) for case in batch
    ]


async def _recalculate_batch(batch: Sequence[Case], editions: Editions, now: datetime) -> int:
    """Date the running clocks of some cases anew, in one transaction. Returns in how many something moved."""
    case_changes: list[tuple[Case, list[DeadlineChange]]] = []
    changed_rows: list[ClockRow] = []
    unchanged_ids: list[int] = []
    for case, case_projection, rows in await _project_cases(batch, editions):
        clocks = {(c.term, c.seq, c.unit): c for c in case_projection.clocks}
        changes = compare_clocks(case, map(to_clock, rows), case_projection.clocks)
        redated_rows = [row for row in rows if _update_row(row, clocks.get((row.term, row.seq, row.unit)))]
        if redated_rows:
            case.update_from_dict(
                {"next_due_at": case_projection.next_due_at, "next_warn_at": case_projection.next_warn_at}
            )
            case_changes.append((case, changes))
            changed_rows += redated_rows
        unchanged_ids += [row.id for row in rows if row not in redated_rows]
    newest = editions.newest.edition
    try:
        async with db.transaction():
            await _bump_versions([case for case, _ in case_changes])
            await _stale_clocks(editions).filter(id__in=unchanged_ids).update(edition=newest)
            if case_changes:
                await ClockRow.bulk_update(changed_rows, _COLUMNS)
                await Case.bulk_update([case for case, _ in case_changes], ["next_due_at", "next_warn_at"])
            await store_changes(case_changes, newest, now)
    except Conflict:
        if len(batch) == 1:
            raise
        # Somebody did something to one of them meanwhile: each on its own, read anew.
        cases = await Case.filter(id__in=[case.id for case in batch]).order_by("id")
        return sum([await _recalculate_batch([case], editions, now) for case in cases])
    return sum(1 for _, changes in case_changes if changes)


_COLUMNS = (
    "due_raw_day",
    "due_legal_day",
    "warn_at",
    "due_at",
    "provisional",
    "edition",
    "stage",
    "look_at",
)


def _update_row(row: ClockRow, clock: Clock | None) -> bool:
    """Put the clock's dates into its row. Returns whether any is new: the name of the edition alone is none."""
    if clock is None or replace(clock, edition=row.edition) == to_clock(row):
        return False
    if row.due_at != clock.due_at:
        row.update_from_dict(sweep_columns(clock))
    row.update_from_dict(clock_columns(clock))
    return True


async def _bump_versions(batch: Sequence[Case]) -> None:
    """The compare-and-set over several cases.

    Raises Conflict when somebody else was faster at one of them.
    """
    if not batch:
        return
    versions: dict[int, list[int]] = defaultdict(list)
    for case in batch:
        versions[case.version].append(case.id)
    condition = reduce(or_, [Q(version=version, id__in=ids) for version, ids in versions.items()])
    if await Case.filter(condition).update(version=F("version") + 1) != len(batch):
        raise Conflict(table="Case")
