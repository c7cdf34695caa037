"""Stories of a town with two desks: the petition office and the hotline centre, each with its own register and seal."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from feedback import letter_register
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.rules.access import SYSTEM
from tests.flows.story import Story
from tests.people import Door

PETITIONS = "reception-xinfang"


@pytest.fixture
async def story(settings: Settings) -> AsyncIterator[Story]:
    async with Door.opened(replace(settings, petition_desk="xinfang")) as door:
        yield Story(door)


async def desk_of(story: Story) -> str:
    """The desk that has the case."""
    return (await case_queries.load_file(SYSTEM, story.no, vault=story.door.settings.vault)).desk


@pytest.mark.parametrize(
    ("kind", "desk"), [("appeal", "xinfang"), ("suggest", "xinfang"), ("complaint", "rexian"), ("consult", "rexian")]
)
async def test_what_follows_the_petition_rules_comes_to_the_petition_office(story: Story, kind: str, desk: str) -> None:
    await story.submit("2026-03-02 09:00", kind=kind)
    assert await desk_of(story) == desk


async def test_each_desk_forwards_its_own_and_sees_nothing_of_the_others(story: Story) -> None:
    await story.submit("2026-03-02 09:00")
    assert (await story.tries("reception", "assign", unit="jiaoyu")).status_code == 404
    assert (await story.tries(PETITIONS, "assign", unit="jiaoyu")).status_code == 200
    await story.submit("2026-03-02 10:00", kind="complaint", title="路灯坏了", text="三号楼前的路灯坏了，请修理。")
    assert (await story.tries(PETITIONS, "assign", unit="jiaoyu")).status_code == 404
    assert (await story.tries("reception", "assign", unit="jiaoyu")).status_code == 200


async def test_art_22_the_petition_office_signs_and_numbers_what_it_forwards(story: Story) -> None:
    await story.submit("2026-03-02 09:00")
    await story.tries(PETITIONS, "assign", unit="jiaoyu")
    await story.door.drain()
    file = await case_queries.load_file(SYSTEM, story.no, vault=story.door.settings.vault)
    letters = {letter.code: letter for letter in await letter_register.list_letters(SYSTEM, file)}
    slip = letters["forward_slip"]
    assert (slip.unit, slip.facts["签发单位"]) == ("xinfang", "云川区信访局")
    assert "12345" not in slip.number


async def test_the_clock_of_forwarding_binds_the_desk_that_took_it_in(story: Story) -> None:
    for kind, desk, who in (("appeal", "xinfang", PETITIONS), ("complaint", "rexian", "reception")):
        await story.submit("2026-03-02 09:00", kind=kind)
        clocks = (await story.seen(who))["clocks"]
        assert {clock["unit"] for clock in clocks if clock["term"] == "forward"} == {desk}


async def test_a_visitor_is_registered_at_the_desk_where_they_stand(story: Story) -> None:
    token = await story.door.log_in(PETITIONS)
    visit = {"kind": "complaint", "channel": "visit", "title": "路灯坏了", "text": "三号楼前的路灯坏了，请修理。"}
    story.no = (await story.door.post("/api/v1/cases", visit, token)).json()["no"]
    assert await desk_of(story) == "xinfang"
