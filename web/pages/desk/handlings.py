"""Pages of the register of service handlings (办件): register one, and its slip with link, QR code and rating code."""

from collections.abc import Mapping
from typing import Any

import segno
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from evaluation.ratings import handlings, services
from evaluation.ratings.handlings import HandlingDraft, HandlingView, Node
from evaluation.ratings.submission import HANDLING_MOST
from feedback.kernel import paging
from feedback.kernel.errors import Invalid, NotFound
from feedback.rules.access import Actor
from routing import directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.forms.filters import note_unknown
from web.presentation import desk_frame, rating_links
from web.wording import catalogue, dates

_FIELDS = ("handling_no", "matter", "window", "phone")
_WORDS: Mapping[tuple[str, str], str] = {
    ("handling_no", "missing"): "请填写办件编号，与业务系统或者受理单上的一致",
    ("matter", "missing"): "请选择办的什么事",
}


async def register(request: Request) -> Response:
    """The list with the form on GET; a handling registered on POST, then its slip."""
    actor = current_actor(request)
    if request.method == "GET":
        return await _shown(request, actor, {}, {})
    context: AppContext = request.app.state.context
    async with request.form() as form:
        typed = {name: parsing.read_field(form, name) for name in _FIELDS}
        node = Node.ACCEPTED if parsing.read_field(form, "node") == Node.ACCEPTED else Node.CONCLUDED
    try:
        draft = HandlingDraft(**typed, node=node)
        view, _ = await handlings.register(draft, actor, now=context.clock.now(), vault=context.settings.vault)
    except Invalid as fault:
        errors = {n: _WORDS.get((n, code)) or catalogue.fault_words(n, code) for n, code in fault.fields.items()}
        return await _shown(request, actor, typed | {"node": node.value}, errors)
    return RedirectResponse(f"/desk/handlings/{view.id}", status_code=303)


async def _shown(request: Request, actor: Actor, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    context: AppContext = request.app.state.context
    names = await directory.load_directory()
    note_unknown(request, "page")
    number = paging.parse_page_number(request.query_params.get("page", ""))
    listed = await handlings.list_registered(actor, vault=context.settings.vault, page=number)
    matters = [(row.code, row.name) for row in await services.list_matters(actor.unit)] if actor.unit else []
    values = {
        **desk_frame.frame_values(actor, names),
        "unit_name": names.name(actor.unit) if actor.unit else "",
        "matters": matters,
        "nodes": list(catalogue.HANDLING_NODES.items()),
        "typed": {**dict.fromkeys(_FIELDS, ""), "node": Node.CONCLUDED.value, **typed},
        "number_most": HANDLING_MOST,
        "window_most": handlings.WINDOW_MOST,
        "errors": errors,
        "rows": [_row(view) for view in listed.items],
        "found": listed,
    }
    return context.render(request, "desk/handlings.html", values, status=422 if errors else 200)


def _row(view: HandlingView) -> dict[str, Any]:
    return {
        "href": f"/desk/handlings/{view.id}",
        "no": view.handling_no,
        "matter": view.matter_name,
        "window": view.window,
        "node": catalogue.HANDLING_NODES[view.node],
        "at": dates.short_time(view.at),
        "phone": "有" if view.has_phone else "没有",
    }


async def slip(request: Request) -> Response:
    """What the applicant takes along: how to rate this handling, and nothing about whom it was for."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    handling_id = int(request.path_params["id"])
    if handling_id >= 2**63:
        raise NotFound(handling=handling_id)
    view = await handlings.load_handling(actor, handling_id, vault=context.settings.vault)
    address = rating_links.service_address(context.settings, request, view.token)
    rows = [
        ("办件编号", view.handling_no),
        ("办的什么事", view.matter_name),
        ("办理单位", names.name(view.unit)),
        ("窗口", view.window),
        ("登记时间", dates.time_words(view.at)),
    ]
    values = {
        **desk_frame.frame_values(actor, names),
        "rows": [row for row in rows if row[1]],
        "code": view.code,
        "has_phone": view.has_phone,
        "address": address,
        "qr": segno.make(address, error="m").svg_data_uri(omitsize=True, border=2),
    }
    return context.render(request, "desk/handling_slip.html", values)
