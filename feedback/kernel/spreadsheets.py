"""Write tables as files for spreadsheet programs: CSV and Excel, in which no text is taken for a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any

from feedback.kernel.clock import OFFICE_TIMEZONE

Cell = str | float | date | None
"""A day or an instant (which is a `date` too) becomes a date of the spreadsheet, in office time."""

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DAY_FORMAT = "yyyy-mm-dd"
INSTANT_FORMAT = "yyyy-mm-dd hh:mm"
_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")
_HEADER_FORMAT = {
    "bold": True,
    "text_wrap": True,
    "valign": "top",
    "bg_color": "#E7F0FA",
    "border": 1,
    "border_color": "#B6CFEA",
}


def escape_cell(cell: Cell) -> Cell:
    """A text that begins like a formula would be run by a spreadsheet program: a quotation mark before it stops that."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_PREFIXES) else cell


def to_csv(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as CSV with a byte order mark, by which Excel knows the encoding."""
    lines = StringIO()
    csv.writer(lines).writerows([escape_cell(cell) for cell in row] for row in rows)
    return "\ufeff" + lines.getvalue()


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a sheet: its title, its width in characters, and how Excel shows its numbers or dates."""

    title: str = ""
    width: int = 16
    number_format: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook. Its first row holds the titles of the columns, if any has one, and stays in view."""

    name: str
    columns: Sequence[SheetColumn]
    rows: Iterable[Sequence[Cell]]
    frozen_columns: int = 0
    is_filterable: bool = False
    footer: str = ""


def to_xlsx(sheets: Iterable[Sheet], *, title: str = "", made_at: datetime | None = None) -> bytes:
    """A workbook. The same sheets made at the same time give the same bytes."""
    with open_workbook(title=title, made_at=made_at) as (workbook, file):
        for sheet in sheets:
            _write_sheet(workbook, sheet)
    return file.getvalue()


@contextmanager
def open_workbook(*, title: str = "", made_at: datetime | None = None) -> Iterator[tuple[Any, BytesIO]]:
    """A workbook to fill, and the file that holds it afterwards. Rows must be written from top to bottom."""
    import xlsxwriter  # a quarter of a second, needed for a download only

    file = BytesIO()
    # Rows leave memory as soon as the next one begins: 20,000 of them would take 125 MB.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as workbook:
        if made_at is not None:
            workbook.set_properties({"title": title, "created": made_at.replace(tzinfo=None)})
        yield workbook, file


def write_cell(worksheet: Any, y: int, x: int, cell: Cell, cell_format: Any = None) -> None:
    """One cell by the type of its value; nothing for None or an empty text."""
    if isinstance(cell, str):
        if cell:
            worksheet.write_string(y, x, str(escape_cell(cell)), cell_format)
    elif isinstance(cell, datetime):
        worksheet.write_datetime(y, x, cell.astimezone(OFFICE_TIMEZONE).replace(tzinfo=None), cell_format)
    elif isinstance(cell, date):
        worksheet.write_datetime(y, x, cell, cell_format)
    elif cell is not None:
        worksheet.write_number(y, x, cell, cell_format)


def _write_sheet(workbook: Any, sheet: Sheet) -> None:
    worksheet = workbook.add_worksheet(sheet.name)
    header_format = workbook.add_format(_HEADER_FORMAT)
    formats = [
        workbook.add_format({"num_format": column.number_format}) if column.number_format else None
        for column in sheet.columns
    ]
    has_header = any(column.title for column in sheet.columns)
    worksheet.freeze_panes(int(has_header), sheet.frozen_columns)
    if sheet.footer:
        worksheet.set_footer(sheet.footer)
    for x, column in enumerate(sheet.columns):
        worksheet.set_column(x, x, column.width)
        write_cell(worksheet, 0, x, column.title, header_format)
    y = int(has_header) - 1
    for y, row in enumerate(sheet.rows, int(has_header)):
        for x, (cell, cell_format) in enumerate(zip(row, formats, strict=True)):
            write_cell(worksheet, y, x, cell, cell_format)
    if sheet.is_filterable:
        worksheet.autofilter(0, 0, max(1, y), len(sheet.columns) - 1)
