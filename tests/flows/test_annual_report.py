"""Does the annual report contain the right figures, the same on page, in Word and in Excel?"""

from io import BytesIO

import docx
import pytest
from python_calamine import CalamineWorkbook

from evaluation import periods
from evaluation.kpi import definitions, facts
from evaluation.kpi import table as kpi_table
from evaluation.kpi.definitions import KPI_BY_CODE, Weights
from evaluation.kpi.facts import Question
from evaluation.publication import annual_report, annual_report_files
from evaluation.publication.annual_report import Report, Section
from feedback.kernel.errors import Invalid
from tests.people import Door
from web.context import AppContext
from web.demo import simulation
from web.pages.board import annual_report as board_annual_report


@pytest.fixture
async def populated(context: AppContext) -> AppContext:
    """A town after ninety days."""
    await simulation.DemoSimulation(context, cases_count=50, days=90).run()
    return context


async def make_report(context: AppContext, year: str = "2026") -> Report:
    return await board_annual_report.made(year, context.settings, context.clock.now())


def read_word(content: bytes) -> tuple[list[str], list[list[list[str]]]]:
    book = docx.Document(BytesIO(content))
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in book.tables]
    return [paragraph.text for paragraph in book.paragraphs], tables


async def test_word_and_excel_contain_the_same_figures(populated: AppContext) -> None:
    report = await make_report(populated)
    filled_tables = [table for section in report.sections for table in section.tables if table.rows]
    paragraphs, tables = read_word(annual_report_files.to_docx(report))
    assert report.title in paragraphs
    assert [section.heading for section in report.sections] == [p for p in paragraphs if p[:2] in _HEADS]
    assert len(tables) == len(filled_tables)
    for table, grid in zip(filled_tables, tables, strict=True):
        wide = len(table.columns)
        assert grid[0][:wide] == [column.name for column in table.columns]
        expected = [
            [annual_report.format_cell(c, k.sort) for c, k in zip(r, table.columns, strict=True)] for r in table.rows
        ]
        assert [row[:wide] for row in grid[1:]] == expected
    book = CalamineWorkbook.from_filelike(BytesIO(annual_report_files.to_xlsx(report)))
    assert book.sheet_names == [
        "说明",
        *(annual_report_files.sheet_name(section.heading) for section in report.sections),
    ]
    for section in report.sections:
        cells = [
            cell
            for row in book.get_sheet_by_name(annual_report_files.sheet_name(section.heading)).to_python()
            for cell in row
        ]
        for table in section.tables:
            assert all(cell in cells for row in table.rows for cell in row if cell is not None)

    question = Question(periods.parse_year("2026"), populated.clock.now(), populated.settings.rating_days)
    engine = definitions.compute_figures(facts.sum_units(await facts.count_facts(question)), Weights())
    compared = next(s for s in report.sections if s.heading.startswith("七")).tables[0]
    assert [row[1] for row in compared.rows] == [
        kpi_table.format_value(code, engine[code].value) for code in KPI_BY_CODE
    ]


_HEADS = tuple(f"{number}、" for number in "一二三四五六七八")


async def test_the_numbers_of_a_year_add_up(populated: AppContext) -> None:
    report = await make_report(populated)
    kinds, channels, _, months = report.sections[0].tables
    total = sum(int(row[1] or 0) for row in kinds.rows)
    assert total == sum(int(row[1] or 0) for row in channels.rows) == sum(int(row[1] or 0) for row in months.rows)
    assert f"共收到诉求 {total} 件" in report.sections[0].sentences[0]
    assert total == sum(int(row[1] or 0) for row in report.sections[1].tables[0].rows)
    assert "检举控告" not in [row[0] for row in kinds.rows]


async def test_a_year_before_the_first_is_reported_as_not_recorded(context: AppContext) -> None:
    assert "上年没有记录" in (await make_report(context)).sections[0].sentences[0]


async def test_the_report_contains_the_three_suggestions_and_their_adoption(door: Door) -> None:
    assert _find_fourth_section(await make_report(door.context)).sentences == ("本年没有提出三项建议。",)
    proposal = {"kind": "improve", "unit": "jiaoyu", "title": "改进来信登记", "text": "登记不及时，请改进。"}
    chief, lead = await door.page_client("supervisor"), await door.page_client("lead-jiaoyu")
    first = await chief.post("/desk/measures/new", data=proposal)
    await chief.post("/desk/measures/new", data={**proposal, "title": "改进答复"})
    address = first.headers["location"].split("?")[0]
    await lead.post(f"{address}/answer", data={"text": "已经改进。", "adoption": "adopted"})
    for client in (chief, lead):
        await client.aclose()
    rows = _find_fourth_section(await make_report(door.context)).tables[0].rows
    assert rows == (("改进工作建议", 2, 1, 1), ("完善政策建议", 0, 0, 0), ("追究责任建议", 0, 0, 0))


def _find_fourth_section(report: Report) -> Section:
    (section,) = [section for section in report.sections if section.heading.startswith("四")]
    return section


async def test_an_empty_year_makes_a_report_too(context: AppContext) -> None:
    report = await make_report(context, "2020")
    assert read_word(annual_report_files.to_docx(report))[0][0] == "2020 年度信访和诉求办理情况报告"
    assert annual_report_files.to_xlsx(report)
    with pytest.raises(Invalid):
        await make_report(context, "neulich")


@pytest.mark.parametrize(
    ("cell", "longest", "blocks"), [(20, 20, 12), (1, 400, 1), (0, 20, 0), (10, 20, 6), (None, 0, 0)]
)
def test_a_bar_is_as_long_as_its_number(cell: int | None, longest: float, blocks: int) -> None:
    assert annual_report_files.render_bar(cell, longest) == "█" * blocks


async def test_the_report_is_for_overseers_of_the_whole_district(door: Door) -> None:
    supervisor, clerk = await door.page_client("supervisor"), await door.page_client("clerk-jiaoyu")
    page = await supervisor.get("/board/report?year=2026")
    assert page.status_code == 200
    assert "2026 年度信访和诉求办理情况报告" in page.text
    for suffix in ("docx", "xlsx"):
        answer = await supervisor.get(f"/board/report.{suffix}?year=2026")
        assert answer.content.startswith(b"PK")
        assert (await clerk.get(f"/board/report.{suffix}")).status_code == 403
    assert (await clerk.get("/board/report")).status_code == 403
    assert (await supervisor.get("/board/report?year=x")).status_code == 422
    for client in (supervisor, clerk):
        await client.aclose()
