"""Read a form that brings files: to disk, within limits for each file, and never losing the text beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from feedback.kernel.errors import Invalid
from web.context import AppContext

_FILES_MOST = 200  # a form with more was made by no browser of a person
_FIELDS_MOST = 500


class _FormParser(MultiPartParser):
    """Goes on reading when a file is too large or one too many, only without keeping it.

    A file that was too large ends as one that is just larger than allowed, one too many as an empty one: whoever stores
    them refuses them with a sentence, and all fields of the form are there.
    """

    spool_max_size = 65_536
    most_bytes = 0
    most_files = 0
    _part_bytes = 0
    _files_with_bytes = 0

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
        super().on_part_data(data, start, end)


@asynccontextmanager
async def open_form(request: Request) -> AsyncIterator[FormData]:
    """The form of this request; its files are closed behind it.

    Raises Invalid for a body that is no form.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with request.form(max_files=_FILES_MOST, max_fields=_FIELDS_MOST) as plain:
            yield plain
        return
    context: AppContext = request.app.state.context
    parser = _FormParser(request.headers, request.stream(), max_files=_FILES_MOST, max_fields=_FIELDS_MOST)
    parser.most_bytes, parser.most_files = context.settings.upload_max_bytes, context.settings.attachments_max
    try:
        form = await parser.parse()
    except MultiPartException as fault:
        raise Invalid(code="invalid") from fault
    try:
        yield form
    finally:
        await form.close()
