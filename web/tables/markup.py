"""Reading tables in HTML files that are named .xls, and in Excel's XML format of 2003 (SpreadsheetML)."""

import io
import re
from collections.abc import Iterator
from typing import Any, Final

from web.tables.cells import number_text
from web.tables.encodings import decode
from web.tables.model import CellBudget, RawRow, RawSheet, TableLimits, refuse_file

_CHARSET: Final = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w-]{2,20})""", re.IGNORECASE)
_SPREADSHEET_ML: Final = "urn:schemas-microsoft-com:office:spreadsheet"
_BREAKS: Final = frozenset(("br", "p", "div", "li"))
_HEAD: Final = 4_000


def is_markup(content: bytes) -> bool:
    """Whether a file is HTML or XML, in an encoding of one byte or with a mark of two."""
    head = content[:_HEAD]
    text = decode(head)[0] if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head.decode("latin-1").removeprefix("ï»¿")
    return bool(
        re.match(r"\s*<(?:!doctype|!--|\?xml|html|head|meta|body|table|style|div|workbook)\b", text, re.IGNORECASE)
    ) or (text.lstrip().startswith("<") and "<table" in text.lower())


def read_markup(content: bytes, limits: TableLimits) -> Iterator[RawSheet]:
    """The tables of a file of markup. Raises Invalid."""
    from lxml import etree

    declared = _CHARSET.search(content[:_HEAD])
    text, encoding = decode(content, declared[1].decode("ascii") if declared else "")
    try:
        if _SPREADSHEET_ML in text[:_HEAD]:
            yield from _read_spreadsheet_ml(text, encoding, limits)
        else:
            yield from _read_html(text, encoding, limits)
    except (etree.LxmlError, ValueError, RecursionError):
        refuse_file("unreadable_table")


def _read_html(text: str, encoding: str, limits: TableLimits) -> Iterator[RawSheet]:
    import lxml.html

    parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    document = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    budget = CellBudget(limits)
    for number, table in enumerate(document.iter("table"), 1):
        if number > limits.sheets:
            return
        rows = [row for row in table.iter("tr") if next(row.iterancestors("table"), None) is table]
        yield RawSheet(f"table {number}", _lay_out(rows, budget), encoding=encoding)


def _lay_out(rows: list[Any], budget: CellBudget) -> list[RawRow]:
    """Rows of cells, where one that spans rows gives its text to each and one that spans columns to the first."""
    laid_out = []
    spanning: dict[int, tuple[int, str]] = {}
    for line, row in enumerate(rows, 1):
        cells: list[str] = []
        counted = 0
        for cell in row.iterchildren("td", "th"):
            _fill_spanned(cells, spanning)
            width, height = _span(cell, "colspan"), _span(cell, "rowspan")
            budget.spend(line, len(cells) + width, counted=counted)
            counted = len(cells) + width
            content = _html_text(cell)
            for offset in range(width):
                if height > 1:
                    spanning[len(cells)] = (height - 1, content if not offset else "")
                cells.append(content if not offset else "")
        _fill_spanned(cells, spanning)
        budget.spend(line, len(cells), counted=counted)
        laid_out.append(RawRow(line, cells))
    return laid_out


def _fill_spanned(cells: list[str], spanning: dict[int, tuple[int, str]]) -> None:
    while (column := len(cells)) in spanning:
        left, text = spanning.pop(column)
        if left > 1:
            spanning[column] = (left - 1, text)
        cells.append(text)


def _span(cell: Any, name: str) -> int:
    text = str(cell.get(name, "1")).strip()
    return max(1, int(text)) if text.isdecimal() and len(text) < 8 else 1


def _html_text(cell: Any) -> str:
    """The text of a cell, in which only breaks and paragraphs begin a line."""
    pieces: list[str] = []

    def collect(element: Any) -> None:
        pieces.append(re.sub(r"\s+", " ", element.text or ""))
        for child in element:
            if child.tag in _BREAKS and pieces[-1:] != ["\n"]:
                pieces.append("\n")
            if child.tag not in ("script", "style"):
                collect(child)
            pieces.append(re.sub(r"\s+", " ", child.tail or ""))

    collect(cell)
    return re.sub(r" *\n *", "\n", "".join(pieces)).replace("\xa0", " ").strip()


def _read_spreadsheet_ml(text: str, encoding: str, limits: TableLimits) -> Iterator[RawSheet]:
    from lxml import etree

    space = f"{{{_SPREADSHEET_ML}}}"
    source = io.BytesIO(re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode("utf-8", "replace"))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    book = etree.parse(source, parser)
    budget = CellBudget(limits)
    for sheet in list(book.iter(f"{space}Worksheet"))[: limits.sheets]:
        rows, line = [], 0
        for row in sheet.iter(f"{space}Row"):
            line = int(row.get(f"{space}Index", line + 1))
            cells: list[str] = []
            for cell in row.iter(f"{space}Cell"):
                column = max(int(cell.get(f"{space}Index", 0)), len(cells) + 1)
                budget.spend(line, column, counted=len(cells))
                cells.extend([""] * (column - 1 - len(cells)))
                cells.append(_ml_text(cell, space))
                span = int(cell.get(f"{space}MergeAcross", 0))
                budget.spend(line, len(cells) + span, counted=len(cells))
                cells.extend([""] * span)
            rows.append(RawRow(line, cells))
        yield RawSheet(sheet.get(f"{space}Name", ""), rows, encoding=encoding)


def _ml_text(cell: Any, space: str) -> str:
    value = next(cell.iter(f"{space}Data"), None)
    if value is None:
        return ""
    text = "".join(value.itertext())
    kind = value.get(f"{space}Type", "")
    if kind == "Number":
        return number_text(text)
    return text.replace("T00:00:00.000", "") if kind == "DateTime" else text
