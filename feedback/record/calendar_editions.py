"""Which calendar holds now, which held before, and how does a new edition come about?

Editions are only ever added: each keeps the days it says anew and the digest of the one before, so that every
deadline can be counted again with the calendar it was counted with. The first is seeded from `chinesecalendar` (the
State Council's notices, 2004 up to the last announced year); an administrator adds the next when a notice is out.
A year without its notice is counted provisionally.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tortoise.exceptions import IntegrityError

from feedback.kernel import db, outbox
from feedback.kernel.clock import to_millis
from feedback.kernel.errors import Conflict, NotFound
from feedback.record.models.calendar import CalendarDraft, CalendarEdition, EditionDay
from feedback.rules.workdays import FIRST_YEAR, Calendar, DayRow, Editions, announced

_TICK = timedelta(milliseconds=1)
_LATER = timedelta(minutes=2)  # longer than any transaction may take
_MOST = 2**31  # the databases refuse to compare a larger number
_NONE = Editions.only(Calendar.of("none", date(FIRST_YEAR, 1, 1) - timedelta(days=1), ()))
_known: dict[tuple[int, str, int, str], Editions] = {}  # editions never change, so they are read once per process


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """What a new edition says: days unlike the plain week, days made plain again, and where it is written."""

    rows: tuple[DayRow, ...]
    plain: tuple[date, ...]
    announced_until: date
    source: str = ""
    remark: str = ""


async def current() -> Calendar:
    """The newest edition of the calendar."""
    return (await editions()).newest


async def editions() -> Editions:
    """All editions of the calendar, with the instant each took force."""
    newest = await CalendarEdition.all().order_by("-id").first()
    if newest is None:
        return _NONE
    key = (newest.id, newest.name, to_millis(newest.made_at), newest.digest)
    if key not in _known:
        _known[key] = await _read(newest.id)
    return _known[key]


async def _read(last: int) -> Editions:
    days: dict[int, list[EditionDay]] = {}
    for day in await EditionDay.filter(edition_id__lte=last):
        days.setdefault(day.edition_id, []).append(day)  # type: ignore[attr-defined] # added at run time
    held, rows = [], dict[date, DayRow]()
    for edition in await CalendarEdition.filter(id__lte=last).order_by("id"):
        for day in days.get(edition.id, ()):
            if day.is_workday is None:
                rows.pop(day.day, None)
            else:
                rows[day.day] = DayRow(day.day, bool(day.is_workday), day.name)
        held.append((edition.made_at, Calendar.of(edition.name, edition.announced_until, rows.values())))
    return Editions(tuple(held))


async def seed(now: datetime) -> bool:
    """Fill an empty calendar from the package. Returns whether it was empty."""
    if await CalendarEdition.exists():
        return False
    rows, last_year = announced()
    source = f"国务院办公厅通知（chinesecalendar {FIRST_YEAR}–{last_year}）"
    await _add(CalendarChange(tuple(rows), (), date(last_year, 12, 31), source), None, "system", now)
    return True


def changed(before: Calendar, what: CalendarChange) -> Calendar:
    """The calendar as it would be with the change in it."""
    kept = {day: row for day, row in before.rows.items() if day not in set(what.plain)}
    kept |= {row.day: row for row in what.rows}
    return Calendar.of("preview", what.announced_until, kept.values())


def back_to(before: Calendar, wanted: Calendar) -> CalendarChange:
    """The change that makes one calendar say what another says."""
    rows = [row for day, row in wanted.rows.items() if before.rows.get(day) != row]
    plain = [day for day in before.rows if day not in wanted.rows]
    return CalendarChange(tuple(rows), tuple(sorted(plain)), wanted.announced_until)


@dataclass(frozen=True, slots=True)
class PendingCalendarChange:
    """A change somebody looks at, and the edition it was made against. `edition`: what it has become, or ""."""

    id: int
    what: CalendarChange
    follows: str
    by: str
    edition: str


async def draft(what: CalendarChange, by: str, now: datetime, *, follows: str) -> int:
    """Keep a change to be looked at. Returns its number."""
    said = [[r.day.isoformat(), r.is_workday, r.name] for r in what.rows]
    row = await CalendarDraft.create(
        made_at=now,
        made_by=by,
        follows=follows,
        announced_until=what.announced_until,
        days=[*said, *([day.isoformat(), None, ""] for day in what.plain)],
        source=what.source,
        remark=what.remark,
    )
    number: int = row.id
    return number


async def draft_of(number: int) -> PendingCalendarChange:
    """A change that is looked at.

    Raises NotFound.
    """
    row = await CalendarDraft.get_or_none(id=number) if number < _MOST else None
    if row is None:
        raise NotFound(draft=number)
    days = [(date.fromisoformat(day), works, name) for day, works, name in row.days]
    rows = tuple(DayRow(day, works, name) for day, works, name in days if works is not None)
    plain = tuple(day for day, works, _ in days if works is None)
    what = CalendarChange(rows, plain, row.announced_until, row.source, row.remark)
    return PendingCalendarChange(row.id, what, row.follows, row.made_by, row.edition)


async def carry_out(number: int, by: str, now: datetime) -> str:
    """Make a change that was looked at, once. Returns the name of its edition, also the second time.

    Raises NotFound, or Conflict when the calendar changed after it was looked at.
    """
    looked_at = await draft_of(number)
    if looked_at.edition:
        return looked_at.edition
    return await change(looked_at.what, by, now, after=looked_at.follows, draft=number)


async def change(what: CalendarChange, by: str, now: datetime, *, after: str, draft: int = 0) -> str:
    """Add an edition to the calendar and have the running clocks counted anew by it. Returns its name.

    `after` is the name of the edition the change was made against. Raises Conflict when that is not the newest.
    """
    newest = await CalendarEdition.all().order_by("-id").first()
    if newest is None or newest.name != after:
        raise Conflict(code="calendar_changed", edition=newest.name if newest else "")
    try:
        return await _add(what, newest, by, max(now, newest.made_at + _TICK), draft)
    except IntegrityError as fault:  # somebody else's edition came first
        raise Conflict(code="calendar_changed") from fault


async def _add(what: CalendarChange, newest: CalendarEdition | None, by: str, now: datetime, draft: int = 0) -> str:
    name = f"{what.announced_until.year}-{(newest.id if newest else 0) + 1}"
    async with db.transaction():
        edition = await CalendarEdition.create(
            name=name,
            follows=newest.id if newest else None,
            announced_until=what.announced_until,
            made_at=now,
            made_by=by,
            remark=what.remark,
            source=what.source,
            digest=digest_of(newest.digest if newest else "", name, what, by, now),
        )
        said = [EditionDay(edition=edition, day=r.day, is_workday=r.is_workday, name=r.name) for r in what.rows]
        plain = [EditionDay(edition=edition, day=day, is_workday=None) for day in what.plain]
        await EditionDay.bulk_create([*said, *plain])
        if draft:
            await CalendarDraft.filter(id=draft).update(edition=name)
        if newest:
            await outbox.put("calendar.changed", name, {"edition": name}, now, outbox.Priority.BULK)
            # An act that was being written meanwhile may have counted by the edition before: look once more.
            await outbox.put(
                "calendar.changed",
                f"{name}:later",
                {"edition": name, "again": 1000},
                now + _LATER,
                outbox.Priority.BULK,
            )
    return name


def digest_of(before: str, name: str, what: CalendarChange, by: str, at: datetime) -> str:
    """SHA-256 over the digest of the edition before and everything this one says."""
    rows = sorted([r.day.isoformat(), r.is_workday, r.name] for r in what.rows)
    plain = sorted(day.isoformat() for day in what.plain)
    said = [before, name, what.announced_until.isoformat(), what.source, what.remark, by, to_millis(at), rows, plain]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


async def rewritten() -> list[str]:
    """Editions whose days are not those they were made with. Those made before digests were kept have none."""
    found, before = [], ""
    for row in await CalendarEdition.all().order_by("id"):
        days = await EditionDay.filter(edition_id=row.id)
        rows = tuple(DayRow(d.day, bool(d.is_workday), d.name) for d in days if d.is_workday is not None)
        plain = tuple(d.day for d in days if d.is_workday is None)
        what = CalendarChange(rows, plain, row.announced_until, row.source, row.remark)
        if row.digest and row.digest != digest_of(before, row.name, what, row.made_by, row.made_at):
            found.append(row.name)
        before = row.digest
    return found


@dataclass(frozen=True, slots=True)
class CalendarEditionView:
    """An edition as it is told of: what it says anew, who made it, and where it is written."""

    name: str
    made_at: datetime
    by: str
    announced_until: date
    source: str
    remark: str
    days: tuple[tuple[date, bool | None, str], ...]
    before: str  # the edition it follows, or ""
    is_newest: bool


async def edition_of(name: str) -> CalendarEditionView:
    """One edition.

    Raises NotFound.
    """
    row = await CalendarEdition.get_or_none(name=name)
    if row is None:
        raise NotFound(edition=name)
    days = await EditionDay.filter(edition_id=row.id).order_by("day").values_list("day", "is_workday", "name")
    held = [calendar.edition for _, calendar in (await editions()).held]
    at = held.index(name)
    said = tuple((day, None if works is None else bool(works), words) for day, works, words in days)
    return CalendarEditionView(
        name,
        row.made_at,
        row.made_by,
        row.announced_until,
        row.source,
        row.remark,
        said,
        held[at - 1] if at else "",
        at == len(held) - 1,
    )


async def editions_made() -> list[dict[str, Any]]:
    """Every edition, newest first: name, made_at, made_by, remark, source."""
    rows = CalendarEdition.all().order_by("-id")
    return list(await rows.values("name", "made_at", "made_by", "remark", "source"))


async def days_of(year: int) -> list[DayRow]:
    """The days of a year that differ from the plain week, as of now."""
    rows = (await current()).rows.values()
    return sorted((row for row in rows if row.day.year == year), key=lambda row: row.day)
