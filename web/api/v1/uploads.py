"""API calls of the tus protocol 1.0 (creation, expiration, termination): large files over lines that break.

A client says how long its file will be, sends it in parts, asks after a break how far it came, and goes on there. The id
of the upload is the id of the attachment once all of it is there.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from functools import wraps

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from feedback.attachments import FileStore, partial_uploads
from feedback.attachments.partial_uploads import PART_BYTES, PartialUpload
from feedback.kernel.errors import Conflict, Invalid, Refusal
from web.api.request_parsing import read_path
from web.api.schemas import responses
from web.api.serializers import json_response
from web.api.v1.attachments import hold_for_form
from web.auth import sessions
from web.auth.metering import meter_part, meter_whole
from web.context import AppContext
from web.http.errors import refusal_response
from web.http.limits import TooSlow
from web.wording.dates import iso

VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination"
_PART_TYPE = "application/offset+octet-stream"
_METADATA_MOST = 2_000
_NAME_MOST = 255
_LENGTH_DIGITS = 15
Handler = Callable[[Request], Awaitable[Response]]


def _speaks_tus(handler: Handler) -> Handler:
    """Answers 412 to another version of the protocol, and says ours with every answer, refusals too."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            if request.method in ("POST", "PATCH", "HEAD") and request.headers.get("tus-resumable") != VERSION:
                raise Refusal("tus_version", version=VERSION)
            response = await handler(request)
        except Refusal as refusal:
            response = await refusal_response(request, refusal)
            if refusal.code == "tus_version":
                response.status_code = 412
                response.headers["Tus-Version"] = VERSION
        response.headers["Tus-Resumable"] = VERSION
        return response

    return answer


@_speaks_tus
async def options(request: Request) -> Response:
    """What this server can do."""
    store = FileStore.of(request.app.state.context.settings)
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(max(store.most_bytes, store.most_recording_bytes)),
    }
    return Response(status_code=204, headers=headers)


@_speaks_tus
async def create(request: Request) -> Response:
    """Begin a file. All of it counts now as sent, so that nothing is stored that may not be."""
    context: AppContext = request.app.state.context
    await sessions.find_actor(request)  # staff are counted by their account
    length = _read_number(request, "upload-length")
    name = _read_name(request.headers.get("upload-metadata", ""))
    await meter_whole(request, length)
    upload = await partial_uploads.create(
        FileStore.of(context.settings), name, length, now=context.clock.now(), hours=context.settings.orphan_hours
    )
    return Response(status_code=201, headers={"Location": f"/api/v1/uploads/{upload.id}", **_headers(upload)})


@_speaks_tus
async def look_up(request: Request) -> Response:
    """How far a file has come; one that is whole is taken in if that was cut off."""
    upload = await _finished(request, await _load(request))
    out = responses.UploadOut(upload.id, upload.name, upload.length, upload.offset, iso(upload.expires_at))
    response = json_response(out, 200)
    response.headers.update({"Cache-Control": "no-store", "Upload-Length": str(upload.length), **_headers(upload)})
    return response


@_speaks_tus
async def append(request: Request) -> Response:
    """Go on with a file. What came before a break stays."""
    if request.headers.get("content-type", "") != _PART_TYPE:
        raise Invalid(code="unsupported_type", words="unsupported_upload_type")
    await sessions.find_actor(request)
    upload, offset = await _load(request), _read_number(request, "upload-offset")
    if offset != upload.offset:
        raise Conflict("upload_offset")
    await meter_part(request, _read_size(request, upload.length - offset))
    upload = await _finished(request, await _receive(request, upload))
    return Response(status_code=204, headers=_headers(upload))


@_speaks_tus
async def delete(request: Request) -> Response:
    """Give a file up that is not whole yet."""
    upload = await _load(request)
    await partial_uploads.delete(FileStore.of(request.app.state.context.settings), upload.id)
    return Response(status_code=204)


async def _load(request: Request) -> PartialUpload:
    context: AppContext = request.app.state.context
    store = FileStore.of(context.settings)
    return await partial_uploads.load(store, read_path(request, "id"), now=context.clock.now())


async def _receive(request: Request, upload: PartialUpload) -> PartialUpload:
    """Store what comes, part by part. When the line breaks or grows too slow, what had come of the next part stays too.

    Raises TooSlow.
    """
    store = FileStore.of(request.app.state.context.settings)
    offset, buffer = upload.offset, bytearray()
    try:
        async for piece in request.stream():
            buffer += piece
            while len(buffer) >= PART_BYTES:
                offset = await partial_uploads.append(store, upload, offset, bytes(buffer[:PART_BYTES]))
                del buffer[:PART_BYTES]
    except ClientDisconnect:
        pass  # nobody hears the answer; the next request asks how far this one came
    except TooSlow:
        if buffer:
            await partial_uploads.append(store, upload, offset, bytes(buffer))
        raise
    if buffer:
        offset = await partial_uploads.append(store, upload, offset, bytes(buffer))
    return PartialUpload(upload.id, upload.name, upload.length, offset, upload.expires_at)


async def _finished(request: Request, upload: PartialUpload) -> PartialUpload:
    """The same; what has come whole is an attachment then.

    Raises Invalid for a file that is not taken, and forgets it.
    """
    context: AppContext = request.app.state.context
    if upload.is_whole:
        await partial_uploads.finish(FileStore.of(context.settings), upload, now=context.clock.now())
        await hold_for_form(request, upload.id)
    return upload


def _headers(upload: PartialUpload) -> dict[str, str]:
    return {"Upload-Offset": str(upload.offset), "Upload-Expires": format_datetime(upload.expires_at, usegmt=True)}


def _read_number(request: Request, header: str) -> int:
    """A header that is a number of bytes.

    Raises Invalid.
    """
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _LENGTH_DIGITS):
        raise Invalid({header: "not_a_number" if text else "missing"})
    return int(text)


def _read_size(request: Request, most: int) -> int:
    """How much this request brings: what it says, or all that is missing when it does not say."""
    text = request.headers.get("content-length", "")
    return min(int(text), most) if text.isdecimal() else most


def _read_name(metadata: str) -> str:
    """The file name among the metadata: pairs of a key and its value in base64, with commas between them.

    Raises Invalid.
    """
    if len(metadata) > _METADATA_MOST:
        raise Invalid({"upload-metadata": "too_long"})
    values = dict(pair.strip().partition(" ")[::2] for pair in metadata.split(","))
    try:
        return base64.b64decode(values.get("filename", ""), validate=True).decode()[:_NAME_MOST]
    except (binascii.Error, UnicodeDecodeError) as fault:
        raise Invalid({"upload-metadata": "not_text"}) from fault
