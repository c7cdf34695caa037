"""What is wrong in the files of a district: where, and what to do; rows of files as checked types."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class FileFault:
    """Something wrong in a file: where, and what to do."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}：{self.what}"


class FaultyError(ValueError):
    """The files are not right; nothing was taken in."""

    def __init__(self, faults: Sequence[FileFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


def convert_row(row: Any, kind: type[RowT], location: str, faults: list[FileFault]) -> Iterator[RowT]:
    """The row as its type, or nothing and a fault in the list."""
    try:
        yield msgspec.convert(row, kind)
    except msgspec.ValidationError as fault:
        faults.append(FileFault(location, _translate(str(fault))))


_MESSAGE_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"missing required field `(\w+)`", r"缺少 \1"),
    (r"contains unknown field `(\w+)`", r"没有 \1 这一项，请核对拼写"),
    (r"Expected `(.+?)`, got `(.+?)`(?: - at `\$\.?(.*)`)?", r"\3 应为 \1，写成了 \2"),
    (r"Invalid enum value (.+?)(?: - at `\$\.?(.*)`)?$", r"\2 不认识 \1"),
    (r"matching regex .*? - at `\$\.?(.*)`", r"\1 的写法不对"),
    (r"length >= 1 - at `\$\.?(.*)`", r"\1 不能为空"),
    (r"length <= (\d+) - at `\$\.?(.*)`", r"\2 最多 \1 个字"),
)


def _translate(words: str) -> str:
    for pattern, replacement in _MESSAGE_PATTERNS:
        if match := re.search(pattern, words):
            return match.expand(replacement).strip()
    return words
