"""My matters: the list with the one thing to do in each, opening one, older ones, and a new query code."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel import identifiers
from feedback.kernel.errors import Invalid, Refusal
from feedback.kernel.paging import parse_page_number
from feedback.queries import own_cases as own_case_queries
from feedback.queries.own_cases import OwnCase
from feedback.rules.redaction import mask_phone
from routing import directory
from routing.directory import Directory
from web.actions import own_cases as own_case_actions
from web.auth import citizen_cookie, drafts, permissions
from web.context import AppContext
from web.forms import parsing
from web.wording import catalogue

_PAGE_SIZE = 10


async def home(request: Request) -> Response:
    """The list."""
    return await _shown(request, {}, {})


async def open_case(request: Request) -> Response:
    """Open one of them on its own page.

    Raises NotFound for a case of somebody else.
    """
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    citizen = await own_case_queries.require_own_case(login.holder, request.path_params["no"])
    response = RedirectResponse("/case", status_code=303)
    citizen_cookie.remember_own_case(response, context, citizen.case_no, login.id)
    return response


async def open_older(request: Request) -> Response:
    """Add cases from before the number was proved here."""
    login = permissions.current_citizen(request)
    async with request.form() as form:
        typed = parsing.read_text(form, "proof", 60)
    digits = identifiers.normalize_code(typed)
    is_code = len(digits) == identifiers.CODE_DIGITS
    try:
        if not typed:
            raise Invalid({"proof": "missing"})
        await own_case_actions.open_older_cases(
            request, login, code=digits if is_code else "", name="" if is_code else typed
        )
    except Invalid as fault:
        code = next(iter(fault.fields.values()))
        return await _shown(request, {"proof": typed}, {"proof": catalogue.fault_words("older_proof", code)})
    except Refusal as fault:
        if fault.code != "too_many":
            raise
        request.state.retry_seconds = fault.details["seconds"]
        return await _shown(request, {"proof": typed}, {"proof": catalogue.error_words("too_many_proofs")})
    return RedirectResponse("/me?done=older", status_code=303)


async def new_code(request: Request) -> Response:
    """Ask whether a new query code is wanted (GET), issue it and show it this once (POST)."""
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    citizen = await own_case_queries.require_own_case(login.holder, request.path_params["no"])
    code = ""
    if request.method == "POST":
        code = await own_case_actions.reissue_code(context, citizen.case_no, citizen, "")
    return context.render(request, "me/new_code.html", {"no": citizen.case_no, "code": code})


async def _shown(request: Request, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    context: AppContext = request.app.state.context
    login = permissions.current_citizen(request)
    names = await directory.load_directory()
    number = parse_page_number(request.query_params.get("page", ""))
    page = await own_case_queries.list_own_cases(login.holder, number, _PAGE_SIZE)
    draft = await drafts.load_draft(request)
    done = request.query_params.get("done", "")
    values = {
        "cases": [await _row(context, case, names) for case in page.items],
        "page": page,
        "phone": mask_phone(login.phone),
        "has_draft": bool(draft.get("kind")) and "sent" not in draft and not draft.get(drafts.SHARED),
        "typed": {"proof": typed.get("proof", "")},
        "errors": errors,
        "flash": {"kind": "good", "title": catalogue.OWN_DONE[done]} if done in catalogue.OWN_DONE else None,
    }
    return context.render(request, "me/home.html", values, status=422 if errors else 200)


async def _row(context: AppContext, case: OwnCase, names: Directory) -> dict[str, Any]:
    todo, level = await own_case_actions.load_progress(context, case.no, names)
    return {
        "no": case.no,
        "title": case.title or catalogue.CONFIDENTIAL_TITLE,
        "kind": catalogue.KINDS.get(case.kind, ""),
        "status": catalogue.STATUSES[case.status],
        "unit": names.short(case.unit) if case.unit else "",
        "received_at": case.received_at,
        "todo": None if case.is_confidential and todo else todo,
        "has_hidden_todo": case.is_confidential and todo is not None,
        "rated": catalogue.LEVELS.get(level, ""),
    }
