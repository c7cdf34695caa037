"""How does a member of staff come in and go out? The log-in form, with a way back that never leaves this site."""

from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from feedback.intake import line
from web import identity, keeping, labels, present_desk
from web.office import Office


def local(path: str) -> str:
    """The path if it lies on this site, else "". Browsers read "//host" and "/\\host" as another site."""
    parts = urlsplit(path)
    is_plain = path.isprintable() and "\\" not in path and not parts.scheme and not parts.netloc
    return path if is_plain and path.startswith("/") and not path.startswith("//") else ""


async def login(request: Request) -> Response:
    """The form on GET; on POST a session, or the form again."""
    office: Office = request.app.state.office
    if request.method == "GET":
        actor = await identity.actor_or_none(request)
        back = local(request.query_params.get("next", ""))
        if actor:
            return RedirectResponse(back or present_desk.landing(actor), status_code=303)
        if await identity.is_enrolling(request):
            return RedirectResponse("/desk/second-factor", status_code=303)
        return office.render(request, "login.html", _context("", back, {}))
    async with request.form() as form:
        username, password = line(str(form.get("username", ""))), str(form.get("password", ""))
        back = local(str(form.get("next", "")))
    errors = {
        name: labels.fault_words(name, "missing")
        for name, value in (("username", username), ("password", password))
        if not value
    }
    if errors:
        return office.render(request, "login.html", _context(username, back, errors), status=422)
    limiter = request.app.state.limiter
    await limiter.check("login", request)  # only failures count: at nine a whole building logs in from one address
    try:
        session = await identity.log_in(office, username, password, may_enrol=True)
    except identity.Unauthorized as refused:
        if refused.code == "code_needed":
            response = RedirectResponse(f"/login/code?{urlencode({'next': back})}", status_code=303)
            identity.remember_half(response, office, username)
            return response
        await limiter.hit("login", request)
        errors = {"password": labels.error_words(refused.code)}
        return office.render(request, "login.html", _context(username, back, errors), status=401)
    return await _let_in(request, session, back)


async def code(request: Request) -> Response:
    """The second step for whoever has a second factor: the form on GET, on POST a session or the form again."""
    office: Office = request.app.state.office
    username, limiter = identity.half_of(request), request.app.state.limiter
    if not username:
        return RedirectResponse("/login", status_code=303)
    if request.method == "GET":
        back = local(request.query_params.get("next", ""))
        return office.render(request, "login_code.html", {"next": back, "errors": {}})
    async with request.form() as form:
        otp, back = line(str(form.get("otp", "")))[:20], local(str(form.get("next", "")))
    await limiter.check("login", request)
    try:
        if not otp:
            raise identity.Unauthorized("code_needed")
        await identity.prove_code(office, username, otp)
        session = await identity.admitted(office, username)
    except identity.Unauthorized as refused:
        await limiter.hit("login", request)
        errors = {"otp": labels.error_words(refused.code)}
        return office.render(request, "login_code.html", {"next": back, "errors": errors}, status=401)
    response = await _let_in(request, session, back)
    response.delete_cookie(identity.HALF_COOKIE)
    return response


async def _let_in(request: Request, session: identity.LoggedIn, back: str) -> Response:
    office: Office = request.app.state.office
    back = await keeping.way_back(request, session.actor, back)
    response = RedirectResponse(back or present_desk.landing(session.actor), status_code=303)
    identity.set_cookie(response, office, identity.STAFF_COOKIE, session.token, office.settings.session_hours)
    return response


def _context(username: str, back: str, errors: dict[str, str]) -> dict[str, object]:
    return {"username": username[:80], "next": back, "errors": errors}


async def logout(request: Request) -> Response:
    """End the session here and on the server."""
    await identity.log_out(request)
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(identity.STAFF_COOKIE)
    return response


ROUTES = [
    Route("/login", login, methods=["GET", "POST"]),
    Route("/login/code", code, methods=["GET", "POST"]),
    Route("/logout", logout, methods=["POST"]),
]
