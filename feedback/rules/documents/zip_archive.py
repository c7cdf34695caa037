"""Office Open XML (ISO/IEC 29500) and OFD (GB/T 33190): archives of XML parts."""

import html
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePath

from feedback.rules.documents.refusal import MAX_ENTRY_BYTES, Budget, Refused
from feedback.rules.file_types import DOCX, DPS, ET, OFD, PPTX, WPS, XLSX, FileType

_MAIN_PARTS = (
    (b"wordprocessingml.document.main+xml", DOCX, WPS),
    (b"spreadsheetml.sheet.main+xml", XLSX, ET),
    (b"presentationml.presentation.main+xml", PPTX, DPS),
    (b"presentationml.slideshow.main+xml", PPTX, DPS),
)
"""What `[Content_Types].xml` calls the main part, and the kind then, also when WPS Office gave its own ending."""
_TYPES_PART, _OFD_PART = "[content_types].xml", "ofd.xml"
_MACRO_PARTS = re.compile(r"(?:^|/)(?:vbaproject[^/]*|vbadata\.xml|macrosheets/.*|activex/.*)$")
_FETCHED = re.compile(r"/(?:attachedTemplate|oleObject|frame|subDocument|externalLinkPath/dde)\s*[\"']", re.IGNORECASE)
_EXTERNAL = re.compile(r"TargetMode\s*=\s*[\"']\s*External", re.IGNORECASE)
_INSTRUCTION = re.compile(r"<(?:[^\s<>/:]+:)?instrText\b[^<>]*>([^<]*)")
_SIMPLE_FIELD = re.compile(r"[\s:]instr\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")
_COMMAND_FIELD = re.compile(r"\bDDE(?:AUTO)?\b", re.IGNORECASE)
_DDE_LINK = re.compile(r"<(?:[^\s<>/:]+:)?ddeLink\b")
_ENTITIES = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_XML_DECLARED = re.compile(r"<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([^\"']*)")
_XML_ENCODINGS = ("utf-8", "us-ascii", "ascii")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IS_ENCRYPTED = 0x1


def examine_zip_archive(
    name: str, content: bytes, budget: Budget, examine_inner: Callable[[str, bytes], None]
) -> FileType:
    """The kind of an archive, after a look at every part of it.

    Raises Refused.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            budget.spend_entries(len(entries))
            if sum(entry.file_size for entry in entries) > budget.bytes_left:
                raise Refused("unpacks_too_large")
            kind = _find_kind(name, archive, entries, budget)
            for entry in entries:
                part = _read(archive, entry, budget)
                _check_part(entry.filename.lower(), part)
                examine_inner(entry.filename, part)
            return kind
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as fault:
        raise Refused("damaged_document") from fault


def _find_kind(name: str, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], budget: Budget) -> FileType:
    by_name = {entry.filename.lower(): entry for entry in entries}
    if len(by_name) < len(entries):
        raise Refused("damaged_document")  # two parts of one name: each program shows another one
    if _OFD_PART in by_name:
        return OFD
    if _TYPES_PART not in by_name:
        raise Refused("type_refused")
    types = _read(archive, by_name[_TYPES_PART], budget)
    if b"macroEnabled" in types:
        raise Refused("macros")
    suffix = PurePath(name).suffix.lower()
    for words, kind, kind_of_wps in _MAIN_PARTS:
        if words in types:
            return kind_of_wps if suffix in kind_of_wps.suffixes else kind
    raise Refused("type_refused")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> bytes:
    """What the part really unpacks to, which need not be what the archive says."""
    if entry.flag_bits & _IS_ENCRYPTED:
        raise Refused("locked")
    if entry.compress_type not in _METHODS:
        raise Refused("type_refused")
    most = min(MAX_ENTRY_BYTES, budget.bytes_left)
    with archive.open(entry) as file:
        part = file.read(most + 1)
    if len(part) > most:
        raise Refused("unpacks_too_large")
    budget.spend(len(part))
    return part


def _check_part(name: str, part: bytes) -> None:
    """Raises Refused for what runs or fetches something as soon as the document is opened."""
    if _MACRO_PARTS.search(name):
        raise Refused("macros")
    if name.endswith((".xml", ".rels")):
        _refuse_commands(name, _decode_xml(part))


def _refuse_commands(name: str, text: str) -> None:
    if _ENTITIES.search(text):
        raise Refused("scripted")
    # Marks of the text itself are found first: what a reference stands for is never one.
    instructions = [*_INSTRUCTION.findall(text), *(double or single for double, single in _SIMPLE_FIELD.findall(text))]
    if _COMMAND_FIELD.search(html.unescape("".join(instructions))) or _DDE_LINK.search(text):
        raise Refused("scripted")
    if name.endswith(".rels"):
        plain = html.unescape(text)
        if _EXTERNAL.search(plain) and _FETCHED.search(plain):
            raise Refused("scripted")


def _decode_xml(part: bytes) -> str:
    """The text of a part, in the encodings that office programs write: UTF-8, UTF-16 with its mark.

    Raises Refused for another, in which every program would read something else.
    """
    try:
        text = part.decode("utf-16" if part.startswith(_UTF16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Refused("damaged_document") from fault
    declared = _XML_DECLARED.match(text)
    known = ("utf-16",) if part.startswith(_UTF16_MARKS) else _XML_ENCODINGS
    if "\0" in text or (declared and declared[1].lower() not in known):
        raise Refused("damaged_document")
    return text
