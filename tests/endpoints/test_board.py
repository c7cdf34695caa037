"""Does the board say what the lists behind it hold, to overseers only, and does it stay fresh?"""

import asyncio
import re
from contextlib import aclosing
from datetime import timedelta

import pytest
from starlette.requests import Request

from feedback.kernel import db
from feedback.queries import worklist as case_worklist
from feedback.rules.access import SYSTEM
from routing import directory
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
    everything = await case_worklist.load_board(SYSTEM, now=door.context.clock.now())
    total = sum(row["open"] for row in everything)
    shown = re.search(r'在办合计</span><span class="tile-figure">(\d+)', page)
    assert shown
    assert int(shown[1]) == total - 1


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
