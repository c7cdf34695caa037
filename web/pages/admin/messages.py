"""The page of outbox messages that wait or have failed."""

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel import heartbeat, outbox, timers
from routing import directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.notify import channel
from web.pages.admin.home import timer
from web.presentation import case as case_views
from web.presentation import desk_frame
from web.wording import dates


async def messages(request: Request) -> Response:
    """What waits to be carried out, and what failed so often that somebody must look."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    rows, now = await outbox.list_failing(), context.clock.now()
    values = {
        **desk_frame.frame_values(actor, names),
        "queue": await outbox.count_messages(now),
        "timers": [timer(row, now) for row in await timers.states()],
        "workers": [
            {"name": row["worker"], "seconds": max(0, int((now - row["beat_at"]).total_seconds()))}
            for row in await heartbeat.states()
        ],
        "callback": channel.receipts_address(context.settings),
        "rows": [{**case_views.hide_case_numbers(row), "next": dates.short_time(row["run_at"])} for row in rows],
    }
    return context.render(request, "admin/messages.html", values)
