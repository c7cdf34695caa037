"""Can a program do what the new pages do: links and campaigns, disputes and exclusions, the calendar? By the same rules."""

from typing import Any

import pytest

from feedback.rules.vocabulary import Act
from routing import directory
from tests.moments import MONDAY
from tests.people import Door
from web.actions import cases as case_actions

NOISE = (
    "我住在丽水花园三期，小区东侧的工地每天夜里十一点以后还在打桩浇筑混凝土，机器声一直响到凌晨两三点，"
    "老人心脏不好整夜睡不着，孩子第二天上课打瞌睡。多次打电话给工地负责人都说马上停，结果照样施工。"
)
AGAIN = "丽水花园三期东侧的工地夜里又在打桩，机器声一直响到凌晨两三点，请你们管一管，老人心脏不好受不了。"
ANNA = "13900001234"
EVERYBODY = ("reception", "clerk-jiaoyu", "lead-jiaoyu", "supervisor", "auditor", "admin")
HOLIDAY = {"lines": "2026-09-21,off,市庆日", "remark": "放假一天"}


async def handed_in(door: Door, title: str, text: str, phone: str = ANNA) -> str:
    person = {"name": "安小娜" if phone == ANNA else "", "phone": phone}
    receipt = await door.submit(title=title, text=text, person=person)
    await door.drain()
    return str(receipt["no"])


async def kinds_of(door: Door, path: str, token: str) -> list[tuple[str, str, str]]:
    items = (await door.get(path, token)).json()["items"]
    return [(item["kind"], item["state"], item["earlier"]["no"]) for item in items]


def code_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def test_a_repeat_is_listed_decided_once_and_stands_at_both_cases(door: Door) -> None:
    first = await handed_in(door, "工地夜间施工扰民", NOISE)
    later = await handed_in(door, "又来反映夜间施工", AGAIN)
    desk = await door.log_in("reception")
    (link,) = (await door.get("/api/v1/desk/links", desk)).json()["items"]
    assert (link["later"]["no"], link["earlier"]["no"], link["same_person"]) == (later, first, True)
    path = f"/api/v1/desk/links/{link['id']}"
    unknown = await door.post(path, {"decision": "perhaps"}, desk)
    assert code_of(unknown) == (422, "invalid") and set(unknown.json()["error"]["fields"]) == {"decision"}
    decision = await door.post(path, {"decision": "dismiss", "expect": "proposed"}, desk)
    assert (decision.status_code, decision.json()["state"], bool(decision.json()["decided_by"])) == (
        200,
        "dismissed",
        True,
    )
    too_late = await door.post(path, {"decision": "confirm", "expect": "proposed"}, desk)
    assert code_of(too_late) == (409, "conflict")
    assert (await door.post(path, {"decision": "confirm"}, desk)).json()["state"] == "confirmed"
    for no in (first, later):
        assert await kinds_of(door, f"/api/v1/cases/{no}/links", desk) == [("repeat_of", "confirmed", first)]
    assert await kinds_of(door, "/api/v1/desk/links", desk) == []


async def test_a_repeat_is_merged_or_linked_by_hand_and_only_at_its_desk(door: Door) -> None:
    first = await handed_in(door, "工地夜间施工扰民", NOISE)
    later = await handed_in(door, "又来反映夜间施工", AGAIN)
    other = await handed_in(door, "路灯不亮", "建设路的路灯坏了两个多星期，晚上一片漆黑。", "13900005678")
    tokens = {name: await door.log_in(name) for name in EVERYBODY}
    desk = tokens["reception"]
    (link,) = (await door.get("/api/v1/desk/links", desk)).json()["items"]
    for name in EVERYBODY[1:]:
        assert code_of(await door.get("/api/v1/desk/links", tokens[name])) == (403, "forbidden"), name
        refused = await door.post(f"/api/v1/desk/links/{link['id']}", {"decision": "merge"}, tokens[name])
        assert code_of(refused) == (403, "forbidden"), name
        by_hand = await door.post(f"/api/v1/cases/{other}/links", {"case": first, "kind": "campaign"}, tokens[name])
        assert code_of(by_hand) == (403, "forbidden"), name
    assert (await door.get("/api/v1/desk/links")).status_code == 401
    merged = await door.post(f"/api/v1/desk/links/{link['id']}", {"decision": "merge"}, desk)
    assert (merged.json()["kind"], merged.json()["later"]["status"]) == ("merged_into", "merged")
    assert (await door.post(f"/api/v1/desk/links/{link['id']}", {"decision": "merge"}, desk)).status_code == 409
    nobody = await door.post(f"/api/v1/cases/{other}/links", {"case": "20260101-000000", "kind": "campaign"}, desk)
    assert nobody.json()["error"]["fields"].keys() == {"case"}
    made = await door.post(f"/api/v1/cases/{other}/links", {"case": first, "kind": "campaign"}, desk)
    assert (made.status_code, made.json()["items"][0]["kind"]) == (201, "campaign")
    assert later not in {
        item["no"] for item in (await door.get(f"/api/v1/desk/campaigns/{first}", desk)).json()["items"]
    }
    assert code_of(await door.get("/api/v1/desk/campaigns/20260101-000000", desk)) == (404, "not_found")


