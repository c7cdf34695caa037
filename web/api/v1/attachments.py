"""API calls that upload and download attachments."""

from datetime import timedelta

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from feedback import attachments
from feedback.attachments import FileStore
from feedback.kernel import identifiers
from feedback.kernel.errors import Invalid, Refusal
from web.api.request_parsing import read_path, read_query
from web.api.schemas import requests, responses
from web.api.serializers import json_response
from web.api.v1.cases import find_asker
from web.auth import drafts, sessions
from web.auth.metering import meter_upload
from web.context import AppContext
from web.http.file_response import file_response


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
        row, sha256 = await attachments.store_file(
            file.filename or "", content, FileStore.of(settings), now=context.clock.now()
        )
    await hold_for_form(request, row.id)
    return json_response(responses.Uploaded(row.id, row.name, row.size, row.type, sha256), 201)


async def hold_for_form(request: Request, attachment_id: str) -> None:
    """Keep a file as long as the half-filled form it was chosen for, and not on a shared computer."""
    context: AppContext = request.app.state.context
    draft = await drafts.load_draft(request)
    if draft and not draft.get(drafts.SHARED):
        until = context.clock.now() + timedelta(days=context.settings.draft_days)
        await attachments.hold_for_draft([attachment_id], until)


async def download(request: Request) -> Response:
    """An attachment of a case the asker may see. Never shown inside a page: browsers save it."""
    context: AppContext = request.app.state.context
    code = read_query(request, requests.CaseQuery)["code"]
    no = identifiers.normalize_case_number(read_path(request, "no"))
    asker = await find_asker(request, no, code)
    row, content = await attachments.open_attachment(
        asker,
        read_path(request, "id"),
        FileStore.of(context.settings),
        no=no,
        log_at=None if asker.case_no else context.clock.now(),
    )
    return file_response(request, content, row.name, row.type, may_show=False)
