"""Rendering a letter: template → Word → HTML → PDF.

What these libraries need is imported here, inside the functions, since it costs more than a second; call them in a
thread. Templates are written by people: they are filled in by a sandbox that knows nothing but the placeholders.
"""

import asyncio
import html
import io
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from feedback.kernel.errors import Unavailable
from web.letters import default_templates

CSS = Path(__file__).parents[1] / "static" / "css" / "letter.css"
_QR_MM = 20
_ALT = "核验二维码"
T = TypeVar("T")
_EXECUTOR = ThreadPoolExecutor(1, "letters")  # one at a time: each takes a core for a good part of a second
DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF_TYPE = "application/pdf"
MEDIA_TYPES: Mapping[str, str] = {"docx": DOCX_TYPE, "pdf": PDF_TYPE}


def build_environment() -> Any:
    """What a template may use: its placeholders, conditions and loops over them."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    environment.globals.clear()
    return environment


def render_docx(template: bytes, values: Mapping[str, str]) -> bytes:
    """The letter as a Word file. Words of several lines become several paragraphs of the same style."""
    from docx.shared import Mm
    from docxtpl import DocxTemplate, InlineImage, Listing

    document = DocxTemplate(io.BytesIO(template))
    document.init_docx()
    template_values: dict[str, Any] = {name: _to_paragraphs(words, Listing) for name, words in values.items()}
    if values.get("核验码"):
        template_values["二维码"] = InlineImage(document, io.BytesIO(render_qr(values)), width=Mm(_QR_MM))
    document.render(template_values, build_environment())
    buffer = io.BytesIO()
    document.save(buffer)
    return default_templates.normalize_package(buffer.getvalue())


def _to_paragraphs(words: str, listing: Any) -> Any:
    text = "".join(c for c in words if c in "\n\t" or c >= " ")  # Word keeps no other control characters
    if not text.strip():
        return ""
    return listing("\a".join(line.strip() for line in text.splitlines() if line.strip()))


def render_qr(values: Mapping[str, str]) -> bytes:
    """The picture that leads to the page where a letter is checked."""
    import segno

    buffer = io.BytesIO()
    segno.make(f"{values['核验网址']}?t={values['核验码'].replace(' ', '')}", error="m").save(
        buffer, kind="png", scale=8, border=2
    )
    return buffer.getvalue()


def render_html_body(docx: bytes) -> str:
    """The letter as HTML: a paragraph per paragraph, each with the class of its style."""
    import mammoth

    result = mammoth.convert_to_html(
        io.BytesIO(docx), style_map=_STYLE_MAP, transform_document=mammoth.transforms.paragraph(_keep_alignment)
    )
    return str(result.value).replace("<img src=", f'<img alt="{_ALT}" src=')  # who cannot see it has the code in words


_CLASS_BY_STYLE = {name: f"l-{at}" for at, name in enumerate(default_templates.STYLES)}
_STYLE_MAP = "\n".join(
    [f"p[style-name='{name}'] => p.{cls}:fresh" for name, cls in _CLASS_BY_STYLE.items()]
    + [f"p[style-name='对齐{side}'] => p.l-{side}:fresh" for side in ("center", "right")]
)


def _keep_alignment(paragraph: Any) -> Any:
    """A paragraph somebody centred by hand, without a style of ours."""
    if paragraph.style_name in default_templates.STYLES or paragraph.alignment not in ("center", "right"):
        return paragraph
    return paragraph.copy(style_name=f"对齐{paragraph.alignment}", style_id=None)


def render_pdf(docx: bytes, title: str) -> bytes:
    """The letter as PDF.

    Raises Unavailable when the machine lacks what WeasyPrint needs.
    """
    try:
        from weasyprint import CSS as STYLESHEET
        from weasyprint import HTML
        from weasyprint.text.fonts import FontConfiguration
    except OSError as fault:  # pango is not installed: Word works without it
        raise Unavailable("no_pdf") from fault
    page = f"<!doctype html><html lang=zh-CN><title>{html.escape(title)}</title><body class=letter>{render_html_body(docx)}"
    fonts = FontConfiguration()
    sheet = STYLESHEET(string=CSS.read_text("utf-8"), font_config=fonts, url_fetcher=_fetch_embedded)
    content: bytes = HTML(string=page, url_fetcher=_fetch_embedded).write_pdf(stylesheets=[sheet], font_config=fonts)
    return content


def _fetch_embedded(url: str, *more: Any, **named: Any) -> Any:
    """A template may bring pictures of its own; nothing is fetched from anywhere."""
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols=("data",)).fetch(url)


async def render_letter(file_format: str, template: bytes, values: Mapping[str, str]) -> bytes:
    """A letter as Word or PDF."""
    return await _run_serially(partial(_render, file_format, template, values))


async def render_html(template: bytes, values: Mapping[str, str]) -> str:
    """A letter as HTML for a page."""
    return await _run_serially(lambda: render_html_body(render_docx(template, values)))


def _render(file_format: str, template: bytes, values: Mapping[str, str]) -> bytes:
    docx = render_docx(template, values)
    return docx if file_format == "docx" else render_pdf(docx, values.get("标题", ""))


async def _run_serially(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_EXECUTOR, work)
