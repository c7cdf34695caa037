"""Citizens whom no message reached, to be called: the list of the desk and the units, and the note that somebody did."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.errors import NotFound
from routing import directory
from routing.notices import inbox
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms.filters import note_unknown
from web.presentation import desk_frame
from web.presentation import oversight as oversight_views

MOST = 200


async def listed(request: Request) -> Response:
    """What citizens were not told of the cases the actor sees, the newest first."""
    note_unknown(request)
    context: AppContext = request.app.state.context
    actor, now = current_actor(request), context.clock.now()
    rows = await inbox.untold(actor, now, MOST)
    values = {
        **desk_frame.frame_values(actor, await directory.load_directory()),
        "rows": [{**oversight_views.untold_line(row), "id": row["id"]} for row in rows],
        "days": inbox.COUNTED_DAYS,
        "most": MOST,
        "done": request.query_params.get("done", ""),
    }
    return context.render(request, "desk/phone_calls.html", values)


async def record(request: Request) -> Response:
    """Somebody called and said it. Raises NotFound for a notice of a case the actor may not see, or that left meanwhile."""
    context: AppContext = request.app.state.context
    text = request.path_params["id"]
    if not (text.isdecimal() and len(text) < 19):
        raise NotFound
    await inbox.record_phone_call(current_actor(request), int(text), context.clock.now())
    return RedirectResponse("/desk/phone-calls?done=1", status_code=303)
