"""Storing uploaded files, and the limits shown beside an upload field."""

from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from feedback import attachments
from feedback.kernel.errors import Invalid
from web.auth.metering import meter_upload
from web.context import AppContext


async def store_uploads(request: Request, form: FormData) -> list[str]:
    """Ids of what went up before and of what comes with this form.

    Raises Invalid for a file that is refused; the others are kept. When there are too many of them, or too many bytes
    for whoever sends them, nothing is stored.
    """
    context: AppContext = request.app.state.context
    ids = [value for value in form.getlist("attachments") if isinstance(value, str)]
    parts = [part for part in form.getlist("files") if isinstance(part, UploadFile) and part.filename]
    if parts and len(set(ids)) + len(parts) > context.settings.attachments_max:
        raise Invalid({"files": "too_many"})
    await meter_upload(request, sum(part.size or 0 for part in parts), len(parts))
    for part in parts:
        if part.filename:
            content = await part.read()
            try:
                attachment = await attachments.store_file(
                    part.filename,
                    content,
                    context.settings.data,
                    now=context.clock.now(),
                    most=context.settings.upload_max_bytes,
                    min_free_bytes=context.settings.storage_min_free_bytes,
                )
            except Invalid as fault:
                raise Invalid({"files": fault.fields.get("file", "type_refused")}) from fault
            ids.append(attachment.id)
    return list(dict.fromkeys(ids))


def upload_values(most: int, max_bytes: int) -> dict[str, Any]:
    """What a page says about files before one is chosen."""
    hint = f"照片、PDF、Word、Excel、录音或视频；最多 {most} 个，每个不超过 {max_bytes // 1_000_000} MB"
    return {"upload_hint": hint, "upload_most": most, "upload_bytes": max_bytes}


def format_size(size: int) -> str:
    """A file's size in words."""
    return f"{size / 1_000_000:.1f} MB" if size > 1_000_000 else f"{max(1, size // 1000)} KB"
