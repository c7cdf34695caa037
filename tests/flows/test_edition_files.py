"""Do the files of an edition contain its figures, and can no name in them run as a formula?"""

from dataclasses import replace
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from evaluation.disclosure import DisclosureRules
from evaluation.publication import files, statistics
from evaluation.publication.editions import EditionView
from evaluation.publication.statistics import FORMULAE
from feedback.kernel.crypto import Vault
from tests.rules.test_evaluation_figures import ALL, CHENGGUAN, JIAOTONG, NAMES, OCTOBER, REXIAN

pytestmark = pytest.mark.one_database


def edition(name: str = "城市管理局") -> EditionView:
    document = statistics.build_table(
        OCTOBER,
        [CHENGGUAN, replace(JIAOTONG, received=4), REXIAN],
        ALL,
        DisclosureRules(),
        NAMES | {"chengguan": name},
        vault=Vault("geheim"),
        provisional=True,
    )
    return EditionView("2026-10", 1, OCTOBER.until, "test", True, None, "", document["digest"], document)


def test_the_csv_opens_in_a_spreadsheet_with_chinese_heads() -> None:
    text = files.to_csv(edition())
    assert text.startswith("\ufeff单位,收到诉求,按期,超期,")
    assert "不足5，不公布" in text
    assert "临时数据，本期尚未结束" in text


def test_no_column_puts_the_citizens_own_clocks_over_the_units_sums() -> None:
    heads, *lines = [line.split(",") for line in files.to_csv(edition()).splitlines()]
    sums, citizens = (dict(zip(heads, line, strict=True)) for line in lines[:2])
    clocks = {"按期", "超期", "在办未到期", "挂账", "超期未办", "按期率"}
    assert {citizens[name] for name in heads if name not in {*clocks, heads[0]}} == {"—"}
    figures = edition().figures
    assert (sums["收到诉求"], sums["按期"]) == (str(figures["total"]["received"]), str(figures["total"]["on_time"]))
    assert citizens["按期"] == str(figures["citizens"]["on_time"])


def test_a_name_that_looks_like_a_formula_is_made_harmless() -> None:
    text = files.to_csv(edition("=cmd|'/c calc'!A1"))
    assert "'=cmd" in text
    assert "\n=cmd" not in text


def test_the_workbook_has_figures_formulae_and_notes() -> None:
    book = CalamineWorkbook.from_filelike(BytesIO(files.to_xlsx(edition("=1+1"))))
    assert book.sheet_names == ["指标", "公式", "说明"]
    sheet = book.get_sheet_by_name("指标").to_python()
    assert sheet[0] == ["单位", *(row.name for row in FORMULAE)]
    assert sheet[3][0] == "'=1+1"
    assert sheet[3][1:4] == [30, 90, "为保护其他不公布的数据而不公布"]
    assert sheet[5][1] == "不足5，不公布"
    assert len(book.get_sheet_by_name("公式").to_python()) == len(FORMULAE) + 1


def test_the_same_edition_makes_the_same_workbook() -> None:
    assert files.to_xlsx(edition()) == files.to_xlsx(edition())
