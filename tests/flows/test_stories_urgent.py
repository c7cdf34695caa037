"""Stories of urgent matters: everything counts in hours, whoever can help is called at once, and a person answers for it."""

from datetime import datetime

import pytest

from tests.flows.story import Story, code_of
from tests.people import Door

GAS_LEAK = {"title": "楼道里燃气泄漏", "text": "清波社区3号楼楼道里天然气泄漏，味道很浓，楼里老人都不敢开灯。"}
ON_SUNDAY = "2026-12-06 20:00"


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


async def gas_leak(story: Story) -> None:
    """A gas leak on a Sunday evening, sent to the street at once with the water company beside it."""
    await story.submit(ON_SUNDAY, kind="help", **GAS_LEAK)
    await story.does("reception", "assign", "2026-12-06 20:10", unit="jd-qinghe", units=["gongshui"])


async def test_53_every_clock_of_an_urgent_order_counts_in_hours_on_a_sunday_night_too(story: Story) -> None:
    await gas_leak(story)
    await story.does("clerk-jd-qinghe", "accept", "2026-12-06 20:20")
    clocks = {clock["term"]: clock for clock in (await story.seen())["clocks"]}
    minutes = {term: _minutes(clock["starts_at"], clock["due_at"]) for term, clock in clocks.items()}
    assert minutes == {
        "forward": 60,
        "notify": 30,
        "object": 30,
        "co_reply": 120,
        "contact": 60,
        "resolve": 120,
        "answer": 240,
    }


def _minutes(since: str, until: str) -> int:
    return round((datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds() / 60)


async def test_53_an_urgent_order_is_not_returned_after_its_term_to_sign(story: Story) -> None:
    await gas_leak(story)
    in_time = await story.tries("clerk-jd-qinghe", "return", "2026-12-06 20:39", reason="")
    assert set(in_time.json()["error"]["fields"]) == {"reason"}
    late = await story.tries("clerk-jd-qinghe", "return", "2026-12-06 20:41", reason="不属于本单位职责")
    assert code_of(late) == (409, "return_lapsed")
    assert "return" not in await story.acts("clerk-jd-qinghe")


@pytest.mark.parametrize(
    ("title", "text", "utility"),
    [
        (GAS_LEAK["title"], GAS_LEAK["text"], "ranqi"),
        ("整栋楼停电", "清波社区3号楼今天一早就停电了，到现在没电用，老人在家吸氧。", "gongdian"),
        ("小区停水", "清波社区今天停水一整天，家里一滴水都没有。", "gongshui"),
    ],
    ids=["gas", "power", "water"],
)
async def test_53_the_utility_whose_duty_it_is_has_an_urgent_order_at_once(
    story: Story, title: str, text: str, utility: str
) -> None:
    await story.submit(ON_SUNDAY, kind="help", title=title, text=text)
    await story.door.drain()
    case = await story.seen()
    assert case["status"] == "assigned"
    assert utility in {case["unit"]["code"], *(unit["code"] for unit in case["co_units"])}
