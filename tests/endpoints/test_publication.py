"""What is published is looked at for personal data at every entry, by one rule."""

from tests.people import Door

SECRETS = {
    "title": "油烟扰民",
    "question": "烧烤摊油烟扰民，我电话138.0000.1111",
    "answer": "安小娜您好，已责令清洗。",
}


async def answered(door: Door) -> tuple[str, str]:
    """A case that was answered and may be published, and the token of whoever may publish it."""
    receipt = await door.submit()
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
