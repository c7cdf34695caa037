"""Stories of 越级 (第二十条), 积案 and 包案: markers that supervisors and the desk set, that lists and the year's report show."""

import pytest

from tests.flows.story import Story
from tests.people import Door

LED = {"marker": "led", "leader_name": "高远", "leader_post": "副区长", "since_day": "2026-03-03"}


@pytest.fixture
async def story(door: Door) -> Story:
    story = Story(door)
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", unit="nongye")
    await story.does("clerk-nongye", "accept", "2026-03-03 09:00")
    return story


async def test_art_20_the_desk_marks_what_came_over_the_level_and_lists_it(story: Story) -> None:
    case = await story.does("reception", "set_marker", marker="over_level", reason="未向有权处理的机关提出")
    assert case["markers"] == ["over_level"]
    assert (await story.seen("citizen"))["markers"] == []
    assert "set_marker" not in {entry["act"] for entry in (await story.seen("citizen"))["timeline"]}
    token = await story.door.log_in("reception")
    rows = (await story.door.get("/api/v1/desk/cases?marker=over_level", token)).json()["items"]
    assert [(row["no"], row["markers"]) for row in rows] == [(story.no, ["over_level"])]
    assert (await story.door.get("/api/v1/desk/cases?marker=led", token)).json()["total"] == 0
    again = await story.tries("supervisor", "set_marker", marker="over_level")
    assert again.json()["error"]["fields"] == {"marker": "已经有这个标记"}
    lifted = await story.does("supervisor", "lift_marker", marker="over_level", reason="核实是向上一级提出")
    assert lifted["markers"] == []


async def test_art_40_a_unit_marks_no_old_case_and_a_leader_in_charge_has_name_post_and_day(story: Story) -> None:
    refused = await story.tries("clerk-nongye", "set_marker", marker="long_standing")
    assert set(refused.json()["error"]["fields"]) == {"marker"}
    incomplete = await story.tries("supervisor", "set_marker", marker="led", leader_name="高远")
    assert set(incomplete.json()["error"]["fields"]) == {"leader_post", "since_day"}
    later = await story.tries("supervisor", "set_marker", **{**LED, "since_day": "2026-03-04"})
    assert set(later.json()["error"]["fields"]) == {"since_day"}
    case = await story.does("supervisor", "set_marker", **LED)
    assert case["markers"] == ["led"]
    page = await story.door.page_client("supervisor")
    html = (await page.get(f"/desk/cases/{story.no}")).text
    assert "高远（副区长），2026年3月3日" in html.replace(" ", "")
    report = (await page.get("/board/report?year=2026")).text
    assert "按标记" in report and "领导包案" in report
    await page.aclose()
