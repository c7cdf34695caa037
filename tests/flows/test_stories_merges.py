"""Stories of merged cases: whoever wrote second gets the same answer, and keeps every right it opens."""

from typing import Any

import pytest

from tests.flows.story import OPINION, Story
from tests.people import Door

ANSWER = "经重新丈量，少算两亩属实，十日内补发补偿款。"


@pytest.fixture
def first(door: Door) -> Story:
    return Story(door)


@pytest.fixture
def second(door: Door) -> Story:
    return Story(door)


async def merged(first: Story, second: Story, **fields: Any) -> None:
    """The same person writes twice of one matter, and the desk merges the later case."""
    await first.submit("2026-03-02 09:00", **fields)
    await second.submit("2026-03-09 09:00", text="我家少算的两亩地，请尽快重新核算。", **fields)
    await first.does("reception", "assign", unit="nongye")
    await second.does("reception", "merge", "2026-03-09 10:00", case=first.no, reason="同一事项")


async def answer(first: Story, moment: str = "2026-03-20 09:00", **data: Any) -> None:
    await first.does("clerk-nongye", "accept", "2026-03-10 09:00")
    await first.does("lead-nongye", "reply", moment, text=ANSWER, **data)
    await first.door.drain()


async def test_art_32_a_merged_petitioner_gets_the_answer_and_may_rate_it_and_ask_for_a_review(
    first: Story, second: Story
) -> None:
    await merged(first, second)
    await answer(first, **OPINION)
    seen = await second.seen("citizen")
    assert (seen["status"], seen["reply"], seen["unit"]["code"]) == ("replied", ANSWER, "nongye")
    assert {"rate", "review"} <= await second.acts()
    (own,) = [clock for clock in seen["clocks"] if clock["term"] == "answer"]
    assert own["state"] == "kept"
    assert [entry["case"] for entry in seen["timeline"] if "case" in entry] == [first.no, first.no]
    assert {"信访事项并案告知书", "信访事项处理意见书"} <= {letter["title"] for letter in seen["letters"]}


async def test_art_35_the_review_of_a_merged_case_goes_to_the_organ_above_who_answered(
    first: Story, second: Story
) -> None:
    await merged(first, second)
    await answer(first, **OPINION)
    await second.does("citizen", "review", reason="还差半亩")
    await second.door.drain()
    assert (await second.seen())["unit"]["code"] == "quzhengfu"


async def test_a_merged_petitioner_may_say_that_the_matter_is_another_and_the_clock_runs_from_its_own_receipt(
    first: Story, second: Story
) -> None:
    await merged(first, second)
    due = (await second.clock("answer"))["due_legal_day"]
    case = await second.does("reception", "unmerge", "2026-03-09 15:00")
    assert case["status"] == "received"
    assert (await second.clock("answer"))["state"] == "running" and await second.due("answer") == due
    assert [(c["term"], c["due_legal_day"]) for c in case["clocks"] if c["term"] == "forward"] == [
        ("forward", "2026-03-24")
    ]
    await answer(first, **OPINION)
    assert (await second.seen("citizen"))["reply"] is None


async def test_a_merge_told_more_than_a_day_ago_is_undone_only_with_a_reason(first: Story, second: Story) -> None:
    await merged(first, second)
    refused = await second.tries("reception", "unmerge", "2026-03-10 10:01")
    assert set(refused.json()["error"]["fields"]) == {"reason"}
    assert (await second.does("reception", "unmerge", reason="说的是另一块地"))["status"] == "received"


async def test_what_had_been_assigned_is_forwarded_anew_once_the_merge_is_undone(first: Story, second: Story) -> None:
    await first.submit("2026-03-02 09:00")
    await second.submit("2026-03-09 09:00", text="我家少算的两亩地，请尽快重新核算。")
    await second.does("reception", "assign", unit="ziran")
    await second.does("reception", "merge", "2026-03-10 09:00", case=first.no, reason="同一事项")
    case = await second.does("reception", "unmerge", "2026-03-10 10:00")
    assert (case["unit"], await second.due("forward")) == (None, "2026-03-25")


@pytest.mark.parametrize("end", ["decline", "withdraw"])
async def test_a_case_whose_lead_ends_without_an_answer_goes_its_own_way_again(
    first: Story, second: Story, end: str
) -> None:
    await first.submit("2026-03-02 09:00")
    await second.submit("2026-03-09 09:00", text="我家少算的两亩地，请尽快重新核算。")
    await second.does("reception", "merge", case=first.no, reason="同一事项")
    refusal = {"ground": "not_ours", "reason": "属于市级职权", "where_instead": "市自然资源局"}
    who, data = ("reception", refusal) if end == "decline" else ("citizen", {})
    await first.does(who, end, "2026-03-10 09:00", **data)
    await first.door.drain()
    assert (await second.seen())["status"] in {"received", "assigned"}
    assert (await second.clock("answer"))["state"] == "running"


async def test_an_answer_follows_a_chain_of_merges(first: Story, second: Story, door: Door) -> None:
    third = Story(door)
    await first.submit("2026-03-02 09:00")
    await second.submit("2026-03-03 09:00", text="我家少算的两亩地，请尽快重新核算。")
    await third.submit("2026-03-04 09:00", text="两亩地的事还没有回音。")
    await third.does("reception", "merge", case=second.no, reason="同一事项")
    await second.does("reception", "merge", case=first.no, reason="同一事项")
    await first.does("reception", "assign", unit="nongye")
    await answer(first, **OPINION)
    assert (await third.seen("citizen"))["reply"] == ANSWER


async def test_53_a_merged_caller_is_called_back_and_may_have_it_done_again(first: Story, second: Story) -> None:
    fields = {"kind": "complaint", "title": "路灯不亮"}
    await first.submit("2026-03-09 09:00", **fields)
    await second.submit("2026-03-09 11:00", text="路灯还是不亮，请来修。", **fields)
    await first.does("reception", "assign", unit="chengguan")
    await second.does("reception", "merge", case=first.no, reason="同一盏灯")
    await first.does("clerk-chengguan", "accept")
    await first.does("clerk-chengguan", "reply", "2026-03-10 09:00", text="路灯已修好。")
    await first.door.drain()
    assert (await second.clock("call_back"))["state"] == "running"
    again = await second.does("citizen", "reopen", "2026-03-11 09:00", reason="又不亮了")
    assert (again["status"], again["unit"]["code"]) == ("accepted", "chengguan")


async def test_a_petition_is_not_merged_into_an_order_that_ends_without_an_opinion(first: Story, second: Story) -> None:
    await first.submit("2026-03-02 09:00", kind="complaint")
    await second.submit("2026-03-09 09:00")
    response = await second.tries("reception", "merge", case=first.no, reason="同一事项")
    assert set(response.json()["error"]["fields"]) == {"case"}


async def test_art_32_what_came_with_the_answer_to_the_first_is_opened_by_the_second_too(
    first: Story, second: Story
) -> None:
    await merged(first, second)
    token = await first.door.log_in("lead-nongye")
    upload = await first.door.client.post(
        "/api/v1/attachments",
        files={"file": ("测量图.txt", "两亩".encode(), "text/plain")},
        headers={"Authorization": f"Bearer {token}"},
    )
    file_id = upload.json()["id"]
    await answer(first, attachments=[file_id], **OPINION)
    assert [file["id"] for file in (await second.seen("citizen"))["attachments"]] == [file_id]
    opened = await second.door.get(f"/api/v1/cases/{second.no}/attachments/{file_id}?code={second.code}")
    assert (opened.status_code, opened.content.decode()) == (200, "两亩")
