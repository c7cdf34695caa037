"""Stories of units that are merged or dissolved (第二十四条第二款): their matters go on, with the days they had."""

import pytest

from routing import directory
from tests.flows.story import OPINION, Story
from tests.flows.test_startup import run_command
from tests.people import Door
from web.actions import units


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


async def closed(story: Story, code: str = "nongye", successor: str = "ziran") -> units.ClosedUnit:
    """The agriculture office is merged into that of natural resources."""
    return await units.close_unit(story.door.context, code, successor)


async def in_hand(story: Story) -> None:
    """A petition that the agriculture office has taken up."""
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", unit="nongye")
    await story.does("clerk-nongye", "accept", "2026-03-03 09:00")


async def test_art_24_the_successor_goes_on_with_the_days_the_closed_unit_had(story: Story) -> None:
    await in_hand(story)
    due = await story.due("resolve")
    assert (await closed(story)).moved == 1
    case = await story.seen("citizen")
    assert (case["unit"]["code"], case["status"]) == ("ziran", "accepted")
    resolve = await story.clock("resolve")
    assert (resolve["unit"], resolve["due_legal_day"], resolve["state"]) == ("ziran", due, "running")
    assert "succeed" in {entry["act"] for entry in case["timeline"]}
    assert (await directory.load_actor("lead-nongye")).unit == "ziran"  # its people went with its matters
    answered = await story.does("lead-ziran", "reply", text="重新核算，补发两亩。", **OPINION)
    assert answered["status"] == "replied"


async def test_art_24_a_closed_unit_gets_nothing_new_and_keeps_its_name_in_old_files(story: Story) -> None:
    name = (await directory.load_directory()).name("nongye")
    await closed(story)
    await story.submit("2026-03-02 09:00")
    refused = await story.tries("reception", "assign", unit="nongye")
    assert set(refused.json()["error"]["fields"]) == {"unit"}
    names = await directory.load_directory()
    assert names.name("nongye") == name
    assert all("nongye" not in (row.lead, *row.co) for row in names.rows)


async def test_art_24_a_helping_unit_is_succeeded_too(story: Story) -> None:
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-03-03 09:00")
    await story.does("lead-jiaoyu", "co_assign", units=["nongye"], task="核对承包面积")
    due = await story.due("co_reply")
    await closed(story)
    helping = await story.clock("co_reply")
    assert (helping["unit"], helping["due_legal_day"]) == ("ziran", due)
    await story.does("clerk-ziran", "co_reply", text="面积已核对。")


async def test_art_35_what_a_closed_unit_decided_is_reviewed_above_its_successor(story: Story) -> None:
    await in_hand(story)
    await story.does("lead-nongye", "reply", text="面积无误。", **OPINION)
    await closed(story)
    await story.does("citizen", "review", reason="少算两亩")
    own = await story.tries("reception", "assign", unit="ziran")
    assert set(own.json()["error"]["fields"]) == {"unit"}
    await story.door.drain()
    assert (await story.seen())["unit"]["code"] == "quzhengfu"


async def test_art_24_what_comes_back_to_a_closed_unit_goes_to_its_successor(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="complaint")
    await story.does("reception", "assign", unit="nongye")
    await story.does("clerk-nongye", "accept")
    await story.does("clerk-nongye", "reply", text="已办理。")
    await story.does("reception", "call_back", outcome="satisfied", text="已回访")
    await closed(story)
    await story.does("citizen", "rate", level=1, text="根本没有办")
    await story.does("citizen", "reopen", reason="根本没有办")
    await story.door.drain()
    assert (await story.seen())["unit"]["code"] == "ziran"


async def test_the_command_closes_a_unit_once_and_says_what_it_did(story: Story) -> None:
    await in_hand(story)
    done = run_command(story.door.settings, "unit", "close", "nongye", "--successor", "ziran")
    assert done.returncode == 0 and "1 件移交 ziran" in done.stdout, done.stderr
    other = run_command(story.door.settings, "unit", "close", "nongye", "--successor", "jiaoyu")
    assert other.returncode == 2 and "承继单位是另一个" in other.stderr
    main = run_command(story.door.settings, "unit", "close", "rexian", "--successor", "xinfang")
    assert main.returncode == 2 and "XINQIAO_DESK" in main.stderr
