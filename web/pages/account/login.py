"""Log-in and log-out pages of staff; the return address never leaves this site."""

from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.rules.intake import clean_line
from web.auth import cookies, form_recovery, login_attempts, sessions
from web.context import AppContext
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
        return context.render(request, "login.html", _context("", back, {}))
    async with request.form() as form:
        username, password = clean_line(str(form.get("username", ""))), str(form.get("password", ""))
        back = local(str(form.get("next", "")))
    errors = {
        name: catalogue.fault_words(name, "missing")
        for name, value in (("username", username), ("password", password))
        if not value
    }
    if errors:
        return context.render(request, "login.html", _context(username, back, errors), status=422)
    limiter, source = request.app.state.limiter, login_attempts.read_source(request)
    is_known = await sessions.is_known_device(context, username, source)
    if not is_known:  # somebody who fails again and again must not stop the whole building behind the same address
        await limiter.check("login", request)  # only failures count: at nine a whole building logs in from one address
    try:
        session = await sessions.log_in(context, username, password, source=source, may_enrol=True)
    except sessions.Unauthorized as refused:
        if refused.code == "code_needed":
            response = RedirectResponse(f"/login/code?{urlencode({'next': back})}", status_code=303)
            sessions.remember_pending_second_factor(response, context, username)
            return response
        if not is_known:
            await limiter.hit("login", request)
        errors = {"password": catalogue.error_words(refused.code)}
        return context.render(request, "login.html", _context(username, back, errors), status=401)
    return await _let_in(request, session, back)


async def code(request: Request) -> Response:
    """The second step for whoever has a second factor: the form on GET, on POST a session or the form again."""
    context: AppContext = request.app.state.context
    username, limiter = sessions.pending_second_factor(request), request.app.state.limiter
    if not username:
        return RedirectResponse("/login", status_code=303)
    if request.method == "GET":
        back = local(request.query_params.get("next", ""))
        return context.render(request, "login_code.html", {"next": back, "errors": {}})
    async with request.form() as form:
        otp, back = clean_line(str(form.get("otp", "")))[:20], local(str(form.get("next", "")))
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
        return context.render(request, "login_code.html", {"next": back, "errors": errors}, status=401)
    response = await _let_in(request, session, back)
    response.delete_cookie(sessions.PENDING_FACTOR_COOKIE)
    return response


async def _let_in(request: Request, session: sessions.NewSession, back: str) -> Response:
    context: AppContext = request.app.state.context
    back = await form_recovery.return_path(request, session.actor, back)
    response = RedirectResponse(back or desk_frame.landing_path(session.actor), status_code=303)
    cookies.set_cookie(response, context, sessions.STAFF_COOKIE, session.token, context.settings.session_hours)
    await sessions.remember_device(request, response, session.actor.id)
    return response


def _context(username: str, back: str, errors: dict[str, str]) -> dict[str, object]:
    return {"username": username[:80], "next": back, "errors": errors}


async def logout(request: Request) -> Response:
    """End the session here and on the server."""
    await sessions.log_out(request)
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(sessions.STAFF_COOKIE)
    return response
