"""Heads and bodies that come too slowly or are too large are cut by the server itself, over real connections."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2
import pytest
from starlette.responses import Response

from feedback.kernel.settings import Settings
from tests.flows.test_several_processes import _until_ready
from tests.stress.servers import clean_environment, free_port
from web.http import limits

HEAD_SECONDS, BODY_SECONDS = 0.6, 0.6
FIRST_BYTES = b"POST /api/v1/cases HTTP/1.1\r\nHost: x\r\n"
HALF_SENT = FIRST_BYTES + b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"


@contextmanager
def serving(settings: Settings) -> Iterator[int]:
    """A server process with short times. Yields its port."""
    port = free_port()
    environment = {
        "XINQIAO_DATA": str(settings.data),
        "XINQIAO_DATABASE_URL": settings.database_url,
        "XINQIAO_PORT": str(port),
        "XINQIAO_LOG_LEVEL": "error",
        "XINQIAO_REQUEST_HEAD_SECONDS": str(HEAD_SECONDS),
        "XINQIAO_BODY_SECONDS": str(BODY_SECONDS),
        "XINQIAO_BODY_BYTES_PER_SECOND": "100000",
    }
    process = subprocess.Popen([sys.executable, "-m", "web", "serve"], env={**clean_environment(), **environment})
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def exchange(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What the server answers until it closes the connection, while `pieces` come one after the other."""
    async with connection(port) as (reader, writer):
        answer = asyncio.create_task(reader.read())
        for piece in pieces:
            try:
                writer.write(piece)
                await writer.drain()
            except ConnectionError:
                break
            done, _ = await asyncio.wait([answer], timeout=pause)
            if done:
                break
        async with asyncio.timeout(20):
            try:
                return await answer
            except ConnectionResetError:
                return b"reset"


async def test_what_came_fast_buys_no_time_for_what_does_not_come() -> None:
    pieces = [b"x" * 1_000_000]

    async def receive() -> dict[str, Any]:
        if not pieces:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": pieces.pop(), "more_body": True}

    async def read_all(scope: Any, receive: Any, send: Any) -> None:
        while True:
            await receive()

    async def refuse(request: Any, fault: Exception) -> Response:
        return Response(type(fault).__name__, 408)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    app = limits.BodyDeadline(read_all, seconds=0.05, bytes_per_second=500, refuse=refuse)
    async with asyncio.timeout(20):
        await app({"type": "http", "method": "POST", "headers": []}, receive, send)
    assert sent[0]["status"] == 408 and sent[1]["body"] == b"TooSlow"


@pytest.mark.slow
async def test_slow_and_huge_requests_are_cut_and_the_others_answered(settings: Settings) -> None:
    with serving(settings) as port:
        base = f"http://127.0.0.1:{port}"
        await _until_ready(base)
        await _check_heads(port)
        await _check_bodies(port)
        async with httpx2.AsyncClient(base_url=base) as client:
            assert (await client.get("/healthz")).status_code == 200


async def _check_heads(port: int) -> None:
    silent = await exchange(port, b"")
    assert silent.startswith(b"HTTP/1.1 408 ")
    half = await exchange(port, FIRST_BYTES)
    assert half.startswith(b"HTTP/1.1 408 ")
    trickled = await exchange(port, *(b"\r\n" for _ in range(40)), pause=0.1)
    assert trickled.startswith(b"HTTP/1.1 408 ")
    after_an_answer = await exchange(
        port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n", *[b"\r\n"] * 30, pause=0.1
    )
    assert after_an_answer.startswith(b"HTTP/1.1 200 ")
    huge = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 10_000_000 + b"\r\n\r\n"
    assert (await exchange(port, huge))[:13] in (b"HTTP/1.1 431 ", b"reset")
    large = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 900) for n in range(40)) + b"\r\n"
    assert (await exchange(port, large)).startswith(b"HTTP/1.1 431 ")
    ordinary = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n"
    assert (await exchange(port, ordinary)).startswith(b"HTTP/1.1 200 ")


async def _check_bodies(port: int) -> None:
    answers = await asyncio.gather(*(exchange(port, HALF_SENT) for _ in range(100)))
    assert {answer[:13] for answer in answers} == {b"HTTP/1.1 408 "}
    assert b"slow_request" in answers[0]
    trickled = await exchange(port, HALF_SENT, *(b" " for _ in range(40)), pause=0.1)
    assert trickled.startswith(b"HTTP/1.1 408 ")
    steady = FIRST_BYTES + b"Content-Type: application/json\r\nConnection: close\r\nContent-Length: 480000\r\n\r\n"
    pieces = [b'{"x":"' + b"a" * 59_994, *[b"a" * 60_000] * 6, b"a" * 59_998 + b'"}']
    assert (await exchange(port, steady, *pieces, pause=0.15)).startswith(b"HTTP/1.1 422 ")
