"""Reading .ods cell by cell as a stream (OpenDocument 1.3 part 3), where a repeated cell or row is stored once.

A file may say that a row is repeated a million times; only rows with a value are laid out, within the limits.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from web.tables.archives import ARCHIVE_FAULTS, open_archive, open_entry
from web.tables.cells import number_text
from web.tables.model import CellBudget, RawRow, RawSheet, TableLimits, refuse_file

_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_DURATION: Final = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
_NOTES: Final = frozenset((f"{_OFFICE}annotation", f"{_TEXT}ruby-text"))


def read_ods(content: bytes, limits: TableLimits) -> Iterator[RawSheet]:
    """The sheets of a document, one after the other. Raises Invalid."""
    from lxml import etree

    options: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False}
    with open_archive(content, limits) as archive:
        try:
            if b"manifest:encryption-data" in open_entry(archive, "META-INF/manifest.xml").read(1_000_000):
                refuse_file("has_password")
            with open_entry(archive, "content.xml") as source:
                names = (f"{_TABLE}table", f"{_TABLE}table-row")
                yield from _read_tables(etree.iterparse(source, events=("start", "end"), tag=names, **options), limits)
        except (etree.LxmlError, *ARCHIVE_FAULTS):
            refuse_file("unreadable_table")


def _read_tables(events: Any, limits: TableLimits) -> Iterator[RawSheet]:
    budget = CellBudget(limits)
    sheet, line, count = RawSheet("", []), 0, 0
    for event, element in events:
        is_table = element.tag == f"{_TABLE}table"
        if event == "start":
            if is_table:
                sheet, line = RawSheet(element.get(f"{_TABLE}name", ""), []), 0
                count += 1
                if count > limits.sheets:
                    return
            continue
        if is_table:
            yield sheet
        else:
            repeats = _repeats(element, "rows")
            if any(cells := _row_texts(element, budget, line + 1)):
                budget.spend(line + repeats, 0)
                for number in range(line + 1, line + repeats + 1):
                    budget.spend(number, len(cells), counted=len(cells) if number == line + 1 else 0)
                    sheet.rows.append(RawRow(number, list(cells)))
            line += repeats
        element.clear()


def _row_texts(row: Any, budget: CellBudget, line: int) -> list[str]:
    cells: list[str] = []
    width = 0
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        repeats = _repeats(cell, "columns")
        if text := _cell_text(cell):
            budget.spend(line, width + repeats, counted=len(cells))
            cells.extend([""] * (width - len(cells)))
            cells.extend([text] * repeats)
        width += repeats
    return cells


def _repeats(element: Any, kind: str) -> int:
    text = element.get(f"{_TABLE}number-{kind}-repeated", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 9 else 1


def _cell_text(cell: Any) -> str:
    kind = cell.get(f"{_OFFICE}value-type", "")
    if kind in ("float", "currency", "percentage"):
        return number_text(cell.get(f"{_OFFICE}value", ""))
    if kind == "date":
        return str(cell.get(f"{_OFFICE}date-value", "")).replace("T", " ")
    if kind == "boolean":
        return str(cell.get(f"{_OFFICE}boolean-value", "")).upper()
    if kind == "time" and (match := _DURATION.fullmatch(cell.get(f"{_OFFICE}time-value", ""))):
        return f"{match[1]}:{match[2]}:{match[3]}"
    return "\n".join(_paragraph_text(part) for part in cell if part.tag == f"{_TEXT}p")


def _paragraph_text(element: Any) -> str:
    """The text of a paragraph, with the blanks and breaks that the format writes as elements."""
    pieces = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            count = child.get(f"{_TEXT}c", "1")
            pieces.append(" " * min(int(count) if count.isdecimal() else 1, 100))
        elif child.tag == f"{_TEXT}tab":
            pieces.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            pieces.append("\n")
        elif child.tag not in _NOTES:
            pieces.append(_paragraph_text(child))
        pieces.append(child.tail or "")
    return "".join(pieces)
