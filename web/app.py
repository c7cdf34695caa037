"""Which door leads where? The ASGI application: routes, middleware, the one table of errors, and its life."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from tortoise.exceptions import OperationalError, ValidationError

from feedback.kernel import db, outbox
from feedback.kernel.errors import Refusal
from feedback.kernel.settings import Settings
from routing.notices import inbox
from web import bootstrap, worker
from web.api.v1 import routes
from web.auth import form_recovery, sessions
from web.context import AppContext
from web.http import templating
from web.http.errors import broken, database_fault, http_error, log, no_such, refusal, refused
from web.http.limits import BodyLimit, Limiter
from web.http.security import SameOrigin, SecurityHeaders
from web.notify import channel
from web.pages.account import login
from web.pages.admin import home
from web.pages.admin import routes as admin_routes
from web.pages.board import annual_report, kpis, live
from web.pages.board import routes as board_routes
from web.pages.citizen import letters
from web.pages.citizen import routes as citizen_routes
from web.pages.desk import queue, register
from web.pages.desk import routes as desk_routes
from web.pages.public import routes as public_routes

HERE = Path(__file__).parent
# Anybody may read the figures for machines, so reports (检举控告) are not among them.
_COUNTED = "SELECT status, count(*) AS n FROM feedback_case WHERE NOT confidential GROUP BY status"


def create_app(settings: Settings, *, with_worker: bool = True) -> Starlette:
    """The application. `with_worker=False` leaves the outbox to others (workers outside, or a test)."""

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        async with bootstrap.opened(settings) as context:
            app.state.context = context
            if settings.production and not channel.reaches_citizens(settings):
                log.warning(channel.UNREACHED)
            await context.warm()
            async with _working(context, with_worker):
                yield

    app = Starlette(
        routes=_routes(),
        lifespan=life,
        middleware=[
            Middleware(SecurityHeaders, settings=settings),
            Middleware(SameOrigin, refuse=refusal),
            Middleware(BodyLimit, most=settings.body_max_bytes, refuse=refusal),
        ],
        exception_handlers={
            Refusal: refused,
            HTTPException: http_error,
            OperationalError: database_fault,
            ValidationError: no_such,
            Exception: broken,
        },
    )
    app.state.limiter = Limiter(settings)
    app.state.templates = templating.templates(settings)
    return app


@contextlib.asynccontextmanager
async def _working(context: AppContext, with_worker: bool) -> AsyncIterator[None]:
    if not with_worker:
        yield
        return
    if context.settings.redis_url:
        pool = worker.connect(context)
        relay = worker.Relay(pool, context.clock.now)
        context.notify_workers = relay.hand_over
        try:
            yield
        finally:
            await pool.aclose()
        return
    inside = asyncio.create_task(worker.run_inside(context))
    try:
        yield
    finally:
        inside.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await inside


def _routes() -> list[Route | Mount]:
    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        Mount("/api/v1", routes=routes.ROUTES),
        *login.ROUTES,
        # A mount answers below its path only; without these three, /desk would be a redirect to /desk/ on every click.
        Route("/desk", queue.queue, middleware=[Middleware(StaffOnly)]),
        Route("/board", live.board, middleware=[Middleware(StaffOnly)]),
        Route("/admin", home.home, middleware=[Middleware(StaffOnly)]),
        Mount("/desk", routes=desk_routes.ROUTES, middleware=[Middleware(StaffOnly)]),
        Mount(
            "/board",
            routes=[*kpis.ROUTES, *annual_report.ROUTES, *live.ROUTES, *board_routes.ROUTES],
            middleware=[Middleware(StaffOnly)],
        ),
        Mount("/admin", routes=admin_routes.ROUTES, middleware=[Middleware(StaffOnly)]),
        Route("/sw.js", _service_worker),
        *citizen_routes.ROUTES,
        *letters.ROUTES,
        *public_routes.ROUTES,
    ]


class StaffOnly:
    """Whatever hangs below is for staff with a session."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            actor = await sessions.actor_or_none(request)
            if actor is None:
                response = await refusal(request, sessions.Unauthorized())
                if request.method == "POST" and request.url.path == "/desk/register":
                    await register.kept_for_later(request)  # with its files, as a draft of its own
                elif request.method == "POST":
                    await form_recovery.keep(request, response)
                await response(scope, receive, send)
                return
            if request.method == "GET" and not sessions.is_background(request):
                context: AppContext = request.app.state.context
                request.state.unread = await inbox.unread(actor, context.clock.now())
            if form_recovery.COOKIE in request.cookies and not sessions.is_background(request):
                await form_recovery.restored(self.app, scope, receive, send, actor)
                return
        await self.app(scope, receive, send)


async def healthz(request: Request) -> Response:
    """The process lives."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """The process can work: database, queue, classifier."""
    context: AppContext = request.app.state.context
    queue = await outbox.counts(context.clock.now())
    model = await context.model()
    state = {"database": True, "queue": queue, "model": model.release if model else None}
    return JSONResponse(state)


async def metrics(request: Request) -> Response:
    """Prometheus text."""
    context: AppContext = request.app.state.context
    now: datetime = context.clock.now()
    registry = CollectorRegistry()
    queue = await outbox.counts(now)
    for name, value in queue.items():
        Gauge(f"xinqiao_outbox_{name}", f"messages {name}", registry=registry).set(value)
    rows = await db.reading().execute_query_dict(_COUNTED)
    cases = Gauge("xinqiao_cases", "cases by status", ["status"], registry=registry)
    for row in rows:
        cases.labels(row["status"]).set(row["n"])
    return PlainTextResponse(generate_latest(registry), media_type="text/plain; version=0.0.4")


async def _service_worker(request: Request) -> Response:
    text = (HERE / "static" / "js" / "sw.js").read_text("utf-8")
    return Response(text, media_type="text/javascript", headers={"Service-Worker-Allowed": "/"})
