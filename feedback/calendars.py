"""Which calendar holds now, and how does a new edition of it come about?

The table is seeded from `chinesecalendar` (the State Council's notices, 2004 up to the last announced year) and
edited by an administrator when next year's notice is out. A year without its notice is counted provisionally.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import chinese_calendar

from feedback.kernel import db
from feedback.kernel.clock import to_millis
from feedback.models import CalendarDay, CalendarEdition
from feedback.workdays import Calendar, DayRow

FIRST_YEAR = 2004
_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利70周年纪念日",
}
_WEEKEND = 5
_known: dict[tuple[str, int], Calendar] = {}  # editions never change, so they are read once per process


async def current() -> Calendar:
    """The newest edition of the calendar."""
    newest = await CalendarEdition.all().order_by("-id").first()
    if newest is None:
        return Calendar.of("none", date(FIRST_YEAR, 1, 1) - timedelta(days=1), ())
    key = (newest.name, to_millis(newest.made_at))
    if key not in _known:
        days = await CalendarDay.all()
        rows = [DayRow(row.day, row.is_workday, row.name) for row in days]
        _known[key] = Calendar.of(newest.name, newest.announced_until, rows)
    return _known[key]


async def seed(now: datetime) -> bool:
    """Fill an empty calendar from the package. Returns whether it was empty."""
    if await CalendarEdition.exists():
        return False
    rows, last_year = announced()
    async with db.transaction():
        edition = CalendarEdition(
            name=f"{last_year}-1", announced_until=date(last_year, 12, 31), made_at=now, made_by="system"
        )
        await edition.save()
        source = f"国务院办公厅通知(chinesecalendar {FIRST_YEAR}-{last_year})"
        await CalendarDay.bulk_create(
            [CalendarDay(day=r.day, is_workday=r.is_workday, name=r.name, source=source) for r in rows]
        )
    return True


def package() -> Calendar:
    """The calendar as announced, without a database: for the command line."""
    rows, last_year = announced()
    return Calendar.of(f"{last_year}-1", date(last_year, 12, 31), rows)


async def replace_days(rows: Iterable[DayRow], announced_until: date, by: str, remark: str, now: datetime) -> str:
    """Put days into the calendar as a new edition (e.g. next year's notice). Returns the edition's name.

    Running clocks are folded anew by the job `recount`, which the caller asks for.
    """
    async with db.transaction():
        edition = await CalendarEdition.create(
            name=f"{announced_until.year}-{to_millis(now)}",
            announced_until=announced_until,
            made_at=now,
            made_by=by,
            remark=remark,
        )
        for row in rows:
            known = {"is_workday": row.is_workday, "name": row.name, "source": f"{by} {remark}"[:80]}
            await CalendarDay.update_or_create(day=row.day, defaults=known)
    return edition.name


async def drop_days(days: Iterable[date]) -> None:
    """Make days plain again: weekdays work, weekends do not. Call before `replace_days` makes the edition."""
    await CalendarDay.filter(day__in=list(days)).delete()


async def days_of(year: int) -> list[DayRow]:
    """The days of a year that differ from the plain week."""
    rows = await CalendarDay.filter(day__gte=date(year, 1, 1), day__lte=date(year, 12, 31)).order_by("day")
    return [DayRow(row.day, row.is_workday, row.name) for row in rows]


def announced() -> tuple[list[DayRow], int]:
    """Every announced day that differs from the plain week, and the last announced year."""
    rows: list[DayRow] = []
    day = date(FIRST_YEAR, 1, 1)
    while True:
        try:
            is_off, english = chinese_calendar.get_holiday_detail(day)
        except NotImplementedError:
            return rows, day.year - 1
        weekend = day.weekday() >= _WEEKEND
        if (is_off and english) or is_off != weekend:
            rows.append(DayRow(day, not is_off, _NAMES.get(english or "", "节假日")))
        day += timedelta(days=1)
