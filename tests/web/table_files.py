"""Small files of spreadsheet programs, made byte by byte, for the tests of the reader of tables."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

import xlsxwriter

_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def make_xlsx(
    sheets: Mapping[str, Sequence[Sequence[object]]], merged: Mapping[str, str] | None = None, *, is_1904: bool = False
) -> bytes:
    """A workbook as Excel writes it. `merged`: areas of the last sheet and their texts."""
    file = io.BytesIO()
    options = {"in_memory": True, "default_date_format": "yyyy/m/d h:mm", "date_1904": is_1904}
    with xlsxwriter.Workbook(file, options) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for line, row in enumerate(rows):
                sheet.write_row(line, 0, row)
        for area, text in (merged or {}).items():
            sheet.merge_range(area, text)
    return file.getvalue()


def make_raw_xlsx(sheet_data: str, *, extra: Mapping[str, bytes] | None = None, after: str = "") -> bytes:
    """A workbook of one sheet whose `<sheetData>` is written by hand."""
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_DOCUMENT}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_DOCUMENT}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" '
        f'Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SHEET}"><sheetData>{sheet_data}</sheetData>{after}</worksheet>',
    }
    return make_zip({**{name: text.encode() for name, text in parts.items()}, **(extra or {})})


def make_zip(parts: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    return file.getvalue()


def text_cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def make_ods(tables: str) -> bytes:
    """An OpenDocument spreadsheet of the `<table:table>` elements given."""
    space = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" '
        f'xmlns:text="{space}:text:1.0"><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    return make_zip(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": b"<manifest/>",
            "content.xml": content.encode(),
        }
    )


def make_xls(rows: Sequence[Sequence[str | float]]) -> bytes:
    """A workbook of Excel 97 (BIFF8 in a compound file) with one sheet."""
    name = "台账".encode("utf-16-le")
    kinds = {"book": 0x0005, "sheet": 0x0010}
    begin = {kind: _record(0x0809, struct.pack("<HHHHII", 0x0600, code, 0, 0, 0, 6)) for kind, code in kinds.items()}
    end = _record(0x000A, b"")
    bound = struct.pack("<IBBBB", 0, 0, 0, len(name) // 2, 1) + name
    offset = len(begin["book"]) + 4 + len(bound) + len(end)
    body = b"".join(_biff_cell(y, x, value) for y, row in enumerate(rows) for x, value in enumerate(row))
    stream = begin["book"] + _record(0x0085, struct.pack("<I", offset) + bound[4:]) + end + begin["sheet"] + body + end
    return _compound_file(stream)


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _biff_cell(y: int, x: int, value: str | float) -> bytes:
    place = struct.pack("<HHH", y, x, 0)
    if isinstance(value, str):
        text = value.encode("utf-16-le")
        return _record(0x0204, place + struct.pack("<HB", len(text) // 2, 1) + text)
    return _record(0x0203, place + struct.pack("<d", value))


def _compound_file(stream: bytes) -> bytes:
    """A compound file with one stream, `Workbook`, long enough not to need small sectors."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    count = len(stream) // 512
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"",
        0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0,
    )  # fmt: skip
    header += struct.pack("<108I", *[0xFFFFFFFF] * 108)
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, count + 2), 0xFFFFFFFE]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    directory = _directory_entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + _directory_entry(
        "Workbook", 2, 0xFFFFFFFF, 2, len(stream)
    )
    return header + table + directory.ljust(512, b"\0") + stream


def _directory_entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII16sIQQIQ", text, len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child, b"", 0, 0, 0, start, size
    )
