"""Building the default Word template of a letter from its lines in `forms.toml`, with named styles.

The same lines give the same bytes on every machine: an edition is known by its digest.
"""

import io
import tomllib
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from feedback.rules.letter_types import BY_CODE

FORMS_FILE = Path(__file__).with_name("forms.toml")
BODY, CHECK = "正文", "核验"
# name: font, size in points, alignment
STYLES: dict[str, tuple[str, float, str]] = {
    "版头": ("方正小标宋简体", 26, "center"),
    "文号": ("仿宋_GB2312", 16, "center"),
    "公文标题": ("方正小标宋简体", 22, "center"),
    "主送": ("仿宋_GB2312", 16, "left"),
    "正文": ("仿宋_GB2312", 16, "both"),
    "小标题": ("黑体", 16, "left"),
    "依据": ("仿宋_GB2312", 16, "both"),
    "落款": ("仿宋_GB2312", 16, "right"),
    "成文日期": ("仿宋_GB2312", 16, "right"),
    "附注": ("仿宋_GB2312", 12, "left"),
    "核验": ("仿宋_GB2312", 10.5, "left"),
    "签名": ("仿宋_GB2312", 16, "left"),
}
_INDENTED = frozenset({"正文", "小标题", "依据", "签名"})
_RED = "C00000"
_EPOCH = (1980, 1, 1, 0, 0, 0)


@cache
def _load_forms() -> dict[str, str]:
    with FORMS_FILE.open("rb") as file:
        return tomllib.load(file)


def list_lines(code: str) -> list[tuple[str, str]]:
    """The lines of a letter as (style, words).

    Raises LookupError for a letter without a form.
    """
    lines = []
    forms = _load_forms()
    if code not in forms:
        raise LookupError(f"{FORMS_FILE.name} has no form for the letter {code}")
    for part in ("head", code, "tail"):
        for line in forms[part].strip().splitlines():
            style, separator, words = line.partition("｜")
            lines.append((style, words) if separator and style in STYLES else (BODY, line))
    return lines


@cache
def build_template(code: str) -> bytes:
    """The Word template we ship for a letter."""
    from docx import Document
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Mm

    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(32), Mm(30)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    for name in STYLES:
        _apply_style(document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH), name)
    for style, words in list_lines(code):
        if style == CHECK:
            _add_check_row(document, words)
        else:
            document.add_paragraph(words, style=style)
    _add_page_number(section.footer.paragraphs[0])
    document.core_properties.title = BY_CODE[code].title
    document.core_properties.author = ""
    buffer = io.BytesIO()
    document.save(buffer)
    return normalize_package(buffer.getvalue())


def _add_check_row(document: Any, words: str) -> None:
    """What a letter is checked by: the picture left, the words right of it."""
    from docx.shared import Mm

    left, right = document.add_table(rows=1, cols=2).rows[0].cells
    left.width, right.width = Mm(26), Mm(130)
    picture, *lines = words.split("｜")
    left.paragraphs[0].text, left.paragraphs[0].style = picture, CHECK
    right.paragraphs[0].text, right.paragraphs[0].style = lines[0], CHECK
    for line in lines[1:]:
        right.add_paragraph(line, style=CHECK)


def _apply_style(style: Any, name: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    font, size, alignment = STYLES[name]
    style.font.name = "Times New Roman"
    style.font.size = Pt(size)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
    style.quick_style = True
    paragraph_format = style.paragraph_format
    paragraph_format.alignment = {
        "center": WD_ALIGN_PARAGRAPH.CENTER,
        "left": WD_ALIGN_PARAGRAPH.LEFT,
        "right": WD_ALIGN_PARAGRAPH.RIGHT,
        "both": WD_ALIGN_PARAGRAPH.JUSTIFY,
    }[alignment]
    paragraph_format.space_before = paragraph_format.space_after = Pt(0)
    paragraph_format.line_spacing_rule, paragraph_format.line_spacing = (
        WD_LINE_SPACING.EXACTLY,
        Pt(max(size * 1.625, 15)),
    )
    paragraph_format.widow_control = True
    if name in _INDENTED:
        paragraph_format.first_line_indent = Pt(2 * size)
    match name:
        case "版头":
            style.font.color.rgb = RGBColor.from_string(_RED)
            style.font.bold = True
            paragraph_format.space_after = Pt(14)
        case "文号":
            _add_red_line(style)
        case "公文标题":
            style.font.bold = True
            paragraph_format.space_before, paragraph_format.space_after = Pt(18), Pt(18)
            paragraph_format.keep_with_next = True
        case "小标题" | "主送" | "签名":
            paragraph_format.keep_with_next = True
        case "落款":
            paragraph_format.space_before, paragraph_format.keep_with_next, paragraph_format.right_indent = (
                Pt(20),
                True,
                Pt(32),
            )
        case "成文日期":
            paragraph_format.keep_with_next, paragraph_format.right_indent = True, Pt(48)
        case "附注":
            paragraph_format.space_before, paragraph_format.keep_with_next = Pt(14), True


def _add_red_line(style: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders, bottom = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for key, value in (("val", "single"), ("sz", "12"), ("space", "4"), ("color", _RED)):
        bottom.set(qn(f"w:{key}"), value)
    borders.append(bottom)
    style.element.get_or_add_pPr().append(borders)


def _add_page_number(paragraph: Any) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.add_run("— ")
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)
    paragraph.add_run(" —")


def normalize_package(content: bytes) -> bytes:
    """The same Word file without the moment it was packed: equal content is equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            new.writestr(info, old.read(name))
    return buffer.getvalue()
