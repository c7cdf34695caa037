"""Middleware for security headers, request ids and same-origin writes; the Redis store of rate limits."""

import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from limits.aio.storage import RedisStorage
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback.kernel.errors import Forbidden, Refusal
from feedback.kernel.settings import Settings

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_REDIS_SECONDS = 0.5
REDIS_AGAIN_SECONDS = 5.0
T = TypeVar("T")
log = structlog.get_logger("web")


class SecurityHeaders:
    """The outermost middleware of the application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # A NUL means nothing in an address, and PostgreSQL refuses to compare one.
        scope["path"] = scope["path"].replace("\x00", "")
        scope["query_string"] = scope["query_string"].replace(b"%00", b"").replace(b"\x00", b"")
        start, request_id = time.monotonic(), secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("X-Request-Id", request_id)
                if self.settings.production:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
                if "cache-control" not in headers:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            log.info(
                "request",
                id=request_id,
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round((time.monotonic() - start) * 1000, 1),
            )


def is_same_origin(scope: MutableMapping[str, Any]) -> bool:
    """Whether a write may have come from one of our own pages, or from no browser at all.

    A browser sends Sec-Fetch-Site or Origin with every write; a bearer token is never sent by another site's form.
    """
    headers = Headers(scope=scope)
    if scope["method"] in _SAFE_METHODS or headers.get("authorization", "").lower().startswith("bearer "):
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


class SameOrigin:
    """Refuses writes that another site's page started (CSRF)."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, Refusal], Awaitable[ASGIApp]]) -> None:
        self.app, self.refuse = app, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_same_origin(scope):
            response = await self.refuse(Request(scope, receive), Forbidden("cross_site"))
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)


def redis(url: str) -> RedisStorage:
    """Limits in Redis. It is asked once and briefly: whoever waits for it is a person at a form."""
    options: Any = {
        "socket_timeout": _REDIS_SECONDS,
        "socket_connect_timeout": _REDIS_SECONDS,
        "retry_on_error": [],
    }
    return RedisStorage("async+" + url, implementation="redispy", **options)
