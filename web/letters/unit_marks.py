"""The short marks (机关代字) that begin a unit's letter numbers, from the list under <data>/letters."""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from feedback.rules import intake
from routing.directory import Directory
from web.letters.templates import write_file

CONFERENCE = "lianxihui"
"""Stands in the list for the joint conference (信访工作联席会议), which signs letters and is no unit."""
_CONFERENCE_MARK = "信联"
_MARK = re.compile(r"[\w·（）()]{1,12}")


def find_mark(data: Path, directory: Directory, unit: str) -> str:
    """A unit's mark, or its short name until it has one."""
    return load_marks(data).get(unit) or directory.short(unit)


def find_conference_mark(data: Path) -> str:
    """The mark of the joint conference: what it signs is never numbered as a letter of the unit that keeps its office."""
    return load_marks(data).get(CONFERENCE, _CONFERENCE_MARK)


def load_marks(data: Path) -> Mapping[str, str]:
    """The marks the office has set, by unit."""
    path = _path(data)
    return _read_marks(path, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=4)
def _read_marks(path: Path, mtime: int) -> Mapping[str, str]:
    with path.open("rb") as file:
        return {unit: str(mark) for unit, mark in tomllib.load(file).items()}


def format_marks(marks: Mapping[str, str]) -> str:
    """The marks as a person edits them: jiaoyu 云教."""
    return "\n".join(f"{unit} {mark}" for unit, mark in sorted(marks.items()))


def parse_marks(typed: str, has: Callable[[str], bool]) -> tuple[dict[str, str], list[str]]:
    """The marks in what was typed, and what is wrong with it."""
    marks: dict[str, str] = {}
    faults = []
    for number, line in enumerate(typed.splitlines(), 1):
        unit, _, mark = intake.normalize_width(line).replace(",", " ").partition(" ")
        if not line.strip():
            continue
        if unit != CONFERENCE and not has(unit):
            faults.append(f"第 {number} 行：没有“{unit[:20]}”这个单位代码")
        elif not _MARK.fullmatch(mark.strip()):
            faults.append(f"第 {number} 行：代字应为 1 到 12 个字")
        else:
            marks[unit] = mark.strip()
    return marks, faults


def store_marks(data: Path, marks: Mapping[str, str]) -> None:
    """The marks as they hold from now on; numbers given out stay."""
    lines = [f'"{unit}" = "{mark}"' for unit, mark in sorted(marks.items())]
    write_file(_path(data), ("\n".join(lines) + "\n").encode())


def _path(data: Path) -> Path:
    return data / "letters" / "marks.toml"
