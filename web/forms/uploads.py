"""Storing uploaded files, and the limits shown beside an upload field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from feedback import attachments
from feedback.attachments import FileStore
from feedback.kernel.errors import Invalid
from feedback.rules import file_types
from web.auth.metering import meter_upload
from web.context import AppContext
from web.wording import catalogue


@dataclass(frozen=True, slots=True)
class StoredUploads:
    """What came of the files of a form: `ids` of all that are stored, `refused` with name and code of the others."""

    ids: list[str]
    refused: list[tuple[str, str]] = field(default_factory=list)

    def require_all(self) -> None:
        """Raises Invalid naming the files that are not stored; the others stay in `ids`."""
        if self.refused:
            code = self.refused[0][1]
            raise Invalid({"files": code}, file_names=[name for name, why in self.refused if why == code and name])


async def store_uploads(request: Request, form: FormData) -> StoredUploads:
    """Store what comes with this form, beside what went up before. Nothing is stored of files that are too many.

    Raises TooMany, before anything is stored, when they are more than whoever sends them may store now.
    """
    context: AppContext = request.app.state.context
    ids = list(dict.fromkeys(value for value in form.getlist("attachments") if isinstance(value, str)))
    parts = [part for part in form.getlist("files") if isinstance(part, UploadFile) and part.filename]
    if parts and len(ids) + len(parts) > context.settings.attachments_max:
        return StoredUploads(ids, [("", "too_many")])
    await meter_upload(request, sum(part.size or 0 for part in parts), len(parts))
    store, refused = FileStore.of(context.settings), []
    for part in parts:
        name = part.filename or ""
        try:
            if (part.size or 0) > store.most_bytes:
                raise Invalid({"file": "too_large"})
            row, _ = await attachments.store_file(name, await part.read(), store, now=context.clock.now())
            ids.append(row.id)
        except Invalid as fault:
            refused.append((name, fault.fields.get("file", "type_refused")))
    return StoredUploads(ids, refused)


def name_refused(fault: Invalid, errors: dict[str, str]) -> dict[str, str]:
    """The sentences of a form's faults, that about its files with the names of those that were refused."""
    names = fault.details.get("file_names")
    if "files" in errors and isinstance(names, list) and names:
        errors["files"] = catalogue.error_words("files_refused", names="、".join(names), why=errors["files"])
    return errors


def recording_values(most: int, max_bytes: int, recording_bytes: int) -> Mapping[str, Any]:
    """The same for a form whose scripts send sound and video in parts."""
    megabytes = {"megabytes": max_bytes // 1_000_000, "recording_megabytes": recording_bytes // 1_000_000}
    code = "recording_hint" if recording_bytes > max_bytes else "upload_hint"
    return {
        **upload_values(most, max_bytes),
        "recording_hint": catalogue.error_words(code, most=most, **megabytes),
        "upload_recording_bytes": recording_bytes,
    }


def upload_values(most: int, max_bytes: int) -> Mapping[str, Any]:
    """What a page says about files before one is chosen."""
    hint = catalogue.error_words("upload_hint", most=most, megabytes=max_bytes // 1_000_000)
    return {
        "upload_hint": hint,
        "upload_most": most,
        "upload_bytes": max_bytes,
        "upload_accept": file_types.list_accepted(),
    }


def format_size(size: int) -> str:
    """A file's size in words."""
    return f"{size / 1_000_000:.1f} MB" if size > 1_000_000 else f"{max(1, size // 1000)} KB"
