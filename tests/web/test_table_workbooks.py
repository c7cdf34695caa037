"""Workbooks of Excel, WPS and LibreOffice and HTML named .xls: sheets, title lines, merged cells, dates, long numbers."""

from datetime import date, datetime

import pytest

from feedback.kernel.errors import Invalid
from tests.web.table_files import make_ods, make_raw_xlsx, make_xls, make_xlsx, text_cell
from web.tables.cells import is_damaged_number, parse_time
from web.tables.reader import Table, read_table

EXPECTED = {
    "source_id": ("编号", "工单编号"),
    "title": ("标题",),
    "text": ("内容",),
    "time": ("来信时间", "来电时间"),
    "unit": ("承办单位",),
    "phone": ("联系电话",),
}
HEADINGS = ["编号", "标题", "内容", "来信时间"]
ROW = ["1", "停水", "三天停水", "2026-09-01 10:00"]


def read(content: bytes, name: str = "台账.xlsx", **options: object) -> Table:
    return read_table(content, name, expected=EXPECTED, **options)  # type: ignore[arg-type]


def texts(table: Table) -> list[list[str]]:
    return [list(row.cells.values()) for row in table.rows]


def test_a_merged_title_above_the_headings_is_passed_over() -> None:
    table = read(make_xlsx({"台账": [[], HEADINGS, ROW]}, {"A1:D1": "云川区2026年9月群众诉求台账"}))
    assert (table.heading_line, texts(table), table.rows[0].line) == (2, [ROW], 3)
    assert table.unknown_headings == ()


def test_the_sheet_that_holds_the_headings_is_read_and_named() -> None:
    book = make_xlsx(
        {"填表说明": [["请在下一页填写"], ["标题：写清事由"]], "数据": [HEADINGS, ROW], "备用": [HEADINGS[:2]]}
    )
    table = read(book)
    assert (table.sheet, table.other_sheets) == ("数据", ("填表说明", "备用"))
    assert read(book, sheet="备用").sheet == "备用"
    with pytest.raises(Invalid) as refusal:
        read(book, sheet="九月")
    assert refusal.value.fields == {"file": "no_such_sheet"}
    assert refusal.value.details["sheets"] == "填表说明、数据、备用"


def test_cells_merged_downwards_hold_for_every_row_and_not_for_the_next_column() -> None:
    rows = [[*HEADINGS, "承办单位", "备注"], ["1", "停水", "甲", "2026"], ["2", "停电", "乙", "2026"]]
    table = read(make_xlsx({"S": rows}, {"E2:F3": "水务局"}))
    assert [row.cells["承办单位"] for row in table.rows] == ["水务局", "水务局"]
    assert [row.cells["备注"] for row in table.rows] == ["", ""]


def test_headings_of_two_lines_are_read_where_most_of_them_stand() -> None:
    rows = [
        ["编号", "", "", "来信人", ""],
        ["", "标题", "内容", "来信时间", "联系电话"],
        ["1", "停水", "甲", "2026", "1"],
    ]
    table = read(make_xlsx({"S": rows}, {"A1:A2": "编号"}))
    assert table.heading_line == 2
    assert set(table.fields) == {"source_id", "title", "text", "time", "phone"}


def test_dates_of_cells_become_days_and_times_and_bare_serial_numbers_stay_readable() -> None:
    rows: list[list[object]] = [
        [*HEADINGS],
        ["1", "停水", "甲", datetime(2026, 9, 1, 10, 0)],  # noqa: DTZ001
        ["2", "停电", "乙", date(2026, 9, 1)],
    ]
    rows.append(["3", "停气", "丙", 46266.4375])
    for is_1904 in (False, True):
        table = read(make_xlsx({"S": rows[:3]}, is_1904=is_1904))
        assert [row.cells["来信时间"] for row in table.rows] == ["2026-09-01 10:00:00", "2026-09-01"]
    serial = read(make_xlsx({"S": rows})).rows[2].cells["来信时间"]
    assert serial == "46266.4375"
    assert parse_time(serial) == parse_time("2026-09-01 10:30")


def test_long_numbers_stay_whole_or_are_recognised_as_damaged() -> None:
    cells = "".join(text_cell(f"{letter}1", text) for letter, text in zip("ABC", HEADINGS, strict=False))
    numbers = ["20260901000012345", "2.02609010000123E+16", "13800001111", "1.3800001111E10"]
    rows = "".join(
        f'<row r="{line}"><c r="A{line}"><v>{number}</v></c>{text_cell(f"B{line}", "x")}</row>'
        for line, number in enumerate(numbers, 2)
    )
    table = read(make_raw_xlsx(f'<row r="1">{cells}</row>{rows}'))
    ids = [row.cells["编号"] for row in table.rows]
    assert ids == ["20260901000012345", "2.02609010000123E+16", "13800001111", "13800001111"]
    assert [is_damaged_number(number) for number in ids] == [False, True, False, False]


