"""Stories of a petitioner who dies: the heir goes on with the days there were, or the matter is ended on a ground."""

import io

import pytest
from docx import Document

from tests.flows.story import OPINION, Story
from tests.people import Door

HEIR = {"party_name": "安大山", "party_phone": "13911113333", "relation": "长子", "proof": "死亡证明、户口簿、公证书"}
NO_HEIR = {"ground": "died_without_heir", "reason": "村委会出具死亡证明，没有近亲属"}


@pytest.fixture
async def story(door: Door) -> Story:
    story = Story(door)
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", unit="nongye")
    await story.does("clerk-nongye", "accept", "2026-03-03 09:00")
    return story


async def test_an_heir_goes_on_with_the_matter_and_its_days(story: Story) -> None:
    due = await story.due("resolve")
    case = await story.does("clerk-nongye", "inherit", "2026-03-10 09:00", **HEIR)
    assert (case["status"], await story.due("resolve")) == ("accepted", due)
    assert [(party["role"], party["name"]) for party in case["beside"]] == [("heir", "安大山")]
    assert "安大山" not in str(case["timeline"])
    answer = await story.door.client.post("/lookup", data={"code": story.code, "check": "3333"})
    assert answer.status_code == 303


async def test_art_1122_letters_after_the_death_are_addressed_to_the_heir(story: Story) -> None:
    await story.does("clerk-nongye", "inherit", "2026-03-10 09:00", **HEIR)
    await story.does("lead-nongye", "reply", text="补发两亩。", **OPINION)
    await story.door.drain()
    letter = next(row for row in (await story.seen("lead-nongye"))["letters"] if row["code"] == "opinion")
    token = await story.door.log_in("lead-nongye")
    content = (await story.door.get(f"/api/v1/cases/{story.no}/letters/{letter['id']}.docx", token)).content
    assert "安大山（承继人" in "".join(paragraph.text for paragraph in Document(io.BytesIO(content)).paragraphs)


async def test_a_matter_is_ended_by_the_head_on_a_ground_and_no_clock_runs_on(story: Story) -> None:
    assert (await story.tries("clerk-nongye", "terminate", **NO_HEIR)).status_code == 403
    for ground in ("", "not_ours"):
        refused = await story.tries("lead-nongye", "terminate", ground=ground, reason="已去世")
        assert set(refused.json()["error"]["fields"]) == {"ground"}
    case = await story.does("lead-nongye", "terminate", **NO_HEIR)
    assert case["status"] == "terminated"
    assert not [clock["term"] for clock in case["clocks"] if clock["state"] == "running"]


async def test_the_family_may_have_the_end_looked_at_again_and_the_clock_runs_from_receipt(story: Story) -> None:
    due = await story.due("answer")
    await story.does("lead-nongye", "terminate", **NO_HEIR)
    case = await story.does("citizen", "contest", reason="我是女儿，要求继续")
    answer = await story.clock("answer")
    assert (case["status"], answer["state"], answer["due_legal_day"]) == ("received", "running", due)
