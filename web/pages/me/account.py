"""What a citizen was told, where they are logged in, and their own data: seen, corrected, copied, erased."""

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.errors import Invalid, NotFound, NotNow
from feedback.kernel.paging import parse_page_number
from feedback.queries import own_cases as own_case_queries
from feedback.queries import personal_copy
from feedback.rules.redaction import mask_phone
from routing.notices import inbox
from web.actions import own_cases as own_case_actions
from web.auth import citizen_cookie, citizen_sessions, permissions
from web.context import AppContext
from web.forms import parsing
from web.pages.me import login as login_pages
from web.wording import catalogue


async def messages(request: Request) -> Response:
    """What they were told, newest first."""
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    page = await inbox.list_own_notices(login.holder, parse_page_number(request.query_params.get("page", "")))
    return context.render(request, "me/messages.html", {"page": page})


async def devices(request: Request) -> Response:
    """Where they are logged in."""
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    rows = await citizen_sessions.list_devices(login, context.clock.now())
    return context.render(request, "me/devices.html", {"devices": rows, "phone": mask_phone(login.phone)})


async def end_device(request: Request) -> Response:
    """Log one device out, or all of them.

    Raises NotFound for a session of somebody else.
    """
    login = permissions.current_citizen(request)
    async with request.form() as form:
        id_ = parsing.read_field(form, "id")
    is_here = id_ in ("", login.id)
    if not await citizen_sessions.end_session(login, id_) and id_:
        raise NotFound(device=id_)
    response = RedirectResponse("/me/login" if is_here else "/me/devices", status_code=303)
    if is_here:
        login_pages.leave(response)
        await citizen_cookie.forget_case(request, response)
    return response


async def data(request: Request) -> Response:
    """Their own data."""
    return await _shown(request, {}, {}, "")


async def copy(request: Request) -> Response:
    """Everything held about them as a file (个人信息保护法 第四十五条)."""
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    ids = await own_case_queries.list_person_ids(login.holder)
    content = await personal_copy.copy_of_person(ids, vault=context.settings.vault)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    headers = {
        "Content-Disposition": "attachment; filename=\"my-data.json\"; filename*=UTF-8''%E6%88%91%E7%9A%84%E4%BF%A1%E6%81%AF.json"
    }
    return Response(text, headers=headers, media_type="application/json")


async def correct(request: Request) -> Response:
    """Ask for a correction."""
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    async with request.form() as form:
        typed = {name: parsing.read_text(form, name, 200) for name in (*own_case_actions.CORRECTABLE, "reason")}
    if not typed["id_number"]:
        typed["id_kind"] = ""
    try:
        await own_case_actions.request_correction(context, login, typed)
    except Invalid as fault:
        errors = {name: catalogue.fault_words(name, code) for name, code in fault.fields.items()}
        return await _shown(request, typed, errors, "" if errors else fault.code)
    except NotNow as fault:
        return await _shown(request, typed, {}, fault.code)
    return RedirectResponse("/me?done=correct", status_code=303)


async def erase(request: Request) -> Response:
    """Ask for erasure; the log-in ends."""
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    async with request.form() as form:
        is_sure = "sure" in form
    if not is_sure:
        return await _shown(request, {}, {"sure": catalogue.fault_words("sure", "not_confirmed")}, "")
    try:
        await own_case_actions.request_erasure(context, login)
    except NotNow as fault:
        return await _shown(request, {}, {}, fault.code)
    response = RedirectResponse("/me/login", status_code=303)
    login_pages.leave(response)
    await citizen_cookie.forget_case(request, response)
    return response


async def _shown(request: Request, typed: Mapping[str, str], errors: Mapping[str, str], refusal: str) -> Response:
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    ids = await own_case_queries.list_person_ids(login.holder)
    persons = await personal_copy.load_persons(ids, vault=context.settings.vault)
    values = {
        "persons": [{**row, "id_kind": catalogue.DOCUMENT_KINDS.get(row["id_kind"], "")} for row in persons],
        "documents": list(catalogue.DOCUMENT_KINDS.items()),
        "typed": {name: typed.get(name, "") for name in (*own_case_actions.CORRECTABLE, "reason")},
        "errors": errors,
        "flash": {"kind": "warn", "title": catalogue.error_words(refusal)} if refusal else None,
        "phone": mask_phone(login.phone),
    }
    status = 422 if errors or refusal == "nothing_to_correct" else 409 if refusal else 200
    return context.render(request, "me/data.html", values, status=status)
