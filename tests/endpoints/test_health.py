"""Does the product say truthfully whether it can work? `/healthz`, `/readyz`, `/metrics`, and the administrator's page."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from feedback.kernel import db, heartbeat
from feedback.kernel.settings import Settings
from tests.outages import closed_port, unreachable
from tests.people import BASE, Door

PARTS = ("database", "migrations", "secret", "storage")


@asynccontextmanager
async def worked_from_outside(settings: Settings, **changes: Any) -> AsyncIterator[Door]:
    """An installation whose workers are other processes: this one only sees their heartbeat."""
    async with Door.opened(replace(settings, redis_url=f"redis://127.0.0.1:{closed_port()}/0", **changes)) as door:
        await heartbeat.beat("another process", door.context.clock.now())
        yield door


async def bad_parts(door: Door) -> list[str]:
    """The parts that readiness complains about, after making sure that its answer is whole."""
    response = await door.get("/readyz")
    state = response.json()
    assert {"ready", *PARTS, "queue", "worker", "model"} <= state.keys()
    assert state["queue"].keys() == {"waiting", "failing", "oldest_seconds"}
    assert state["worker"].keys() == {"alive", "seconds_since_beat"}
    assert response.status_code == (200 if state["ready"] else 503)
    assert state["ready"] == (not state["problems"])
    assert [name for name in PARTS if state[name] is False] == [name for name in state["problems"] if name in PARTS]
    problems: list[str] = state["problems"]
    return problems


async def test_an_installation_that_works_is_ready(settings: Settings) -> None:
    async with worked_from_outside(settings) as door:
        assert await bad_parts(door) == []
        state = (await door.get("/readyz")).json()
        assert state["worker"]["alive"] is True
        assert state["worker"]["seconds_since_beat"] < 60


async def test_a_worker_that_no_longer_writes_makes_it_not_ready(settings: Settings) -> None:
    async with worked_from_outside(settings) as door:
        door.pass_time(timedelta(minutes=2))
        assert await bad_parts(door) == ["worker"]
        assert (await door.get("/readyz")).json()["worker"]["seconds_since_beat"] >= 120
        await heartbeat.beat("another process", door.context.clock.now())
        assert await bad_parts(door) == []


async def test_a_beat_from_the_future_is_no_sign_of_life(settings: Settings) -> None:
    async with worked_from_outside(settings) as door:
        door.pass_time(timedelta(days=-1))
        assert await bad_parts(door) == ["worker"]


async def test_a_worker_that_never_came_makes_it_not_ready(settings: Settings) -> None:
    async with worked_from_outside(settings) as door:
        await heartbeat.leave("another process")
        assert await bad_parts(door) == ["worker"]
        assert (await door.get("/readyz")).json()["worker"] == {"alive": False, "seconds_since_beat": None}


async def test_a_message_that_waits_shows_with_its_age(settings: Settings) -> None:
    async with worked_from_outside(settings) as door:
        await door.submit()
        door.pass_time(timedelta(minutes=10))
        queue = (await door.get("/readyz")).json()["queue"]
        assert queue["waiting"] >= 1
        assert queue["oldest_seconds"] >= 600


async def test_a_pending_migration_makes_it_not_ready(settings: Settings) -> None:
    async with worked_from_outside(settings) as door:
        await db.write_connection().execute_script("DELETE FROM tortoise_migrations WHERE name LIKE '0013%'")
        assert await bad_parts(door) == ["migrations"]


async def test_a_database_without_tables_makes_it_not_ready(settings: Settings) -> None:
    async with Door.opened(settings) as door:
        await db.write_connection().execute_script("ALTER TABLE tortoise_migrations RENAME TO elsewhere")
        assert "migrations" in await bad_parts(door)


async def test_another_secret_makes_it_not_ready(settings: Settings) -> None:
    async with worked_from_outside(settings, secret="another secret of at least 32 characters") as door:
        assert await bad_parts(door) == ["secret"]


async def test_too_little_space_makes_it_not_ready(settings: Settings) -> None:
    async with worked_from_outside(settings, storage_min_free_bytes=10**18) as door:
        assert await bad_parts(door) == ["storage"]


async def test_a_database_that_is_away_is_told_as_json_and_the_process_still_lives(settings: Settings) -> None:
    async with Door.opened(replace(unreachable(settings), database_wait_seconds=0.2)) as door:
        assert await bad_parts(door) == ["database"]
        state = (await door.get("/readyz")).json()
        assert state["migrations"] is state["secret"] is state["worker"]["alive"] is None
        assert (await door.get("/healthz")).text == "ok"


# ---- figures for machines ----


async def figures(door: Door) -> dict[str, float]:
    """Every sample by its name and labels, without the number of the process."""
    response = await door.get("/metrics")
    assert response.status_code == 200, response.text
    lines = [line for line in response.text.splitlines() if not line.startswith("#")]
    pairs = (re.sub(r'process="\d+",?', "", line).rsplit(" ", 1) for line in lines)
    return {name: float(value) for name, value in pairs}


async def test_requests_are_counted_by_route_never_by_address(door: Door) -> None:
    receipt = await door.submit()
    for _ in range(3):
        await door.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}")
    await door.get("/no/such/page")
    metrics = await figures(door)
    labels = '{method="GET",route="/api/v1/cases/{no}",status="2xx"}'
    assert metrics[f"xinqiao_http_request_seconds_count{labels}"] == 3
    assert metrics['xinqiao_http_request_seconds_count{method="POST",route="/api/v1/cases",status="2xx"}'] == 1
    assert metrics['xinqiao_http_request_seconds_count{method="GET",route="none",status="4xx"}'] == 1
    text = (await door.get("/metrics")).text
    assert receipt["no"] not in text
    assert "/no/such/page" not in text


async def test_pages_below_a_mount_are_counted_with_their_whole_route(door: Door) -> None:
    client = await door.page_client("reception")
    receipt = await door.submit()
    await client.get(f"/desk/cases/{receipt['no']}")
    await client.get("/desk")
    await client.aclose()
    metrics = await figures(door)
    for route in ("/desk/cases/{no}", "/desk"):
        assert metrics[f'xinqiao_http_request_seconds_count{{method="GET",route="{route}",status="2xx"}}'] == 1


async def test_errors_are_counted_by_route(settings: Settings) -> None:
    async with Door.opened(replace(unreachable(settings), database_wait_seconds=0.2)) as door:
        await door.get("/api/v1/units")
        metrics = await figures(door)
        assert metrics['xinqiao_http_errors_total{method="GET",route="/api/v1/units",status="503"}'] == 1


async def test_work_is_in_the_figures_and_reports_are_not(settings: Settings) -> None:
    async with worked_from_outside(settings) as door:
        await door.submit(title="旧件")
        await door.submit(kind="report", title="举报某人", text="举报某人收受礼金")
        door.pass_time(timedelta(days=20))
        await door.submit(title="新件")
        await heartbeat.beat("another process", door.context.clock.now())
        door.pass_time(timedelta(seconds=7))
        metrics = await figures(door)
        assert metrics['xinqiao_cases{status="received"}'] == 2
        assert metrics['xinqiao_clocks{light="red"}'] == 1
        assert metrics['xinqiao_clocks{light="amber"}'] == 0
        assert metrics["xinqiao_ratings"] == 0
        assert metrics["xinqiao_outbox_waiting"] >= 3
        assert metrics["xinqiao_outbox_failing"] == 0
        assert metrics["xinqiao_outbox_oldest_seconds"] > 19 * 24 * 3600
        assert 7 <= metrics["xinqiao_worker_beat_age_seconds"] < 60
        assert metrics["xinqiao_storage_free_bytes"] > 0
        assert metrics["xinqiao_ready"] == 1


async def test_a_rating_is_in_the_figures(door: Door) -> None:
    receipt = await door.submit()
    await door.act(receipt["no"], "assign", {"unit": "jiaoyu", "reason": "学校门口"}, await door.log_in("reception"))
    clerk = await door.log_in("clerk-jiaoyu")
    await door.act(receipt["no"], "accept", {}, clerk)
    await door.act(receipt["no"], "reply", {"text": "已安排人员疏导。"}, clerk)
    rated = await door.act(receipt["no"], "rate", {"code": receipt["code"], "level": 5})
    assert rated.status_code == 200, rated.text
    assert (await figures(door))["xinqiao_ratings"] == 1


async def test_without_a_database_its_figures_are_left_out(settings: Settings) -> None:
    async with Door.opened(replace(unreachable(settings), database_wait_seconds=0.2)) as door:
        metrics = await figures(door)
        assert metrics["xinqiao_ready"] == 0
        assert metrics['xinqiao_part_good{part="database"}'] == 0
        assert not [name for name in metrics if name.startswith(("xinqiao_cases", "xinqiao_outbox", "xinqiao_clocks"))]


@asynccontextmanager
async def from_outside(door: Door) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=door.app, raise_app_exceptions=False, client=("8.8.8.8", 4711))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


async def test_figures_are_for_private_addresses_only(door: Door) -> None:
    assert (await door.get("/metrics")).status_code == 200
    async with from_outside(door) as client:
        assert (await client.get("/metrics")).status_code == 403
        bearer = {"Authorization": "Bearer "}
        assert (await client.get("/metrics", headers=bearer)).status_code == 403, "no token is set, so none opens"


async def test_a_token_opens_the_figures_from_anywhere(settings: Settings) -> None:
    async with Door.opened(replace(settings, metrics_token="a-token")) as door, from_outside(door) as client:
        for token, status in (("a-token", 200), ("another", 403)):
            response = await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
            assert response.status_code == status


async def test_behind_a_proxy_the_address_is_the_client_s(settings: Settings) -> None:
    async with Door.opened(replace(settings, trust_proxy=True)) as door:
        for address, status in (("8.8.8.8", 403), ("::ffff:8.8.8.8", 403), ("10.1.2.3", 200)):
            response = await door.client.get("/metrics", headers={"X-Forwarded-For": address})
            assert response.status_code == status, address


# ---- for the administrator ----


async def test_the_administrator_reads_how_each_part_is(settings: Settings) -> None:
    async with worked_from_outside(settings) as door:
        client = await door.page_client("admin")
        page = (await client.get("/admin")).text
        for words in ("系统状态", "数据库版本", "与程序一致", "密钥", "与数据相符", "存储空间", "剩余", "后台进程"):
            assert words in page
        assert "需要处理" not in page
        door.pass_time(timedelta(minutes=10))
        await db.write_connection().execute_script("DELETE FROM tortoise_migrations WHERE name LIKE '0013%'")
        page = (await client.get("/admin")).text
        assert "停了：最后一次动静在 10 分钟前" in page
        assert "缺 1 次升级，请运行 xinqiao migrate" in page
        assert page.count("需要处理") == 2
        await client.aclose()


@pytest.mark.parametrize("username", ["auditor", "auditor-jiwei"])
async def test_an_auditor_is_not_bothered_with_machines(door: Door, username: str) -> None:
    client = await door.page_client(username)
    page = await client.get("/admin")
    assert "系统状态" not in page.text
    await client.aclose()


async def test_a_clock_set_back_refuses_acts_and_is_shown(door: Door) -> None:
    receipt = await door.submit()
    code = {"code": receipt["code"]}
    assert (await door.get("/readyz")).json()["clock"] is True
    door.pass_time(timedelta(seconds=-30))  # two machines may differ as much
    assert (await door.act(receipt["no"], "urge", code)).status_code == 200
    door.pass_time(timedelta(days=-60))
    refused = await door.act(receipt["no"], "withdraw", {**code, "reason": "已经解决"})
    assert refused.status_code == 503 and "校准时钟" in refused.json()["error"]["message"]
    assert (await door.get("/readyz")).json()["clock"] is False
    door.pass_time(timedelta(days=60))
    case = (await door.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}")).json()
    times = [entry["at"] for entry in case["timeline"]]
    assert times == sorted(times) and case["status"] != "withdrawn"
