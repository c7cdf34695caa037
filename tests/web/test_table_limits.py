"""Hostile files: each is refused with a sentence, soon and in little memory, and never ends the process that asked."""

import contextlib
import dataclasses
import io
import resource
import struct
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.kernel.errors import Invalid
from tests.web.table_files import make_ods, make_raw_xlsx, make_xls, make_xlsx, make_zip, text_cell
from web.tables.model import DEFAULT_LIMITS, SMALL_FILE_LIMITS, TableLimits
from web.tables.reader import read_table, read_table_in_child
from web.wording import catalogue

EXPECTED = {"title": ("标题",), "text": ("内容",)}
HEAD = f'<row r="1">{text_cell("A1", "标题")}{text_cell("B1", "内容")}</row>'
MIB = 1024 * 1024


def code_of(content: bytes, limits: TableLimits = DEFAULT_LIMITS) -> str:
    with pytest.raises(Invalid) as refusal:
        read_table(content, "x.xlsx", expected=EXPECTED, limits=limits)
    code = refusal.value.fields["file"]
    sentence = catalogue.fault_words("file", code, refusal.value.details)
    assert sentence != "文件有误"
    assert "{" not in sentence
    return code


def peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("reference", ["XFD2", "A1048576", "XFD1048576"])
def test_a_cell_far_away_is_refused_without_laying_out_what_lies_between(reference: str) -> None:
    before, start = peak_memory(), time.monotonic()
    line = "".join(char for char in reference if char.isdigit())
    book = make_raw_xlsx(f'{HEAD}<row r="{line}">{text_cell(reference, "x")}</row>')
    assert len(book) < 2_000
    assert code_of(book) == "table_too_large"
    assert peak_memory() - before < 50 * 1024
    assert time.monotonic() - start < 5


def test_every_format_counts_a_cell_once() -> None:
    """20,000 rows of 60 columns are far below the usual limit; here a smaller table just meets a smaller one."""
    assert DEFAULT_LIMITS.cells >= 20_000 * 60
    rows = [["标题", "内容", *(f"栏{number}" for number in range(28))], *[["x"] * 30 for _ in range(19)]]
    odf = "<table:table-row>{}</table:table-row>", 'table:table-cell office:value-type="string"', "text:p"
    files = {
        "x.xlsx": make_xlsx({"S": rows}),
        "x.ods": make_ods(f'<table:table table:name="S">{"".join(lay_out(row, *odf) for row in rows)}</table:table>'),
        "x.html": f"<table>{''.join(lay_out(row, '<tr>{}</tr>', 'td', 'b') for row in rows)}</table>".encode(),
        "x.xml": (
            '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table>'
            f"{''.join(lay_out(row, '<Row>{}</Row>', 'Cell', 'Data') for row in rows)}</Table></Worksheet></Workbook>"
        ).encode(),
    }
    for name, content in files.items():
        table = read_table(content, name, expected=EXPECTED, limits=TableLimits(cells=20 * 30))
        assert len(table.rows) == 19, name
        assert code_of(content, TableLimits(cells=20 * 30 - 1)) == "table_too_large"


def lay_out(row: list[str], around: str, cell: str, text: str) -> str:
    """A row as markup: each cell an element with one for its text within."""
    name = cell.partition(" ")[0]
    return around.format("".join(f"<{cell}><{text}>{words}</{text}></{name}>" for words in row))


def test_cells_that_span_rows_of_a_web_page_count_in_each() -> None:
    page = b"<table><tr><td colspan=900 rowspan=9999>x</td></tr>" + b"<tr></tr>" * 5_000 + b"</table>"
    assert code_of(page) == "table_too_large"


def test_far_cells_without_a_value_do_no_harm() -> None:
    book = make_raw_xlsx(
        f'{HEAD}<row r="2">{text_cell("A2", "停水")}<c r="XFD2" s="0"/></row><row r="1048576"><c r="A1048576"/></row>'
    )
    table = read_table(book, "x.xlsx", expected=EXPECTED)
    assert [dict(row.cells) for row in table.rows] == [{"标题": "停水", "内容": ""}]


def test_repeated_cells_of_an_open_document_are_refused() -> None:
    cell = '<table:table-cell {}office:value-type="string"><text:p>x</text:p></table:table-cell>'
    rows = (
        f'<table:table-row table:number-rows-repeated="1048576">{cell.format("")}</table:table-row>',
        f'<table:table-row>{cell.format("""table:number-columns-repeated="16384" """)}</table:table-row>',
    )
    for row in rows:
        assert code_of(make_ods(f'<table:table table:name="S">{row}</table:table>')) == "table_too_large"


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    bomb = make_raw_xlsx(HEAD, extra={"xl/sharedStrings.xml": b" " * 60 * MIB})
    assert len(bomb) < MIB
    assert code_of(bomb) == "unpacks_to_too_much"
    assert code_of(make_raw_xlsx(HEAD), TableLimits(unpacked_bytes=100)) == "unpacks_to_too_much"
    many = make_zip({f"{number}": b"" for number in range(50)})
    assert code_of(many, TableLimits(archive_entries=49)) == "unpacks_to_too_much"


def test_an_archive_with_a_password_says_so() -> None:
    book = bytearray(make_raw_xlsx(HEAD))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = book.find(mark)
        while place >= 0:
            struct.pack_into("<H", book, place + offset, 1)
            place = book.find(mark, place + 4)
    assert code_of(bytes(book)) == "has_password"


