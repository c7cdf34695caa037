"""Which door leads where? The ASGI application: routes, middleware, the one table of errors, and its life."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from tortoise.exceptions import OperationalError, ValidationError

from feedback.kernel import db, outbox
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow, Refused, Unavailable
from feedback.kernel.settings import Settings
from routing import inbox
from web import attention, boot, frame, identity, keeping, labels, worker
from web.api import v1
from web.guard import Guard, Limiter, SameOrigin, TooMany
from web.office import Office
from web.pages import admin, citizen, desk, kpis, letters, login, public, registering, reports, supervisor, topic_pages

HERE = Path(__file__).parent
STATUS_OF: Mapping[type[Refused], int] = {
    identity.Unauthorized: 401,
    TooMany: 429,
    Invalid: 422,
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    NotNow: 409,
    Unavailable: 503,
}
# Anybody may read the figures for machines, so reports (检举控告) are not among them.
_COUNTED = "SELECT status, count(*) AS n FROM feedback_case WHERE NOT confidential GROUP BY status"
_NAME_MOST = 60  # no thing has a longer name in an address
_log = structlog.get_logger("web")


def create_app(settings: Settings, *, with_worker: bool = True) -> Starlette:
    """The application. `with_worker=False` leaves the outbox to others (workers outside, or a test)."""

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        async with boot.opened(settings) as office:
            app.state.office = office
            async with _working(office, with_worker):
                yield

    app = Starlette(
        routes=_routes(),
        lifespan=life,
        middleware=[
            Middleware(Guard, settings=settings),
            Middleware(SameOrigin, refuse=_refusal),
            Middleware(BodyLimit, most=settings.body_max_bytes, refuse=_refusal),
        ],
        exception_handlers={
            Refused: _refused,
            HTTPException: _http_error,
            OperationalError: _database_fault,
            ValidationError: _no_such,
            Exception: _broken,
        },
    )
    app.state.limiter = Limiter(settings)
    app.state.templates = frame.templates(settings)
    return app


@contextlib.asynccontextmanager
async def _working(office: Office, with_worker: bool) -> AsyncIterator[None]:
    if not with_worker:
        yield
        return
    office.begin(attention.warm(office.settings.data))
    if office.settings.redis_url:
        pool = await worker.connect(office)
        office.ring = lambda: worker.ring_outside(pool, office)
        try:
            yield
        finally:
            await pool.aclose()
        return
    inside = asyncio.create_task(worker.run_inside(office))
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
        Mount("/api/v1", routes=v1.ROUTES),
        *login.ROUTES,
        # A mount answers below its path only; without these three, /desk would be a redirect to /desk/ on every click.
        Route("/desk", desk.queue, middleware=[Middleware(StaffOnly)]),
        Route("/board", supervisor.board, middleware=[Middleware(StaffOnly)]),
        Route("/admin", admin.home, middleware=[Middleware(StaffOnly)]),
        Mount("/desk", routes=desk.ROUTES, middleware=[Middleware(StaffOnly)]),
        Mount(
            "/board",
            routes=[*kpis.ROUTES, *reports.ROUTES, *supervisor.ROUTES, *topic_pages.ROUTES],
            middleware=[Middleware(StaffOnly)],
        ),
        Mount("/admin", routes=admin.ROUTES, middleware=[Middleware(StaffOnly)]),
        Route("/sw.js", _service_worker),
        *citizen.ROUTES,
        *letters.ROUTES,
        *public.ROUTES,
    ]


class StaffOnly:
    """Whatever hangs below is for staff with a session."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            actor = await identity.actor_or_none(request)
            if actor is None:
                response = await _refusal(request, identity.Unauthorized())
                if request.method == "POST" and request.url.path == "/desk/register":
                    await registering.kept_for_later(request)  # with its files, as a draft of its own
                elif request.method == "POST":
                    await keeping.keep(request, response)
                await response(scope, receive, send)
                return
            if request.method == "GET" and not identity.is_background(request):
                office: Office = request.app.state.office
                request.state.unread = await inbox.unread(actor, office.clock.now())
            if keeping.COOKIE in request.cookies and not identity.is_background(request):
                await keeping.restored(self.app, scope, receive, send, actor)
                return
        await self.app(scope, receive, send)


class BodyLimit:
    """Refuses a body that is too large, before and while it is read."""

    def __init__(self, app: ASGIApp, most: int, refuse: Any) -> None:
        self.app, self.most, self.refuse = app, most, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Request(scope).headers.get("content-length", "")
        if length.isdigit() and int(length) > self.most:
            await _thrown_away(receive)
            response = await self.refuse(Request(scope, receive), TooLarge(most=self.most))
            await response(scope, receive, send)
            return
        read = 0

        async def counting() -> Any:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                await _thrown_away(receive)
                raise TooLarge(most=self.most)
            return message

        await self.app(scope, counting, send)


