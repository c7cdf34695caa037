"""Is a submission completed with what a person need not enter: desk, place, urgency, and barred units?"""

from dataclasses import replace
from typing import Any

import pytest

from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.rules.access import SYSTEM
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import Act
from routing import directory
from tests.people import Door
from web.actions import cases as case_actions
from web.context import AppContext

DRAFT = Submission(
    kind="complaint",
    title="清波社区路灯不亮",
    text="清波社区三号楼前的路灯坏了一周。",
    channel="web",
    desk="",
    person=PersonSubmission(name="安小娜", phone="13900001234"),
)


async def open_case(context: AppContext, **fields: Any) -> CaseFile:
    receipt = await case_actions.submit_case(context, replace(DRAFT, **fields))
    return await case_queries.load_file(SYSTEM, receipt.no, vault=context.settings.vault)


async def test_the_desk_and_the_place_are_filled_in(context: AppContext) -> None:
    case = await open_case(context)
    assert case.desk == context.settings.desk
    names = await directory.load_directory()
    assert names.region_name(case.region).endswith("清波社区")


async def test_a_place_the_person_chose_is_kept(context: AppContext) -> None:
    assert (await open_case(context, region="990102102000")).region == "990102102000"


@pytest.mark.parametrize(
    ("kind", "text", "level"),
    [
        ("help", "楼道里煤气味特别大，燃气管道漏气了", 1),
        ("complaint", "小区停水三天了，老人孩子没水用", 2),
        ("complaint", "路灯坏了", 0),
        ("praise", "有人被困在电梯里，消防员十分钟就到了", 0),
    ],
)
async def test_the_urgency_comes_from_the_words(context: AppContext, kind: str, text: str, level: int) -> None:
    case = await open_case(context, kind=kind, text=text)
    assert case.urgency == level
    if level == 1:
        assert "4h" in {str(clock.length) for clock in case.clocks}


async def test_a_reports_named_unit_never_learns_of_it(door: Door) -> None:
    context = door.context
    case = await open_case(context, kind="report", title="举报", text="举报云川区教育局招生科收受礼金，请纪委查处")
    assert case.entries[0].data["bars"] == ["jiaoyu"]
    await door.drain()
    case = await case_queries.load_file(SYSTEM, case.no, vault=context.settings.vault)
    assert case.unit == ""  # a person sends it on
    desk = await directory.load_actor("reception")
    await case_actions.perform_act(context, case.no, Act.ASSIGN, desk, {"unit": "jiwei"})
    accused = await directory.load_actor("clerk-jiaoyu")
    with pytest.raises(NotFound):
        await case_queries.load_file(accused, case.no, vault=context.settings.vault)


async def test_a_report_about_the_discipline_organ_goes_one_level_up_and_it_never_learns_of_it(door: Door) -> None:
    text = "举报区纪委监委和12345热线中心的人收受礼金，请上级查处"
    case = await open_case(door.context, kind="report", title="举报", text=text)
    assert set(case.entries[0].data["bars"]) == {"jiwei", "rexian"}
    await door.drain()
    case = await case_queries.load_file(SYSTEM, case.no, vault=door.context.settings.vault)
    assert case.unit == "shi-jiwei"
    for accused in ("clerk-jiwei", "lead-jiwei", "reception"):
        with pytest.raises(NotFound):
            await case_queries.load_file(
                await directory.load_actor(accused), case.no, vault=door.context.settings.vault
            )


async def test_nothing_above_whoever_must_handle_a_report_is_barred(context: AppContext) -> None:
    case = await open_case(context, kind="report", title="举报", text="举报市纪委监委的人，请查处")
    names = await directory.load_directory()
    assert names.ancestry("jiwei").isdisjoint(case.entries[0].data.get("bars", []))


async def test_a_unit_only_asked_for_help_is_not_barred(context: AppContext) -> None:
    case = await open_case(context, kind="report", title="举报", text="举报区教育局招生科收受礼金，请区纪委监委查处")
    assert case.entries[0].data["bars"] == ["jiaoyu"]


async def test_a_complaint_bars_nobody(context: AppContext) -> None:
    assert "bars" not in (await open_case(context, text="区教育局答复慢")).entries[0].data


async def test_faults_of_parsing_and_of_the_rules_are_reported_together(context: AppContext) -> None:
    with pytest.raises(Invalid) as caught:
        await case_actions.submit_case(
            context, replace(DRAFT, title="", region="123456789012"), faults={"headcount": "not_a_number"}
        )
    assert caught.value.fields == {"title": "missing", "region": "unknown", "headcount": "not_a_number"}


async def test_the_worker_is_woken_by_what_was_written_and_not_by_what_was_refused(context: AppContext) -> None:
    with pytest.raises(Invalid):
        await case_actions.submit_case(context, replace(DRAFT, title=""))
    assert not context.wake_event.is_set()
    await open_case(context)
    assert context.wake_event.is_set()


async def test_a_step_is_refused_in_the_order_unknown_forbidden_not_now_wrong(context: AppContext) -> None:
    case = await open_case(context)
    reception, clerk = await directory.load_actor("reception"), await directory.load_actor("clerk-chengguan")
    with pytest.raises(NotFound):
        await case_actions.perform_act(context, case.no, Act.ACCEPT, clerk, {})
    with pytest.raises(Forbidden):
        await case_actions.perform_act(context, case.no, Act.REPLY, reception, {})
    with pytest.raises(NotNow):
        await case_actions.perform_act(context, case.no, Act.CALL_BACK, reception, {})
    with pytest.raises(Invalid):
        await case_actions.perform_act(context, case.no, Act.ASSIGN, reception, {})
    await case_actions.perform_act(context, case.no, Act.ASSIGN, reception, {"unit": "chengguan"})
    assert (await case_queries.load_file(clerk, case.no, vault=context.settings.vault)).unit == "chengguan"


async def test_an_act_on_an_outdated_version_is_a_conflict(context: AppContext) -> None:
    case = await open_case(context)
    reception = await directory.load_actor("reception")
    await case_actions.perform_act(context, case.no, Act.NOTE, reception, {"text": "已电话核实"}, expect=case.version)
    with pytest.raises(Conflict):
        await case_actions.perform_act(context, case.no, Act.NOTE, reception, {"text": "再记一笔"}, expect=case.version)
    await case_actions.perform_act(context, case.no, Act.NOTE, reception, {"text": "再记一笔"})


async def test_a_case_cannot_be_merged_into_itself_or_into_one_nobody_sees(context: AppContext) -> None:
    other, case = await open_case(context), await open_case(context)
    reception = await directory.load_actor("reception")
    for wrong in (case.no, "20200101-000000"):
        with pytest.raises(Invalid) as caught:
            await case_actions.perform_act(
                context, case.no, Act.MERGE, reception, {"case": wrong, "reason": "同一件事"}
            )
        assert caught.value.fields == {"case": "unknown"}
    status = await case_actions.perform_act(
        context, case.no, Act.MERGE, reception, {"case": other.no, "reason": "同一件事"}
    )
    assert status == "merged"


async def test_a_citizen_may_answer_while_the_worker_moves_the_case_on(context: AppContext) -> None:
    """Without a version of their own nobody is told "somebody else was faster" for a harmless race."""
    case = await open_case(context)
    before = await case_queries.load_file(SYSTEM, case.no, vault=context.settings.vault)
    await cases.act(case.no, Act.CLASSIFY, SYSTEM, {"category": "0305"}, now=context.clock.now(), expect=before.version)
    reception = await directory.load_actor("reception")
    assert await case_actions.perform_act(context, case.no, Act.URGE, reception, {}) == "received"
