"""The one reader of tables: which format a file has is told by its content, never by its name."""

import asyncio
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from feedback.kernel.errors import Invalid
from web.tables import child_messages
from web.tables.delimited import read_delimited
from web.tables.encodings import decode
from web.tables.headings import find_heading_row, match_fields, name_columns
from web.tables.markup import is_markup, read_markup
from web.tables.model import (
    DEFAULT_LIMITS,
    Expected,
    FaultyLine,
    RawRow,
    RawSheet,
    Table,
    TableLimits,
    TableRow,
    refuse_file,
)
from web.tables.ods import read_ods
from web.tables.workbooks import read_workbook
from web.tables.xlsx import read_xlsx

__all__ = [
    "DEFAULT_LIMITS",
    "Table",
    "TableLimits",
    "TableRow",
    "read_table",
    "read_table_in_child",
    "read_table_in_child_blocking",
]

_ZIP: Final = b"PK\x03\x04"
_COMPOUND_FILE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_EXCEL: Final = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08")
_NO_TABLES: Final = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"PK\x05\x06")
_SURE_MATCHES: Final = 2
"""Where a table may lack headings, a single word that could be one stands among the cells of a row."""
_SHOWN_HEADINGS: Final = 12
_SHOWN_LENGTH: Final = 20


def read_table(
    content: bytes,
    name: str,
    *,
    expected: Expected,
    sheet: str = "",
    heading_line: int = 0,
    may_lack_headings: bool = False,
    limits: TableLimits = DEFAULT_LIMITS,
) -> Table:
    """The table in a file, on the sheet and below the line that hold most of the expected headings.

    `sheet` and `heading_line` (from 1) choose themselves when they are given. `may_lack_headings`: where no heading is
    recognised the first line is a row too, and columns bear letters. Raises Invalid with a code for `file`, whose
    details name the headings or sheets that were seen. `name` is only for those details.
    """
    if len(content) > limits.content_bytes:
        refuse_file("too_large", name=name)
    if not content.strip(b"\0\r\n\t \xef\xbb\xbf\xff\xfe"):
        refuse_file("empty", name=name)
    try:
        sheets = list(_read_sheets(content, expected, limits))
        return _choose_table(sheets, expected, sheet, heading_line, may_lack_headings=may_lack_headings)
    except Invalid as fault:
        fault.details.setdefault("name", name)
        raise


def _read_sheets(content: bytes, expected: Expected, limits: TableLimits) -> Iterable[RawSheet]:
    if content.startswith(_ZIP):
        if _is_open_document(content):
            return read_ods(content, limits)
        return read_workbook(content, limits) if b"xl/workbook.bin" in content else read_xlsx(content, limits)
    if content.startswith((_COMPOUND_FILE, *_OLD_EXCEL)):
        return read_workbook(content, limits)
    if content.startswith(_NO_TABLES):
        refuse_file("unreadable_table")
    if is_markup(content):
        return read_markup(content, limits)
    text, encoding = decode(content)
    return [read_delimited(text, encoding, expected, limits)]


def _is_open_document(content: bytes) -> bool:
    return b"mimetypeapplication/vnd.oasis.opendocument" in content[:200]


def _choose_table(
    sheets: Sequence[RawSheet], expected: Expected, name: str, heading_line: int, *, may_lack_headings: bool
) -> Table:
    names = tuple(sheet.name for sheet in sheets)
    if name:
        chosen = [sheet for sheet in sheets if sheet.name == name]
        if not chosen:
            refuse_file("no_such_sheet", sheet=name, sheets="、".join(names))
    else:
        chosen = list(sheets)
    candidates = [(sheet, *_find_headings(sheet, expected, heading_line)) for sheet in chosen]
    # The sheet that shows most fields; among those that show none, the one with most rows.
    sheet, headings, matches = max(
        candidates, key=lambda item: (item[2], len(item[0].rows) if not item[2] else 0), default=(None, None, 0)
    )
    if sheet is None or not (sheet.rows or sheet.faulty_lines):
        refuse_file("empty")
    if headings is None and heading_line:
        refuse_file("no_such_line", line=heading_line, last_line=max((row.line for row in sheet.rows), default=0))
    if matches < (_SURE_MATCHES if may_lack_headings else 1) and not heading_line and expected:
        if not may_lack_headings:
            _refuse_headings(sheet, names, expected)
        headings = None
    others = tuple(other for other in names if other != sheet.name)
    return _build_table(sheet, headings, expected, others)


def _find_headings(sheet: RawSheet, expected: Expected, heading_line: int) -> tuple[RawRow | None, int]:
    if heading_line:
        row = next((row for row in sheet.rows if row.line == heading_line), None)
        return row, len(match_fields(row.cells, expected)) if row else 0
    row, matches = find_heading_row(sheet.rows, expected)
    return row or next((row for row in sheet.rows if not row.is_blank), None), matches


