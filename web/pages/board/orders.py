"""The page of supervision orders with their clocks and answers."""

from starlette.requests import Request
from starlette.responses import Response

from feedback.queries import overdue
from routing import directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.presentation import desk_frame
from web.presentation import oversight as oversight_views
from web.presentation.oversight import build_tabs


async def orders(request: Request) -> Response:
    """The supervision orders with their clocks and answers, open ones first."""
    context: AppContext = request.app.state.context
    actor, now, names = current_actor(request), context.clock.now(), await directory.load_directory()
    lines = [oversight_views.order_line(row, names, now) for row in await overdue.list_supervision_orders(actor)]
    values = {
        **desk_frame.frame_values(actor, names),
        "tabs": build_tabs("orders", actor),
        "open": [line for line in lines if line["open"]],
        "ended": [line for line in lines if not line["open"]],
    }
    return context.render(request, "board/orders.html", values)
