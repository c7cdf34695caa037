"""Downloading a letter of a case as Word or PDF."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from feedback import letter_register
from feedback.kernel.errors import NotFound
from feedback.letter_register import IssuedLetter
from feedback.rules.access import Actor
from web.context import AppContext
from web.letters import issuing, rendering


def base_address(request: Request) -> str:
    """Where people find this installation."""
    context: AppContext = request.app.state.context
    return context.settings.public_url or str(request.base_url).rstrip("/")


async def download_letter(request: Request, actor: Actor, no: str) -> Response:
    """One letter as a file, for whoever may read it.

    Raises NotFound.
    """
    context: AppContext = request.app.state.context
    file_format = request.path_params["form"]
    if file_format not in rendering.MEDIA_TYPES:
        raise NotFound(form=file_format)
    now, vault = context.clock.now(), context.settings.vault
    view = await letter_register.open_letter(actor, no, request.path_params["id"], vault=vault, log_at=now)
    return letter_response(
        view.letter, file_format, await issuing.render_letter(context, view, file_format, base_address(request))
    )


def letter_response(letter: IssuedLetter, file_format: str, content: bytes) -> Response:
    """A letter as a file to save, never kept by anything in between."""
    name = quote(issuing.file_name(letter, file_format))
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "private, no-store"}
    return Response(content, media_type=rendering.MEDIA_TYPES[file_format], headers=headers)
