"""Stories of what a citizen reads of time: the promise and their own rights, nothing between offices."""

import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2
import pytest

from feedback.rules.terms import TERMS, is_personal
from tests.flows.story import OPINION, Story
from tests.people import Door

OWN_LABELS = {term.label for term in TERMS if is_personal(term.code, term.holder)}
OWN_TERMS = {term.code for term in TERMS if is_personal(term.code, term.holder)}


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


@asynccontextmanager
async def as_citizen(story: Story) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that opened the case with its code and number."""
    async with aclosing(story.door.browser()) as browser:
        assert (await browser.post("/lookup", data={"code": story.code, "check": story.no})).status_code == 303
        yield browser


def clock_labels(page: str) -> set[str]:
    """The names of the clocks a page shows."""
    return set(re.findall(r'<span class="clock-label">([^<]+)</span>', page))


@pytest.mark.parametrize("kind", ["appeal", "complaint"])
async def test_a_receipt_names_the_promise_alone(story: Story, kind: str) -> None:
    receipt = await story.submit("2026-03-02 09:00", kind=kind)
    assert {clock["term"] for clock in receipt["clocks"]} == {"answer"}


@pytest.mark.parametrize("kind", ["appeal", "complaint"])
async def test_no_clock_between_offices_reaches_the_citizen(story: Story, kind: str) -> None:
    await story.submit("2026-03-02 09:00", kind=kind)
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu", units=["minzheng"])
    staff = {clock["term"] for clock in (await story.seen())["clocks"]}
    assert {"notify", "object", "co_reply"} <= staff
    assert {clock["term"] for clock in (await story.seen("citizen"))["clocks"]} == {"answer"}
    async with as_citizen(story) as browser:
        assert clock_labels((await browser.get("/case")).text) == {"给您答复"}
        answers = {
            clock["term"]: (await browser.get(f"/case/clocks/2/{clock['term']}")).status_code
            for clock in (await story.seen())["clocks"]
            if clock["term"] not in OWN_TERMS
        }
    assert set(answers.values()) == {404}


async def test_the_citizens_right_to_review_is_among_their_dates(story: Story) -> None:
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-03-03 10:00")
    await story.does("lead-jiaoyu", "reply", "2026-03-04 10:00", text="予以补发。", **OPINION)
    await story.does("clerk-jiaoyu", "deliver", "2026-03-05 10:00", day="2026-03-05", way="post")
    assert "ask_review" in {clock["term"] for clock in (await story.seen("citizen"))["clocks"]}
    async with as_citizen(story) as browser:
        assert clock_labels((await browser.get("/case")).text) == {"申请复查"}


async def test_whoever_asked_for_a_review_reads_until_when_it_is_decided(story: Story) -> None:
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-03-03 10:00")
    await story.does("lead-jiaoyu", "reply", "2026-03-04 10:00", text="不予补发。", **{**OPINION, "outcome": "reject"})
    await story.does("citizen", "review", "2026-03-05 10:00", reason="面积不对")
    async with as_citizen(story) as browser:
        assert clock_labels((await browser.get("/case")).text) == {"作出复查意见"}


async def test_the_slip_that_a_desk_hands_out_names_the_promise_alone(door: Door) -> None:
    visit: dict[str, Any] = {
        "kind": "complaint",
        "channel": "visit",
        "title": "路灯坏了",
        "text": "三号楼前的路灯坏了，请修理。",
    }
    token = await door.log_in("reception")
    receipt = (await door.post("/api/v1/cases", visit, token)).json()
    assert {clock["term"] for clock in receipt["clocks"]} == {"answer"}
    async with aclosing(await door.page_client("reception")) as desk:
        page = (await desk.get(f"/desk/register/{receipt['no']}")).text
    dues = re.findall(r"<li>([^<：]+)：[^<]*前</li>", page)
    assert dues and set(dues) <= OWN_LABELS


async def test_the_guide_promises_what_can_be_submitted_here_and_keeps_the_offices_terms_apart(door: Door) -> None:
    own, _, offices = (await door.get("/guide")).text.partition("各单位内部的时限")
    rows = re.findall(r'<th scope="row">([^<]+（[^<]+）)</th><td data-label="期限">([^<]+)</td>', own)
    answers = {label: length for label, length in rows if label.startswith("给您答复")}
    assert answers == {
        "给您答复（建议、申诉求决）": "90 日，经批准可以延长 30 日",
        "给您答复（咨询）": "4 个工作日，经批准可以延长 2 个工作日",
        "给您答复（投诉、求助、表扬）": "7 个工作日，经批准可以延长 10 个工作日",
        "给您答复（热线诉求，特急）": "4 小时",
        "给您答复（热线诉求，紧急）": "26 小时",
    }
    assert "派单（热线诉求）" in offices and "派单（热线诉求）" not in own
    assert "办结答复（申诉求决）" in offices and "办结答复（投诉、求助、表扬）" in offices
