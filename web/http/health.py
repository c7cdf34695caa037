"""Endpoints for monitoring: `/healthz`, `/readyz` and `/metrics`."""

import ipaddress

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from feedback.kernel.errors import Forbidden
from feedback.kernel.identifiers import constant_time_equal
from web.context import AppContext
from web.http.metrics import Metrics
from web.tasks import readiness


async def healthz(request: Request) -> Response:
    """The process lives."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """The process can work: 200, or 503 naming the parts that are not as they must be. Answers within seconds."""
    context: AppContext = request.app.state.context
    state = await readiness.check(context)
    return JSONResponse(state.as_json(), 200 if state.is_ready else 503)


async def metrics(request: Request) -> Response:
    """Prometheus text, for private addresses and for whoever has the token."""
    context: AppContext = request.app.state.context
    if not _is_private(request.app.state.limiter.address(request)) and not _has_token(request, context):
        raise Forbidden("metrics_closed")
    figures: Metrics = request.app.state.metrics
    return PlainTextResponse(await figures.text(context), media_type="text/plain; version=0.0.4")


def _is_private(address: str) -> bool:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(known, "ipv4_mapped", None) or known).is_private


def _has_token(request: Request, context: AppContext) -> bool:
    token = context.settings.metrics_token
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    return bool(token) and scheme.lower() == "bearer" and constant_time_equal(bearer.strip(), token)


ROUTES = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/metrics", metrics),
]
