"""The page of ratings that count nowhere, since nobody proved to be from somebody who was served."""

from starlette.requests import Request
from starlette.responses import Response

from evaluation.ratings import handlings
from evaluation.scale import RATING_CHANNELS
from feedback.kernel import paging
from routing import directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms.filters import note_unknown
from web.presentation import desk_frame
from web.presentation.oversight import build_tabs
from web.wording import catalogue, dates


async def listed(request: Request) -> Response:
    """Ratings kept apart, of the units one oversees, newest first, each with the reason."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    note_unknown(request, "page")
    page = await handlings.list_unverified(actor, page=paging.parse_page_number(request.query_params.get("page", "")))
    rows = [
        {
            "unit": names.short(view.unit),
            "matter": view.matter_name,
            "no": view.handling_no,
            "window": view.window,
            "level": catalogue.LEVELS[view.level],
            "channel": RATING_CHANNELS[view.pf],
            "text": view.text,
            "why": catalogue.UNVERIFIED_REASONS[view.reason],
            "at": dates.short_time(view.at),
        }
        for view in page.items
    ]
    values = {
        **desk_frame.frame_values(actor, names),
        "tabs": build_tabs("unverified", actor),
        "rows": rows,
        "found": page,
    }
    return context.render(request, "board/unverified_ratings.html", values)
