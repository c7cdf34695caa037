"""Reading .xlsx cell by cell as a stream (ECMA-376 part 1), so that a far cell costs nothing and a number loses no digit.

Other readers lay out the whole rectangle around all cells, 16,384 × 1,048,576 for two of them, and turn every number
into a float, which breaks identifiers of 17 digits.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import IO, Any, Final

from web.tables.archives import ARCHIVE_FAULTS, open_archive, open_entry
from web.tables.cells import number_text, serial_text
from web.tables.model import CellBudget, RawRow, RawSheet, TableLimits, refuse_file

_REFERENCE: Final = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_RANGE: Final = re.compile(r"([A-Z]{1,3}\d{1,7}):([A-Z]{1,3}\d{1,7})")
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION: Final = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_BUILT_IN_DATES: Final = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
"""Number formats that every program knows as dates or times, with those of Chinese editions (27 to 36, 50 to 58)."""
_NOT_SHOWN: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_ESCAPED_CHAR: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MERGES_MOST: Final = 100_000


def read_xlsx(content: bytes, limits: TableLimits) -> Iterator[RawSheet]:
    """The sheets of a workbook, one after the other. Raises Invalid."""
    from lxml import etree

    with open_archive(content, limits) as archive:
        try:
            book = _Workbook(archive, limits)
            for name, entry in book.sheets[: limits.sheets]:
                yield book.read_sheet(name, entry)
        except (etree.LxmlError, *ARCHIVE_FAULTS):
            refuse_file("unreadable_table")


class _Workbook:
    """What the cells of all sheets refer to: shared texts, formats that show dates, the calendar."""

    def __init__(self, archive: zipfile.ZipFile, limits: TableLimits) -> None:
        self._archive, self._limits = archive, limits
        self._names = {name.lower(): name for name in archive.namelist()}
        self._budget = CellBudget(limits)
        self._starts_1904 = False
        main = self._find_main()
        self.sheets = self._list_sheets(main)
        folder = posixpath.dirname(main)
        self._texts = self._read_texts(posixpath.join(folder, "sharedStrings.xml"))
        self._is_date_style = self._read_styles(posixpath.join(folder, "styles.xml"))

    def _open(self, name: str) -> IO[bytes]:
        return open_entry(self._archive, self._names.get(name.lower(), name))

    def _has(self, name: str) -> bool:
        return name.lower() in self._names

    def _find_main(self) -> str:
        for target, kind in self._read_relations("_rels/.rels", "").values():
            if kind.endswith("/officeDocument"):
                return target
        return "xl/workbook.xml"

    def _read_relations(self, name: str, folder: str) -> dict[str, tuple[str, str]]:
        if not self._has(name):
            return {}
        return {
            element.get("Id", ""): (
                posixpath.normpath(posixpath.join(folder, element.get("Target", ""))).lstrip("/"),
                element.get("Type", ""),
            )
            for element in _stream(self._open(name), "Relationship")
        }

    def _list_sheets(self, main: str) -> list[tuple[str, str]]:
        folder, base = posixpath.split(main)
        relations = self._read_relations(posixpath.join(folder, "_rels", f"{base}.rels"), folder)
        sheets = []
        for element in _stream(self._open(main), "sheet", "workbookPr"):
            if _local_name(element) == "workbookPr":
                self._starts_1904 = element.get("date1904") in ("1", "true")
                continue
            relation = element.get(_RELATION) or element.get(_STRICT_RELATION) or ""
            target, kind = relations.get(relation, ("", ""))
            if kind.endswith("/worksheet") and self._has(target):
                sheets.append((element.get("name", ""), target))
        return sheets

    def _read_texts(self, name: str) -> list[str]:
        if not self._has(name):
            return []
        return [_rich_text(element) for element in _stream(self._open(name), "si")]

    def _read_styles(self, name: str) -> list[bool]:
        """For every style of cells whether it shows a number as a date."""
        if not self._has(name):
            return []
        custom: dict[str, bool] = {}
        styles: list[bool] = []
        for element in _stream(self._open(name), "numFmt", "cellXfs"):
            if _local_name(element) == "numFmt":
                custom[element.get("numFmtId", "")] = _shows_date(element.get("formatCode", ""))
                continue
            for style in element:
                number = style.get("numFmtId", "0")
                styles.append(custom.get(number, number.isdigit() and int(number) in _BUILT_IN_DATES))
        return styles

    def read_sheet(self, name: str, entry: str) -> RawSheet:
        """The rows of a sheet that hold a value, merged cells filled downwards."""
        rows: dict[int, list[str]] = {}
        merges: list[str] = []
        line = column = 0
        for element in _stream(self._open(entry), "c", "row", "mergeCell", starts=("row",)):
            kind = _local_name(element)
            if kind == "row":
                number = element.get("r", "")
                line, column = int(number) if number.isdigit() else line + 1, 0
            elif kind == "mergeCell":
                merges.append(element.get("ref", ""))
            else:
                if match := _REFERENCE.fullmatch(element.get("r", "")):
                    column, line = _column_index(match[1]), int(match[2])
                if text := self._cell_text(element):
                    cells = rows.setdefault(line, [])
                    self._budget.spend(line, column + 1, counted=len(cells))
                    cells.extend([""] * (column + 1 - len(cells)))
                    cells[column] = text
                column += 1
        _fill_merged(rows, merges[:_MERGES_MOST], self._budget)
        return RawSheet(name, [RawRow(number, rows[number]) for number in sorted(rows)])

    def _cell_text(self, element: Any) -> str:
        kind = element.get("t", "n")
        if kind == "inlineStr":
            return _rich_text(element)
        value = next((child.text or "" for child in element if _local_name(child) == "v"), "")
        if kind == "s":
            return self._texts[int(value)] if value.isdigit() and int(value) < len(self._texts) else ""
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE" if value else ""
        if kind == "n" and value:
            style = element.get("s", "0")
            is_date = style.isdigit() and int(style) < len(self._is_date_style) and self._is_date_style[int(style)]
            return serial_text(value, starts_1904=self._starts_1904) if is_date else number_text(value)
        return str(_unescape(value))


def _stream(source: IO[bytes], *names: str, starts: tuple[str, ...] = ()) -> Iterator[Any]:
    """The elements of these names, each when it is complete (those in `starts` when it begins), then forgotten."""
    from lxml import etree

    options: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False}
    tags = [f"{{*}}{name}" for name in names]
    with source:
        for event, element in etree.iterparse(source, events=("start", "end"), tag=tags, **options):
            if (event == "start") == (_local_name(element) in starts):
                yield element
            if event == "end":
                element.clear()
                while (parent := element.getparent()) is not None and element.getprevious() is not None:
                    del parent[0]


def _local_name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _rich_text(element: Any) -> str:
    """The text of an item in pieces, without the readings of characters (phonetic guides)."""
    parts = (part for part in element.iter() if _local_name(part) == "t" and _local_name(part.getparent()) != "rPh")
    return _unescape("".join(part.text or "" for part in parts))


def _unescape(text: str) -> str:
    """The text without the escapes of ECMA-376 22.4.2.4; those of characters that no text may hold are dropped."""
    return _ESCAPED_CHAR.sub(_read_escape, text) if "_x" in text else text


def _read_escape(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char.isprintable() or char in "\t\r\n" else ""


def _shows_date(code: str) -> bool:
    shown = _NOT_SHOWN.sub("", code).lower().partition(";")[0]
    return bool(re.search(r"[ymdhs年月日]", shown)) and "general" not in shown


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _fill_merged(rows: dict[int, list[str]], merges: list[str], budget: CellBudget) -> None:
    """Give the value of a merged cell to all rows it covers, in its first column; only rows that exist are filled.

    Not to the right: a title over all columns, or a remark over two, is not the value of the other columns.
    """
    numbers = sorted(rows)
    for text in merges:
        match = _RANGE.fullmatch(text)
        if not match:
            continue
        (first, top), (_, bottom) = (
            (_column_index(part[1]), int(part[2]))
            for part in (_REFERENCE.fullmatch(match[1]), _REFERENCE.fullmatch(match[2]))
            if part
        )
        source = rows.get(top, [])
        if bottom == top or first >= len(source) or not source[first]:
            continue
        for number in numbers:
            if top < number <= bottom:
                cells = rows[number]
                budget.spend(number, first + 1, counted=len(cells))
                cells.extend([""] * (first + 1 - len(cells)))
                cells[first] = cells[first] or source[first]
