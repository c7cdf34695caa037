"""The desk is shown which unit usually answers such a message, once there are enough accepted cases."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from feedback.kernel.settings import Settings
from routing import directory
from tests.people import Door
from web.tasks import unit_recommendation

WAGES = {"title": "餐馆三个月没发工资", "text": "老板拖欠我们五个人三个月工资，也没签劳动合同，请劳动监察帮忙要回来。"}
ASIDE = {"title": "工资一直拖着", "text": "工地欠薪半年，带班的不接电话，想请人帮忙讨回工资。"}
TOLD = "这类事通常由："


@pytest.fixture
async def suggesting_door(settings: Settings) -> AsyncIterator[Door]:
    """A district where the desk sends every case."""
    async with Door.opened(replace(settings, automatic="suggest")) as door:
        yield door


async def _open_page(door: Door, **message: str) -> str:
    receipt = await door.submit(**message)
    await door.drain()
    desk = await door.page_client("reception")
    page = (await desk.get(f"/desk/cases/{receipt['no']}")).text
    await desk.aclose()
    return page


async def _assign_and_accept(door: Door, unit: str, reception: str, clerk: str, number: int) -> None:
    no = str((await door.submit(title=WAGES["title"], text=f"{WAGES['text']}（{number}）"))["no"])
    await door.drain()
    assert (await door.act(no, "assign", {"unit": unit}, reception)).status_code == 200
    assert (await door.act(no, "accept", {}, clerk)).status_code == 200


async def test_the_desk_sees_which_unit_accepted_such_cases_whatever_the_rows_name(suggesting_door: Door) -> None:
    assert TOLD not in await _open_page(suggesting_door, **WAGES)
    reception, clerk = await suggesting_door.log_in("reception"), await suggesting_door.log_in("clerk-jiaoyu")
    for number in range(unit_recommendation.MIN_CASES):
        await _assign_and_accept(suggesting_door, "jiaoyu", reception, clerk, number)
    await suggesting_door.drain()
    model, names = await suggesting_door.context.model(), await directory.load_directory()
    assert model is not None
    await suggesting_door.context.unit_recommendation.learn(model, names)
    page = await _open_page(suggesting_door, **ASIDE)
    usual = page[page.index(TOLD) :].split("</p>")[0]
    assert usual.startswith(f"{TOLD}{names.short('jiaoyu')}")
    report = {**ASIDE, "kind": "report", "channel": "app"}
    assert TOLD not in await _open_page(suggesting_door, **report)


async def test_a_model_of_an_older_directory_is_not_used(suggesting_door: Door) -> None:
    model, names = await suggesting_door.context.model(), await directory.load_directory()
    assert model is not None
    await suggesting_door.context.unit_recommendation.learn(model, replace(names, edition=names.edition - 1))
    assert (
        await suggesting_door.context.unit_recommendation.usual(suggesting_door.context, WAGES["title"], WAGES["text"])
        == []
    )
