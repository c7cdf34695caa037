"""The page that opens a case by its query code, and the one that forgets it on a shared computer."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel import identifiers
from feedback.kernel.errors import NotFound
from feedback.queries import lookup as case_lookup
from web.auth import citizen_cookie
from web.context import AppContext
from web.forms import parsing
from web.wording import catalogue

TAIL_DIGITS, PHONE_DIGITS = 4, 11


async def lookup(request: Request) -> Response:
    """Open a case by its code and a second answer. Unknown and wrong are answered alike."""
    context: AppContext = request.app.state.context
    if request.method == "GET":
        no = request.query_params.get("no", "")[:24]
        return context.render(request, "citizen/lookup.html", {"errors": {}, "code": "", "check": no})
    async with request.form() as form:
        code, check = parsing.read_field(form, "code"), parsing.read_field(form, "check")
    errors = {}
    if not identifiers.normalize_code(code):
        errors["code"] = catalogue.fault_words("code", "missing")
    if not check.strip():
        errors["check"] = "请填写编号，或者手机号码后四位"
    if not errors:
        limiter = request.app.state.limiter
        await limiter.check("lookup", request)
        digits = identifiers.normalize_code(check)
        tail = digits[-TAIL_DIGITS:] if len(digits) in (TAIL_DIGITS, PHONE_DIGITS) else ""
        try:
            no = await case_lookup.find_by_code(context.settings.vault, code, no="" if tail else check, phone_tail=tail)
        except NotFound:
            await limiter.hit("lookup", request)  # only what found nothing counts: a household shares one address
            errors["code"] = "没有查到，请核对查询码和编号（或手机号码后四位）"
        else:
            response = RedirectResponse("/case", status_code=303)
            citizen_cookie.remember_case(response, context, no)
            return response
    return context.render(
        request, "citizen/lookup.html", {"errors": errors, "code": code[:24], "check": check[:24]}, status=422
    )


async def leave(request: Request) -> Response:
    """Forget the case in this browser, for shared computers."""
    response = RedirectResponse("/lookup", status_code=303)
    await citizen_cookie.forget_case(request, response)
    return response
