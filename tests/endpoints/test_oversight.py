"""Are orders proposed, issued and answered, measures issued and adopted, and everybody told, through the doors?"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx2
import pytest

from feedback.kernel import timers
from feedback.kernel.clock import office_day
from feedback.queries import cases as case_queries
from feedback.rules.access import SYSTEM
from feedback.rules.vocabulary import Act
from routing import directory
from routing.models import MeasureEntry, Notice, Proposal
from routing.notices import inbox
from routing.notices.delivery import DeliveryPolicy
from routing.oversight import measures
from routing.oversight import proposals as supervision_proposals
from tests.flows.story import OPINION
from tests.moments import MONDAY
from tests.people import Door
from web import bootstrap
from web.actions import forecasts as forecast_actions

DAY = timedelta(days=1)


@asynccontextmanager
async def at_page(door: Door, username: str) -> AsyncIterator[httpx2.AsyncClient]:
    client = await door.page_client(username)
    try:
        yield client
    finally:
        await client.aclose()


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    forecast_actions.clear_cache()


async def look(door: Door) -> None:
    """What the timers do."""
    for name in ("sweep_clocks", "propose_all", "remind_measures", "alarms", "digests"):
        await timers.run_through(bootstrap.timers(door.context)[name], door.context.clock.now())
    await door.drain()


async def overdue(door: Door) -> str:
    """A complaint accepted by the bureau of education and left alone for three weeks."""
    door.set_time(MONDAY)
    no = str((await door.submit())["no"])
    desk, clerk = await door.log_in("reception"), await door.log_in("clerk-jiaoyu")
    assert (await door.act(no, "assign", {"unit": "jiaoyu"}, desk)).status_code == 200
    assert (await door.act(no, "accept", {}, clerk)).status_code == 200
    assert (await door.act(no, "contact", {"text": "已联系"}, clerk)).status_code == 200
    door.set_time(MONDAY + 24 * DAY + timedelta(hours=1))
    await look(door)
    return no


# ---- orders ----


async def test_an_overdue_case_is_proposed_issued_with_one_click_and_answered(door: Door) -> None:
    no = await overdue(door)
    async with at_page(door, "supervisor") as chief:
        page = (await chief.get("/board/proposals")).text
        assert no in page and "没有经批准的延期" in page and "国办发〔2020〕53号（督办）" in page
        proposal = (await supervision_proposals.list_proposals(SYSTEM, door.context.clock.now()))[0]
        words = re.search(r'name="reason"[^>]*>\s*([^<]+)</textarea>', page)
        assert words
        answer = await chief.post(f"/board/proposals/{proposal['id']}", data={"issue": "1", "reason": words[1].strip()})
        assert answer.headers["location"] == "/board/proposals?done=issued"
        assert no not in (await chief.get("/board/proposals")).text.split("最近处理的")[0]
        orders = (await chief.get("/board/orders")).text
        assert no in orders and "待答复" in orders
        await look(door)
        assert not await supervision_proposals.list_proposals(SYSTEM, door.context.clock.now()), (
            "nothing is proposed while an order is open"
        )
    file = await case_queries.load_file(SYSTEM, no, vault=door.settings.vault)
    order = next(e for e in file.entries if e.act == Act.SUPERVISE)
    assert order.data["trigger"] == "late"
    clerk = await door.log_in("clerk-jiaoyu")
    assert (await door.act(no, "answer_supervision", {"text": "因雨停工，今日恢复。"}, clerk)).status_code == 200
    async with at_page(door, "auditor") as auditor:
        assert "因雨停工，今日恢复。" in (await auditor.get("/board/orders")).text


async def test_a_dismissed_fact_is_not_proposed_again_and_its_reason_stays(door: Door) -> None:
    no = await overdue(door)
    proposal = (await supervision_proposals.list_proposals(SYSTEM, door.context.clock.now()))[0]
    async with at_page(door, "supervisor") as chief:
        refused = await chief.post(f"/board/proposals/{proposal['id']}", data={"why": ""})
        assert refused.status_code == 422 and "请填写不督办的理由" in refused.text
        await chief.post(f"/board/proposals/{proposal['id']}", data={"why": "施工单位已进场，下周完工"})
        await look(door)
        page = (await chief.get("/board/proposals")).text
        assert "施工单位已进场，下周完工" in page
        again = await chief.post(f"/board/proposals/{proposal['id']}", data={"why": "再来一次"})
        assert again.status_code == 409
    assert not await supervision_proposals.list_proposals(SYSTEM, door.context.clock.now())
    assert [p.case_no for p in await Proposal.all()] == [no]


async def test_a_proposal_without_its_fact_lapses(door: Door) -> None:
    no = await overdue(door)
    clerk = await door.log_in("clerk-jiaoyu")
    assert (await door.act(no, "reply", {"text": "已安排人员疏导。"}, clerk)).status_code == 200
    await look(door)
    assert [p.status for p in await Proposal.all()] == ["lapsed"]


@pytest.mark.parametrize("anonymous", [False, True])
async def test_a_rating_judged_invalid_speaks_for_no_order(door: Door, anonymous: bool) -> None:
    door.set_time(MONDAY)
    receipt = await door.submit(kind="appeal", title="补偿款没有发")
    no = str(receipt["no"])
    desk, clerk, lead = (
        await door.log_in("reception"),
        await door.log_in("clerk-jiaoyu"),
        await door.log_in("lead-jiaoyu"),
    )
    assert (await door.act(no, "assign", {"unit": "jiaoyu"}, desk)).status_code == 200
    assert (await door.act(no, "accept", {}, clerk)).status_code == 200
    assert (await door.act(no, "reply", {"text": "应予补发。", **OPINION}, lead)).status_code == 200
    rating = {"code": receipt["code"], "level": 1, "text": "评错了单位", "anonymous": anonymous}
    assert (await door.act(no, "rate", rating)).status_code == 200
    await look(door)
    assert [p["rule"] for p in await supervision_proposals.list_proposals(SYSTEM, MONDAY)] == ["not_executed"]
    (row,) = (await door.get("/api/v1/desk/ratings", clerk)).json()["items"]
    path = f"/api/v1/desk/ratings/{row['id']}"
    assert (await door.post(f"{path}/dispute", {"reason": "评价的是另一件事"}, clerk)).status_code == 200
    verdict = {"valid": False, "reason": "确属误评"}
    assert (await door.post(f"{path}/judgement", verdict, await door.log_in("supervisor"))).status_code == 200
    assert not await supervision_proposals.list_proposals(SYSTEM, MONDAY)
    await look(door)
    assert [p.status for p in await Proposal.all()] == ["lapsed"]


async def test_only_supervisors_decide_and_only_overseers_read(door: Door) -> None:
    await overdue(door)
    proposal = (await supervision_proposals.list_proposals(SYSTEM, door.context.clock.now()))[0]
    async with at_page(door, "auditor") as auditor:
        assert (await auditor.get("/board/proposals")).status_code == 200
        assert (await auditor.post(f"/board/proposals/{proposal['id']}", data={"why": "不"})).status_code == 403
    async with at_page(door, "lead-jiaoyu") as lead:
        for path in ("late", "proposals", "orders", "forecast", "measures"):
            assert (await lead.get(f"/board/{path}")).status_code in (403, 200)
        assert (await lead.get("/board/proposals")).status_code == 403


# ---- who was told ----


async def test_each_red_clock_shows_who_was_told_when(door: Door) -> None:
    no = await overdue(door)
    async with at_page(door, "supervisor") as chief:
        page = (await chief.get("/board/late?unit=jiaoyu")).text
        row = page[page.index(no) :]
        assert "区教育局经办人" in row and "区教育局单位负责人" in row and "督办人员" in row and "已读" not in row
        assert "告知了谁" in (await chief.get("/board")).text
    async with at_page(door, "lead-jiaoyu") as lead:
        inbox_page = (await lead.get("/desk/notices")).text
        assert "未读" in inbox_page and no in inbox_page
        assert re.search(r'通知<span class="count">\d+', inbox_page)
        await lead.post("/desk/notices/read", data={"all": "1"})
        assert not re.search(r'通知<span class="count">\d+', (await lead.get("/desk/notices")).text)
    async with at_page(door, "supervisor") as chief:
        assert "lead-jiaoyu" not in page and "已读" in (await chief.get("/board/late")).text


async def test_a_wrong_mail_address_is_told_at_the_field_and_a_right_one_is_kept(door: Door) -> None:
    async with at_page(door, "clerk-jiaoyu") as clerk:
        wrong = await clerk.post("/desk/notices/mail", data={"mail": "not an address"})
        assert wrong.status_code == 422 and "邮箱地址不对" in wrong.text and "not an address" in wrong.text
        await clerk.post("/desk/notices/mail", data={"mail": "clerk@example.cn"})
    assert await directory.load_mail("clerk-jiaoyu") == "clerk@example.cn"


# ---- forecast ----


async def test_the_forecast_names_the_cases_somebody_sees_with_the_count_behind_each(door: Door) -> None:
    await overdue(door)
    no = str((await door.submit(title="新的一件"))["no"])
    desk = await door.log_in("reception")
    assert (await door.act(no, "assign", {"unit": "jiaoyu"}, desk)).status_code == 200
    async with at_page(door, "supervisor") as chief:
        page = (await chief.get("/board/forecast")).text
        assert no in page and "时限已用" in page
    async with at_page(door, "lead-jiaoyu") as lead:
        assert no in (await lead.get("/desk/forecast")).text
    async with at_page(door, "lead-chengguan") as other:
        assert no not in (await other.get("/desk/forecast")).text


# ---- measures ----

SUGGESTION = {"kind": "improve", "unit": "jiaoyu", "title": "改进上学时段疏导", "text": "请与交警建立联勤机制。"}


async def issued(door: Door, **more: str) -> int:
    async with at_page(door, "supervisor") as chief:
        answer = await chief.post("/desk/measures/new", data={**SUGGESTION, **more})
        assert answer.status_code == 303, answer.text
    match = re.search(r"/desk/measures/(\d+)", answer.headers["location"])
    assert match
    return int(match[1])


async def test_a_suggestion_is_due_in_thirty_days_answered_by_the_head_and_closed(door: Door) -> None:
    door.set_time(MONDAY)
    no = str((await door.submit())["no"])
    measure = await issued(door, cases=no)
    async with at_page(door, "clerk-jiaoyu") as clerk:
        page = (await clerk.get(f"/desk/measures/{measure}")).text
        assert "2026-10-14" in page and "信访工作条例 第十四条第六项" in page
        assert no not in page, "the unit may not open that case"
        refused = await clerk.post(f"/desk/measures/{measure}/answer", data={"text": "好", "adoption": "adopted"})
        assert refused.status_code == 403
    async with at_page(door, "lead-jiaoyu") as lead:
        assert "改进上学时段疏导" in (await lead.get("/desk/notices")).text
        missing = await lead.post(f"/desk/measures/{measure}/answer", data={"text": "已建立联勤机制"})
        assert missing.status_code == 422 and "请说明是否采纳" in missing.text and "已建立联勤机制" in missing.text
        done = await lead.post(
            f"/desk/measures/{measure}/answer", data={"text": "已建立联勤机制", "adoption": "partly"}
        )
        assert done.status_code == 303
    async with at_page(door, "supervisor") as chief:
        page = (await chief.get(f"/desk/measures/{measure}")).text
        assert "部分采纳" in page and "已建立联勤机制" in page and no in page
        for form, begins in (("docx", b"PK"), ("pdf", b"%PDF")):
            letter = await chief.get(f"/desk/measures/{measure}/letter.{form}")
            assert letter.status_code == 200 and letter.content.startswith(begins)
        assert (await chief.get(f"/desk/measures/{measure}/letter.exe")).status_code == 404
        assert (await chief.post(f"/desk/measures/{measure}/close", data={})).status_code == 303
        assert (await chief.post(f"/desk/measures/{measure}/withdraw", data={"text": "x"})).status_code == 409
        figures = (await chief.get("/board/measures")).text
        assert "已归档" in figures and "部分采纳" in figures
    assert [e.act for e in await MeasureEntry.filter(measure_id=measure).order_by("seq")] == [
        "issue",
        "answer",
        "close",
    ]


async def test_a_measure_sent_back_wants_a_new_day_and_a_new_answer(door: Door) -> None:
    door.set_time(MONDAY)
    day = (office_day(MONDAY) + 10 * DAY).isoformat()
    measure = await issued(door, kind="rectify_by", due_day=day)
    async with at_page(door, "lead-jiaoyu") as lead:
        assert (await lead.post(f"/desk/measures/{measure}/answer", data={"text": "在办"})).status_code == 303
    async with at_page(door, "supervisor") as chief:
        wrong = await chief.post(f"/desk/measures/{measure}/send_back", data={"text": "没有结果"})
        assert wrong.status_code == 422 and "最迟反馈日期应在今天之后" in wrong.text
        later = (office_day(MONDAY) + 20 * DAY).isoformat()
        answer = await chief.post(f"/desk/measures/{measure}/send_back", data={"text": "没有结果", "due_day": later})
        assert answer.status_code == 303
        assert later in (await chief.get(f"/desk/measures/{measure}")).text


async def test_a_measure_nobody_answered_is_reminded_of_once_and_then_every_five_working_days(door: Door) -> None:
    door.set_time(MONDAY)
    measure = await issued(door, kind="circular", due_day=(office_day(MONDAY) + 3 * DAY).isoformat())
    manner = DeliveryPolicy.of(door.settings)
    counts = [await measures.send_reminders(manner, MONDAY + day * DAY) for day in range(28) for _ in range(2)]
    assert sum(counts) == 3
    assert await MeasureEntry.filter(measure_id=measure, act="remind").count() == 3
    assert {(n.audience, n.unit) for n in await Notice.filter(event="measure", words__contains="已逾期")} == {
        ("head", "jiaoyu"),
        ("unit", "jiaoyu"),
        ("overseer", "xinfang"),
    }
    assert await inbox.count_unread(await directory.load_actor("supervisor"), MONDAY + 28 * DAY) == 3


async def test_a_report_cannot_be_named_and_strangers_do_not_learn_of_a_measure(door: Door) -> None:
    door.set_time(MONDAY)
    report = str((await door.submit(kind="report", title="举报", text="举报某人收受礼金"))["no"])
    async with at_page(door, "supervisor") as chief:
        answer = await chief.post("/desk/measures/new", data={**SUGGESTION, "cases": report})
        nothing = await chief.post("/desk/measures/new", data={**SUGGESTION, "cases": "20260914-000000"})
        assert answer.status_code == nothing.status_code == 422
        assert answer.text.replace(report, "") == nothing.text.replace("20260914-000000", "")
    measure = await issued(door)
    async with at_page(door, "lead-chengguan") as other:
        assert (await other.get(f"/desk/measures/{measure}")).status_code == 404
        assert "改进上学时段疏导" not in (await other.get("/desk/measures")).text
    async with at_page(door, "admin") as admin:
        assert (await admin.get("/desk/measures")).status_code == 403


async def test_the_list_leaves_the_office_as_excel_and_that_is_written_down(door: Door) -> None:
    door.set_time(MONDAY)
    await issued(door)
    async with at_page(door, "auditor") as auditor:
        file = await auditor.get("/desk/measures/export.xlsx")
        assert file.status_code == 200 and file.content.startswith(b"PK")
    async with at_page(door, "lead-jiaoyu") as lead:
        assert (await lead.get("/desk/measures/export.xlsx?status=issued")).status_code == 200


# ---- the same over the API ----


async def test_a_program_proposes_issues_and_answers_by_the_same_rules(door: Door) -> None:
    no = await overdue(door)
    chief, lead = await door.log_in("supervisor"), await door.log_in("lead-jiaoyu")
    assert (await door.get("/api/v1/oversight/proposals", lead)).status_code == 403
    proposals = (await door.get("/api/v1/oversight/proposals", chief)).json()["items"]
    assert [(row["no"], row["trigger"]) for row in proposals] == [(no, "late")]
    late_items = (await door.get("/api/v1/oversight/late", chief)).json()["items"]
    assert any(line["whom"].endswith("单位负责人") for row in late_items if row["no"] == no for line in row["told"])
    path = f"/api/v1/oversight/proposals/{proposals[0]['id']}"
    assert (await door.post(path, {"issue": True, "reason": "请三日内办结"}, chief)).json() == {"status": "issued"}
    assert (await door.post(path, {"issue": True, "reason": "请三日内办结"}, chief)).status_code == 409
    orders = (await door.get("/api/v1/oversight/orders", chief)).json()["items"]
    assert [(row["no"], row["state"]) for row in orders] == [(no, "待答复")]
    made = await door.post("/api/v1/oversight/measures", {**SUGGESTION, "cases": [no]}, chief)
    assert made.status_code == 201 and made.json()["cases"] == [no]
    path = f"/api/v1/oversight/measures/{made.json()['id']}"
    answer = await door.post(f"{path}/acts/answer", {"text": "不采纳，因为…", "adoption": "not"}, lead)
    assert (answer.json()["status"], answer.json()["adoption"]) == ("answered", "not")
    assert (await door.get(path, await door.log_in("lead-chengguan"))).status_code == 404
    assert (await door.get("/api/v1/oversight/forecast", lead)).status_code == 200
    notices = (await door.get("/api/v1/notices", lead)).json()
    assert notices["unread"] and (await door.post("/api/v1/notices/read", {}, lead)).json()["marked"]
    assert (await door.get("/api/v1/notices", lead)).json()["unread"] == 0
