"""A form that was sent after the session ended: its fields ride along on the log-in page, encrypted.

Nothing is stored. The log-in page holds a token made by the installation's own key; after the log-in it opens for
whoever's session it was, for half a day, and for nobody else. What was typed stands in no address and no log.
Passwords and codes are never carried. Files are not carried: they are chosen again.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from feedback.kernel.errors import Refusal
from web.auth import sessions
from web.context import AppContext

HIDDEN_FIELD = "carried"
LIFETIME = timedelta(hours=12)
MAX_CHARACTERS = 200_000
"""Of all names and values together: the longest answer with its facts and its basis is a quarter of it."""
TOKEN_MAX_BYTES = 2_000_000
"""What a form parser must let through: so many characters as JSON, encrypted, in base64, with some escaped."""
_STAFF_PATHS = ("/desk", "/board", "/admin")
_SECRET_PATHS = ("/password", "/second-factor", "/second-factor/off")
_NOT_CARRIED = frozenset({"confirmed"})
"""Whoever confirmed has seen a preview; after the log-in the words may be changed, so they are previewed again."""

Pairs = tuple[tuple[str, str], ...]
BodyReader = Callable[[Request], AbstractAsyncContextManager[FormData]]
"""Reads the form in a body within its bounds; closes its files."""


@dataclass(frozen=True, slots=True)
class CarriedForm:
    """What was sent too late: by whom, where to, from which page, and until when it may be sent again."""

    username: str
    path: str
    page: str
    expires_at: datetime
    fields: Pairs = ()
    files: Pairs = ()
    """Field and file name of each file: the files themselves are gone."""


async def carry_form(request: Request, open_body: BodyReader) -> str:
    """The token of what was sent, read by `open_body`, or "" where no ended session says who sent it."""
    context: AppContext = request.app.state.context
    username = await sessions.expired_session_user(request)
    if username is None:
        return ""
    fields, files = await _read_form(request, open_body)
    path, expires_at = request.url.path, context.clock.now() + LIFETIME
    form = CarriedForm(username, path, _referring_page(request) or path, expires_at, fields, files)
    return seal_form(context, form)


def seal_form(context: AppContext, form: CarriedForm) -> str:
    """The token of a form."""
    return context.settings.vault.encrypt_system(msgspec.json.encode(form).decode())


def open_form(context: AppContext, token: str) -> CarriedForm | None:
    """The form in a token, or None when it is no token of ours or is too old."""
    try:
        form = msgspec.json.decode(context.settings.vault.decrypt_system(token), type=CarriedForm)
    except ValueError:
        return None
    return form if form.expires_at > context.clock.now() else None


async def _read_form(request: Request, open_body: BodyReader) -> tuple[Pairs, Pairs]:
    """Fields and names of files; nothing of a form with secrets, or of one larger than any of ours."""
    if request.url.path.endswith(_SECRET_PATHS):
        return (), ()
    try:
        async with open_body(request) as form:
            items = [(name, value) for name, value in form.multi_items() if name not in _NOT_CARRIED]
    except (HTTPException, Refusal):
        return (), ()
    fields = tuple((_encodable(name), _encodable(value)) for name, value in items if isinstance(value, str))
    files = tuple(
        (_encodable(name), _encodable(value.filename))
        for name, value in items
        if not isinstance(value, str) and value.filename
    )
    size = sum(len(name) + len(value) for name, value in (*fields, *files))
    return (fields, files) if size <= MAX_CHARACTERS else ((), ())


def _encodable(text: str) -> str:
    """The text without lone surrogates, which a form may hold that claims an odd charset."""
    return text.encode("utf-8", "replace").decode()


def _referring_page(request: Request) -> str:
    """The page of ours on which the form stood, or ""."""
    referrer = urlsplit(request.headers.get("referer", ""))
    is_own = referrer.netloc == request.url.netloc and referrer.path.startswith(_STAFF_PATHS)
    return referrer._replace(scheme="", netloc="", fragment="").geturl() if is_own else ""
