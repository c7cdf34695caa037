"""How a deadline is counted: every day from the event to the last day, and why it does or does not count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from feedback.kernel.clock import office_day
from feedback.rules.clocks import Clock
from feedback.rules.deadlines import compute_due_days
from feedback.rules.terms import Length, TermUnit
from feedback.rules.workdays import Calendar
from web.wording import dates

WEEKDAYS = "一二三四五六日"
Spans = Sequence[tuple[date, date]]


@dataclass(frozen=True, slots=True)
class CountedDay:
    """One day of the count. `basis` of a year without notice: "law" off by the law itself, "open" may still change."""

    day: str
    week: str
    why: str
    n: str
    last: bool
    basis: str = ""


@dataclass(frozen=True, slots=True)
class DeadlineExplanation:
    """A deadline with its count."""

    words: str
    rows: list[tuple[str, str]]
    days: list[CountedDay]
    provisional: bool
    announced_year: int
    statutory: list[tuple[str, str]]  # days off by the law itself that the count meets: the day, the holiday


def explain_term(day: date, length: Length, calendar: Calendar) -> DeadlineExplanation:
    """A term of so many days from the day of the event."""
    raw_day, legal_day = compute_due_days(calendar, day, length)
    return _build_explanation(day, length, calendar, raw_day, legal_day, ())


def explain_clock(clock: Clock, calendar: Calendar, pauses: Spans = ()) -> DeadlineExplanation:
    """A clock of a case, in the edition of the calendar that counted it. `pauses`: first and last days that stood still."""
    start = office_day(clock.starts_at)
    return _build_explanation(start, clock.length, calendar, clock.due_raw_day, clock.due_legal_day, pauses)


def _build_explanation(
    day: date, length: Length, calendar: Calendar, raw_day: date, legal_day: date, pauses: Spans
) -> DeadlineExplanation:
    next_workday = calendar.next_workday(raw_day)
    rows = [("起算事由", f"{dates.day_words(day)}（当天不算）"), ("期限", _render_length(length))]
    plain_day, _ = compute_due_days(calendar, day, length)
    paused_days = sum((last - first).days + 1 for first, last in pauses)
    if paused_days:
        rows.append(("中止", f"{paused_days} 天不计"))
    if raw_day > plain_day and not paused_days:
        rows.append(("延期", f"由 {dates.day_words(plain_day)} 延到 {dates.day_words(raw_day)}"))
    rows.append(("计数到", dates.day_words(raw_day)))
    if legal_day != raw_day:
        rows.append(("顺延到", f"{dates.day_words(min(legal_day, next_workday))}（{calendar.name_of(raw_day)}顺延）"))
    if legal_day > next_workday:
        rows.append(("最后一天", f"{dates.day_words(legal_day)}（日历修改前已经告知的日期，不提前）"))
    rows.append(("所用日历", f"{calendar.edition} 版，放假安排已知到 {calendar.announced_until.year} 年"))
    return DeadlineExplanation(
        words=f"最后一天是 {dates.day_words(legal_day)}，这一天 24 时之前都算按时。",
        rows=[row for row in rows if row[1]],
        days=_list_days(day, length, calendar, raw_day, legal_day, pauses),
        provisional=calendar.is_provisional(legal_day),
        announced_year=calendar.announced_until.year,
        statutory=[
            (dates.day_words(current_day), name)
            for current_day, _, _ in calendar.explain(day, legal_day)
            if (name := calendar.statutory_name(current_day))
        ],
    )


def _list_days(
    day: date, length: Length, calendar: Calendar, raw_day: date, legal_day: date, pauses: Spans
) -> list[CountedDay]:
    is_working, number = length.unit is TermUnit.WORKING, 0
    rows = []
    for current_day, is_workday, why in calendar.explain(day, legal_day):
        is_paused = any(first <= current_day <= last for first, last in pauses)
        is_counted = current_day <= raw_day and not is_paused and (is_workday or not is_working)
        number += is_counted
        rows.append(
            CountedDay(
                day=f"{current_day.year} 年 {current_day.month} 月 {current_day.day} 日",
                week=f"周{WEEKDAYS[current_day.weekday()]}",
                why="听证期间" if is_paused else why,
                n=_render_number(number, length) if is_counted else ("顺延" if current_day > raw_day else "不计"),
                last=current_day == legal_day,
                basis=_basis(calendar, current_day),
            )
        )
    return rows


def _basis(calendar: Calendar, day: date) -> str:
    if not calendar.is_provisional(day) or day in calendar.rows:
        return ""
    return "law" if calendar.statutory_name(day) else "open"


def _render_number(number: int, length: Length) -> str:
    unit = "个工作日" if length.unit is TermUnit.WORKING else "日"
    return f"第 {number} {unit}" if number <= length.count else f"延期第 {number - length.count} {unit}"


def _render_length(length: Length) -> str:
    return dates.length_words(length.count, length.unit.value)
