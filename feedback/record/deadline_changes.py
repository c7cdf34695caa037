"""Which running deadlines does the calendar move, and who must know? Looked at beforehand, carried out, kept.

A move is recorded in the transaction that makes it, with the edition that is its cause, and told by one message per
case. Whoever keeps the calendar may not know of reports (检举控告): those move too, but are not told here.
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
from feedback.record.persistence import armed, clock_columns, clock_of, facts_of
from feedback.rules import projection
from feedback.rules.deadlines import CaseEvent, Clock
from feedback.rules.projection import CaseProjection
from feedback.rules.read_models import DeadlineChangeView
from feedback.rules.terms import PERSONAL, Holder, TermUnit
from feedback.rules.vocabulary import Act
from feedback.rules.workdays import EVERY_DAY, Calendar, Editions

BATCH = 250
_RUNS = reduce(or_, [Q(length__endswith=unit.value) for unit in TermUnit if unit.runs])  # asks no calendar


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


def between(case: Case, stored: Iterable[Clock], folded: Iterable[Clock]) -> list[DeadlineChange]:
    """The clocks of a case that are stored as an older edition counted them, and end on another day now."""
    now = {(c.term, c.seq, c.unit): c for c in folded}
    named = case.person_id is not None  # type: ignore[attr-defined] # added at run time
    moves = []
    for old in stored:
        new = now.get((old.term, old.seq, old.unit))
        if new is None or old.edition == new.edition or old.due_at == new.due_at:
            continue
        days = (old.due_legal_day, new.due_legal_day)
        lead = case.unit or case.desk
        moves.append(DeadlineChange(case.no, new.term, new.label, new.seq, new.holder, new.unit, lead, named, *days))
    return moves


async def keep(pairs: Iterable[tuple[Case, Sequence[DeadlineChange]]], edition: str, now: datetime) -> None:
    """Write down what moved in these cases, and that it must be told. Inside the transaction that moves it."""
    pairs = [(case, moves) for case, moves in pairs if moves]
    if not pairs:
        return
    row = await CalendarEdition.get(name=edition)
    await DeadlineChangeRow.bulk_create(
        [
            DeadlineChangeRow(
                edition_id=row.id,
                case_id=case.id,
                term=m.term,
                label=m.label,
                seq=m.seq,
                holder=m.holder.value,
                unit=m.unit,
                before_day=m.before,
                after_day=m.after,
                at=now,
            )
            for case, moves in pairs
            for m in moves
        ]
    )
    said = [
        (f"{case.no}:{edition}", {"no": case.no, "edition": edition, "moved": [_said(m) for m in moves]})
        for case, moves in pairs
    ]
    await outbox.put_all("clock.moved", said, now, outbox.Priority.BULK)


def _said(move: DeadlineChange) -> dict[str, str]:
    return {
        "label": move.label,
        "holder": move.holder.value,
        "unit": move.unit,
        "before": move.before.isoformat(),
        "after": move.after.isoformat(),
    }


async def of_case(case_id: int) -> tuple[DeadlineChangeView, ...]:
    """What the calendar moved in a case, oldest first."""
    columns = ("edition__name", "edition__remark", "term", "label", "seq", "holder", "unit", "before_day", "after_day")
    rows = DeadlineChangeRow.filter(case_id=case_id).order_by("id")
    return tuple(
        DeadlineChangeView(name, remark, term, label, seq, Holder(holder), unit, before, after, at)
        for name, remark, term, label, seq, holder, unit, before, after, at in await rows.values_list(*columns, "at")
    )


async def under(calendar: Calendar, now: datetime) -> list[DeadlineChange]:
    """Every move a calendar would make if it took force now, in the order of the cases. Nothing is written."""
    editions = (await calendar_editions.editions()).followed_by(calendar, now)
    moves: list[DeadlineChange] = []
    async for batch in _touched(editions, confidential=False):
        for case, folded, rows in await _folded(batch, editions):
            moves += between(case, map(clock_of, rows), folded.clocks)
    return moves


async def made_by(edition: str) -> list[DeadlineChange]:
    """What an edition moved, in the order of the cases."""
    rows = DeadlineChangeRow.filter(edition__name=edition, case__confidential=False).order_by("case_id", "id")
    columns = ("case__no", "term", "label", "seq", "holder", "unit", "case__unit", "case__desk", "case__person_id")
    return [
        DeadlineChange(no, term, label, seq, Holder(holder), unit, lead or desk, person is not None, before, after)
        for no, term, label, seq, holder, unit, lead, desk, person, before, after in await rows.using_db(
            db.reading()
        ).values_list(*columns, "before_day", "after_day")
    ]


async def provisional() -> int:
    """How many clocks run to a day whose year has no notice yet."""
    rows = ClockRow.filter(stopped_at__isnull=True, provisional=True, case__confidential=False)
    return await rows.using_db(db.reading()).count()


async def is_followed() -> bool:
    """Whether every clock that runs was counted by the newest edition."""
    return not await _stale(await calendar_editions.editions()).exists()


@dataclass(frozen=True, slots=True)
class DeadlineChangeCounts:
    """What moves, counted."""

    moves: int
    cases: int
    later: int
    earlier: int
    citizens: int  # who will be told, one notice each
    units: tuple[tuple[str, int, int], ...]  # unit, later, earlier; most first


def tally(moves: Sequence[DeadlineChange]) -> DeadlineChangeCounts:
    """How many dates move, which way, for how many people and for which units."""
    units: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for move in moves:
        units[move.unit or move.lead][move.after < move.before] += 1
    rows = sorted(((unit, later, earlier) for unit, (later, earlier) in units.items()), key=lambda r: -(r[1] + r[2]))
    earlier = sum(move.after < move.before for move in moves)
    return DeadlineChangeCounts(
        moves=len(moves),
        cases=len({move.no for move in moves}),
        later=len(moves) - earlier,
        earlier=earlier,
        citizens=len({move.no for move in moves if move.is_personal and move.named}),
        units=tuple(rows),
    )


async def recount(now: datetime, most: int = 20) -> tuple[int, bool]:
    """Date the running clocks anew that an older edition than the newest counted, in at most so many batches.

    Returns how many cases moved, and whether none is left. May be run again at any time.
    """
    editions, moved = await calendar_editions.editions(), 0
    await _rename_untouched(editions)
    async for batch in _touched(editions):
        if most == 0:
            return moved, False
        moved, most = moved + await _recounted(batch, editions, now), most - 1
    return moved, True


async def due_in(case: Case, folded: CaseProjection, editions: Editions) -> list[DeadlineChange]:
    """What an act on a case moves by the way, because the calendar changed and the case was not recounted yet."""
    rows = await _stale(editions).filter(case_id=case.id)
    return between(case, map(clock_of, rows), folded.clocks)


def woken(
    case: Case, history: Sequence[CaseEvent], before: CaseProjection, after: CaseProjection, editions: Editions
) -> list[DeadlineChange]:
    """What stood still while the calendar changed, runs again, and ends on another day than it did by the old one."""
    slept = {(c.term, c.seq, c.unit): c.edition for c in before.clocks if c.stopped_at is not None}
    awake = [
        c for c in after.clocks if c.stopped_at is None and slept.get((c.term, c.seq, c.unit), c.edition) != c.edition
    ]
    moves = []
    for clock in awake:
        older = editions.up_to(slept[clock.term, clock.seq, clock.unit])
        as_it_was = projection.project(history, facts_of(case), older).clocks
        same = [c for c in as_it_was if (c.term, c.seq, c.unit) == (clock.term, clock.seq, clock.unit)]
        moves += between(case, same, [clock])
    return moves


def _stale(editions: Editions) -> QuerySet[ClockRow]:
    """Clocks that run, or stopped under the newest edition, and were counted by an older one."""
    since, newest = editions.held[-1]
    under = Q(stopped_at__isnull=True) | Q(stopped_at__gt=since)
    return ClockRow.filter(under).exclude(edition=newest.edition)


async def _reach(editions: Editions) -> Mapping[str, Q]:
    """By the name of an older edition: which clocks that it counted may be counted otherwise by the newest."""
    found = {}
    for name in await _stale(editions).distinct().values_list("edition", flat=True):
        span = editions.changed_since(str(name))
        later = Q(provisional=True)
        if span == EVERY_DAY:
            later |= Q(id__gt=0)
        elif span:
            # Up to the day it ended a clock may have counted the day, or rolled over it; days after it count nothing.
            later |= Q(due_legal_day__gte=span[0], starts_at__lt=end_of_day(span[1]))
        found[str(name)] = Q(edition=name) & ~_RUNS & later
    return found


async def _rename_untouched(editions: Editions) -> None:
    """What no changed day can reach is simply counted by the newest edition now, to the same date."""
    for name, reach in (await _reach(editions)).items():
        reached = _stale(editions).filter(reach).values("id")
        rows = _stale(editions).filter(edition=name).exclude(id__in=Subquery(reached))
        await rows.update(edition=editions.newest.edition)


async def _touched(editions: Editions, confidential: bool = True) -> AsyncIterator[list[Case]]:
    """Batches of the cases in which a running clock may be counted otherwise by the newest edition."""
    reach = await _reach(editions)
    if not reach:
        return
    rows = _stale(editions).filter(reduce(or_, reach.values())).values("case_id")
    last = 0
    while True:
        cases = Case.filter(id__gt=last, id__in=Subquery(rows)).order_by("id").limit(BATCH)
        batch = await (cases if confidential else cases.filter(confidential=False))
        if not batch:
            return
        last = batch[-1].id
        yield batch


async def _folded(batch: Sequence[Case], editions: Editions) -> list[tuple[Case, CaseProjection, list[ClockRow]]]:
    """Cases folded, each with the rows of its clocks that an older edition counted."""
    ids = [case.id for case in batch]
    histories: dict[int, list[CaseEvent]] = defaultdict(list)
    entries = Entry.filter(case_id__in=ids).order_by("seq")
    for case_id, seq, act, at, unit, data in await entries.values_list("case_id", "seq", "act", "at", "unit", "data"):
        histories[case_id].append(CaseEvent(seq, Act(act), at, unit, data))
    rows: dict[int, list[ClockRow]] = defaultdict(list)
    for row in await _stale(editions).filter(case_id__in=ids):
        rows[row.case_id].append(row)  # type: ignore[attr-defined] # added at run time
    return [(case, projection.project(histories[case.id], facts_of(case), editions), rows[case.id]) for case in batch]


async def _recounted(batch: Sequence[Case], editions: Editions, now: datetime) -> int:
    """Date the running clocks of some cases anew, in one transaction. Returns in how many something moved."""
    taken: list[tuple[Case, list[DeadlineChange]]] = []
    changed: list[ClockRow] = []
    same: list[int] = []
    for case, folded, rows in await _folded(batch, editions):
        clocks = {(c.term, c.seq, c.unit): c for c in folded.clocks}
        moves = between(case, map(clock_of, rows), folded.clocks)
        fresh = [row for row in rows if _redated(row, clocks.get((row.term, row.seq, row.unit)))]
        if fresh:
            case.update_from_dict({"next_due_at": folded.next_due_at, "next_warn_at": folded.next_warn_at})
            taken.append((case, moves))
            changed += fresh
        same += [row.id for row in rows if row not in fresh]
    newest = editions.newest.edition
    try:
        async with db.transaction():
            await _take([case for case, _ in taken])
            await _stale(editions).filter(id__in=same).update(edition=newest)
            if taken:
                await ClockRow.bulk_update(changed, _COLUMNS)
                await Case.bulk_update([case for case, _ in taken], ["next_due_at", "next_warn_at"])
            await keep(taken, newest, now)
    except Conflict:
        if len(batch) == 1:
            raise
        # Somebody did something to one of them meanwhile: each on its own, read anew.
        again = await Case.filter(id__in=[case.id for case in batch]).order_by("id")
        return sum([await _recounted([case], editions, now) for case in again])
    return sum(1 for _, moves in taken if moves)


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


def _redated(row: ClockRow, clock: Clock | None) -> bool:
    """Put the clock's dates into its row. Returns whether any is new: the name of the edition alone is none."""
    if clock is None or replace(clock, edition=row.edition) == clock_of(row):
        return False
    if row.due_at != clock.due_at:
        row.update_from_dict(armed(clock))
    row.update_from_dict(clock_columns(clock))
    return True


async def _take(batch: Sequence[Case]) -> None:
    """The compare-and-set over several cases.

    Raises Conflict when somebody else was faster at one of them.
    """
    if not batch:
        return
    versions: dict[int, list[int]] = defaultdict(list)
    for case in batch:
        versions[case.version].append(case.id)
    asked = reduce(or_, [Q(version=version, id__in=ids) for version, ids in versions.items()])
    if await Case.filter(asked).update(version=F("version") + 1) != len(batch):
        raise Conflict(table="Case")
