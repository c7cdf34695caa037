"""Render the annual report as a Word file and a workbook. Nothing is counted here.

Charts must be read in black and white and by those who cannot see: in Word a bar is a row of blocks beside its number,
in Excel the bars carry their numbers and a pattern.
"""

import unicodedata
from io import BytesIO
from typing import Any

from evaluation.publication.annual_report import Cell, Report, ReportTable, Section, format_cell
from feedback.kernel import spreadsheets
from feedback.kernel.clock import OFFICE_TIMEZONE

BAR_BLOCKS = 12  # blocks of the longest bar
_NUMERIC_SORTS = ("count", "share", "change", "days")
_NUMBER_FORMATS = {"share": "0.0%", "change": "+0.0%;-0.0%;0.0%", "count": "#,##0", "days": "0.0"}


def format_made_at(report: Report) -> str:
    """When it was made, and whether the year is over."""
    day = f"{report.made_at.astimezone(OFFICE_TIMEZONE):%Y 年 %m 月 %d 日}"
    return f"{day}生成" + ("；本年尚未结束，数据截至生成时" if report.provisional else "")


NOTICE = "内部资料。对外公布须按公布口径处理：小于 5 的计数和可能推算出它们的数不公布。"


def to_docx(report: Report) -> bytes:
    """The report as a Word file."""
    import docx  # half a second, needed for a report only
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Pt

    document = docx.Document()
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.6)
    for name, font, size in (("Normal", "仿宋", 12), ("Heading 1", "黑体", 16), ("Title", "宋体", 22)):
        _set_font(document.styles[name], font, Pt(size))
    document.core_properties.title = report.title
    document.core_properties.author = report.owner
    document.core_properties.comments = ""
    document.add_heading(report.title, 0).alignment = WD_ALIGN_PARAGRAPH.CENTER
    for line in (report.owner, format_made_at(report)):
        document.add_paragraph(line).alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.add_paragraph(NOTICE)
    for section in report.sections:
        document.add_heading(section.heading, 1)
        for sentence in section.sentences:
            document.add_paragraph(sentence).paragraph_format.first_line_indent = Pt(24)
        for table in section.tables:
            _add_word_table(document, table)
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def _set_font(style: Any, font: str, size: Any) -> None:
    """A typeface for Chinese and Latin letters alike, in black."""
    from docx.oxml.ns import qn
    from docx.shared import RGBColor

    style.font.name, style.font.size, style.font.color.rgb = font, size, RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:eastAsia", "w:ascii", "w:hAnsi"):
        fonts.set(qn(script), font)
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        if fonts.get(qn(theme)) is not None:
            del fonts.attrib[qn(theme)]


def _add_word_table(document: Any, table: ReportTable) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    caption = document.add_paragraph()
    caption.add_run(table.caption).bold = True
    caption.alignment = WD_ALIGN_PARAGRAPH.CENTER
    caption.paragraph_format.keep_with_next = True
    if not table.rows:
        document.add_paragraph("没有数据。")
        return
    headings = [column.name for column in table.columns] + (["图示"] if table.bars is not None else [])
    grid = document.add_table(rows=1, cols=len(headings), style="Table Grid")
    _repeat_header(grid.rows[0])
    for index, words in enumerate(headings):
        grid.rows[0].cells[index].paragraphs[0].add_run(words).bold = True
    max_value = _max_value(table)
    for row in table.rows:
        cells = grid.add_row().cells
        for index, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            cells[index].text = _strip_control_characters(format_cell(cell, column.sort))
            if column.sort in _NUMERIC_SORTS:
                cells[index].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
        if table.bars is not None:
            cells[-1].text = render_bar(row[table.bars], max_value)
            cells[-1].paragraphs[0].paragraph_format.keep_together = True
    for line in grid.rows:
        for cell in line.cells:
            cell.paragraphs[0].paragraph_format.space_after = Pt(0)
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(10)
    if table.note:
        document.add_paragraph(table.note)


