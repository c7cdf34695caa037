"""Does the page of one's own case say the date, the thing to do and who has it, and what became of a bad rating?"""

import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import httpx2
import pytest

from tests.flows.story import OPINION, Story
from tests.people import ANNAS_MESSAGE, Door

QUESTION = "请告诉我们是哪一栋楼前的垃圾点"


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


@asynccontextmanager
async def as_citizen(story: Story) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that opened the case with its code and number."""
    async with aclosing(story.door.browser()) as browser:
        assert (await browser.post("/lookup", data={"code": story.code, "check": story.no})).status_code == 303
        yield browser


async def page_of(story: Story) -> str:
    async with as_citizen(story) as browser:
        return (await browser.get("/case")).text


async def accepted(story: Story, kind: str = "complaint") -> None:
    await story.submit("2026-03-02 09:00", kind=kind)
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu", reason="学校由教育局管")
    await story.does("clerk-jiaoyu", "accept", "2026-03-03 10:00")


async def answered(story: Story, kind: str = "complaint") -> None:
    await accepted(story, kind)
    await story.does("lead-jiaoyu", "reply", "2026-03-04 10:00", text="已经办好。", **OPINION)


def part(page: str, beginning: str) -> str:
    """The section that begins with these characters."""
    return page.split(beginning, 1)[1].split("</section>", 1)[0]


async def test_the_promised_day_stands_large_and_leads_to_its_count(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="complaint")
    async with as_citizen(story) as browser:
        head = part((await browser.get("/case")).text, 'class="head-card')
        assert "<strong>3 月 11 日（周三）</strong>" in head
        assert "答复您" in head and "含当天" in head and "还有 7 个工作日" in head
        (address,) = re.findall(r'href="(/case/clocks/[^"]+)"', head)
        assert "3 月 11 日" in (await browser.get(address)).text


async def test_a_term_in_days_is_counted_down_in_days(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="appeal")
    assert "还有 91 天" in part(await page_of(story), 'class="head-card')  # the 90th day is a Sunday


async def test_a_promise_that_was_not_kept_says_so(story: Story) -> None:
    await accepted(story)
    await story.does("clerk-jiaoyu", "progress", "2026-03-16 10:00", text="还在办")
    head = part(await page_of(story), 'class="head-card')
    assert "head-card--late" in await page_of(story)
    assert "已超 3 个工作日" in head and "还没有答复您" in head and "含当天" not in head


async def test_a_question_leads_the_page_with_its_form_open(story: Story) -> None:
    await accepted(story)
    await story.does("clerk-jiaoyu", "ask", "2026-03-03 11:00", text=QUESTION)
    page = await page_of(story)
    card = part(page, 'id="todo"')
    assert QUESTION in card and 'action="/case/acts/supplement"' in card and "<details" not in card
    assert page.index('id="todo"') < page.index('id="who"') < page.index('id="course"')
    assert page.count('action="/case/acts/supplement"') == 1
    async with as_citizen(story) as browser:
        assert (await browser.post("/case/acts/supplement", data={"text": "三号楼前"})).status_code == 303
        page = (await browser.get("/case")).text
    assert 'id="todo"' not in page and "三号楼前" in page


async def test_a_wrong_answer_is_told_in_the_card(story: Story) -> None:
    await accepted(story)
    await story.does("clerk-jiaoyu", "ask", "2026-03-03 11:00", text=QUESTION)
    async with as_citizen(story) as browser:
        response = await browser.post("/case/acts/supplement", data={"text": ""})
    assert response.status_code == 422
    assert 'id="f-supplement-text-error"' in part(response.text, 'id="todo"')


async def test_who_has_it_why_and_how_to_reach_them(story: Story) -> None:
    await accepted(story)
    who = part(await page_of(story), 'class="panel who"')
    assert "教育" in who and "在办" in who and "学校由教育局管" in who
    assert re.search(r'href="tel:\d+"', who)


async def test_the_title_stands_once_in_the_page(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="complaint", title="校门口的路灯不亮")
    page = (await page_of(story)).split("<body", 1)[1]
    assert page.count("校门口的路灯不亮") == 1


async def test_an_answer_asks_for_a_rating_and_a_bad_one_shows_what_became_of_it(story: Story) -> None:
    await answered(story)
    card = part(await page_of(story), 'id="todo"')
    assert 'action="/case/acts/rate"' in card and "2026 年 4 月 3 日（周五），含当天" in card
    await story.does("citizen", "rate", "2026-03-05 10:00", level=1)
    await story.door.drain()
    page = await page_of(story)
    assert 'id="todo"' not in page and "请您看看答复并评价" not in page
    assert "您的评价“非常不满意”：已经另行立案" in page and "整改结果告诉您" in page
    rows = (await story.door.get("/api/v1/desk/cases?kind=rectify", await story.door.log_in("supervisor"))).json()
    no, own_no = rows["items"][0]["no"], story.no
    story.no = no
    await story.does("clerk-jiaoyu", "accept", "2026-03-05 11:00")
    await story.does("clerk-jiaoyu", "contact", "2026-03-05 12:00", text="电话联系，约了当天去现场")
    await story.does("clerk-jiaoyu", "rectify", "2026-03-06 10:00", text="改为每天清运两次")
    await story.does("reception", "call_back", "2026-03-09 10:00", outcome="satisfied", text="回访时认可")
    await story.does("reception", "note", "2026-03-09 10:10", text="内部记录不给人看")
    story.no = own_no
    page = await page_of(story)
    for words in ("已经整改，回访时您认可", "约了当天去现场", "改为每天清运两次", "回访时认可"):
        assert words in page
    assert "内部记录" not in page and "整改结果告诉您" not in page
    assert no not in page


async def test_the_second_rating_says_that_it_is_the_second(story: Story) -> None:
    await answered(story)
    await story.does("citizen", "rate", "2026-03-05 10:00", level=3)
    page = await page_of(story)
    assert "追加评价" in page and "您已经评价“基本满意”，还可以追评一次" in page


async def test_a_withdrawal_is_confirmed_first(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="complaint")
    async with as_citizen(story) as browser:
        response = await browser.post("/case/acts/withdraw", data={"reason": "不用了"})
        assert response.status_code == 422
        assert response.text.count("请先勾选确认：撤回后不再办理，也不能恢复") == 2
        assert (await story.seen("citizen"))["status"] == "received"
        form = {"reason": "不用了", "confirm": "1"}
        assert (await browser.post("/case/acts/withdraw", data=form)).status_code == 303
    assert (await story.seen("citizen"))["status"] == "withdrawn"


async def test_a_right_to_review_shows_its_last_day_and_its_form(story: Story) -> None:
    await answered(story, "appeal")
    await story.does("clerk-jiaoyu", "deliver", "2026-03-05 10:00", day="2026-03-05", way="post")
    await story.does("citizen", "rate", "2026-03-06 10:00", level=2)
    card = part(await page_of(story), 'id="todo"')
    assert 'action="/case/acts/review"' in card and "2026 年 4 月 7 日（周二），含当天" in card


async def test_a_failed_look_up_keeps_what_was_typed(door: Door) -> None:
    async with aclosing(door.browser()) as browser:
        response = await browser.post("/lookup", data={"code": "1234 5678 9012", "check": "20260302-123456"})
    assert response.status_code == 422
    assert 'value="1234 5678 9012"' in response.text and 'value="20260302-123456"' in response.text


async def test_the_whole_mobile_number_is_as_good_as_its_last_digits(door: Door) -> None:
    receipt = await door.submit()
    phone = ANNAS_MESSAGE["person"]["phone"]
    async with aclosing(door.browser()) as browser:
        sent = await browser.post("/lookup", data={"code": receipt["code"], "check": phone})
        assert sent.status_code == 303
        wrong = await browser.post("/lookup", data={"code": receipt["code"], "check": phone[:-1] + "0"})
        assert wrong.status_code == 422


async def test_whoever_rates_is_asked_first_whether_it_was_solved_and_by_reasons_that_fit_a_case(story: Story) -> None:
    await answered(story)
    async with as_citizen(story) as browser:
        card = part((await browser.get("/case")).text, 'id="todo"')
        assert card.index('name="solved"') < card.index('name="level"')
        assert "没有人联系我" in card and "一窗受理" not in card and "审批条件" not in card
        form = {"solved": "unsolved", "level": "1", "tags": ["602", "641"]}
        assert (await browser.post("/case/acts/rate", data=form)).status_code == 303
        course = part((await browser.get("/case")).text, 'aria-labelledby="course"')
    assert "没有人联系我" in course and "未解决" in course and "问题解决了" not in course
    await story.door.drain()
    token = await story.door.log_in("supervisor")
    (row,) = (await story.door.get("/api/v1/desk/cases?kind=rectify", token)).json()["items"]
    story.no = row["no"]
    assert "没有人联系我" in (await story.seen("supervisor"))["text"]


async def test_a_service_is_not_rated_with_the_reasons_of_a_case(story: Story) -> None:
    matter = (await story.door.get("/api/v1/matters")).json()["items"][0]["code"]
    rating = {"matter": matter, "handling_no": "BJ-1", "level": 1, "tags": ["602"]}
    response = await story.door.post("/api/v1/ratings", rating)
    assert response.status_code == 422 and "tags" in response.json()["error"]["fields"]


async def test_whether_it_was_solved_is_one_of_three_answers(story: Story) -> None:
    await answered(story)
    response = await story.tries("citizen", "rate", level=2, solved="ja")
    assert response.status_code == 422 and "solved" in response.json()["error"]["fields"]