async def _thrown_away(receive: Receive, most: int = 64_000_000) -> None:
    """Read on without keeping it: who is still sending would see a broken connection instead of the answer."""
    read, more = 0, True
    while more and read < most:
        message = await receive()
        read += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)


class TooLarge(Refused):
    """The body is larger than we take."""

    code = "too_large"


def status_of(fault: Refused) -> int:
    """The HTTP status of a refusal."""
    if fault.code == "too_large":
        return 413
    if fault.code == "not_json":
        return 400
    if fault.code == "unsupported_type":
        return 415
    return next((status for kind, status in STATUS_OF.items() if isinstance(fault, kind)), 500)


def error_json(fault: Refused) -> dict[str, Any]:
    """The error shape of CONTRACT §2."""
    words = str(fault.details.get("words", fault.code))  # a code may have more than one sentence
    said: dict[str, Any] = {"code": fault.code, "message": labels.error_words(words, **_details(fault))}
    if isinstance(fault, Invalid) and fault.fields:
        said["fields"] = {name: labels.fault_words(name, why) for name, why in fault.fields.items()}
    return {"error": said}


def _details(fault: Refused) -> dict[str, object]:
    count = len(fault.fields) if isinstance(fault, Invalid) else 0
    return {"count": max(1, count), **fault.details}


def is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


async def _refused(request: Request, fault: Exception) -> Response:
    if not isinstance(fault, Refused):
        raise fault
    return await _refusal(request, fault)


async def _refusal(request: Request, fault: Refused) -> Response:
    """A refusal as JSON for the API, as a page for people; who is not logged in is sent to the log-in."""
    status = status_of(fault)
    headers = {"Retry-After": str(fault.details["seconds"])} if "seconds" in fault.details else {}
    if is_api(request):
        return JSONResponse(error_json(fault), status, headers)
    if status == 401 and fault.code == "unauthorized":
        target = f"/login?next={request.url.path}"
        if request.headers.get("hx-request"):
            return Response(status_code=204, headers={"HX-Redirect": target})
        return RedirectResponse(target, 303)
    words = labels.error_words(fault.code, **_details(fault))
    fields = error_json(fault)["error"].get("fields", {})
    response = frame.page(request, "error.html", {"status": status, "message": words, "fields": fields}, status)
    response.headers.update(headers)
    return response


async def _http_error(request: Request, fault: Exception) -> Response:
    if not isinstance(fault, HTTPException):
        raise fault
    known: Mapping[int, Refused] = {
        404: NotFound(),
        405: Refused("method_not_allowed"),
        413: TooLarge(),
        400: Invalid(code="invalid"),
    }
    refusal = known.get(fault.status_code, Refused("internal"))
    if is_api(request):
        return JSONResponse(error_json(refusal), fault.status_code, fault.headers)
    words = labels.error_words(refusal.code, count=1)
    context = {"status": fault.status_code, "message": words, "fields": {}}
    return frame.page(request, "error.html", context, fault.status_code)


async def _database_fault(request: Request, fault: Exception) -> Response:
    """PostgreSQL keeps no NUL in a text: that is the input's fault; anything else is ours."""
    if "invalid byte sequence" in str(fault):
        return await _refusal(request, Invalid({"text": "not_text"}))
    return await _broken(request, fault)


async def _no_such(request: Request, fault: Exception) -> Response:
    """Something is longer than any that is kept, and the ORM refuses to compare or to store it.

    Asked for by such a name there is no such thing; what was sent is too long, and is told so.
    """
    if request.method in ("GET", "HEAD") or any(len(str(part)) > _NAME_MOST for part in request.path_params.values()):
        return await _refusal(request, NotFound())
    name = str(fault).partition(":")[0]
    return await _refusal(request, Invalid({name if name in labels.FIELDS else "body": "too_long"}))


async def _broken(request: Request, fault: Exception) -> Response:
    """A fault of ours: logged with the request's id, told without its inside."""
    request_id = getattr(request.state, "request_id", "")
    _log.error("broken", id=request_id, path=request.url.path, exc_info=fault)
    words = labels.error_words("internal")
    if is_api(request):
        return JSONResponse({"error": {"code": "internal", "message": words, "request_id": request_id}}, 500)
    return frame.page(
        request, "error.html", {"status": 500, "message": words, "fields": {}, "request_id": request_id}, 500
    )


async def healthz(request: Request) -> Response:
    """The process lives."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """The process can work: database, queue, classifier."""
    office: Office = request.app.state.office
    queue = await outbox.counts(office.clock.now())
    model = await office.model()
    state = {"database": True, "queue": queue, "model": model.release if model else None}
    return JSONResponse(state)


async def metrics(request: Request) -> Response:
    """Prometheus text."""
    office: Office = request.app.state.office
    now: datetime = office.clock.now()
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
