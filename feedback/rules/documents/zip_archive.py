"""Office Open XML (ISO/IEC 29500) and OFD (GB/T 33190): archives of XML parts."""

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
_FETCHED = re.compile(rb"/(?:attachedTemplate|oleObject|frame|subDocument|externalLinkPath/dde)[\"']", re.IGNORECASE)
_EXTERNAL = re.compile(rb"TargetMode\s*=\s*[\"']External", re.IGNORECASE)
_INSTRUCTION = re.compile(rb"<w:instrText[^>]*>([^<]*)")
_COMMAND_FIELD = re.compile(rb"\bDDE(?:AUTO)?\b", re.IGNORECASE)
_ENTITIES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
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
    if name.endswith(".rels") and _EXTERNAL.search(part) and _FETCHED.search(part):
        raise Refused("scripted")
    if name.endswith((".xml", ".rels")) and _ENTITIES.search(part):
        raise Refused("scripted")
    if name.startswith("xl/externallinks/") and b"<ddeLink" in part:
        raise Refused("scripted")
    if name.startswith("word/") and _COMMAND_FIELD.search(b"".join(_INSTRUCTION.findall(part))):
        raise Refused("scripted")
