"""Finding the encoding of a text file: Unicode with and without a mark, GBK and GB18030, Big5.

Nothing is guessed in silence: the encoding is told, and a line with bytes that are no characters holds U+FFFD, by
which the reader sets it aside.
"""

import codecs
from typing import Final

REPLACEMENT: Final = "\ufffd"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE: Final = 200_000
_NUL_SHARE: Final = 0.02
_NUL_SHARE_OF_ASCII: Final = 0.25
_PLAIN: Final = frozenset(b'\t\r\n"' + bytes(range(0x20, 0x7F)))
_BIG5_LEAD: Final = 0.1


def decode(content: bytes, declared: str = "") -> tuple[str, str]:
    """The text and its encoding. `declared` is what the file says of itself, believed if the bytes agree.

    NUL characters are dropped: no database keeps them, and they stand for nothing.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace").replace("\0", ""), encoding
    encoding = _find_encoding(content, declared)
    return content.decode(encoding, "replace").replace("\0", ""), encoding


def _find_encoding(content: bytes, declared: str) -> str:
    if wide := _find_utf16(content):
        return wide
    if _can_decode(content, "utf-8"):
        return "utf-8"
    named = _plain_name(declared)
    if named and _can_decode(content, named):
        return named
    fits_gb, fits_big5 = _can_decode(content, "gb18030"), _can_decode(content, "big5")
    if fits_gb or fits_big5:
        gb, big5 = (_common_share(content[:_SAMPLE], name) for name in ("gb18030", "big5"))
        return "big5" if fits_big5 and (big5 > gb + _BIG5_LEAD or not fits_gb) else "gb18030"
    # Some bytes are damaged: the encoding in which the fewest are.
    return min(("utf-8", "gb18030"), key=lambda name: content.decode(name, "replace").count(REPLACEMENT))


def _plain_name(declared: str) -> str:
    try:
        name = codecs.lookup(declared).name if declared else ""
    except LookupError:
        return ""
    return "gb18030" if name in ("gb2312", "gbk") else name


def _can_decode(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _find_utf16(content: bytes) -> str:
    """UTF-16 without a mark, or "": every second byte of its digits, separators and line ends is NUL."""
    sample = content[:_SAMPLE]
    share = sample.count(0) / max(1, len(sample))
    if share < _NUL_SHARE or (share < _NUL_SHARE_OF_ASCII and _can_decode(content, "utf-8")):
        return ""  # some NUL characters in a text of another encoding
    pairs = list(zip(sample[0::2], sample[1::2], strict=False))
    little = sum(not high and low in _PLAIN for low, high in pairs)
    big = sum(not high and low in _PLAIN for high, low in pairs)
    encoding = "utf-16-le" if little >= big else "utf-16-be"
    return encoding if max(little, big) > 1 and _can_decode(content, encoding) else ""


def _common_share(sample: bytes, encoding: str) -> float:
    """The share of characters beyond ASCII that are in everyday use in that encoding, 0 to 1.

    Both encodings put the usual characters into their first block (GB 2312 level 1, Big5 level 1), so text read in
    the wrong one is full of rare characters.
    """
    common = total = 0
    for char in sample.decode(encoding, "ignore"):
        if char < "\x80":
            continue
        total += 1
        pair = char.encode(encoding, "ignore")
        if len(pair) != 2:
            continue
        lead, trail = pair
        if encoding == "big5":
            common += 0xA1 <= lead <= 0xC6
        else:
            common += trail >= 0xA1 and (0xA1 <= lead <= 0xA3 or 0xB0 <= lead <= 0xD7)
    return common / total if total else 0.0
