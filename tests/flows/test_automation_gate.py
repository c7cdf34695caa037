"""Automation by a district's own outcomes: suggestions first, automatic when proven, suggestions again when withdrawn."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from classify.automation import outcomes
from classify.automation.gate import GateState
from classify.models import Outcome
from feedback.kernel.settings import Settings
from tests.people import Door
from web.tasks import classification

TARGET = 0.6
"""A low one, so that a handful of cases proves it."""
ENOUGH = 8
HOUR = timedelta(hours=1)
WAGES = {"title": "餐馆三个月没发工资", "text": "老板拖欠我们五个人三个月工资，也没签劳动合同，请劳动监察帮忙要回来。"}


@pytest.fixture
async def proven_door(settings: Settings) -> AsyncIterator[Door]:
    """The application of a district that lets nothing go without a person unless proven."""
    async with Door.opened(replace(settings, automatic="proven", automatic_target=TARGET)) as door:
        yield door


async def _submit(door: Door) -> dict[str, object]:
    receipt = await door.submit(**WAGES)
    await door.drain()
    case: dict[str, object] = (await door.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}")).json()
    return case


async def _confirm(door: Door, unit: str) -> None:
    """One more case, which reception sends to a unit that accepts it."""
    no = str((await _submit(door))["no"])
    reception, clerk = await door.log_in("reception"), await door.log_in(f"clerk-{unit}")
    if (await door.get(f"/api/v1/cases/{no}", reception)).json()["status"] == "received":
        assert (await door.act(no, "assign", {"unit": unit}, reception)).status_code == 200
    assert (await door.act(no, "accept", {}, clerk)).status_code == 200
    await door.drain()


async def test_a_new_district_only_suggests_and_gives_the_reason(proven_door: Door) -> None:
    case = await _submit(proven_door)
    assert (case["status"], case["unit"]) == ("received", None)
    assert str(case["category"]).startswith("04")
    desk = await proven_door.page_client("reception")
    page = (await desk.get(f"/desk/cases/{case['no']}")).text
    assert "本区尚无足够结果证明" in page
    assert "派给云川区人力资源和社会保障局" in page
    await desk.aclose()
    reception = await proven_door.log_in("reception")
    hint = (await proven_door.post("/api/v1/classify", WAGES, reception)).json()
    assert (hint["automatic"], hint["abstained"], hint["unit"]["code"]) == (False, False, "renshe")
    assert "本区尚无足够结果证明" in hint["automatic_reason"]


async def test_confirmed_outcomes_make_a_category_automatic_and_corrections_withdraw_it(proven_door: Door) -> None:
    for _ in range(ENOUGH):
        await _confirm(proven_door, "renshe")
    case = await _submit(proven_door)
    assert (case["status"], case["unit"]["code"]) == ("assigned", "renshe")  # type: ignore[index]
    reception, clerk = await proven_door.log_in("reception"), await proven_door.log_in("clerk-renshe")
    assert (await proven_door.post("/api/v1/classify", WAGES, reception)).json()["automatic"]
    for no in [case["no"], *[(await _submit(proven_door))["no"] for _ in range(3)]]:
        answer = await proven_door.act(str(no), "return", {"reason": "由劳动仲裁办理"}, clerk)
        assert answer.status_code == 200, answer.text
    await proven_door.drain()
    states = {cell.name: cell.results.state for cell in await outcomes.list_cell_states()}
    assert states["04"] is GateState.WITHDRAWN
    assert (await _submit(proven_door))["status"] == "received"
    admin = await proven_door.page_client("admin")
    page = (await admin.get("/admin/automatic")).text
    assert "已撤回" in page
    await admin.aclose()


async def test_the_desk_sees_where_similar_cases_went_and_a_stranger_to_them_does_not(proven_door: Door) -> None:
    await _confirm(proven_door, "renshe")
    case = await _submit(proven_door)
    desk = await proven_door.page_client("reception")
    page = (await desk.get(f"/desk/cases/{case['no']}")).text
    assert "此前相近的件派给了：" in page
    await desk.aclose()
    for who, sees in (("reception", True), ("clerk-renshe", True), ("clerk-jiaoyu", False)):
        hint = (await proven_door.post("/api/v1/classify", WAGES, await proven_door.log_in(who))).json()
        assert [case["unit"]["code"] for case in hint["similar"]] == (["renshe"] if sees else [])


async def test_a_later_decision_reverses_the_outcome(proven_door: Door) -> None:
    case = await _submit(proven_door)
    reception = await proven_door.log_in("reception")
    await proven_door.act(str(case["no"]), "assign", {"unit": "renshe"}, reception)
    await proven_door.drain()
    assert (await Outcome.get(case_no=case["no"])).is_right
    await proven_door.act(str(case["no"]), "classify", {"category": "0601"}, reception)
    await proven_door.drain()
    assert not (await Outcome.get(case_no=case["no"])).is_right
    assert {(c.results.n, c.results.right) for c in await outcomes.list_cell_states()} == {(1, 0)}


async def test_stored_cell_states_equal_recomputed_ones(proven_door: Door) -> None:
    for unit in ("renshe", "renshe", "jiaoyu", "renshe"):
        await _confirm(proven_door, unit)
    before = await outcomes.list_cell_states()
    handler = classification.build_outcome_handler(TARGET)
    for outcome in await Outcome.all():
        await handler({"no": outcome.case_no, "seq": 2}, proven_door.context.clock.now())
    assert await outcomes.list_cell_states() == before
    assert await outcomes.recompute_cells(TARGET) == []
    assert await outcomes.recompute_cells(0.05)  # another target, other standings


async def test_a_district_may_ask_for_suggestions_only(settings: Settings) -> None:
    async with Door.opened(replace(settings, automatic="suggest", automatic_target=TARGET)) as door:
        for _ in range(ENOUGH):
            await _confirm(door, "renshe")
        assert (await _submit(door))["status"] == "received"


async def test_reports_are_never_counted(proven_door: Door) -> None:
    await proven_door.submit(**WAGES, kind="report")
    await proven_door.drain()
    assert not await Outcome.exists()


@pytest.mark.parametrize("who", ["admin", "supervisor", "auditor"])
async def test_authorized_staff_see_the_state_of_the_cells(proven_door: Door, who: str) -> None:
    await _confirm(proven_door, "renshe")
    client = await proven_door.page_client(who)
    page = await client.get("/admin/automatic")
    assert page.status_code == 200
    assert "劳动" in page.text
    await client.aclose()
    other = await proven_door.page_client("clerk-jiaoyu")
    assert (await other.get("/admin/automatic")).status_code == 403
    await other.aclose()
