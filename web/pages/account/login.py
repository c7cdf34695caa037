"""Log-in and log-out pages of staff; the return address never leaves this site.

What was sent after a session ended rides along through all of them (`web.auth.form_recovery`).
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.rules.intake import clean_line
from web.auth import cookies, form_recovery, login_attempts, sessions
from web.context import AppContext
from web.pages.account import restored_form
from web.presentation import desk_frame
from web.wording import catalogue


def local(path: str) -> str:
    """The path if it lies on this site, else "". Browsers read "//host" and "/\\host" as another site."""
    parts = urlsplit(path)
    is_plain = path.isprintable() and "\\" not in path and not parts.scheme and not parts.netloc
    return path if is_plain and path.startswith("/") and not path.startswith("//") else ""


async def login(request: Request) -> Response:
    """The form on GET; on POST a session, or the form again."""
    context: AppContext = request.app.state.context
    if request.method == "GET":
        actor = await sessions.find_actor(request)
        back = local(request.query_params.get("next", ""))
        if actor:
            return RedirectResponse(back or desk_frame.landing_path(actor), status_code=303)
        if await sessions.is_enrolling(request):
            return RedirectResponse("/desk/second-factor", status_code=303)
        return render_login(request, back)
    async with request.form(max_part_size=form_recovery.TOKEN_MAX_BYTES) as form:
        username, password = clean_line(str(form.get("username", ""))), str(form.get("password", ""))
        back, carried = local(str(form.get("next", ""))), _carried(context, form)
    errors = {
        name: catalogue.fault_words(name, "missing")
        for name, value in (("username", username), ("password", password))
        if not value
    }
    if errors:
        return render_login(request, back, carried, username, errors, status=422)
    limiter, source = request.app.state.limiter, login_attempts.read_source(request)
    is_known = await sessions.is_known_device(context, username, source)
    if not is_known:  # somebody who fails again and again must not stop the whole building behind the same address
        await limiter.check("login", request)  # only failures count: at nine a whole building logs in from one address
    try:
        session = await sessions.log_in(context, username, password, source=source, may_enrol=True)
    except sessions.Unauthorized as refused:
        if refused.code == "code_needed":
            response: Response = RedirectResponse(f"/login/code?{urlencode({'next': back})}", status_code=303)
            if carried:  # no address is that long: the page itself takes it on
                response = _render_code(request, back, carried, {}, status=200)
            sessions.remember_pending_second_factor(response, context, username)
            return response
        if not is_known:
            await limiter.hit("login", request)
        errors = {"password": catalogue.error_words(refused.code)}
        return _with_wait(render_login(request, back, carried, username, errors, status=401), refused)
    return await _let_in(request, session, back, carried)


def _with_wait(response: Response, refusal: sessions.Unauthorized) -> Response:
    """The page with the seconds to wait, where the account is locked."""
    if "seconds" in refusal.details:
        response.headers["Retry-After"] = str(refusal.details["seconds"])
    return response


def render_login(
    request: Request,
    back: str,
    carried: str = "",
    username: str = "",
    errors: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    """The form. `back`: a path of ours to go to afterwards. `carried`: what was sent too late, or ""."""
    context: AppContext = request.app.state.context
    values = {"username": username[:80], "next": back, "carried": carried, "errors": dict(errors or {})}
    return context.render(request, "account/login.html", values, status=status)


def _carried(context: AppContext, form: FormData) -> str:
    """The token in a form, if it is one: nothing else is repeated on a page."""
    token = str(form.get(form_recovery.HIDDEN_FIELD, ""))
    return token if form_recovery.open_form(context, token) else ""


async def code(request: Request) -> Response:
    """The second step for whoever has a second factor: the form on GET, on POST a session or the form again."""
    context: AppContext = request.app.state.context
    username, limiter = sessions.pending_second_factor(request), request.app.state.limiter
    if not username:
        return RedirectResponse("/login", status_code=303)
    if request.method == "GET":
        back = local(request.query_params.get("next", ""))
        return _render_code(request, back, "", {}, status=200)
    async with request.form(max_part_size=form_recovery.TOKEN_MAX_BYTES) as form:
        otp, back = clean_line(str(form.get("otp", "")))[:20], local(str(form.get("next", "")))
        carried = _carried(context, form)
    source = login_attempts.read_source(request)
    is_known = await sessions.is_known_device(context, username, source)
    if not is_known:
        await limiter.check("login", request)
    try:
        if not otp:
            raise sessions.Unauthorized("code_needed")
        await sessions.check_code(context, username, otp, source)
        session = await sessions.create_session(context, username)
    except sessions.Unauthorized as refused:
        if not is_known:
            await limiter.hit("login", request)
        errors = {"otp": catalogue.error_words(refused.code)}
        return _with_wait(_render_code(request, back, carried, errors, status=401), refused)
    response = await _let_in(request, session, back, carried)
    response.delete_cookie(sessions.PENDING_FACTOR_COOKIE)
    return response


def _render_code(request: Request, back: str, carried: str, errors: Mapping[str, str], *, status: int) -> Response:
    context: AppContext = request.app.state.context
    values = {"next": back, "carried": carried, "errors": dict(errors)}
    return context.render(request, "account/code.html", values, status=status)


async def _let_in(request: Request, session: sessions.NewSession, back: str, carried: str) -> Response:
    """On to where one wanted to go; whoever sent a form too late gets what was typed first, and nobody else does."""
    context: AppContext = request.app.state.context
    form = form_recovery.open_form(context, carried)
    if form is not None and form.username != session.actor.id:
        form = None
    if form is not None and restored_form.has_entries(form):
        response = await restored_form.render_restored_form(request, session.actor, form)
    else:
        target = form.page if form is not None else back
        response = RedirectResponse(target or desk_frame.landing_path(session.actor), status_code=303)
    cookies.set_cookie(response, context, sessions.STAFF_COOKIE, session.token, context.settings.session_hours)
    await sessions.remember_device(request, response, session.actor.id)
    return response


async def logout(request: Request) -> Response:
    """End the session here and on the server."""
    await sessions.log_out(request)
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(sessions.STAFF_COOKIE)
    return response
