"""Scenes of review, re-review and merging, through the door: what the regulation gives petitioners stays theirs."""

import io
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pypdf
import pytest

from feedback.queries import cases as case_queries
from routing import directory
from routing.assignment import must_be_assigned_by_person
from tests.moments import MONDAY
from tests.people import Door
from web.wording import catalogue

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PERSON = {"name": "安小娜", "phone": "13900001234"}


def fault(need: str, code: str) -> Mapping[str, str]:
    """What an answer says of a need that is wrong in one way."""
    return {need: catalogue.fault_words(need, code)}


async def petition(door: Door, **more: Any) -> str:
    """Anna petitions about compensation for her field. Returns the number."""
    fields = {
        "kind": "appeal",
        "title": "征地补偿面积少算",
        "text": "我家的地少算了半亩，请重新丈量。",
        "person": PERSON,
    }
    return str((await door.submit(**{**fields, **more}))["no"])


async def does(door: Door, who: str, no: str, act: str, **body: Any) -> httpx2.Response:
    return await door.act(no, act, body, await door.log_in(who))


async def did(door: Door, who: str, no: str, act: str, **body: Any) -> Mapping[str, Any]:
    response = await does(door, who, no, act, **body)
    assert response.status_code == 200, response.text
    answer: Mapping[str, Any] = response.json()
    return answer


async def asks(door: Door, receipt: Mapping[str, Any], act: str, **body: Any) -> httpx2.Response:
    """The holder of the code takes a step."""
    return await door.act(str(receipt["no"]), act, {**body, "code": receipt["code"]})


async def answered(door: Door, **more: Any) -> Mapping[str, Any]:
    """A petition that the agriculture office answered. Returns the receipt."""
    fields = {
        "kind": "appeal",
        "title": "征地补偿面积少算",
        "text": "我家的地少算了半亩，请重新丈量。",
        "person": PERSON,
    }
    receipt = await door.submit(**{**fields, **more})
    no = receipt["no"]
    await did(door, "reception", no, "assign", unit="nongye")
    await did(door, "clerk-nongye", no, "accept")
    await did(
        door,
        "lead-nongye",
        no,
        "reply",
        text="经丈量，面积无误。",
        outcome="reject",
        facts="现场丈量",
        basis="土地管理法",
    )
    return receipt


async def in_review(door: Door) -> Mapping[str, Any]:
    receipt = await answered(door)
    response = await asks(door, receipt, "review", reason="丈量时我不在场")
    assert response.status_code == 200, response.text
    return receipt


async def test_article_35_who_decided_never_reviews_itself_and_only_the_organ_above_does(door: Door) -> None:
    door.set_time(MONDAY)
    no = (await in_review(door))["no"]
    for unit in ("nongye", "jiaoyu", "shi-zhengfu", "rexian"):
        response = await does(door, "reception", no, "assign", unit=unit)
        assert response.status_code == 422, (unit, response.text)
        assert response.json()["error"]["fields"] == fault("unit", "not_the_reviewing_organ")
    assert (await did(door, "reception", no, "assign", unit="quzhengfu"))["status"] == "assigned"


async def test_article_35_the_hotline_desk_neither_refuses_nor_merges_a_review(door: Door) -> None:
    door.set_time(MONDAY)
    other = await petition(door, title="另一块地")
    no = (await in_review(door))["no"]
    refusal = {"reason": "不需要复查", "where_instead": "无", "ground": "review_not_due"}
    assert (await does(door, "reception", no, "decline", **refusal)).status_code in (403, 409)
    assert (await does(door, "reception", no, "merge", case=other, reason="同一事项")).status_code == 409
    await did(door, "reception", no, "assign", unit="quzhengfu")
    assert (await does(door, "reception", no, "decline", **refusal)).status_code == 403


async def test_article_35_a_review_organ_makes_no_objection_to_the_desk_and_refuses_only_what_is_not_due(
    door: Door,
) -> None:
    door.set_time(MONDAY)
    no = (await in_review(door))["no"]
    await did(door, "reception", no, "assign", unit="quzhengfu")
    assert (await does(door, "clerk-quzhengfu", no, "object", reason="不属于本单位")).status_code == 409
    refusal = {"reason": "已过三十日", "where_instead": "无"}
    assert (await does(door, "lead-quzhengfu", no, "decline", **refusal)).status_code == 422
    assert (await does(door, "lead-quzhengfu", no, "decline", ground="not_ours", **refusal)).status_code == 422
    answer = await did(door, "lead-quzhengfu", no, "decline", ground="review_not_due", **refusal)
    assert answer["status"] == "declined"


