"""Can staff's programs log in, list what is theirs, and ask what the classifier proposes?"""

from typing import Any

import pytest

from feedback.rules.vocabulary import Status
from tests.people import ANNAS_MESSAGE, Door
from web.api.schemas import requests

DESK = "/api/v1/desk/cases"
SESSIONS = "/api/v1/sessions"


async def test_a_session_says_who_it_is_and_ends_when_told(door: Door) -> None:
    response = await door.post(SESSIONS, {"username": "clerk-jiaoyu", "password": "demo"})
    assert response.status_code == 201
    session = response.json()
    assert session["actor"]["unit"]["code"] == "jiaoyu"
    assert session["actor"]["roles"] == ["clerk"]
    assert (await door.get(DESK, session["token"])).status_code == 200
    gone = await door.client.delete(SESSIONS, headers={"Authorization": f"Bearer {session['token']}"})
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await door.get(DESK, session["token"])).status_code == 401


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("reception", "wrong"),
        ("nobody", "demo"),
        ("", ""),
        ("a" * 300, "demo"),
        ("rece\x00ption ", "wrong"),
        ("𠮷", "🙂"),
    ],
)
async def test_a_wrong_log_in_does_not_tell_what_was_wrong(door: Door, username: str, password: str) -> None:
    response = await door.post(SESSIONS, {"username": username, "password": password})
    assert (response.status_code, response.json()["error"]["code"]) == (401, "wrong_password")


async def test_five_wrong_passwords_lock_the_account(door: Door) -> None:
    for _ in range(door.settings.login_attempts):
        await door.post(SESSIONS, {"username": "reception", "password": "wrong"})
    response = await door.post(SESSIONS, {"username": "reception", "password": "demo"})
    assert (response.status_code, response.json()["error"]["code"]) == (401, "locked")


async def test_without_a_wechat_app_its_log_in_is_503_and_says_so(door: Door) -> None:
    response = await door.post(SESSIONS + "/wx", {"code": "0c1"})
    assert response.status_code == 503
    error = response.json()["error"]
    assert error["code"] == "unavailable"
    assert "微信" in error["message"]


async def test_a_wechat_log_in_needs_its_code(door: Door) -> None:
    assert set((await door.post(SESSIONS + "/wx", {})).json()["error"]["fields"]) == {"code"}


async def listed(door: Door, token: str, **query: str) -> dict[str, Any]:
    response = await door.get(DESK, token, params=query)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_the_list_holds_what_is_theirs_and_narrows_it(door: Door) -> None:
    traffic = await door.submit()
    school = await door.submit(
        title="咨询小学入学报名材料", text="孩子九月上小学，户口在外地，要准备哪些材料？", kind="consult"
    )
    await door.drain()
    reception = await door.log_in("reception")
    everything = await listed(door, reception)
    assert {row["no"] for row in everything["items"]} == {traffic["no"], school["no"]}
    assert (everything["total"], everything["page"], everything["pages"]) == (2, 1, 1)
    consults = await listed(door, reception, kind="consult")
    assert [row["no"] for row in consults["items"]] == [school["no"]]
    listing = await listed(door, reception, q="入学")
    assert [row["no"] for row in listing["items"]] == [school["no"]]
    assert (await listed(door, reception, light="red"))["items"] == []
    newest = await listed(door, reception, sort="-received", status="open", page="1", mine="0")
    assert newest["items"][0]["no"] == school["no"]


async def test_a_clerk_lists_their_own_units_cases_only(door: Door) -> None:
    await door.submit()
    await door.drain()
    assert (await listed(door, await door.log_in("clerk-jiaojing")))["total"] == 1
    assert (await listed(door, await door.log_in("clerk-jiaoyu")))["total"] == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=sleeping", "status"),
        ("light=blue", "light"),
        ("kind=rumour", "kind"),
        ("unit=nowhere", "unit"),
        ("category=9999", "category"),
        ("region=123", "region"),
        ("sort=random", "sort"),
        ("page=first", "page"),
        ("page=-1", "page"),
        ("mine=perhaps", "mine"),
    ],
)
@pytest.mark.one_database
async def test_a_filter_nobody_knows_is_named(door: Door, query: str, field: str) -> None:
    response = await door.get(f"{DESK}?{query}", await door.log_in("reception"))
    assert (response.status_code, set(response.json()["error"]["fields"])) == (422, {field})


@pytest.mark.parametrize(
    "query", ["q=" + "长" * 60, "q=%00%ff", "q=%25_%27%22%5C*(", "page=0", "page=999999", "q=&unit="]
)
async def test_a_strange_search_finds_or_finds_nothing(door: Door, query: str) -> None:
    await listed_ok(door, f"{DESK}?{query}")


