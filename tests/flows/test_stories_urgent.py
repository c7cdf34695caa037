"""Stories of urgent matters: everything counts in hours, whoever can help is called at once, and a person answers for it."""

from dataclasses import replace
from datetime import datetime

import pytest

from feedback.kernel.settings import Settings
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


async def _alerts(story: Story, who: str) -> list[str]:
    """What somebody's unit was told about this case."""
    response = await story.door.get("/api/v1/notices", await story.door.log_in(who))
    return [notice["text"] for notice in response.json()["items"] if notice["case_no"] == story.no]


async def test_the_desk_on_duty_and_the_utility_hear_of_an_urgent_matter_at_once(settings: Settings) -> None:
    """Where no machine sends anything, the unit that will probably be asked gets ready while the desk decides."""
    async with Door.opened(replace(settings, automatic="suggest")) as door:
        story = Story(door)
        await story.submit(ON_SUNDAY, kind="help", **GAS_LEAK)
        await door.drain()
        assert (await story.seen())["status"] == "received"
        assert [text for text in await _alerts(story, "reception") if text.startswith("紧急事项")]
        assert [text for text in await _alerts(story, "clerk-ranqi") if text.startswith("紧急事项")]
        assert await _alerts(story, "clerk-gongshui") == []
        response = await door.get(f"/api/v1/cases/{story.no}", await door.log_in("clerk-ranqi"))
        assert response.status_code == 404
        assert _minutes(**await _span(story, "forward")) == 60
        await story.does("reception", "assign", "2026-12-06 20:10", unit="ranqi")
        assert (await story.clock("forward"))["state"] == "kept"
        assert _minutes(**await _span(story, "notify")) == 30


async def _span(story: Story, term: str) -> dict[str, str]:
    clock = await story.clock(term)
    return {"since": clock["starts_at"], "until": clock["due_at"]}


async def test_what_is_not_urgent_alarms_nobody(story: Story) -> None:
    await story.submit(ON_SUNDAY, kind="help", title="路灯不亮", text="清波社区3号楼前的路灯不亮。")
    await story.door.drain()
    assert not [text for text in await _alerts(story, "reception") if text.startswith("紧急事项")]


async def test_privacy_an_urgent_matter_is_sent_on_without_delay_and_a_person_handles_it(story: Story) -> None:
    page = await story.door.get("/privacy")
    assert "紧急事项为了不耽误，系统会先转给负责的单位，由人处理" in page.text
    await story.submit(ON_SUNDAY, kind="help", **GAS_LEAK)
    await story.door.drain()
    case = await story.seen()
    assert [clock["unit"] for clock in case["clocks"] if clock["term"] == "notify"] == [case["unit"]["code"]]
    assert "accept" not in {entry["act"] for entry in case["timeline"]}
    assert (await story.does(f"clerk-{case['unit']['code']}", "accept"))["status"] == "accepted"
