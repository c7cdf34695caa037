"""How does a letter become Word, a page, and PDF? One way for all: template → Word → HTML → PDF.

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
_ROOM = ThreadPoolExecutor(1, "letters")  # one at a time: each takes a core for a good part of a second
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = "application/pdf"
FORMS: Mapping[str, str] = {"docx": WORD, "pdf": PDF}


def environment() -> Any:
    """What a template may use: its placeholders, conditions and loops over them."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    found = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    found.globals.clear()
    return found


def word(template: bytes, said: Mapping[str, str]) -> bytes:
    """The letter as a Word file. Words of several lines become several paragraphs of the same style."""
    from docx.shared import Mm
    from docxtpl import DocxTemplate, InlineImage, Listing

    tpl = DocxTemplate(io.BytesIO(template))
    tpl.init_docx()
    context: dict[str, Any] = {name: _listed(words, Listing) for name, words in said.items()}
    if said.get("核验码"):
        context["二维码"] = InlineImage(tpl, io.BytesIO(qr(said)), width=Mm(_QR_MM))
    tpl.render(context, environment())
    out = io.BytesIO()
    tpl.save(out)
    return default_templates.settled(out.getvalue())


def _listed(words: str, listing: Any) -> Any:
    plain = "".join(c for c in words if c in "\n\t" or c >= " ")  # Word keeps no other control characters
    if not plain.strip():
        return ""
    return listing("\a".join(line.strip() for line in plain.splitlines() if line.strip()))


def qr(said: Mapping[str, str]) -> bytes:
    """The picture that leads to the page where a letter is checked."""
    import segno

    out = io.BytesIO()
    segno.make(f"{said['核验网址']}?t={said['核验码'].replace(' ', '')}", error="m").save(
        out, kind="png", scale=8, border=2
    )
    return out.getvalue()


def body(docx: bytes) -> str:
    """The letter as HTML: a paragraph per paragraph, each with the class of its style."""
    import mammoth

    found = mammoth.convert_to_html(
        io.BytesIO(docx), style_map=_STYLE_MAP, transform_document=mammoth.transforms.paragraph(_aligned)
    )
    return str(found.value).replace("<img src=", f'<img alt="{_ALT}" src=')  # who cannot see it has the code in words


_CLASSES = {name: f"l-{at}" for at, name in enumerate(default_templates.STYLES)}
_STYLE_MAP = "\n".join(
    [f"p[style-name='{name}'] => p.{cls}:fresh" for name, cls in _CLASSES.items()]
    + [f"p[style-name='对齐{side}'] => p.l-{side}:fresh" for side in ("center", "right")]
)


def _aligned(paragraph: Any) -> Any:
    """A paragraph somebody centred by hand, without a style of ours."""
    if paragraph.style_name in default_templates.STYLES or paragraph.alignment not in ("center", "right"):
        return paragraph
    return paragraph.copy(style_name=f"对齐{paragraph.alignment}", style_id=None)


def pdf(docx: bytes, title: str) -> bytes:
    """The letter as PDF.

    Raises Unavailable when the machine lacks what WeasyPrint needs.
    """
    try:
        from weasyprint import CSS as STYLESHEET
        from weasyprint import HTML
        from weasyprint.text.fonts import FontConfiguration
    except OSError as fault:  # pango is not installed: Word works without it
        raise Unavailable("no_pdf") from fault
    page = f"<!doctype html><html lang=zh-CN><title>{html.escape(title)}</title><body class=letter>{body(docx)}"
    fonts = FontConfiguration()
    sheet = STYLESHEET(string=CSS.read_text("utf-8"), font_config=fonts, url_fetcher=_nothing_outside)
    written: bytes = HTML(string=page, url_fetcher=_nothing_outside).write_pdf(stylesheets=[sheet], font_config=fonts)
    return written


def _nothing_outside(url: str, *more: Any, **named: Any) -> Any:
    """A template may bring pictures of its own; nothing is fetched from anywhere."""
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols=("data",)).fetch(url)


async def written(form: str, template: bytes, said: Mapping[str, str]) -> bytes:
    """A letter as Word or PDF."""
    return await _in_turn(partial(_written, form, template, said))


async def shown(template: bytes, said: Mapping[str, str]) -> str:
    """A letter as HTML for a page."""
    return await _in_turn(lambda: body(word(template, said)))


def _written(form: str, template: bytes, said: Mapping[str, str]) -> bytes:
    docx = word(template, said)
    return docx if form == "docx" else pdf(docx, said.get("标题", ""))


async def _in_turn(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_ROOM, work)
