"""Reading a list of staff from any table: who holds which post, in which unit, with which roles."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct

from feedback.kernel.errors import Invalid
from feedback.rules.intake import clean_line, normalize_width
from feedback.rules.vocabulary import Role
from web.imports.file_faults import FaultyError, FileFault, convert_row
from web.tables.model import SMALL_FILE_LIMITS, Table, TableRow
from web.tables.reader import read_table_in_child_blocking
from web.wording import catalogue

NAMES: Final = ("staff.csv", "staff.xlsx", "staff.xls", "staff.et", "staff.ods")
EXPECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "username": ("username", "账号", "用户名", "登录名"),
    "name": ("name", "姓名"),
    "unit": ("unit", "单位代码", "单位"),
    "roles": ("roles", "角色"),
    "everywhere": ("everywhere", "全部地区", "不限地区"),
    "cleared": ("cleared", "可办检举控告", "检举控告"),
    "mail": ("mail", "邮箱", "电子邮箱", "email"),
}
_REQUIRED: Final = ("username", "name", "unit", "roles")
_SWITCHES: Final = ("everywhere", "cleared")
_TRUE_VALUES: Final = frozenset({"1", "yes", "y", "true", "是", "有", "√", "✓"})
_FALSE_VALUES: Final = frozenset({"", "0", "no", "n", "false", "否", "无", "×", "-"})
_BETWEEN: Final = re.compile(r"[\s,，、;；/]+")


class StaffFileRow(Struct, forbid_unknown_fields=True):
    """One line of a list of staff: who holds which post."""

    username: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,79}$")]
    name: Annotated[str, Meta(min_length=1, max_length=80)]
    unit: str
    roles: tuple[Role, ...]
    everywhere: bool = False
    cleared: bool = False
    mail: Annotated[str, Meta(max_length=120)] = ""


@dataclass(frozen=True, slots=True)
class StaffFile:
    """The people of a file, and the headings nothing was read from."""

    rows: tuple[StaffFileRow, ...] = ()
    unused_headings: tuple[str, ...] = ()


def find_staff_file(folder: Path) -> Path | None:
    """The list of staff in a district's folder, if there is one."""
    return next((folder / name for name in NAMES if (folder / name).exists()), None)


def read_people(path: Path) -> StaffFile:
    """The people of a list of staff.

    Raises FaultyError.
    """
    faults: list[FileFault] = []
    people = read_rows(path, faults)
    if faults:
        raise FaultyError(faults)
    return people


def read_rows(path: Path, faults: list[FileFault]) -> StaffFile:
    """The people that could be read; what is wrong with the others is added to the faults."""
    try:
        content = path.read_bytes()
        table = read_table_in_child_blocking(content, path.name, expected=EXPECTED, limits=SMALL_FILE_LIMITS)
    except OSError as fault:
        faults.append(FileFault(path.name, f"{catalogue.fault_words('file', 'unreadable')}（{fault.strerror}）"))
        return StaffFile()
    except Invalid as fault:
        faults += [FileFault(path.name, catalogue.fault_words(*item, fault.details)) for item in fault.fields.items()]
        return StaffFile()
    if missing := [EXPECTED[field][0] for field in _REQUIRED if field not in table.fields]:
        details = {"missing": "、".join(missing), "line": table.heading_line, "headings": "、".join(table.headings)}
        faults.append(FileFault(path.name, catalogue.fault_words("file", "missing_headings", details)))
        return StaffFile()
    faults += [
        FileFault(_location(path, line.line), catalogue.fault_words("line", line.code)) for line in table.faulty_lines
    ]
    rows = tuple(person for row in table.rows for person in _read_row(row, table, _location(path, row.line), faults))
    return StaffFile(rows, table.unknown_headings)


def _location(path: Path, line: int) -> str:
    return f"{path.name} 第 {line} 行"


def _read_row(row: TableRow, table: Table, location: str, faults: list[FileFault]) -> Iterator[StaffFileRow]:
    cells = {field: clean_line(row.cells.get(table.fields.get(field, ""), "")) for field in EXPECTED}
    switches = {name: normalize_width(cells[name]).lower() for name in _SWITCHES}
    for name, text in switches.items():
        if text not in _TRUE_VALUES | _FALSE_VALUES:
            faults.append(FileFault(location, f"{name} {catalogue.fault_words(name, 'yes_or_no', {'text': text})}"))
    values = {
        **{name: cells[name] for name in ("name", "unit", "mail")},
        "username": normalize_width(cells["username"]),
        "roles": [_ROLE_CODES.get(word, word) for word in _BETWEEN.split(cells["roles"]) if word],
        **{name: text in _TRUE_VALUES for name, text in switches.items()},
    }
    yield from convert_row(values, StaffFileRow, location, faults)


_ROLE_CODES: Final[Mapping[str, str]] = {words: code for code, words in catalogue.ROLES.items()}
