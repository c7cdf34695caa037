"""Read a form that brings files: to disk, within limits for each file, and never losing the text beside it.

What is no file stays in memory, so all of it together is bounded, and so is how many large forms are read at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from feedback.kernel.errors import Invalid, Refusal, Unavailable
from feedback.kernel.settings import Settings
from web.context import AppContext

_FILES_MOST = 200  # a form with more was made by no browser of a person
_FIELDS_MOST = 500
_FORM_TEXT_BYTES = 2_000_000
"""Of all fields, names and heads of a form with files: several times the longest that any of our pages sends."""
_FORM_TIMES = 2  # what is too large is read on and refused by name, with the text kept; beyond that it is cut off
LARGE_FORMS_MOST = 8
"""So many forms that are larger than any other body are read at once by one process: each may fill the disk's room for
its files until it is done."""
_BUSY_SECONDS = 10


def most_of_form(settings: Settings) -> int:
    """The largest body of a form that brings files, in bytes."""
    return _FORM_TIMES * settings.attachments_max * settings.upload_max_bytes + _FORM_TEXT_BYTES


class _FormParser(MultiPartParser):
    """Goes on reading when a file is too large or one too many, only without keeping it.

    A file that was too large ends as one that is just larger than allowed, one too many as an empty one: whoever stores
    them refuses them with a sentence, and all fields of the form are there. Of text that is too much the rest is read
    and dropped, and `is_text_too_large` says so.
    """

    spool_max_size = 65_536
    most_bytes = 0
    most_files = 0
    _part_bytes = 0
    _files_with_bytes = 0
    _text_bytes = 0

    @property
    def is_text_too_large(self) -> bool:
        """Whether the fields are not all there, because they were more than any form of ours holds."""
        return self._text_bytes > _FORM_TEXT_BYTES

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._text_bytes += end - start
        super().on_header_value(data, start, end)

    def on_part_begin(self) -> None:
        self._part_bytes = 0
        super().on_part_begin()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is not None:
            self._files_with_bytes += self._part_bytes == 0
            is_enough = self._part_bytes > self.most_bytes or self._files_with_bytes > self.most_files
            self._part_bytes += end - start
            if is_enough:
                return
        else:
            self._text_bytes += end - start
            if self.is_text_too_large:
                return
        super().on_part_data(data, start, end)


@asynccontextmanager
async def open_form(request: Request) -> AsyncIterator[FormData]:
    """The form of this request; its files are closed behind it.

    Raises Invalid for a body that is no form, Refusal `too_large` for too much text, Unavailable with the seconds to
    wait while as many large forms are read as may be.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with request.form(max_files=_FILES_MOST, max_fields=_FIELDS_MOST) as plain:
            yield plain
        return
    async with _place_for(request):
        form = await _parse(request)
        try:
            yield form
        finally:
            await form.close()


@asynccontextmanager
async def _place_for(request: Request) -> AsyncIterator[None]:
    """One of the few places for forms that are larger than any other body, or of a size nobody says."""
    context: AppContext = request.app.state.context
    large_forms: asyncio.Semaphore = request.app.state.large_forms
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) <= context.settings.body_max_bytes:
        yield
        return
    if large_forms.locked():
        async for _ in request.stream():  # who is still sending would see a broken connection instead of the answer
            pass
        raise Unavailable("forms_busy", seconds=_BUSY_SECONDS)
    async with large_forms:
        yield


async def _parse(request: Request) -> FormData:
    settings = request.app.state.context.settings
    parser = _FormParser(request.headers, request.stream(), max_files=_FILES_MOST, max_fields=_FIELDS_MOST)
    parser.most_bytes, parser.most_files = settings.upload_max_bytes, settings.attachments_max
    try:
        form = await parser.parse()
    except MultiPartException as fault:
        raise Invalid(code="invalid") from fault
    if parser.is_text_too_large:
        await form.close()
        raise Refusal("too_large")
    return form
