"""Parsing a notice of days off: typed lines, holiday-cn's JSON, CSV or Excel; all faults are reported.

The result is checked against the calendar: a make-up working day must be a weekend day, a day is said once, a whole
year lies in its year. What is odd but may be right is a doubt, shown beside the preview.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from feedback.record.calendar_editions import CalendarChange
from feedback.rules.intake import normalize_width
from feedback.rules.workdays import FIRST_YEAR, Calendar, DayRow

LINES_MOST = 400
LAST_YEAR = 2100
NAME_MOST = 40
RUN_MOST = 6  # 放假办法 第七条: normally at most six working days in a row around a holiday
_WEEKEND = 5
_NEAR = timedelta(days=10)  # a year's notice may begin in December or end in January
_SORTS: dict[str, bool | None] = {
    **dict.fromkeys(("off", "休", "放假", "休息", "false", "0", "0.0", "否"), False),
    **dict.fromkeys(("work", "班", "上班", "调休上班", "true", "1", "1.0", "是"), True),
    **dict.fromkeys(("plain", "平日", "恢复平日", "取消"), None),
}
_DATE, _SORT, _NAME = ("date", "日期"), ("is_workday", "是否上班", "安排"), ("name", "名称")
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


def read_file(name: str, body: bytes) -> CalendarNotice:
    """A file of any of the three sorts, recognised by its content."""
    if body[:2] == b"PK":
        return _parse_table(_read_sheet(body))
    text = _decode(body)
    if text.lstrip()[:1] == "{":
        return _parse_json(text)
    return read_lines(text)


def read_lines(text: str) -> CalendarNotice:
    """Typed lines or a CSV: date, off | work | plain, name; a heading line is left out."""
    return _parse_table(list(csv.reader(io.StringIO(text.replace("，", ",").replace("\t", ",")))))


def _parse_table(rows: Sequence[Sequence[str]]) -> CalendarNotice:
    if len(rows) > LINES_MOST:
        return CalendarNotice(faults=(f"一次最多 {LINES_MOST} 行",))
    columns = [0, 1, 2]
    lines: list[NoticeLine] = []
    faults: list[str] = []
    for number, row in enumerate(rows, 1):
        cells = [normalize_width(cell) for cell in row]
        if not any(cells):
            continue
        if number == 1 and (heading_columns := _find_columns(cells)):
            columns = heading_columns
            continue
        cells += [""] * (max(columns) + 1 - len(cells))
        line = _parse_line(number, *(cells[column] for column in columns))
        if isinstance(line, NoticeLine):
            lines.append(line)
        else:
            faults.append(line)
    return CalendarNotice(tuple(lines), tuple(faults))


def _find_columns(cells: Sequence[str]) -> list[int]:
    """In which columns the heading puts date, sort and name; empty when it is none."""
    headings = [cell.lower() for cell in cells]
    columns = [
        next((headings.index(name) for name in names if name in headings), -1) for names in (_DATE, _SORT, _NAME)
    ]
    return columns if min(columns) >= 0 else []


def _parse_line(number: int, day: str, sort: str, name: str) -> NoticeLine | str:
    try:
        parsed_day = date.fromisoformat(day.replace("/", "-")[:10])
    except ValueError:
        return f"第 {number} 行：日期应写成 2027-01-01 的样子"
    if sort.lower() not in _SORTS:
        return f"第 {number} 行：第二栏应为 off（放假）、work（上班）或 plain（恢复平日）"
    return NoticeLine(number, parsed_day, _SORTS[sort.lower()], name)


def _parse_json(text: str) -> CalendarNotice:
    """holiday-cn: {year, papers, days: [{name, date, isOffDay}]}."""
    try:
        data = json.loads(text)
        year, days = int(data.get("year", 0)), list(data["days"])
        papers = [str(paper) for paper in data.get("papers", ())]
    except (ValueError, TypeError, KeyError, RecursionError):
        return CalendarNotice(faults=("文件不是 holiday-cn 的 JSON：应有 year 和 days",))
    if len(days) > LINES_MOST:
        return CalendarNotice(faults=(f"一次最多 {LINES_MOST} 天",))
    lines: list[NoticeLine] = []
    faults: list[str] = []
    for number, entry in enumerate(days, 1):
        line = _parse_json_day(number, entry)
        if isinstance(line, NoticeLine):
            lines.append(line)
        else:
            faults.append(line)
    return CalendarNotice(tuple(lines), tuple(faults), year, "；".join(papers)[:200])


def _parse_json_day(number: int, entry: Any) -> NoticeLine | str:
    try:
        if not isinstance(entry["isOffDay"], bool):
            return f"第 {number} 天：isOffDay 应为 true 或 false"
        return NoticeLine(
            number, date.fromisoformat(str(entry["date"])), not entry["isOffDay"], normalize_width(str(entry["name"]))
        )
    except (ValueError, TypeError, KeyError):
        return f"第 {number} 天：应有 name、date 和 isOffDay"


def _decode(body: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode("utf-8", "replace")


def _read_sheet(body: bytes) -> list[list[str]]:
    import python_calamine

    try:
        rows = python_calamine.load_workbook(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    except (python_calamine.CalamineError, ValueError, OSError):
        return [["不是 Excel 文件", "", ""]]
    return [[_cell_text(value) for value in row] for row in rows[: LINES_MOST + 1]]


def _cell_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


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
