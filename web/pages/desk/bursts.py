"""Many messages from one network or device within a short time: found here, and handled together by `/desk/bulk`.

What is done to them is an act like any other, on each case, in batches, with a preview and a ground: a burst may as well
be a village that shares one line.
"""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback.queries import worklist
from feedback.record import access_log, calendar_editions
from routing import directory
from web.auth import message_sources
from web.auth.message_sources import LEAST_MESSAGES, Burst
from web.auth.permissions import current_actor
from web.context import AppContext
from web.pages.desk.bulk import BULK_MOST
from web.presentation import desk_frame
from web.presentation import worklist as worklist_views
from web.wording import dates

SPANS = (1, 6, 24, 72)  # hours


async def bursts(request: Request) -> Response:
    """The bursts of the last hours; of the one that is chosen its messages, as far as the actor sees them."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    now, calendar = context.clock.now(), await calendar_editions.load_current_calendar()
    hours = _read_hours(request.query_params.get("hours", ""))
    source, key = request.query_params.get("source", ""), request.query_params.get("key", "")
    since = now - timedelta(hours=hours)
    numbers = await message_sources.list_case_numbers(source, key, since)
    rows = await worklist.list_work_rows(actor, numbers, BULK_MOST)
    if rows:
        await access_log.log_read(actor, "person", detail=f"同一来源的来件：{len(rows)} 件", now=now)
    values = {
        **desk_frame.frame_values(actor, names),
        "hours": hours,
        "spans": SPANS,
        "least": LEAST_MESSAGES,
        "most": BULK_MOST,
        "total": len(numbers),
        "bursts": [_view(burst) for burst in await message_sources.list_bursts(since)],
        "rows": [worklist_views.row_view(row, names, now, calendar) for row in rows],
    }
    return context.render(request, "desk/bursts.html", values)


def _read_hours(text: str) -> int:
    return int(text) if text in {str(hours) for hours in SPANS} else SPANS[2]


def _view(burst: Burst) -> dict[str, Any]:
    return {
        "source": burst.source,
        "key": burst.key,
        "mark": burst.key[:6].upper(),
        "count": burst.count,
        "first": dates.short_time(burst.first_at),
        "last": dates.short_time(burst.last_at),
    }