async def test_article_36_re_review_goes_one_level_higher_still(door: Door) -> None:
    door.set_time(MONDAY)
    receipt = await in_review(door)
    no = receipt["no"]
    await did(door, "reception", no, "assign", unit="quzhengfu")
    await did(door, "clerk-quzhengfu", no, "accept")
    opinion = {"text": "维持原处理意见。", "facts": "经复查", "basis": "信访工作条例"}
    await did(door, "lead-quzhengfu", no, "reply", outcome="uphold", **opinion)
    assert (await asks(door, receipt, "re_review", reason="仍然不服")).status_code == 200
    for unit in ("nongye", "quzhengfu"):
        assert (await does(door, "reception", no, "assign", unit=unit)).status_code == 422
    await did(door, "reception", no, "assign", unit="shi-zhengfu")


async def test_article_22_a_committee_of_residents_leads_no_appeal(door: Door) -> None:
    door.set_time(MONDAY)
    no = await petition(door)
    committee = next(unit.code for unit in (await directory.load_directory()).units() if unit.level == "village")
    response = await does(door, "reception", no, "assign", unit=committee)
    assert response.status_code == 422 and response.json()["error"]["fields"] == fault("unit", "not_a_competent_organ")


async def test_article_23_a_merge_goes_from_the_later_to_the_earlier_of_the_same_person(door: Door) -> None:
    door.set_time(MONDAY)
    first = await petition(door)
    door.set_time(MONDAY + DAY)
    second = await petition(door, text="还是那块地，请再量一次。")
    stranger = await petition(door, title="电梯坏了", person={"name": "李小娟", "phone": "13900005678"})
    for older, younger, code in (
        (second, first, "merge_into_a_later_case"),
        (first, stranger, "merge_of_strangers"),
    ):
        response = await does(door, "reception", younger, "merge", case=older, reason="同一事项")
        assert response.status_code == 422, response.text
        assert response.json()["error"]["fields"] == fault("case", code)
    assert (await did(door, "reception", second, "merge", case=first, reason="同一事项"))["status"] == "merged"


async def test_article_34_nothing_is_merged_into_what_is_answered_or_would_be_answered_later(door: Door) -> None:
    door.set_time(MONDAY)
    ended = (await answered(door))["no"]
    slow = await petition(door)
    door.set_time(MONDAY + DAY)
    quick = await petition(door, kind="complaint", title="路灯不亮", text="小区路灯坏了两天。")
    for lead, code in ((ended, "merge_into_an_ended_case"), (slow, "merge_answers_later")):
        response = await does(door, "reception", quick, "merge", case=lead, reason="同一事项")
        assert response.json()["error"]["fields"] == fault("case", code)


NEW_RULE = datetime(2026, 12, 1, 2, tzinfo=UTC)
"""A working day after which the right to review runs from delivery only."""


def clocks_of(case: Mapping[str, Any], term: str) -> list[Mapping[str, Any]]:
    return [clock for clock in case["clocks"] if clock["term"] == term]


async def seen(door: Door, receipt: Mapping[str, Any]) -> Mapping[str, Any]:
    case: Mapping[str, Any] = (
        await door.get(f"/api/v1/cases/{receipt['no']}", params={"code": receipt["code"]})
    ).json()
    return case


async def test_article_35_without_a_recorded_delivery_the_right_to_review_stays_open(door: Door) -> None:
    door.set_time(NEW_RULE)
    receipt = await answered(door)
    assert not clocks_of(await seen(door, receipt), "ask_review")
    door.pass_time(200 * DAY)
    too_early, tomorrow = "2026-11-30", (NEW_RULE + 201 * DAY).date().isoformat()
    for day, code in ((too_early, "before_the_answer"), (tomorrow, "after_today")):
        response = await asks(door, receipt, "review", reason="一直没有收到", received_day=day)
        assert response.json()["error"]["fields"] == fault("received_day", code)
    response = await asks(door, receipt, "review", reason="今天才收到", received_day="2027-06-10")
    assert response.status_code == 200, response.text


