"""The worker continues with a locked database and without Redis, and reports its state."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs
from tortoise.exceptions import OperationalError

from feedback.kernel import db, heartbeat, outbox, timers
from feedback.kernel.settings import Settings
from tests.conftest import POSTGRES
from tests.moments import MONDAY
from tests.people import ANNAS_MESSAGE, BASE, Door
from web import bootstrap, worker
from web.app import create_app

SECONDS = 60
only_sqlite = pytest.mark.skipif(bool(POSTGRES), reason="only SQLite is locked by another process")
Lines = list[MutableMapping[str, Any]]


async def wait_until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Let the others work until it is so."""
    async with asyncio.timeout(SECONDS):
        while True:
            if await condition():
                return
            await asyncio.sleep(0)


def failed_timers(lines: Lines) -> set[str]:
    return {line["part"] for line in lines if line["event"] == "part of the worker failed"}


@asynccontextmanager
async def hold_write_lock(file: Path) -> AsyncIterator[None]:
    """Another process holds the write lock, as an import or a careless backup does."""
    other = sqlite3.connect(file, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()


def with_short_timeout(settings: Settings) -> tuple[Settings, Path]:
    """Settings of an installation that waits for a lock for a moment only, and the file of its database."""
    file = (settings.data / "xinqiao.sqlite3").resolve()
    return replace(settings, database_url=f"sqlite://{file}?busy_timeout=20"), file


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[tuple[Any, httpx2.AsyncClient]]:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
            yield app.state.context, client


async def submit(client: httpx2.AsyncClient) -> Callable[[], Awaitable[bool]]:
    """Anna submits. Returns the question whether her case has its unit."""
    response = await client.post("/api/v1/cases", json=dict(ANNAS_MESSAGE))
    assert response.status_code == 201, response.text
    receipt = response.json()

    async def has_unit() -> bool:
        case = (await client.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}")).json()
        return bool(case.get("unit")) and case["status"] != "received"

    return has_unit


@only_sqlite
async def test_a_database_that_was_locked_for_a_while_costs_that_while_and_no_more(settings: Settings) -> None:
    settings, file = with_short_timeout(settings)
    app, parts = create_app(settings), {"messages", "heartbeat", "timers"}
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    with capture_logs() as lines:

        async def all_failed() -> bool:
            return parts <= failed_timers(lines)

        async with AsyncExitStack() as stack:
            async with hold_write_lock(file):
                await stack.enter_async_context(app.router.lifespan_context(app))
                await wait_until(all_failed)
            client = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url=BASE))
            await wait_until(await submit(client))
            assert await heartbeat.last_beat()


@only_sqlite
async def test_a_transaction_that_could_not_begin_leaves_the_connection_free(settings: Settings) -> None:
    settings, file = with_short_timeout(settings)
    async with bootstrap.open_context(settings):
        async with hold_write_lock(file):
            for _ in range(2):
                with pytest.raises(OperationalError):
                    async with db.transaction():
                        await outbox.put("never", "1", {}, MONDAY)
        async with asyncio.timeout(SECONDS), db.transaction():
            await outbox.put("once", "1", {}, MONDAY)
        assert (await outbox.count_messages(MONDAY))["waiting"] == 1


async def test_the_worker_inside_writes_its_heartbeat_and_takes_it_away_when_it_ends(settings: Settings) -> None:
    with capture_logs() as lines:
        async with served(settings) as (context, _):

            async def beats() -> bool:
                return await heartbeat.last_beat() is not None

            await wait_until(beats)
            beat = await heartbeat.last_beat()
            assert beat is not None
            assert abs((context.clock.now() - beat).total_seconds()) < SECONDS
    assert not failed_timers(lines)
    async with bootstrap.open_context(settings):
        assert await heartbeat.last_beat() is None


async def test_a_timer_that_raises_leaves_messages_and_the_other_timers_alone(settings: Settings) -> None:
    """Its stored position is no number: whatever the fault is, it is the timer's own."""
    async with bootstrap.open_context(settings):
        await timers.TimerRow.create(name="tend_accounts", due_at=MONDAY, position="no number")
        await timers.TimerRow.create(name="forget_persons", due_at=MONDAY)
    with capture_logs() as lines:
        async with served(settings) as (_, client):
            await wait_until(await submit(client))

            async def is_over() -> bool:
                rows = {row["name"]: row for row in await timers.states()}
                return bool(rows["tend_accounts"]["failures"] and rows["forget_persons"]["last_finished_at"])

            await wait_until(is_over)
            rows = {row["name"]: row for row in await timers.states()}
            assert "no number" in rows["tend_accounts"]["error"]
            assert rows["forget_persons"]["failures"] == 0
            await wait_until(await submit(client))
    assert not failed_timers(lines)
    assert [line["timer"] for line in lines if line["event"] == "timer failed"] == ["tend_accounts"]


async def test_without_redis_the_worker_outside_finds_the_work_by_looking(door: Door) -> None:
    away = replace(door.settings, redis_url="redis://127.0.0.1:1/0", sweep_seconds=1)  # nothing listens at that port
    with capture_logs() as lines:
        task = asyncio.create_task(worker.serve_outside(replace(door.context, settings=away)))
        try:
            await wait_until(await submit(door.client))
            assert await heartbeat.last_beat()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert "relay" in failed_timers(lines)
    assert {"messages", "timers", "heartbeat", "sweep"}.isdisjoint(failed_timers(lines))


async def test_the_administrator_sees_workers_and_timers_and_what_fails(settings: Settings) -> None:
    async with served(settings) as (context, client):
        names = bootstrap.timers(context).keys()

        async def has_rows() -> bool:
            return len(await timers.states()) == len(names) and await heartbeat.last_beat() is not None

        await wait_until(has_rows)
        await timers.TimerRow.filter(name="propose_all").update(failures=2, error="LookupError: no such unit")
        response = await client.post("/login", data={"username": "admin", "password": "demo"})
        assert response.status_code == 303
        page = (await client.get("/admin/messages")).text
    assert "连续失败 2 次" in page
    assert "LookupError: no such unit" in page
    assert worker.name_of("inside") in page
    assert not [name for name in names if f">{name}<" in page], "each has a Chinese name"
