"""The cookie that lets a citizen's browser open its own case without the query code."""

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel import identifiers
from feedback.rules import access
from feedback.rules.access import Actor
from web.auth.cookies import set_cookie, sign_value
from web.context import AppContext

CASE_COOKIE = "xq_case"
_CASE_HOURS = 12


def remember_case(response: Response, context: AppContext, no: str) -> None:
    """Let this browser open this case for some hours without the code in any address."""
    until = int(context.clock.now().timestamp()) + _CASE_HOURS * 3600
    payload = f"{no}|{until}"
    set_cookie(response, context, CASE_COOKIE, f"{payload}|{sign_value(context, payload)}", _CASE_HOURS)


def read_citizen(request: Request) -> Actor | None:
    """The citizen whose browser holds the case cookie, or None."""
    context: AppContext = request.app.state.context
    no, _, rest = request.cookies.get(CASE_COOKIE, "").partition("|")
    until, _, signature = rest.partition("|")
    if (
        not signature
        or not until.isdigit()
        or not identifiers.constant_time_equal(signature, sign_value(context, f"{no}|{until}"))
    ):
        return None
    return access.citizen(no) if int(until) > context.clock.now().timestamp() else None
