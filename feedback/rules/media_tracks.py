"""Which tracks lie in a file of sound or video, read from its headers only. Pure and bounded."""

from typing import TypeVar

T = TypeVar("T")
_NESTED = (b"moov", b"trak", b"mdia")
_HEAD_BYTES = 65_536
_BOXES_MOST = 2_000


def list_handlers(content: bytes) -> set[bytes]:
    """The handlers of the tracks of an ISO base media file (ISO/IEC 14496-12, 8.4.3): `vide`, `soun`, others."""
    handlers: set[bytes] = set()
    waiting, boxes_left = [(0, len(content))], _BOXES_MOST
    while waiting and boxes_left:
        at, end = waiting.pop()
        while at + 8 <= end and boxes_left:
            boxes_left -= 1
            size, kind, head = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8], 8
            if size == 1:
                size, head = int.from_bytes(content[at + 8 : at + 16], "big"), 16
            elif size == 0:
                size = end - at
            if size < head:
                break
            if kind in _NESTED:
                waiting.append((at + head, min(end, at + size)))
            elif kind == b"hdlr":
                handlers.add(content[at + head + 8 : at + head + 12])
            at += size
    return handlers


def choose_webm(content: bytes, video: T, sound: T) -> T | None:
    """WebM or Matroska: video when a track has a video codec (ids begin with `V_`), sound when it has only others."""
    head = content[:_HEAD_BYTES]
    if b"webm" not in head[:64] and b"matroska" not in head[:64]:
        return None
    if b"\x86" in head and any(b"V_" + codec in head for codec in (b"VP8", b"VP9", b"AV1", b"MPEG")):
        return video
    return sound if any(b"A_" + codec in head for codec in (b"OPUS", b"VORBIS", b"AAC")) else None


def is_ogg_sound(content: bytes) -> bool:
    """Whether the first page of an Ogg file begins a stream of sound."""
    return any(mark in content[:512] for mark in (b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex   "))
