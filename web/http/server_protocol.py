"""The server's side of a connection, with bounds of its own on the head of a request: its size and its time.

uvicorn bounds neither with httptools. A head that is too large is answered with 431, one that is not complete in time
with 408, and the connection is closed; so is one on which bytes come in that belong to no request. Bodies are bounded
in `web.http.limits`. A reverse proxy in front does the same earlier; this holds without one.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from feedback.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class HeadBounds:
    """Bytes and seconds that the request line and all header fields together may take."""

    max_bytes: int
    seconds: float


class _HeadTooLargeError(Exception):
    """Raised into the parser, which stops there."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. The bounds are the same for all of a process, and set before the first one comes."""

    bounds: ClassVar[HeadBounds] = HeadBounds(max_bytes=32_000, seconds=20.0)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head_timer: asyncio.TimerHandle | None = None
        self._is_in_head, self._head_bytes, self._is_too_large = True, 0, False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self._head_timer is None:
            self._start_head_timer()
        super().data_received(data)
        if self._is_in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > self.bounds.max_bytes:
                self._refuse(431)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self.bounds.max_bytes:
            self._is_too_large = True
            raise _HeadTooLargeError
        self._is_in_head = False
        self._stop_head_timer()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        if self._is_too_large:
            self._refuse(431)
        else:
            super().send_400_response(msg)

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(self.bounds.seconds, self._end_head)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_head(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(408)

    def _refuse(self, status: int) -> None:
        """Close the connection, with a status line unless an answer is on its way."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()


def set_bounds(settings: Settings) -> None:
    """Let all connections of this process have the bounds of the settings."""
    BoundedProtocol.bounds = HeadBounds(settings.request_head_max_bytes, settings.request_head_seconds)
