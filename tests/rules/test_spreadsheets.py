"""Files for spreadsheet programs: no text runs as a formula, and every value comes back as it was."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from python_calamine import CalamineWorkbook

from feedback.kernel import spreadsheets
from feedback.kernel.spreadsheets import DAY_FORMAT, INSTANT_FORMAT, Cell, Sheet, SheetColumn

MADE_AT = datetime(2026, 9, 14, 1, tzinfo=UTC)


def _read(body: bytes, sheet: str = "表") -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_name(sheet).to_python()]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "=cmd|'/c calc'!A1"])
def test_a_cell_never_begins_like_a_formula(text: str) -> None:
    sheet = Sheet("表", [SheetColumn("题目"), SheetColumn("数")], [[text, -1]])
    assert _read(spreadsheets.to_xlsx([sheet]))[1] == ["'" + text, -1]
    text_csv = spreadsheets.to_csv([[text, -1]]).removeprefix("\ufeff")
    assert list(csv.reader(io.StringIO(text_csv, newline=""))) == [["'" + text, "-1"]]


def test_days_and_instants_are_dates_in_office_time() -> None:
    rows: list[list[Cell]] = [[date(2026, 10, 1), datetime(2026, 9, 13, 16, 30, tzinfo=UTC), None, "", 0.5]]
    columns = [
        SheetColumn("日", number_format=DAY_FORMAT),
        SheetColumn("时", number_format=INSTANT_FORMAT),
        *map(SheetColumn, "甲乙丙"),
    ]
    assert _read(spreadsheets.to_xlsx([Sheet("表", columns, rows)]))[1] == [
        date(2026, 10, 1),
        datetime(2026, 9, 14, 0, 30),  # noqa: DTZ001 - a spreadsheet knows no zone
        "",
        "",
        0.5,
    ]


def test_a_sheet_without_titles_begins_with_its_rows() -> None:
    notes = Sheet("表", [SheetColumn(width=20), SheetColumn(width=60)], [("统计期", "九月"), ("单位", "全区")])
    assert _read(spreadsheets.to_xlsx([notes])) == [["统计期", "九月"], ["单位", "全区"]]


def test_a_row_of_another_width_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        spreadsheets.to_xlsx([Sheet("表", [SheetColumn("甲")], [["一", "二"]])])


def test_the_same_sheets_give_the_same_bytes() -> None:
    def make() -> bytes:
        sheet = Sheet("表", [SheetColumn("甲")], [["一"]], frozen_columns=1, is_filterable=True, footer="&C第 &P 页")
        return spreadsheets.to_xlsx([sheet], title="表", made_at=MADE_AT)

    assert make() == make()
