"""Does the board say what the lists behind it hold, to overseers only, and does it stay fresh?"""

import asyncio
import re
from contextlib import aclosing
from datetime import timedelta

import pytest
from starlette.requests import Request

from feedback.kernel import db
from feedback.queries import statistics as case_statistics
from feedback.queries import worklist as case_worklist
from feedback.rules.access import SYSTEM
from feedback.rules.read_models import Filters
from routing import directory
from tests.moments import MONDAY
from tests.people import Door
from web.auth import sessions
from web.auth.login_attempts import LoginSource
from web.auth.models import Session
from web.pages.board import live


async def a_late_town(door: Door) -> None:
    """Some cases, two of them late, one confidential."""
    for number in range(2):
        await door.submit(title=f"旧件{number}")
    await door.submit(kind="report", title="举报某人", text="举报某人收受礼金")
    door.pass_time(timedelta(days=20))
    await door.submit(title="新件")


async def listed(client: object, href: str) -> int:
    page = (await client.get(href.replace("&amp;", "&"))).text  # type: ignore[attr-defined] # an httpx2 client
    match = re.search(r"共 (\d+) 件", page)
    return int(match[1]) if match else 0


async def test_every_number_on_the_board_is_the_length_of_the_list_behind_it(door: Door) -> None:
    await a_late_town(door)
    client = await door.page_client("supervisor")
    page = (await client.get("/board")).text
    links = re.findall(r'href="(/desk\?[^"]+)">(\d+)</a>', page)
    tiles = re.findall(
        r'href="(/desk\?[^"]+)"><span class="tile-label">[^<]+</span><span class="tile-figure">(\d+)', page
    )
    assert len(links) >= 3
    assert len(tiles) == 4
    for href, number in [*links, *tiles]:
        assert await listed(client, href) == int(number), href
    await client.aclose()


async def test_the_board_does_not_count_what_its_reader_may_not_see(door: Door) -> None:
    await a_late_town(door)
    client = await door.page_client("supervisor")
    page = (await client.get("/board")).text
    await client.aclose()
    _, everything = await case_worklist.load_board(SYSTEM, now=door.context.clock.now())
    shown = re.search(r'在办合计</span><span class="tile-figure">(\d+)', page)
    assert shown
    assert int(shown[1]) == everything["open"] - 1


async def test_a_clock_lights_only_whom_it_binds_on_board_list_and_overdue_page(door: Door) -> None:
    """教育局 leads and has time; 公安 was asked to help and is late: only 公安 is red, and everywhere the same number."""
    receipt = await door.submit(kind="appeal", title="校门口的护栏")
    desk, clerk = await door.log_in("reception"), await door.log_in("clerk-jiaoyu")
    no = receipt["no"]
    assert (await door.act(no, "assign", {"unit": "jiaoyu"}, desk)).status_code == 200
    assert (await door.act(no, "accept", {}, clerk)).status_code == 200
    asked = {"units": ["gongan"], "task": "核查"}
    assert (await door.act(no, "co_assign", asked, clerk)).status_code == 200
    door.pass_time(timedelta(days=12))
    client = await door.page_client("supervisor")
    lines, totals = await case_worklist.load_board(SYSTEM, now=door.context.clock.now())
    lights = {line["unit"]: (line["red"], line["amber"], line["green"]) for line in lines}
    assert lights["gongan"] == (1, 0, 0)
    assert lights["jiaoyu"] == (0, 0, 1)
    assert totals == {"open": 1, "red": 1, "amber": 0, "green": 0}
    for unit, red in (("gongan", 1), ("jiaoyu", 0), ("", 1)):
        assert await listed(client, f"/desk?status=open&light=red&unit={unit}") == red
        page = (await client.get(f"/board/late?unit={unit}")).text
        assert re.search(r'超期的在办件</span><span class="tile-figure">(\d+)', page)[1] == str(red)  # type: ignore[index] # it is there
        assert page.count("协办反馈") == red, unit
    await client.aclose()
    chief, now = await directory.load_actor("supervisor"), door.context.clock.now()
    (row,) = (await case_worklist.load_worklist(chief, Filters(unit="jiaoyu"), 1, now=now)).items
    assert row.next_due_at is not None and row.next_due_at > now, "its own next date, not that of who helps it"
    loads = await case_statistics.count_unit_loads(door.context.clock.now(), door.context.clock.now(), MONDAY.date())
    assert {unit: load["late"] for unit, load in loads.items() if load.get("late")} == {"gongan": 1}


@pytest.mark.parametrize("username", ["reception", "clerk-xinfang", "admin"])
@pytest.mark.parametrize("path", ["/board", "/board/fragment", "/board/stream", "/board?wall=1"])
async def test_only_overseers_see_the_board(door: Door, username: str, path: str) -> None:
    client = await door.page_client(username)
    assert (await client.get(path)).status_code == 403
    await client.aclose()


async def test_the_wall_names_no_case_and_no_person(door: Door) -> None:
    await a_late_town(door)
    client = await door.page_client("supervisor")
    page = (await client.get("/board?wall=1")).text
    await client.aclose()
    assert "data-wall" in page
    assert "旧件" not in page
    assert "/desk/cases/" not in page


async def test_the_board_carries_its_age_and_its_definitions(door: Door) -> None:
    client = await door.page_client("supervisor")
    page = (await client.get("/board")).text
    await client.aclose()
    assert re.search(r"数据更新于 <time>\d\d:\d\d:\d\d</time>", page)
    assert "这些数字怎么算" in page


