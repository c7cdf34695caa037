"""The page where a member of staff changes their own password; their other sessions end."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from routing import directory
from web.auth import accounts, cookies, login_attempts, sessions
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.presentation import desk_frame
from web.wording import catalogue

LENGTH_LEAST = 10
LENGTH_MOST = 200


def faults_of(username: str, old: str, new: str, again: str) -> dict[str, str]:
    """What is wrong with a new password: too short, of one sort of letters, known, or typed differently."""
    if not old:
        return {"old": "missing"}
    if not LENGTH_LEAST <= len(new) <= LENGTH_MOST or new.isdecimal() or len(set(new)) < LENGTH_LEAST // 2:
        return {"new": "weak_password"}
    if username.lower() in new.lower() or new == old:
        return {"new": "known_password"}
    return {} if new == again else {"again": "not_the_same"}


async def change(request: Request) -> Response:
    """The form on GET; on POST the new password, with this browser logged in anew and all others out."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    if request.method == "GET":
        return await _shown(request, {})
    async with request.form() as form:
        old, new, again = (parsing.read_field(form, name) for name in ("old", "new", "again"))
    faults = faults_of(actor.id, old, new, again)
    if not faults:
        limiter = request.app.state.limiter
        await limiter.check("login", request)
        try:
            await sessions.check_password(context, actor.id, old, login_attempts.read_source(request))
        except sessions.Unauthorized as refused:
            await limiter.hit("login", request)
            faults = {"old": refused.code}
    if faults:
        return await _shown(request, faults)
    await accounts.set_password(actor.id, new, now=context.clock.now())
    token, _ = await sessions.open_session(context, actor.id)
    response = RedirectResponse("/desk/password?done=1", status_code=303)
    cookies.set_cookie(response, context, sessions.STAFF_COOKIE, token, context.settings.session_hours)
    return response


async def _shown(request: Request, faults: dict[str, str]) -> Response:
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    errors = {
        name: catalogue.error_words(code) if code in catalogue.ERRORS else catalogue.fault_words(name, code)
        for name, code in faults.items()
    }
    values = {
        **desk_frame.frame_values(actor, names),
        "errors": errors,
        "done": request.query_params.get("done") == "1",
    }
    return context.render(request, "account/password.html", values, status=422 if errors else 200)
