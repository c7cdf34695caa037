"""The ASGI application: routes, middleware, error handlers and lifespan."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from tortoise.exceptions import DBConnectionError, OperationalError, TransactionManagementError, ValidationError

from feedback.kernel import db
from feedback.kernel.errors import Invalid, Refusal, Unavailable
from feedback.kernel.settings import Settings
from web import bootstrap, worker
from web.api import callbacks
from web.api.v1 import routes
from web.context import AppContext
from web.forms.form_reading import LARGE_FORMS_MOST, most_of_form
from web.http import health, templating
from web.http.errors import (
    handle_http_error,
    handle_internal_error,
    handle_refusal,
    handle_validation_error,
    log,
    refusal_response,
)
from web.http.hosts import KnownHost
from web.http.limits import BodyDeadline, BodyLimit, Limiter
from web.http.metrics import Metrics, RequestMetrics
from web.http.security import SameOrigin, SecurityHeaders
from web.http.static_files import VersionedFiles
from web.notify import channel
from web.pages.account import routes as account_routes
from web.pages.admin import routes as admin_routes
from web.pages.board import routes as board_routes
from web.pages.citizen import routes as citizen_routes
from web.pages.desk import routes as desk_routes
from web.pages.me import routes as me_routes
from web.pages.public import routes as public_routes
from web.pages.staff_area import staff_area

HERE = Path(__file__).parent
RETRY_SECONDS = 5
"""What Retry-After says while the database or a disk is away."""
# What drivers and the system raise when they do not answer, among other things: `db.is_unavailable` tells which is which.
_OUTSIDE_FAULTS: tuple[type[Exception], ...] = (
    OperationalError,
    DBConnectionError,
    TransactionManagementError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    sqlite3.Error,
    OSError,
)


def create_app(
    settings: Settings, *, with_worker: bool = True, at_start: Callable[[AppContext], None] | None = None
) -> Starlette:
    """The application. `with_worker=False` leaves the outbox to others (workers outside, or a test).

    `at_start` is called before the first request and before the worker: it may begin something beside them.
    """

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        async with bootstrap.open_context(settings) as context:
            context.expects_worker = with_worker or bool(settings.redis_url)
            app.state.context = context
            if settings.production and not channel.reaches_citizens(settings):
                log.warning(channel.UNREACHED)
            await context.warm()
            if at_start is not None:
                at_start(context)
            async with _running_worker(context, with_worker):
                yield

    metrics = Metrics()
    app = Starlette(
        routes=_routes(),
        lifespan=life,
        middleware=[
            Middleware(RequestMetrics, metrics=metrics),
            Middleware(SecurityHeaders, settings=settings),
            Middleware(KnownHost, settings=settings, refuse=refusal_response),
            Middleware(
                BodyDeadline,
                seconds=settings.body_seconds,
                bytes_per_second=settings.body_bytes_per_second,
                refuse=refusal_response,
            ),
            Middleware(SameOrigin, refuse=refusal_response),
            Middleware(
                BodyLimit,
                most=settings.body_max_bytes,
                most_of_form=most_of_form(settings),
                most_of_part=settings.resumable_max_bytes,
                refuse=refusal_response,
            ),
        ],
        exception_handlers={
            Refusal: handle_refusal,
            HTTPException: handle_http_error,
            **dict.fromkeys(_OUTSIDE_FAULTS, _outside_fault),
            ValidationError: handle_validation_error,
            Exception: handle_internal_error,
        },
    )
    app.state.metrics = metrics
    app.state.limiter = Limiter(settings)
    app.state.large_forms = asyncio.Semaphore(LARGE_FORMS_MOST)
    app.state.templates = templating.build_environment(settings)
    return app


@contextlib.asynccontextmanager
async def _running_worker(context: AppContext, with_worker: bool) -> AsyncIterator[None]:
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
    worker_task = asyncio.create_task(worker.run_in_process(context))
    try:
        yield
    finally:
        worker_task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker_task


def _routes() -> list[Route | Mount]:
    return [
        *health.ROUTES,
        Mount("/static", VersionedFiles(directory=HERE / "static"), name="static"),
        Mount("/api/v1", routes=routes.ROUTES),
        Mount(callbacks.PREFIX, routes=callbacks.ROUTES),
        *account_routes.ROUTES,
        *staff_area("/desk", desk_routes.ROUTES),
        *staff_area("/board", board_routes.ROUTES),
        *staff_area("/admin", admin_routes.ROUTES),
        Route("/sw.js", _service_worker),
        *citizen_routes.ROUTES,
        *me_routes.ROUTES,
        *public_routes.ROUTES,
    ]


async def _outside_fault(request: Request, fault: Exception) -> Response:
    """The one place that says what an error of the database or the system means for whoever asked.

    PostgreSQL keeps no NUL in a text: that is the input's fault. What is unavailable for now is answered with 503; the rest is ours.
    """
    if "invalid byte sequence" in str(fault):
        return await refusal_response(request, Invalid({"text": "not_text"}))
    if db.is_unavailable(fault):
        request_id = getattr(request.state, "request_id", "")
        log.warning("unavailable", id=request_id, path=request.url.path, fault=repr(fault))
        return await refusal_response(request, Unavailable(seconds=RETRY_SECONDS))
    return await handle_internal_error(request, fault)


async def _service_worker(request: Request) -> Response:
    text = (HERE / "static" / "js" / "sw.js").read_text("utf-8")
    text = text.replace("{version}", request.app.state.templates.globals["asset_version"])
    return Response(text, media_type="text/javascript", headers={"Service-Worker-Allowed": "/"})