async def test_article_35_thirty_days_run_from_the_day_of_delivery_and_the_right_lapses_after(door: Door) -> None:
    door.set_time(NEW_RULE)
    receipt = await answered(door)
    door.pass_time(10 * DAY)
    await did(door, "clerk-nongye", receipt["no"], "deliver", day="2026-12-07", way="post")
    (right,) = clocks_of(await seen(door, receipt), "ask_review")
    assert right["due_raw_day"] == "2027-01-06"
    door.pass_time(60 * DAY)
    response = await asks(door, receipt, "review", reason="不服")
    assert response.status_code == 409 and response.json()["error"]["code"] == "right_lapsed"


async def test_article_35_an_answer_given_before_the_rule_lapses_only_once_it_was_delivered(door: Door) -> None:
    door.set_time(MONDAY)
    receipt = await answered(door)
    door.set_time(NEW_RULE)
    assert "review" in {step["act"] for step in (await seen(door, receipt))["acts"]}
    await did(door, "clerk-nongye", receipt["no"], "deliver", day="2026-09-20", way="post")
    assert len(clocks_of(await seen(door, receipt), "ask_review")) == 1
    assert "review" not in {step["act"] for step in (await seen(door, receipt))["acts"]}


async def test_an_answer_is_signed_by_who_wrote_it_also_while_another_organ_reviews_it(door: Door) -> None:
    door.set_time(MONDAY)
    receipt = await answered(door)
    names = await directory.load_directory()
    async with aclosing(door.browser()) as page:
        await page.post("/lookup", data={"check": receipt["no"], "code": receipt["code"]})
        panel = (await page.get("/case")).text.split('id="reply"')[1].split("</section>")[0]
        assert ">给您的答复</h2>" in panel and names.name("nongye") in panel
        await asks(door, receipt, "review", reason="丈量时我不在场")
        await did(door, "reception", str(receipt["no"]), "assign", unit="quzhengfu")
        panel = (await page.get("/case")).text.split('id="reply"')[1].split("</section>")[0]
        assert "原处理意见" in panel and names.name("nongye") in panel and names.name("quzhengfu") not in panel


async def reviewed(door: Door, outcome: str) -> Mapping[str, Any]:
    """A petition whose first answer the district government reviewed, with that outcome. Returns the receipt."""
    receipt = await in_review(door)
    no = receipt["no"]
    await did(door, "reception", no, "assign", unit="quzhengfu")
    await did(door, "clerk-quzhengfu", no, "accept")
    opinion = {"text": "原丈量没有通知当事人到场。", "facts": "经复查属实", "basis": "信访工作条例"}
    await did(door, "lead-quzhengfu", no, "reply", outcome=outcome, **opinion)
    await door.drain()
    return receipt


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("uphold", "维持原意见"), ("change", "变更原意见"), ("revoke", "撤销原意见"), ("redo", "责令重新办理")],
)
async def test_article_35_a_review_upholds_changes_revokes_or_orders_to_redo_and_its_opinion_says_so(
    door: Door, outcome: str, words: str
) -> None:
    door.set_time(MONDAY)
    receipt = await reviewed(door, outcome)
    letters = {letter["code"]: letter["id"] for letter in (await seen(door, receipt))["letters"]}
    path = f"/api/v1/cases/{receipt['no']}/letters/{letters['review_opinion']}.pdf"
    response = await door.get(path, params={"code": receipt["code"]})
    pages = pypdf.PdfReader(io.BytesIO(response.content)).pages
    assert f"复查结论：{words}。" in "".join("".join(page.extract_text() for page in pages).split())


@pytest.mark.parametrize("outcome", ["support", "explain", "reject"])
async def test_article_32_a_review_decides_on_the_opinion_not_once_more_on_the_request(
    door: Door, outcome: str
) -> None:
    door.set_time(MONDAY)
    no = (await in_review(door))["no"]
    await did(door, "reception", no, "assign", unit="quzhengfu")
    await did(door, "clerk-quzhengfu", no, "accept")
    response = await does(
        door, "lead-quzhengfu", no, "reply", text="维持。", facts="经复查", basis="信访工作条例", outcome=outcome
    )
    assert response.status_code == 422 and set(response.json()["error"]["fields"]) == {"outcome"}


