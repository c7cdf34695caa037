"""The lawyer's stories: each a scene of one case through the doors, with the article that decides it in its name.

Years 2024 to 2026 have their notices of days off; stories that a rule of its own concerns stand in `test_stories_*.py`.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.flows.story import OPINION, Story, at, code_of
from tests.people import Door


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


async def assigned(story: Story, day: str = "2026-01-26", unit: str = "jiaoyu", **fields: Any) -> None:
    """Submitted at nine and assigned at ten of that day."""
    await story.submit(f"{day} 09:00", **fields)
    await story.does("reception", "assign", f"{day} 10:00", unit=unit)


async def test_art_22_a_petition_is_registered_and_forwarded_within_fifteen_days(story: Story) -> None:
    await story.submit("2026-01-26 09:00")
    assert await story.due("forward") == "2026-02-10"


@pytest.mark.parametrize(
    ("moment", "forward", "answer"),
    [
        ("2026-02-14 23:59:59", "2026-03-02", "2026-05-15"),  # a make-up Saturday; 1 March is a Sunday
        ("2026-02-15 00:00:00", "2026-03-02", "2026-05-18"),
    ],
)
async def test_civil_code_201_203_the_day_of_receipt_does_not_count_and_a_sunday_rolls(
    story: Story, moment: str, forward: str, answer: str
) -> None:
    await story.submit(moment)
    assert (await story.due("forward"), await story.due("answer")) == (forward, answer)


async def test_art_23_para_2_whoever_keeps_the_matter_notifies_within_fifteen_days_of_receipt(story: Story) -> None:
    await story.submit("2026-01-26 09:00")
    await story.does("reception", "assign", "2026-02-02 10:00", unit="rexian")
    assert await story.due("notify") == "2026-02-10"


async def test_art_23_para_3_the_unit_notifies_in_fifteen_days_and_objects_in_five_working_days(story: Story) -> None:
    await assigned(story)
    assert (await story.due("notify"), await story.due("object")) == ("2026-02-10", "2026-02-02")
    late = await story.tries("clerk-jiaoyu", "object", "2026-02-03 09:00", reason="不属于本单位职责")
    assert code_of(late) == (409, "objection_lapsed")
    itself = await story.tries("clerk-jiaoyu", "return", reason="不属于本单位职责")
    assert itself.status_code in (403, 409)


async def test_art_23_para_3_an_objection_that_is_refused_is_final(story: Story) -> None:
    await assigned(story)
    await story.does("clerk-jiaoyu", "object", "2026-01-28 09:00", reason="不属于本单位职责")
    await story.does("reception", "refuse_objection", "2026-01-29 09:00", reason="属于教育部门职责")
    assert (await story.tries("clerk-jiaoyu", "object", reason="还是不属于")).status_code == 409
    assert "return" not in await story.acts("clerk-jiaoyu")


async def test_art_22_item_3_a_commission_has_its_day_and_owes_a_report(story: Story) -> None:
    await story.submit("2026-01-26 09:00")
    without = await story.tries("reception", "assign", unit="jiaoyu", mode="commission")
    assert without.status_code == 422 and "target_day" in without.json()["error"]["fields"]
    await story.does("reception", "assign", unit="jiaoyu", mode="commission", target_day="2026-02-16")
    await story.does("clerk-jiaoyu", "accept", "2026-01-28 09:00")
    await story.does("clerk-jiaoyu", "progress", "2026-02-17 00:00", text="正在核实")
    assert (await story.clock("report_back"))["state"] == "late"


@pytest.mark.parametrize(("accepted", "due"), [("2026-01-26 11:00", "2026-03-27"), ("2026-03-10 09:00", "2026-05-09")])
async def test_art_34_sixty_days_from_acceptance_also_to_a_make_up_saturday(
    story: Story, accepted: str, due: str
) -> None:
    await assigned(story)
    await story.does("clerk-jiaoyu", "accept", accepted)
    assert await story.due("resolve") == due


async def test_art_34_the_head_extends_once_by_thirty_days_at_most(story: Story) -> None:
    await assigned(story)
    await story.does("clerk-jiaoyu", "accept", "2026-01-26 11:00")
    await story.does("clerk-jiaoyu", "progress", "2026-03-20 09:00", text="正在丈量")
    by_clerk = await story.tries("clerk-jiaoyu", "extend", reason="需要重新丈量", days=30)
    assert by_clerk.status_code in (403, 409)
    longer = await story.tries("lead-jiaoyu", "extend", reason="需要重新丈量", days=31)
    assert longer.status_code == 422 and "days" in longer.json()["error"]["fields"]
    await story.does("lead-jiaoyu", "extend", reason="需要重新丈量", days=30)
    clock = await story.clock("resolve")
    assert (clock["due_raw_day"], clock["due_legal_day"]) == ("2026-04-26", "2026-04-27")
    assert not {"extend", "ask_extension"} & (await story.acts("lead-jiaoyu") | await story.acts("clerk-jiaoyu"))
    for who, act in (("clerk-jiaoyu", "ask_extension"), ("lead-jiaoyu", "extend")):
        again = await story.tries(who, act, reason="再延", days=5)
        assert code_of(again) == (409, "extension_used")
        assert "已经延期一次" in again.json()["error"]["message"]


async def test_art_34_nothing_is_extended_after_its_end(story: Story) -> None:
    await assigned(story)
    await story.does("clerk-jiaoyu", "accept", "2026-01-26 11:00")
    late = await story.tries("lead-jiaoyu", "extend", "2026-03-28 00:00", reason="需要重新丈量", days=10)
    assert code_of(late) == (409, "extension_too_late")


async def test_art_34_three_levels_end_no_review_can_be_extended(story: Story) -> None:
    await assigned(story)
    await story.does("clerk-jiaoyu", "accept", "2026-01-26 11:00")
    await story.does("lead-jiaoyu", "reply", "2026-03-10 09:00", text="予以补发。", **OPINION)
    await story.does("clerk-jiaoyu", "deliver", "2026-03-17 09:00", day="2026-03-16", way="post")
    await story.does("citizen", "review", "2026-04-15 23:59", reason="面积仍然不对")
    assert await story.due("review") == "2026-05-15"
    await story.door.drain()
    reviewer = (await story.seen())["unit"]["code"]
    assert reviewer != "jiaoyu"
    assert (await story.tries("citizen", "review", reason="再请求一次")).status_code == 409
    await story.does(f"clerk-{reviewer}", "accept", "2026-04-16 09:00")
    extended = await story.tries(f"lead-{reviewer}", "extend", reason="复杂", days=10)
    assert extended.status_code == 409


async def test_art_35_the_right_ends_thirty_days_after_the_answer_was_delivered(story: Story) -> None:
    await assigned(story)
    await story.does("clerk-jiaoyu", "accept", "2026-01-26 11:00")
    early = await story.tries("clerk-jiaoyu", "deliver", day="2026-01-26", way="post")
    assert early.status_code in (409, 422)
    await story.does("lead-jiaoyu", "reply", "2026-03-10 09:00", text="予以补发。", **OPINION)
    await story.does("clerk-jiaoyu", "deliver", "2026-03-17 09:00", day="2026-03-16", way="post")
    assert await story.due("ask_review") == "2026-04-15"
    lapsed = await story.tries("citizen", "review", "2026-04-16 00:00", reason="面积仍然不对")
    assert code_of(lapsed) == (409, "right_lapsed")


async def test_art_19_a_petitioner_may_withdraw_before_the_answer_and_not_after(story: Story) -> None:
    await assigned(story)
    assert (await story.does("citizen", "withdraw", reason="已经协商解决"))["status"] == "withdrawn"
    await assigned(story)
    await story.does("clerk-jiaoyu", "accept", "2026-01-26 11:00")
    await story.does("lead-jiaoyu", "reply", "2026-03-10 09:00", text="予以补发。", **OPINION)
    assert (await story.tries("citizen", "withdraw", reason="不要了")).status_code == 409


@pytest.mark.parametrize(("count", "status"), [(5, 201), (6, 422)])
async def test_art_20_five_speak_for_many_and_no_more(door: Door, count: int, status: int) -> None:
    people = [{"name": f"代表{number}", "phone": f"1390000{number:04}"} for number in range(count)]
    body = {
        "kind": "appeal",
        "title": "安置房迟迟没有交付",
        "text": "我们小区三百户的安置房逾期两年没有交付。",
        "channel": "web",
        "person": people[0],
        "representatives": [*people[1:], {"name": "代表末", "phone": "13900009999"}],
        "headcount": 300,
    }
    response = await door.post("/api/v1/cases", body)
    assert response.status_code == status, response.text
    if status == 422:
        assert "第二十条" in response.text


async def test_art_23_nobody_is_owed_a_notice_who_left_no_name(story: Story) -> None:
    await story.submit("2026-01-26 09:00", anonymous=True, person=None)
    case = await story.does("reception", "assign", "2026-01-26 10:00", unit="jiaoyu")
    assert "notify" not in {clock["term"] for clock in case["clocks"]}


async def test_art_24_each_desk_has_its_own_fifteen_days_and_the_petitioners_clock_runs_on(story: Story) -> None:
    await story.submit("2026-01-26 09:00")
    promised = await story.due("answer")
    case = await story.tries("reception", "transfer", "2026-02-02 09:00", desk="jd-qinghe", reason="属地管理")
    assert case.status_code == 200
    own = await story.seen("citizen")
    answers = [clock for clock in own["clocks"] if clock["term"] == "answer"]
    assert [(clock["due_legal_day"], clock["state"]) for clock in answers] == [(promised, "running")]


async def test_53_an_order_is_signed_in_a_working_day_contacted_in_one_and_answered_in_five(story: Story) -> None:
    await assigned(story, "2026-01-30", kind="complaint")  # a Friday
    assert await story.due("notify") == "2026-02-02"
    await story.does("clerk-jiaoyu", "accept", "2026-01-30 11:00")
    assert (await story.due("contact"), await story.due("resolve")) == ("2026-02-02", "2026-02-06")


async def test_53_head_and_centre_extend_an_order_and_the_centre_by_no_more_than_the_head(story: Story) -> None:
    await assigned(story, "2026-01-26", kind="complaint")
    await story.does("clerk-jiaoyu", "accept", "2026-01-26 11:00")
    assert await story.due("resolve") == "2026-02-02"
    eleven = await story.tries("lead-jiaoyu", "endorse_extension", reason="等配件", days=11)
    assert eleven.status_code == 422
    await story.does("lead-jiaoyu", "endorse_extension", reason="等配件", days=8)
    ten = await story.tries("reception", "extend", reason="等配件", days=10)
    assert ten.status_code == 422
    await story.does("reception", "extend", reason="等配件", days=8)
    assert await story.due("resolve") == "2026-02-12"
    for who, act in (("clerk-jiaoyu", "ask_extension"), ("lead-jiaoyu", "endorse_extension")):
        assert act not in await story.acts(who)
        assert code_of(await story.tries(who, act, reason="还要等", days=2)) == (409, "extension_used")
    assert (await story.clock("decide_extension"))["state"] == "kept"


async def test_53_a_question_is_answered_in_four_working_days_over_the_spring_festival(story: Story) -> None:
    await story.submit("2026-02-13 09:00", kind="consult")
    # 14 February is a make-up Saturday; the Festival lasts from the 15th to the 23rd.
    assert await story.due("answer") == "2026-02-26"


async def test_53_an_order_on_account_resumes_and_has_its_five_days_anew(story: Story) -> None:
    await assigned(story, "2026-01-26", kind="complaint")
    await story.does("clerk-jiaoyu", "accept", "2026-01-26 11:00")
    by_clerk = await story.tries("clerk-jiaoyu", "ask_hold", reason="等规划批复", target_day="2026-03-02")
    assert by_clerk.status_code in (403, 409)
    await story.does("lead-jiaoyu", "ask_hold", reason="等规划批复", target_day="2026-03-02")
    case = await story.does("reception", "hold", reason="同意", target_day="2026-03-02")
    assert case["status"] == "held"
    await story.does("clerk-jiaoyu", "resume", "2026-03-02 09:00", reason="批复已到")
    assert await story.due("resolve") == "2026-03-09"


async def test_53_the_citizens_own_clock_comes_back_with_an_order_that_was_on_account(story: Story) -> None:
    await assigned(story, "2026-11-30", kind="complaint")  # a Monday
    promised = await story.due("answer")
    await story.does("clerk-jiaoyu", "accept", "2026-12-01 11:00")
    await story.does("lead-jiaoyu", "ask_hold", "2026-12-02 09:00", reason="等规划批复", target_day="2026-12-14")
    await story.does("reception", "hold", "2026-12-02 10:00", reason="同意", target_day="2026-12-14")
    assert (await story.clock("answer"))["state"] == "stopped"
    await story.does("clerk-jiaoyu", "resume", "2026-12-14 09:00", reason="批复已到")
    clock = await story.clock("answer")
    # Six of seven working days were left on the 2nd, the 2nd with them; they begin anew after the 14th.
    assert (promised, clock["state"], clock["due_legal_day"]) == ("2026-12-09", "running", "2026-12-22")


async def test_53_an_urgent_promise_runs_on_by_the_hour_after_the_account(story: Story) -> None:
    urgent = {"kind": "help", "title": "楼道里煤气泄漏", "text": "楼道里煤气味非常重，燃气泄漏了，快来人。"}
    await story.submit("2026-11-30 09:00", **urgent)
    await story.does("reception", "assign", "2026-11-30 09:10", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept", "2026-11-30 09:20")
    await story.does("lead-jiaoyu", "ask_hold", "2026-11-30 09:30", reason="等燃气公司关阀", target_day="2026-12-01")
    await story.does("reception", "hold", "2026-11-30 10:00", reason="同意", target_day="2026-12-01")
    await story.does("clerk-jiaoyu", "resume", "2026-11-30 12:00", reason="已关阀")
    due_at = datetime.fromisoformat((await story.clock("answer"))["due_at"])
    assert abs(due_at - at("2026-11-30 15:00")) < timedelta(minutes=1)  # the clock of the scene goes on by itself


async def test_34_that_somebody_agrees_is_no_reason_to_tell_the_citizen(story: Story) -> None:
    await assigned(story)
    await story.does("clerk-jiaoyu", "accept", "2026-01-26 11:00")
    bare = await story.tries("lead-jiaoyu", "extend", reason="同意。", days=10)
    assert bare.status_code == 422 and "不是原因" in bare.json()["error"]["fields"]["reason"]
    await story.does("clerk-jiaoyu", "ask_extension", reason="需要重新丈量", days=10)
    await story.does("lead-jiaoyu", "extend", reason="同意", days=10)
    timeline = (await story.seen("citizen"))["timeline"]
    assert [entry["text"] for entry in timeline if entry["act"] == "extend"] == ["需要重新丈量"]


async def test_an_urgent_matter_runs_by_the_hour_through_the_spring_festival(story: Story) -> None:
    fields = {
        "kind": "help",
        "title": "楼道里煤气泄漏",
        "text": "我们单元楼道里煤气味非常重，有人头晕，燃气泄漏了，快来人。",
    }
    receipt = await story.submit("2026-02-17 00:00", **fields)
    answers = [clock for clock in receipt["clocks"] if clock["term"] == "answer"]
    assert [clock["due_at"][:16] for clock in answers] == ["2026-02-17T04:00"]


async def test_returns_are_bounded_and_then_the_desk_designates(story: Story) -> None:
    await assigned(story, "2026-01-26", kind="complaint")
    for unit in ("minzheng", "jiaoyu"):
        await story.does(f"clerk-{(await story.seen())['unit']['code']}", "return", reason="不属于本单位职责")
        await story.does("reception", "assign", unit=unit)
    third = await story.tries("clerk-jiaoyu", "return", reason="不属于本单位职责")
    assert third.status_code == 409


async def test_art_24_a_co_unit_that_is_silent_is_late_and_keeps_nobody_from_answering(story: Story) -> None:
    await assigned(story)
    await story.does("clerk-jiaoyu", "accept", "2026-01-26 11:00")
    await story.does("clerk-jiaoyu", "co_assign", units=["minzheng"], task="核实低保情况")
    await story.does("clerk-jiaoyu", "progress", "2026-03-09 09:00", text="等协办意见")
    assert (await story.clock("co_reply"))["state"] == "late"
    await story.does("lead-jiaoyu", "reply", text="予以补发。", **OPINION)


async def test_art_30_a_report_is_seen_by_nobody_it_is_about(story: Story, door: Door) -> None:
    fields = {"title": "举报教育局科长收受礼金", "text": "区教育局某科长收受学校礼金，请查处。"}
    await story.submit("2026-01-26 09:00", kind="report", **fields)
    await door.drain()
    for who in ("clerk-jiaoyu", "lead-jiaoyu", "auditor", "admin"):
        response = await door.get(f"/api/v1/cases/{story.no}", await door.log_in(who))
        assert response.status_code == 404, who
    if (await story.seen())["status"] == "received":
        barred = await story.tries("reception", "assign", unit="jiaoyu")
        assert barred.status_code == 422


@pytest.mark.parametrize(
    ("moment", "due"),
    [("2024-02-28 09:00", "2024-03-14"), ("2024-02-14 09:00", "2024-02-29"), ("2028-02-14 09:00", "2028-02-29")],
)
async def test_civil_code_the_leap_day_is_a_day(story: Story, moment: str, due: str) -> None:
    await story.submit(moment)
    assert await story.due("forward") == due
