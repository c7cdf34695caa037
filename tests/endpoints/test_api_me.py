"""Does a proved telephone open its own cases, all of them and no others, and can nobody guess or learn anything?"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.endpoints.phone_login import PHONE, ask_code, codes_to, log_in_by_phone
from tests.people import Door

VERIFY, SEND = "/api/v1/sessions/phone/verify", "/api/v1/sessions/phone"


async def _numbers(door: Door, token: str) -> list[str]:
    response = await door.get("/api/v1/me/cases", token)
    assert response.status_code == 200, response.text
    return [row["no"] for row in response.json()["items"]]


async def test_the_code_opens_my_cases_newest_first_and_nobody_elses(door: Door) -> None:
    first = await door.submit()
    door.pass_time(timedelta(minutes=1))
    second = await door.submit(title="路灯不亮", source_id="2")
    other = await door.submit(person={"name": "白小本", "phone": "13900005678"}, source_id="3")
    token = await log_in_by_phone(door)
    assert await _numbers(door, token) == [second["no"], first["no"]]
    mine = (await door.get(f"/api/v1/me/cases/{first['no']}", token)).json()
    by_code = (await door.get(f"/api/v1/cases/{first['no']}?code={first['code']}")).json()
    assert mine == by_code
    for path in (f"/api/v1/me/cases/{other['no']}", "/api/v1/me/cases/20990101-000000"):
        assert (await door.get(path, token)).status_code == 404


async def test_a_step_is_taken_as_with_the_code(door: Door) -> None:
    receipt = await door.submit()
    other = await door.submit(person={"name": "白小本", "phone": "13900005678"}, source_id="3")
    token = await log_in_by_phone(door)
    response = await door.post(f"/api/v1/me/cases/{receipt['no']}/acts/supplement", {"text": "每天七点半"}, token)
    assert response.status_code == 200, response.text
    assert response.json()["timeline"][-1]["act"] == "supplement"
    refused = await door.post(f"/api/v1/me/cases/{other['no']}/acts/supplement", {"text": "每天七点半"}, token)
    assert refused.status_code == 404


async def test_the_same_token_opens_the_ordinary_address_of_a_case_too(door: Door) -> None:
    receipt = await door.submit()
    token = await log_in_by_phone(door)
    assert (await door.get(f"/api/v1/cases/{receipt['no']}", token)).status_code == 200
    assert (await door.get("/api/v1/desk/cases", token)).status_code == 401
    assert (
        await door.post("/api/v1/cases", {**receipt}, token)
    ).status_code == 422  # taken for a citizen's, not refused


async def test_every_number_is_answered_alike(door: Door) -> None:
    await door.submit()
    answers = set()
    for phone in (PHONE, PHONE, "13800000000", "+85291234567"):
        response = await door.post(SEND, {"phone": phone})
        answers.add((response.status_code, response.text, tuple(sorted(response.headers.keys()))))
    assert len(answers) == 1
    wrong = {(await door.post(VERIFY, {"phone": phone, "code": "000000"})).text for phone in (PHONE, "13700000000")}
    assert len(wrong) == 1


async def test_a_number_abroad_gets_a_code_only_where_it_stands_in_a_case(door: Door) -> None:
    assert await ask_code(door, "+85291234567") == ""
    await door.submit(person={"name": "陈大文", "phone": "00852 9123-4567"})
    door.pass_time(timedelta(minutes=2))
    assert await ask_code(door, "+85291234567")


async def test_of_forty_guesses_at_once_five_are_looked_at(door: Door) -> None:
    code = await ask_code(door)
    guesses = [f"{number:06d}" for number in range(40) if f"{number:06d}" != code]
    responses = await asyncio.gather(*(door.post(VERIFY, {"phone": PHONE, "code": guess}) for guess in guesses))
    assert {response.status_code for response in responses} == {401}
    assert (await door.post(VERIFY, {"phone": PHONE, "code": code})).status_code == 401, "worn out by then"


async def test_the_fifth_try_is_still_good_and_the_sixth_is_not(door: Door) -> None:
    code = await ask_code(door)
    wrong = "111111" if code != "111111" else "222222"
    for _ in range(4):
        assert (await door.post(VERIFY, {"phone": PHONE, "code": wrong})).status_code == 401
    assert (await door.post(VERIFY, {"phone": PHONE, "code": code})).status_code == 201


async def test_a_code_is_good_once_also_for_many_at_once(door: Door) -> None:
    code = await ask_code(door)
    responses = await asyncio.gather(*(door.post(VERIFY, {"phone": PHONE, "code": code}) for _ in range(4)))
    assert sorted(response.status_code for response in responses) == [201, 401, 401, 401]


async def test_a_code_holds_five_minutes(door: Door) -> None:
    code = await ask_code(door)
    door.pass_time(timedelta(minutes=5))
    response = await door.post(VERIFY, {"phone": PHONE, "code": code})
    assert (response.status_code, response.json()["error"]["code"]) == (401, "wrong_phone_code")


async def test_one_text_a_minute_and_five_an_hour_however_many_ask_at_once(door: Door) -> None:
    await asyncio.gather(*(door.post(SEND, {"phone": PHONE}) for _ in range(20)))
    await door.drain()
    assert len(codes_to(door, PHONE)) == 1
    for _ in range(9):
        door.pass_time(timedelta(minutes=1, seconds=1))
        await ask_code(door)
    assert len(codes_to(door, PHONE)) == 5


async def test_what_gets_no_texts_is_refused_by_its_digits(door: Door) -> None:
    for phone in ("0571-88888888", "12345", "", "abc"):
        response = await door.post(SEND, {"phone": phone})
        assert (response.status_code, list(response.json()["error"]["fields"])) == (422, ["phone"])


async def test_a_report_is_mine_too_but_no_list_tells_what_it_is(door: Door) -> None:
    receipt = await door.submit(kind="report", title="举报某某受贿", public_consent=False)
    token = await log_in_by_phone(door)
    response = await door.get("/api/v1/me/cases", token)
    (row,) = response.json()["items"]
    assert (row["no"], row["title"], row["kind"], row["unit"]) == (receipt["no"], "您反映的事项", None, None)
    assert "受贿" not in response.text
    assert (await door.get(f"/api/v1/me/cases/{receipt['no']}", token)).json()["title"] == "举报某某受贿"


@pytest.mark.parametrize(
    ("beside", "is_theirs"),
    [
        ({"proxy": {"name": "白小本", "phone": "13900005678", "kind": "family", "authority": "written"}}, True),
        ({"proxy": {"name": "白小本", "phone": "13900005678", "kind": "volunteer", "authority": "written"}}, False),
        ({"representatives": [{"name": "白小本", "phone": "13900005678"}], "headcount": 8}, True),
    ],
    ids=["a near relative", "a volunteer", "a representative"],
)
async def test_it_is_also_the_matter_of_who_stands_in_the_petitioners_place(
    door: Door, beside: dict[str, object], is_theirs: bool
) -> None:
    receipt = await door.submit(**beside)
    token = await log_in_by_phone(door, "13900005678")
    assert await _numbers(door, token) == ([receipt["no"]] if is_theirs else [])
    status = (await door.get(f"/api/v1/me/cases/{receipt['no']}", token)).status_code
    assert status == (200 if is_theirs else 404)


async def test_a_number_that_may_have_changed_hands_opens_old_cases_by_code_or_name_only(door: Door) -> None:
    old = await door.submit()
    older = await door.submit(title="水管漏水", source_id="2")
    door.pass_time(timedelta(days=91))
    recent = await door.submit(title="路灯不亮", source_id="3", person={"name": "新机主", "phone": PHONE})
    token = await log_in_by_phone(door)
    assert await _numbers(door, token) == [recent["no"]]
    assert (await door.get(f"/api/v1/me/cases/{old['no']}", token)).status_code == 404
    wrong = await door.post("/api/v1/me/older-cases", {"name": "王某某"}, token)
    assert (wrong.status_code, list(wrong.json()["error"]["fields"])) == (422, ["name"])
    by_code = await door.post("/api/v1/me/older-cases", {"code": old["code"]}, token)
    assert (by_code.status_code, by_code.json()) == (200, {"opened": 1})
    assert await _numbers(door, token) == [recent["no"], old["no"]]
    by_name = await door.post("/api/v1/me/older-cases", {"name": "安小娜"}, token)
    assert by_name.json() == {"opened": 2}
    assert set(await _numbers(door, token)) == {recent["no"], old["no"], older["no"]}


async def test_nobody_guesses_names_all_day(door: Door) -> None:
    await door.submit()
    door.pass_time(timedelta(days=91))
    token = await log_in_by_phone(door)
    guesses = [door.post("/api/v1/me/older-cases", {"name": f"王{number}"}, token) for number in range(20)]
    statuses = [response.status_code for response in await asyncio.gather(*guesses)]
    assert (statuses.count(422), statuses.count(429)) == (5, 15)
    right = await door.post("/api/v1/me/older-cases", {"name": "安小娜"}, token)
    assert right.status_code == 429


async def test_after_a_gap_the_new_holder_has_neither_the_old_sessions_nor_what_was_confirmed(door: Door) -> None:
    await door.submit()
    old_token = await log_in_by_phone(door, keep=True)
    assert len(await _numbers(door, old_token)) == 1
    door.pass_time(timedelta(days=91))
    assert await _numbers(door, await log_in_by_phone(door)) == []
    assert (await door.get("/api/v1/me/cases", old_token)).status_code == 401


async def test_who_comes_back_within_ninety_days_keeps_everything(door: Door) -> None:
    receipt = await door.submit()
    for _ in range(3):
        token = await log_in_by_phone(door)
        assert await _numbers(door, token) == [receipt["no"]]
        door.pass_time(timedelta(days=89))


async def test_a_session_ends_after_half_an_hour_unused_unless_it_is_kept(door: Door) -> None:
    brief = await log_in_by_phone(door)
    door.pass_time(timedelta(minutes=2))
    lasting = await log_in_by_phone(door, keep=True)
    door.pass_time(timedelta(minutes=31))
    assert (await door.get("/api/v1/me/cases", brief)).status_code == 401
    assert (await door.get("/api/v1/me/cases", lasting)).status_code == 200
    door.pass_time(timedelta(days=30))
    assert (await door.get("/api/v1/me/cases", lasting)).status_code == 401


async def test_devices_are_listed_and_ended_one_or_all(door: Door) -> None:
    first = await log_in_by_phone(door)
    door.pass_time(timedelta(minutes=2))
    second = await log_in_by_phone(door)
    items = (await door.get("/api/v1/me/devices", second)).json()["items"]
    assert [row["here"] for row in items] == [True, False]
    ended = await door.client.delete(
        f"/api/v1/me/devices/{items[1]['id']}", headers={"Authorization": f"Bearer {second}"}
    )
    assert ended.status_code == 204
    assert (await door.get("/api/v1/me/cases", first)).status_code == 401
    stranger = await log_in_by_phone(door, "13900005678")
    headers = {"Authorization": f"Bearer {stranger}"}
    assert (await door.client.delete(f"/api/v1/me/devices/{items[0]['id']}", headers=headers)).status_code == 404
    await door.client.delete("/api/v1/me/devices", headers={"Authorization": f"Bearer {second}"})
    assert (await door.get("/api/v1/me/cases", second)).status_code == 401
    assert (await door.get("/api/v1/me/cases", stranger)).status_code == 200


async def test_a_lost_code_is_issued_anew_and_the_old_one_is_dead(door: Door) -> None:
    receipt = await door.submit()
    other = await door.submit(person={"name": "白小本", "phone": "13900005678"}, source_id="3")
    token = await log_in_by_phone(door)
    no = receipt["no"]
    answer = (await door.post(f"/api/v1/me/cases/{no}/code", {}, token)).json()
    assert answer["no"] == no and answer["code"] != receipt["code"]
    assert (await door.get(f"/api/v1/cases/{no}?code={receipt['code']}")).status_code == 404
    assert (await door.get(f"/api/v1/cases/{no}?code={answer['code']}")).status_code == 200
    assert (await door.post(f"/api/v1/me/cases/{other['no']}/code", {}, token)).status_code == 404
    statuses = [(await door.post(f"/api/v1/me/cases/{no}/code", {}, token)).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]


async def _delete(door: Door, path: str, token: str) -> tuple[int, dict[str, Any]]:
    response = await door.client.delete(path, headers={"Authorization": f"Bearer {token}"})
    return response.status_code, response.json() if response.content else {}


async def test_the_one_thing_to_do_stands_in_the_list(door: Door) -> None:
    receipt = await door.submit()
    await door.drain()
    desk = await door.log_in("reception")
    unit = (await door.get(f"/api/v1/cases/{receipt['no']}", desk)).json()["unit"]["code"]
    clerk = await door.log_in(f"clerk-{unit}")
    await door.act(receipt["no"], "accept", {}, clerk)
    asked = await door.act(receipt["no"], "ask", {"text": "请问是哪个校门？"}, clerk)
    assert asked.status_code == 200, asked.text
    token = await log_in_by_phone(door)
    (row,) = (await door.get("/api/v1/me/cases", token)).json()["items"]
    assert row["todo"]["act"] == "supplement"
    texts = (await door.get("/api/v1/me/messages", token)).json()
    assert texts["total"] >= 2 and {item["case_no"] for item in texts["items"]} == {receipt["no"]}
    stranger = await log_in_by_phone(door, "13900005678")
    assert (await door.get("/api/v1/me/messages", stranger)).json()["items"] == []


async def test_the_copy_holds_my_data_and_nobody_elses(door: Door) -> None:
    receipt = await door.submit()
    await door.submit(person={"name": "白小本", "phone": "13900005678"}, source_id="3")
    response = await door.get("/api/v1/me/data", await log_in_by_phone(door))
    copy = response.json()
    assert [case["no"] for case in copy["cases"]] == [receipt["no"]]
    assert [person["name"] for person in copy["persons"]] == ["安小娜"]
    assert "白小本" not in response.text


async def test_a_correction_is_asked_for_in_my_cases(door: Door) -> None:
    receipt = await door.submit()
    token = await log_in_by_phone(door)
    headers = {"Authorization": f"Bearer {token}"}
    empty = await door.client.patch("/api/v1/me", json={}, headers=headers)
    assert empty.status_code == 422
    response = await door.client.patch("/api/v1/me", json={"name": "安小娜娜"}, headers=headers)
    assert (response.status_code, response.json()["requested"]) == (202, [receipt["no"]])
    again = await door.client.patch("/api/v1/me", json={"name": "安小娜娜"}, headers=headers)
    assert again.status_code == 409


async def test_what_still_runs_is_not_erased_and_the_reason_is_said(door: Door) -> None:
    await door.submit()
    token = await log_in_by_phone(door)
    status, answer = await _delete(door, "/api/v1/me", token)
    assert (status, answer["error"]["code"]) == (409, "case_unfinished")
    assert len(await _numbers(door, token)) == 1


async def test_what_is_done_with_can_be_asked_to_be_erased_and_the_log_in_is_forgotten(door: Door) -> None:
    receipt = await door.submit()
    token = await log_in_by_phone(door)
    withdrawn = await door.post(f"/api/v1/me/cases/{receipt['no']}/acts/withdraw", {}, token)
    assert withdrawn.status_code == 200, withdrawn.text
    status, answer = await _delete(door, "/api/v1/me", token)
    assert (status, answer["requested"], answer["refused"]) == (202, [receipt["no"]], [])
    assert (await door.get("/api/v1/me/cases", token)).status_code == 401
