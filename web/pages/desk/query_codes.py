"""The counter issues a query code anew: somebody without a telephone shows a document, and gets a new code on paper.

The old code is never shown. Looking for somebody's cases is written down, and so is who issued a code, when, and by
what proof.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.errors import Invalid
from feedback.queries import own_cases as own_case_queries
from feedback.record import access_log, query_codes
from feedback.rules import identity_documents, intake
from routing import directory
from web.actions import own_cases as own_case_actions
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.presentation import desk_frame
from web.wording import catalogue, dates

_FIELDS = ("id_kind", "id_number", "phone", "no")


async def search(request: Request) -> Response:
    """The cases of whoever stands at the counter. What is typed is posted, so that it stands in no address or log."""
    if request.method == "GET":
        return await _shown(request, {}, {})
    async with request.form() as form:
        typed = {name: parsing.read_field(form, name).strip() for name in _FIELDS}
    if not any(typed[name] for name in _FIELDS if name != "id_kind"):
        return await _shown(request, typed, {"id_number": catalogue.fault_words("find", "missing")})
    return await _shown(request, typed, {}, has_asked=True)


async def issue(request: Request) -> Response:
    """Issue a new code, and show it this once.

    Raises NotFound for a case of another desk, or one the actor may not see.
    """
    context: AppContext = request.app.state.context
    actor, names, no = current_actor(request), await directory.load_directory(), request.path_params["no"]
    async with request.form() as form:
        proof, remark = parsing.read_field(form, "proof"), parsing.read_text(form, "remark", 200)
    if proof not in catalogue.DOCUMENT_KINDS:
        raise Invalid({"proof": "missing"})
    reason = "，".join(filter(None, (f"窗口核对{catalogue.DOCUMENT_KINDS[proof]}", remark)))
    code = await own_case_actions.reissue_code(context, no, actor, reason)
    rows = await query_codes.list_reissues(no)
    values = {
        **desk_frame.frame_values(actor, names),
        "no": no,
        "code": code,
        "reissues": [(dates.time_words(row.at), row.actor_name, row.reason) for row in rows],
    }
    return context.render(request, "desk/query_code.html", values)


async def _shown(
    request: Request, typed: Mapping[str, str], errors: Mapping[str, str], *, has_asked: bool = False
) -> Response:
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    cases = []
    if has_asked:
        cases = await own_case_queries.find_for_desk(
            actor,
            context.settings.vault,
            id_kind=typed["id_kind"] or identity_documents.RESIDENT,
            id_number=intake.normalize_document(typed["id_number"]),
            phone=intake.normalize_phone(typed["phone"]),
            no=typed["no"],
        )
        detail = f"换发查询码查找：{len(cases)} 件"
        await access_log.log_read(actor, "person", detail=detail, now=context.clock.now())
    values: dict[str, Any] = {
        **desk_frame.frame_values(actor, names),
        "typed": {name: typed.get(name, "") for name in _FIELDS},
        "errors": errors,
        "documents": list(catalogue.DOCUMENT_KINDS.items()),
        "has_asked": has_asked,
        "cases": [
            {
                "no": case.no,
                "title": case.title or catalogue.CONFIDENTIAL_TITLE,
                "status": catalogue.STATUSES[case.status],
                "received": dates.time_words(case.received_at),
            }
            for case in cases
        ],
    }
    return context.render(request, "desk/query_codes.html", values, status=422 if errors else 200)
