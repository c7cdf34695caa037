"""Which Word template is in force for a letter: the installation's own under <data>/letters, or the default.

An own template with a fault is refused when uploaded and whenever it is used; the default never replaces it unasked.
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
from web.letters.placeholders import PLACEHOLDERS, sample_values

MAX_BYTES = 2_000_000
_MAX_UNPACKED_BYTES = 30_000_000
_MAX_PARTS = 200
Fault = tuple[str, str]
"""A stable code and what it is about."""


@dataclass(frozen=True, slots=True)
class LetterTemplate:
    """A template in force. `own`: the installation's own, not the default."""

    code: str
    content: bytes
    own: bool

    @property
    def edition(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class TemplateError(Unavailable):
    """The installation's own template of a letter has a fault."""

    code = "letter_template"


def own_path(data: Path, code: str) -> Path:
    return data / "letters" / f"{code}.docx"


def load_template(data: Path, code: str) -> LetterTemplate:
    """The template in force.

    Raises TemplateError when the installation's own has a fault: nothing is issued by another one unasked.
    """
    path = own_path(data, code)
    if not path.is_file():
        return LetterTemplate(code, default_templates.build_template(code), False)
    content = path.read_bytes()
    if faults := find_faults(BY_CODE[code], content):
        raise TemplateError(letter=BY_CODE[code].title, file=path.name, faults=faults)
    return LetterTemplate(code, content, True)


def store_edition(data: Path, template: LetterTemplate) -> str:
    """The digest of a template that a letter is issued with, kept for as long as there are letters."""
    path = _edition_path(data, template.edition)
    if not path.exists():
        write_file(path, template.content)
    return template.edition


def load_edition(data: Path, digest: str) -> bytes:
    """The template a letter was issued with.

    Raises Unavailable when somebody took it away.
    """
    path = _edition_path(data, digest)
    if not path.is_file():
        raise Unavailable("letter_edition", digest=digest)
    return path.read_bytes()


def _edition_path(data: Path, digest: str) -> Path:
    return data / "letters" / "editions" / f"{digest}.docx"


def install_template(data: Path, code: str, content: bytes) -> list[Fault]:
    """Put an own template in force, unless it has faults: those are returned."""
    faults = find_faults(BY_CODE[code], content)
    if not faults:
        write_file(own_path(data, code), content)
    return faults


def remove_template(data: Path, code: str) -> None:
    """Back to ours."""
    own_path(data, code).unlink(missing_ok=True)


def write_file(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    storage.write_whole(path, content)


def find_faults(letter_type: LetterType, content: bytes) -> list[Fault]:
    """Everything wrong with a template of a letter: its file, its placeholders, and what it fails to state."""
    if fault := _find_file_fault(content):
        return [fault]
    from jinja2 import TemplateError

    try:
        names = _list_placeholders(content)
    except TemplateError as error:
        return [("broken_syntax", str(error))]
    faults = [("unknown_placeholder", name) for name in sorted(names - set(PLACEHOLDERS))]
    faults += [("not_stated", name) for name in letter_type.states if name not in names]
    return faults or _find_trial_faults(content)


def _find_trial_faults(content: bytes) -> list[Fault]:
    from jinja2 import TemplateError

    from web.letters import rendering

    try:
        rendering.render_docx(content, sample_values())
    except (TemplateError, ValueError, TypeError, ArithmeticError, LookupError) as error:
        return [("broken_syntax", str(error)[:200])]
    return []


def _list_placeholders(content: bytes) -> set[str]:
    from docxtpl import DocxTemplate

    from web.letters import rendering

    names: set[str] = DocxTemplate(io.BytesIO(content)).get_undeclared_template_variables(rendering.build_environment())
    return names


def _find_file_fault(content: bytes) -> Fault | None:
    """What makes a file no template, or one that could do more than be filled in."""
    if len(content) > MAX_BYTES:
        return "too_large", ""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED_BYTES:
                return "too_large", ""
            names = {part.filename for part in parts}
            if "word/document.xml" not in names or "[Content_Types].xml" not in names:
                return "not_word", ""
            if any("vbaProject" in name or "/embeddings/" in name or "/activeX/" in name for name in names):
                return "not_plain", ""
            for name in names:
                if name.endswith((".xml", ".rels")) and (fault := _find_part_fault(name, package.read(name))):
                    return fault
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        return "not_word", ""
    return _find_word_fault(content)


_EXTERNAL_TARGET = re.compile(rb'TargetMode\s*=\s*["\']External["\']', re.IGNORECASE)


def _find_part_fault(name: str, content: bytes) -> Fault | None:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return "not_plain", name
    return ("outside", name) if name.endswith(".rels") and _EXTERNAL_TARGET.search(content) else None


def _find_word_fault(content: bytes) -> Fault | None:
    from docx import Document
    from docx.exceptions import PythonDocxError
    from lxml.etree import XMLSyntaxError

    try:
        Document(io.BytesIO(content))
    except (PythonDocxError, XMLSyntaxError, KeyError, ValueError, AttributeError):
        return "not_word", ""
    return None


def default_template(code: str) -> bytes:
    """The template we ship, to start from."""
    return default_templates.build_template(code)


def render_fault(fault: Any) -> str:
    """A fault in words."""
    code, subject = fault
    return _FAULT_WORDS[code].format(about=subject)


_FAULT_WORDS = {
    "too_large": "文件太大，模板不能超过 2 MB",
    "not_word": "不是有效的 Word 文件（.docx）",
    "not_plain": "模板里有宏、嵌入对象或者不允许的内容，请另存为普通 .docx{about}",
    "outside": "模板引用了外部文件或者链接，请删去（{about}）",
    "broken_syntax": "占位符写错了：{about}",
    "unknown_placeholder": "不认识的占位符“{about}”",
    "not_stated": "缺少必须写明的“{about}”",
}
