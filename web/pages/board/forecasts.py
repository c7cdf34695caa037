"""The page of deadlines that will probably be missed, for overseers and for a unit's own cases."""

from starlette.requests import Request
from starlette.responses import Response

from routing import directory
from web.actions.forecasts import list_forecasts
from web.auth.permissions import current_actor
from web.context import AppContext
from web.presentation import desk_frame
from web.presentation.oversight import build_tabs


async def of_all(request: Request) -> Response:
    """The list for overseers."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    values = {
        "tabs": build_tabs("forecast", actor),
        "rows": await list_forecasts(context, actor, names),
        "own": False,
    }
    return context.render(request, "board/forecasts.html", {**desk_frame.frame_values(actor, names), **values})


async def of_unit(request: Request) -> Response:
    """The list for a unit: its own clocks."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    values = {"tabs": [], "rows": await list_forecasts(context, actor, names), "own": True}
    return context.render(request, "board/forecasts.html", {**desk_frame.frame_values(actor, names), **values})
