"""CSV of every encoding, separator and line end: all lines come out, and a wrong quotation mark costs one line."""

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feedback.kernel.errors import Invalid
from feedback.kernel.spreadsheets import to_csv
from web.tables.model import TableLimits
from web.tables.reader import Table, read_table

EXPECTED = {"source_id": ("编号",), "title": ("标题",), "text": ("内容",), "time": ("来信时间",)}
HEADINGS = ("编号", "标题", "内容", "来信时间")
ENCODINGS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "utf-16": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "gbk": "gb18030",
    "gb18030": "gb18030",
}
SEPARATORS = (",", "\t", ";", "，", "|")
LINE_ENDS = ("\r\n", "\n", "\r")


def read(text: str | bytes, **options: object) -> Table:
    content = text if isinstance(text, bytes) else text.encode()
    return read_table(content, "file.csv", expected=EXPECTED, **options)  # type: ignore[arg-type]


def texts(table: Table) -> list[list[str]]:
    return [list(row.cells.values()) for row in table.rows]


def written(rows: list[list[str]], separator: str, line_end: str, quoting: int) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=line_end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([HEADINGS, *rows])
    return out.getvalue()


def test_a_line_of_each_encoding_separator_and_line_end_is_read_as_it_was_written() -> None:
    rows = [["1", "停水三天", "小区停水，物业不管；请来看看", "2026-09-01 10:00"], ["2", "噪声", "夜里,太吵", ""]]
    for encoding, name in ENCODINGS.items():
        for separator in SEPARATORS:
            for line_end in LINE_ENDS:
                table = read(written(rows, separator, line_end, csv.QUOTE_MINIMAL).encode(encoding))
                assert texts(table) == rows, (encoding, separator, line_end)
                assert (table.encoding, table.separator) == (name, separator), (encoding, separator, line_end)
                assert [row.line for row in table.rows] == [2, 3]


_CELL = st.text(st.sampled_from('路灯不亮停水a1 ,;|，\t"\n\r。=+-@\u3000\U00020bb7'), max_size=12)


@settings(max_examples=150, deadline=None)
@example(rows=[["\r,1", "", "", ""]], encoding="utf-8", separator=",", line_end="\r\n", quoting=csv.QUOTE_ALL)
@given(
    rows=st.lists(st.lists(_CELL, min_size=4, max_size=4), max_size=8),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]),
    separator=st.sampled_from(SEPARATORS),
    line_end=st.sampled_from(LINE_ENDS),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_every_row_that_the_csv_module_writes_comes_back_or_is_counted(
    rows: list[list[str]], encoding: str, separator: str, line_end: str, quoting: int
) -> None:
    table = read(written(rows, separator, line_end, quoting).encode(encoding))
    assert len(table.rows) + len(table.faulty_lines) + table.blank_rows == len(rows)
    assert table.faulty_lines == ()
    unguarded = [[cell[1:] if cell[:1] == "'" and cell[1:2] in "=+-@" else cell for cell in row] for row in rows]
    assert texts(table) == [row for row in unguarded if any(cell.strip() for cell in row)]


@settings(max_examples=150, deadline=None)
@given(
    lines=st.lists(st.text(st.sampled_from('路a, "'), max_size=16), max_size=10),
    line_end=st.sampled_from(LINE_ENDS),
)
def test_no_line_vanishes_whatever_marks_it_holds(lines: list[str], line_end: str) -> None:
    content = line_end.join([",".join(HEADINGS), *lines, "last,标题,内容,2026-09-01"])
    table = read(content)
    seen = [row.line for row in table.rows] + [fault.line for fault in table.faulty_lines]
    assert len(seen) == len(set(seen))
    covered = "".join([*("".join(row.cells.values()) for row in table.rows), *(f.text for f in table.faulty_lines)])
    assert all(covered.count(char) >= "".join(lines).count(char) for char in "路a")
    assert "last" in covered


UNCLOSED = """编号,标题,内容,来信时间
1,停水,三天停水,2026-09-01 10:00
2,噪声,"居民说这里太吵,2026-09-02 10:00
3,路灯,路灯不亮,2026-09-03 10:00
4,垃圾,{fourth},2026-09-04 10:00
5,积水,下雨积水,2026-09-05 10:00
"""


@pytest.mark.parametrize("fourth", ["垃圾没人清", '"垃圾, 没人清"', '"垃圾""堆""没人清"', '""', '"两行\n的内容"'])
def test_an_unclosed_quotation_mark_costs_its_own_line_and_no_other(fourth: str) -> None:
    table = read(UNCLOSED.format(fourth=fourth))
    assert [row.cells["编号"] for row in table.rows] == ["1", "3", "4", "5"]
    assert table.rows[2].cells["内容"] == fourth.strip('"').replace('""', '"')
    assert [(fault.line, fault.code) for fault in table.faulty_lines] == [(3, "unclosed_quote")]
    assert table.faulty_lines[0].text == '2,噪声,"居民说这里太吵,2026-09-02 10:00'


def test_marks_inside_a_cell_that_nobody_doubled_are_taken_as_written() -> None:
    table = read('编号,标题,内容,来信时间\n1,噪声,"他说"太吵"了",2026\n2,路灯,"不亮",2026\n3,垃圾,他说"太脏"了,2026\n')
    assert [row.cells["内容"] for row in table.rows] == ['他说"太吵"了', "不亮", '他说"太脏"了']


