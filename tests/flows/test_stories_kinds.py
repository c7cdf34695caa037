"""Stories of a kind chosen wrongly: the desk corrects it before acceptance, and all clocks are counted from receipt."""

from contextlib import aclosing
from datetime import datetime

import pytest

from feedback import jobs
from feedback.kernel.clock import OFFICE_TIMEZONE
from tests.flows.story import Story, code_of
from tests.people import ANNAS_MESSAGE, Door

WORDS = {name: str(ANNAS_MESSAGE[name]) for name in ("title", "text")}


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


async def test_art_22_a_kind_is_corrected_and_its_clocks_run_from_receipt(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="appeal", **WORDS)
    promised = await story.due("answer")
    await story.does("reception", "assign", "2026-03-02 10:00", unit="minzheng", units=["jiaoyu"])
    case = await story.does("reception", "change_kind", "2026-03-03 09:00", kind="complaint", reason="没有申诉请求")
    assert (case["kind"], case["status"], case["unit"], case["co_units"]) == ("complaint", "received", None, [])
    running = {clock["term"] for clock in case["clocks"] if clock["state"] == "running"}
    assert running == {"forward", "answer"}
    assert await story.due("answer") == "2026-03-11" != promised
    case = await story.does("reception", "assign", "2026-03-03 10:00", unit="jiaojing")
    assert (await story.clock("notify"))["due_legal_day"] == "2026-03-04"
    assert (await story.does("clerk-jiaojing", "accept"))["status"] == "accepted"


async def test_the_dispatch_of_what_waits_at_the_desk_is_due_from_receipt(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="suggest", **WORDS)
    assert await story.due("forward") == "2026-03-17"
    case = await story.does("reception", "change_kind", "2026-03-03 09:00", kind="help", reason="请求解决具体困难")
    assert [clock["due_legal_day"] for clock in case["clocks"] if clock["term"] == "forward"] == ["2026-03-03"]


async def test_the_citizen_reads_the_new_kind_and_why(story: Story, door: Door) -> None:
    await story.submit("2026-03-02 09:00", kind="report", **WORDS)
    await story.does("reception", "change_kind", kind="complaint", reason="反映的是交通秩序")
    await door.drain()
    case = await story.seen("citizen")
    assert case["kind"] == "complaint"
    async with aclosing(door.browser()) as browser:
        await browser.post("/lookup", data={"code": story.code, "check": story.no})
        page = (await browser.get("/case")).text
    assert "受理窗口更正了诉求类型" in page and "反映的是交通秩序" in page
    assert "change_kind" not in await story.acts()


async def test_a_kind_is_not_changed_after_acceptance_nor_into_itself_nor_by_a_unit(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="complaint", **WORDS)
    same = await story.tries("reception", "change_kind", kind="complaint", reason="一样")
    assert (same.status_code, set(same.json()["error"]["fields"])) == (422, {"kind"})
    await story.does("reception", "assign", unit="jiaojing")
    by_unit = await story.tries("clerk-jiaojing", "change_kind", kind="appeal", reason="应当是申诉")
    assert by_unit.status_code == 403
    await story.does("clerk-jiaojing", "accept")
    late = await story.tries("reception", "change_kind", kind="appeal", reason="应当是申诉")
    assert code_of(late)[0] == 409


async def test_what_turns_out_to_be_a_report_is_kept_from_whom_it_names_and_from_who_had_it(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="help", title="学校的事", text="区教育局的做法让人寒心，请帮忙。")
    await story.does("reception", "assign", unit="jiaoyu")
    await story.does("reception", "change_kind", kind="report", reason="电话里说明是反映收受财物")
    response = await story.door.get(f"/api/v1/cases/{story.no}", await story.door.log_in("clerk-jiaoyu"))
    assert response.status_code == 404
    barred = await story.tries("reception", "assign", unit="jiaoyu")
    assert (barred.status_code, set(barred.json()["error"]["fields"])) == (422, {"unit"})
    assert (await story.does("reception", "assign", unit="jiwei"))["unit"]["code"] == "jiwei"


async def test_what_is_stored_of_a_corrected_case_is_what_its_entries_say(story: Story) -> None:
    await story.submit("2026-03-02 09:00", kind="appeal", **WORDS)
    await story.does("reception", "assign", unit="minzheng")
    await story.does("reception", "change_kind", kind="consult", reason="只是咨询")
    damages = [damage async for damage in jobs.find_damages(story.door.settings)]
    assert damages == []


async def test_what_was_no_suggestion_but_urgent_is_due_within_hours_of_receipt(story: Story) -> None:
    text = "清波社区3号楼楼道里天然气泄漏，味道很浓，楼里老人都不敢开灯。"
    await story.submit("2026-12-06 20:00", kind="suggest", title="关于燃气泄漏的建议", text=text)
    case = await story.does("reception", "change_kind", "2026-12-06 20:05", kind="help", reason="正在泄漏，请求抢修")
    due = {clock["term"]: clock["due_at"] for clock in case["clocks"] if clock["state"] == "running"}
    assert {term: at_office(moment) for term, moment in due.items()} == {
        "forward": "2026-12-06 21:00",
        "answer": "2026-12-07 00:00",
    }
    assert [damage async for damage in jobs.find_damages(story.door.settings)] == []


def at_office(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(OFFICE_TIMEZONE).strftime("%Y-%m-%d %H:%M")
