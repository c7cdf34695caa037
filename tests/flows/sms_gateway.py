"""A small HTTP server in the test that stands for a provider: it takes, refuses, fails, keeps silent, as it is told to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Gateway:
    """What came in, and how the next requests are answered: a status, `silent` (taken, no answer) or `dropped`."""

    address: str = ""
    next_answers: list[int | str | dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    texts: dict[str, dict[str, Any]] = field(default_factory=dict)  # by id: a second one with the same is not sent

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request_line = (await reader.readline()).decode()
            headers = {}
            while line := (await reader.readline()).decode().strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            answer: int | str | dict[str, Any] = self.next_answers.pop(0) if self.next_answers else 200
            self.requests.append((request_line.split()[1], headers, body))
            if answer in (200, "silent") and body.startswith(b'{"id"'):
                message = json.loads(body)
                self.texts.setdefault(message["id"], message)
            if answer == "silent" or answer == "dropped":
                return
            status = answer if isinstance(answer, int) else 200
            content = json.dumps(answer if isinstance(answer, dict) else {"error": "号码不存在"}).encode()
            writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode())
            writer.write(content)
            await writer.drain()
        finally:
            writer.close()

    def templates(self) -> list[str]:
        """What was really sent, in order."""
        return [message["template"] for message in self.texts.values()]


@asynccontextmanager
async def running_gateway() -> AsyncIterator[Gateway]:
    """A gateway on a free port."""
    gateway = Gateway()
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    gateway.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield gateway
