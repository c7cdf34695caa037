"""Links between cases: proposals, decisions, and that a link never reveals an anonymous person."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from classify.duplicates import link_proposals
from feedback import links
from feedback.kernel import outbox
from feedback.kernel.errors import Forbidden, Invalid, NotFound
from feedback.queries import aggregates
from feedback.record.models.case import Case, Link
from feedback.rules.access import SYSTEM, Actor
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Act, LinkKind, LinkState
from routing import directory
from tests.moments import MONDAY
from web import bootstrap
from web.actions import cases as case_actions
from web.context import AppContext

HOUR = timedelta(hours=1)
ANNA, BEN = PersonSubmission("安小娜", "13900001234"), PersonSubmission("白小本", "13900005678")
NOISE = (
    "我住在丽水花园三期，小区东侧的工地每天夜里十一点以后还在打桩浇筑混凝土，机器声一直响到凌晨两三点，"
    "老人心脏不好整夜睡不着，孩子第二天上课打瞌睡。多次打电话给工地负责人都说马上停，结果照样施工。"
)
AGAIN = "丽水花园三期东侧的工地夜里又在打桩，机器声一直响到凌晨两三点，请你们管一管，老人心脏不好受不了。"
LIGHT = "建设路与文化路交叉口的路灯坏了两个多星期，晚上一片漆黑，昨天有人骑车摔倒，请尽快派人来修。"


async def _submit_and_drain(
    context: AppContext, title: str, text: str, person: PersonSubmission | None = ANNA, **more: Any
) -> str:
    """Handed in, and what follows carried out."""
    draft = Submission(more.pop("kind", "complaint"), title, text, "web", "", person=person, **more)
    no = (await case_actions.submit_case(context, draft)).no
    await outbox.drain(bootstrap.build_handlers(context), context.clock.now())
    return no


async def count_repeats_between(since: datetime, until: datetime) -> set[str]:
    """What the rate of repeats counts, a day later."""
    return set(await aggregates.list_received_cases(aggregates.Span(since, until, until + 24 * HOUR), is_repeat=[1]))


@pytest.fixture
async def desk(context: AppContext) -> Actor:
    context.clock = context.clock.starting_at(MONDAY)
    return await directory.load_actor("reception")


async def test_the_same_person_with_the_same_matter_is_proposed_as_a_repeat(context: AppContext, desk: Actor) -> None:
    first = await _submit_and_drain(context, "工地夜间施工扰民", NOISE)
    second = await _submit_and_drain(context, "又来反映夜间施工", AGAIN)
    (link,) = await links.list_links(desk, second)
    assert (link.kind, link.state, link.there.no, link.is_later) == ("repeat_of", "proposed", first, True)
    assert link.person == ("phone", "name") and link.same_person
    assert any("凌晨两三点" in passage for passage in link.passages)
    (back,) = await links.list_links(desk, first)
    assert (back.there.no, back.is_later) == (second, False)
    assert [proposal.here.no for proposal in await links.list_pending(desk)] == [second]


async def test_other_people_with_the_same_words_are_a_campaign(context: AppContext, desk: Actor) -> None:
    first = await _submit_and_drain(context, "工地夜间施工扰民", NOISE)
    others = [
        await _submit_and_drain(
            context, f"夜间施工扰民{n}", NOISE[n:] + "请查处。", PersonSubmission(phone=f"1380000000{n}")
        )
        for n in (1, 2)
    ]
    assert {(link.kind, link.there.no) for no in others for link in await links.list_links(desk, no)} == {
        ("campaign", first)
    }
    head, members = await links.load_campaign(desk, others[1])
    assert (head.no, [row.no for row in members]) == (first, others)
    assert len(await links.list_pending(desk, campaigns=True)) == 2
    assert not await links.list_pending(desk)


async def test_another_matter_of_the_same_person_is_no_repeat_but_stands_in_the_history(
    context: AppContext, desk: Actor
) -> None:
    first = await _submit_and_drain(context, "工地夜间施工扰民", NOISE)
    second = await _submit_and_drain(context, "路灯不亮", LIGHT)
    assert not await links.list_links(desk, second)
    assert [row.no for row in await links.list_others_of_person(desk, second)] == [first]


async def test_a_dismissed_proposal_is_stored_with_the_person(context: AppContext, desk: Actor) -> None:
    await _submit_and_drain(context, "工地夜间施工扰民", NOISE)
    second = await _submit_and_drain(context, "又来反映夜间施工", AGAIN)
    (link,) = await links.list_links(desk, second)
    clerk = await directory.load_actor("clerk-rexian")
    with pytest.raises((Forbidden, NotFound)):
        await links.decide_link(clerk, link.id, LinkState.DISMISSED, now=MONDAY)
    await links.decide_link(desk, link.id, LinkState.DISMISSED, now=MONDAY + HOUR)
    (link,) = await links.list_links(desk, second)
    assert (link.state, link.decided_name, link.decided_at) == ("dismissed", desk.name, MONDAY + HOUR)
    assert not await links.list_pending(desk)
    await link_proposals.propose_links({"no": second}, MONDAY)
    assert (await Link.get()).state == "dismissed"


async def test_a_repeat_counts_once_somebody_decided(context: AppContext, desk: Actor) -> None:
    first = await _submit_and_drain(context, "工地夜间施工扰民", NOISE)
    second, third = [await _submit_and_drain(context, "又来反映夜间施工", AGAIN + "急！" * n) for n in (0, 1)]
    span = (MONDAY - HOUR, MONDAY + HOUR)
    assert await count_repeats_between(*span) == set()
    await case_actions.perform_act(context, second, Act.MERGE, desk, {"case": first, "reason": "同一人同一事项"})
    assert await count_repeats_between(*span) == {second}
    (link,) = [proposal for proposal in await links.list_links(desk, third) if proposal.state == "proposed"]
    assert link.there.no == first
    await links.decide_link(desk, link.id, LinkState.CONFIRMED, now=MONDAY)
    assert await count_repeats_between(*span) == {second, third}
    assert await count_repeats_between(MONDAY + HOUR, MONDAY + 2 * HOUR) == set()


async def test_a_merge_of_what_somebody_said_is_one_campaign_is_a_link_too(context: AppContext, desk: Actor) -> None:
    first, second = (
        await _submit_and_drain(context, "路灯不亮", LIGHT),
        await _submit_and_drain(context, "工地吵闹", NOISE, BEN),
    )
    with pytest.raises(Invalid) as refused:
        await case_actions.perform_act(context, second, Act.MERGE, desk, {"case": first, "reason": "一并办理"})
    assert refused.value.fields == {"case": "merge_of_strangers"}
    await links.add_link(desk, second, first, LinkKind.CAMPAIGN, now=MONDAY)
    await case_actions.perform_act(context, second, Act.MERGE, desk, {"case": first, "reason": "一并办理"})
    (link,) = await links.list_links(desk, second)
    assert (link.kind, link.state, link.same_person) == ("merged_into", "confirmed", False)
    assert await count_repeats_between(MONDAY - HOUR, MONDAY + HOUR) == set()


async def test_a_unit_does_not_learn_from_a_link_who_wrote_an_anonymous_case(context: AppContext, desk: Actor) -> None:
    open_, hidden = (
        await _submit_and_drain(context, "工地夜间施工扰民", NOISE),
        await _submit_and_drain(context, "夜间施工", AGAIN, anonymous=True),
    )
    same = await _submit_and_drain(context, "工地夜间施工扰民", NOISE + "请查处。", anonymous=True)
    for no in (open_, hidden, same):
        if not (await Case.get(no=no)).unit:
            await case_actions.perform_act(context, no, Act.ASSIGN, desk, {"unit": "chengguan"})
        elif (await Case.get(no=no)).unit != "chengguan":
            await case_actions.perform_act(
                context,
                no,
                Act.RETURN,
                await directory.load_actor("clerk-" + (await Case.get(no=no)).unit),
                {"reason": "x"},
            )
            await case_actions.perform_act(context, no, Act.ASSIGN, desk, {"unit": "chengguan"})
    clerk = await directory.load_actor("clerk-chengguan")
    assert await links.list_others_of_person(clerk, open_) == []
    assert await links.list_links(clerk, hidden) == []
    links_of_case = await links.list_links(clerk, same)
    assert {(link.kind, link.person, link.same_person) for link in links_of_case} <= {("same_matter", (), False)}
    assert {row.no for row in await links.list_others_of_person(desk, open_)} == {hidden, same}


async def test_reports_are_compared_only_with_reports_and_shown_to_nobody_else(
    context: AppContext, desk: Actor
) -> None:
    await _submit_and_drain(context, "工地夜间施工扰民", NOISE)
    report = await _submit_and_drain(context, "举报夜间施工有人包庇", NOISE, kind="report")
    assert not await Link.all().count()
    again = await _submit_and_drain(context, "再次举报夜间施工有人包庇", NOISE, kind="report")
    (link,) = await links.list_links(desk, again)
    assert link.there.no == report
    uncleared = replace(desk, cleared=False)
    assert await links.list_pending(uncleared) == []
    with pytest.raises(NotFound):
        await links.list_links(uncleared, again)
    with pytest.raises(NotFound):
        await links.decide_link(uncleared, link.id, LinkState.DISMISSED, now=MONDAY)
    ordinary = await _submit_and_drain(context, "路灯不亮", LIGHT)
    assert len(await links.list_others_of_person(uncleared, ordinary)) == 1
    assert {row.no for row in await links.list_others_of_person(desk, ordinary)} >= {report, again}


async def test_the_desk_gets_hints_by_person_and_by_text_when_registering(context: AppContext, desk: Actor) -> None:
    first = await _submit_and_drain(context, "工地夜间施工扰民", NOISE)
    other = await _submit_and_drain(context, "路灯不亮", LIGHT, BEN)
    vault = context.settings.vault
    hints = await link_proposals.find_hints(desk, "路灯坏了", LIGHT[4:], {"phone": "13900001234"}, vault)
    assert {(hint.case.no, hint.known_by) for hint in hints} == {(other, ()), (first, ("phone",))}
    assert hints[0].case.no == other or hints[0].known_by
    assert (
        await link_proposals.find_hints(await directory.load_actor("clerk-jiwei"), "路灯坏了", LIGHT, {}, vault) == []
    )


async def test_cases_older_than_the_fingerprints_are_found_after_the_backfill(context: AppContext, desk: Actor) -> None:
    first = await _submit_and_drain(context, "工地夜间施工扰民", NOISE)
    await _submit_and_drain(context, "路灯不亮", LIGHT, BEN)
    from classify.models import Passage

    await Passage.all().delete()
    assert await link_proposals.backfill() == 2
    assert await link_proposals.backfill() == 0
    second = await _submit_and_drain(context, "夜间施工", NOISE, BEN)
    assert first in {link.there.no for link in await links.list_links(desk, second)}


async def test_new_facts_make_a_case_of_their_own(context: AppContext, desk: Actor) -> None:
    first, second = (
        await _submit_and_drain(context, "工地夜间施工扰民", NOISE),
        await _submit_and_drain(context, "夜间施工又有新情况", AGAIN),
    )
    await links.add_link(desk, second, first, LinkKind.NEW_FACTS_OF, now=MONDAY)
    (link,) = await links.list_links(desk, second)
    assert (link.kind, link.state) == ("new_facts_of", "confirmed")
    assert await count_repeats_between(MONDAY - HOUR, MONDAY + HOUR) == set()
    assert SYSTEM is not desk
