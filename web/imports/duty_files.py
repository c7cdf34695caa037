"""Reading a roster from any table: which unit, who, from when until when; times are the office's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.kernel.errors import Invalid
from feedback.rules.intake import clean_line, normalize_width
from routing.directory import Directory
from routing.duty import Duty
from web.imports.file_faults import FaultyError, FileFault
from web.tables.model import SMALL_FILE_LIMITS
from web.tables.reader import read_table_in_child_blocking
from web.wording import catalogue

EXPECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "unit": ("unit", "单位代码", "单位"),
    "name": ("name", "姓名", "值班人员"),
    "since": ("since", "从", "开始", "开始时间"),
    "until": ("until", "至", "到", "结束", "结束时间"),
    "staff": ("staff", "账号", "用户名"),
    "phone": ("phone", "电话", "值班电话"),
}
_REQUIRED: Final = ("unit", "name", "since", "until")


@dataclass(frozen=True, slots=True)
class Roster:
    """The turns of a file, and the headings nothing was read from."""

    duties: tuple[Duty, ...]
    unused_headings: tuple[str, ...]


def read_roster(path: Path, names: Directory) -> Roster:
    """The turns of a file, checked as a whole. Raises FaultyError naming every fault with its line."""
    try:
        table = read_table_in_child_blocking(path.read_bytes(), path.name, expected=EXPECTED, limits=SMALL_FILE_LIMITS)
    except Invalid as fault:
        sentences = [catalogue.fault_words(*item, fault.details) for item in fault.fields.items()]
        raise FaultyError([FileFault(path.name, sentence) for sentence in sentences]) from fault
    if missing := [EXPECTED[field][1] for field in _REQUIRED if field not in table.fields]:
        details = {"missing": "、".join(missing), "line": table.heading_line, "headings": "、".join(table.headings)}
        raise FaultyError([FileFault(path.name, catalogue.fault_words("file", "missing_headings", details))])
    duties, faults = list[Duty](), list[FileFault]()
    for row in table.rows:
        cells = {field: clean_line(row.cells.get(table.fields.get(field, ""), "")) for field in EXPECTED}
        since, until = _read_time(cells["since"]), _read_time(cells["until"])
        wrong = {
            "unit": "" if names.has(cells["unit"]) else "unknown_unit",
            "name": "" if cells["name"] else "missing",
            "since": "" if since else "not_a_time",
            "until": "" if until and (since is None or until > since) else "not_after_the_beginning",
        }
        location = f"{path.name} 第 {row.line} 行"
        faults += [FileFault(location, catalogue.fault_words(name, code)) for name, code in wrong.items() if code]
        if since and until:
            duties.append(Duty(cells["unit"], cells["name"], since, until, cells["staff"], cells["phone"]))
    if faults:
        raise FaultyError(faults)
    return Roster(tuple(duties), table.unknown_headings)


def _read_time(text: str) -> datetime | None:
    """`2026-12-01 08:30`, as the office's clock shows it."""
    plain = normalize_width(text).replace("/", "-").replace("T", " ")
    for pattern in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"):
        try:
            return to_utc(datetime.strptime(plain, pattern).replace(tzinfo=OFFICE_TIMEZONE))
        except ValueError:
            continue
    return None
