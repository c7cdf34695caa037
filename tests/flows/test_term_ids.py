"""A corrected citation affects no open case: clocks refer to their term by its id; the migration gave old clocks theirs."""

from importlib import import_module
from typing import Any

import pytest

from feedback import jobs, recalculation
from feedback.kernel import db
from feedback.record.models.case import Case
from feedback.record.models.clocks import ClockRow
from feedback.record.persistence import load_stored_clocks
from feedback.rules.terms import TERMS_BY_ID
from tests.moments import MONDAY
from tests.people import Door
from web.context import AppContext

migration = import_module("web.migrations.0016_term_ids")


async def _accepted(door: Door) -> tuple[dict[str, Any], str]:
    """A petition that a unit took on: its receipt, and the clerk's token."""
    receipt = await door.submit(kind="appeal")
    desk, clerk = await door.log_in("reception"), await door.log_in("clerk-jiaoyu")
    assert (await door.act(receipt["no"], "assign", {"unit": "jiaoyu"}, desk)).is_success
    assert (await door.act(receipt["no"], "accept", {}, clerk)).is_success
    return receipt, clerk


async def _opens_for_clerk_and_citizen(door: Door, receipt: dict[str, Any], token: str) -> dict[str, Any]:
    """Page and API, as the unit's clerk and as the citizen. Returns the case as the clerk's program reads it."""
    no, code = receipt["no"], receipt["code"]
    answer = await door.get(f"/api/v1/cases/{no}", token)
    assert answer.status_code == 200, answer.text
    own = await door.get(f"/api/v1/cases/{no}", params={"code": code})
    assert own.status_code == 200, own.text
    clerk, citizen = await door.page_client("clerk-jiaoyu"), door.browser()
    try:
        assert (await clerk.get(f"/desk/cases/{no}")).status_code == 200
        resolve = next(c for c in await load_stored_clocks((await Case.get(no=no)).id) if c.term == "resolve")
        assert (await clerk.get(f"/desk/cases/{no}/clocks/{resolve.seq}/resolve")).status_code == 200
        assert (await citizen.post("/lookup", data={"code": code, "check": no})).status_code == 303
        assert (await citizen.get("/case")).status_code == 200
    finally:
        await clerk.aclose()
        await citizen.aclose()
    case: dict[str, Any] = answer.json()
    return case


@pytest.mark.parametrize(
    "stored",
    [
        {"law": "旧的引文", "label": "旧的名称"},
        {"law": "旧的引文", "term_id": "petition.resolve.claim.1999"},
        {"law": "旧的引文", "term_id": ""},
    ],
    ids=["another citation", "a row that is gone", "an id nobody knows"],
)
async def test_a_case_opens_whatever_a_release_before_called_the_rows_of_its_clocks(
    door: Door, stored: dict[str, str]
) -> None:
    receipt, token = await _accepted(door)
    await ClockRow.filter(case__no=receipt["no"]).update(**stored)
    case = await _opens_for_clerk_and_citizen(door, receipt, token)
    assert {clock["law"] for clock in case["clocks"]} == {"旧的引文"}
    assert [damage async for damage in jobs.find_damages(door.settings)] == []
    assert [row async for row in recalculation.find_differences()] == [], (
        "words and ids alone are nothing to count anew"
    )


async def test_the_next_act_writes_the_words_and_ids_of_the_table_in_force(door: Door) -> None:
    receipt, token = await _accepted(door)
    ids = dict(await ClockRow.filter(case__no=receipt["no"]).values_list("id", "term_id"))
    await ClockRow.filter(case__no=receipt["no"]).update(law="旧的引文", term_id="")
    assert (await door.act(receipt["no"], "note", {"text": "已联系"}, token)).is_success
    rows = await ClockRow.filter(case__no=receipt["no"])
    assert {row.id: row.term_id for row in rows} == ids
    assert all(row.law == TERMS_BY_ID[row.term_id].law for row in rows)


async def test_a_running_extension_is_offered_after_the_citation_was_corrected(door: Door) -> None:
    receipt, _ = await _accepted(door)
    await ClockRow.filter(case__no=receipt["no"]).update(law="旧的引文", label="旧的名称")
    lead = await door.page_client("lead-jiaoyu")
    page = (await lead.get(f"/desk/cases/{receipt['no']}")).text
    await lead.aclose()
    assert "最多 30 日" in page


async def _filled_anew(context: AppContext) -> dict[int, str]:
    """What the migration says of clocks that were stored, and worded, before it."""
    for term_id, _, law, label, _ in migration.ROWS:
        await ClockRow.filter(term_id=term_id).exclude(law="更早的引文").update(law=law, label=label)
    await ClockRow.all().update(term_id="")
    await db.write_connection().execute_query(migration.FILL)
    return dict(await ClockRow.all().values_list("id", "term_id"))


async def test_the_migration_gives_every_stored_clock_the_row_it_was_started_by(door: Door) -> None:
    door.set_time(MONDAY)  # rows that came after the migration have their ids from the start
    await _accepted(door)
    for urgency, text in ((1, "燃气泄漏，随时可能爆炸"), (2, "小区停水两天了"), (0, "路灯坏了")):
        receipt = await door.submit(title=text, text=f"{text}，请尽快处理。")
        assert (await Case.get(no=receipt["no"])).urgency == urgency
    ids = dict(await ClockRow.all().values_list("id", "term_id"))
    assert {"hotline.answer.life.2020", "hotline.answer.utilities.2020", "petition.resolve.claim.2022"} <= {
        *ids.values()
    }
    assert await _filled_anew(door.context) == ids


async def test_a_clock_the_migration_does_not_know_keeps_no_id_and_a_town_promise_changes_nothing(door: Door) -> None:
    receipt, _ = await _accepted(door)
    rows = ClockRow.filter(case__no=receipt["no"])
    await rows.filter(term="resolve").update(length="30cd")
    await rows.filter(term="answer").update(law="更早的引文")
    await _filled_anew(door.context)
    assert (await rows.get(term="resolve")).term_id == "petition.resolve.claim.2022"
    assert (await rows.get(term="answer")).term_id == ""


def test_an_id_that_was_released_stays_in_the_table() -> None:
    assert {row[0] for row in migration.ROWS} <= set(TERMS_BY_ID)
