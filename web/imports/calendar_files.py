"""Reading a notice of days off: typed lines, CSV, Excel, iCalendar, and the JSON of holiday-cn, timor and chinese-days."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from feedback.kernel.errors import Invalid
from feedback.rules.intake import normalize_width
from web.imports.calendar_notice import LINES_MOST, CalendarNotice, NoticeLine
from web.tables.cells import find_time_fault, parse_date
from web.tables.encodings import decode
from web.tables.model import SMALL_FILE_LIMITS, Table, TableRow
from web.tables.reader import read_table, read_table_in_child
from web.wording import catalogue

FILE_MOST: Final = SMALL_FILE_LIMITS.content_bytes
EXPECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "day": ("date", "日期", "放假日期", "公历日期", "时间"),
    "sort": ("is_workday", "安排", "是否上班", "类型", "性质", "状态", "类别", "放假安排"),
    "name": ("name", "名称", "节日", "节假日", "节日名称", "节假日名称", "假期", "说明", "备注"),
}
_SORTS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("off", "holiday", "false", "0", "0.0", "否", "不上班", "休", "休息", "休息日", "放假"), False),
    **dict.fromkeys(("放假日", "假", "假日", "节假日", "节日", "法定节假日", "法定假日", "公休", "调休放假"), False),
    **dict.fromkeys(("work", "workday", "true", "1", "1.0", "是", "班", "上班", "上班日", "工作", "工作日"), True),
    **dict.fromkeys(("补班", "补班日", "补上班", "调班", "调休上班", "调休补班"), True),
    **dict.fromkeys(("plain", "平日", "恢复平日", "取消"), None),
}
_ICS_BLOCK: Final = re.compile(r"BEGIN:VEVENT\n(.*?)\nEND:VEVENT", re.DOTALL)
_ICS_MAKE_UP: Final = re.compile(r"补班|上班|[(\[]班[)\]]|\bwork", re.IGNORECASE)
_SORT_REMARK: Final = re.compile(r"\s*(?:[(\[](?:休|班)[)\]]|放假|休息|补班|上班|调休)\s*|\s*第\d+天.*$")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A day as a file of data names it, before it is checked."""

    day: object
    is_workday: object
    name: object


async def read_file(name: str, content: bytes) -> CalendarNotice:
    """A file of any of the sorts, recognised by its content. What is wrong with it stands in the notice's faults."""
    text = decode(content)[0].lstrip() if content[:1] not in (b"P", b"\xd0") else ""
    if text[:1] == "{":
        return _read_json(text)
    if text.startswith("BEGIN:VCALENDAR"):
        return _read_ics(text)
    try:
        table = await read_table_in_child(
            content, name, expected=EXPECTED, may_lack_headings=True, limits=SMALL_FILE_LIMITS
        )
    except Invalid as fault:
        return CalendarNotice(faults=_file_faults(fault))
    return _read_rows(table)


def read_lines(text: str) -> CalendarNotice:
    """Typed lines: date, off | work | plain, name; a heading line is left out."""
    if not text.strip():
        return CalendarNotice()
    content = text.replace("，", ",").replace("\t", ",").encode("utf-8", "replace")
    try:
        table = read_table(content, "", expected=EXPECTED, may_lack_headings=True, limits=SMALL_FILE_LIMITS)
    except Invalid as fault:
        return CalendarNotice(faults=_file_faults(fault))
    return _read_rows(table)


def _file_faults(fault: Invalid) -> tuple[str, ...]:
    return tuple(catalogue.fault_words(name, code, fault.details) for name, code in fault.fields.items())


def _read_rows(table: Table) -> CalendarNotice:
    if len(table.rows) > LINES_MOST:
        return CalendarNotice(faults=(catalogue.fault_words("file", "calendar_too_many_lines", {"most": LINES_MOST}),))
    fields = table.fields or dict(zip(EXPECTED, table.headings, strict=False))
    if missing := [
        EXPECTED[field][1] for field in EXPECTED if field not in fields and (table.fields or field == "day")
    ]:
        details = {"missing": "、".join(missing), "line": table.heading_line, "headings": "、".join(table.headings)}
        return CalendarNotice(faults=(catalogue.fault_words("file", "missing_headings", details),))
    by_line: dict[int, NoticeLine | str] = {
        fault.line: _at_line(fault.line, fault.code) for fault in table.faulty_lines
    }
    for row in table.rows:
        by_line[row.line] = _read_row(row, fields)
    return _collect(by_line[line] for line in sorted(by_line))


def _read_row(row: TableRow, fields: Mapping[str, str]) -> NoticeLine | str:
    day, sort, name = (normalize_width(row.cells.get(fields.get(field, ""), "")) for field in EXPECTED)
    parsed_day = parse_date(day)
    if parsed_day is None:
        is_ambiguous = find_time_fault(day) == "ambiguous_day"
        return _at_line(row.line, "calendar_ambiguous_day" if is_ambiguous else "calendar_day")
    if sort.lower() not in _SORTS:
        return _at_line(row.line, "calendar_sort")
    return NoticeLine(row.line, parsed_day, _SORTS[sort.lower()], name)