async def test_how_the_first_case_stands_is_answered_to_nobody_else(door: Door) -> None:
    await handed_in(door, "工地夜间施工扰民", NOISE)
    await handed_in(door, "夜间施工扰民", NOISE + "请查处。", "13900005678")
    desk = await door.log_in("reception")
    (link,) = (await door.get("/api/v1/desk/links?kind=campaigns", desk)).json()["items"]
    assert not link["same_person"]
    refused = await door.post(f"/api/v1/desk/links/{link['id']}", {"decision": "answer"}, desk)
    assert code_of(refused) == (409, "not_now")


async def test_one_answer_is_tried_and_then_sent_to_the_cases_of_a_campaign(door: Door) -> None:
    context, numbers = door.context, list[str]()
    for n in range(2):
        numbers.append(await handed_in(door, f"夜间施工扰民{n}", NOISE + f"第{n}户。", f"1390000123{n}"))
    desk = await directory.load_actor("reception")
    for no in numbers:
        if (await door.get(f"/api/v1/cases/{no}", await door.log_in("reception"))).json()["status"] == "received":
            await case_actions.perform_act(context, no, Act.ASSIGN, desk, {"unit": "zhujian"})
    unit = (await door.get(f"/api/v1/cases/{numbers[0]}", await door.log_in("reception"))).json()["unit"]["code"]
    clerk = await door.log_in(f"clerk-{unit}")
    await door.act(numbers[0], "accept", token=clerk)
    payload = {"cases": [*numbers, "20260101-000000"], "text": "【编号】已责令夜间停工。"}
    path = f"/api/v1/desk/campaigns/{numbers[0]}/replies"
    tried = {item["no"]: item for item in (await door.post(path, payload, clerk)).json()["items"]}
    assert tried[numbers[0]] == {"no": numbers[0], "sent": False, "why_not": None}
    assert set(tried) <= set(numbers)
    assert (await door.post(path, {**payload, "send": True}, clerk)).json()["items"][0]["sent"]
    again = (await door.post(path, {**payload, "send": True}, clerk)).json()["items"][0]
    assert (again["sent"], bool(again["why_not"])) == (False, True)
    file = (await door.get(f"/api/v1/cases/{numbers[0]}", clerk)).json()
    assert file["reply"] == f"{numbers[0]}已责令夜间停工。"


async def rated_badly(door: Door) -> str:
    door.set_time(MONDAY)
    receipt = await door.submit()
    no, code = receipt["no"], receipt["code"]
    desk, clerk = await directory.load_actor("reception"), await directory.load_actor("clerk-jiaoyu")
    for actor, act, data in (
        (desk, Act.ASSIGN, {"unit": "jiaoyu"}),
        (clerk, Act.ACCEPT, {}),
        (clerk, Act.REPLY, {"text": "已安排人员疏导。"}),
    ):
        await case_actions.perform_act(door.context, no, act, actor, data)
    assert (await door.act(no, "rate", {"code": code, "level": 1, "text": "没人管"})).status_code == 200
    return str(no)


