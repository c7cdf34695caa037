"""Can an app hand in a message, look it up, and take the steps it is offered, once each and nobody else's?"""

import asyncio
import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from feedback.kernel.clock import office_day
from feedback.record import access_log
from tests.people import ANNAS_MESSAGE, Door

CASES = "/api/v1/cases"
SOURCE = {"source_id": "wx-20260914-0001"}
HARD = "𠮷野家旁边🚧 <b>&amp;</b> \u202e ①２ 　全角 'quoted' \"double\" \\back %00 ${x}"


async def seen(door: Door, receipt: dict[str, Any]) -> dict[str, Any]:
    response = await door.get(f"{CASES}/{receipt['no']}", params={"code": receipt["code"]})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_a_message_gets_a_receipt_with_its_clocks(door: Door) -> None:
    response = await door.post(CASES, ANNAS_MESSAGE)
    assert response.status_code == 201
    receipt = response.json()
    assert set(receipt) == {"no", "code", "status", "received_at", "clocks"}
    assert receipt["status"] == "received"
    assert receipt["received_at"].endswith("+08:00")
    assert {clock["term"] for clock in receipt["clocks"]} == {"answer"}
    assert all(clock["law"] and clock["due_at"] > clock["starts_at"] for clock in receipt["clocks"])


async def test_any_text_survives_the_round_trip(door: Door) -> None:
    receipt = await door.submit(title="𠮷🙂", text=HARD, address=HARD[:40])
    case = await seen(door, receipt)
    assert (case["title"], case["text"]) == ("𠮷🙂", HARD)


async def test_a_nul_is_dropped_and_nothing_breaks(door: Door) -> None:
    receipt = await door.submit(title="路灯\x00坏了", text="一\x00二\ufeff三", source_id="a\x00b")
    assert (await seen(door, receipt))["title"] == "路灯坏了"


@pytest.mark.parametrize("region", ["990102", "990102000", "990102000000"])
async def test_a_division_code_may_have_6_9_or_12_places(door: Door, region: str) -> None:
    assert (await seen(door, await door.submit(region=region)))["region"] == "990102000000"


async def test_the_same_source_again_is_200_with_the_same_receipt(door: Door) -> None:
    first = await door.post(CASES, {**ANNAS_MESSAGE, **SOURCE})
    again = await door.post(CASES, {**ANNAS_MESSAGE, **SOURCE})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


async def test_the_same_number_of_another_channel_is_another_case(door: Door) -> None:
    first = await door.submit(**SOURCE)
    other = await door.submit(**SOURCE, channel="miniprogram")
    assert first["no"] != other["no"]


async def test_what_a_program_brings_from_another_system_has_todays_clocks(door: Door) -> None:
    """An import of a file knows when its cases came; a case sent by a program is received now, whatever its channel."""
    receipts = [await door.submit(**SOURCE, channel=channel) for channel in ("web", "import")]
    door.pass_time(timedelta(days=60))
    token = await door.log_in("reception")
    for receipt in receipts:
        done = await door.act(receipt["no"], "assign", {"unit": "jiaoyu"}, token)
        assert done.status_code == 200, done.text
    web, imported = [(await seen(door, receipt))["clocks"] for receipt in receipts]
    assert web and [c["term"] for c in imported] == [c["term"] for c in web]
    assert [c["state"] for c in imported] == [c["state"] for c in web]


async def test_a_source_id_used_for_another_text_is_409_and_tells_no_code(door: Door) -> None:
    first = await door.submit(**SOURCE)
    response = await door.post(CASES, {**ANNAS_MESSAGE, **SOURCE, "text": "另一件事"})
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "source_id_used"
    assert first["code"] not in response.text


async def test_an_idempotency_key_counts_where_no_source_id_is_given(door: Door) -> None:
    key = {"Idempotency-Key": "key-1"}
    first = await door.client.post(CASES, json=dict(ANNAS_MESSAGE), headers=key)
    again = await door.client.post(CASES, json=dict(ANNAS_MESSAGE), headers=key)
    named = await door.client.post(CASES, json={**ANNAS_MESSAGE, **SOURCE}, headers=key)
    assert (first.status_code, again.status_code, named.status_code) == (201, 200, 201)
    assert first.json()["no"] == again.json()["no"] != named.json()["no"]


async def test_too_long_an_idempotency_key_is_named(door: Door) -> None:
    response = await door.client.post(CASES, json=dict(ANNAS_MESSAGE), headers={"Idempotency-Key": "k" * 121})
    assert set(response.json()["error"]["fields"]) == {"source_id"}


async def test_two_at_once_with_one_source_are_one_case(door: Door) -> None:
    file = await uploaded(door)
    body = {**ANNAS_MESSAGE, **SOURCE, "attachments": [file["id"]]}
    answers = await asyncio.gather(*(door.post(CASES, body) for _ in range(4)))
    assert sorted(a.status_code for a in answers) == [200, 200, 200, 201]
    assert len({a.json()["no"] for a in answers}) == 1
    assert len({a.json()["code"] for a in answers}) == 1


