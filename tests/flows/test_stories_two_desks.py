"""Stories of a town with two desks: the petition office and the hotline centre, each with its own register and seal."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from evaluation.kpi import facts
from evaluation.kpi.facts import Question
from evaluation.periods import parse_month
from evaluation.publication import editions
from feedback import letter_register
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.queries import worklist
from feedback.rules.access import SYSTEM
from tests.bench import recompute_figures
from tests.flows.story import Story, at
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


async def test_figures_count_each_desk_for_itself(story: Story) -> None:
    """The petition office forwards one petition too late and has one left; the centre hands on in time what is not its."""
    await story.submit("2026-03-02 09:00")
    await story.tries(PETITIONS, "assign", "2026-03-20 09:00", unit="jiaoyu")
    await story.submit("2026-03-20 10:00", title="另一件", text="承包地的界址被邻村占了，请核实处理。")
    light = {"kind": "complaint", "title": "路灯坏了", "text": "三号楼前的路灯坏了，请修理。"}
    await story.submit("2026-03-23 09:00", **light)
    await story.tries("reception", "assign", "2026-03-23 10:00", unit="chengguan")
    await story.submit("2026-03-24 09:00", **{**light, "title": "反映信访件", "text": "上次的信访件一直没有答复我。"})
    await story.tries("reception", "transfer", "2026-03-24 10:00", desk="xinfang", reason="属于信访事项")
    await story.tries(PETITIONS, "assign", "2026-03-27 10:00", unit="jiaoyu")
    now = at("2026-04-01 09:00")
    counts = await facts.count_facts(Question(parse_month("2026-03"), now, 30))
    petitions, hotline = counts["xinfang"], counts["rexian"]
    assert (petitions["received"], petitions["forward_late_done"], petitions["late"]) == (1, 1, 2)
    assert (hotline.get("received", 0), hotline["on_time"], hotline.get("late", 0)) == (0, 2, 0)
    rows, _ = await editions.count_period("2026-03", now=now)
    assert {row.unit: row.late for row in rows if row.unit in ("xinfang", "rexian")} == {"xinfang": 2, "rexian": 0}
    lines, _ = await worklist.load_board(SYSTEM, now=now)
    assert {line["unit"]: line["open"] for line in lines}.get("rexian", 0) == 0
    assert await recompute_figures.find_differences(story.door.context, now) == []
