"""Stories of exits: nobody ends a matter alone, and whoever is refused keeps a way on."""

from contextlib import aclosing
from typing import Any

import pytest

from tests.flows.story import OPINION, Story, code_of
from tests.people import Door

NOT_OURS = {"ground": "not_ours", "reason": "该路段属市级管养", "where_instead": "市公路中心 0510-12345"}
OUTSIDE = {"ground": "outside_duty", "reason": "属于买卖合同纠纷", "where_instead": "区人民法院诉讼服务中心"}


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


async def order(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="complaint")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")


async def petition(story: Story) -> None:
    await story.submit("2026-03-02 09:00")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="jiaoyu")


@pytest.mark.parametrize("who", ["clerk-jiaoyu", "lead-jiaoyu"])
async def test_53_a_unit_asks_and_only_the_centre_refuses_an_order(story: Story, who: str) -> None:
    await order(story)
    assert (await story.tries(who, "decline", **OUTSIDE)).status_code == 403
    without = await story.tries(who, "ask_decline", reason="不想办", where_instead="别处")
    assert (without.status_code, set(without.json()["error"]["fields"])) == (422, {"ground"})
    case = await story.does(who, "ask_decline", **OUTSIDE)
    assert case["status"] == "assigned"
    assert (await story.clock("answer"))["state"] == "running"
    assert "ask_decline" not in {entry["act"] for entry in (await story.seen("citizen"))["timeline"]}
    refused = await story.does("reception", "refuse_decline", reason="属于教育部门职责")
    assert refused["status"] == "assigned"
    await story.does("clerk-jiaoyu", "accept")


async def test_53_the_desk_sees_what_the_unit_wrote_when_it_decides(story: Story, door: Door) -> None:
    await order(story)
    await story.does("clerk-jiaoyu", "ask_decline", **OUTSIDE)
    async with aclosing(await door.page_client("reception")) as desk:
        page = (await desk.get(f"/desk/cases/{story.no}")).text
    assert "属于买卖合同纠纷" in page and "区人民法院诉讼服务中心" in page
    case = await story.does("reception", "decline", **OUTSIDE)
    assert case["status"] == "declined"


async def test_art_23_a_clerk_asks_and_the_organs_head_signs_that_a_petition_is_not_accepted(story: Story) -> None:
    await petition(story)
    assert (await story.tries("clerk-jiaoyu", "decline", **NOT_OURS)).status_code == 403
    await story.does("clerk-jiaoyu", "ask_decline", **NOT_OURS)
    assert (await story.does("lead-jiaoyu", "decline", **NOT_OURS))["status"] == "declined"


async def test_art_44_whoever_was_refused_has_it_looked_at_again_once_and_the_clock_runs_from_receipt(
    story: Story,
) -> None:
    await order(story)
    promised = await story.due("answer")
    await story.does("reception", "decline", "2026-03-03 09:00", **OUTSIDE)
    assert (await story.clock("answer"))["state"] == "kept"
    assert "contest" in await story.acts()
    case = await story.does("citizen", "contest", "2026-03-04 09:00", reason="是学校收的钱，不是买卖")
    assert (case["status"], case["unit"]) == ("received", None)
    clock = await story.clock("answer")
    assert (clock["state"], clock["due_legal_day"]) == ("running", promised)
    await story.does("reception", "decline", "2026-03-05 09:00", **OUTSIDE)
    assert (await story.tries("citizen", "contest", reason="还是不服")).status_code == 409


async def test_art_44_the_superior_corrects_a_refusal_and_nobody_kept_a_clock_by_it(story: Story) -> None:
    await petition(story)
    await story.does("lead-jiaoyu", "decline", "2026-03-03 09:00", **NOT_OURS)
    case = await story.does("supervisor", "overturn", "2026-03-04 09:00", reason="属于教育部门职责")
    assert case["status"] == "received"
    assert {clock["state"] for clock in case["clocks"] if clock["term"] == "notify"} == {"stopped"}
    assert (await story.clock("answer"))["state"] == "running"


async def test_returns_are_bounded_and_no_refusal_walks_around_them(story: Story) -> None:
    await order(story)
    await story.does("clerk-jiaoyu", "return", reason="不属于本单位职责")
    await story.does("reception", "assign", unit="jiaoyu", designated=True)
    walked = await story.tries("clerk-jiaoyu", "ask_decline", **OUTSIDE)
    assert (walked.status_code, set(walked.json()["error"]["fields"])) == (422, {"ground"})
    assert "指定" in walked.text


async def test_art_31_a_clerk_asks_and_the_head_leads_a_petition_to_another_procedure(story: Story) -> None:
    await petition(story)
    route: dict[str, Any] = {"legal_route": "r2", "text": "请向劳动人事争议仲裁委员会申请仲裁。"}
    assert (await story.tries("clerk-jiaoyu", "divert", **route)).status_code == 403
    await story.does("clerk-jiaoyu", "ask_divert", **route)
    assert (await story.does("lead-jiaoyu", "divert", **route))["status"] == "diverted"
    assert "contest" in await story.acts()


async def test_art_35_no_desk_refuses_a_review(story: Story) -> None:
    await petition(story)
    await story.does("clerk-jiaoyu", "accept")
    await story.does("lead-jiaoyu", "reply", text="不予补发。", **{**OPINION, "outcome": "reject"})
    await story.does("citizen", "review", reason="面积不对")
    await story.door.drain()
    refusal = {"ground": "review_not_due", "reason": "不需要复查", "where_instead": "无"}
    assert (await story.tries("reception", "decline", **refusal)).status_code == 403
    assert "decline" not in await story.acts("reception")


async def test_51_the_handling_unit_never_closes_and_a_bad_rating_after_closing_reopens(story: Story) -> None:
    await order(story)
    await story.does("clerk-jiaoyu", "accept")
    await story.does("clerk-jiaoyu", "reply", text="已安排人员到现场疏导，每天早晚各一次。")
    assert (await story.tries("clerk-jiaoyu", "close")).status_code == 403
    await story.does("reception", "close")
    assert "reopen" not in await story.acts()
    await story.does("citizen", "rate", level=1, tags=[])
    assert "reopen" in await story.acts()


async def test_no_refusal_is_decided_by_somebody_who_may_not_see_the_case(story: Story) -> None:
    await order(story)
    assert code_of(await story.tries("clerk-minzheng", "ask_decline", **OUTSIDE)) == (404, "not_found")
