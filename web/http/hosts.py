"""Which names this installation answers to, so that a foreign `Host` gets into no link, redirect or document."""

import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback.kernel.errors import Refusal
from feedback.kernel.settings import Settings


class UnknownHost(Refusal):
    """The request is meant for another site."""

    code = "unknown_host"


class KnownHost:
    """Refuses requests for another host than PUBLIC_URL's, and keeps hosts out of redirects to our own pages.

    Without PUBLIC_URL (never in production) every host is taken. Monitoring asks the process itself: addresses of this
    machine and of the private network, and `localhost`, are known.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, refuse: Callable[[Request, Refusal], Awaitable[ASGIApp]]
    ) -> None:
        self.app, self.refuse = app, refuse
        self.name = (urlsplit(settings.public_url).hostname or "").lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        if self.name and not self._is_known(host):
            response = await self.refuse(Request(scope, receive), UnknownHost())
            await response(scope, receive, send)
            return

        async def send_relative(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for origin in (f"http://{host}", f"https://{host}"):
                    if headers.get("location", "").startswith(f"{origin}/"):
                        headers["location"] = headers["location"].removeprefix(origin)
            await send(message)

        await self.app(scope, receive, send_relative)

    def _is_known(self, host: str) -> bool:
        name = _read_name(host)
        return name in (self.name, "localhost") or _is_private(name)


def _read_name(host: str) -> str:
    """The name in a `Host`, without the port; "" when it is none."""
    if set(host) & set("/@?#\\ "):
        return ""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # half an IPv6 address
        return ""


def _is_private(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_private
    except ValueError:
        return False
