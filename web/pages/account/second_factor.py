"""The page that switches a second factor on (QR code, proof, spare codes shown once) and off."""

import segno
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.errors import Invalid
from feedback.rules.access import Actor
from feedback.rules.intake import clean_line
from routing import directory
from web.auth import login_attempts, second_factor, sessions
from web.auth.permissions import current_actor
from web.context import AppContext
from web.presentation import desk_frame
from web.wording import catalogue


async def shown(request: Request) -> Response:
    """How one's second factor stands, with what is needed to change that."""
    return await _page(request, current_actor(request), {})


async def switch_on(request: Request) -> Response:
    """Prove oneself by the password and the new secret by a code; the spare codes come back, once.

    The password, since whoever comes by an open browser could otherwise shut its owner out for good.
    """
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    async with request.form() as form:
        otp, sealed = clean_line(str(form.get("otp", "")))[:20], str(form.get("sealed", ""))
        password = str(form.get("password", ""))
    try:
        username, _, secret = context.settings.vault.decrypt_system(sealed).partition(" ")
    except ValueError:
        username = secret = ""
    if username != actor.id or not secret:
        return RedirectResponse("/desk/second-factor", status_code=303)
    if fault := await _find_password_fault(request, actor, password):
        return await _page(request, actor, {"password": fault}, secret)
    try:
        spares = await second_factor.switch_on(context, actor.id, secret, otp)
    except Invalid as wrong:
        return await _page(request, actor, wrong.fields, secret)
    return await _page(request, actor, {}, spares=spares)


async def _find_password_fault(request: Request, actor: Actor, password: str) -> str:
    """What is wrong with the password of whoever is logged in, or ""."""
    context: AppContext = request.app.state.context
    limiter = request.app.state.limiter
    if not password:
        return "missing"
    await limiter.check("login", request)
    try:
        await sessions.check_password(context, actor.id, password, login_attempts.read_source(request))
    except sessions.Unauthorized as refused:
        await limiter.hit("login", request)
        return refused.code
    return ""


async def switch_off(request: Request) -> Response:
    """No code from now on; refused where this installation requires one."""
    context: AppContext = request.app.state.context
    actor, limiter = current_actor(request), request.app.state.limiter
    async with request.form() as form:
        otp = clean_line(str(form.get("otp", "")))[:20]
    if context.settings.second_factor_required:
        return await _page(request, actor, {"otp": "factor_required"})
    await limiter.check("login", request)
    try:
        await sessions.check_code(context, actor.id, otp, login_attempts.read_source(request))
    except sessions.Unauthorized:
        await limiter.hit("login", request)
        return await _page(request, actor, {"otp": "wrong_code"})
    await second_factor.switch_off(actor.id)
    return RedirectResponse("/desk/second-factor?done=off", status_code=303)


async def _page(
    request: Request, actor: Actor, faults: dict[str, str], secret: str = "", spares: list[str] | None = None
) -> Response:
    context: AppContext = request.app.state.context
    standing, names = await second_factor.load_state(actor.id), await directory.load_directory()
    secret = secret or second_factor.new_secret()
    address = second_factor.provisioning_uri(context, actor.id, secret)
    values = {
        **desk_frame.frame_values(actor, names),
        "standing": standing,
        "required": context.settings.second_factor_required,
        "qr": segno.make(address, error="m").svg_data_uri(omitsize=True, border=2),
        "letters": [secret[at : at + 4] for at in range(0, len(secret), 4)],
        "sealed": context.settings.vault.encrypt_system(f"{actor.id} {secret}"),
        "spares": spares or [],
        "errors": {name: _words(name, code) for name, code in faults.items()},
        "done": request.query_params.get("done", ""),
    }
    response = context.render(request, "account/second_factor.html", values, status=422 if faults else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _words(name: str, code: str) -> str:
    if code in ("wrong_password", "locked"):
        return catalogue.error_words(code)
    return catalogue.fault_words(name, code)
