"""Foreign hosts, cookies given back, locked accounts, and messages that come in bursts."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from feedback.kernel.settings import Settings
from tests.endpoints.test_login_attempts import browser, log_in
from tests.people import ANNAS_MESSAGE, Door
from web.auth import message_sources
from web.auth.models import MessageSource

PUBLIC = "https://xinqiao.example.gov.cn"


# ---- hosts ----


@pytest.fixture
async def named_door(settings: Settings) -> AsyncIterator[Door]:
    """An installation that knows its own address."""
    async with Door.opened(replace(settings, public_url=PUBLIC)) as door:
        yield door


@pytest.mark.parametrize(
    "host", ["evil.com", "xinqiao.example.gov.cn.evil.com", "evil.com:443", "a@evil.com", "[evil.com", ""]
)
async def test_a_foreign_host_is_answered_by_nothing_of_ours(named_door: Door, host: str) -> None:
    for path in ("/", "/scores/", "/api/v1/openapi.json", "/robots.txt"):
        response = await named_door.client.get(path, headers={"Host": host})
        assert response.status_code == 421, path
        assert "evil.com" not in response.text + str(response.headers)


@pytest.mark.parametrize(
    "host", ["xinqiao.example.gov.cn", "XINQIAO.example.gov.cn:443", "127.0.0.1:8000", "localhost"]
)
async def test_its_own_host_and_monitoring_on_the_machine_are_answered(named_door: Door, host: str) -> None:
    assert (await named_door.client.get("/healthz", headers={"Host": host})).status_code == 200


async def test_redirects_and_the_document_name_no_host_of_the_request(door: Door) -> None:
    response = await door.client.get("/scores/", headers={"Host": "evil.com"})
    assert (response.status_code, response.headers["location"]) == (307, "/scores")
    document = await door.client.get("/api/v1/openapi.json", headers={"Host": "evil.com"})
    assert document.json()["servers"][0]["url"] == "/api/v1"


async def test_search_engines_are_told_what_is_public(named_door: Door) -> None:
    host = {"Host": "xinqiao.example.gov.cn"}
    robots = (await named_door.client.get("/robots.txt", headers=host)).text
    assert "Disallow: /desk" in robots and f"Sitemap: {PUBLIC}/sitemap.xml" in robots
    sitemap = (await named_door.client.get("/sitemap.xml", headers=host)).text
    paths = [part.split("</loc>")[0].removeprefix(PUBLIC) for part in sitemap.split("<loc>")[1:]]
    assert "/replies" in paths
    for path in paths:
        response = await named_door.client.get(path, headers=host, follow_redirects=True)
        assert response.status_code == 200, path


# ---- cookies given back ----


async def test_a_copy_of_the_cookie_opens_nothing_after_it_was_given_back(door: Door) -> None:
    receipt = await door.submit()
    async with door.browser() as page, door.browser() as thief:
        await page.post("/lookup", data={"code": receipt["code"], "check": receipt["no"]})
        thief.cookies.set("xq_case", page.cookies["xq_case"])
        assert (await thief.get("/case")).status_code == 200
        assert (await page.post("/case/leave")).headers["location"] == "/lookup"
        for path in ("/case", f"/receipt/{receipt['no']}"):
            assert (await thief.get(path)).status_code in (303, 404), path
        await page.post("/lookup", data={"code": receipt["code"], "check": receipt["no"]})
        assert (await page.get("/case")).status_code == 200


# ---- locked accounts ----


async def test_a_locked_account_says_when_it_opens_and_the_administrator_opens_it(door: Door) -> None:
    async with browser(door, "203.0.113.5") as client, aclosing(await door.page_client("admin")) as admin:
        for _ in range(6):
            await log_in(client, "reception", "wrong")
        refused = await client.post("/api/v1/sessions", json={"username": "reception", "password": "demo"})
        assert refused.json()["error"]["code"] == "locked"
        assert 0 < int(refused.headers["retry-after"]) <= door.settings.lock_minutes * 60
        page = await client.post("/login", data={"username": "reception", "password": "demo"})
        assert (page.status_code, "retry-after" in page.headers) == (401, True)
        assert "1 个账号暂时不能登录" in (await admin.get("/admin")).text
        assert "reception" in (await admin.get("/admin/locked")).text
        assert (await admin.post("/admin/locked", data={"username": "reception"})).status_code == 303
        assert "没有锁定的账号" in (await admin.get("/admin/locked")).text
        assert await log_in(client, "reception", "demo") == ""
    async with aclosing(await door.page_client("auditor")) as auditor:
        assert "解除账号锁定" in (await auditor.get("/admin/reads")).text


async def test_nobody_but_the_administrator_opens_accounts(door: Door) -> None:
    async with aclosing(await door.page_client("reception")) as page:
        assert (await page.post("/admin/locked", data={"username": "admin"})).status_code == 403


# ---- bursts ----


async def burst(door: Door, address: str, count: int, **fields: str) -> list[str]:
    """So many messages from one address. Returns their numbers."""
    numbers = []
    async with browser(door, address) as client:
        for number in range(count):
            body = {**ANNAS_MESSAGE, "title": f"刷屏 {number}", "person": {}, **fields}
            response: httpx2.Response = await client.post("/api/v1/cases", json=body)
            assert response.status_code == 201, response.text
            numbers.append(response.json()["no"])
    return numbers


def first_burst(page: str) -> str:
    """The address of the first burst on the page."""
    return page.split('<a href="/desk/bursts?hours=24&amp;source=')[1].split('"')[0].replace("&amp;", "&")


async def test_a_burst_is_found_and_declined_with_a_ground_after_a_preview(door: Door) -> None:
    numbers = await burst(door, "203.0.113.5", message_sources.LEAST_MESSAGES)
    await burst(door, "198.51.100.7", 3)
    async with aclosing(await door.page_client("reception")) as page:
        listed = (await page.get("/desk/bursts")).text
        assert listed.count("同一网络 <span") == 1
        chosen = (await page.get(f"/desk/bursts?hours=24&source={first_burst(listed)}")).text
        assert all(no in chosen for no in numbers)
        form = {"act": "decline", "query": "", "no": numbers}
        preview = (await page.post("/desk/bulk", data=form)).text
        assert "请在下面写明理由" in preview and "确认办理" not in preview
        form |= {"text": "同一来源一分钟内提交 10 件相同内容", "where_instead": "受理窗口 12345", "ground": "unlawful"}
        assert f"确认办理 {len(numbers)} 件" in (await page.post("/desk/bulk", data=form)).text
        done = (await page.post("/desk/bulk", data=form | {"confirmed": "1"})).text
        assert f"成功 {len(numbers)} 件" in done
    token = await door.log_in("reception")
    case = (await door.get(f"/api/v1/cases/{numbers[0]}", token)).json()
    assert case["status"] == "declined"


async def test_what_is_confirmed_without_a_reason_is_not_done(door: Door) -> None:
    (no,) = await burst(door, "203.0.113.5", 1)
    async with aclosing(await door.page_client("reception")) as page:
        form = {"act": "decline", "query": "", "no": no, "confirmed": "1"}
        assert "没有办成 1 件" in (await page.post("/desk/bulk", data=form)).text
    async with aclosing(await door.page_client("clerk-jiaoyu")) as page:
        assert (await page.post("/desk/bulk", data=form)).status_code == 403


async def test_of_a_report_nobody_keeps_where_it_came_from(door: Door) -> None:
    await burst(door, "203.0.113.5", 2, kind="report", title="举报", text="举报某工程偷工减料，请核查处理。")
    assert await MessageSource.all().count() == 0


async def test_where_messages_came_from_is_forgotten_after_weeks(door: Door) -> None:
    await burst(door, "203.0.113.5", 2)
    later = door.context.clock.now() + timedelta(days=message_sources.KEPT_DAYS + 1)
    assert await message_sources.delete_old(later) == 2
    assert await MessageSource.all().count() == 0