async def test_a_bad_rating_is_disputed_once_by_its_unit_and_judged_by_another(door: Door) -> None:
    no = await rated_badly(door)
    tokens = {name: await door.log_in(name) for name in (*EVERYBODY, "clerk-jiwei")}
    (row,) = (await door.get("/api/v1/desk/ratings", tokens["clerk-jiaoyu"])).json()["items"]
    assert (row["case_no"], row["may_dispute"], row["may_judge"]) == (no, True, False)
    assert (await door.get("/api/v1/desk/ratings", tokens["clerk-jiwei"])).json()["items"] == []
    assert code_of(await door.get("/api/v1/desk/ratings", tokens["admin"])) == (403, "forbidden")
    dispute, judgement = (f"/api/v1/desk/ratings/{row['id']}/{what}" for what in ("dispute", "judgement"))
    reason = {"reason": "评价的是另一件事"}
    for name in ("reception", "clerk-jiwei", "supervisor"):
        assert code_of(await door.post(dispute, reason, tokens[name])) == (404, "not_found"), name
    assert code_of(await door.post(dispute, {"reason": "理" * 301}, tokens["clerk-jiaoyu"]))[0] == 422
    assert (await door.post(dispute, reason, tokens["clerk-jiaoyu"])).json() == {"status": "under_review"}
    assert code_of(await door.post(dispute, reason, tokens["clerk-jiaoyu"])) == (409, "disputed_before")
    verdict = {"valid": False, "reason": "确属误评"}
    assert code_of(await door.post(judgement, verdict, tokens["lead-jiaoyu"])) == (403, "not_by_the_rated_unit")
    assert (await door.post(judgement, verdict, tokens["supervisor"])).json() == {"status": "invalid"}
    assert code_of(await door.post(judgement, verdict, tokens["supervisor"])) == (409, "not_now")


async def test_a_case_is_left_out_when_its_unit_asks_and_another_approves(door: Door) -> None:
    no = await rated_badly(door)
    tokens = {name: await door.log_in(name) for name in (*EVERYBODY, "clerk-jiwei")}
    asked = {"case_no": no, "reason": "诉求超出法律规定"}
    assert code_of(await door.post("/api/v1/desk/exclusions", asked, tokens["clerk-jiwei"])) == (404, "not_found")
    for name in ("reception", "supervisor"):
        assert code_of(await door.post("/api/v1/desk/exclusions", asked, tokens[name])) == (403, "forbidden"), name
    assert (await door.post("/api/v1/desk/exclusions", asked, tokens["clerk-jiaoyu"])).status_code == 201
    again = await door.post("/api/v1/desk/exclusions", asked, tokens["lead-jiaoyu"])
    assert code_of(again) == (409, "asked_before")
    decision, path = {"approved": True, "reason": "查属实"}, f"/api/v1/desk/exclusions/{no}"
    assert code_of(await door.post(path, decision, tokens["clerk-jiaoyu"])) == (403, "not_by_the_rated_unit")
    assert (await door.post(path, decision, tokens["supervisor"])).json() == {"status": "approved"}
    assert (await door.post(path, decision, tokens["supervisor"])).status_code == 409
    (row,) = (await door.get("/api/v1/desk/exclusions", tokens["auditor"])).json()["items"]
    assert (row["case_no"], row["status"], row["answer"]) == (no, "approved", "查属实")
    assert (await door.get("/api/v1/desk/exclusions", tokens["clerk-jiwei"])).json()["items"] == []


