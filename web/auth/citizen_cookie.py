"""Who is at the door? Log-in, sessions of staff, and the cookie that lets a citizen's browser open its own case."""

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel import identifiers
from feedback.rules import access
from feedback.rules.access import Actor
from web.auth.cookies import set_cookie, signed
from web.context import AppContext

CASE_COOKIE = "xq_case"
_CASE_HOURS = 12


def remember_case(response: Response, context: AppContext, no: str) -> None:
    """Let this browser open this case for some hours without the code in any address."""
    until = int(context.clock.now().timestamp()) + _CASE_HOURS * 3600
    said = f"{no}|{until}"
    set_cookie(response, context, CASE_COOKIE, f"{said}|{signed(context, said)}", _CASE_HOURS)


def citizen_of(request: Request) -> Actor | None:
    """The citizen whose browser holds the case cookie, or None."""
    context: AppContext = request.app.state.context
    no, _, rest = request.cookies.get(CASE_COOKIE, "").partition("|")
    until, _, sign = rest.partition("|")
    if not sign or not until.isdigit() or not identifiers.constant_time_equal(sign, signed(context, f"{no}|{until}")):
        return None
    return access.citizen(no) if int(until) > context.clock.now().timestamp() else None
