"""Danger told of in a message: what to do first and whom to ring, before anybody waits for an answer."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.people import Door

GAS = "我家厨房燃气泄漏，味道很大，一屋子都是。"
HEAD = "先顾人身安全，再在这里填写"


@pytest.fixture
async def anna(door: Door) -> AsyncIterator[httpx2.AsyncClient]:
    async with door.browser() as browser:
        yield browser


async def at_step_three(anna: httpx2.AsyncClient, text: str, kind: str = "help") -> None:
    await anna.post("/new/1", data={"kind": kind})
    await anna.post("/new/2", data={"title": "请快来人", "text": text})


@pytest.mark.parametrize(
    ("text", "first", "number"),
    [
        (GAS, "不要开关任何电器", "119"),
        ("我妈妈说不想活了，一个人站在桥上。", "有人会听您说", "12356"),
        ("楼下着火了，浓烟往上冒。", "不要坐电梯", "119"),
        ("高压线掉下来还在打火，变压器冒火。", "8 米以上", "95598"),
        ("电梯里困了三个人，老人被困在电梯里。", "按紧急呼叫按钮", "119"),
        ("邻居拿着刀在楼道里追人。", "12110", "110"),
        ("有人掉进河里了。", "抛救生圈", "120"),
        ("孩子放学后走丢了，现在还没找到。", "不用等 24 小时", "110"),
    ],
)
async def test_while_one_types_the_fragment_says_what_to_do_first(
    anna: httpx2.AsyncClient, text: str, first: str, number: str
) -> None:
    fragment = (await anna.post("/new/danger", data={"title": "", "text": text})).text
    assert HEAD in fragment and first in fragment
    assert f'href="tel:{number}"' in fragment


@pytest.mark.parametrize("text", ["", "路灯不亮三天了。", "建议加强燃气泄漏的宣传。", "去年着火了，已经解决。"])
async def test_an_ordinary_matter_is_not_alarmed_about(anna: httpx2.AsyncClient, text: str) -> None:
    assert not (await anna.post("/new/danger", data={"title": "", "text": text})).text.strip()


async def test_without_scripts_every_later_step_says_it_above_its_button(anna: httpx2.AsyncClient) -> None:
    await at_step_three(anna, GAS)
    for step in (2, 3, 4):
        page = (await anna.get(f"/new/{step}")).text
        assert page.index(HEAD) < page.index("data-busy=")
        assert page.index("急事不要在这里等") < page.index("data-busy=")
    assert "急事不要在这里等" in (await anna.get("/new/1")).text


async def test_the_last_step_and_the_receipt_tell_the_urgent_term(anna: httpx2.AsyncClient) -> None:
    await at_step_three(anna, GAS)
    last = (await anna.get("/new/4")).text
    assert "4 小时内答复" in last and "7 个工作日" not in last
    receipt = (await anna.get((await anna.post("/new/4")).headers["location"])).text
    assert HEAD in receipt and "7 个工作日" not in receipt


async def test_water_that_is_cut_off_is_answered_within_a_day(anna: httpx2.AsyncClient) -> None:
    await at_step_three(anna, "我们小区停水两天了，今天还没来水。")
    page = (await anna.get("/new/4")).text
    assert "26 小时内答复" in page and HEAD not in page


@pytest.mark.parametrize(
    ("kind", "words"), [("suggest", "60 日内办结"), ("appeal", "60 日内办结"), ("report", "全程保密")]
)
async def test_kinds_without_an_urgent_term_keep_their_own(anna: httpx2.AsyncClient, kind: str, words: str) -> None:
    await at_step_three(anna, GAS, kind)
    assert words in (await anna.get("/new/4")).text
