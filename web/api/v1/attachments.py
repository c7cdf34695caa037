"""API calls that upload and download attachments."""

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from feedback import attachments
from feedback.kernel import identifiers
from feedback.kernel.errors import Invalid, Refusal
from web.api.request_parsing import read_path, read_query
from web.api.schemas import requests, responses
from web.api.serializers import json_response
from web.api.v1.cases import find_asker
from web.auth import sessions
from web.auth.metering import meter_upload
from web.context import AppContext


async def upload(request: Request) -> Response:
    """Take in a file that a message will claim later."""
    context: AppContext = request.app.state.context
    settings = context.settings
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Invalid(code="unsupported_type")
    await sessions.find_actor(request)  # staff are counted by their account
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Invalid({"file": "missing"})
        if (file.size or 0) > settings.upload_max_bytes:
            raise Refusal("too_large", most=settings.upload_max_bytes)
        await meter_upload(request, file.size or 0)
        content = await file.read()
        row = await attachments.store_file(
            file.filename or "",
            content,
            settings.data,
            now=context.clock.now(),
            most=settings.upload_max_bytes,
            min_free_bytes=settings.storage_min_free_bytes,
        )
    return json_response(responses.Uploaded(row.id, row.name, row.size, row.type, row.sha256), 201)


async def download(request: Request) -> Response:
    """An attachment of a case the asker may see. Never shown inside a page: browsers save it."""
    context: AppContext = request.app.state.context
    code = read_query(request, requests.CaseQuery)["code"]
    no = identifiers.normalize_case_number(read_path(request, "no"))
    asker = await find_asker(request, no, code)
    row, path = await attachments.open_attachment(
        asker,
        read_path(request, "id"),
        context.settings.data,
        no=no,
        log_at=None if asker.case_no else context.clock.now(),
    )
    return FileResponse(path, media_type=row.type, filename=row.name, content_disposition_type="attachment")
