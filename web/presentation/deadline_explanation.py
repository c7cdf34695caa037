"""How was a deadline counted? Every day from the event to the last day: whether it counts, and why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from feedback.kernel.clock import office_day
from feedback.rules.deadlines import Clock, compute_due_days
from feedback.rules.terms import Length, TermUnit
from feedback.rules.workdays import Calendar
from web.wording import dates

WEEKDAYS = "一二三四五六日"
Spans = Sequence[tuple[date, date]]


@dataclass(frozen=True, slots=True)
class CountedDay:
    """One day of the count."""

    day: str
    week: str
    why: str
    n: str
    last: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """A deadline with its count."""

    words: str
    rows: list[tuple[str, str]]
    days: list[CountedDay]
    provisional: bool
    announced_year: int


def counted(day: date, length: Length, calendar: Calendar) -> Counted:
    """A term of so many days from the day of the event."""
    raw, legal = compute_due_days(calendar, day, length)
    return _explained(day, length, calendar, raw, legal, ())


def counted_clock(clock: Clock, calendar: Calendar, pauses: Spans = ()) -> Counted:
    """A clock of a case, in the edition of the calendar that counted it. `pauses`: first and last days that stood still."""
    start = office_day(clock.starts_at)
    return _explained(start, clock.length, calendar, clock.due_raw_day, clock.due_legal_day, pauses)


def _explained(day: date, length: Length, calendar: Calendar, raw: date, legal: date, pauses: Spans) -> Counted:
    rolled = calendar.next_workday(raw)
    rows = [("起算事由", f"{dates.day_words(day)}（当天不算）"), ("期限", _length(length))]
    plain, _ = compute_due_days(calendar, day, length)
    stood = sum((last - first).days + 1 for first, last in pauses)
    if stood:
        rows.append(("中止", f"{stood} 天不计"))
    if raw > plain and not stood:
        rows.append(("延期", f"由 {dates.day_words(plain)} 延到 {dates.day_words(raw)}"))
    rows.append(("计数到", dates.day_words(raw)))
    if legal != raw:
        rows.append(("顺延到", f"{dates.day_words(min(legal, rolled))}（{calendar.name_of(raw)}顺延）"))
    if legal > rolled:
        rows.append(("最后一天", f"{dates.day_words(legal)}（日历修改前已经告知的日期，不提前）"))
    rows.append(("所用日历", f"{calendar.edition} 版，放假安排已知到 {calendar.announced_until.year} 年"))
    return Counted(
        words=f"最后一天是 {dates.day_words(legal)}，这一天 24 时之前都算按时。",
        rows=[row for row in rows if row[1]],
        days=_days(day, length, calendar, raw, legal, pauses),
        provisional=calendar.is_provisional(legal),
        announced_year=calendar.announced_until.year,
    )


def _days(day: date, length: Length, calendar: Calendar, raw: date, legal: date, pauses: Spans) -> list[CountedDay]:
    working, number = length.unit is TermUnit.WORKING, 0
    found = []
    for each, is_workday, why in calendar.explain(day, legal):
        stands = any(first <= each <= last for first, last in pauses)
        counts = each <= raw and not stands and (is_workday or not working)
        number += counts
        found.append(
            CountedDay(
                day=f"{each.year} 年 {each.month} 月 {each.day} 日",
                week=f"周{WEEKDAYS[each.weekday()]}",
                why="听证期间" if stands else why,
                n=_nth(number, length) if counts else ("顺延" if each > raw else "不计"),
                last=each == legal,
            )
        )
    return found


def _nth(number: int, length: Length) -> str:
    unit = "个工作日" if length.unit is TermUnit.WORKING else "日"
    return f"第 {number} {unit}" if number <= length.count else f"延期第 {number - length.count} {unit}"


def _length(length: Length) -> str:
    return dates.length_words(length.count, length.unit.value)
