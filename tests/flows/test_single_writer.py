"""The functions that write cases: once per source, one of two simultaneous acts, idempotent handlers, true projections."""

import asyncio
from datetime import timedelta

import pytest

from classify.models import LearntExample
from feedback import jobs
from feedback.kernel import outbox
from feedback.kernel.errors import Conflict, Invalid, NotFound, NotNow
from feedback.queries import cases as case_queries
from feedback.queries import public_replies
from feedback.queries import statistics as case_statistics
from feedback.queries import worklist as case_worklist
from feedback.record import cases
from feedback.record.persistence import load_case_access
from feedback.rules.access import SYSTEM, Actor, citizen, may_see, scope
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.read_models import Filters
from feedback.rules.vocabulary import Act, Kind, Status
from routing import directory
from tests.moments import MONDAY
from web import bootstrap
from web.context import AppContext

HOUR = timedelta(hours=1)


def _draft(number: int = 1, **more: object) -> Submission:
    known: dict[str, object] = {
        "kind": "complaint",
        "title": f"第 {number} 件：楼道堆放杂物",
        "text": "清波社区三号楼楼道堆满纸箱，担心着火，请物业和社区清理。",
        "channel": "app",
        "desk": "rexian",
        "source_id": f"s-{number}",
        "person": PersonSubmission("安小娜", "13900001234"),
    }
    return Submission(**{**known, **more})  # type: ignore[arg-type] # keywords of the dataclass


async def _submit(context: AppContext, number: int = 1, **more: object) -> cases.Receipt:
    return await cases.submit(_draft(number, **more), citizen(""), now=MONDAY, vault=context.settings.vault)


async def _assigned(context: AppContext, unit: str = "jiaoyu", number: int = 1, **more: object) -> str:
    receipt = await _submit(context, number, **more)
    desk = await directory.load_actor("reception")
    await cases.act(receipt.no, Act.ASSIGN, desk, {"unit": unit}, now=MONDAY + HOUR)
    return receipt.no


async def test_the_same_source_is_the_same_case(context: AppContext) -> None:
    first, second = await _submit(context), await _submit(context)
    assert (first.no, first.code) == (second.no, second.code)
    assert first.is_new and not second.is_new


async def test_the_same_source_twice_at_once_is_one_case(context: AppContext) -> None:
    receipts = await asyncio.gather(*(_submit(context) for _ in range(6)))
    assert len({r.no for r in receipts}) == 1
    assert sum(r.is_new for r in receipts) == 1


async def test_a_guessed_source_with_another_text_learns_nothing(context: AppContext) -> None:
    await _submit(context)
    with pytest.raises(Conflict) as caught:
        await _submit(context, text="换一段文字试试看能不能拿到别人的查询码")
    assert caught.value.code == "source_id_used"


async def test_of_two_simultaneous_acts_one_succeeds_and_one_is_a_conflict(context: AppContext) -> None:
    no = await _assigned(context)
    clerk = await directory.load_actor("clerk-jiaoyu")
    both = await asyncio.gather(
        cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR, expect=2),
        cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR, expect=2),
        return_exceptions=True,
    )
    assert sorted(type(r).__name__ for r in both) in (["Conflict", "Status"], ["NotNow", "Status"])
    file = await case_queries.load_file(SYSTEM, no, vault=context.settings.vault)
    assert [e.act for e in file.entries].count("accept") == 1


async def test_an_act_from_a_stale_page_is_a_conflict(context: AppContext) -> None:
    no = await _assigned(context)
    clerk = await directory.load_actor("clerk-jiaoyu")
    await cases.act(no, Act.NOTE, clerk, {"text": "已看"}, now=MONDAY + 2 * HOUR)
    with pytest.raises(Conflict):
        await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 3 * HOUR, expect=2)


async def test_every_handler_is_idempotent(context: AppContext) -> None:
    await _submit(context)
    table = bootstrap.build_handlers(context)
    await outbox.drain(table, MONDAY + HOUR)
    before = (await case_worklist.load_worklist(SYSTEM, Filters(), 1, now=MONDAY)).items
    messages = await outbox.Message.all()
    notices = await _notices()
    for message in messages:
        await outbox.Message.filter(id=message.id).update(done_at=None, leased_until=None)
    await outbox.drain(table, MONDAY + HOUR)
    assert (await case_worklist.load_worklist(SYSTEM, Filters(), 1, now=MONDAY)).items == before
    assert await _notices() == notices
    assert await outbox.Message.all().count() == len(messages)


async def _notices() -> int:
    from routing.models import Notice

    return await Notice.all().count()


