"""Stories of the leader's mailbox (第十七条) and of the roster: urgent matters are told to whoever is on duty now."""

from pathlib import Path

import pytest

from routing import directory
from routing.notices import inbox
from tests.flows.story import Story, at
from tests.flows.test_startup import run_command
from tests.people import Door

GAS = {"kind": "help", "title": "楼道有很重的煤气味", "text": "楼道煤气泄漏，有人晕倒，请马上来人。"}
ROSTER = "单位代码,姓名,从,至,账号,电话\nyingji,林夜,2026-03-02 18:00,2026-03-03 08:00,,0990-5550100\n"


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


async def words_for(who: str) -> list[str]:
    return [row["words"] for row in (await inbox.list_notices(await directory.load_actor(who)))[0]]


async def roster_of(story: Story, folder: Path, text: str) -> None:
    file = folder / "值班表.csv"
    file.write_text(text, "utf-8")
    taken = run_command(story.door.settings, "duty", str(file))
    assert taken.returncode == 0 and "收下 1 班" in taken.stdout, taken.stderr


async def test_art_17_a_letter_to_the_leader_has_a_number_and_a_list_of_its_own(story: Story) -> None:
    story.door.set_time(at("2026-03-02 09:00"))
    page = await story.door.page_client("reception")
    form = {"channel": "mailbox", "kind": "help", "title": "路灯坏了", "text": "村口路灯坏了一个月。", "key": "m" * 32}
    refused = await page.post("/desk/register", data=form)
    assert refused.status_code == 422 and "写给哪位领导" in refused.text
    taken = await page.post("/desk/register", data={**form, "leader": "县长"})
    assert taken.status_code == 303, taken.text
    story.no = taken.headers["location"].rsplit("/", 1)[-1]
    await story.door.drain()
    slip = next(letter for letter in (await story.seen())["letters"] if letter["code"] == "mailbox_slip")
    assert "信箱〔2026〕1号" in slip["number"]
    assert story.no in (await page.get("/desk?channel=mailbox")).text
    assert story.no not in (await page.get("/desk?channel=letter")).text
    await page.aclose()


async def test_an_urgent_matter_is_told_to_the_unit_on_duty_and_to_the_desk(story: Story, tmp_path: Path) -> None:
    unit = "quzhengfu"
    await roster_of(story, tmp_path, ROSTER.replace("yingji", unit))
    await story.submit("2026-03-02 23:00", **GAS)
    await story.door.drain()
    assert any("您正在值班" in words and story.no in words for words in await words_for(f"lead-{unit}"))
    assert not any("没有人值班" in words for words in await words_for("reception"))
    await story.submit("2026-03-03 23:00", **GAS)
    await story.door.drain()
    assert not any(story.no in words for words in await words_for(f"lead-{unit}") if "您正在值班" in words)
    assert any(story.no in words and "没有人值班" in words for words in await words_for("reception"))


async def test_a_roster_with_faults_is_not_taken_and_names_each(story: Story, tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    file.write_text("单位代码,姓名,从,至\nnobody,林夜,2026-03-02 18:00,2026-03-02 08:00\n", "utf-8")
    refused = run_command(story.door.settings, "duty", str(file))
    assert refused.returncode == 2
    assert "第 2 行" in refused.stderr and "要晚于开始时间" in refused.stderr and "什么都没有写入" in refused.stderr