def _repeat_header(row: Any) -> None:
    """The head again on every page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement("w:tblHeader")
    element.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(element)


def _max_value(table: ReportTable) -> float:
    return max((_to_number(row[table.bars]) for row in table.rows), default=0.0) if table.bars is not None else 0.0


def _to_number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def render_bar(cell: Cell, max_value: float) -> str:
    """A bar of blocks; the smallest that is not nothing is one block long."""
    number = _to_number(cell)
    return "█" * max(1, round(number / max_value * BAR_BLOCKS)) if number > 0 and max_value > 0 else ""


def _strip_control_characters(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))


def to_xlsx(report: Report) -> bytes:
    """The report as a workbook: a sheet per section, each table with its chart beside it."""
    with spreadsheets.open_workbook(title=report.title, made_at=report.made_at) as (workbook, file):
        formats = {
            sort: workbook.add_format({"num_format": number_format}) for sort, number_format in _NUMBER_FORMATS.items()
        }
        formats |= {
            "bold": workbook.add_format({"bold": True}),
            "head": workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True}),
        }
        cover_sheet = workbook.add_worksheet("说明")
        cover_sheet.set_column(0, 0, 90)
        for y, words in enumerate((report.title, report.owner, format_made_at(report), NOTICE)):
            spreadsheets.write_cell(cover_sheet, y, 0, words, formats["bold"] if y == 0 else None)
        for section in report.sections:
            _write_section(workbook, section, formats)
    return file.getvalue()


def sheet_name(heading: str) -> str:
    """一、受理情况 → 受理情况, at most 31 characters, none that Excel forbids."""
    return heading.partition("、")[2].translate(str.maketrans("", "", r"[]:*?/\\"))[:31]


def _write_section(workbook: Any, section: Section, formats: dict[str, Any]) -> None:
    sheet = workbook.add_worksheet(sheet_name(section.heading))
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 4, 16)
    y = 0
    for sentence in section.sentences:
        spreadsheets.write_cell(sheet, y, 0, sentence)
        y += 1
    for table in section.tables:
        y = _write_table(workbook, sheet, table, y + 1, formats)


def _write_table(workbook: Any, sheet: Any, table: ReportTable, y: int, formats: dict[str, Any]) -> int:
    """Write a table from row `y` on. Returns the first free row."""
    spreadsheets.write_cell(sheet, y, 0, table.caption, formats["bold"])
    for x, column in enumerate(table.columns):
        spreadsheets.write_cell(sheet, y + 1, x, column.name, formats["head"])
    first_row = y + 2
    for row_index, row in enumerate(table.rows, first_row):
        for x, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            spreadsheets.write_cell(sheet, row_index, x, cell, formats.get(column.sort))
    last_row = first_row + len(table.rows) - 1
    if table.bars is None or not table.rows:
        return last_row + 2
    sheet.insert_chart(y, len(table.columns) + 1, _build_chart(workbook, sheet.get_name(), table, first_row, last_row))
    return max(last_row, y + _chart_rows(table)) + 2


def _chart_rows(table: ReportTable) -> int:
    return max(12, len(table.rows) + 5)


def _build_chart(workbook: Any, sheet: str, table: ReportTable, first_row: int, last_row: int) -> Any:
    """Bars with a pattern, a black outline and their numbers: nothing is told by colour."""
    chart, x = workbook.add_chart({"type": "bar"}), table.bars
    chart.add_series(
        {
            "name": table.columns[x or 0].name,
            "categories": [sheet, first_row, 0, last_row, 0],
            "values": [sheet, first_row, x, last_row, x],
            "pattern": {"pattern": "wide_upward_diagonal", "fg_color": "#000000", "bg_color": "#FFFFFF"},
            "border": {"color": "#000000"},
            "data_labels": {"value": True},
            "gap": 40,
        }
    )
    chart.set_title({"name": table.caption, "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"major_gridlines": {"visible": False}, "crossing": "max"})
    chart.set_size({"width": 640, "height": 20 * _chart_rows(table)})
    return chart
