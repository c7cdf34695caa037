"""Clocks an older version computed differently are reported, recalculated with their cause, and never in a forged case."""

from datetime import timedelta

from feedback import jobs, recalculation
from feedback.record.models.case import Case, Entry
from feedback.record.models.clocks import ClockRow
from feedback.record.persistence import clock_columns, load_stored_clocks
from feedback.rules.clocks import Clock
from feedback.rules.vocabulary import Act
from tests.flows.test_law import DAY, HOUR, does, file, opened
from tests.moments import MONDAY
from web.context import AppContext


async def _store_as_older_version(context: AppContext) -> tuple[str, Clock]:
    """A case whose notice an older version ended two days early, and which kept a clock there is no more."""
    no = await opened(context)
    await does(no, "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
    case = await Case.get(no=no)
    (notify,) = [c for c in await load_stored_clocks(case.id) if c.term == "notify"]
    early = {"due_at": notify.due_at - 2 * DAY, "due_legal_day": notify.due_legal_day - 2 * DAY}
    await ClockRow.filter(case_id=case.id, term="notify").update(**early)
    strange = {**clock_columns(notify), "term": "object", "seq": 1, "label": "提出异议"}
    await ClockRow.create(case_id=case.id, **strange)
    return no, notify


async def _list_differences() -> list[recalculation.CaseDifference]:
    return [difference async for difference in recalculation.find_differences()]


async def test_a_difference_is_reported_and_reporting_writes_nothing(context: AppContext) -> None:
    no, notify = await _store_as_older_version(context)
    entries = await Entry.all().count()
    (damage, *_) = [d async for d in jobs.find_damages(context.settings)]
    assert (damage.where, damage.code) == (f"case {no}", jobs.CLOCKS_DIFFER)
    (difference,) = await _list_differences()
    early = notify.due_legal_day - 2 * DAY
    assert (difference.no, difference.broken) == (no, "")
    assert set(difference.changes) == {"提出异议 不再计时", f"受理告知 {early}→{notify.due_legal_day}"}
    assert await Entry.all().count() == entries and await _list_differences() == [difference]


async def test_recalculation_stores_its_cause_in_the_file_and_the_record_verifies(context: AppContext) -> None:
    no, notify = await _store_as_older_version(context)
    (difference,) = await _list_differences()
    await recalculation.recalculate(difference, recalculation.CAUSE, MONDAY + DAY)
    seen = await file(context, no)
    assert seen.entries[-1].act == Act.REFOLD
    assert seen.entries[-1].data["reason"].startswith(recalculation.CAUSE)
    assert str(notify.due_legal_day) in seen.entries[-1].data["reason"]
    assert [c for c in seen.clocks if c.term == "notify"] == [notify]
    assert await _list_differences() == []
    assert [d async for d in jobs.find_damages(context.settings)] == []


async def test_a_case_with_a_broken_chain_is_not_recalculated(context: AppContext) -> None:
    no, _ = await _store_as_older_version(context)
    await Entry.filter(case__no=no, seq=1).update(at=MONDAY - timedelta(days=3))
    (difference,) = await _list_differences()
    assert difference.broken == "entry 1"


async def test_an_act_meanwhile_recalculates_the_case_itself(context: AppContext) -> None:
    no, notify = await _store_as_older_version(context)
    (difference,) = await _list_differences()
    await does(no, "clerk-jiaoyu", Act.NOTE, 2 * HOUR, text="已联系")
    assert await _list_differences() == []
    assert [c for c in (await file(context, no)).clocks if c.term == "notify"] == [notify]
    assert difference.no == no
