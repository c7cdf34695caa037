"""What waits for whom? The queue with tabs and filters, its export, bulk work, and the unit's notices."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from feedback import calendars, queries
from feedback.access import Actor
from feedback.kernel.clock import office_day, start_of_day
from feedback.kernel.errors import Forbidden, Invalid, NotFound, Refused
from feedback.views import CaseFile, Filters
from feedback.vocabulary import Act, Role, Status
from routing import directory
from routing.directory import Directory
from web import attention, doors, identity, keeping, labels, parse, present, present_desk, suggestions
from web.office import Office
from web.pages import (
    bad_ratings,
    casework,
    clock_pages,
    exporting,
    forecasts,
    letters,
    measures_pages,
    notices,
    own_password,
    registering,
    repeats,
    second_factor_pages,
)
from web.present_desk import WORKERS

BULK_ACTS: Mapping[Act, tuple[str, frozenset[Role]]] = {
    Act.ASSIGN: ("批量派件", frozenset({Role.RECEPTION})),
    Act.URGE: ("批量催办", frozenset({Role.SUPERVISOR, Role.RECEPTION})),
    Act.SUPERVISE: ("批量督办", frozenset({Role.SUPERVISOR})),
}
BULK_MOST = 50
_COLUMNS_HOURS = 24 * 365
_WORDS_MOST = 1000


async def queue(request: Request) -> Response:
    """The cases somebody sees, those with the least time left first."""
    office: Office = request.app.state.office
    actor, now = await identity.actor(request), office.clock.now()
    if actor.roles <= {Role.ADMIN}:
        return RedirectResponse("/admin", status_code=303)
    names, calendar = await directory.snapshot(), await calendars.current()
    filters = present_desk.filters_of(request.query_params, actor)
    found = await queries.worklist(actor, filters, _page(request), now=now)
    counted, mine, all_ = await _counts(actor, filters, now)
    columns = present_desk.columns_of(request)
    context = {
        **present_desk.frame(actor, names),
        "columns": columns,
        "all_columns": list(present_desk.COLUMNS.items()),
        "filters": filters,
        "tabs": present_desk.tabs(filters, mine, {**counted, "all_open": all_}),
        "rows": [present.row_view(row, names, now, calendar) for row in found.items],
        "found": found,
        "base": f"/desk?{present_desk.query_of(filters)}&page=",
        "query": present_desk.query_of(filters),
        "chosen": present_desk.chosen_words(filters, names),
        "units": present_desk.unit_groups(names, _seen_units(actor, names)),
        "categories": present_desk.category_groups(with_heads=True),
        "regions": present_desk.region_groups(names, office.settings.region),
        "statuses": present_desk.status_options(),
        "kinds": present_desk.kind_options(),
        "lights": [(code, labels.LIGHTS[code]) for code in ("red", "amber", "green")],
        "flags": list(attention.OPTIONS.items()),
        "sorts": list(present_desk.SORTS),
        "bulk": _bulk_acts(actor),
        "answered": await _answered_today(actor, now) if not found.total else 0,
    }
    response = office.render(request, "desk/queue.html", context)
    if "columns" in request.query_params:
        identity.set_cookie(response, office, present_desk.COLUMNS_COOKIE, ".".join(columns), _COLUMNS_HOURS)
    return response


def _page(request: Request) -> int:
    text = request.query_params.get("page", "1")
    return int(text) if text.isdecimal() and 1 <= len(text) <= 6 else 1


async def _counts(actor: Actor, filters: Filters, now: datetime) -> tuple[dict[str, int], int | None, int]:
    """The figures on the tabs, how many open cases wait for this unit (None for overseers), and how many are seen."""
    is_worker = bool(actor.roles & WORKERS)
    found = {
        mine: await queries.counts(actor, replace(filters, mine=mine), now=now)
        for mine in (False, True)
        if is_worker or mine in (False, filters.mine)
    }
    return found[filters.mine], found[True]["open"] if is_worker else None, found[False]["open"]


async def _answered_today(actor: Actor, now: datetime) -> int:
    today = office_day(now)
    return (await queries.flow(actor, start_of_day(today), now))["replied"]


def _seen_units(actor: Actor, names: Directory) -> frozenset[str]:
    """The units worth offering as a filter."""
    if actor.everywhere or Role.RECEPTION in actor.roles:
        return frozenset(names.by_code)
    return actor.units | {actor.unit}


def _bulk_acts(actor: Actor) -> list[tuple[str, str]]:
    return [(act.value, words) for act, (words, roles) in BULK_ACTS.items() if actor.roles & roles]


async def bulk(request: Request) -> Response:
    """One step for many cases: first what would happen to each, then, confirmed, what did."""
    office: Office = request.app.state.office
    actor, names = await identity.actor(request), await directory.snapshot()
    async with request.form(max_fields=500) as form:
        act = str(form.get("act", ""))
        if act not in dict(_bulk_acts(actor)):
            raise Forbidden(act=act)
        numbers = list(dict.fromkeys(str(no) for no in form.getlist("no")))[:BULK_MOST]
        said = {name: parse.words(form, name, most=_WORDS_MOST) for name in ("text", "unit", "query")}
        is_confirmed = "confirmed" in form
        rows = [await _bulk_row(request, actor, names, Act(act), no, form, is_confirmed) for no in numbers]
        context = {
            **present_desk.frame(actor, names),
            "act": act,
            "label": dict(_bulk_acts(actor))[act],
            "rows": rows,
            "done": is_confirmed,
            "good": sum(row["ok"] for row in rows),
            "units": present_desk.unit_groups(names),
            **said,
            "back": f"/desk?{said['query']}",
        }
    return office.render(request, "desk/bulk.html", context)


async def _bulk_row(
    request: Request, actor: Actor, names: Directory, act: Act, no: str, form: FormData, is_confirmed: bool
) -> dict[str, Any]:
    """What the step would do, or did, to one case."""
    office: Office = request.app.state.office
    row: dict[str, Any] = {"no": no, "title": "", "words": "", "ok": False, "version": ""}
    try:
        file = await queries.file(actor, no, secret=office.settings.secret)
        row |= {"title": file.title, "version": file.version}
        data = _bulk_data(file, act, form, names)
        row["words"] = names.name(str(data["unit"])) if data.get("unit") else labels.ACTS[act.value]
        if not any(step.act is act for step in file.steps(office.clock.now())):
            row["words"] = f"{labels.STATUSES[file.status.value]}，不能{labels.ACTS[act.value]}"
        elif act is Act.ASSIGN and not data["unit"]:
            row["words"] = "没有合适的派单规则，请选单位或单独办理"
        elif is_confirmed:
            version = str(form.get(f"version-{no}", ""))
            expect = int(version) if version.isdecimal() else None
            await doors.do(office, no, act, actor, data, expect=expect)
            row["ok"] = True
        else:
            row["ok"] = True
    except NotFound:
        row["words"] = labels.error_words("not_found")
    except Invalid as fault:
        words = [labels.fault_words(name, code) for name, code in fault.fields.items()]
        row |= {"words": "；".join(words), "ok": False}
    except Refused as refused:
        row |= {"words": labels.error_words(refused.code, count=1), "ok": False}
    return row


def _bulk_data(file: CaseFile, act: Act, form: FormData, names: Directory) -> dict[str, Any]:
    text, unit = parse.words(form, "text"), parse.words(form, "unit")
    if act is not Act.ASSIGN:
        return {"text" if act is Act.URGE else "reason": text} if text else {}
    if unit:
        return {"unit": unit, "reason": "受理窗口批量派件"}
    if file.status is not Status.RECEIVED:
        return {"unit": ""}
    decision = suggestions.as_if(file, file.category, names) if file.category else suggestions.decided(file, names)
    return {"unit": decision.unit, "units": list(decision.co), "reason": decision.reason, "rule": decision.rule}


async def drop_kept(request: Request) -> Response:
    """Throw away what was kept of a form that came after the session ended."""
    office: Office = request.app.state.office
    await keeping.drop(office, await identity.actor(request))
    response = RedirectResponse("/desk", status_code=303)
    response.delete_cookie(keeping.COOKIE)
    return response


ROUTES = [
    *bad_ratings.ROUTES,
    Route("/kept/drop", drop_kept, methods=["POST"]),
    Route("/", queue),
    Route("/bulk", bulk, methods=["POST"]),
    Route("/bulk", queue),
    *notices.ROUTES,
    *own_password.ROUTES,
    *second_factor_pages.ROUTES,
    *forecasts.DESK_ROUTES,
    *measures_pages.DESK_ROUTES,
    *exporting.ROUTES,
    *registering.ROUTES,
    *repeats.ROUTES,
    *casework.ROUTES,
    *letters.DESK_ROUTES,
    *clock_pages.DESK_ROUTES,
]
