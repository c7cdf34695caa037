"""What would have gone out to citizens, for whoever tries the platform: the last lines of the development file."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.errors import NotFound
from routing import directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.notify.development_file import sender as development_file
from web.presentation import desk_frame

MOST = 100


async def outgoing(request: Request) -> Response:
    """The last messages, the newest first. In production there is no such page."""
    context: AppContext = request.app.state.context
    if context.settings.production:
        raise NotFound
    rows = await asyncio.to_thread(development_file.read_last, context.settings.data, MOST)
    values = {
        **desk_frame.frame_values(current_actor(request), await directory.load_directory()),
        "rows": rows,
        "most": MOST,
        "file": development_file.FILE_NAME,
    }
    return context.render(request, "admin/outgoing.html", values)