def test_entities_in_a_sheet_are_not_expanded() -> None:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    sheet = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY l0 "{"x" * 50}">{lol}]><worksheet><sheetData>{HEAD}<row r="2">{text_cell("A2", "&l11;")}</row></sheetData></worksheet>'
    start = time.monotonic()
    try:
        table = read_table(
            make_raw_xlsx("", extra={"xl/worksheets/sheet1.xml": sheet.encode()}), "x", expected=EXPECTED
        )
    except Invalid as refusal:
        assert refusal.fields["file"] in ("unreadable_table", "empty")
    else:
        assert all(len(cell) < 1_000 for row in table.rows for cell in row.cells.values())
    assert time.monotonic() - start < 5


def test_wide_spans_of_a_web_page_are_refused() -> None:
    assert code_of(b"<table><tr><td colspan=9999999>x</td></tr></table>") == "table_too_large"


def test_a_large_file_is_refused_by_its_size() -> None:
    assert code_of(b"x" * 101, TableLimits(content_bytes=100)) == "too_large"


def test_marks_that_never_close_do_not_make_reading_slow() -> None:
    ordinary = "标题,内容\n" + "停水,三天停水没人来\n" * 20_000
    start = time.monotonic()
    read_table(ordinary.encode(), "x", expected=EXPECTED)
    ordinary_time = time.monotonic() - start
    for line in ('停水,"三天停水没人来\n', '"停水,""三天停水\n', '停水,"""三天停水没""\n', '"""\n,', '"停""水"x,"\n'):
        start = time.monotonic()
        table = read_table(("标题,内容\n" + line * 20_000).encode(), "x", expected=EXPECTED)
        assert time.monotonic() - start < 10 * ordinary_time + 1, line
        assert table.rows or table.faulty_lines


_WORKBOOK = make_xlsx({"S": [["标题", "内容"], ["停水", 3.5], ["停电", True]]}, {"A5:B6": "合计"})
_DOCUMENT = make_ods(
    '<table:table table:name="S"><table:table-row><table:table-cell office:value-type="string"><text:p>标题</text:p>'
    '</table:table-cell></table:table-row><table:table-row><table:table-cell office:value-type="float" office:value="1"/>'
    "</table:table-row></table:table>"
)
_PAGE = "<table><tr><td rowspan=2>标题<td colspan=2>内容</tr><tr><td>停<b>水</b><td>三天</table>".encode()
_CSV = '标题,内容\n1,"a""b\nc"\n2,"y,z\n3,路\n'.encode("utf-16")


@settings(max_examples=300, deadline=None)
@given(
    seed=st.sampled_from([_WORKBOOK, _DOCUMENT, _PAGE, _CSV]),
    changes=st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(0, 20),
            st.sampled_from([b"", b"<", b">", b'"', b"\0", b"\xff\xfe", b"&x;", b"-1", b"1e999", b"9" * 20])
            | st.binary(max_size=8),
        ),
        min_size=1,
        max_size=6,
    ),
    part=st.integers(0, 20),
)
def test_a_damaged_file_is_read_or_refused_and_never_an_error_of_ours(
    seed: bytes, changes: list[tuple[float, int, bytes]], part: int
) -> None:
    def damage(content: bytes) -> bytes:
        for share, dropped, added in changes:
            place = int(share * len(content))
            content = content[:place] + added + content[place + dropped :]
        return content

    contents = [damage(seed)]
    if seed.startswith(b"PK"):  # also behind a whole archive, where most damage would end at a check value
        with zipfile.ZipFile(io.BytesIO(seed)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        name = sorted(parts)[part % len(parts)]
        contents.append(make_zip({**parts, name: damage(parts[name])}))
    for content in contents:
        with contextlib.suppress(Invalid):
            read_table(content, "x", expected=EXPECTED, limits=SMALL_FILE_LIMITS)


async def test_the_child_reads_what_the_process_itself_would_read() -> None:
    book = make_xlsx(
        {"说明": [["x"]], "S": [["标题", "内容", "其他"], ["停水", "三天", "y"], [], ["停电", "两天", ""]]}
    )
    for content in (book, '标题,内容\n停水,"三天\n\n停电,两天\n'.encode()):
        own = read_table(content, "x", expected=EXPECTED)
        assert await read_table_in_child(content, "x", expected=EXPECTED) == own


async def test_a_refusal_comes_back_from_the_child_with_its_details() -> None:
    with pytest.raises(Invalid) as refusal:
        await read_table_in_child("甲,乙\n1,2\n".encode(), "名单.csv", expected=EXPECTED)
    assert refusal.value.fields == {"file": "no_headings"}
    assert (refusal.value.details["headings"], refusal.value.details["name"]) == ("甲、乙", "名单.csv")


async def test_a_file_that_takes_too_much_memory_ends_the_child_and_is_refused() -> None:
    limits = dataclasses.replace(
        SMALL_FILE_LIMITS, memory_bytes=300 * MIB, lines=1_048_576, columns=16_384, cells=10**12
    )
    book = make_xls([["标题", "内容"]] + [[]] * 65_534 + [[""] * 255 + ["x"]])
    with pytest.raises(Invalid) as refusal:
        await read_table_in_child(book, "x.xls", expected=EXPECTED, limits=limits)
    assert refusal.value.fields == {"file": "reading_failed"}


async def test_a_file_that_takes_too_long_is_given_up() -> None:
    limits = dataclasses.replace(SMALL_FILE_LIMITS, wall_seconds=0)
    with pytest.raises(Invalid) as refusal:
        await read_table_in_child(b"x,y\n1,2\n", "x.csv", expected=EXPECTED, limits=limits)
    assert refusal.value.fields == {"file": "reading_took_too_long"}
