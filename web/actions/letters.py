"""How are letters read, tried beforehand and checked? Downloads at the desk and with a code, preview, authenticity."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from feedback import letter_register
from feedback.kernel.errors import NotFound
from feedback.letter_register import IssuedLetter
from feedback.rules.access import Actor
from web.context import AppContext
from web.letters import issuing, rendering


def address_of(request: Request) -> str:
    """Where people find this installation."""
    context: AppContext = request.app.state.context
    return context.settings.public_url or str(request.base_url).rstrip("/")


async def answer(request: Request, actor: Actor, no: str) -> Response:
    """One letter as a file, for whoever may read it.

    Raises NotFound.
    """
    context: AppContext = request.app.state.context
    form = request.path_params["form"]
    if form not in rendering.FORMS:
        raise NotFound(form=form)
    now, secret = context.clock.now(), context.settings.secret
    found = await letter_register.open_letter(actor, no, request.path_params["id"], secret=secret, log_at=now)
    return sent(found.letter, form, await issuing.written(context, found, form, address_of(request)))


def sent(letter: IssuedLetter, form: str, content: bytes) -> Response:
    """A letter as a file to save, never kept by anything in between."""
    name = quote(issuing.file_name(letter, form))
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "private, no-store"}
    return Response(content, media_type=rendering.FORMS[form], headers=headers)
