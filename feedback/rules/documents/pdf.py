"""PDF (ISO 32000): scripts, programs to be started and files inside, also where compression hides them.

Two looks, since readers mend what a parser does not follow: pypdf walks every object that the tables name, decrypted
and decompressed, and the raw bytes are searched for the names of actions that no table mentions.
"""

import io
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pypdf
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from feedback.rules.documents.refusal import Budget, Refused
from feedback.rules.file_types import PDF, FileType

_ACTIONS = frozenset({"/JavaScript", "/Launch", "/ImportData"})
_KEYS = frozenset({"/JS", "/JavaScript", "/XFA"})
_MEDIA = frozenset({"/RichMedia", "/3D"})
_NAMES = re.compile(rb"/(?:JavaScript|Launch|RichMedia)(?![A-Za-z0-9])|/JS(?=[\s(<])")
_STREAM, _STREAM_END = re.compile(rb"stream\r?\n"), b"endstream"
_OBJECT_STREAM, _HEAD_MOST_BYTES = b"/ObjStm", 500
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_UNPACKED_MOST_BYTES = 20_000_000
_REFERENCES_MOST = 10
_EVIDENCE = (b"<?xml", b"\xef\xbb\xbf<?xml")  # electronic vouchers carry their own data as XML


def examine_pdf(content: bytes, budget: Budget, examine_inner: Callable[[str, bytes], None]) -> FileType:
    """PDF, after a look at every object.

    Raises Refused.
    """
    if any(_NAMES.search(text) for text in _raw_texts(content, budget)):
        raise Refused("scripted")
    try:
        reader = pypdf.PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("locked")
        if not reader.trailer.get("/Root"):
            raise Refused("damaged_document")
        for part in _objects(reader):
            _check(part)
            if "/EF" in part:
                _examine_files(part, budget, examine_inner)
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, OSError) as fault:
        raise Refused("damaged_document") from fault
    return PDF


def _raw_texts(content: bytes, budget: Budget) -> Iterator[bytes]:
    """What stands outside of streams, and what streams of objects unpack to, without escapes."""
    outside: list[bytes] = []
    last = 0
    for start, begin, end in find_streams(content):
        outside.append(content[last:start])
        last = end
        if _OBJECT_STREAM not in content[max(0, start - _HEAD_MOST_BYTES) : start]:
            continue
        try:
            text = zlib.decompressobj().decompress(content[begin:end], _UNPACKED_MOST_BYTES)
        except zlib.error:
            continue  # encrypted or packed in another way: then only pypdf sees it
        budget.spend(len(text))
        yield _unescape(text)
    yield _unescape(b"".join((*outside, content[last:])))


def find_streams(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Where each stream has its word, its first byte, and its end, in one pass: none begins inside another."""
    at = 0
    while match := _STREAM.search(content, at):
        end = content.find(_STREAM_END, match.end())
        if end < 0:
            return  # nor does any later one end
        at = end + len(_STREAM_END)
        yield match.start(), match.end(), at


def _unescape(text: bytes) -> bytes:
    """Names may be written as `/J#61vaScript`."""
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), text)


def _objects(reader: pypdf.PdfReader) -> Iterator[DictionaryObject]:
    """Every dictionary of the file, those inside others too."""
    numbers = {(number, generation) for generation, rows in reader.xref.items() for number in rows}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    waiting: list[Any] = [reader.trailer]
    for number, generation in sorted(numbers):
        waiting.append(reader.get_object(IndirectObject(number, generation, reader)))
        while waiting:
            part = waiting.pop()
            if isinstance(part, DictionaryObject):
                yield part
                waiting.extend(part.values())
            elif isinstance(part, ArrayObject):
                waiting.extend(part)


def _check(part: DictionaryObject) -> None:
    """Raises Refused for what acts by itself."""
    if part.keys() & _KEYS or _value(part, "/S") in _ACTIONS or _value(part, "/Subtype") in _MEDIA:
        raise Refused("scripted")


def _value(part: DictionaryObject, key: str) -> str:
    """The name or text under a key, also when it stands in an object of its own."""
    value: Any = part.get(key, "")
    for _ in range(_REFERENCES_MOST):
        if not isinstance(value, IndirectObject):
            return value if isinstance(value, str) else ""
        value = value.get_object()
    raise Refused("damaged_document")


def _examine_files(part: DictionaryObject, budget: Budget, examine_inner: Callable[[str, bytes], None]) -> None:
    """The files that a file specification embeds: XML and documents like those that are taken, nothing else."""
    name = str(_value(part, "/UF") or _value(part, "/F"))
    files = part["/EF"]
    for file in files.values() if isinstance(files, DictionaryObject) else ():
        stream = file.get_object()
        if not isinstance(stream, StreamObject):
            continue
        data = stream.get_data()
        budget.spend(len(data))
        if not data.startswith(_EVIDENCE):
            examine_inner(name, data)
