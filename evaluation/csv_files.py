"""Write tables as files for spreadsheet programs: CSV that no program takes for code."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")


def escape_cell(cell: str | float | None) -> str | float | None:
    """A text that begins like a formula would be run by a spreadsheet program: a quotation mark before it stops that."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_PREFIXES) else cell


def to_csv(rows: Iterable[Sequence[str | float | None]]) -> str:
    """Rows as CSV with a byte order mark, by which Excel knows the encoding."""
    sheet = StringIO()
    csv.writer(sheet).writerows([escape_cell(cell) for cell in row] for row in rows)
    return "\ufeff" + sheet.getvalue()


def write_text_sheet(sheet: Any, rows: Sequence[Sequence[str]], cell_format: Any, first_row: int = 0) -> None:
    """Rows of words on a worksheet, wide enough to be read."""
    for y, row in enumerate(rows, first_row):
        sheet.write_row(y, 0, row, cell_format)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 2, 70)
