"""What must be looked into, and was it? Late clocks with who was told, proposed orders (建议督办), the orders themselves."""

from starlette.requests import Request
from starlette.responses import Response

from feedback.queries import overdue
from routing import directory
from routing.notices import inbox
from web.auth.permissions import overseer
from web.context import AppContext
from web.presentation import desk_frame
from web.presentation import oversight as oversight_views
from web.presentation.oversight import pages


async def late(request: Request) -> Response:
    """Each late clock, and who was told of it when."""
    context: AppContext = request.app.state.context
    actor, now, names = await overseer(request), context.clock.now(), await directory.snapshot()
    unit = request.query_params.get("unit", "")
    rows = await overdue.late_clocks(actor, now=now, unit=unit if names.has(unit) else "")
    told = await inbox.told_of(row["id"] for row in rows)
    lines = [oversight_views.late_line(row, told.get(row["id"], []), names, now) for row in rows]
    values = {
        **desk_frame.frame(actor, names),
        "tabs": pages("late", actor),
        "rows": lines,
        "ladder": oversight_views.ladder_lines(),
        "hours": context.settings.staff_hours,
        "untold": sum(not line["told"] for line in lines),
        "unit": names.name(unit) if names.has(unit) else "",
    }
    return context.render(request, "board/late.html", values)
