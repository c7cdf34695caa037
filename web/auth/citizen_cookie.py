"""The cookie that lets a citizen's browser open its own case without the query code.

It is signed and stands in no table. One that was given back (清除, on a shared computer) is remembered by the hash of
what was signed until it would have ended: no copy of it opens anything, in whatever spelling of base64.
"""

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel import identifiers
from feedback.rules import access
from feedback.rules.access import Actor
from web.auth import citizen_sessions
from web.auth.cookies import read_signed_cookie, set_signed_cookie
from web.auth.models import RevokedCaseCookie
from web.auth.sessions import hash_token
from web.context import AppContext

CASE_COOKIE = "xq_case"
_CASE_HOURS = 12
_SHARED_LIFETIME = timedelta(minutes=15)
_SHARED = "shared"
"""Third word of a cookie that was given to a shared computer."""
_BY_PHONE = "phone"
"""Third word of a cookie that was given to somebody logged in by telephone; the fourth is the id of that session."""


def remember_case(response: Response, context: AppContext, no: str, *, is_shared: bool = False) -> None:
    """Let this browser open this case for some hours without the code in any address.

    `is_shared`: the computer is not the citizen's own; the cookie ends with the browser, and after a quarter of an hour.
    """
    payload = f"{no} {identifiers.new_id()}" + (f" {_SHARED}" if is_shared else "")
    set_signed_cookie(response, context, CASE_COOKIE, payload, 0 if is_shared else _CASE_HOURS)


def remember_own_case(response: Response, context: AppContext, no: str, session_id: str) -> None:
    """The same for somebody logged in by telephone: it ends with the browser, and wherever that session is ended."""
    payload = f"{no} {identifiers.new_id()} {_BY_PHONE} {session_id}"
    set_signed_cookie(response, context, CASE_COOKIE, payload, 0)


async def read_citizen(request: Request) -> Actor | None:
    """The citizen whose browser holds the case cookie, or None."""
    context: AppContext = request.app.state.context
    payload = _read_payload(request)
    if not payload or await RevokedCaseCookie.exists(digest=hash_token(payload)):
        return None
    _, _, session_id = payload.partition(f" {_BY_PHONE} ")
    if session_id and not await citizen_sessions.keep_awake(session_id, context.clock.now()):
        return None
    return access.citizen(payload.partition(" ")[0])


async def forget_case(request: Request, response: Response) -> None:
    """From now on neither this browser nor a copy of its cookie opens the case."""
    context: AppContext = request.app.state.context
    if payload := _read_payload(request):
        ends_at = context.clock.now() + timedelta(hours=_CASE_HOURS)
        await RevokedCaseCookie.get_or_create({"expires_at": ends_at}, digest=hash_token(payload))
    response.delete_cookie(CASE_COOKIE)


async def delete_expired_revocations(now: datetime, limit: int = 1000) -> int:
    """Delete what is remembered of cookies that have ended by themselves. Returns how many: 0 when none is left."""
    rows = RevokedCaseCookie.filter(expires_at__lt=now)
    digests = list(await rows.limit(limit).values_list("digest", flat=True))
    return await RevokedCaseCookie.filter(digest__in=digests).delete() if digests else 0


def _read_payload(request: Request) -> str:
    """Case number and the cookie's own id, or "". One without an id could not be given back: it opens nothing."""
    payload = read_signed_cookie(request, CASE_COOKIE, timedelta(hours=_CASE_HOURS))
    if payload.endswith(f" {_SHARED}"):
        payload = read_signed_cookie(request, CASE_COOKIE, _SHARED_LIFETIME)
    no, _, id_ = payload.partition(" ")
    return payload if no and id_ else ""