def _at_line(line: int, code: str) -> str:
    return catalogue.fault_words("line", "at_line", {"line": line, "sentence": catalogue.fault_words("line", code)})


def _at_day(number: int) -> str:
    return catalogue.fault_words("line", "calendar_data_day", {"number": number})


def _collect(lines: Iterable[NoticeLine | str], *, year: int = 0, source: str = "") -> CalendarNotice:
    read: list[NoticeLine] = []
    faults: list[str] = []
    for line in lines:
        if isinstance(line, NoticeLine):
            read.append(line)
        else:
            faults.append(line)
    return CalendarNotice(tuple(read), tuple(faults), year, source)


# ---- files of data ----


def _read_json(text: str) -> CalendarNotice:
    """The JSON of holiday-cn, timor or chinese-days, told apart by what they hold."""
    try:
        data = json.loads(text)
        for key, read in _JSON_FORMATS.items():
            if key in data:
                entries, notice = read(data)
                return _collect_entries(entries, notice)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    return CalendarNotice(faults=(catalogue.fault_words("file", "calendar_json"),))


def _read_holiday_cn(data: Mapping[str, Any]) -> tuple[list[_Entry], CalendarNotice]:
    """{year, papers, days: [{name, date, isOffDay}]}."""
    papers = "；".join(str(paper) for paper in data.get("papers", ()))
    notice = CalendarNotice(year=int(data.get("year", 0)), source=papers[:200])
    days = [day if isinstance(day, dict) else {} for day in list(data["days"])]
    return [_Entry(day.get("date"), _negate(day.get("isOffDay")), day.get("name")) for day in days], notice


def _read_timor(data: Mapping[str, Any]) -> tuple[list[_Entry], CalendarNotice]:
    """{holiday: {"01-01": {holiday, name, date}}}."""
    entries = [_Entry(day["date"], _negate(day["holiday"]), day["name"]) for day in data["holiday"].values()]
    return [replace(entry, name=_plain_name(entry.name)) for entry in entries], CalendarNotice()


def _read_chinese_days(data: Mapping[str, Any]) -> tuple[list[_Entry], CalendarNotice]:
    """{holidays: {"2027-01-01": "New Year's Day,元旦,1"}, workdays: {...}}."""
    entries = [
        _Entry(day, is_workday, str(words).split(",")[1])
        for key, is_workday in (("holidays", False), ("workdays", True))
        for day, words in data.get(key, {}).items()
    ]
    return entries, CalendarNotice()


_JSON_FORMATS: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[list[_Entry], CalendarNotice]]]] = {
    "days": _read_holiday_cn,
    "holiday": _read_timor,
    "holidays": _read_chinese_days,
}


def _negate(value: object) -> object:
    return not value if isinstance(value, bool) else value


def _plain_name(name: object) -> object:
    return re.sub(r"[前后]?补班$", "", name) if isinstance(name, str) else name


def _collect_entries(entries: list[_Entry], notice: CalendarNotice) -> CalendarNotice:
    if len(entries) > LINES_MOST:
        return CalendarNotice(faults=(catalogue.fault_words("file", "calendar_too_many_lines", {"most": LINES_MOST}),))
    return _collect(
        (_read_entry(number, entry) for number, entry in enumerate(entries, 1)), year=notice.year, source=notice.source
    )


def _read_entry(number: int, entry: _Entry) -> NoticeLine | str:
    if not isinstance(entry.is_workday, bool) or not isinstance(entry.name, str):
        return _at_day(number)
    try:
        day = date.fromisoformat(str(entry.day))
    except ValueError:
        return _at_day(number)
    return NoticeLine(number, day, entry.is_workday, normalize_width(entry.name))


def _read_ics(text: str) -> CalendarNotice:
    """iCalendar (RFC 5545): each event is a run of days; 补班 or (班) in its summary makes it working days."""
    unfolded = re.sub(r"\n[ \t]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _collect_entries(list(_list_events(unfolded)), CalendarNotice())


def _list_events(text: str) -> Iterator[_Entry]:
    for block in _ICS_BLOCK.finditer(text):
        values = {
            key.partition(";")[0].upper(): value
            for key, _, value in (line.partition(":") for line in block[1].split("\n"))
        }
        summary = normalize_width(values.get("SUMMARY", ""))
        is_workday = bool(_ICS_MAKE_UP.search(summary))
        first, last = (parse_date(values.get(key, "")[:8]) for key in ("DTSTART", "DTEND"))
        if first is None:
            yield _Entry(None, None, None)
            continue
        count = (last - first).days if last else 1  # the end of an event is the day after its last
        for offset in range(max(1, min(count, LINES_MOST + 1))):
            day = date.fromordinal(first.toordinal() + offset)
            yield _Entry(day.isoformat(), is_workday, _SORT_REMARK.sub("", summary) or summary)
