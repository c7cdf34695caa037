"""What kind of file some bytes are, and the name it may have. Pure: no I/O, nothing is decoded.

The name a sender gives says nothing about the content, and whoever opens the file later trusts its ending. So the kind
is read from the bytes and the ending follows from the kind.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from feedback.rules import media_tracks

NAME_MAX = 120
MAX_PIXELS = 50_000_000
"""The largest picture that is decoded; a telephone's have 50 million at most. Larger ones are bombs or scans to be split."""


@dataclass(frozen=True, slots=True)
class FileType:
    """A kind of file: the media type it is served as, and the endings it may have, the usual one first.

    `is_document`: what lies in it decides whether it is taken, and a process of its own looks.
    """

    media_type: str
    suffixes: tuple[str, ...]
    is_document: bool = False

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")


class ScanState(StrEnum):
    """What is known of a virus in a file (stored)."""

    NONE = ""
    WAITING = "waiting"
    CLEAN = "clean"
    INFECTED = "infected"


JPEG = FileType("image/jpeg", (".jpg", ".jpeg"))
PNG = FileType("image/png", (".png",))
WEBP = FileType("image/webp", (".webp",))
GIF = FileType("image/gif", (".gif",))
BMP = FileType("image/bmp", (".bmp",))
HEIF = FileType("image/heif", (".heic", ".heif"))
AVIF = FileType("image/avif", (".avif",))
PDF = FileType("application/pdf", (".pdf",), is_document=True)
TEXT = FileType("text/plain", (".txt",))
_OOXML = "application/vnd.openxmlformats-officedocument."
DOCX = FileType(_OOXML + "wordprocessingml.document", (".docx",))
XLSX = FileType(_OOXML + "spreadsheetml.sheet", (".xlsx",))
PPTX = FileType(_OOXML + "presentationml.presentation", (".pptx", ".ppsx"))
OFD = FileType("application/ofd", (".ofd",))
DOC = FileType("application/msword", (".doc",))
XLS = FileType("application/vnd.ms-excel", (".xls",))
PPT = FileType("application/vnd.ms-powerpoint", (".ppt", ".pps"))
WPS = FileType("application/vnd.ms-works", (".wps",))
ET = FileType("application/wps-office.et", (".et",))
DPS = FileType("application/wps-office.dps", (".dps",))
ZIP_ARCHIVE = FileType("application/zip", (".zip",), is_document=True)
COMPOUND_FILE = FileType("application/x-ole-storage", (".ole",), is_document=True)
"""Containers. Neither is kept as such: what lies in it makes it one of the kinds above, or it is refused."""
MP4 = FileType("video/mp4", (".mp4", ".m4v"))
QUICKTIME = FileType("video/quicktime", (".mov",))
THREE_GP = FileType("video/3gpp", (".3gp",))
WEBM = FileType("video/webm", (".webm",))
M4A = FileType("audio/mp4", (".m4a",))
THREE_GP_SOUND = FileType("audio/3gpp", (".3gpp",))
WEBM_SOUND = FileType("audio/webm", (".weba",))
MP3 = FileType("audio/mpeg", (".mp3",))
AAC = FileType("audio/aac", (".aac",))
AMR = FileType("audio/amr", (".amr",))
WAV = FileType("audio/wav", (".wav",))
OGG = FileType("audio/ogg", (".ogg", ".oga", ".opus"))

DOCUMENTS = (DOCX, XLSX, PPTX, OFD, DOC, XLS, PPT, WPS, ET, DPS, PDF)
_PICTURES = (JPEG, PNG, WEBP, GIF, BMP, HEIF, AVIF)
_SOUNDS = (MP3, M4A, AAC, AMR, WAV, OGG, WEBM_SOUND, THREE_GP_SOUND)
_VIDEOS = (MP4, QUICKTIME, THREE_GP, WEBM)
TAKEN = (*_PICTURES, *DOCUMENTS, TEXT, *_SOUNDS, *_VIDEOS)
"""Every kind that somebody may send. What a page offers to choose from follows from it."""
PICTURES = frozenset(kind.media_type for kind in (JPEG, PNG, GIF))
"""What every browser shows as a picture."""
PLAYABLE = frozenset(kind.media_type for kind in (*_SOUNDS, *_VIDEOS) if kind not in (AMR, THREE_GP, THREE_GP_SOUND))
"""What browsers play by themselves; the others need a program of the reader's own."""


def list_accepted() -> str:
    """What the `accept` of a file field says: pictures, sound and video as such, so that telephones offer camera and
    recorder, and every ending, since not every system knows what kind an ending is.
    """
    endings = dict.fromkeys(suffix for kind in TAKEN for suffix in kind.suffixes)
    return ",".join(("image/*", "audio/*", "video/*", *endings))


