"""The main use case from end to end, over HTTP only: from a citizen's message to a published score.

In by API, classified with reasons, assigned to the unit whose duty it is, accepted and answered by that unit's clerk
through the pages, looked up by code, rated badly, rectified, called back, published, visible on the scoreboard.
"""

import contextlib
import csv
import io
import re
from datetime import datetime, timedelta

import httpx2

from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from tests.moments import MONDAY
from tests.people import Door

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MESSAGE = {
    "kind": "complaint",
    "title": "餐馆三个月没发工资",
    "text": "我在清波社区一家餐馆端盘子，老板说生意不好，已经拖欠我们五个人三个月工资，也没签劳动合同，请劳动监察帮忙要回来。",
    "channel": "miniprogram",
    "public_consent": True,
    "source_id": "story-1",
    "person": {"name": "安小娜", "phone": "13900001234"},
}
REPLY = (
    "安女士您好：经到店核实，情况属实。依据《保障农民工工资支付条例》，已责令该店三日内结清工资。如有不服可申请仲裁。"
)


async def _press(door: Door, who: str, no: str, act: str, **fields: str) -> httpx2.Response:
    """Log in, open the case and press a button, as a browser would: with the version the page carries."""
    async with contextlib.aclosing(await door.page_client(who)) as client:
        page = await client.get(f"/desk/cases/{no}")
        assert page.status_code == 200, page.text
        version = re.search(r'name="version" value="(\d+)"', page.text)
        assert version is not None, "the page carries no version"
        form = {"version": version[1], "confirmed": "1", **fields}
        return await client.post(f"/desk/cases/{no}/acts/{act}", data=form)


async def test_from_a_message_to_a_published_score(door: Door) -> None:
    door.set_time(MONDAY)
    receipt = await door.submit(**MESSAGE)
    no, code = receipt["no"], receipt["code"]
    assert receipt["clocks"], "clocks run from the first moment"

    await door.drain()
    seen = (await door.get(f"/api/v1/cases/{no}?code={code}")).json()
    assert seen["category"] and seen["category"].startswith("04"), seen["category"]
    assert seen["unit"]["code"] == "renshe", seen["unit"]

    reception = await door.log_in("reception")
    hint = (await door.post("/api/v1/classify", {"title": MESSAGE["title"], "text": MESSAGE["text"]}, reception)).json()
    assert hint["reasons"], hint
    assert not hint["abstained"]

    async with contextlib.aclosing(await door.page_client("clerk-renshe")) as clerk:
        assert no in (await clerk.get("/desk")).text
    door.pass_time(HOUR)
    assert (await _press(door, "clerk-renshe", no, "accept")).status_code == 303
    words = "已电话联系本人，核对了人数和金额。"
    assert (await _press(door, "clerk-renshe", no, "contact", text=words)).status_code == 303
    door.pass_time(DAY)
    answered = await _press(door, "clerk-renshe", no, "reply", text=REPLY)
    assert answered.status_code == 303, answered.text

    anna = door.browser()
    try:
        case_page = await anna.post("/lookup", data={"check": no, "code": code}, follow_redirects=True)
        assert "三日内结清工资" in case_page.text
        assert "安小娜" not in (await door.get(f"/replies?q={no}")).text
        rated = await anna.post("/case/acts/rate", data={"level": "2", "text": "只发了一个月的", "tags": "209"})
        assert rated.status_code == 303, rated.text
    finally:
        await anna.aclose()
    await door.drain()

    unit_clerk = await door.log_in("clerk-renshe")
    reception = await door.log_in("reception")
    page = (await door.get("/api/v1/desk/cases?kind=rectify", unit_clerk)).json()
    assert page["total"] == 1, page
    rectification = page["items"][0]["no"]
    for act, body in (
        ("accept", {}),
        ("contact", {"text": "已联系，得知还有两个月未发。"}),
        ("rectify", {"text": "已督促补发其余两个月工资，并公开道歉。"}),
    ):
        door.pass_time(HOUR / 10)
        response = await door.act(rectification, act, body, unit_clerk)
        assert response.status_code == 200, response.text
    refused = await door.act(rectification, "call_back", {"outcome": "satisfied", "text": "自己回访"}, unit_clerk)
    assert refused.status_code == 403
    called = await door.act(rectification, "call_back", {"outcome": "satisfied", "text": "已收到全部工资。"}, reception)
    assert called.status_code == 200, called.text
    await door.drain()

    door.set_time(to_utc(datetime(2026, 10, 9, 9, tzinfo=OFFICE_TIMEZONE)))
    await _publish(door, "2026-09")
    scores = (await door.get("/api/v1/public/scores?period=2026-09")).json()
    assert scores["digest"]
    table = (await door.get("/api/v1/public/scores.csv?period=2026-09")).text
    rows = list(csv.reader(io.StringIO(table.lstrip("\ufeff"))))
    assert any("人力资源和社会保障局" in cell for row in rows for cell in row), rows[:5]
    board = await door.get("/scores?period=2026-09")
    assert board.status_code == 200
    assert "人力资源和社会保障局" in board.text


async def _publish(door: Door, period: str) -> None:
    from evaluation.publication import editions

    now = door.context.clock.now()
    edition = await editions.publish_edition(period, now=now, author="test", settings=door.settings)
    again = await editions.publish_edition(period, now=now, author="test", settings=door.settings)
    assert (edition.number, edition.digest) == (again.number, again.digest)
