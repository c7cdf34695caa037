"""The worklist page: tabs, filters and counts of the cases somebody sees."""

from dataclasses import replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel import paging
from feedback.kernel.clock import office_day, start_of_day
from feedback.kernel.paging import Page
from feedback.queries import worklist as case_worklist
from feedback.queries.nearest import FEW_HITS
from feedback.record import calendar_editions
from feedback.rules.access import Actor
from feedback.rules.read_models import Filters, WorkRow
from feedback.rules.vocabulary import Role
from routing import directory
from routing.directory import Directory
from web.auth import cookies
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import filters as filter_forms
from web.pages.desk.bulk import bulk_acts
from web.presentation import desk_frame
from web.presentation import flags as flag_views
from web.presentation import worklist as worklist_views
from web.presentation.desk_frame import DECIDERS, WORKERS
from web.wording import catalogue

_COLUMNS_HOURS = 24 * 365


async def queue(request: Request) -> Response:
    """The cases somebody sees, those with the least time left first."""
    context: AppContext = request.app.state.context
    actor, now = current_actor(request), context.clock.now()
    if actor.roles <= {Role.ADMIN}:
        return RedirectResponse("/admin", status_code=303)
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    filters, faults = filter_forms.parse_worklist(request.query_params, actor, names)
    filter_forms.note_faults(request, faults)
    number = paging.parse_page_number(request.query_params.get("page", ""))
    page = await case_worklist.load_worklist(actor, filters, number, now=now)
    nearest = await _list_nearest(actor, filters, page, now)
    counted, mine, all_ = await _counts(actor, filters, now)
    columns = worklist_views.chosen_columns(request)
    values = {
        **desk_frame.frame_values(actor, names),
        "columns": columns,
        "all_columns": list(worklist_views.COLUMNS.items()),
        "filters": filters,
        "tabs": worklist_views.build_tabs(
            filters, mine, {**counted, "all_open": all_}, decides=bool(actor.roles & DECIDERS)
        ),
        "rows": [worklist_views.row_view(row, names, now, calendar) for row in page.items],
        "found": page,
        "nearest": [worklist_views.row_view(row, names, now, calendar) for row in nearest],
        "everywhere": worklist_views.build_query(Filters(q=filters.q)) if filters != Filters(q=filters.q) else "",
        "base": f"/desk?{worklist_views.build_query(filters)}&page=",
        "query": worklist_views.build_query(filters),
        "chosen": worklist_views.list_active_filters(filters, names),
        "units": worklist_views.unit_groups(names, _seen_units(actor, names)),
        "categories": worklist_views.category_groups(with_heads=True),
        "regions": worklist_views.region_groups(names, context.settings.region),
        "statuses": worklist_views.status_options(),
        "kinds": worklist_views.kind_options(),
        "lights": [(code, catalogue.LIGHTS[code]) for code in ("red", "amber", "green")],
        "flags": list(flag_views.FLAG_OPTIONS.items()),
        "markers": list(catalogue.MARKERS.items()),
        "channels": list(catalogue.CHANNELS.items()),
        "sorts": list(worklist_views.SORTS),
        "bulk": bulk_acts(actor),
        "answered": await _answered_today(actor, now) if not page.total else 0,
    }
    response = context.render(request, "desk/queue.html", values)
    if "columns" in request.query_params:
        cookies.set_cookie(response, context, worklist_views.COLUMNS_COOKIE, ".".join(columns), _COLUMNS_HOURS)
    return response


async def _list_nearest(actor: Actor, filters: Filters, page: Page[WorkRow], now: datetime) -> list[WorkRow]:
    """The cases nearest to a query that few cases hold."""
    if not filters.q or page.number > 1 or page.total >= FEW_HITS:
        return []
    return await case_worklist.list_nearest(actor, filters, now=now, without=[row.no for row in page.items])


async def _counts(actor: Actor, filters: Filters, now: datetime) -> tuple[dict[str, int], int | None, int]:
    """The figures on the tabs, how many open cases wait for this unit (None for overseers), and how many are seen."""
    is_worker = bool(actor.roles & WORKERS)
    counts = {
        mine: await case_worklist.count_cases(actor, replace(filters, mine=mine), now=now)
        for mine in (False, True)
        if is_worker or mine in (False, filters.mine)
    }
    return counts[filters.mine], counts[True]["open"] if is_worker else None, counts[False]["open"]


async def _answered_today(actor: Actor, now: datetime) -> int:
    today = office_day(now)
    return (await case_worklist.count_flow(actor, start_of_day(today), now))["replied"]


def _seen_units(actor: Actor, names: Directory) -> frozenset[str]:
    """The units worth offering as a filter."""
    if actor.everywhere or Role.RECEPTION in actor.roles:
        return frozenset(names.by_code)
    return actor.units | {actor.unit}