async def listed_ok(door: Door, path: str) -> None:
    response = await door.get(path, await door.log_in("reception"))
    assert response.status_code == 200, response.text


def test_the_status_filter_knows_every_status() -> None:
    assert set(requests.StatusFilter.__args__) == {"open", *(status.value for status in Status)}  # type: ignore[attr-defined] # typing keeps them there


async def test_reception_registers_a_visit_under_its_own_name(door: Door) -> None:
    reception = await door.log_in("reception")
    response = await door.post("/api/v1/cases", {**ANNAS_MESSAGE, "channel": "visit"}, reception)
    assert response.status_code == 201
    case = (await door.get(f"/api/v1/cases/{response.json()['no']}", reception)).json()
    assert case["timeline"][0]["unit"]["code"] == door.settings.desk


async def test_the_classifier_proposes_with_reasons_and_writes_nothing(door: Door) -> None:
    reception = await door.log_in("reception")
    body = {"title": ANNAS_MESSAGE["title"], "text": ANNAS_MESSAGE["text"]}
    response = await door.post("/api/v1/classify", body, reception)
    assert response.status_code == 200
    hint = response.json()
    assert hint["category"] == "0804"
    assert hint["unit"]["code"] == "jiaojing"
    assert hint["unit_reason"].startswith("为什么")
    assert hint["reasons"]
    assert hint["alternatives"]
    assert 0 < hint["confidence"] <= 1
    assert (await listed(door, reception))["total"] == 0


async def test_a_report_goes_to_the_discipline_commission_whatever_it_is_about(door: Door) -> None:
    body = {"title": "举报小学乱收费", "text": "区教育局某科长收受回扣", "kind": "report"}
    hint = (await door.post("/api/v1/classify", body, await door.log_in("reception"))).json()
    assert hint["unit"]["code"] == "jiwei"


async def test_danger_is_flagged_with_the_words_that_showed_it(door: Door) -> None:
    body = {"title": "楼道里煤气味特别大", "text": "怀疑燃气管道漏气，快来人"}
    hint = (await door.post("/api/v1/classify", body, await door.log_in("reception"))).json()
    assert (hint["urgency"], hint["signs"][0]["why"]) == (1, "燃气泄漏")


async def test_nothing_to_read_gets_an_honest_answer(door: Door) -> None:
    reception = await door.log_in("reception")
    assert (await door.post("/api/v1/classify", {"title": "", "text": " "}, reception)).status_code == 422
    hint = (await door.post("/api/v1/classify", {"title": "asdf", "text": "qwer 1234 🙂"}, reception)).json()
    assert hint["abstained"] is True
    assert hint["unit"]["code"]


@pytest.mark.parametrize(
    ("act", "body", "fields"),
    [
        ("assign", {}, {"unit"}),
        ("assign", {"unit": "nowhere"}, {"unit"}),
        ("assign", {"unit": ["jiaoyu"], "units": "chengguan", "reason": 5}, {"unit", "units", "reason"}),
        ("assign", {"unit": "jiaoyu", "units": ["chengguan", "nowhere"]}, {"units"}),
        ("classify", {"category": "9999"}, {"category"}),
        ("merge", {"case": "20200101-000000", "reason": "同一件事"}, {"case"}),
        ("merge", {"case": "9" * 500, "reason": ""}, {"case", "reason"}),
        ("decline", {"reason": "x" * 1001}, {"ground", "reason", "where_instead"}),
        ("note", {"text": "x" * 5001, "version": "1"}, {"version"}),
    ],
)
async def test_what_a_step_brings_is_checked_before_anything_is_written(
    door: Door, act: str, body: dict[str, Any], fields: set[str]
) -> None:
    receipt = await door.submit(text="一二三", title="一二三")
    reception = await door.log_in("reception")
    response = await door.act(receipt["no"], act, body, reception)
    assert (response.status_code, set(response.json()["error"]["fields"])) == (422, fields)
    case = (await door.get(f"/api/v1/cases/{receipt['no']}", reception)).json()
    assert (case["status"], case["version"]) == ("received", 1)


async def test_nobody_at_a_desk_speaks_for_the_machine(door: Door) -> None:
    receipt = await door.submit()
    reception = await door.log_in("reception")
    body = {"category": "0601", "confidence": 0.99, "release": "mine", "abstained": True}
    response = await door.act(receipt["no"], "classify", body, reception)
    assert response.status_code == 200
    offers = {offer["act"]: offer for offer in response.json()["acts"]}
    assert offers["classify"]["may"] == []
    assert response.json()["category"] == "0601"