async def test_stored_clocks_equal_projected_clocks_and_the_chain_verifies(context: AppContext) -> None:
    no = await _assigned(context)
    clerk, head = await directory.load_actor("clerk-jiaoyu"), await directory.load_actor("lead-jiaoyu")
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR)
    await cases.act(no, Act.ENDORSE_EXTENSION, head, {"reason": "需要会商", "days": 3}, now=MONDAY + 3 * HOUR)
    desk = await directory.load_actor("reception")
    await cases.act(no, Act.EXTEND, desk, {"reason": "需要会商", "days": 3}, now=MONDAY + 4 * HOUR)
    await cases.act(no, Act.REPLY, clerk, {"text": "已清理完毕。"}, now=MONDAY + 30 * HOUR)
    folded, stored, _ = await case_statistics.load_projection(no)
    assert sorted(folded.clocks, key=repr) == sorted(stored, key=repr)
    assert [d async for d in jobs.find_damages(context.settings)] == []


async def test_a_change_outside_the_record_is_detected(context: AppContext) -> None:
    from feedback.record.models.case import Case, Entry
    from feedback.record.models.clocks import ClockRow

    no = await _assigned(context)
    case = await Case.get(no=no)
    await ClockRow.filter(case_id=case.id, term="notify").update(due_at=MONDAY + 900 * HOUR)
    assert any("clock" in d.what for d in [d async for d in jobs.find_damages(context.settings)])
    entry = await Entry.get(case_id=case.id, seq=2)
    await Entry.filter(id=entry.id).update(data={**entry.data, "unit": "gongan"})
    assert any("chain" in d.what for d in [d async for d in jobs.find_damages(context.settings)])


async def test_an_extension_beyond_the_law_is_refused(context: AppContext) -> None:
    no = await _assigned(context)
    clerk, head = await directory.load_actor("clerk-jiaoyu"), await directory.load_actor("lead-jiaoyu")
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR)
    with pytest.raises(Invalid) as caught:
        await cases.act(no, Act.ENDORSE_EXTENSION, head, {"reason": "很忙", "days": 60}, now=MONDAY + 3 * HOUR)
    assert caught.value.fields == {"days": "longer_than_the_law_allows"}


async def test_what_is_listed_is_what_may_be_opened(context: AppContext) -> None:
    """One rule for list, count and opening: a matrix of people and cases."""
    from feedback.record.models.case import Case

    await _submit(context, 1)
    await _assigned(context, "jiaoyu", 2)
    await _assigned(context, "chengguan", 3)
    await _assigned(context, "jiwei", 4, kind="report")
    await _submit(context, 5, kind="report", bars=frozenset({"jiwei"}))
    moved = await _assigned(context, "jiaoyu", 6)
    clerk = await directory.load_actor("clerk-jiaoyu")
    await cases.act(moved, Act.RETURN, clerk, {"reason": "属于城管职责"}, now=MONDAY + 2 * HOUR)
    recused = await _assigned(context, "jiaoyu", 7)
    await cases.bar_access(recused, staff=["clerk-jiaoyu"])
    names = ["reception", "supervisor", "auditor", "admin", "clerk-jiaoyu", "lead-jiaoyu", "clerk-chengguan"]
    people = [await directory.load_actor(name) for name in [*names, "clerk-jiwei", "clerk-shuiwu"]]
    all_cases = await Case.all()
    for actor in [*people, SYSTEM, citizen(moved), citizen("")]:
        listed = {row.no for row in (await case_worklist.load_worklist(actor, Filters(), 1, now=MONDAY)).items}
        may_open = {c.no for c in all_cases if may_see(actor, await load_case_access(c))}
        opened = set()
        for case in all_cases:
            try:
                opened.add((await case_queries.load_file(actor, case.no, vault=context.settings.vault)).no)
            except NotFound:
                continue
        counted = await case_worklist.count_cases(actor, Filters(), now=MONDAY)
        assert listed == may_open == opened, (actor.id, scope(actor))
        assert sum(counted.get(s.value, 0) for s in Status) == len(listed), actor.id


async def test_the_accused_unit_never_learns_of_a_report(context: AppContext) -> None:
    receipt = await _submit(context, 1, kind="report", bars=frozenset({"jiwei"}))
    accused = await directory.load_actor("clerk-jiwei")
    with pytest.raises(NotFound):
        await case_queries.load_file(accused, receipt.no, vault=context.settings.vault)
    desk = await directory.load_actor("reception")
    with pytest.raises(Invalid):
        await cases.act(receipt.no, Act.ASSIGN, desk, {"unit": "jiwei"}, now=MONDAY + HOUR)


async def test_personal_data_is_unreadable_in_the_database_and_masked_for_overseers(context: AppContext) -> None:
    from feedback.record.models.case import Person

    no = await _assigned(context)
    row = await Person.all().first()
    assert row is not None
    assert "安小娜" not in row.name and "1234" not in row.phone
    overseer = await directory.load_actor("supervisor")
    clerk = await directory.load_actor("clerk-jiaoyu")
    seen = (await case_queries.load_file(overseer, no, vault=context.settings.vault)).person
    assert seen is not None and (seen.name, seen.phone) == ("安**", "139****1234")
    known = (await case_queries.load_file(clerk, no, vault=context.settings.vault)).person
    assert known is not None and known.phone == "13900001234"


