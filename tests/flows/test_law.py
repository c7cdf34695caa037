"""Steps of the law through the door: late objections, desks, accounts, recusal, reports back."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from feedback import jobs
from feedback.kernel import outbox
from feedback.kernel.clock import OFFICE_TIMEZONE, office_day, to_utc
from feedback.kernel.errors import Forbidden, Invalid, NotFound, NotNow
from feedback.queries import cases as case_queries
from feedback.queries import statistics as case_statistics
from feedback.queries import supervision
from feedback.record import calendar_editions, cases
from feedback.rules import access
from feedback.rules.access import SYSTEM, citizen
from feedback.rules.clocks import ClockState
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import Act, Status
from feedback.rules.workdays import DayRow
from routing import directory
from routing.notices import inbox
from tests.flows.story import OPINION
from tests.moments import MONDAY
from web import bootstrap
from web.actions import cases as case_actions
from web.context import AppContext

HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(milliseconds=1)


async def opened(context: AppContext, kind: str = "appeal", **more: Any) -> str:
    draft = Submission(
        kind=kind,
        title="学校门口拥堵",
        text="早晚高峰车辆乱停，孩子过马路危险。",
        channel="web",
        desk="rexian",
        person=PersonSubmission("安小娜", "13900001234"),
        **more,
    )
    return (await cases.submit(draft, citizen(""), now=MONDAY, vault=context.settings.vault)).no


async def does(no: str, who: str, act: Act, after: timedelta, **data: Any) -> Status:
    actor = citizen(no) if who == "citizen" else await directory.load_actor(who)
    return await cases.act(no, act, actor, data, now=MONDAY + after)


async def file(context: AppContext, no: str) -> CaseFile:
    return await case_queries.load_file(SYSTEM, no, vault=context.settings.vault)


async def test_an_objection_goes_back_only_with_the_desks_consent_and_no_clock_of_the_citizen_stops(
    context: AppContext,
) -> None:
    no = await opened(context)
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
    own = [c for c in (await file(context, no)).clocks if c.term == "answer"]
    await does(no, "clerk-jiaoyu", Act.OBJECT, DAY, reason="不属于本单位")
    assert (await file(context, no)).status is Status.ASSIGNED
    assert await does(no, "reception", Act.RETURN, 2 * DAY, reason="核实同意") is Status.RECEIVED
    assert [c for c in (await file(context, no)).clocks if c.term == "answer"] == own


@pytest.mark.parametrize(
    ("kind", "act", "code", "after"),
    [
        ("appeal", Act.OBJECT, "objection_lapsed", 9 * DAY),
        ("complaint", Act.RETURN, "return_lapsed", 3 * DAY),
    ],
)
async def test_a_right_is_offered_until_it_lapses_and_refused_from_then_on(
    context: AppContext, kind: str, act: Act, code: str, after: timedelta
) -> None:
    no = await opened(context, kind)
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
    clerk = await directory.load_actor("clerk-jiaoyu")
    seen = await case_queries.load_file(clerk, no, vault=context.settings.vault)
    (right,) = [c for c in seen.clocks if c.term == "object"]
    for moment, is_open in ((right.due_at - TICK, True), (right.due_at, False), (MONDAY + after, False)):
        assert (act in {step.act for step in seen.steps(moment)}) is is_open
        assert right.state(moment) is (
            ClockState.RUNNING if is_open else ClockState.STOPPED
        )  # nobody is late with a right
    with pytest.raises(NotNow) as refused:
        await cases.act(no, act, clerk, {"reason": "不属于本单位"}, now=right.due_at)
    assert refused.value.code == code
    await cases.act(no, act, clerk, {"reason": "不属于本单位"}, now=right.due_at - TICK)


async def test_a_review_is_no_longer_offered_once_the_right_is_over(context: AppContext) -> None:
    no = await opened(context)
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
    await does(no, "clerk-jiaoyu", Act.ACCEPT, DAY)
    await does(no, "lead-jiaoyu", Act.REPLY, 2 * DAY, text="不予支持", **{**OPINION, "outcome": "reject"})
    await does(no, "clerk-jiaoyu", Act.DELIVER, 3 * DAY, way="direct")
    own = await case_queries.load_file(citizen(no), no, vault=context.settings.vault)
    (right,) = [c for c in own.clocks if c.term == "ask_review"]
    offered = [{s.act for s in own.steps(at)} for at in (right.due_at - TICK, right.due_at)]
    assert Act.REVIEW in offered[0] and Act.REVIEW not in offered[1]


async def test_a_commission_names_its_day_and_waits_for_its_report(context: AppContext) -> None:
    no = await opened(context)
    with pytest.raises(Invalid) as refused:
        await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu", mode="commission")
    assert refused.value.fields == {"target_day": "missing"}
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu", mode="commission", target_day="2026-10-20")
    (owed,) = [c for c in (await file(context, no)).clocks if c.term == "report_back"]
    assert (owed.due_legal_day.isoformat(), owed.unit) == ("2026-10-20", "jiaoyu")
    await does(no, "clerk-jiaoyu", Act.ACCEPT, DAY)
    await does(no, "clerk-jiaoyu", Act.REPORT_BACK, 2 * DAY, text="已经办结")
    with pytest.raises(NotNow):
        await does(no, "clerk-jiaoyu", Act.REPORT_BACK, 3 * DAY, text="再报一次")


async def test_a_case_handed_to_another_desk_is_theirs_and_still_seen_by_who_sent_it(context: AppContext) -> None:
    no = await opened(context)
    await does(no, "reception", Act.TRANSFER, HOUR, desk="jd-qinghe", reason="属地管理，由街道办理")
    moved = await file(context, no)
    assert moved.desk == "jd-qinghe"
    assert [c.unit for c in moved.clocks if c.term == "forward" and c.stopped_at is None] == ["jd-qinghe"]
    sender, receiver = await directory.load_actor("reception"), await directory.load_actor("reception-jd-qinghe")
    standing = access.CaseAccess(no, False, moved.desk, moved.unit, held=frozenset({"rexian"}))
    assert access.may_see(sender, standing) and access.may_see(receiver, standing)
    assert Act.ASSIGN not in {
        s.act for s in (await case_queries.load_file(sender, no, vault=context.settings.vault)).allowed
    }
    await does(no, "reception-jd-qinghe", Act.ASSIGN, 2 * HOUR, unit="jd-qinghe")
    folded, stored, case = await case_statistics.load_projection(no)
    assert set(folded.clocks) == set(stored) and case.desk == folded.desk == "jd-qinghe"


async def test_a_held_order_is_reminded_of_and_resumed_on_its_day(context: AppContext) -> None:
    no = await opened(context, "complaint")
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
    await does(no, "clerk-jiaoyu", Act.ACCEPT, 2 * HOUR)
    target = office_day(MONDAY + 20 * DAY).isoformat()
    await does(no, "lead-jiaoyu", Act.ASK_HOLD, DAY - HOUR, reason="等待专项工程", target_day=target)
    await does(no, "reception", Act.HOLD, DAY, reason="等待专项工程", target_day=target)
    assert {c.term for c in (await file(context, no)).clocks if c.stopped_at is None} == {"contact", "on_account"}
    assert await jobs.resume_or_remind_held(MONDAY + 10 * DAY) == 0
    assert await jobs.resume_or_remind_held(MONDAY + 10 * DAY) == 0  # reminded once a week, not once a look
    assert await jobs.resume_or_remind_held(MONDAY + 20 * DAY) == 1
    taken_up = await file(context, no)
    assert taken_up.status is Status.ACCEPTED
    assert "resolve" in {c.term for c in taken_up.clocks if c.stopped_at is None}


async def test_somebody_recused_can_no_longer_open_or_act(context: AppContext) -> None:
    no = await opened(context)
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
    await does(no, "lead-jiaoyu", Act.RECUSE, 2 * HOUR, staff="clerk-jiaoyu", reason="与信访人是亲属")
    clerk = await directory.load_actor("clerk-jiaoyu")
    with pytest.raises(NotFound):
        await case_queries.load_file(clerk, no, vault=context.settings.vault)
    with pytest.raises(NotFound):
        await does(no, "clerk-jiaoyu", Act.ACCEPT, 3 * HOUR)
    assert await case_queries.filter_visible(clerk, [no]) == set()
    assert await does(no, "lead-jiaoyu", Act.ACCEPT, 3 * HOUR) is Status.ACCEPTED


async def test_the_last_who_could_go_on_is_not_recused(context: AppContext) -> None:
    no = await opened(context)
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
    lead = await directory.load_actor("lead-jiaoyu")
    await case_actions.perform_act(context, no, Act.RECUSE, lead, {"staff": "clerk-jiaoyu", "reason": "亲属"})
    with pytest.raises(Invalid) as refused:
        await case_actions.perform_act(context, no, Act.RECUSE, lead, {"staff": "lead-jiaoyu", "reason": "亲属"})
    assert refused.value.fields == {"staff": "last_handler"}


async def test_closing_takes_nobodys_right_to_a_review(context: AppContext) -> None:
    no = await opened(context)
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
    await does(no, "clerk-jiaoyu", Act.ACCEPT, 2 * HOUR)
    await does(no, "lead-jiaoyu", Act.REPLY, 3 * HOUR, text="已按规定处理。", **{**OPINION, "outcome": "reject"})
    await does(no, "reception", Act.CLOSE, DAY)
    assert await does(no, "citizen", Act.REVIEW, 10 * DAY, reason="不服") is Status.RECEIVED


async def test_an_extension_after_the_end_is_refused(context: AppContext) -> None:
    no = await opened(context)
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
    await does(no, "clerk-jiaoyu", Act.ACCEPT, 2 * HOUR)
    with pytest.raises(NotNow) as refused:
        await does(no, "lead-jiaoyu", Act.EXTEND, 70 * DAY, reason="复杂", days=10)
    assert refused.value.code == "extension_too_late"


async def _order(context: AppContext) -> str:
    no = await opened(context, "complaint")
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
    await does(no, "clerk-jiaoyu", Act.ACCEPT, 2 * HOUR)
    return no


async def test_a_work_order_is_made_longer_when_its_head_agrees_and_the_centre_approves(context: AppContext) -> None:
    no = await _order(context)
    due = {c.term: c.due_at for c in (await file(context, no)).clocks}
    asked = {"reason": "需要会同交警勘察", "days": 5}
    await does(no, "clerk-jiaoyu", Act.ASK_EXTENSION, 3 * HOUR, **asked)
    for who in ("reception", "lead-jiaoyu"):
        with pytest.raises((NotNow, Forbidden)):  # the centre before the head, the head in place of the centre
            await does(no, who, Act.EXTEND, 4 * HOUR, **asked)
    await does(no, "lead-jiaoyu", Act.ENDORSE_EXTENSION, 4 * HOUR, **asked)
    (waiting,) = [c for c in (await file(context, no)).clocks if c.term == "decide_extension"]
    assert (waiting.unit, waiting.stopped_at) == ("rexian", None)
    with pytest.raises(Forbidden):
        await does(no, "lead-jiaoyu", Act.EXTEND, 5 * HOUR, **asked)
    with pytest.raises(Invalid) as refused:
        await does(no, "reception", Act.EXTEND, 5 * HOUR, reason="复杂", days=6)
    assert refused.value.fields == {"days": "longer_than_agreed"}
    assert {c.term: c.due_at for c in (await file(context, no)).clocks if c.term in due} == due
    await does(no, "reception", Act.EXTEND, 5 * HOUR, reason="需要会同交警勘察", days=4)
    after = {c.term: c for c in (await file(context, no)).clocks}
    assert after["resolve"].due_at > due["resolve"] and after["answer"].due_at > due["answer"]
    assert after["decide_extension"].state(MONDAY + DAY) is ClockState.KEPT


async def test_an_extension_the_centre_refuses_changes_no_clock_and_notifies_the_unit(context: AppContext) -> None:
    no = await _order(context)
    before = {c.term: c.due_at for c in (await file(context, no)).clocks}
    target = office_day(MONDAY + 20 * DAY).isoformat()
    await does(no, "lead-jiaoyu", Act.ENDORSE_EXTENSION, 3 * HOUR, reason="复杂", days=5)
    await does(no, "reception", Act.REFUSE_EXTENSION, 4 * HOUR, reason="尚未开展实质工作")
    await does(no, "lead-jiaoyu", Act.ASK_HOLD, 5 * HOUR, reason="等待工程", target_day=target)
    assert await does(no, "reception", Act.REFUSE_HOLD, 6 * HOUR, reason="可以先疏导") is Status.ACCEPTED
    seen = await file(context, no)
    assert {c.term: c.due_at for c in seen.clocks if c.term in before} == before
    assert not [c for c in seen.clocks if c.term.startswith("decide_") and c.stopped_at is None]
    own = await case_queries.load_file(citizen(no), no, vault=context.settings.vault)
    assert not {"endorse_extension", "refuse_extension", "ask_hold", "refuse_hold"} & {e.act for e in own.entries}
    await outbox.drain(bootstrap.build_handlers(context), MONDAY + DAY)
    fresh, read = await inbox.list_notices(await directory.load_actor("clerk-jiaoyu"))
    assert {"case.refuse_extension", "case.refuse_hold"} <= {row["event"] for row in (*fresh, *read)}


async def test_the_centre_holds_no_longer_than_the_unit_asked(context: AppContext) -> None:
    no = await _order(context)
    target = office_day(MONDAY + 20 * DAY)
    with pytest.raises(Forbidden):
        await does(no, "lead-jiaoyu", Act.HOLD, 3 * HOUR, reason="等待工程", target_day=target.isoformat())
    await does(no, "lead-jiaoyu", Act.ASK_HOLD, 3 * HOUR, reason="等待工程", target_day=target.isoformat())
    with pytest.raises(Invalid) as refused:
        later = (target + DAY).isoformat()
        await does(no, "reception", Act.HOLD, 4 * HOUR, reason="等待工程", target_day=later)
    assert refused.value.fields == {"target_day": "later_than_asked"}
    await does(no, "reception", Act.HOLD, 4 * HOUR, reason="等待工程", target_day=target.isoformat())
    folded, stored, _ = await case_statistics.load_projection(no)
    assert set(folded.clocks) == set(stored)


async def test_an_urgent_order_is_to_be_signed_within_half_an_hour_and_warned_of_before(context: AppContext) -> None:
    sunday = datetime(
        2026, 11, 22, 23, 50, tzinfo=OFFICE_TIMEZONE
    )  # at night, on a day off: what runs in minutes goes on
    no = await opened(context, "help", urgency=1)
    after = to_utc(sunday) - MONDAY
    await does(no, "reception", Act.ASSIGN, after, unit="jiaoyu")
    folded, stored, _ = await case_statistics.load_projection(no)
    assert set(folded.clocks) == set(stored)
    (sign,) = [c for c in stored if c.term == "notify"]
    assert (str(sign.length), sign.due_at) == ("30min", MONDAY + after + timedelta(minutes=30))
    due = [row["no"] for row in await case_statistics.list_due_clocks(MONDAY + after + timedelta(minutes=20), 50)]
    assert no in due
    await does(no, "clerk-jiaoyu", Act.ACCEPT, after + timedelta(minutes=29))
    (sign,) = [c for c in (await file(context, no)).clocks if c.term == "notify"]
    assert sign.state(MONDAY + after + HOUR) is ClockState.KEPT


async def test_a_requested_exclusion_is_shown_to_the_desk_and_to_nobody_else(context: AppContext) -> None:
    no = await opened(context, exclude="教育局王某，是对方的亲属")
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
    vault = context.settings.vault
    notices = {
        who: (await case_queries.load_file(await directory.load_actor(who), no, vault=vault)).exclude
        for who in ("reception", "clerk-jiaoyu", "lead-jiaoyu", "supervisor")
    }
    assert notices == {"reception": "教育局王某，是对方的亲属", "clerk-jiaoyu": "", "lead-jiaoyu": "", "supervisor": ""}
    entries = (await case_queries.load_file(await directory.load_actor("clerk-jiaoyu"), no, vault=vault)).entries
    assert "王某" not in str([e.data for e in entries])


async def test_every_deadline_moved_by_a_calendar_change_during_a_hearing_is_listed(context: AppContext) -> None:
    no = await opened(context)
    for stage, (unit, begun) in enumerate(
        (("jiaoyu", None), ("quzhengfu", Act.REVIEW), ("shi-zhengfu", Act.RE_REVIEW))
    ):
        if begun:
            await does(no, "citizen", begun, 4 * stage * HOUR, reason="不服")
        await does(no, "reception", Act.ASSIGN, (4 * stage + 1) * HOUR, unit=unit)
        await does(no, f"clerk-{unit}", Act.ACCEPT, (4 * stage + 2) * HOUR)
        if unit != "shi-zhengfu":
            outcome = "uphold" if begun else "reject"
            await does(
                no, f"lead-{unit}", Act.REPLY, (4 * stage + 3) * HOUR, text="维持", **{**OPINION, "outcome": outcome}
            )
    await does(no, "clerk-shi-zhengfu", Act.HEARING, DAY, text="九时，三楼")
    (deciding,) = [c for c in (await file(context, no)).clocks if c.term == "re_review"]
    due = (await calendar_editions.load_current_calendar()).next_workday(
        deciding.due_raw_day + 3 * DAY
    )  # three days of hearing
    days = (DayRow(due, False, "调休"), DayRow(due + DAY, False, "调休"))
    now = (await calendar_editions.load_current_calendar()).edition
    change = calendar_editions.CalendarChange(days, (), due.replace(month=12, day=31), remark="临时放假")
    await calendar_editions.add_edition(change, "admin", MONDAY + 2 * DAY, after=now)
    await outbox.drain(bootstrap.build_handlers(context), MONDAY + 2 * DAY)
    assert not [m for m in (await file(context, no)).deadline_changes if m.term == "re_review"]
    await does(no, "clerk-shi-zhengfu", Act.END_HEARING, 3 * DAY, text="双方陈述完毕")
    seen = await file(context, no)
    (deciding,) = [c for c in seen.clocks if c.term == "re_review"]
    (moved,) = [m for m in seen.deadline_changes if m.term == "re_review"]
    calendar = await calendar_editions.load_current_calendar()
    assert (moved.before, moved.after, moved.edition) == (due, deciding.due_legal_day, calendar.edition)
    assert deciding.due_legal_day == calendar.next_workday(due) > due


async def _answered_order(context: AppContext) -> str:
    no = await opened(context, "complaint")
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu", mode="commission", target_day="2026-10-20")
    await does(no, "clerk-jiaoyu", Act.ACCEPT, 2 * HOUR)
    await does(no, "clerk-jiaoyu", Act.REPLY, 3 * HOUR, text="已疏导。")
    return no


async def test_an_unsatisfied_order_goes_back_with_the_answers_and_loses_no_duty(
    context: AppContext,
) -> None:
    no = await _answered_order(context)
    await does(no, "supervisor", Act.SUPERVISE, 4 * HOUR, reason="反映集中")
    contact = {"outcome": "unsatisfied", "contacted": "no", "solved": "unsolved", "text": "早上还是堵。"}
    assert await does(no, "reception", Act.CALL_BACK, DAY, **contact) is Status.ACCEPTED
    seen = await file(context, no)
    last = seen.entries[-1]
    assert (last.act, dict(last.data)) == (Act.REOPEN, {**contact, "reason": "回访时群众不认可"})
    running = {c.term for c in seen.clocks if c.stopped_at is None}
    assert {"resolve", "supervision", "report_back"} <= running
    assert not {"call_back", "audit"} & running


async def test_an_order_is_closed_against_the_callers_answer_only_with_a_reason(context: AppContext) -> None:
    no = await _answered_order(context)
    why = "依法办理后仍以同一事实和理由提出"
    contact = {"outcome": "unsatisfied", "text": "早上还是堵。"}
    assert await does(no, "reception", Act.CALL_BACK, DAY, **contact, reason=why) is Status.CLOSED
    assert (await file(context, no)).entries[-1].data["reason"] == why


async def test_the_third_closing_needs_a_reason(context: AppContext) -> None:
    no = await _answered_order(context)
    contact = {"outcome": "unsatisfied", "text": "早上还是堵。"}
    for times in (1, 2):
        await does(no, "reception", Act.CALL_BACK, 2 * times * DAY, **contact)
        cases = await supervision.supervised_after(0, 10)
        (record,) = await supervision.load_supervision_facts(MONDAY + 2 * times * DAY, cases)
        assert bool(record["unsatisfied"]) is (times == 2)  # done again and still not well: a reason to supervise
        await does(no, "clerk-jiaoyu", Act.REPLY, (2 * times + 1) * DAY, text="再次疏导。")
    with pytest.raises(Invalid) as refused:
        await does(no, "reception", Act.CALL_BACK, 7 * DAY, **contact)
    assert refused.value.fields == {"reason": "sent_back_too_often"}
    assert await does(no, "reception", Act.CALL_BACK, 7 * DAY, **contact, reason="已穷尽办法") is Status.CLOSED
