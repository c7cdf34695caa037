"""What a table is once it has been read, and the limits within which it may be read.

A line is counted from 1, as an editor or a spreadsheet program shows it. Every line below the headings is in exactly
one of `rows`, `faulty_lines` and `blank_rows`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from feedback.kernel.errors import Invalid

Expected = Mapping[str, Collection[str]]
"""Field -> the headings it usually has, the most usual first."""

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TableLimits:
    """How much a file may ask of us. Sizes in bytes, times in seconds."""

    content_bytes: int = 100 * MIB
    unpacked_bytes: int = 600 * MIB
    unpacked_ratio: int = 200
    archive_entries: int = 5_000
    lines: int = 300_000
    columns: int = 1_000
    cells: int = 4_000_000
    cell_characters: int = 1_000_000
    quoted_lines: int = 2_000
    sheets: int = 100
    memory_bytes: int = 1_536 * MIB
    cpu_seconds: int = 120
    wall_seconds: int = 180


DEFAULT_LIMITS = TableLimits()
SMALL_FILE_LIMITS = TableLimits(
    content_bytes=5 * MIB,
    unpacked_bytes=60 * MIB,
    lines=20_000,
    columns=200,
    cells=200_000,
    cell_characters=200_000,
    memory_bytes=768 * MIB,
    cpu_seconds=10,
    wall_seconds=20,
)
"""For files that people fill in by hand: a calendar, a list of staff."""


@dataclass(frozen=True, slots=True)
class FaultyLine:
    """A line, or a record of several lines, that could not be read as a row: `code` says why, `text` holds it."""

    line: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: its line in the file, and its cells by heading."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was understood.

    `headings` are those of the file on one line; a second one of the same words ends in " (2)", a column without
    heading bears its letter. `heading_line` is 0 for a table without headings. `separator` and `encoding` are empty
    for files that have none. `other_sheets` are those that were not read.
    """

    headings: tuple[str, ...]
    fields: Mapping[str, str]
    rows: Sequence[TableRow]
    heading_line: int
    unknown_headings: tuple[str, ...] = ()
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()
    encoding: str = ""
    separator: str = ""
    faulty_lines: tuple[FaultyLine, ...] = ()
    blank_rows: int = 0


@dataclass(slots=True)
class RawRow:
    """The cells of a line before it is known which line holds the headings."""

    line: int
    cells: list[str]

    @property
    def is_blank(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


@dataclass(slots=True)
class RawSheet:
    """All lines of a sheet, or of a text file."""

    name: str
    rows: list[RawRow]
    faulty_lines: list[FaultyLine] = field(default_factory=list)
    encoding: str = ""
    separator: str = ""


def refuse_file(code: str, **details: object) -> NoReturn:
    """Raise Invalid for the file as a whole; `details` are the values its sentence shows."""
    raise Invalid({"file": code}, "", **details)


class CellBudget:
    """Counts the cells of a file while it is read, so that a file too large is refused before it fills the memory."""

    def __init__(self, limits: TableLimits) -> None:
        self._limits = limits
        self._left = limits.cells

    def spend(self, line: int, columns: int, *, counted: int = 0) -> None:
        """Take a row of so many columns into account, of which `counted` were taken into account before.

        Raises Invalid when the row lies too far down or to the right, or the cells are too many.
        """
        limits = self._limits
        self._left -= max(0, columns - counted)
        if line > limits.lines or columns > limits.columns or self._left < 0:
            refuse_file(
                "table_too_large",
                line=line,
                column=columns,
                lines_most=limits.lines,
                columns_most=limits.columns,
                cells_most=limits.cells,
            )
