"""A citizen without scripts: hand in, look up, supplement, withdraw, rate; read replies, figures and deadlines."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from evaluation.models import Rating
from evaluation.ratings import cases as case_ratings
from evaluation.ratings import services
from evaluation.ratings.tokens import Occasion, create_token
from feedback.kernel import db
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.record.models.case import Case
from feedback.rules import access
from feedback.rules.vocabulary import Act, Role
from tests.endpoints.test_api_public import registered_handling
from tests.people import Door

PICTURE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)
TITLE, TEXT = "小区供暖温度不足", "桂馨家园 3 号楼室温只有 15 度，𠮷先生多次联系物业没有结果。"


@pytest.fixture
async def anna(door: Door) -> AsyncIterator[httpx2.AsyncClient]:
    async with door.browser() as browser:
        yield browser


async def _fill(anna: httpx2.AsyncClient, kind: str = "complaint", **contact: str) -> None:
    """Steps one to three."""
    assert (await anna.post("/new/1", data={"kind": kind})).headers["location"] == "/new/2"
    answer = await anna.post("/new/2", data={"title": TITLE, "text": TEXT})
    assert answer.headers["location"] == "/new/3"
    answer = await anna.post("/new/3", data={"person.name": "安小娜", "person.phone": "139 0000 1234", **contact})
    assert answer.headers["location"] == "/new/4"


async def _hand_in(anna: httpx2.AsyncClient, kind: str = "complaint") -> tuple[str, str]:
    """A message handed in by the pages. Returns number and code."""
    await _fill(anna, kind)
    sent = await anna.post("/new/4")
    assert sent.status_code == 303
    no = sent.headers["location"].removeprefix("/receipt/")
    receipt = await anna.get(f"/receipt/{no}")
    assert receipt.status_code == 200
    code = "".join(re.findall(r"<span>(\d{4})</span>", receipt.text))
    assert len(code) == 12
    return no, code


async def test_four_steps_lead_to_a_receipt_with_number_and_code(anna: httpx2.AsyncClient) -> None:
    no, code = await _hand_in(anna)
    page = (await anna.get("/case")).text
    assert TITLE in page
    assert "𠮷先生" in page
    assert no in page
    assert code not in page  # the code is shown once


async def test_what_was_typed_is_kept_when_something_is_wrong(anna: httpx2.AsyncClient) -> None:
    await anna.post("/new/1", data={"kind": "help"})
    answer = await anna.post("/new/2", data={"title": "", "text": TEXT, "address": "老街 3 号"})
    assert answer.status_code == 422
    assert "<title>错误：" in answer.text
    assert 'href="#f-title"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert TEXT in answer.text
    assert "老街 3 号" in answer.text


async def test_a_wrong_phone_number_is_told_in_words_at_its_field(anna: httpx2.AsyncClient) -> None:
    await anna.post("/new/1", data={"kind": "help"})
    await anna.post("/new/2", data={"title": TITLE, "text": TEXT})
    answer = await anna.post("/new/3", data={"person.phone": "123"})
    assert answer.status_code == 422
    assert answer.text.count("手机号码应为 11 位数字，以 1 开头") == 2  # in the summary and at the field


async def test_nobody_reaches_a_later_step_without_the_earlier_ones(anna: httpx2.AsyncClient) -> None:
    assert (await anna.get("/new/3")).headers["location"] == "/new/1"
    await anna.post("/new/1", data={"kind": "help"})
    assert (await anna.get("/new/4")).headers["location"] == "/new/2"
    assert (await anna.get("/new/9")).status_code == 404


async def test_only_the_step_with_files_drops_one(door: Door) -> None:
    async with door.browser() as browser:
        for kind, status in (("", 422), ("help", 303)):
            response = await browser.post("/new/1", data={"kind": kind, "drop_attachment": "x"})
            assert response.status_code == status
        response = await browser.post("/new/2", data={"title": "", "text": "", "drop_attachment": "x"})
        assert response.headers["location"] == "/new/2#f-files"


async def test_a_message_that_is_stored_has_its_receipt_whatever_else_cannot_be_written(door: Door) -> None:
    async with door.browser() as browser:
        await browser.post("/new/1", data={"kind": "complaint"})
        await browser.post("/new/2", data={"title": "路灯不亮", "text": "幸福路路灯不亮三天了"})
        await browser.post("/new/3", data={"person.phone": "13900001234"})
        await db.write_connection().execute_script("ALTER TABLE web_message_source RENAME TO elsewhere")
        with capture_logs() as logs:
            receipt = await door.submit(source_id="a")
            response = await browser.post("/new/4", data={})
        await db.write_connection().execute_script("ALTER TABLE elsewhere RENAME TO web_message_source")
        assert response.headers["location"].startswith("/receipt/")
        numbers = [receipt["no"], response.headers["location"].removeprefix("/receipt/")]
        assert [line["case"] for line in logs if "not written" in line["event"]] == numbers
        assert await Case.filter(no__in=numbers).count() == 2


async def test_a_second_click_leads_to_the_same_receipt(door: Door, anna: httpx2.AsyncClient) -> None:
    await _fill(anna)
    first = await anna.post("/new/4")
    second = await anna.post("/new/4")
    assert first.headers["location"] == second.headers["location"]
    door.pass_time(timedelta(minutes=10))
    assert (await anna.post("/new/4")).headers["location"] == "/new/1"  # later it would be somebody else's click


async def test_a_file_goes_up_with_the_form_and_comes_back_to_its_owner_only(
    door: Door, anna: httpx2.AsyncClient
) -> None:
    await anna.post("/new/1", data={"kind": "help"})
    sent = await anna.post("/new/2", data={"title": TITLE, "text": TEXT}, files={"files": ("现场 照片.png", PICTURE)})
    assert sent.status_code == 303
    assert "现场 照片.png" in (await anna.get("/new/2")).text
    await anna.post("/new/3", data={})
    await anna.post("/new/4")
    address = re.search(r'href="(/case/files/[^"]+)"', (await anna.get("/case")).text)
    assert address
    answer = await anna.get(address[1])
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    async with door.browser() as stranger:
        assert (await stranger.get(address[1])).status_code == 404


async def test_a_file_of_a_kind_we_do_not_take_is_refused_at_its_field(anna: httpx2.AsyncClient) -> None:
    await anna.post("/new/1", data={"kind": "help"})
    answer = await anna.post("/new/2", data={"title": TITLE, "text": TEXT}, files={"files": ("a.exe", b"MZ\x00\x01")})
    assert answer.status_code == 422
    assert 'href="#f-files"' in answer.text


async def test_the_receipt_is_shown_for_half_an_hour_to_the_one_browser(door: Door, anna: httpx2.AsyncClient) -> None:
    no, _ = await _hand_in(anna)
    async with door.browser() as stranger:
        assert (await stranger.get(f"/receipt/{no}")).status_code == 404
    door.pass_time(timedelta(minutes=31))
    assert (await anna.get(f"/receipt/{no}")).headers["location"] == "/case"


async def test_an_unknown_code_and_a_wrong_second_answer_are_told_alike(door: Door, anna: httpx2.AsyncClient) -> None:
    no, code = await _hand_in(anna)
    async with door.browser() as stranger:
        answers = [
            await stranger.post("/lookup", data={"code": typed, "check": check})
            for typed, check in ((code, "20000101-000000"), ("000000000000", no), (code, "9999"), ("1", "1234"))
        ]
        assert {answer.status_code for answer in answers} == {422}
        assert len({re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}) == 1
        assert (await stranger.get("/case")).headers["location"] == "/lookup"


@pytest.mark.parametrize("by", ["number", "full-width number", "last four of the phone"])
async def test_the_code_with_a_second_answer_opens_the_case(door: Door, anna: httpx2.AsyncClient, by: str) -> None:
    no, code = await _hand_in(anna)
    check = {"number": no, "full-width number": no.translate({48 + i: 0xFF10 + i for i in range(10)})}.get(by, "1234")
    async with door.browser() as elsewhere:
        typed = f"{code[:4]} {code[4:8]}-{code[8:]}"
        assert (await elsewhere.post("/lookup", data={"code": typed, "check": check})).status_code == 303
        assert TITLE in (await elsewhere.get("/case")).text
        await elsewhere.post("/case/leave")
        assert (await elsewhere.get("/case")).status_code == 303


async def test_steps_not_open_are_named_with_the_reason(anna: httpx2.AsyncClient) -> None:
    await _hand_in(anna)
    page = (await anna.get("/case")).text
    assert 'action="/case/acts/withdraw"' in page
    assert 'action="/case/acts/rate"' not in page
    assert "要等承办单位答复以后" in page


@pytest.mark.parametrize("path", ["/case", "/rate/service", "/new/2", "/"])
async def test_no_two_fields_of_a_page_share_an_id(anna: httpx2.AsyncClient, path: str) -> None:
    await _hand_in(anna)
    await anna.post("/new/1", data={"kind": "help"})
    ids = re.findall(r' id="([^"]+)"', (await anna.get(path)).text)
    assert len(ids) == len(set(ids))


async def test_a_supplement_needs_words_and_shows_in_the_course(anna: httpx2.AsyncClient) -> None:
    await _hand_in(anna)
    empty = await anna.post("/case/acts/supplement", data={"text": " "})
    assert empty.status_code == 422
    assert '<details class="act" open' in empty.text
    assert 'href="#f-supplement-text"' in empty.text
    assert (await anna.post("/case/acts/supplement", data={"text": "物业电话无人接听"})).status_code == 303
    assert "物业电话无人接听" in (await anna.get("/case")).text


async def test_a_step_that_is_not_open_is_refused_kindly(anna: httpx2.AsyncClient) -> None:
    await _hand_in(anna)
    await anna.post("/case/acts/withdraw", data={"confirm": "1"})
    again = await anna.post("/case/acts/withdraw", data={"confirm": "1"})
    assert again.status_code == 409
    assert "现在不能“撤回”" in again.text
    assert (await anna.post("/case/acts/reply", data={"text": "x"})).status_code == 409


async def _answered(door: Door, no: str) -> None:
    """The case is answered by whichever unit got it."""
    now = door.context.clock.now()
    vault = door.settings.vault
    file = await case_queries.load_file(access.SYSTEM, no, vault=vault)
    desk = access.Actor("r", "窗口", frozenset({Role.RECEPTION}), file.desk)
    if not file.unit:
        await cases.act(no, Act.ASSIGN, desk, {"unit": "zhujian"}, now=now)
    unit = (await case_queries.load_file(access.SYSTEM, no, vault=vault)).unit
    clerk = access.Actor("c", "经办", frozenset({Role.CLERK}), unit)
    await cases.act(no, Act.ACCEPT, clerk, {}, now=now)
    await cases.act(no, Act.REPLY, clerk, {"text": "供热公司已清洗过滤网，室温恢复到二十度。"}, now=now)


async def test_a_bad_rating_by_the_page_is_kept_with_the_tags_of_its_level_only(
    door: Door, anna: httpx2.AsyncClient
) -> None:
    no, _ = await _hand_in(anna)
    await _answered(door, no)
    page = (await anna.get("/case")).text
    assert "室温恢复到二十度" in page
    missing = await anna.post("/case/acts/rate", data={})
    assert missing.status_code == 422
    assert "请选择满意程度" in missing.text
    rated = await anna.post("/case/acts/rate", data={"level": "2", "tags": ["213", "510"], "text": "等了三天"})
    assert rated.headers["location"] == "/case?done=rate"
    rating = (await case_ratings.list_ratings(access.citizen(no), case_no=no)).items[0]
    assert (rating.level, [code for code, _ in rating.tags]) == (2, ["213"])


async def test_a_service_is_rated_by_matter_and_number_of_the_handling(door: Door, anna: httpx2.AsyncClient) -> None:
    matter = (await services.list_matters())[0].code
    wrong = await anna.post("/rate/service", data={"pf": "1"})
    assert wrong.status_code == 422
    assert wrong.text.count("请选择满意程度") == 2
    form: dict[str, Any] = {"pf": "1", "matter": matter, "handling_no": "BJ-1", "level": "5", "tags": ["510"]}
    unproved = (await anna.post("/rate/service", data=form)).headers["location"]
    assert unproved == "/rate/thanks?level=5&unverified=1"
    assert "不计入公示" in (await anna.get(unproved)).text
    form["slip_code"] = (await registered_handling(door, "BJ-1"))["code"]
    assert (await anna.post("/rate/service", data=form)).headers["location"] == "/rate/thanks?level=5"
    assert "会计入当月的公示" in (await anna.get("/rate/thanks?level=5")).text


async def test_a_printed_code_fills_in_matter_and_window(door: Door, anna: httpx2.AsyncClient) -> None:
    matter = (await services.list_matters())[0]
    token = create_token(door.settings.vault, Occasion(matter=matter.code, window="3号窗口"))
    page = (await anna.get(f"/rate/service?t={token}")).text
    assert matter.name in page
    assert "3号窗口" in page
    assert 'name="matter"' not in page
    form = {"token": token, "pf": "3", "level": "4"}
    assert (await anna.post("/rate/service", data=form)).headers["location"] == "/rate/thanks?level=4&unverified=1"
    handling = await registered_handling(door, "BJ-7")
    form |= {"handling_no": "BJ-7", "slip_code": handling["code"]}
    assert (await anna.post("/rate/service", data=form)).headers["location"] == "/rate/thanks?level=4"
    (row,) = await Rating.all()
    assert (row.handling_no, row.window) == ("BJ-7", "3号窗口")
    forged = await anna.get("/rate/service?t=abcdef")
    assert forged.status_code == 422
    assert "二维码或链接无效" in forged.text


async def test_a_link_to_rate_an_answer_rates_the_case_without_opening_it(door: Door, anna: httpx2.AsyncClient) -> None:
    no, _ = await _hand_in(anna)
    token = create_token(door.settings.vault, Occasion(case_no=no))
    async with door.browser() as elsewhere:
        form = {"token": token, "pf": "7", "level": "5", "tags": ["510"]}
        too_early = await elsewhere.post("/rate/service", data=form)
        assert too_early.status_code == 422
        await _answered(door, no)
        assert (await elsewhere.post("/rate/service", data=form)).status_code == 303
        assert (await elsewhere.get("/case")).headers["location"] == "/lookup"
    rating = (await case_ratings.list_ratings(access.citizen(no), case_no=no)).items[0]
    assert rating.level == 5


async def test_only_published_words_are_found_and_marked(door: Door, anna: httpx2.AsyncClient) -> None:
    await _fill(anna, public_consent="1")
    no = (await anna.post("/new/4")).headers["location"].removeprefix("/receipt/")
    await _answered(door, no)
    assert "还没有公开的回复" in (await anna.get("/replies")).text
    file = await case_queries.load_file(access.SYSTEM, no, vault=door.settings.vault)
    desk = access.Actor("r", "窗口", frozenset({Role.RECEPTION}), file.desk)
    publication = {"title": "供暖<b>不热", "question": "室温低", "answer": "已清洗过滤网", "reason": "本人同意"}
    await cases.act(no, Act.PUBLISH, desk, publication, now=door.context.clock.now())
    page = (await anna.get("/replies", params={"q": "供暖"})).text
    assert "<mark>供暖</mark>&lt;b&gt;不热" in page
    assert "没有找到" in (await anna.get("/replies", params={"q": "路灯"})).text
    address = re.search(r'href="(/replies/\d+)"', page)
    assert address
    assert "已清洗过滤网" in (await anna.get(address[1])).text
    assert "安小娜" not in (await anna.get(address[1])).text
    assert "供暖&lt;b&gt;不热" in (await anna.get("/replies.rss")).text
    assert (await anna.get("/replies/99999")).status_code == 404


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("start=2026-02-02&count=15&unit=cd", "最后一天是 2026 年 2 月 24 日"),
        ("start=2026-09-18&count=15&unit=cd", "最后一天是 2026 年 10 月 8 日"),
        ("start=2026-11-20&count=5&unit=wd", "最后一天是 2026 年 11 月 27 日"),
    ],
)
async def test_a_deadline_is_explained_day_by_day(anna: httpx2.AsyncClient, query: str, words: str) -> None:
    answer = await anna.get(f"/deadline?{query}")
    assert answer.status_code == 200
    assert words in answer.text


async def test_a_deadline_in_a_year_without_notice_says_what_is_law_and_what_is_open(anna: httpx2.AsyncClient) -> None:
    page = (await anna.get("/deadline?start=2026-12-25&count=5&unit=wd")).text
    assert "最后一天是 2027 年 1 月 4 日" in page and "暂定" in page
    assert "一定放假" in page and "元旦（依法放假）" in page  # New Year's Day
    assert "周末（暂定）" in page and "工作日（暂定）" in page  # the weekend behind it, and the Monday
    assert "补假和调休" in page
    assert "元旦（依法放假）" not in (await anna.get("/deadline?start=2025-12-25&count=5&unit=wd")).text


@pytest.mark.parametrize(
    "query", ["start=x&count=15&unit=cd", "start=2026-02-02&count=0&unit=cd", "start=2026-02-02&count=9&unit=y"]
)
async def test_a_deadline_that_cannot_be_counted_says_what_to_write(anna: httpx2.AsyncClient, query: str) -> None:
    answer = await anna.get(f"/deadline?{query}")
    assert answer.status_code == 422
    assert "有 1 处需要改正" in answer.text


PAGES = [
    "/",
    "/new/1",
    "/lookup",
    "/replies",
    "/rate/service",
    "/rate/thanks",
    "/scores",
    "/deadline",
    "/guide",
    "/privacy",
    "/accessibility",
    "/offline",
]


@pytest.mark.parametrize("path", PAGES)
async def test_every_public_page_says_where_one_is_and_offers_the_hotline(anna: httpx2.AsyncClient, path: str) -> None:
    answer = await anna.get(path)
    assert answer.status_code == 200
    assert re.search(r"<title>[^<]+</title>", answer.text)
    assert answer.text.count("<h1") == 1
    assert 'href="tel:12345"' in answer.text
    assert 'href="#main"' in answer.text


async def test_elder_mode_works_without_scripts_or_cookies(anna: httpx2.AsyncClient) -> None:
    page = (await anna.get("/?ui=elder")).text
    assert 'data-size="elder"' in page and 'href="/new/1?ui=elder"' in page
    anna.cookies.clear()
    assert 'data-size="elder"' in (await anna.get("/new/1?ui=elder")).text
    anna.cookies.clear()
    assert 'data-size="std"' in (await anna.get("/")).text


async def test_figures_of_a_month_without_an_edition_are_not_found(anna: httpx2.AsyncClient) -> None:
    assert (await anna.get("/scores?period=2020-01")).status_code == 404
