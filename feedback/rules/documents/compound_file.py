"""Office documents before 2007 and those of WPS: compound files ([MS-CFB]).

Only the directory is read, and not by its chain of sectors, which a hostile file may bend: every place where an entry
of it can stand is looked at.
"""

import re
from collections.abc import Iterator
from pathlib import PurePath

from feedback.rules.documents.refusal import Refused
from feedback.rules.file_types import DOC, DPS, ET, PPT, WPS, XLS, FileType

_ENTRY_BYTES, _NAME_BYTES = 128, 64
_ENTRY_TYPES = (1, 2, 5)  # storage, stream, root
_KINDS = (
    ("worddocument", DOC, WPS),
    ("workbook", XLS, ET),
    ("book", XLS, ET),
    ("powerpoint document", PPT, DPS),
)
_OF_WPS = (WPS, ET, DPS)
_MACRO_NAMES = frozenset({"_vba_project", "_vba_project_cur", "vba", "macros"})
_EMBEDDED_NAMES = frozenset({"\x01ole10native"})
_LOCKED_NAMES = frozenset({"encryptedpackage"})
_MACRO_SHEET = re.compile(rb"\x85\x00[\x08-\x80]\x00.{4}[\x00-\x02]\x01", re.DOTALL)
"""BoundSheet8 ([MS-XLS] 2.4.28) of a sheet of Excel 4.0 macros."""
_MACROS_OF_SLIDES = re.compile(rb"\x02\x00\x00\x04\x0c\x00\x00\x00.{4}\x01\x00\x00\x00", re.DOTALL)
"""VBAInfoAtom ([MS-PPT] 2.4.11) of a presentation that has macros."""


def examine_compound_file(name: str, content: bytes) -> FileType:
    """The kind of a compound file.

    Raises Refused.
    """
    names = set(_entry_names(content))
    if names & _LOCKED_NAMES:
        raise Refused("locked")
    if names & _MACRO_NAMES:
        raise Refused("macros")
    if names & _EMBEDDED_NAMES:
        raise Refused("embedded")
    suffix = PurePath(name).suffix.lower()
    for stream, kind, kind_of_wps in _KINDS:
        if stream in names:
            if (kind is XLS and _MACRO_SHEET.search(content)) or (kind is PPT and _MACROS_OF_SLIDES.search(content)):
                raise Refused("macros")
            return kind_of_wps if suffix in kind_of_wps.suffixes else kind
    own = next((kind for kind in _OF_WPS if suffix in kind.suffixes), None)
    if own is None or not names:
        raise Refused("type_refused")
    return own


def _entry_names(content: bytes) -> Iterator[str]:
    """The names in lower case of everything that looks like an entry of the directory ([MS-CFB] 2.6.1)."""
    for at in range(0, len(content) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        length = int.from_bytes(content[at + _NAME_BYTES : at + _NAME_BYTES + 2], "little")
        if not 4 <= length <= _NAME_BYTES or length % 2 or content[at + 66] not in _ENTRY_TYPES:
            continue
        if content[at + length - 2 : at + length] == b"\0\0":
            yield content[at : at + length - 2].decode("utf-16-le", errors="replace").lower()
