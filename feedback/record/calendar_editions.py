"""Editions of the working calendar: load, draft, check and put in force.

Editions are only ever added: each keeps the days it says anew and the digest of the one before, so that every
deadline can be counted again with the calendar it was counted with. The first is seeded from `chinesecalendar` (the
State Council's notices, 2004 up to the last announced year); an administrator adds the next when a notice is out.
A year without its notice is counted provisionally, with the days off of the law itself. Editions of before that rule
say so (`has_statutory_days`) and are counted as they were; `seed_calendar` lets a new one follow them.
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
_RECHECK_DELAY = timedelta(minutes=2)  # longer than any transaction may take
_STATUTORY_SOURCE = "全国年节及纪念日放假办法（国务院令第795号）"
_MAX_ID = 2**31  # the databases refuse to compare a larger number
_NO_EDITIONS = Editions.only(Calendar.of("none", date(FIRST_YEAR, 1, 1) - timedelta(days=1), ()))
_cache: dict[tuple[int, str, int, str], Editions] = {}  # editions never change, so they are read once per process


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """What a new edition says: days unlike the plain week, days made plain again, and where it is written."""

    rows: tuple[DayRow, ...]
    plain: tuple[date, ...]
    announced_until: date
    source: str = ""
    remark: str = ""


async def load_current_calendar() -> Calendar:
    """The newest edition of the calendar."""
    return (await load_editions()).newest


async def load_editions() -> Editions:
    """All editions of the calendar, with the instant each took force."""
    newest = await CalendarEdition.all().order_by("-id").first()
    if newest is None:
        return _NO_EDITIONS
    key = (newest.id, newest.name, to_millis(newest.made_at), newest.digest)
    if key not in _cache:
        _cache[key] = await _load_editions(newest.id)
    return _cache[key]


async def _load_editions(last_id: int) -> Editions:
    days: dict[int, list[EditionDay]] = {}
    for day in await EditionDay.filter(edition_id__lte=last_id):
        days.setdefault(day.edition_id, []).append(day)  # type: ignore[attr-defined] # added at run time
    calendars, rows = [], dict[date, DayRow]()
    for edition in await CalendarEdition.filter(id__lte=last_id).order_by("id"):
        for day in days.get(edition.id, ()):
            if day.is_workday is None:
                rows.pop(day.day, None)
            else:
                rows[day.day] = DayRow(day.day, bool(day.is_workday), day.name)
        calendar = Calendar.of(edition.name, edition.announced_until, rows.values(), bool(edition.has_statutory_days))
        calendars.append((edition.made_at, calendar))
    return Editions(tuple(calendars))


async def seed_calendar(now: datetime) -> bool:
    """Fill an empty calendar from the package, or add the days off of the law to one that is without them.

    Such an edition moves running deadlines like any other: with a record, and a notice to whom it concerns. Returns
    whether the calendar was empty.
    """
    if newest := await CalendarEdition.all().order_by("-id").first():
        if not newest.has_statutory_days:
            await _add_statutory_days(newest, now)
        return False
    rows, last_year = announced()
    source = f"国务院办公厅通知（chinesecalendar {FIRST_YEAR}–{last_year}）"
    await _insert_edition(CalendarChange(tuple(rows), (), date(last_year, 12, 31), source), None, "system", now)
    return True


async def _add_statutory_days(newest: CalendarEdition, now: datetime) -> None:
    calendar_change = CalendarChange((), (), newest.announced_until, _STATUTORY_SOURCE)
    try:
        await _insert_edition(calendar_change, newest, "system", max(now, newest.made_at + _TICK))
    except IntegrityError:  # another process, or somebody's own edition, came first: it has them as well
        return


def apply_change(before: Calendar, calendar_change: CalendarChange) -> Calendar:
    """The calendar as it would be with the change in it."""
    rows = {day: row for day, row in before.rows.items() if day not in set(calendar_change.plain)}
    rows |= {row.day: row for row in calendar_change.rows}
    return Calendar.of("preview", calendar_change.announced_until, rows.values())


def diff_calendars(before: Calendar, target: Calendar) -> CalendarChange:
    """The change that makes one calendar say what another says."""
    rows = [row for day, row in target.rows.items() if before.rows.get(day) != row]
    plain = [day for day in before.rows if day not in target.rows]
    return CalendarChange(tuple(rows), tuple(sorted(plain)), target.announced_until)


@dataclass(frozen=True, slots=True)
class PendingCalendarChange:
    """A change somebody looks at, and the edition it was made against. `edition`: what it has become, or ""."""

    id: int
    what: CalendarChange
    follows: str
    by: str
    edition: str


async def store_draft(calendar_change: CalendarChange, author: str, now: datetime, *, follows: str) -> int:
    """Keep a change to be looked at. Returns its number."""
    changed_days = [[r.day.isoformat(), r.is_workday, r.name] for r in calendar_change.rows]
    row = await CalendarDraft.create(
        made_at=now,
        made_by=author,
        follows=follows,
        announced_until=calendar_change.announced_until,
        days=[*changed_days, *([day.isoformat(), None, ""] for day in calendar_change.plain)],
        source=calendar_change.source,
        remark=calendar_change.remark,
    )
    number: int = row.id
    return number


async def load_draft(number: int) -> PendingCalendarChange:
    """A change that is looked at.

    Raises NotFound.
    """
    row = await CalendarDraft.get_or_none(id=number) if number < _MAX_ID else None
    if row is None:
        raise NotFound(draft=number)
    days = [(date.fromisoformat(day), is_workday, name) for day, is_workday, name in row.days]
    rows = tuple(DayRow(day, is_workday, name) for day, is_workday, name in days if is_workday is not None)
    plain = tuple(day for day, is_workday, _ in days if is_workday is None)
    calendar_change = CalendarChange(rows, plain, row.announced_until, row.source, row.remark)
    return PendingCalendarChange(row.id, calendar_change, row.follows, row.made_by, row.edition)


async def apply_draft(number: int, author: str, now: datetime) -> str:
    """Make a change that was looked at, once. Returns the name of its edition, also the second time.

    Raises NotFound, or Conflict when the calendar changed after it was looked at.
    """
    pending_change = await load_draft(number)
    if pending_change.edition:
        return pending_change.edition
    return await add_edition(pending_change.what, author, now, after=pending_change.follows, draft_id=number)


async def add_edition(
    calendar_change: CalendarChange, author: str, now: datetime, *, after: str, draft_id: int = 0
) -> str:
    """Add an edition to the calendar and have the running clocks counted anew by it. Returns its name.

    `after` is the name of the edition the change was made against. Raises Conflict when that is not the newest.
    """
    newest = await CalendarEdition.all().order_by("-id").first()
    if newest is None or newest.name != after:
        raise Conflict(code="calendar_changed", edition=newest.name if newest else "")
    try:
        return await _insert_edition(calendar_change, newest, author, max(now, newest.made_at + _TICK), draft_id)
    except IntegrityError as fault:  # somebody else's edition came first
        raise Conflict(code="calendar_changed") from fault


async def _insert_edition(
    calendar_change: CalendarChange, newest: CalendarEdition | None, author: str, now: datetime, draft_id: int = 0
) -> str:
    name = f"{calendar_change.announced_until.year}-{(newest.id if newest else 0) + 1}"
    async with db.transaction():
        edition = await CalendarEdition.create(
            name=name,
            follows=newest.id if newest else None,
            announced_until=calendar_change.announced_until,
            made_at=now,
            made_by=author,
            remark=calendar_change.remark,
            source=calendar_change.source,
            has_statutory_days=True,
            digest=compute_digest(newest.digest if newest else "", name, calendar_change, author, now, True),
        )
        changed_days = [
            EditionDay(edition=edition, day=r.day, is_workday=r.is_workday, name=r.name) for r in calendar_change.rows
        ]
        plain_days = [EditionDay(edition=edition, day=day, is_workday=None) for day in calendar_change.plain]
        await EditionDay.bulk_create([*changed_days, *plain_days])
        if draft_id:
            await CalendarDraft.filter(id=draft_id).update(edition=name)
        if newest:
            await outbox.put("calendar.changed", name, {"edition": name}, now, outbox.MessagePriority.BULK)
            # An act that was being written meanwhile may have counted by the edition before: look once more.
            await outbox.put(
                "calendar.changed",
                f"{name}:later",
                {"edition": name, "again": 1000},
                now + _RECHECK_DELAY,
                outbox.MessagePriority.BULK,
            )
    return name


def compute_digest(
    before: str, name: str, calendar_change: CalendarChange, author: str, at: datetime, has_statutory_days: bool
) -> str:
    """SHA-256 over the digest of the edition before and everything this one says."""
    rows = sorted([r.day.isoformat(), r.is_workday, r.name] for r in calendar_change.rows)
    plain = sorted(day.isoformat() for day in calendar_change.plain)
    payload = [
        before,
        name,
        calendar_change.announced_until.isoformat(),
        calendar_change.source,
        calendar_change.remark,
        author,
        to_millis(at),
        rows,
        plain,
        *(["statutory"] if has_statutory_days else []),  # editions made before there was such a rule keep their digest
    ]
    return hashlib.sha256(json.dumps(payload, ensure_ascii=False).encode()).hexdigest()


async def list_altered_editions() -> list[str]:
    """Editions whose days are not those they were made with. Those made before digests were kept have none."""
    names, before = [], ""
    for row in await CalendarEdition.all().order_by("id"):
        days = await EditionDay.filter(edition_id=row.id)
        rows = tuple(DayRow(d.day, bool(d.is_workday), d.name) for d in days if d.is_workday is not None)
        plain = tuple(d.day for d in days if d.is_workday is None)
        calendar_change = CalendarChange(rows, plain, row.announced_until, row.source, row.remark)
        digest = compute_digest(
            before, row.name, calendar_change, row.made_by, row.made_at, bool(row.has_statutory_days)
        )
        if row.digest and row.digest != digest:
            names.append(row.name)
        before = row.digest
    return names


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


async def load_edition(name: str) -> CalendarEditionView:
    """One edition.

    Raises NotFound.
    """
    row = await CalendarEdition.get_or_none(name=name)
    if row is None:
        raise NotFound(edition=name)
    days = await EditionDay.filter(edition_id=row.id).order_by("day").values_list("day", "is_workday", "name")
    edition_names = [calendar.edition for _, calendar in (await load_editions()).entries]
    position = edition_names.index(name)
    day_rows = tuple((day, None if is_workday is None else bool(is_workday), words) for day, is_workday, words in days)
    return CalendarEditionView(
        name,
        row.made_at,
        row.made_by,
        row.announced_until,
        row.source,
        row.remark,
        day_rows,
        edition_names[position - 1] if position else "",
        position == len(edition_names) - 1,
    )


async def list_editions() -> list[dict[str, Any]]:
    """Every edition, newest first: name, made_at, made_by, remark, source."""
    rows = CalendarEdition.all().order_by("-id")
    return list(await rows.values("name", "made_at", "made_by", "remark", "source"))


async def list_days(year: int) -> list[DayRow]:
    """The days of a year that differ from the plain week, as of now."""
    rows = (await load_current_calendar()).rows.values()
    return sorted((row for row in rows if row.day.year == year), key=lambda row: row.day)