async def test_a_holiday_is_looked_at_carried_out_once_and_taken_back(door: Door) -> None:
    door.set_time(MONDAY)
    no = (await door.submit())["no"]
    admin = await door.log_in("admin")
    before = (await door.get("/api/v1/calendar?year=2026", admin)).json()
    wrong = await door.post("/api/v1/calendar/drafts", {"lines": "2026-09-31,off,没有这一天"}, admin)
    assert code_of(wrong) == (422, "invalid") and "第 1 行" in wrong.json()["error"]["message"]
    draft = (await door.post("/api/v1/calendar/drafts", HOLIDAY, admin)).json()
    path = f"/api/v1/calendar/drafts/{draft['number']}"
    assert draft["days"] == [{"day": "2026-09-21", "works": False, "name": "市庆日"}]
    assert no in {item["no"] for item in draft["moved"]["first"]}
    assert (await door.get("/api/v1/calendar?year=2026", admin)).json()["edition"] == before["edition"]
    other = (await door.post("/api/v1/calendar/drafts", {"lines": "2026-09-22,off,另一天"}, admin)).json()["number"]
    made = (await door.post(f"{path}/apply", {}, admin)).json()["edition"]
    assert (await door.post(f"{path}/apply", {}, admin)).json()["edition"] == made
    assert code_of(await door.post(f"/api/v1/calendar/drafts/{other}/apply", {}, admin)) == (409, "calendar_changed")
    assert (await door.get(f"/api/v1/calendar/drafts/{other}", admin)).json()["stale"] is True
    anew = (await door.post(f"/api/v1/calendar/drafts/{other}/again", {}, admin)).json()
    assert (anew["stale"], anew["follows"]) == (False, made)
    await door.drain()
    edition = (await door.get(f"/api/v1/calendar/editions/{made}", admin)).json()
    assert (edition["follows"], edition["followed"], edition["moved"]["cases"]) == (before["edition"], True, 1)
    back = (await door.post(f"/api/v1/calendar/editions/{before['edition']}/restore", {}, admin)).json()
    restored = (await door.post(f"/api/v1/calendar/drafts/{back['number']}/apply", {}, admin)).json()["edition"]
    after = (await door.get("/api/v1/calendar?year=2026", admin)).json()
    assert (after["edition"], after["days"]) == (restored, before["days"])


@pytest.mark.parametrize("name", EVERYBODY[:-1])
async def test_only_the_administrator_keeps_the_calendar(door: Door, name: str) -> None:
    token, base = await door.log_in(name), "/api/v1/calendar"
    for path in (base, f"{base}/drafts/1", f"{base}/editions/2026-1"):
        assert code_of(await door.get(path, token)) == (403, "forbidden"), path
    assert code_of(await door.post(f"{base}/drafts", HOLIDAY, token)) == (403, "forbidden")
    for path in (f"{base}/drafts/1/apply", f"{base}/drafts/1/again", f"{base}/editions/2026-1/restore"):
        assert code_of(await door.post(path, {}, token)) == (403, "forbidden"), path


async def test_what_does_not_exist_is_not_found(door: Door) -> None:
    desk, admin = await door.log_in("reception"), await door.log_in("admin")
    for number in ("0", "七", "9" * 30, "-1", "²", "１"):
        assert code_of(await door.post(f"/api/v1/desk/links/{number}", {"decision": "merge"}, desk)) == (
            404,
            "not_found",
        )
        assert code_of(await door.get(f"/api/v1/calendar/drafts/{number}", admin)) == (404, "not_found")
    assert code_of(await door.get("/api/v1/calendar/editions/nothing", admin)) == (404, "not_found")
    assert code_of(await door.get("/api/v1/cases/20260101-000000/links", desk)) == (404, "not_found")


async def test_everybody_of_the_staff_reads_who_is_told_when(door: Door) -> None:
    items = (await door.get("/api/v1/oversight/ladder", await door.log_in("clerk-jiaoyu"))).json()["items"]
    assert {"late_3", "today"} <= {item["stage"] for item in items}
    assert all(item["law"] and item["stage_text"] for item in items)
    assert (await door.get("/api/v1/oversight/ladder")).status_code == 401


async def test_who_is_recused_stands_in_the_case_for_staff_and_not_for_the_citizen(door: Door) -> None:
    no = await rated_badly(door)
    receipt = await door.submit(title="另一件", text="校门口的路灯不亮，请处理。")
    lead = await door.log_in("lead-jiaoyu")
    recused = await door.act(no, "recuse", {"staff": "clerk-jiaoyu", "reason": "亲属"}, lead)
    assert recused.json()["recused"] == ["clerk-jiaoyu"]
    own = await door.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}")
    assert own.json()["recused"] == []
    assert code_of(await door.get(f"/api/v1/cases/{no}", await door.log_in("clerk-jiaoyu"))) == (404, "not_found")
