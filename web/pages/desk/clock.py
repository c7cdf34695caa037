"""The page that explains one deadline of a case, day by day."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.clock import office_day
from feedback.kernel.errors import NotFound
from feedback.queries import cases as case_queries
from feedback.record import calendar_editions
from feedback.rules.clocks import Clock, term_of_clock
from feedback.rules.read_models import CaseFile
from routing import directory
from web.auth import citizen_cookie
from web.auth.permissions import current_actor
from web.context import AppContext
from web.presentation import case as case_views
from web.presentation import deadline_changes, deadline_explanation, desk_frame


async def staff(request: Request) -> Response:
    """A clock of any case the member of staff sees."""
    context: AppContext = request.app.state.context
    actor, names, no = (
        current_actor(request),
        await directory.load_directory(),
        request.path_params["no"],
    )
    file = await case_queries.load_file(actor, no, vault=context.settings.vault)
    crumbs = [("/desk", "工作台"), (f"/desk/cases/{no}", no)]
    return await _shown(request, file, {**desk_frame.frame_values(actor, names), "active": "desk", "crumbs": crumbs})


async def own(request: Request) -> Response:
    """A clock of one's own case."""
    context: AppContext = request.app.state.context
    citizen = await citizen_cookie.read_citizen(request)
    if citizen is None:
        return RedirectResponse("/lookup", status_code=303)
    file = await case_queries.load_file(citizen, citizen.case_no, vault=context.settings.vault)
    return await _shown(request, file, {"active": "lookup", "crumbs": [("/lookup", "查进度"), ("/case", "我的诉求")]})


def running(file: CaseFile) -> list[tuple[str, str]]:
    """Label and address of every clock of one's own case that runs in days."""
    clocks = [c for c in file.clocks if c.stopped_at is None and not c.length.unit.runs]
    return [(c.label, f"/case/clocks/{c.seq}/{c.term}") for c in clocks]


async def _shown(request: Request, file: CaseFile, frame: Mapping[str, Any]) -> Response:
    context: AppContext = request.app.state.context
    clock = _clock(request, file)
    names, editions = await directory.load_directory(), await calendar_editions.load_editions()
    values = {
        **frame,
        "no": file.no,
        "clock": case_views.clock_view(clock, names, context.clock.now(), editions.newest),
        "result": deadline_explanation.explain_clock(clock, editions.named(clock.edition), _pauses(file, clock)),
        "moves": [
            deadline_changes.render_change(m)
            for m in file.deadline_changes
            if (m.term, m.seq) == (clock.term, clock.seq)
        ],
    }
    return context.render(request, "citizen/clock.html", values)


def _pauses(file: CaseFile, clock: Clock) -> list[tuple[date, date]]:
    """First and last days on which the clock stood still: a hearing is not counted (信访工作条例 第三十六条第二款)."""
    row, spans, since = term_of_clock(clock), list[tuple[date, date]](), None
    for entry in file.entries:
        if entry.seq > clock.seq and entry.act in row.paused_by:
            since = since or office_day(entry.at)
        elif since and entry.act in row.resumed_by:
            spans.append((since, office_day(entry.at)))
            since = None
    return spans


def _clock(request: Request, file: CaseFile) -> Clock:
    """The clock of the address. One in running hours is not counted in days.

    Raises NotFound.
    """
    asked = (request.path_params["term"], request.path_params["seq"])
    for clock in file.clocks:
        if (clock.term, clock.seq) == asked and not clock.length.unit.runs:
            return clock
    raise NotFound(no=file.no)
