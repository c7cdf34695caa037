"""What do people hear while the database, the disk or Redis is away? 503 in the usual shape, and nothing half done."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from feedback.kernel import db
from feedback.kernel.settings import Settings
from feedback.record.models.case import Case
from tests import sample_files
from tests.conftest import POSTGRES
from tests.endpoints.route_survey.requests import routes
from tests.outages import cases_locked, closed_port, cut_off, full_disk, unreachable
from tests.people import ANNAS_MESSAGE, Door
from web.app import create_app
from web.http import security

WAIT_SECONDS = 0.2
BOUND_SECONDS = 5
"""Far more than the waits configured here come to, far less than the old half minute."""
RECORDING = sample_files.WAVE + bytes(200_000)
NEEDS_NO_DATABASE = {
    # Pages and files that are the same for everybody, and the health checks, which say in their own shape what is away.
    *("/healthz", "/readyz", "/metrics", "/sw.js", "/favicon.ico", "/offline", "/accessibility", "/privacy", "/guide"),
    *("/api/v1/openapi.json", "/api/v1/docs", "/new", "/login", "/lookup", "/law", "/rate"),
}


def said_unavailable(response: httpx2.Response, path: str) -> None:
    """503, Retry-After, and the shape of whoever asked: JSON for programs, a page in Chinese for people."""
    assert response.status_code == 503, (path, response.status_code, response.text[:300])
    assert int(response.headers["retry-after"]) > 0, path
    if path.startswith("/api/"):
        assert response.json()["error"]["code"] == "unavailable", path
        assert re.search("[\u4e00-\u9fff]", response.json()["error"]["message"])
    else:
        assert "没有丢失" in response.text, path
        assert "再试" in response.text, path


def address_of(route: str) -> str:
    """The address of a route with something in each of its places."""
    return re.sub(r"{[^}]+:int}", "1", re.sub(r"{form}", "docx", re.sub(r"{(?!form)[^}:]+}", "20260914-000001", route)))


async def test_no_route_answers_anything_but_503_while_the_database_is_away(settings: Settings) -> None:
    """Asked as somebody who says to be logged in, so that every page of the staff must look for the session."""
    async with Door.opened(replace(unreachable(settings), database_wait_seconds=WAIT_SECONDS)) as door:
        door.client.headers["authorization"] = "Bearer somebody"
        door.client.cookies.set("xq_draft", "somebody")
        away = set()
        for method, route in routes(door.app.router.routes):
            if method == "HEAD" or route in NEEDS_NO_DATABASE:
                continue
            path = address_of(route)
            sent = {"json": dict(ANNAS_MESSAGE)} if path.startswith("/api/") else {"data": {"q": "路灯", "no": "1"}}
            response = await door.client.request(method, path, **(sent if method != "GET" else {}))
            if response.status_code >= 500:
                said_unavailable(response, path)
                away.add(f"{method} {route}")
        assert len(away) > 150, "most routes ask the database"
        for staff in ("/desk", "/board", "/board/stream", "/admin", "/desk/cases/{no}"):
            assert f"GET {staff}" in away


async def test_a_lock_of_somebody_else_is_waited_for_briefly_then_told(settings: Settings) -> None:
    async with Door.opened(replace(settings, database_wait_seconds=WAIT_SECONDS)) as door:
        await door.submit(title="以前的一件")
        async with cases_locked(settings):
            started = time.monotonic()
            said_unavailable(await door.post("/api/v1/cases", ANNAS_MESSAGE), "/api/v1/cases")
            credentials = {"username": "supervisor", "password": "demo"}
            said_unavailable(await door.post("/api/v1/sessions", credentials), "/api/v1/sessions")
            said_unavailable(await door.client.post("/login", data=credentials), "/login")
            many = await asyncio.gather(*(door.post("/api/v1/cases", ANNAS_MESSAGE) for _ in range(20)))
            assert {response.status_code for response in many} == {503}
            assert time.monotonic() - started < BOUND_SECONDS
        assert await Case.all().count() == 1, "nothing half done"
        await door.submit(title="恢复以后的一件")
        assert await door.log_in("supervisor")


@pytest.mark.skipif(bool(POSTGRES), reason="SQLite has one connection a process, and a write waits with it in its hand")
async def test_while_another_process_holds_sqlite_only_the_first_write_waits_long(settings: Settings) -> None:
    async def busy_millis() -> int:
        (row,) = await db.write_connection().execute_query_dict("PRAGMA busy_timeout")
        return int(row["timeout"])

    async with Door.opened(replace(settings, database_wait_seconds=WAIT_SECONDS)) as door:
        patience = await busy_millis()
        async with cases_locked(settings):
            for post in range(2):
                said_unavailable(await door.post("/api/v1/cases", ANNAS_MESSAGE), "/api/v1/cases")
                assert await busy_millis() < patience / 5, post
        await door.submit(title="恢复以后的一件")
        assert await busy_millis() == patience


@pytest.mark.skipif(not POSTGRES, reason="ends connections of a PostgreSQL server")
async def test_a_database_that_goes_away_comes_back_by_itself(settings: Settings) -> None:
    async with Door.opened(replace(settings, database_wait_seconds=WAIT_SECONDS)) as door:
        token = await door.log_in("supervisor")
        client = await door.page_client("supervisor")
        async with cut_off(settings):
            said_unavailable(await door.post("/api/v1/cases", ANNAS_MESSAGE), "/api/v1/cases")
            said_unavailable(await door.get("/api/v1/desk/cases", token), "/api/v1/desk/cases")
            said_unavailable(await client.get("/board"), "/board")
            said_unavailable(await client.get("/board/stream"), "/board/stream")
            said_unavailable(await client.get("/"), "/")
            assert (await door.get("/readyz")).status_code == 503
        await door.submit(title="恢复以后的一件")
        assert (await client.get("/board")).status_code == 200
        assert (await door.get("/readyz")).status_code == 200
        await client.aclose()


@pytest.mark.skipif(not POSTGRES, reason="a server that takes connections and says nothing")
async def test_a_database_that_hangs_is_given_up_within_seconds(settings: Settings) -> None:
    connections = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    silent = replace(settings, database_url=f"postgres://a:b@127.0.0.1:{port}/c", database_wait_seconds=WAIT_SECONDS)
    async with Door.opened(silent) as door:
        started = time.monotonic()
        said_unavailable(await door.post("/api/v1/cases", ANNAS_MESSAGE), "/api/v1/cases")
        ready = await door.get("/readyz")
        assert (ready.status_code, ready.json()["database"]) == (503, False)
        assert time.monotonic() - started < BOUND_SECONDS
    for writer in connections:
        writer.close()
    server.close()
    await server.wait_closed()


async def test_a_full_disk_is_told_as_503_and_leaves_nothing_behind(door: Door) -> None:
    files = {"file": ("情况说明.wav", RECORDING)}
    credentials = {"username": "supervisor", "password": "demo"}
    with full_disk():
        said_unavailable(await door.client.post("/api/v1/attachments", files=files), "/api/v1/attachments")
        if not POSTGRES:  # its disk is another one
            said_unavailable(await door.post("/api/v1/cases", ANNAS_MESSAGE), "/api/v1/cases")
            said_unavailable(await door.post("/api/v1/sessions", credentials), "/api/v1/sessions")
        ready = await door.get("/readyz")
        assert (ready.status_code, ready.json()["storage"], ready.json()["ready"]) == (503, False, False)
    assert not [path for path in (door.settings.data / "files").rglob("*") if path.is_file()]
    assert (await door.client.post("/api/v1/attachments", files=files)).status_code == 201
    await door.submit()
    assert await door.log_in("supervisor")


async def test_below_the_reserve_files_are_refused_and_messages_are_not(settings: Settings) -> None:
    async with Door.opened(replace(settings, storage_min_free_bytes=10**18)) as door:
        response = await door.client.post("/api/v1/attachments", files={"file": ("a.wav", RECORDING)})
        assert (response.status_code, response.json()["error"]["code"]) == (503, "storage_full")
        assert int(response.headers["retry-after"]) > 0
        assert not (door.settings.data / "files").exists()
        await door.submit()


async def test_what_a_killed_write_left_is_deleted_at_night(door: Door) -> None:
    from feedback.attachments import FileStore, upkeep

    left = door.settings.data / "files" / "ab" / "tmp123"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    now = door.context.clock.now()
    await upkeep.delete_orphans(FileStore.of(door.settings), now=now, hours=48)
    assert left.exists(), "it may still be written"
    door.pass_time(door.context.clock.now() - now)
    await upkeep.delete_orphans(FileStore.of(door.settings), now=now.replace(year=now.year + 1), hours=48)
    assert not left.exists()


@asynccontextmanager
async def without_redis(settings: Settings, **changes: Any) -> AsyncIterator[Door]:
    async with Door.opened(replace(settings, redis_url=f"redis://127.0.0.1:{closed_port()}/0", **changes)) as door:
        yield door


async def test_without_redis_people_submit_look_up_and_log_in(settings: Settings) -> None:
    async with without_redis(settings) as door:
        receipt = await door.submit()
        response = await door.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}")
        assert response.status_code == 200
        assert await door.log_in("supervisor")
        browser = door.browser()
        page = await browser.post("/lookup", data={"code": receipt["code"], "check": receipt["no"]})
        assert page.status_code == 303, page.text
        await browser.aclose()


async def test_without_redis_the_limits_still_hold(settings: Settings) -> None:
    async with without_redis(settings, login_per_minute=2) as door:
        wrong = {"username": "supervisor", "password": "wrong"}
        statuses = [(await door.post("/api/v1/sessions", wrong)).status_code for _ in range(4)]
        assert statuses == [401, 401, 429, 429]


async def test_the_web_process_starts_without_redis(settings: Settings) -> None:
    app = create_app(replace(settings, redis_url=f"redis://127.0.0.1:{closed_port()}/0"))
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
            assert (await client.post("/api/v1/cases", json=dict(ANNAS_MESSAGE))).status_code == 201


def test_the_shipped_nginx_keeps_machines_figures_inside_and_the_port_in_the_host() -> None:
    text = (Path(security.__file__).parents[1] / "deploy" / "nginx.conf").read_text("utf-8")
    assert re.search(r"location ~ \^/\(metrics\|readyz\)\$ {\s*allow 127.0.0.1;\s*allow ::1;\s*deny all;", text)
    assert "Host $host;" not in text
    assert text.count("Host $http_host;") >= 2
