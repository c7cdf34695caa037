"""The main use case on one process with the worker inside, and on several processes with Redis between them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from feedback.kernel.settings import Settings
from tests.bench import live_story
from tests.stress.servers import READY_SECONDS, free_port

REDIS = os.environ.get("TEST_REDIS_URL", "")


@contextmanager
def _running(environment: dict[str, str], *commands: list[str]) -> Iterator[None]:
    processes = [
        subprocess.Popen([sys.executable, "-m", "web", *command], env={**os.environ, **environment})
        for command in commands
    ]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=20)


async def _until_ready(base: str) -> None:
    async with httpx2.AsyncClient(base_url=base, timeout=5) as client:
        for _ in range(READY_SECONDS * 5):
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.2)
    raise TimeoutError(base)


async def test_the_main_flow_works_with_the_configured_processes(settings: Settings) -> None:
    """SQLite with the worker inside; with TEST_DATABASE_URL and TEST_REDIS_URL two web processes and two workers."""
    port = free_port()
    environment = {
        "XINQIAO_DATA": str(settings.data),
        "XINQIAO_DATABASE_URL": settings.database_url,
        "XINQIAO_PORT": str(port),
        "XINQIAO_LOG_LEVEL": "error",
    }
    commands = [["serve"]]
    if settings.database_url and REDIS:
        environment["XINQIAO_REDIS_URL"] = REDIS
        commands = [["serve", "--processes", "2"], ["worker"], ["worker"]]
    with _running(environment, *commands):
        base = f"http://127.0.0.1:{port}"
        await _until_ready(base)
        for kind, title, text in live_story.OWN[:2]:
            walked = await asyncio.to_thread(live_story.walk, base, kind, title, text)
            assert walked.rectification