_BRANDS = {
    b"heic": HEIF, b"heix": HEIF, b"heim": HEIF, b"heis": HEIF, b"mif1": HEIF, b"hevc": HEIF, b"msf1": HEIF,
    b"avif": AVIF, b"avis": AVIF,
    b"M4A ": M4A, b"M4B ": M4A,
    b"qt  ": QUICKTIME,
    b"3gp4": THREE_GP, b"3gp5": THREE_GP, b"3gp6": THREE_GP, b"3ge6": THREE_GP, b"3gg6": THREE_GP,
    b"isom": MP4, b"iso2": MP4, b"iso4": MP4, b"iso5": MP4, b"iso6": MP4, b"mp41": MP4, b"mp42": MP4, b"avc1": MP4,
    b"M4V ": MP4, b"MSNV": MP4, b"dash": MP4, b"mmp4": MP4,
}  # fmt: skip
"""Brands of the ISO base media file format (ISO/IEC 14496-12): still pictures, sound and video share one container."""

_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_FTYP_MAX_BYTES = 256  # the first box names a few brands; anything longer is no such file


def _is_wave(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_mp3(head: bytes) -> bool:
    """An ID3 tag of version 2 to 4, or the beginning of a frame of layer III."""
    is_tagged = head[:3] == b"ID3" and len(head) > 5 and 2 <= head[3] <= 4 and head[4] < 0xFF
    is_frame = len(head) > 3 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[2] & 0xF0 not in (0x00, 0xF0)
    return is_tagged or is_frame


def _is_aac(head: bytes) -> bool:
    """A frame of ADTS (ISO/IEC 13818-7): sync word, layer 0, a known rate, and a length."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 0xF > 12:
        return False
    return (head[3] & 0x3) << 11 | head[4] << 3 | head[5] >> 5 > 7


_RULES: tuple[tuple[FileType, Callable[[bytes], bool]], ...] = (
    (PDF, lambda head: head.startswith(b"%PDF-")),
    (JPEG, lambda head: head.startswith(b"\xff\xd8\xff")),
    (PNG, lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    (GIF, lambda head: head[:6] in (b"GIF87a", b"GIF89a")),
    (BMP, lambda head: head.startswith(b"BM")),
    (WEBP, _is_webp),
    (WAV, _is_wave),
    (AMR, lambda head: head.startswith(b"#!AMR")),
    (MP3, _is_mp3),
    (AAC, _is_aac),
)


def find_type(name: str, content: bytes) -> FileType | None:
    """The kind of a file, None for one that is not taken. The name decides only among kinds that begin alike."""
    head, suffix = content[:64], PurePath(name).suffix.lower()
    if head.startswith(b"PK\x03\x04"):
        return ZIP_ARCHIVE
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return COMPOUND_FILE
    if head[4:8] == b"ftyp":
        return _find_media_type(content)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return media_tracks.choose_webm(content, WEBM, WEBM_SOUND)
    if head.startswith(b"OggS"):
        return OGG if media_tracks.is_ogg_sound(content) else None
    kind = next((kind for kind, matches in _RULES if matches(head)), None)
    if kind is None and suffix in TEXT.suffixes and _is_text(content):
        return TEXT
    return kind


_SOUND_OF = {MP4: M4A, QUICKTIME: M4A, THREE_GP: THREE_GP_SOUND}
_VIDEO_OF = {M4A: MP4, THREE_GP_SOUND: THREE_GP}


def _find_media_type(content: bytes) -> FileType | None:
    """By the major brand, else by the first compatible one that is known; sound and video by the tracks inside."""
    size = int.from_bytes(content[:4], "big")
    if not 16 <= size <= min(_FTYP_MAX_BYTES, len(content)):
        return None
    brands = [content[8:12], *(content[at : at + 4] for at in range(16, size - 3, 4))]
    kind = next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)
    if kind is None or kind.is_picture:
        return kind
    tracks = media_tracks.list_handlers(content)
    if b"vide" in tracks:
        return _VIDEO_OF.get(kind, kind)
    return _SOUND_OF.get(kind, kind) if b"soun" in tracks else kind


def _is_text(content: bytes) -> bool:
    """UTF-8, or what editors of Chinese systems write: UTF-16 with its mark, GB 18030. Without control characters."""
    encodings = ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8", "gb18030")
    for encoding in encodings:
        try:
            return not _CONTROL.search(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    return False


def clean_name(name: str, kind: FileType) -> str:
    """The name under which a file is kept: without a path, marks that turn the writing round, and a foreign ending.

    "发票.pdf.exe" that is a PDF becomes "发票.pdf", "photo‮gpj.exe" that is a picture "photogpj.jpg".
    """
    plain = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))
    stem = PurePath(plain.replace("\\", "/")).name.strip().rstrip(". ")
    ending = PurePath(stem).suffix
    if ending.lower() in kind.suffixes:
        stem, suffix = stem[: -len(ending)], ending
    else:
        suffix = kind.suffixes[0]
        if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", ending):  # an ending, and not the rest of "3.15 投诉"
            stem = stem[: -len(ending)]
        inner = PurePath(stem).suffix
        if inner.lower() in kind.suffixes:
            stem = stem[: -len(inner)]
    stem = re.sub(r'[<>:"/|?*]', "_", stem).strip(" .")
    return (stem[: NAME_MAX - len(suffix)] or "附件") + suffix


_BY_MEDIA_TYPE = {kind.media_type: kind for kind in reversed(TAKEN)}


def clean_stored_name(name: str, media_type: str) -> str:
    """The same for a stored file that says only its media type; one that is not known ends in ".bin"."""
    return clean_name(name, _BY_MEDIA_TYPE.get(media_type, FileType(media_type, (".bin",))))