async def test_without_a_source_every_message_is_a_case_of_its_own(door: Door) -> None:
    assert (await door.submit())["no"] != (await door.submit())["no"]


async def test_a_wrong_code_and_an_unknown_case_cannot_be_told_apart(door: Door) -> None:
    mine, other = await door.submit(), await door.submit()
    day = office_day(door.context.clock.now())
    guesses = [
        (mine["no"], "wrong"),
        (mine["no"], "000000000000"),
        (mine["no"], other["code"]),
        (f"{day:%Y%m%d}-000000", mine["code"]),
        ("NO-SUCH-CASE", "wrong"),
        ("9" * 400, mine["code"]),
        ("%00%ff", mine["code"]),
    ]
    answers = [await door.get(f"{CASES}/{no}?code={code}") for no, code in guesses]
    assert {a.status_code for a in answers} == {404}
    assert len({a.text for a in answers}) == 1
    acts = [await door.act(no, "urge", {"code": code}) for no, code in guesses if "%" not in no]
    assert {a.text for a in acts} == {answers[0].text}


async def test_a_code_may_be_typed_with_blanks_and_full_width_digits(door: Door) -> None:
    receipt = await door.submit()
    typed = " ".join(chr(ord(digit) + 0xFEE0) for digit in receipt["code"])
    assert (await door.get(f"{CASES}/{receipt['no']}", params={"code": typed})).status_code == 200


async def test_the_citizen_sees_what_may_be_done_and_what_each_step_asks(door: Door) -> None:
    case = await seen(door, await door.submit())
    offers = {offer["act"]: offer for offer in case["acts"]}
    requests = {"ask_correction", "ask_erasure", "ask_restriction"}
    assert set(offers) == {"supplement", "withdraw", "urge", "withdraw_consent"} | requests
    assert offers["supplement"]["needs"] == ["text"]
    assert offers["supplement"]["fields"][0]["label"] == "内容"
    assert case["timeline"][0]["act"] == "submit"


async def test_a_citizen_takes_a_step_with_the_code_in_the_body(door: Door) -> None:
    receipt = await door.submit()
    response = await door.act(receipt["no"], "supplement", {"code": receipt["code"], "text": "补充：每天七点半最堵𠮷"})
    assert response.status_code == 200, response.text
    assert response.json()["timeline"][-1]["text"] == "补充：每天七点半最堵𠮷"


async def test_a_step_of_the_staff_is_forbidden_to_the_citizen(door: Door) -> None:
    receipt = await door.submit()
    response = await door.act(receipt["no"], "assign", {"code": receipt["code"], "unit": "jiaoyu"})
    assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden")


async def test_an_unknown_act_is_404_and_one_out_of_turn_409(door: Door) -> None:
    receipt = await door.submit()
    code = {"code": receipt["code"]}
    assert (await door.act(receipt["no"], "nonsense", code)).status_code == 404
    response = await door.act(receipt["no"], "rate", {**code, "level": 5})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "not_now")


async def test_a_step_without_its_needs_names_them(door: Door) -> None:
    receipt = await door.submit()
    response = await door.act(receipt["no"], "supplement", {"code": receipt["code"], "attachments": ["x"] * 99})
    assert response.status_code == 422
    assert set(response.json()["error"]["fields"]) == {"text", "attachments"}


async def test_a_stale_version_is_409(door: Door) -> None:
    receipt = await door.submit()
    before = await seen(door, receipt)
    again = {"code": receipt["code"], "version": before["version"]}
    assert (await door.act(receipt["no"], "urge", again)).status_code == 200
    response = await door.act(receipt["no"], "urge", again)
    assert (response.status_code, response.json()["error"]["code"]) == (409, "conflict")


async def test_the_whole_way_from_a_message_to_a_rating(door: Door) -> None:
    receipt = await door.submit()
    await door.drain()
    case = await seen(door, receipt)
    assert case["status"] == "assigned"
    no, clerk = receipt["no"], await door.log_in(f"clerk-{case['unit']['code']}")
    early = await door.act(no, "reply", {"text": "太早"}, clerk)
    assert (early.status_code, early.json()["error"]["code"]) == (409, "not_now")
    assert (await door.act(no, "accept", None, clerk)).json()["status"] == "accepted"
    empty = await door.act(no, "reply", {}, clerk)
    assert set(empty.json()["error"]["fields"]) == {"text"}
    answered = await door.act(no, "reply", {"text": "已安排两名交警早晚疏导。"}, clerk)
    assert answered.json()["reply"] == "已安排两名交警早晚疏导。"
    code = {"code": receipt["code"]}
    wrong = await door.act(no, "rate", {**code, "level": 7, "tags": [5]})
    assert set(wrong.json()["error"]["fields"]) == {"level", "tags"}
    mixed = await door.act(no, "rate", {**code, "level": 2, "tags": ["510"]})
    assert set(mixed.json()["error"]["fields"]) == {"tags"}
    rated = await door.act(no, "rate", {**code, "level": 2, "tags": ["213"], "text": "希望再快一些"})
    assert rated.status_code == 200, rated.text
    assert rated.json()["timeline"][-1]["level"] == 2


