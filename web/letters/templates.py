"""Which Word template holds for a letter? The office's own under <data>/letters, else ours; and is it sound?

An own template with a fault is refused when it comes and whenever it is used; ours never takes its place unasked.
Every edition a letter was issued with is kept by its digest, so that the letter can be written out again unchanged.
"""

import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedback.kernel import storage
from feedback.kernel.errors import Unavailable
from feedback.rules.letter_types import BY_CODE, LetterType
from web.letters import default_templates
from web.letters.placeholders import PLACEHOLDERS, sample

MOST_BYTES = 2_000_000
_MOST_UNPACKED = 30_000_000
_MOST_PARTS = 200
Fault = tuple[str, str]
"""A stable code and what it is about."""


@dataclass(frozen=True, slots=True)
class LetterTemplate:
    """A template in force. `own`: the office's own, not ours."""

    code: str
    content: bytes
    own: bool

    @property
    def edition(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class TemplateError(Unavailable):
    """The office's own template of a letter has a fault."""

    code = "letter_template"


def own_path(data: Path, code: str) -> Path:
    return data / "letters" / f"{code}.docx"


def template_in_force(data: Path, code: str) -> LetterTemplate:
    """The template in force.

    Raises Broken when the office's own has a fault: nothing is issued by another one unasked.
    """
    path = own_path(data, code)
    if not path.is_file():
        return LetterTemplate(code, default_templates.drawn(code), False)
    content = path.read_bytes()
    if faults := faults_of(BY_CODE[code], content):
        raise TemplateError(letter=BY_CODE[code].title, file=path.name, faults=faults)
    return LetterTemplate(code, content, True)


def keep_edition(data: Path, stencil: LetterTemplate) -> str:
    """The digest of a template that a letter is issued with, kept for as long as there are letters."""
    path = _edition_path(data, stencil.edition)
    if not path.exists():
        write(path, stencil.content)
    return stencil.edition


def edition(data: Path, digest: str) -> bytes:
    """The template a letter was issued with.

    Raises Unavailable when somebody took it away.
    """
    path = _edition_path(data, digest)
    if not path.is_file():
        raise Unavailable("letter_edition", digest=digest)
    return path.read_bytes()


def _edition_path(data: Path, digest: str) -> Path:
    return data / "letters" / "editions" / f"{digest}.docx"


def take_in(data: Path, code: str, content: bytes) -> list[Fault]:
    """Put an own template in force, unless it has faults: those are returned."""
    faults = faults_of(BY_CODE[code], content)
    if not faults:
        write(own_path(data, code), content)
    return faults


def drop(data: Path, code: str) -> None:
    """Back to ours."""
    own_path(data, code).unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    storage.write_whole(path, content)


def faults_of(row: LetterType, content: bytes) -> list[Fault]:
    """Everything wrong with a template of a letter: its file, its placeholders, and what it fails to state."""
    if fault := _file_fault(content):
        return [fault]
    from jinja2 import TemplateError

    try:
        known = _placeholders(content)
    except TemplateError as wrong:
        return [("broken_syntax", str(wrong))]
    faults = [("unknown_placeholder", name) for name in sorted(known - set(PLACEHOLDERS))]
    faults += [("not_stated", name) for name in row.states if name not in known]
    return faults or _trial_faults(content)


def _trial_faults(content: bytes) -> list[Fault]:
    from jinja2 import TemplateError

    from web.letters import rendering

    try:
        rendering.word(content, sample())
    except (TemplateError, ValueError, TypeError, ArithmeticError, LookupError) as wrong:
        return [("broken_syntax", str(wrong)[:200])]
    return []


def _placeholders(content: bytes) -> set[str]:
    from docxtpl import DocxTemplate

    from web.letters import rendering

    found: set[str] = DocxTemplate(io.BytesIO(content)).get_undeclared_template_variables(rendering.environment())
    return found


def _file_fault(content: bytes) -> Fault | None:
    """What makes a file no template, or one that could do more than be filled in."""
    if len(content) > MOST_BYTES:
        return "too_large", ""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
                return "too_large", ""
            names = {part.filename for part in parts}
            if "word/document.xml" not in names or "[Content_Types].xml" not in names:
                return "not_word", ""
            if any("vbaProject" in name or "/embeddings/" in name or "/activeX/" in name for name in names):
                return "not_plain", ""
            for name in names:
                if name.endswith((".xml", ".rels")) and (fault := _part_fault(name, package.read(name))):
                    return fault
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        return "not_word", ""
    return _unreadable(content)


_OUTSIDE = re.compile(rb'TargetMode\s*=\s*["\']External["\']', re.IGNORECASE)


def _part_fault(name: str, content: bytes) -> Fault | None:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return "not_plain", name
    return ("outside", name) if name.endswith(".rels") and _OUTSIDE.search(content) else None


def _unreadable(content: bytes) -> Fault | None:
    from docx import Document
    from docx.exceptions import PythonDocxError
    from lxml.etree import XMLSyntaxError

    try:
        Document(io.BytesIO(content))
    except (PythonDocxError, XMLSyntaxError, KeyError, ValueError, AttributeError):
        return "not_word", ""
    return None


def shipped(code: str) -> bytes:
    """The template we ship, to start from."""
    return default_templates.drawn(code)


def why_broken(fault: Any) -> str:
    """A fault in words."""
    code, about = fault
    return _WORDS[code].format(about=about)


_WORDS = {
    "too_large": "文件太大，模板不能超过 2 MB",
    "not_word": "不是有效的 Word 文件（.docx）",
    "not_plain": "模板里有宏、嵌入对象或者不允许的内容，请另存为普通 .docx{about}",
    "outside": "模板引用了外部文件或者链接，请删去（{about}）",
    "broken_syntax": "占位符写错了：{about}",
    "unknown_placeholder": "不认识的占位符“{about}”",
    "not_stated": "缺少必须写明的“{about}”",
}
