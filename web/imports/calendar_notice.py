"""Checking a notice of days off, which `web.imports.calendar_files` reads: all faults are reported.

It is checked against the calendar: a make-up working day must be a weekend day, a day is said once, a whole
year lies in its year. What is odd but may be right is a doubt, shown beside the preview.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from feedback.record.calendar_editions import CalendarChange
from feedback.rules.workdays import FIRST_YEAR, Calendar, DayRow

LINES_MOST = 400
LAST_YEAR = 2100
NAME_MOST = 40
RUN_MOST = 6  # 放假办法 第七条: normally at most six working days in a row around a holiday
_WEEKEND = 5
_NEAR = timedelta(days=10)  # a year's notice may begin in December or end in January
FESTIVALS = ("元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆")


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One day a notice speaks of. `is_workday` None: a plain day again."""

    number: int
    day: date
    is_workday: bool | None
    name: str


@dataclass(frozen=True, slots=True)
class CalendarNotice:
    """What was read: lines, what could not be read, and what the file says of itself."""

    lines: tuple[NoticeLine, ...] = ()
    faults: tuple[str, ...] = ()
    year: int = 0
    source: str = ""


def check_notice(
    notice: CalendarNotice, calendar: Calendar, is_whole_year: bool
) -> tuple[CalendarChange | None, list[str]]:
    """The change a notice makes to the calendar, or a sentence for everything that is wrong with it."""
    faults = [*notice.faults, *_find_repeated(notice.lines)]
    year = notice.year or _main_year(notice.lines)
    for line in notice.lines:
        faults += [
            f"第 {line.number} 行：{words}" for words in _find_line_faults(line, calendar, year if is_whole_year else 0)
        ]
    if not notice.lines and not faults:
        faults = ["请至少填写一行，或选一个文件"]
    if faults:
        return None, faults
    rows = tuple(DayRow(line.day, line.is_workday, line.name) for line in notice.lines if line.is_workday is not None)
    plain_days = {line.day for line in notice.lines if line.is_workday is None}
    if is_whole_year:  # the notice says the year anew: what it does not name is plain
        plain_days |= {day for day in calendar.rows if day.year == year} - {row.day for row in rows}
    until = max(calendar.announced_until, date(year, 12, 31)) if is_whole_year else calendar.announced_until
    return CalendarChange(rows, tuple(sorted(plain_days)), until, source=notice.source), []


def _find_repeated(lines: Iterable[NoticeLine]) -> list[str]:
    by_day = groupby(sorted(lines, key=lambda line: line.day), key=lambda line: line.day)
    numbers = [(day, [line.number for line in day_lines]) for day, day_lines in by_day]
    return [
        f"第 {'、'.join(map(str, line_numbers))} 行：{day.isoformat()} 写了 {len(line_numbers)} 次"
        for day, line_numbers in numbers
        if len(line_numbers) > 1
    ]


def _find_line_faults(line: NoticeLine, calendar: Calendar, year: int) -> list[str]:
    faults = []
    if not FIRST_YEAR <= line.day.year <= LAST_YEAR:
        faults.append(f"年份不在 {FIRST_YEAR} 到 {LAST_YEAR} 之间")
    elif year and not date(year, 1, 1) - _NEAR <= line.day <= date(year, 12, 31) + _NEAR:
        faults.append(f"{line.day.isoformat()} 不在 {year} 年")
    if line.is_workday and line.day.weekday() < _WEEKEND:
        faults.append(f"{line.day.isoformat()} 不是周末，不能是调休上班；要取消放假请写 plain")
    if line.is_workday is None and line.day not in calendar.rows:
        faults.append(f"{line.day.isoformat()} 本来就是平日")
    if line.is_workday is not None and not 0 < len(line.name) <= NAME_MOST:
        faults.append(f"请写明名称，例如 元旦，不超过 {NAME_MOST} 字")
    return faults


def _main_year(lines: Sequence[NoticeLine]) -> int:
    years = [line.day.year for line in lines]
    return max(set(years), key=years.count) if years else 0


def count_days(calendar: Calendar, year: int) -> dict[str, int]:
    """How many days of a year are off, on how many weekends offices work, and how many working days it has."""
    days = [date(year, 1, 1) + timedelta(n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    rows = [row for row in calendar.rows.values() if row.day.year == year]
    return {
        "off": sum(not row.is_workday for row in rows),
        "make_up": sum(row.is_workday for row in rows),
        "working": sum(calendar.is_workday(day) for day in days),
    }


def list_doubts(change: CalendarChange, new_calendar: Calendar, today: date) -> list[str]:
    """What looks odd in a change, though it may be right."""
    doubts = []
    if past_days := [day for day in (*(row.day for row in change.rows), *change.plain) if day < today]:
        doubts.append(f"其中 {len(past_days)} 天已经过去；已办结的期限不受影响，还在计时的按新安排重算。")
    for year in sorted({row.day.year for row in change.rows}):
        if year > today.year or len([r for r in change.rows if r.day.year == year]) > RUN_MOST:
            doubts += _list_year_doubts(new_calendar, year)
    return doubts


def _list_year_doubts(new_calendar: Calendar, year: int) -> list[str]:
    names = {row.name for row in new_calendar.rows.values() if row.day.year == year}
    missing = [festival for festival in FESTIVALS if not any(festival in name for name in names)]
    doubts = [f"{year} 年没有看到：{'、'.join(missing)}。"] if missing else []
    run_length, day = 0, date(year, 1, 1)
    while day.year == year:
        run_length = run_length + 1 if new_calendar.is_workday(day) else 0
        if run_length == RUN_MOST + 1:
            doubts.append(f"到 {day.isoformat()} 连续上班超过 {RUN_MOST} 天，请核对调休。")
        day += timedelta(days=1)
    return doubts
