"""With which mark (机关代字) do a unit's letter numbers begin? The office's own list under <data>/letters."""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from feedback.rules import intake
from routing.directory import Directory
from web.letters.templates import write

_MARK = re.compile(r"[\w·（）()]{1,12}")


def mark_of(data: Path, names: Directory, unit: str) -> str:
    """A unit's mark, or its short name until it has one."""
    return marks(data).get(unit) or names.short(unit)


def marks(data: Path) -> Mapping[str, str]:
    """The marks the office has set, by unit."""
    path = _path(data)
    return _marks(path, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=4)
def _marks(path: Path, changed: int) -> Mapping[str, str]:
    with path.open("rb") as file:
        return {unit: str(mark) for unit, mark in tomllib.load(file).items()}


def lines_of(known: Mapping[str, str]) -> str:
    """The marks as a person edits them: jiaoyu 云教."""
    return "\n".join(f"{unit} {mark}" for unit, mark in sorted(known.items()))


def read(typed: str, has: Callable[[str], bool]) -> tuple[dict[str, str], list[str]]:
    """The marks in what was typed, and what is wrong with it."""
    found: dict[str, str] = {}
    wrong = []
    for at, each in enumerate(typed.splitlines(), 1):
        unit, _, mark = intake.normalize_width(each).replace(",", " ").partition(" ")
        if not each.strip():
            continue
        if not has(unit):
            wrong.append(f"第 {at} 行：没有“{unit[:20]}”这个单位代码")
        elif not _MARK.fullmatch(mark.strip()):
            wrong.append(f"第 {at} 行：代字应为 1 到 12 个字")
        else:
            found[unit] = mark.strip()
    return found, wrong


def keep(data: Path, found: Mapping[str, str]) -> None:
    """The marks as they hold from now on; numbers given out stay."""
    lines = [f'"{unit}" = "{mark}"' for unit, mark in sorted(found.items())]
    write(_path(data), ("\n".join(lines) + "\n").encode())


def _path(data: Path) -> Path:
    return data / "letters" / "marks.toml"
