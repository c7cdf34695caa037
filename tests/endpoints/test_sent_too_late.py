"""A form of the staff that is sent after the session ended: kept for its author, filled in after the log-in, then gone."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from tests.endpoints.test_desk_pages import accepted, at_desk
from tests.moments import MONDAY
from tests.people import BASE, Door
from web.auth import sessions
from web.auth.models import FormDraft, Session

ANSWER = "经核实，早晚高峰确有拥堵；<已>增派“交警”。\n第二段：𠮷先生可拨 12345。"


async def _log_in(browser: httpx2.AsyncClient, username: str, after: httpx2.Response) -> httpx2.Response:
    """Log in where one was sent to, and go where one is led then."""
    next_ = after.headers["location"].partition("next=")[2]
    done = await browser.post("/login", data={"username": username, "password": "demo", "next": next_})
    assert done.status_code == 303, done.text
    page = await browser.get(done.headers["location"])
    while page.status_code in (302, 303):
        page = await browser.get(page.headers["location"])
    return page


def _area(page: str, id_: str) -> str:
    found = re.search(rf'<textarea[^>]*id="{id_}"[^>]*>\n?(.*?)</textarea>', page, re.S)
    assert found, id_
    return unescape(found[1])


async def _late(browser: httpx2.AsyncClient, door: Door, path: str, page: str, data: dict[str, Any]) -> httpx2.Response:
    """Two hours pass over the form of a page, then it is sent."""
    door.pass_time(timedelta(hours=2))
    sent = await browser.post(path, data=data, headers={"referer": f"{BASE}{page}"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/login?next={path}")
    return sent


async def test_an_answer_sent_too_late_stands_in_its_form_after_the_log_in_and_is_sent_once(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    path, page = f"/desk/cases/{no}/acts/reply", f"/desk/cases/{no}?act=reply"
    async with at_desk(door, f"clerk-{unit}") as clerk:
        sent = await _late(clerk, door, path, page, {"text": ANSWER, "public": "1", "version": "3"})
        back = await _log_in(clerk, f"clerk-{unit}", sent)
        assert back.status_code == 200 and str(back.url).endswith(page)
        assert "已恢复登录超时前填写的内容" in back.text
        assert _area(back.text, "f-reply-text").replace("\r", "") == ANSWER
        assert re.search(r'<input[^>]*name="public"[^>]*checked', back.text)
        assert (await clerk.get(page)).text.count("已恢复登录超时前填写的内容") == 1  # a second look shows it still
        hidden = dict(re.findall(r'<input type="hidden" name="(version|seq)" value="(\d+)"', back.text))
        done = await clerk.post(path, data={"text": ANSWER, "confirmed": "1", **hidden})
        assert done.status_code == 303, done.text
        assert "登录超时前" not in (await clerk.get(f"/desk/cases/{no}")).text
    assert not await FormDraft.all().count()


async def test_nobody_else_sees_it_and_it_is_in_no_address_no_log_and_no_plain_text(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    with capture_logs() as logs:
        async with at_desk(door, f"clerk-{unit}") as clerk:
            path = f"/desk/cases/{no}/acts/note"
            sent = await _late(clerk, door, path, f"/desk/cases/{no}", {"text": "当事人电话 13711112222"})
            assert "13711112222" not in str(sent.headers)
            (row,) = await FormDraft.all()
            assert "139" not in row.sealed and "note" not in row.sealed
            other = await _log_in(clerk, f"lead-{unit}", sent)  # a colleague at the same machine
            assert other.status_code == 200 and "13711112222" not in other.text and "登录超时前" not in other.text
    assert "13711112222" not in str(logs)


async def test_it_is_forgotten_after_half_a_day_and_thrown_away_when_asked(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    path, page = f"/desk/cases/{no}/acts/note", f"/desk/cases/{no}"
    for wait, shown in ((timedelta(hours=11), True), (timedelta(hours=13), False)):
        async with at_desk(door, f"clerk-{unit}") as clerk:
            sent = await _late(clerk, door, path, page, {"text": "稍后再写"})
            door.pass_time(wait)
            back = await _log_in(clerk, f"clerk-{unit}", sent)
            assert ("登录超时前" in back.text) is shown
            if shown:
                assert (await clerk.post("/desk/kept/drop")).status_code == 303
                assert "登录超时前" not in (await clerk.get(page)).text
    await sessions.delete_expired(door.context.clock.now(), door.settings.draft_days)
    assert not await FormDraft.all().count()


async def test_what_cannot_be_done_any_more_is_shown_to_be_copied(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    async with at_desk(door, f"clerk-{unit}") as clerk, at_desk(door, f"clerk-{unit}") as colleague:
        assert (await colleague.post(f"/desk/cases/{no}/acts/reply", data={"text": "已派员疏导。"})).status_code == 303
        sent = await _late(clerk, door, f"/desk/cases/{no}/acts/reply", f"/desk/cases/{no}", {"text": ANSWER})
        back = await _log_in(clerk, f"clerk-{unit}", sent)
        assert "登录超时前填写的内容还在" in back.text and "第二段：𠮷先生" in back.text


FORMS = (
    ("clerk-jiaoyu", "/desk/ratings/exclude", "/desk/ratings", {"no": "20260914-000001", "reason": "诉求不合理"}),
    ("supervisor", "/desk/measures/new", "/desk/measures/new", {"title": "改进答复时限", "text": "请修订规程。"}),
    ("admin", "/admin/letters/marks", "/admin/letters", {"lines": "jiaoyu 云教\nziran 云自"}),
    ("admin", "/admin/calendar", "/admin/calendar?year=2026", {"lines": "2026-12-31,off,元旦", "remark": "通知"}),
    ("admin", "/admin/routing/new", "/admin/routing/new", {"reason": "街道职责"}),
    ("clerk-jiaoyu", "/desk/notices/mail", "/desk/notices", {"mail": "jiaoyu@example.cn"}),
)


@pytest.mark.parametrize(("who", "path", "page", "data"), FORMS, ids=[form[1] for form in FORMS])
async def test_every_other_form_of_the_staff_keeps_what_was_typed_too(
    door: Door, who: str, path: str, page: str, data: dict[str, str]
) -> None:
    door.set_time(MONDAY)
    async with at_desk(door, who) as browser:
        before = (await browser.get(page)).text
        back = await _log_in(browser, who, await _late(browser, door, path, page, data))
        assert back.status_code == 200, path
        named = [name for name in data if f'name="{name}"' in before]
        assert named, "the form is on its page"
        assert "已恢复登录超时前填写的内容" in back.text
        for name in named:
            assert all(line in unescape(back.text) for line in data[name].splitlines()), name


async def test_a_button_without_words_leads_back_to_its_page_and_nothing_is_kept(door: Door) -> None:
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        sent = await _late(clerk, door, "/desk/notices/read", "/desk/notices", {})
        back = await _log_in(clerk, "clerk-jiaoyu", sent)
        assert back.status_code == 200 and "登录超时前" not in back.text
    assert not await FormDraft.all().count()


async def test_a_stranger_keeps_nothing_and_a_page_elsewhere_is_never_led_to(door: Door) -> None:
    async with door.browser() as nobody:
        await nobody.post("/desk/notices/mail", data={"mail": "x@example.cn"})
        assert not await FormDraft.all().count()
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        door.pass_time(timedelta(hours=2))
        for referer in ("https://evil.example/desk", f"{BASE}/logout", "//evil.example/desk", ""):
            sent = await clerk.post("/desk/notices/mail", data={"mail": "x@example.cn"}, headers={"referer": referer})
            assert sent.status_code == 303
        data = {"username": "clerk-jiaoyu", "password": "demo", "next": "/desk/notices/mail"}
        assert (await clerk.post("/login", data=data)).headers["location"] == "/desk/notices/mail"


async def test_far_too_much_is_not_kept_and_breaks_nothing(door: Door) -> None:
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        sent = await _late(clerk, door, "/desk/notices/mail", "/desk/notices", {"mail": "长" * 300_000})
        assert (await _log_in(clerk, "clerk-jiaoyu", sent)).status_code == 200
    assert not await FormDraft.all().count()


async def test_a_password_is_never_kept_and_the_way_back_is(door: Door) -> None:
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        typed = {"old": "demo", "new": "Bridge-of-letters", "again": "Bridge-of-letters"}
        sent = await _late(clerk, door, "/desk/password", "/desk/password", typed)
        back = await _log_in(clerk, "clerk-jiaoyu", sent)
        assert back.status_code == 200 and "Bridge-of-letters" not in back.text and "登录超时前" not in back.text
    assert not await FormDraft.all().count()


async def test_an_ended_session_is_known_for_a_day_and_opens_nothing(door: Door) -> None:
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        door.pass_time(timedelta(hours=door.settings.session_hours + 1))
        await sessions.delete_expired(door.context.clock.now(), door.settings.draft_days)
        assert await Session.filter(username="clerk-jiaoyu").count() == 1
        assert (await clerk.get("/desk")).status_code == 303
        door.pass_time(timedelta(hours=25))
        await sessions.delete_expired(door.context.clock.now(), door.settings.draft_days)
    assert await Session.filter(username="clerk-jiaoyu").count() == 0