async def test_article_35_what_is_to_be_redone_goes_back_to_the_first_organ_with_a_new_clock(door: Door) -> None:
    door.set_time(NEW_RULE)
    receipt = await reviewed(door, "redo")
    case = await seen(door, receipt)
    assert (case["status"], case["stage"], case["unit"]["code"]) == ("accepted", "first", "nongye")
    (own,) = clocks_of(case, "answer_again")
    assert (own["state"], own["due_raw_day"]) == ("running", "2027-01-30")
    again = {"text": "重新丈量，少算半亩，予以补发。", "facts": "重新丈量", "basis": "土地管理法"}
    await did(door, "lead-nongye", receipt["no"], "reply", outcome="support", **again)
    assert clocks_of(await seen(door, receipt), "answer_again")[0]["state"] == "kept"


async def test_article_35_an_opinion_that_orders_to_redo_is_delivered_and_starts_no_right(door: Door) -> None:
    door.set_time(NEW_RULE)
    receipt = await reviewed(door, "redo")
    await did(door, "clerk-nongye", receipt["no"], "deliver", way="post")
    case = await seen(door, receipt)
    assert case["status"] == "accepted" and not clocks_of(case, "ask_review")
    letters = [letter["code"] for letter in case["letters"]]
    await door.drain()
    assert "delivery_receipt" in [letter["code"] for letter in (await seen(door, receipt))["letters"]], letters
    again = await does(door, "clerk-nongye", receipt["no"], "deliver")
    assert again.status_code == 409
    opinion = {"text": "重新丈量，补发。", "facts": "重新丈量", "basis": "土地管理法"}
    await did(door, "lead-nongye", receipt["no"], "reply", outcome="support", **opinion)
    await did(door, "clerk-nongye", receipt["no"], "deliver")
    assert clocks_of(await seen(door, receipt), "ask_review")[-1]["state"] == "running"


async def test_article_35_a_new_opinion_may_be_reviewed_again_by_the_organ_above(door: Door) -> None:
    door.set_time(MONDAY)
    receipt = await reviewed(door, "redo")
    again = {"text": "重新丈量，面积无误。", "facts": "重新丈量", "basis": "土地管理法"}
    await did(door, "lead-nongye", receipt["no"], "reply", outcome="reject", **again)
    response = await asks(door, receipt, "review", reason="还是没有通知我")
    assert response.status_code == 200, response.text
    await door.drain()
    case = await seen(door, receipt)
    assert (case["stage"], case["unit"]["code"]) == ("review", "quzhengfu")


async def concluded(door: Door) -> None:
    """A petition that was answered, reviewed and reviewed again: the last word of the procedure."""
    receipt = await reviewed(door, "uphold")
    no = receipt["no"]
    assert (await asks(door, receipt, "re_review", reason="仍然不服")).status_code == 200
    await did(door, "reception", no, "assign", unit="shi-zhengfu")
    await did(door, "clerk-shi-zhengfu", no, "accept")
    opinion = {"text": "维持复查意见。", "facts": "经复核属实", "basis": "信访工作条例"}
    await did(door, "lead-shi-zhengfu", no, "reply", outcome="uphold", **opinion)
    await door.drain()


async def test_article_36_what_a_re_review_concluded_waits_for_a_person_who_may_refuse_it(door: Door) -> None:
    door.set_time(MONDAY)
    await concluded(door)
    again = await door.submit(
        kind="appeal", title="征地补偿面积少算", text="我家的地少算了半亩，还要丈量。", person=PERSON
    )
    await door.drain()
    assert (await seen(door, again))["status"] == "received"
    refusal = {"ground": "concluded", "reason": "没有新的事实和理由", "where_instead": "无"}
    await did(door, "reception", again["no"], "decline", **refusal)
    await door.drain()
    assert [letter["code"] for letter in (await seen(door, again))["letters"]] == ["not_again_notice"]


async def test_article_36_another_matter_of_the_same_person_and_the_matter_of_another_go_their_way(door: Door) -> None:
    door.set_time(MONDAY)
    await concluded(door)
    other = {"title": "小学门口早晚高峰拥堵", "text": "小学门口每天早晚高峰车辆乱停，孩子过马路很危险。"}
    same = {"title": "征地补偿面积少算", "text": "我家的地少算了半亩，请重新丈量。"}
    stranger = {"name": "李小娟", "phone": "13900005678"}
    for fields in ({**other, "person": PERSON}, {**same, "person": stranger}):
        no = (await door.submit(kind="appeal", **fields))["no"]
        summary = await case_queries.load_summary(no)
        assert not must_be_assigned_by_person(summary, await directory.load_directory())
