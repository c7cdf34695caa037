"""How does the year's report become a Word file and a workbook? Rendered from `evaluation.publication.annual_report`, nothing counted here.

Charts must be read in black and white and by those who cannot see: in Word a bar is a row of blocks beside its number,
in Excel the bars carry their numbers and a pattern.
"""

import unicodedata
from io import BytesIO
from typing import Any

from evaluation.csv_files import harmless
from evaluation.publication.annual_report import Cell, Report, Section, Table, cell_words
from feedback.kernel.clock import OFFICE_TIMEZONE

BAR = 12  # blocks of the longest bar
_NUMBERS = ("count", "share", "change", "days")
_FORMS = {"share": "0.0%", "change": "+0.0%;-0.0%;0.0%", "count": "#,##0", "days": "0.0"}


def made_words(report: Report) -> str:
    """When it was made, and whether the year is over."""
    day = f"{report.made_at.astimezone(OFFICE_TIMEZONE):%Y 年 %m 月 %d 日}"
    return f"{day}生成" + ("；本年尚未结束，数据截至生成时" if report.provisional else "")


NOTICE = "内部资料。对外公布须按公布口径处理：小于 5 的计数和可能推算出它们的数不公布。"


def to_docx(report: Report) -> bytes:
    """The report as a Word file."""
    import docx  # half a second, needed for a report only
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Pt

    book = docx.Document()
    page = book.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.6)
    for name, font, size in (("Normal", "仿宋", 12), ("Heading 1", "黑体", 16), ("Title", "宋体", 22)):
        _face(book.styles[name], font, Pt(size))
    book.core_properties.title = report.title
    book.core_properties.author = report.owner
    book.core_properties.comments = ""
    book.add_heading(report.title, 0).alignment = WD_ALIGN_PARAGRAPH.CENTER
    for line in (report.owner, made_words(report)):
        book.add_paragraph(line).alignment = WD_ALIGN_PARAGRAPH.CENTER
    book.add_paragraph(NOTICE)
    for section in report.sections:
        book.add_heading(section.heading, 1)
        for sentence in section.sentences:
            book.add_paragraph(sentence).paragraph_format.first_line_indent = Pt(24)
        for table in section.tables:
            _word_table(book, table)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _face(style: Any, font: str, size: Any) -> None:
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


def _word_table(book: Any, table: Table) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    caption = book.add_paragraph()
    caption.add_run(table.caption).bold = True
    caption.alignment = WD_ALIGN_PARAGRAPH.CENTER
    caption.paragraph_format.keep_with_next = True
    if not table.rows:
        book.add_paragraph("没有数据。")
        return
    heads = [column.name for column in table.columns] + (["图示"] if table.bars is not None else [])
    grid = book.add_table(rows=1, cols=len(heads), style="Table Grid")
    _repeat_head(grid.rows[0])
    for place, words in enumerate(heads):
        grid.rows[0].cells[place].paragraphs[0].add_run(words).bold = True
    longest = _longest(table)
    for row in table.rows:
        cells = grid.add_row().cells
        for place, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            cells[place].text = _clean(cell_words(cell, column.sort))
            if column.sort in _NUMBERS:
                cells[place].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
        if table.bars is not None:
            cells[-1].text = bar(row[table.bars], longest)
            cells[-1].paragraphs[0].paragraph_format.keep_together = True
    for line in grid.rows:
        for cell in line.cells:
            cell.paragraphs[0].paragraph_format.space_after = Pt(0)
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(10)
    if table.note:
        book.add_paragraph(table.note)


def _repeat_head(row: Any) -> None:
    """The head again on every page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _longest(table: Table) -> float:
    return max((_size(row[table.bars]) for row in table.rows), default=0.0) if table.bars is not None else 0.0


def _size(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def bar(cell: Cell, longest: float) -> str:
    """A bar of blocks; the smallest that is not nothing is one block long."""
    size = _size(cell)
    return "█" * max(1, round(size / longest * BAR)) if size > 0 and longest > 0 else ""


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))


def to_xlsx(report: Report) -> bytes:
    """The report as a workbook: a sheet per section, each table with its chart beside it."""
    import xlsxwriter  # a quarter of a second, needed for a report only

    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": report.title, "created": report.made_at.replace(tzinfo=None)})
    looks = {sort: book.add_format({"num_format": form}) for sort, form in _FORMS.items()}
    looks |= {
        "bold": book.add_format({"bold": True}),
        "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True}),
    }
    first = book.add_worksheet("说明")
    for y, words in enumerate((report.title, report.owner, made_words(report), NOTICE)):
        first.write_string(y, 0, words, looks["bold"] if y == 0 else None)
    first.set_column(0, 0, 90)
    for section in report.sections:
        _sheet(book, section, looks)
    book.close()
    return file.getvalue()


def sheet_name(heading: str) -> str:
    """一、受理情况 → 受理情况, at most 31 characters, none that Excel forbids."""
    return heading.partition("、")[2].translate(str.maketrans("", "", r"[]:*?/\\"))[:31]


def _sheet(book: Any, section: Section, looks: dict[str, Any]) -> None:
    sheet = book.add_worksheet(sheet_name(section.heading))
    y = 0
    for sentence in section.sentences:
        sheet.write_string(y, 0, sentence)
        y += 1
    for table in section.tables:
        y = _grid(book, sheet, table, y + 1, looks)
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 4, 16)


def _grid(book: Any, sheet: Any, table: Table, y: int, looks: dict[str, Any]) -> int:
    """Write a table from row `y` on. Returns the first free row."""
    sheet.write_string(y, 0, table.caption, looks["bold"])
    sheet.write_row(y + 1, 0, [column.name for column in table.columns], looks["head"])
    first = y + 2
    for place, row in enumerate(table.rows, first):
        for x, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            if isinstance(cell, str):
                sheet.write_string(place, x, str(harmless(cell)))
            elif cell is not None:
                sheet.write_number(place, x, cell, looks.get(column.sort))
    last = first + len(table.rows) - 1
    if table.bars is None or not table.rows:
        return last + 2
    sheet.insert_chart(y, len(table.columns) + 1, _chart(book, sheet.get_name(), table, first, last))
    return max(last, y + _chart_rows(table)) + 2


def _chart_rows(table: Table) -> int:
    return max(12, len(table.rows) + 5)


def _chart(book: Any, sheet: str, table: Table, first: int, last: int) -> Any:
    """Bars with a pattern, a black outline and their numbers: nothing is told by colour."""
    chart, x = book.add_chart({"type": "bar"}), table.bars
    chart.add_series(
        {
            "name": table.columns[x or 0].name,
            "categories": [sheet, first, 0, last, 0],
            "values": [sheet, first, x, last, x],
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
