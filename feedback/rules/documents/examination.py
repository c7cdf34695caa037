"""The kind of a document by what lies in it, also of documents inside documents."""

from feedback.rules import file_types
from feedback.rules.documents.compound_file import examine_compound_file
from feedback.rules.documents.pdf import examine_pdf
from feedback.rules.documents.refusal import MAX_DEPTH, Budget, Refused
from feedback.rules.documents.zip_archive import examine_zip_archive
from feedback.rules.file_types import COMPOUND_FILE, PDF, ZIP_ARCHIVE, FileType

_PROGRAMS = (
    *(b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"#!"),
    b"L\x00\x00\x00\x01\x14\x02\x00",  # a link of Windows
)
_ARCHIVES = (b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"MSCF")
_COMPRESSED_PICTURES = (".emz", ".wmz")  # Word keeps drawings so


def examine(name: str, content: bytes) -> FileType:
    """The kind of a document that is taken.

    Raises Refused.
    """
    return _examine(name, content, Budget(), 0)


def _examine(name: str, content: bytes, budget: Budget, depth: int) -> FileType:
    if depth > MAX_DEPTH:
        raise Refused("embedded")

    def examine_inner(inner_name: str, inner: bytes) -> None:
        _examine_inner(inner_name, inner, budget, depth + 1)

    kind = file_types.find_type(name, content)
    if kind is ZIP_ARCHIVE:
        return examine_zip_archive(name, content, budget, examine_inner)
    if kind is COMPOUND_FILE:
        return examine_compound_file(name, content)
    if kind is PDF:
        return examine_pdf(content, budget, examine_inner)
    raise Refused("type_refused")


def _examine_inner(name: str, content: bytes, budget: Budget, depth: int) -> None:
    """A part of a document: other documents are examined, programs and archives refused, all else is data.

    Raises Refused.
    """
    if content.startswith(_PROGRAMS):
        raise Refused("embedded")
    if content.startswith(_ARCHIVES) and not name.lower().endswith(_COMPRESSED_PICTURES):
        raise Refused("embedded")
    if file_types.find_type(name, content) in (ZIP_ARCHIVE, COMPOUND_FILE, PDF):
        try:
            _examine(name, content, budget, depth)
        except Refused as refused:
            raise Refused("embedded" if refused.code == "type_refused" else refused.code) from refused
