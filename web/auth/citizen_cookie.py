"""The cookie that lets a citizen's browser open its own case without the query code."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from feedback.rules import access
from feedback.rules.access import Actor
from web.auth.cookies import read_signed_cookie, set_signed_cookie
from web.context import AppContext

CASE_COOKIE = "xq_case"
_CASE_HOURS = 12


def remember_case(response: Response, context: AppContext, no: str) -> None:
    """Let this browser open this case for some hours without the code in any address."""
    set_signed_cookie(response, context, CASE_COOKIE, no, _CASE_HOURS)


def read_citizen(request: Request) -> Actor | None:
    """The citizen whose browser holds the case cookie, or None."""
    no = read_signed_cookie(request, CASE_COOKIE, timedelta(hours=_CASE_HOURS))
    return access.citizen(no) if no else None
