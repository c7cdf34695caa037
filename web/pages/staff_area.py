"""The areas of staff pages: what all of them share around their routes."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from routing.notices import inbox
from web.auth import form_recovery, sessions
from web.auth.permissions import Require, Requirement
from web.context import AppContext
from web.forms.form_reading import open_form
from web.pages.account import login
from web.pages.desk import register

DRAFT_PATH = "/desk/register"


def staff_area(path: str, routes: Sequence[Route]) -> list[Route | Mount]:
    """The pages below a path, for staff with a session. The start page, at "/", answers without the slash too.

    A mount answers below its path only: without the second route /desk would be a redirect to /desk/ on every click.
    """
    middleware = [Middleware(StaffPages), Middleware(Require, requirement=Requirement.STAFF)]
    start = next(route for route in routes if route.path == "/")
    return [
        Route(path, start.app, methods=start.methods, middleware=middleware),
        Mount(path, routes=routes, middleware=middleware),
    ]


class StaffPages:
    """Middleware of the staff areas: counts unread notices for the menu, and answers a form sent without a session."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            actor = await sessions.find_actor(request)
            if actor is None and request.method == "POST":
                response = await _render_login(request)
                await response(scope, receive, send)
                return
            if actor is not None and request.method == "GET" and not sessions.is_background(request):
                context: AppContext = request.app.state.context
                request.state.unread = await inbox.count_unread(actor, context.clock.now())
        await self.app(scope, receive, send)


async def _render_login(request: Request) -> Response:
    """The log-in page as the answer to a form that was sent without a session, with what was typed riding along."""
    path = request.url.path
    if path == DRAFT_PATH:
        await register.store_late_draft(request)  # with its files, as a draft of its own
        return login.render_login(request, path, status=401)
    return login.render_login(request, path, await form_recovery.carry_form(request, open_form), status=401)
