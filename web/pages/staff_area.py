"""The areas of staff pages: what all of them share around their routes."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from routing.notices import inbox
from web.auth import form_recovery, sessions
from web.auth.permissions import Require, Requirement
from web.context import AppContext
from web.http.errors import refusal_response
from web.pages.desk import register


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
                response = await refusal_response(request, sessions.Unauthorized())
                if request.url.path == "/desk/register":
                    await register.kept_for_later(request)  # with its files, as a draft of its own
                else:
                    await form_recovery.store_form(request, response)
                await response(scope, receive, send)
                return
            if actor is not None and request.method == "GET" and not sessions.is_background(request):
                context: AppContext = request.app.state.context
                request.state.unread = await inbox.count_unread(actor, context.clock.now())
            may_restore = form_recovery.FORM_COOKIE in request.cookies and not sessions.is_background(request)
            if actor is not None and may_restore:
                await form_recovery.serve_restored(self.app, scope, receive, send, actor)
                return
        await self.app(scope, receive, send)
