"""A form on a computer that others use too: who sits down next finds nothing, whatever page they open."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from feedback.record.models.case import Attachment, Case
from tests.people import BASE, Door
from web import bootstrap
from web.auth import drafts
from web.auth.citizen_cookie import CASE_COOKIE
from web.auth.models import FormDraft

NAME, PHONE, ID_NUMBER = "孙桂兰", "13912345678", "11010519491231002X"
TITLE, TEXT = "老年食堂什么时候开", "清波社区的老年食堂关了两个月。"
PRIVATE = (NAME, PHONE, ID_NUMBER, TITLE, TEXT)
FROM_STEP = {"referer": f"{BASE}/new/2", "sec-fetch-site": "same-origin"}


@pytest.fixture
async def sun(door: Door) -> AsyncIterator[httpx2.AsyncClient]:
    async with door.browser() as browser:
        yield browser


async def fill_in(browser: httpx2.AsyncClient, **second: str) -> None:
    """Steps one to three on a shared computer."""
    await browser.post("/new/1", data={"kind": "help", "shared_computer": "1"})
    await browser.post("/new/2", data={"title": TITLE, "text": TEXT, "shared_computer": "1", **second})
    person = {"person.name": NAME, "person.phone": PHONE, "person.id_number": ID_NUMBER}
    assert (await browser.post("/new/3", data=person)).headers["location"] == "/new/4"


async def clean_up(door: Door) -> None:
    timer = bootstrap.timers(door.context)["forget_shared_drafts"]
    await timer.run(door.context.clock.now(), "")


async def test_who_fills_it_in_goes_from_step_to_step(sun: httpx2.AsyncClient) -> None:
    await fill_in(sun)
    page = (await sun.get("/new/3", headers=FROM_STEP)).text
    assert NAME in page and PHONE in page and ID_NUMBER in page
    assert TITLE in (await sun.get("/new/4", headers=FROM_STEP)).text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "referer": f"{BASE}/"},
        {"sec-fetch-site": "same-origin", "referer": f"{BASE}/new/clearx"},
        {"sec-fetch-site": "cross-site", "referer": "https://elsewhere.example/new/2"},
        {"referer": "https://elsewhere.example/new/2"},
    ],
)
async def test_who_opens_a_step_from_elsewhere_finds_an_empty_form_and_the_draft_is_gone(
    sun: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    await fill_in(sun)
    response = await sun.get("/new/3", headers=headers)
    assert response.headers["location"] == "/new/1"
    assert drafts.DRAFT_COOKIE not in sun.cookies
    assert not await FormDraft.all().count()
    for step in (1, 2, 3, 4):
        page = (await sun.get(f"/new/{step}", headers=FROM_STEP, follow_redirects=True)).text
        assert not [words for words in PRIVATE if words in page]


async def test_the_cookies_end_with_the_browser(sun: httpx2.AsyncClient) -> None:
    await fill_in(sun)
    sent = await sun.post("/new/4")
    for response in (await sun.post("/new/2", data={"title": TITLE, "text": TEXT, "shared_computer": "1"}), sent):
        assert all("max-age" not in cookie.lower() for cookie in response.headers.get_list("set-cookie"))


async def test_on_ones_own_device_the_draft_stays_for_days(sun: httpx2.AsyncClient) -> None:
    await sun.post("/new/1", data={"kind": "help"})
    response = await sun.post("/new/2", data={"title": TITLE, "text": TEXT})
    assert "max-age=2592000" in response.headers["set-cookie"].lower()
    assert TITLE in (await sun.get("/new/2")).text


async def test_after_a_quarter_of_an_hour_without_a_sign_the_server_forgets(
    door: Door, sun: httpx2.AsyncClient
) -> None:
    await sun.post("/new/1", data={"kind": "help", "shared_computer": "1"})
    fields = {"title": TITLE, "text": TEXT, "shared_computer": "1"}
    await sun.post("/new/2", data=fields, files={"files": ("病历.txt", "一页".encode())})
    door.pass_time(timedelta(minutes=10))
    assert TITLE in (await sun.get("/new/2", headers=FROM_STEP)).text
    door.pass_time(timedelta(minutes=10))
    await sun.post("/new/shared", data={"state": "here"})
    door.pass_time(timedelta(minutes=14))
    await clean_up(door)
    assert await FormDraft.all().count() == 1
    door.pass_time(timedelta(minutes=1))
    assert (await sun.get("/new/2", headers=FROM_STEP)).headers["location"] == "/new/1"
    await clean_up(door)
    assert not await FormDraft.all().count()
    assert not await Attachment.all().count()
    assert not list((door.settings.data / "files").glob("id-*/*.xq"))


async def test_a_tab_that_was_closed_is_not_opened_again_by_somebody_else(door: Door, sun: httpx2.AsyncClient) -> None:
    await fill_in(sun)
    assert (await sun.post("/new/shared", data={"state": "away"})).status_code == 204
    door.pass_time(timedelta(seconds=10))
    assert TITLE in (await sun.get("/new/4", headers=FROM_STEP)).text  # a page that was loaded again
    await sun.post("/new/shared", data={"state": "away"})
    door.pass_time(timedelta(seconds=20))
    assert (await sun.get("/new/4", headers=FROM_STEP)).headers["location"] == "/new/1"


async def test_the_receipt_is_shown_once_and_opens_no_case(sun: httpx2.AsyncClient) -> None:
    await fill_in(sun)
    response = await sun.post("/new/4")
    receipt = await sun.get(response.headers["location"])
    assert len("".join(re.findall(r"<span>(\d{4})</span>", receipt.text))) == 12
    assert "只显示这一次" in receipt.text and "保存图片" not in receipt.text
    assert not {drafts.DRAFT_COOKIE, CASE_COOKIE} & set(sun.cookies)
    assert not await FormDraft.all().count()
    assert (await sun.get(response.headers["location"])).status_code == 404
    assert (await sun.get("/case")).headers["location"] == "/lookup"
    assert (await sun.get("/new/4", headers=FROM_STEP)).headers["location"] == "/new/1"
    assert (await sun.post("/new/4")).headers["location"] == "/new/1"
    assert await Case.all().count() == 1


async def test_a_receipt_that_was_never_shown_opens_the_case_for_a_quarter_of_an_hour(
    door: Door, sun: httpx2.AsyncClient
) -> None:
    await fill_in(sun)
    await sun.post("/new/4")
    door.pass_time(timedelta(minutes=14))
    assert (await sun.get("/case")).status_code == 200
    door.pass_time(timedelta(minutes=2))
    assert (await sun.get("/case")).headers["location"] == "/lookup"


async def test_clearing_says_what_it_cleared(sun: httpx2.AsyncClient) -> None:
    await sun.post("/new/1", data={"kind": "help"})
    await sun.post("/new/2", data={"title": TITLE, "text": TEXT})
    response = await sun.post("/new/clear", follow_redirects=True)
    assert "服务器上的草稿" in response.text and "查询凭证：" not in response.text
    assert not await FormDraft.all().count() and drafts.DRAFT_COOKIE not in sun.cookies
    assert "没有正在填写的内容" in (await sun.post("/new/clear", follow_redirects=True)).text


async def test_who_is_done_clears_receipt_and_case_too(sun: httpx2.AsyncClient) -> None:
    await sun.post("/new/1", data={"kind": "help"})
    await sun.post("/new/2", data={"title": TITLE, "text": TEXT})
    address = (await sun.post("/new/4")).headers["location"]
    assert "我用完了，清除" in (await sun.get(address)).text
    copied_cookies = dict(sun.cookies)
    response = await sun.post("/new/clear", follow_redirects=True)
    assert "服务器上的草稿" in response.text and "查询凭证：" in response.text
    assert (await sun.get(address)).status_code == 404
    sun.cookies.update(copied_cookies)  # a copy of what was cleared opens nothing
    assert (await sun.get(address)).status_code == 404
    assert (await sun.get("/case")).headers["location"] == "/lookup"


async def test_a_draft_becomes_shared_as_soon_as_the_box_is_ticked(sun: httpx2.AsyncClient) -> None:
    await sun.post("/new/1", data={"kind": "help"})
    await sun.post("/new/2", data={"title": TITLE, "text": TEXT})
    response = await sun.post("/new/shared", data={"state": "on"})
    assert "max-age" not in response.headers["set-cookie"].lower()
    assert (await sun.get("/new/2")).headers["location"] == "/new/1"
    assert (await sun.post("/new/shared", data={"state": "off"})).status_code == 422


async def test_what_is_typed_in_the_second_step_outlives_the_draft_of_the_first(sun: httpx2.AsyncClient) -> None:
    response = await sun.post("/new/2", data={"kind": "help", "title": TITLE, "text": TEXT})
    assert response.headers["location"] == "/new/3"
    assert "求助" in (await sun.get("/new/4")).text
    await sun.post("/new/clear")
    response = await sun.post("/new/2", data={"title": TITLE, "text": TEXT})
    assert (await sun.get(response.headers["location"])).headers["location"] == "/new/1"
    await sun.post("/new/1", data={"kind": "consult"})
    assert TITLE in (await sun.get("/new/2")).text


async def test_names_and_numbers_are_not_remembered_by_the_browser_of_a_shared_computer(
    sun: httpx2.AsyncClient,
) -> None:
    await fill_in(sun)
    page = (await sun.get("/new/3", headers=FROM_STEP)).text
    assert 'autocomplete="tel"' not in page and 'autocomplete="name"' not in page
    assert page.count('autocomplete="off"') >= 3
