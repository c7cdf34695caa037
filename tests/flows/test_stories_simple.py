"""Stories of the simple procedure (信访事项简易办理办法（试行）, DECIDED: a setting, off by default): 3 and 10 working days, no extension."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from feedback.kernel.settings import Settings
from tests.flows.story import OPINION, Story, code_of
from tests.people import Door

SIMPLE = {"procedure": "simple"}
AFTER_SINCE = "2026-12-07 09:00"


@pytest.fixture
async def story(settings: Settings) -> AsyncIterator[Story]:
    async with Door.opened(replace(settings, simple_procedure=True)) as door:
        yield Story(door)


async def assigned(story: Story, **fields: Any) -> None:
    await story.submit(AFTER_SINCE, **fields)
    await story.does("reception", "assign", unit="nongye")


async def test_a_small_petition_is_taken_within_3_and_answered_within_10_working_days(story: Story) -> None:
    await story.submit(AFTER_SINCE)
    await story.does("reception", "assign", unit="nongye", **SIMPLE)
    assert await story.due("simple_notify") == "2026-12-10"
    await story.does("clerk-nongye", "accept", "2026-12-08 09:00", **SIMPLE)
    assert (await story.clock("simple_notify"))["state"] == "kept"
    assert await story.due("simple_resolve") == "2026-12-22"
    personal = {clock["term"] for clock in (await story.seen("citizen"))["clocks"]}
    assert personal == {"answer", "simple_resolve"}
    await story.does("lead-nongye", "reply", "2026-12-21 09:00", text="已补发。", **OPINION)
    assert (await story.clock("simple_resolve"))["state"] == "kept"
    await story.door.drain()
    assert "simple_accept_notice" in {letter["code"] for letter in (await story.seen("citizen"))["letters"]}


async def test_there_is_no_extension_until_it_is_ordinary_and_the_first_day_stays(story: Story) -> None:
    await assigned(story)
    await story.does("clerk-nongye", "accept", "2026-12-08 09:00", **SIMPLE)
    due = await story.due("resolve")
    assert not {"extend", "ask_extension"} & (await story.acts("lead-nongye") | await story.acts("clerk-nongye"))
    await story.does("clerk-nongye", "to_ordinary", "2026-12-15 09:00", reason="需要重新测量")
    assert (await story.clock("simple_resolve"))["state"] == "stopped"
    assert (await story.due("resolve"), due) == ("2027-02-09", "2027-02-09")
    assert {"extend"} <= await story.acts("lead-nongye")
    await story.door.drain()
    assert "to_ordinary_notice" in {letter["code"] for letter in (await story.seen("citizen"))["letters"]}


async def test_who_let_the_10_days_pass_does_not_turn_it_ordinary(story: Story) -> None:
    await assigned(story)
    await story.does("clerk-nongye", "accept", "2026-12-08 09:00", **SIMPLE)
    late = await story.tries("clerk-nongye", "to_ordinary", "2026-12-23 09:00", reason="复杂")
    assert code_of(late) == (409, "simple_expired")
    assert "to_ordinary" not in await story.acts("clerk-nongye")


async def test_after_3_working_days_or_for_what_is_not_small_it_is_ordinary(story: Story) -> None:
    await assigned(story)
    late = await story.tries("clerk-nongye", "accept", "2026-12-11 09:00", **SIMPLE)
    assert late.json()["error"]["fields"] == {"procedure": "收到已经超过 3 个工作日，按普通程序受理"}
    await story.does("clerk-nongye", "accept")
    for fields in ({"headcount": 30}, {"kind": "complaint"}, {"text": "房屋快要倒塌，有人被困，请马上救人。"}):
        await assigned(story, **fields)
        refused = await story.tries("clerk-nongye", "accept", **SIMPLE)
        assert set(refused.json()["error"]["fields"]) == {"procedure"}, fields


async def test_where_the_district_has_not_switched_it_on_nobody_is_offered_it(door: Door) -> None:
    story = Story(door)
    await assigned(story)
    refused = await story.tries("clerk-nongye", "accept", **SIMPLE)
    assert refused.json()["error"]["fields"] == {"procedure": "本区没有启用简易办理"}
    offers = {offer["act"]: offer["may"] for offer in (await story.seen("clerk-nongye"))["acts"]}
    assert "procedure" not in offers["accept"]
