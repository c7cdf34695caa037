"""Files of many kinds, built byte by byte, the harmless and the hostile."""

import io
import zipfile
import zlib
from collections.abc import Mapping

TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.{kind}"/></Types>'
)
WORD, EXCEL, SLIDES = (
    "wordprocessingml.document.main+xml",
    "spreadsheetml.sheet.main+xml",
    "presentationml.presentation.main+xml",
)


def archive(parts: Mapping[str, bytes | str]) -> bytes:
    """A zip archive of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, part in parts.items():
            target.writestr(name, part)
    return buffer.getvalue()


def office(kind: str = WORD, name: str = "docProps/app.xml", part: bytes | str = "<a/>") -> bytes:
    """An Office Open XML document, with one further part."""
    return archive(
        {
            "[Content_Types].xml": TYPES.format(part="word/document.xml", kind=kind),
            "word/document.xml": "<w:document><w:t>路灯不亮</w:t></w:document>",
            name: part,
        }
    )


def ofd() -> bytes:
    """An empty OFD document (GB/T 33190)."""
    return archive({"OFD.xml": '<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"/>', "Doc_0/Document.xml": "<a/>"})


def compound(*names: str, tail: bytes = b"") -> bytes:
    """A compound file ([MS-CFB]) whose directory has entries of these names."""
    entries = b""
    for name in ("Root Entry", *names):
        text = name.encode("utf-16-le") + b"\0\0"
        entries += text.ljust(64, b"\0") + len(text).to_bytes(2, "little") + b"\x02" + bytes(61)
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + entries + tail


def pdf(*objects: bytes, root: bytes = b"") -> bytes:
    """A PDF of one empty page; `objects` get the numbers from 4 on, `root` stands in the catalogue."""
    numbered = [
        b"<< /Type /Catalog /Pages 2 0 R " + root + b" >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
        *objects,
    ]
    content, places = b"%PDF-1.7\n", []
    for number, text in enumerate(numbered, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(numbered) + 1
    return content + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(content))
    )


def pdf_stream(head: bytes, data: bytes) -> bytes:
    """An object with a compressed stream."""
    packed = zlib.compress(data)
    return b"<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (head, len(packed), packed)


def pdf_of_hidden_objects(hidden: Mapping[int, bytes]) -> bytes:
    """A PDF that begins with action 5; its objects from 5 to 8 lie in a stream that no search of the bytes reads."""
    pages = b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    plain = {1: b"<</Type/Catalog/Pages 2 0 R/OpenAction 5 0 R>>", 2: pages[0], 3: pages[1]}
    head, body = b"", b""
    for number, text in hidden.items():
        head += b"%d %d " % (number, len(body))
        body += text + b" "
    plain[9] = _hex_stream(b"/Type/ObjStm/N %d/First %d" % (len(hidden), len(head)), head + body)
    content, rows = b"%PDF-1.7\n", {0: bytes(5)}
    for number, text in plain.items():
        rows[number] = b"\1" + len(content).to_bytes(3, "big") + b"\0"
        content += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    rows |= {number: b"\2" + (9).to_bytes(3, "big") + bytes([at]) for at, number in enumerate(hidden)}
    table = b"".join(rows.get(number, bytes(5)) for number in range(10))
    references = _hex_stream(b"/Type/XRef/Size 10/W[1 3 1]/Root 1 0 R", table)
    return content + b"10 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF" % (references, len(content))


def _hex_stream(head: bytes, data: bytes) -> bytes:
    packed = data.hex().encode() + b">"
    return b"<<%s/Filter/ASCIIHexDecode/Length %d>>\nstream\n%s\nendstream" % (head, len(packed), packed)


def box(kind: bytes, content: bytes) -> bytes:
    """A box of the ISO base media file format."""
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def media(brand: bytes, *handlers: bytes) -> bytes:
    """A film or recording without samples, with tracks of these handlers (`vide`, `soun`)."""
    tracks = b"".join(
        box(b"trak", box(b"tkhd", bytes(80)) + box(b"mdia", box(b"hdlr", bytes(8) + handler + bytes(13))))
        for handler in handlers
    )
    return box(b"ftyp", brand + bytes(4) + brand) + box(b"mdat", bytes(500)) + box(b"moov", tracks)


WAVE = b"RIFF" + (2_036).to_bytes(4, "little") + b"WAVEfmt " + bytes(2_028)
WEBM_VIDEO = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + bytes(40) + b"\x86\x85V_VP9" + bytes(200)
WEBM_SOUND = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + bytes(40) + b"\x86\x86A_OPUS" + bytes(200)
OGG = b"OggS\0\x02" + bytes(22) + b"OpusHead" + bytes(100)
AAC = b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(60)
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
