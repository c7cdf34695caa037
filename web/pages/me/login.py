"""Logging in by telephone in two steps, without scripts: the number, then the code that came by text."""

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.errors import Invalid
from web.auth import citizen_cookie, citizen_sessions, phone_codes
from web.auth.cookies import read_signed_cookie, set_signed_cookie
from web.auth.phone_counts import TooOften
from web.auth.sessions import Unauthorized
from web.context import AppContext
from web.forms import parsing
from web.wording import catalogue

_PENDING_COOKIE = "xq_phone"
_PENDING_LIFETIME = timedelta(minutes=10)
PHONE_MOST = 24


async def phone(request: Request) -> Response:
    """The first step: which number. What was typed stays when it is wrong."""
    context: AppContext = request.app.state.context
    if request.method == "GET":
        if await citizen_sessions.find_citizen(request):
            return RedirectResponse("/me", status_code=303)
        return _shown_phone(request, _read_pending(request)[0], {})
    async with request.form() as form:
        typed = parsing.read_field(form, "phone")[:PHONE_MOST]
    try:
        number = phone_codes.clean_phone(typed)
        await phone_codes.send_code(request, number)
    except Invalid as fault:
        errors = {name: catalogue.fault_words(name, code) for name, code in fault.fields.items()}
        return _shown_phone(request, typed, errors)
    except TooOften as fault:
        request.state.retry_seconds = fault.details["seconds"]
        return _shown_phone(request, typed, {"phone": catalogue.error_words(fault.code, **fault.details)})
    response = RedirectResponse("/me/login/code", status_code=303)
    # Sealed, and gone with the browser: the number shall not be read from a shared computer's cookies.
    payload = context.settings.vault.encrypt_system(f"{number} {context.clock.now().isoformat()}")
    set_signed_cookie(response, context, _PENDING_COOKIE, payload, 0)
    return response


async def code(request: Request) -> Response:
    """The second step: the code."""
    number, asked_at = _read_pending(request)
    if not number or asked_at is None:
        return RedirectResponse("/me/login", status_code=303)
    if request.method == "GET":
        return _shown_code(request, number, asked_at, {})
    async with request.form() as form:
        typed, is_kept = parsing.read_field(form, "code"), "keep" in form
    if not typed.strip():
        return _shown_code(request, number, asked_at, {"code": catalogue.fault_words("sms_code", "missing")}, is_kept)
    try:
        phone_hash = await phone_codes.prove_phone(request, number, typed)
    except Unauthorized as fault:
        return _shown_code(request, number, asked_at, {"code": catalogue.error_words(fault.code)}, is_kept)
    except TooOften as fault:
        request.state.retry_seconds = fault.details["seconds"]
        errors = {"code": catalogue.error_words(fault.code, **fault.details)}
        return _shown_code(request, number, asked_at, errors, is_kept)
    token, _ = await citizen_sessions.open_session(request, number, phone_hash, is_kept=is_kept)
    response = RedirectResponse("/me", status_code=303)
    citizen_sessions.set_citizen_cookie(response, request, token, phone_hash, is_kept=is_kept)
    response.delete_cookie(_PENDING_COOKIE)
    await citizen_cookie.forget_case(request, response)  # of whoever sat here before
    return response


async def log_out(request: Request) -> Response:
    """End the session, and let nothing of it stay in this browser."""
    response = RedirectResponse("/me/login", status_code=303)
    if login := await citizen_sessions.find_citizen(request):
        await citizen_sessions.end_session(login, login.id)
    leave(response)
    await citizen_cookie.forget_case(request, response)
    return response


def leave(response: Response) -> None:
    """Take everything of the log-in from this browser."""
    citizen_sessions.forget_citizen(response)
    response.delete_cookie(_PENDING_COOKIE)


def _read_pending(request: Request) -> tuple[str, datetime | None]:
    """The number to which a code was sent from this browser a moment ago, and when."""
    context: AppContext = request.app.state.context
    sealed = read_signed_cookie(request, _PENDING_COOKIE, _PENDING_LIFETIME)
    if not sealed:
        return "", None
    number, _, moment = context.settings.vault.decrypt_system(sealed).partition(" ")
    return number, datetime.fromisoformat(moment)


def _shown_phone(request: Request, number: str, errors: dict[str, str]) -> Response:
    context: AppContext = request.app.state.context
    values = {"phone": number, "errors": errors}
    return context.render(request, "me/login.html", values, status=422 if errors else 200)


def _shown_code(
    request: Request, number: str, asked_at: datetime, errors: dict[str, str], is_kept: bool = False
) -> Response:
    context: AppContext = request.app.state.context
    wait = asked_at + phone_codes.RESEND - context.clock.now()
    values = {
        "phone": number,
        "errors": errors,
        "is_kept": is_kept,
        "wait_seconds": max(0, int(wait.total_seconds())),
        "minutes": int(phone_codes.LIFETIME.total_seconds()) // 60,
    }
    return context.render(request, "me/code.html", values, status=422 if errors else 200)
