"""Stories of a district that has an ordinance of its own on the hotline, and of one that has none."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from feedback import letter_register
from feedback.kernel.errors import Invalid
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.rules import local_ordinances
from feedback.rules.access import SYSTEM
from tests.flows.story import Story
from tests.people import Door

OWN = '[[ordinance]]\nact = "hold"\nlaw = "云平市12345条例 第九条"\n[[ordinance]]\nact = "decline"\nlaw = "云平市12345条例 第三条"\n'


@pytest.fixture
async def story(settings: Settings, tmp_path: Path) -> AsyncIterator[Story]:
    """A district with its own ordinance; whoever starts next has none again."""
    rules = tmp_path / "local.toml"
    rules.write_text(OWN, "utf-8")
    async with Door.opened(replace(settings, promises=str(rules))) as door:
        yield Story(door)
    local_ordinances.activate_ordinances({})


async def cited(story: Story, code: str) -> str:
    """What a letter of the case cites."""
    await story.door.drain()
    file = await case_queries.load_file(SYSTEM, story.no, vault=story.door.settings.vault)
    letters = {letter.code: letter for letter in await letter_register.list_letters(SYSTEM, file)}
    return str(letters[code].facts["依据"])


async def order(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="complaint")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")


async def test_an_own_ordinance_takes_the_place_of_the_platforms_rule_and_stays_with_the_letter(story: Story) -> None:
    await order(story)
    await story.does("clerk-jiaoyu", "accept")
    await story.does("lead-jiaoyu", "ask_hold", reason="等规划批复", target_day="2026-04-01")
    await story.does("reception", "hold", reason="同意", target_day="2026-04-01")
    assert await cited(story, "hotline_hold") == "《云平市12345条例》第九条"
    local_ordinances.activate_ordinances({})
    assert await cited(story, "hotline_hold") == "《云平市12345条例》第九条"


async def test_an_own_ordinance_stands_beside_the_national_paper_of_a_refusal(story: Story) -> None:
    await order(story)
    ground = {"ground": "outside_duty", "reason": "属于买卖合同纠纷", "where_instead": "区人民法院"}
    await story.does("reception", "decline", **ground)
    paper, _, own = (await cited(story, "hotline_declined")).rpartition("、")
    assert "国办发〔2020〕53号" in paper and own == "《云平市12345条例》第三条"


async def test_no_ordinance_on_the_hotline_is_cited_to_a_petitioner(story: Story) -> None:
    await story.submit("2026-03-02 09:00")
    refusal = {"ground": "not_ours", "reason": "属于市级职权", "where_instead": "市信访局"}
    await story.does("reception", "decline", **refusal)
    assert "12345" not in await cited(story, "guide_notice")


async def test_the_public_list_of_steps_names_the_own_ordinance(story: Story) -> None:
    steps = (await story.door.get("/api/v1/law")).json()["steps"]
    laws = {step["law"] for step in steps if step["act"] == "hold"}
    assert laws == {"云平市12345条例 第九条"}
    assert "云平市12345条例 第九条" in (await story.door.get("/guide/law")).text


@pytest.mark.parametrize("row", ['act = "assign"\nlaw = "某条例 第一条"', 'act = "hold"', 'law = "某条例 第一条"'])
def test_a_row_that_names_no_step_of_the_hotline_or_no_article_is_refused(row: str) -> None:
    with pytest.raises(Invalid) as refused:
        local_ordinances.parse_ordinances(f"[[ordinance]]\n{row}\n")
    assert refused.value.fields == {"ordinance 1": "not_an_ordinance"}