def test_a_text_of_several_lines_stays_in_one_cell() -> None:
    table = read('编号,标题,内容,来信时间\n1,噪声,"第一行\n第二行,还在\r\n第三行",2026\n2,路灯,不亮,2026\n')
    assert table.rows[0].cells["内容"] == "第一行\n第二行,还在\r\n第三行"
    assert [row.line for row in table.rows] == [2, 5]


def test_pieces_of_a_cell_with_wrong_marks_are_no_rows() -> None:
    table = read('编号,标题,内容,来信时间\n1,噪声,"第一行\n第二行\n第三行"了,2026\n2,路灯,不亮,2026\n')
    assert [row.cells["编号"] for row in table.rows] == ["2"]
    assert [(fault.line, fault.code) for fault in table.faulty_lines] == [
        (2, "unclosed_quote"),
        (3, "after_unclosed_quote"),
        (4, "after_unclosed_quote"),
    ]


def test_a_row_with_more_cells_than_headings_is_set_aside() -> None:
    table = read("编号,标题,内容,来信时间\n1,噪声,夜里,太吵,2026\n2,路灯,不亮,2026,,,\n3,垃圾\n")
    assert [(fault.line, fault.code) for fault in table.faulty_lines] == [(2, "too_many_cells")]
    assert texts(table) == [["2", "路灯", "不亮", "2026"], ["3", "垃圾", "", ""]]


def test_blank_lines_nul_bytes_and_very_long_cells_do_no_harm() -> None:
    long = "长" * 200_000
    table = read(f"编号,标题,内容,来信时间\n\n1,停\0水,{long},2026\n,,,\n".encode())
    assert table.blank_rows == 2
    assert texts(table) == [["1", "停水", long, "2026"]]


def test_a_cell_beyond_the_limit_costs_its_own_row() -> None:
    limits = TableLimits(cell_characters=100)
    table = read(f'编号,标题,内容,来信时间\n1,停水,"{"长" * 101}",2026\n2,停电,短,2026\n', limits=limits)
    assert [row.cells["编号"] for row in table.rows] == ["2"]
    assert [(fault.line, fault.code) for fault in table.faulty_lines] == [(2, "cell_too_long")]


def test_a_line_with_damaged_bytes_is_set_aside_and_the_others_stay() -> None:
    for encoding in ("utf-8", "gb18030"):
        good = "编号,标题,内容,来信时间\n1,停水,三天停水没人管,2026\n".encode(encoding)
        table = read(good + b"2,\xff\xff\x80,x,2026\n" + "3,路灯,路灯不亮很久了,2026\n".encode(encoding))
        assert [row.cells["编号"] for row in table.rows] == ["1", "3"], encoding
        assert [(fault.line, fault.code) for fault in table.faulty_lines] == [(3, "undecodable")]


def test_traditional_characters_in_big5_are_recognised() -> None:
    expected = {"title": ("標題",), "text": ("內容",)}
    table = read_table("標題,內容\n戶口,我想問戶口遷移的手續怎樣辦理\n".encode("big5"), "x.csv", expected=expected)
    assert table.encoding == "big5"
    assert table.rows[0].cells["內容"] == "我想問戶口遷移的手續怎樣辦理"


def test_title_lines_the_hint_of_excel_and_remarks_in_headings_are_understood() -> None:
    table = read("sep=;\n云川区群众诉求台账;;;\n*编 号;标题（必填）;内容：;来信\u3000时间\n1;停水;三天停水;2026\n")
    assert table.heading_line == 3
    assert dict(table.fields) == dict(zip(EXPECTED, ("*编 号", "标题（必填）", "内容：", "来信 时间"), strict=True))
    assert table.rows[0].line == 4


def test_headings_that_are_not_known_are_named_and_double_ones_stay_apart() -> None:
    table = read("编号,标题,内容,一级分类,内容,\n1,停水,三天停水,城建,又一格,x\n")
    assert table.headings == ("编号", "标题", "内容", "一级分类", "内容 (2)", "F")
    assert table.unknown_headings == ("一级分类", "内容 (2)", "F")
    assert table.rows[0].cells["内容"] == "三天停水"
    assert table.rows[0].cells["内容 (2)"] == "又一格"


def test_a_file_without_known_headings_is_refused_with_those_it_has() -> None:
    with pytest.raises(Invalid) as refusal:
        read("甲,乙\n1,2\n")
    assert refusal.value.fields == {"file": "no_headings"}
    assert refusal.value.details["headings"] == "甲、乙"
    assert refusal.value.details["line"] == 1


def test_a_file_may_come_without_headings_where_the_caller_allows_it() -> None:
    table = read("2027-01-01,休,元旦\n2027-01-02,休,元旦\n", may_lack_headings=True)
    assert (table.heading_line, table.headings, len(table.rows)) == (0, ("A", "B", "C"), 2)


def test_the_line_of_the_headings_can_be_given() -> None:
    table = read("编号,标题,内容\n甲,乙,丙\n1,2,3\n", heading_line=2)
    assert (table.headings, len(table.rows)) == (("甲", "乙", "丙"), 1)
    with pytest.raises(Invalid) as refusal:
        read("编号,标题\n1,2\n", heading_line=9)
    assert refusal.value.fields == {"file": "no_such_line"}


def test_our_own_csv_is_read_back_without_its_guards() -> None:
    rows = [["编号", "标题", "内容"], ["1", "=1+1 这个算不对", "+86开头的电话"]]
    assert texts(read(to_csv(rows))) == rows[1:]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\n\n", b"%PDF-1.7", b"\x89PNG\r\n"])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        read(content)
    assert refusal.value.fields["file"] in ("empty", "unreadable_table")