async def a_request(door: Door, username: str) -> Request:
    """A request of somebody who is logged in, as the stream's generator holds it."""
    session = await sessions.log_in(door.context, username, "demo", source=LoginSource("127.0.0.1"))
    headers = [(b"authorization", f"Bearer {session.token}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/board/stream", "query_string": b"", "headers": headers}
    return Request({**scope, "app": door.app})


async def test_two_screens_of_one_person_share_one_rendering(door: Door) -> None:
    await door.submit(title="一件")
    request = await a_request(door, "supervisor")
    actor = await directory.load_actor("supervisor")
    async with (
        live.BROADCASTER.listening(request, actor) as first_screen,
        live.BROADCASTER.listening(request, actor) as second_screen,
    ):
        assert len(live.BROADCASTER.channels) == 1
        first, second = await asyncio.gather(first_screen.get(), second_screen.get())
        assert first == second
        assert first is not None and "数据更新于" in first
    assert not live.BROADCASTER.channels


async def test_the_stream_sends_the_whole_moving_part(door: Door) -> None:
    await door.submit(title="一件")
    request = await a_request(door, "supervisor")
    async with aclosing(live.events(request, await directory.load_actor("supervisor"))) as stream:
        event = await anext(stream)
    assert event.event == "lights"
    assert "在办合计" in str(event.data)


@pytest.mark.parametrize("path", ["/board/fragment", "/board/stream"])
async def test_a_board_that_asks_by_itself_keeps_no_session_awake(door: Door, path: str) -> None:
    request = await a_request(door, "supervisor")
    idle = timedelta(minutes=door.settings.idle_minutes)
    for _ in range(3):
        door.pass_time(idle / 3)
        request.scope["path"] = path
        request.state.__dict__["_state"].pop("actor", None)
        alive = await sessions.find_actor(request)
    assert alive is None
    request.scope["path"] = "/desk"
    request.state.__dict__["_state"].pop("actor", None)
    assert await sessions.find_actor(request) is None, "an idle session does not come back"


async def test_a_stream_ends_when_its_session_does(door: Door) -> None:
    request = await a_request(door, "supervisor")
    async with aclosing(live.events(request, await directory.load_actor("supervisor"))) as stream:
        assert (await anext(stream)).event == "lights"
        await Session.all().delete()
        door.pass_time(timedelta(minutes=2))
        last = [event.event async for event in stream]
    assert last == ["over"]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The board is drawn again without a pause."""
    monkeypatch.setattr(live, "EVERY_SECONDS", 0)


async def test_a_board_that_loses_its_figures_says_so_ends_and_comes_back(door: Door, at_once: None) -> None:
    request, actor = await a_request(door, "supervisor"), await directory.load_actor("supervisor")
    async with (
        aclosing(live.events(request, actor)) as stream,
        aclosing(live.events(request, actor)) as other,
    ):
        assert (await anext(stream)).event == "lights"
        assert (await anext(other)).event == "lights"
        await db.write_connection().execute_script("ALTER TABLE feedback_case RENAME TO elsewhere")
        for screen in (stream, other):
            events = [event async for event in screen]
            assert {event.event for event in events[:-1]} <= {"lights"}
            assert (events[-1].event, events[-1].retry) == ("lost", live.RETRY_MILLIS)
    assert not live.BROADCASTER.channels, "nobody listens, nothing is left over"
    await db.write_connection().execute_script("ALTER TABLE elsewhere RENAME TO feedback_case")
    async with aclosing(live.events(request, actor)) as stream:
        assert (await anext(stream)).event == "lights"


async def test_a_board_without_figures_from_the_start_says_so(door: Door) -> None:
    request, actor = await a_request(door, "supervisor"), await directory.load_actor("supervisor")
    await db.write_connection().execute_script("ALTER TABLE feedback_case RENAME TO elsewhere")
    async with aclosing(live.events(request, actor)) as stream:
        assert [event.event async for event in stream] == ["lost"]


async def test_a_session_that_cannot_be_looked_up_ends_the_stream_as_lost(door: Door, at_once: None) -> None:
    request, actor = await a_request(door, "supervisor"), await directory.load_actor("supervisor")
    async with aclosing(live.events(request, actor)) as stream:
        assert (await anext(stream)).event == "lights"
        await db.write_connection().execute_script("ALTER TABLE web_session RENAME TO elsewhere")
        door.pass_time(timedelta(minutes=2))
        assert [event.event async for event in stream] == ["lost"]


async def test_figures_that_do_not_come_at_all_are_lost_too(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database hangs: the first picture came, the next one never does."""
    monkeypatch.setattr(live, "LOST_SECONDS", 0.05)
    request, actor = await a_request(door, "supervisor"), await directory.load_actor("supervisor")
    async with live.BROADCASTER.listening(request, actor) as first:
        await first.get()  # drawn once; the next picture is seconds away
        async with aclosing(live.events(request, actor)) as stream:
            assert [event.event async for event in stream] == ["lost"]


async def test_the_page_can_show_that_its_figures_are_old(door: Door) -> None:
    client = await door.page_client("supervisor")
    for address in ("/board", "/board?wall=1"):
        page = (await client.get(address)).text
        assert re.search(
            r"data-stale hidden[^>]*>连接中断，正在重试。下面是 <time data-stale-at>\d\d:\d\d:\d\d</time>", page
        )
    await client.aclose()