async def test_a_number_in_quotes_is_no_number(door: Door) -> None:
    receipt = await door.submit()
    await door.drain()
    unit = (await seen(door, receipt))["unit"]["code"]
    clerk = await door.log_in(f"clerk-{unit}")
    await door.act(receipt["no"], "accept", None, clerk)
    await door.act(receipt["no"], "reply", {"text": "已处理。"}, clerk)
    response = await door.act(receipt["no"], "rate", {"code": receipt["code"], "level": "5"})
    assert response.json()["error"]["fields"] == {"level": "满意程度应为数字"}


async def test_an_anonymous_person_is_hidden_from_the_unit_but_not_from_themselves(door: Door) -> None:
    receipt = await door.submit(anonymous=True)
    await door.drain()
    case = await seen(door, receipt)
    assert case["person"]["name"] == "安小娜"
    clerk = await door.log_in(f"clerk-{case['unit']['code']}")
    theirs = (await door.get(f"{CASES}/{receipt['no']}", clerk)).json()
    assert theirs["person"] == {"name": "匿名", "phone": "", "masked": True}


async def test_staff_of_another_unit_cannot_tell_the_case_exists(door: Door) -> None:
    receipt = await door.submit()
    await door.drain()
    stranger = await door.log_in("clerk-jiaoyu")
    hidden = await door.get(f"{CASES}/{receipt['no']}", stranger)
    nowhere = await door.get(f"{CASES}/20200101-000000", stranger)
    assert (hidden.status_code, hidden.text) == (404, nowhere.text)
    assert (await door.act(receipt["no"], "accept", None, stranger)).text == hidden.text


async def uploaded(door: Door, name: str = "路口.jpg", content: bytes | None = None) -> dict[str, Any]:
    if content is None:
        out = io.BytesIO()
        Image.new("RGB", (20, 10), "red").save(out, "JPEG")
        content = out.getvalue()
    response = await door.client.post("/api/v1/attachments", files={"file": (name, content)})
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


async def test_a_photo_goes_in_and_comes_out_for_its_owner_only(door: Door) -> None:
    file = await uploaded(door)
    assert (file["name"], file["type"]) == ("路口.jpg", "image/jpeg")
    receipt = await door.submit(attachments=[file["id"]])
    assert (await seen(door, receipt))["attachments"][0]["id"] == file["id"]
    path = f"{CASES}/{receipt['no']}/attachments/{file['id']}"
    got = await door.get(path, params={"code": receipt["code"]})
    assert (got.status_code, len(got.content)) == (200, file["size"])
    assert got.headers["content-disposition"].startswith("attachment")
    assert (await door.get(path, params={"code": "000000000000"})).status_code == 404
    other = await door.submit()
    theirs = await door.get(f"{CASES}/{other['no']}/attachments/{file['id']}", params={"code": other["code"]})
    assert theirs.status_code == 404


async def test_staff_get_a_file_of_its_own_case_only_and_it_is_written_down(door: Door) -> None:
    file = await uploaded(door)
    receipt, other = await door.submit(attachments=[file["id"]]), await door.submit(title="另一件")
    token = await door.log_in("reception")
    assert (await door.get(f"{CASES}/{other['no']}/attachments/{file['id']}", token)).status_code == 404
    assert (await door.get(f"{CASES}/{receipt['no']}/attachments/{file['id']}", token)).status_code == 200
    reads = [(row["actor"], row["what"], row["case_no"], row["detail"]) for row in await access_log.read_log()]
    assert reads == [("reception", "attachment", receipt["no"], file["name"])]


async def test_a_file_belongs_to_one_message_only(door: Door) -> None:
    file = await uploaded(door)
    await door.submit(attachments=[file["id"]])
    response = await door.post(CASES, {**ANNAS_MESSAGE, "attachments": [file["id"], "made-up"]})
    assert set(response.json()["error"]["fields"]) == {"attachments"}


@pytest.mark.parametrize(
    ("content", "status", "fault"),
    [
        pytest.param(b"", 422, "文件是空的", id="empty"),
        pytest.param(
            b"MZ\x90\x00",
            422,
            "不支持这种文件，请上传照片、PDF、OFD、Word、Excel、PPT、WPS 文档、录音或视频",
            id="a program",
        ),
        pytest.param(b"%PDF-" + b"0" * 10_000_001, 413, "", id="too large"),
    ],
)
async def test_a_file_we_do_not_take_is_refused(door: Door, content: bytes, status: int, fault: str) -> None:
    response = await door.client.post("/api/v1/attachments", files={"file": ("a.pdf", content)})
    assert response.status_code == status
    assert response.json()["error"].get("fields", {}).get("file", "") == fault


async def test_an_upload_without_a_file_says_so(door: Door) -> None:
    response = await door.client.post("/api/v1/attachments", data={"file": "text"}, files={"other": ("a.txt", b"x")})
    assert set(response.json()["error"]["fields"]) == {"file"}
    assert (await door.post("/api/v1/attachments", {"file": "x"})).status_code == 415