def _refuse_headings(sheet: RawSheet, names: Sequence[str], expected: Expected) -> None:
    row = max(sheet.rows[:10], key=lambda row: sum(bool(cell.strip()) for cell in row.cells), default=None)
    seen = [cell.strip()[:_SHOWN_LENGTH] for cell in row.cells if cell.strip()] if row else []
    usual = [headings_of_field[-1] for headings_of_field in map(list, expected.values()) if headings_of_field]
    refuse_file(
        "no_headings",
        line=row.line if row else 0,
        headings="、".join(seen[:_SHOWN_HEADINGS]) or "—",
        usual="、".join(usual[:_SHOWN_HEADINGS]),
        sheets="、".join(names),
    )


def _build_table(sheet: RawSheet, headings: RawRow | None, expected: Expected, others: tuple[str, ...]) -> Table:
    start = headings.line if headings else 0
    body = [row for row in sheet.rows if row.line > start]
    names = name_columns(headings.cells if headings else (), _table_width(sheet, headings, body))
    rows: list[TableRow] = []
    faulty = [line for line in sheet.faulty_lines if line.line > start]
    blank_rows = 0
    for row in body:
        if row.is_blank:
            blank_rows += 1
        elif _used_width(row.cells) > len(names):
            # A separator inside a text has moved the cells, so none is surely where it belongs.
            faulty.append(FaultyLine(row.line, "too_many_cells", sheet.separator.join(row.cells)))
        else:
            rows.append(TableRow(row.line, _fill(names, row.cells)))
    fields = match_fields(names, expected) if headings else {}
    return Table(
        headings=names,
        fields=fields,
        rows=rows,
        heading_line=start,
        unknown_headings=tuple(heading for heading in names if heading not in fields.values()) if headings else (),
        sheet=sheet.name,
        other_sheets=others,
        encoding=sheet.encoding,
        separator=sheet.separator,
        faulty_lines=tuple(sorted(faulty, key=lambda line: line.line)),
        blank_rows=blank_rows,
    )


def _table_width(sheet: RawSheet, headings: RawRow | None, body: Sequence[RawRow]) -> int:
    """How many columns the table has: to the last one with a heading or, where it can be trusted, with a cell.

    In a text file cells beyond the headings are a separator inside a text, unless the line of the headings has a
    blank one there and most rows use it.
    """
    widths = [_used_width(row.cells) for row in body]
    widest = max(widths, default=0)
    if headings is None:
        return widest
    width = _used_width(headings.cells)
    if not sheet.separator:
        return max(width, widest)
    usual = sorted(widths)[len(widths) // 2] if widths else 0
    return max(width, min(usual, len(headings.cells)))


def _used_width(cells: Sequence[str]) -> int:
    """How many columns a row uses: up to its last cell with a text."""
    return next((index + 1 for index in range(len(cells) - 1, -1, -1) if cells[index].strip()), 0)


def _fill(names: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    return {name: cells[index] if index < len(cells) else "" for index, name in enumerate(names)}


async def read_table_in_child(
    content: bytes,
    name: str,
    *,
    expected: Expected,
    sheet: str = "",
    heading_line: int = 0,
    may_lack_headings: bool = False,
    limits: TableLimits = DEFAULT_LIMITS,
) -> Table:
    """`read_table` in a child process with limits on memory, time of the processor and time by the wall clock.

    Raises Invalid as `read_table` does, and with `reading_failed` or `reading_took_too_long` when the child ended.
    """
    order = child_messages.pack_order(
        content, name, expected, limits, sheet=sheet, heading_line=heading_line, may_lack_headings=may_lack_headings
    )
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *child_messages.COMMAND, **child_messages.PLACE, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        async with asyncio.timeout(limits.wall_seconds):
            output, errors = await process.communicate(order)
    except TimeoutError:
        refuse_file("reading_took_too_long", name=name)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return child_messages.unpack_answer(output, errors, process.returncode, name)


def read_table_in_child_blocking(
    content: bytes, name: str, *, expected: Expected, limits: TableLimits = DEFAULT_LIMITS
) -> Table:
    """`read_table_in_child` for commands that have nothing else to do meanwhile. Raises Invalid."""
    order = child_messages.pack_order(content, name, expected, limits)
    try:
        process = subprocess.run(  # noqa: S603 - our own module, and nothing of the file in its arguments
            child_messages.COMMAND,
            **child_messages.PLACE,
            input=order,
            capture_output=True,
            timeout=limits.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        refuse_file("reading_took_too_long", name=name)
    return child_messages.unpack_answer(process.stdout, process.stderr, process.returncode, name)
