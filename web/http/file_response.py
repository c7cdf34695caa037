"""Send a stored file, whole or from any place on: players of sound and video ask for parts (RFC 9110, 14)."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import PurePath
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from feedback.attachments import SHOWN_INLINE, Content

_RANGE = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})")
_AT_ONCE = 16  # pieces of 64 KiB read in one turn of a thread


def file_response(request: Request, content: Content, name: str, media_type: str, *, may_show: bool = True) -> Response:
    """The file under its name. `may_show`: kinds that browsers show safely open in the page, all others are saved."""
    disposition = "inline" if may_show and media_type in SHOWN_INLINE else "attachment"
    headers = {
        "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(PurePath(name).name)}",
        "Accept-Ranges": "bytes",
    }
    wanted = _wanted(request.headers.get("range", ""), content.size)
    if wanted is None:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{content.size}"})
    start, stop = wanted
    is_part = (start, stop) != (0, content.size)
    if is_part:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size}"
    headers["Content-Length"] = str(stop - start)
    return StreamingResponse(
        _stream(content.pieces(start, stop)), 206 if is_part else 200, headers, media_type=media_type
    )


def _wanted(header: str, size: int) -> tuple[int, int] | None:
    """First byte and the one behind the last; the whole file for what is no single range; None for one outside."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or not any(match.groups()):
        return 0, size
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        return (size - length, size) if length else None
    start, stop = int(first), min(int(last) + 1, size) if last else size
    return (start, stop) if start < size and start < stop else None


async def _stream(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(_take, pieces):
        yield chunk


def _take(pieces: Iterator[bytes]) -> bytes:
    return b"".join(piece for _, piece in zip(range(_AT_ONCE), pieces, strict=False))
