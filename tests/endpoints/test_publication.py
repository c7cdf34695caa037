"""What is published is looked at for personal data and for a writer in danger, at the page and the API by one rule."""

import json
import re
from pathlib import Path

import pytest

from tests.endpoints.test_desk_pages import at_desk
from tests.people import Door

SECRETS = {
    "title": "油烟扰民",
    "question": "烧烤摊油烟扰民，我电话138.0000.1111",
    "answer": "安小娜您好，已责令清洗。",
}


async def answered(door: Door, **fields: object) -> tuple[str, str]:
    """A case that was answered and may be published, and the token of whoever may publish it."""
    receipt = await door.submit(**fields)
    reception, clerk = await door.log_in("reception"), await door.log_in("clerk-jiaoyu")
    no = receipt["no"]
    assert (await door.act(no, "assign", {"unit": "jiaoyu"}, reception)).status_code == 200
    assert (await door.act(no, "accept", {}, clerk)).status_code == 200
    reply = await door.act(no, "reply", {"text": "已安排交警早晚高峰疏导，并划设临时停车区。"}, clerk)
    assert reply.status_code == 200, reply.text
    return no, reception


async def test_the_api_does_not_publish_what_looks_personal_without_a_second_look(door: Door) -> None:
    no, token = await answered(door)
    response = await door.act(no, "publish", SECRETS, token)
    assert response.status_code == 422
    assert set(response.json()["error"]["fields"]) == {"question", "answer"}
    assert (await door.get("/api/v1/public/replies")).json()["total"] == 0
    confirmed = await door.act(no, "publish", {**SECRETS, "confirmed": True}, token)
    assert confirmed.status_code == 200, confirmed.text
    assert (await door.get("/api/v1/public/replies")).json()["total"] == 1


async def test_plain_words_are_published_at_once(door: Door) -> None:
    no, token = await answered(door)
    words = {"title": "油烟扰民", "question": "烧烤摊油烟扰民", "answer": "您好，已责令清洗。"}
    assert (await door.act(no, "publish", words, token)).status_code == 200


FINDING = json.loads((Path(__file__).parents[1] / "rules" / "data" / "published_once.json").read_text(encoding="utf-8"))
CALM = {"title": "路灯不亮", "question": "路灯坏了半个月。", "answer": "您好，已修复。"}
CRISIS = {"title": "工资要不到", "question": "工资要不到，真的不想活了，药都攒好了", "answer": "您好，已协调支付。"}


async def test_page_and_api_refuse_the_same_words_until_somebody_confirms(door: Door) -> None:
    """Findings R24 and R26."""
    no, token = await answered(door)
    async with at_desk(door, "reception") as reception:
        for words in FINDING:
            data = {**CALM, "question": words}
            response = await door.act(no, "publish", data, token)
            page = await reception.post(f"/desk/cases/{no}/acts/publish", data=data)
            assert (response.status_code, page.status_code) == (422, 422), words
            assert set(response.json()["error"]["reasons"]) == {"question"}, words
            assert "像是个人信息" in page.text, words
    assert (await door.get("/api/v1/public/replies")).json()["total"] == 0


@pytest.mark.parametrize("name", ["安 小 娜", "安·小娜", "安\u200b小娜"])
async def test_the_petitioner_is_recognised_in_any_spelling(door: Door, name: str) -> None:
    no, token = await answered(door)
    response = await door.act(no, "publish", {**CALM, "answer": f"{name}您好，已修复。"}, token)
    assert response.json()["error"]["reasons"] == {"answer": ["personal_data"]}


async def test_a_writer_in_danger_is_not_published_unseen_by_page_or_api(door: Door) -> None:
    no, token = await answered(door)
    refused = await door.act(no, "publish", CRISIS, token)
    assert refused.status_code == 422
    assert refused.json()["error"]["reasons"] == {"question": ["crisis"]}
    assert "本人安全" in refused.json()["error"]["fields"]["question"]
    async with at_desk(door, "reception") as reception:
        page = await reception.post(f"/desk/cases/{no}/acts/publish", data=CRISIS)
        assert page.status_code == 422
        assert "来信人可能有轻生念头" in page.text
        assert 'name="confirmed"' in page.text
        assert (await door.get("/api/v1/public/replies")).json()["total"] == 0
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
        confirmed = await reception.post(f"/desk/cases/{no}/acts/publish", data={**fields, "confirmed": "1"})
        assert confirmed.status_code == 303
    assert (await door.get("/api/v1/public/replies")).json()["total"] == 1


async def test_all_reasons_are_named_at_once_since_one_confirmation_covers_them(door: Door) -> None:
    no, token = await answered(door)
    response = await door.act(no, "publish", {**CRISIS, "question": CRISIS["question"] + "，电话13800001111"}, token)
    assert response.json()["error"]["reasons"] == {"question": ["personal_data", "crisis"]}


async def test_a_case_whose_writer_was_in_danger_is_looked_at_though_its_words_were_softened(door: Door) -> None:
    no, token = await answered(door, text="工资要不到，真的不想活了，药都攒好了，请帮帮我。")
    response = await door.act(no, "publish", CALM, token)
    assert response.json()["error"]["reasons"] == {"question": ["crisis"]}
    assert (await door.act(no, "publish", {**CALM, "confirmed": True}, token)).status_code == 200


async def test_telephones_of_offices_may_be_published(door: Door) -> None:
    no, token = await answered(door)
    units = (await door.get("/api/v1/units")).json()["items"]
    phone = next(unit["phone"] for unit in units if unit.get("phone"))
    response = await door.act(no, "publish", {**CALM, "answer": f"您好，已修复，有问题打{phone}。"}, token)
    assert response.status_code == 200, response.text