def test_texts_in_pieces_line_breaks_and_cells_without_reference_are_read() -> None:
    data = (
        f"<row>{''.join(text_cell('', heading) for heading in HEADINGS)}</row>"
        '<row><c t="inlineStr"><is><r><t>停</t></r><r><t>水</t></r><rPh><t>ting</t></rPh></is></c>'
        '<c t="str"><f>1</f><v>公式</v></c><c t="inlineStr"><is><t>一行_x000D_\n两行</t></is></c><c t="b"><v>1</v></c></row>'
    )
    assert texts(read(make_raw_xlsx(data.replace(' r=""', "")))) == [["停水", "公式", "一行\r\n两行", "TRUE"]]


def test_a_workbook_of_excel_97_is_read_whatever_its_name_says() -> None:
    table = read(make_xls([["台账"], HEADINGS, ["1", "停水", "三天停水", 46266.5]]), "台账.csv")
    assert (table.sheet, table.heading_line, texts(table)) == ("台账", 2, [["1", "停水", "三天停水", "46266.5"]])


def test_an_open_document_is_read_with_its_repeated_cells_and_dates() -> None:
    def cell(text: str) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    table = read(
        make_ods(
            '<table:table table:name="说明"><table:table-row>' + cell("请填写") + "</table:table-row></table:table>"
            '<table:table table:name="数据"><table:table-row>'
            + "".join(map(cell, HEADINGS))
            + '<table:table-cell table:number-columns-repeated="16380"/></table:table-row>'
            '<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="float" office:value="13800001111"/>'
            + cell("停<text:s/>水<text:line-break/>二")
            + "<table:table-cell/>"
            '<table:table-cell office:value-type="date" office:date-value="2026-09-01T10:00:00"/></table:table-row>'
            '<table:table-row table:number-rows-repeated="1048570"><table:table-cell/></table:table-row></table:table>'
        ),
        "a.ods",
    )
    assert (table.sheet, table.other_sheets) == ("数据", ("说明",))
    assert texts(table) == [["13800001111", "停 水\n二", "", "2026-09-01 10:00:00"]] * 2
    assert [row.line for row in table.rows] == [2, 3]


HTML = (
    "<html><head><meta charset='{charset}'><style>td{{color:red}}</style></head><body>"
    "<table><tr><td colspan=4>云川区<b>台账</b></td></tr><tr><th>编号</th><th>标题</th><th>内容</th><th>承办单位</th></tr>"
    "<tr><td>1</td><td>停&nbsp;电</td><td>第一行<br>第二行 &lt;b&gt;</td><td rowspan=2>供电局</td></tr>"
    "<tr><td>2</td><td>停水</td><td><p>村里</p><p>停水</p></td></tr></table></body></html>"
)


@pytest.mark.parametrize(("charset", "encoding"), [("utf-8", "utf-8"), ("gb2312", "gbk"), ("utf-16", "utf-16")])
def test_a_web_page_named_xls_is_read_as_the_table_it_shows(charset: str, encoding: str) -> None:
    table = read(HTML.format(charset=charset).encode(encoding), "台账.xls")
    assert texts(table) == [
        ["1", "停 电", "第一行\n第二行 <b>", "供电局"],
        ["2", "停水", "村里\n停水", "供电局"],
    ]
    assert table.heading_line == 2


def test_the_xml_format_of_excel_2003_is_read() -> None:
    space = (
        'xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
    )
    cells = "".join(f'<Cell><Data ss:Type="String">{heading}</Data></Cell>' for heading in HEADINGS)
    row = (
        '<Cell><Data ss:Type="Number">13800001111</Data></Cell><Cell ss:Index="3"><Data ss:Type="String">三天</Data></Cell>'
        '<Cell><Data ss:Type="DateTime">2026-09-01T10:00:00.000</Data></Cell>'
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?><Workbook {space}>'
        f'<Worksheet ss:Name="数据"><Table><Row>{cells}</Row><Row ss:Index="4">{row}</Row></Table></Worksheet></Workbook>'
    )
    table = read(content.encode(), "a.xls")
    assert (table.sheet, texts(table)) == ("数据", [["13800001111", "", "三天", "2026-09-01T10:00:00.000"]])
    assert table.rows[0].line == 4
    assert parse_time(table.rows[0].cells["来信时间"]) is not None


def test_a_file_that_only_looks_like_a_workbook_is_refused() -> None:
    for content in (
        b"PK\x03\x04 no archive",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b"<html><body>no table",
    ):
        with pytest.raises(Invalid) as refusal:
            read(content)
        assert refusal.value.fields["file"] in ("unreadable_table", "empty")


def test_an_empty_workbook_says_that_it_is_empty() -> None:
    with pytest.raises(Invalid) as refusal:
        read(make_xlsx({"S": []}))
    assert refusal.value.fields == {"file": "empty"}
