"""How many messages does a running server take in a second, how soon is what follows from them done, and how fast is an import?

    python -m tests.bench.bench_doors [--seconds 10] [--senders 16] [--import 2000] [--profile]

Starts the real server (worker inside) on a fresh database, sends from here over kept connections, and prints requests
a second, median and 99th percentile, and the server's own processor time for each request, which says more than the
wall clock on a machine that does other things too. Then `xinqiao import`'s own function on a file of that many rows,
a third of them answered. Uses the (fresh) database named by XINQIAO_DATABASE_URL, else SQLite in a temporary folder.
"""

import argparse
import asyncio
import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2

from feedback.kernel import outbox
from feedback.kernel.settings import Settings
from tests.bench.bench_lists import machine, percentile, settled
from tests.stress.servers import free_port
from web import bootstrap
from web.cli.serve import configure_logging
from web.demo import seed
from web.imports import history

READY_SECONDS, DRAIN_SECONDS = 60, 600
Made = Callable[[int], tuple[str, str, dict[str, Any] | None]]


@dataclass(frozen=True)
class Server:
    """The running server: where it listens, and its process."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Processor time it used so far, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def json(self, path: str) -> dict[str, Any]:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=60) as client:
            body: dict[str, Any] = (await client.get(path)).json()
            return body

    async def token(self, username: str) -> str:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=60) as client:
            answer = await client.post("/api/v1/sessions", json={"username": username, "password": "demo"})
            return str(answer.json()["token"])


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Server]:
    port = free_port()
    environment = {
        **os.environ,
        "XINQIAO_DATA": str(settings.data),
        "XINQIAO_PORT": str(port),
        "XINQIAO_SUBMIT_PER_MINUTE": "10000000",
    }
    process = _started(environment, settings.data / "log")
    server = Server(port, process.pid)
    try:
        await _until_ready(server)
        yield server
    finally:
        process.terminate()
        process.wait()


def _started(environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as out:
        return subprocess.Popen([sys.executable, "-m", "web", "serve"], env=environment, stderr=out, stdout=out)


async def _until_ready(server: Server) -> None:
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            await server.json("/readyz")
        except httpx2.HTTPError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.1)
        else:
            return


async def hammer(server: Server, made: Made, senders: int, seconds: float, headers: str = "") -> list[str]:
    """Send for so long from so many kept connections and print the figures. Returns the bodies of the answers."""
    took: list[float] = []
    bodies: list[str] = []
    until, counter = time.perf_counter() + seconds, iter(range(10**9))

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while time.perf_counter() < until:
            method, path, body = made(next(counter))
            raw = json.dumps(body).encode() if body is not None else b""
            head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{headers}"
            head += f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
            start = time.perf_counter()
            writer.write(head.encode() + raw)
            answer = await _answer(reader)
            took.append((time.perf_counter() - start) * 1000)
            bodies.append(answer)
        writer.close()

    cpu = server.cpu_seconds()
    start = time.perf_counter()
    await asyncio.gather(*[send() for _ in range(senders)])
    wall, cpu = time.perf_counter() - start, server.cpu_seconds() - cpu
    print(
        f"{made.__name__:<16} {len(took) / wall:>8.0f}/s   p50 {percentile(took, 0.5):>7.1f} ms   "
        f"p99 {percentile(took, 0.99):>7.1f} ms   server cpu {cpu * 1000 / len(took):>6.2f} ms each"
    )
    return bodies


async def _answer(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = int(head.split(" ", 2)[1])
    length = next(int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:"))
    body = (await reader.readexactly(length)).decode()
    if status >= 300:
        raise SystemExit(f"{status} {body[:300]}")
    return body


async def drained(server: Server) -> None:
    """Wait until nothing waits, and print how long it took."""
    cpu, start = server.cpu_seconds(), time.monotonic()
    left = first = (await server.json("/readyz"))["queue"]["waiting"]
    while left and time.monotonic() - start < DRAIN_SECONDS:
        await asyncio.sleep(0.2)
        left = (await server.json("/readyz"))["queue"]["waiting"]
    wall = time.monotonic() - start
    print(
        f"{'drained':<16} {wall:>8.1f} s after the last, {first} were waiting; cpu {server.cpu_seconds() - cpu:.1f} s"
    )


async def doors(settings: Settings, senders: int, seconds: float) -> None:
    messages = seed.load_data("messages")["message"]

    def post_case(number: int) -> tuple[str, str, dict[str, Any]]:
        message = messages[number % len(messages)]
        person = {"name": "安小娜", "phone": f"139{number % 10**8:08d}"}
        body = {"kind": message["kind"], "title": message["title"], "text": message["text"], "channel": "app"}
        return "POST", "/api/v1/cases", {**body, "person": person}

    async with serving(settings) as server:
        start_cpu = server.cpu_seconds()
        receipts = [json.loads(body) for body in await hammer(server, post_case, senders, seconds)]
        await drained(server)
        print(f"{'in all':<16} {(server.cpu_seconds() - start_cpu) * 1000 / len(receipts):>8.2f} ms cpu a case")

        def get_case(number: int) -> tuple[str, str, None]:
            receipt = receipts[number % len(receipts)]
            return "GET", f"/api/v1/cases/{receipt['no']}?code={receipt['code']}", None

        def get_home(number: int) -> tuple[str, str, None]:
            return "GET", "/", None

        def get_desk(number: int) -> tuple[str, str, None]:
            return "GET", "/desk", None

        await hammer(server, get_case, senders, seconds / 3)
        await hammer(server, get_home, senders, seconds / 3)
        token = await server.token("reception")
        await hammer(server, get_desk, senders, seconds / 3, f"Authorization: Bearer {token}\r\n")


async def taking_in(settings: Settings, rows: int, is_profiled: bool) -> None:
    """An import of so many rows, a third of them answered: its two parts one by one."""
    messages = seed.load_data("messages")["message"]
    file = settings.data / "rows.csv"
    async with bootstrap.open_context(settings) as context:
        now = context.clock.now()
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["编号", "标题", "内容", "来信时间", "答复内容", "答复时间", "姓名", "电话"])
            for number in range(rows):
                message, at = messages[number % len(messages)], now - timedelta(minutes=number + 9000)
                answered = number % 3 == 0
                reply = ["您好，已派人现场办理完毕。", (at + timedelta(days=2)).isoformat()] if answered else ["", ""]
                phone = f"138{number:08d}"
                text = message["text"]
                writer.writerow([f"b{number}", message["title"], text, at.isoformat(), *reply, "安先生", phone])
        profiler = _profiler() if is_profiled else None
        wall, cpu = time.perf_counter(), time.process_time()
        summary, _ = await history.import_history(context, file)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if profiler is not None:
            profiler.stop()
            print(profiler.output_text(unicode=True, show_all=False, color=False))
        assert summary.fresh == rows, summary.line
        left = await outbox.count_messages(context.clock.now())
        print(f"{'import':<16} {rows / wall:>8.0f} rows/s, {cpu * 1000 / rows:.2f} ms cpu a row; left {left}")


def _profiler() -> Any:
    import pyinstrument

    profiler = pyinstrument.Profiler(interval=0.001, async_mode="enabled")
    profiler.start()
    return profiler


async def run(args: argparse.Namespace) -> None:
    configure_logging(Settings(log_level="error"))
    async with settled() as settings:
        async with bootstrap.open_context(settings) as context:
            print(await machine())
            await context.drain()
        if args.seconds:
            await doors(settings, args.senders, args.seconds)
        if args.rows:
            await taking_in(settings, args.rows, args.profile)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="how long to send; 0: no server")
    parser.add_argument("--senders", type=int, default=16)
    parser.add_argument("--import", type=int, default=2000, dest="rows", help="rows of the import; 0: none")
    parser.add_argument("--profile", action="store_true", help="profile the import with pyinstrument")
    asyncio.run(run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