async def test_an_expired_clock_is_reported_once(context: AppContext) -> None:
    await _assigned(context)
    late = MONDAY + timedelta(days=3)
    assert await jobs.sweep_clocks(late) > 0
    assert await jobs.sweep_clocks(late) == 0


async def test_after_the_retention_period_the_person_is_forgotten_and_the_file_stays(context: AppContext) -> None:
    receipt = await _submit(context)
    await cases.act(receipt.no, Act.WITHDRAW, citizen(receipt.no), {}, now=MONDAY + HOUR)
    assert (await jobs.forget_some_persons(MONDAY + timedelta(days=365), 3, 0))[0] == 0
    assert (await jobs.forget_some_persons(MONDAY + timedelta(days=366 * 3 + 2), 3, 0))[0] == 1
    file = await case_queries.load_file(citizen(receipt.no), receipt.no, vault=context.settings.vault)
    assert file.text.startswith("清波社区")
    assert file.person is not None and file.person.name == ""


async def test_an_unknown_act_for_the_status_is_not_now(context: AppContext) -> None:
    receipt = await _submit(context)
    with pytest.raises(NotNow):
        await cases.act(receipt.no, Act.RATE, citizen(receipt.no), {"level": 5}, now=MONDAY)


@pytest.mark.parametrize("kind", [k for k in Kind if k is not Kind.RECTIFY])
async def test_every_kind_gets_clocks_that_cite_their_law(context: AppContext, kind: Kind) -> None:
    receipt = await _submit(context, kind=kind.value)
    assert receipt.clocks
    assert all(c.law for c in receipt.clocks)


async def test_a_stranger_sees_nothing(context: AppContext) -> None:
    receipt = await _submit(context)
    stranger = Actor("x", "戴", frozenset())
    with pytest.raises(NotFound):
        await case_queries.load_file(stranger, receipt.no, vault=context.settings.vault)


async def test_a_published_answer_can_be_taken_down_and_is_found_no_more(context: AppContext) -> None:
    no = await _assigned(context, public_consent=True)
    clerk, desk = await directory.load_actor("clerk-jiaoyu"), await directory.load_actor("reception")
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR)
    await cases.act(no, Act.REPLY, clerk, {"text": "楼道已清理。"}, now=MONDAY + 3 * HOUR)
    publication = {"title": "楼道堆放杂物", "question": "楼道堆满纸箱。", "answer": "楼道已清理。"}
    await cases.act(no, Act.PUBLISH, desk, publication, now=MONDAY + 4 * HOUR)
    assert (await public_replies.search_public_replies("纸箱")).total == 1
    await cases.act(no, Act.UNPUBLISH, desk, {"reason": "本人要求"}, now=MONDAY + 5 * HOUR)
    assert (await public_replies.search_public_replies("纸箱")).total == 0
    assert (await public_replies.search_public_replies()).total == 0
    with pytest.raises(NotNow):
        await cases.act(no, Act.UNPUBLISH, desk, {"reason": "再撤一次"}, now=MONDAY + 6 * HOUR)


async def test_an_overlong_case_number_is_unknown(context: AppContext) -> None:
    with pytest.raises(NotFound):
        await case_queries.load_file(SYSTEM, "9" * 5000, vault=context.settings.vault)


async def test_an_overlong_case_number_is_no_merge_target(context: AppContext) -> None:
    no = await _assigned(context)
    desk = await directory.load_actor("reception")
    with pytest.raises(Invalid) as caught:
        await cases.act(no, Act.MERGE, desk, {"case": "9" * 80, "reason": "同一件事"}, now=MONDAY + 2 * HOUR)
    assert caught.value.fields == {"case": "too_long"}


async def test_a_decision_is_stored_for_training_with_personal_data_masked(context: AppContext) -> None:
    words = "我叫安小娜，手机13900001234，楼道里电动车充电很危险"
    receipt = await _submit(context, 1, text=words)
    desk = await directory.load_actor("reception")
    await cases.act(receipt.no, Act.CLASSIFY, desk, {"category": "0906"}, now=MONDAY + HOUR)
    report = await _submit(context, 2, kind="report")
    await cases.act(report.no, Act.CLASSIFY, desk, {"category": "1601"}, now=MONDAY + HOUR)
    await outbox.drain(bootstrap.build_handlers(context), MONDAY + 2 * HOUR)
    learnt = await LearntExample.all()
    assert [(e.case_no, e.category) for e in learnt] == [(receipt.no, "0906")]
    assert "13900001234" not in learnt[0].text and "安小娜" not in learnt[0].text
