"""Stories of calls: the unit that must call somebody sees the number, and owes no call to who hides it from the unit."""

import pytest

from tests.flows.story import Story
from tests.people import ANNAS_MESSAGE, Door

PHONE = ANNAS_MESSAGE["person"]["phone"]


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


async def accepted(story: Story, **fields: object) -> None:
    """An order that a unit took on, under the rules from the last day of November."""
    await story.submit("2026-12-01 09:00", kind="complaint", **fields)
    await story.does("reception", "assign", "2026-12-01 10:00", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-12-01 11:00")


async def running(story: Story, no: str, who: str) -> set[str]:
    """The terms that run in a case as somebody sees it."""
    response = await story.door.get(f"/api/v1/cases/{no}", await story.door.log_in(who))
    return {clock["term"] for clock in response.json()["clocks"] if clock["state"] == "running"}


async def rectification(story: Story, *, anonymous: bool) -> str:
    """The number of the file that a bad rating of the answered order opened."""
    await story.does("clerk-jiaoyu", "reply", text="已安排人员到现场疏导，每天早晚各一次。")
    await story.does("citizen", "rate", "2026-12-02 09:00", level=1, tags=[], anonymous=anonymous)
    await story.door.drain()
    listed = await story.door.get("/api/v1/desk/cases?kind=rectify", await story.door.log_in("clerk-jiaoyu"))
    (case,) = listed.json()["items"]
    return str(case["no"])


async def test_the_unit_sees_whom_it_must_call(story: Story) -> None:
    await accepted(story)
    assert (await story.seen("clerk-jiaoyu"))["person"]["phone"] == PHONE
    assert await story.due("contact") == "2026-12-02"


async def test_no_call_is_owed_to_who_is_unknown_to_the_unit(story: Story) -> None:
    await accepted(story, anonymous=True)
    assert (await story.seen("clerk-jiaoyu"))["person"]["name"] == "匿名"
    assert "contact" not in await running(story, story.no, "clerk-jiaoyu")
    assert (await story.seen("reception"))["person"]["phone"] == PHONE


async def test_shanghai_art_30_who_rates_by_name_is_called_by_the_rated_unit(story: Story) -> None:
    await accepted(story)
    no = await rectification(story, anonymous=False)
    assert "verify" in await running(story, no, "clerk-jiaoyu")
    response = await story.door.get(f"/api/v1/cases/{no}", await story.door.log_in("clerk-jiaoyu"))
    assert response.json()["person"]["phone"] == PHONE


async def test_who_rates_anonymously_is_not_called_by_the_rated_unit(story: Story) -> None:
    await accepted(story)
    no = await rectification(story, anonymous=True)
    assert "verify" not in await running(story, no, "clerk-jiaoyu")
    assert "rectify" in await running(story, no, "clerk-jiaoyu")
