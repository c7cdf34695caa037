"""Are the facts counted right? The SQL statements agree with the rules, and every number has a list of its cases."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from evaluation import periods
from evaluation.kpi import definitions, facts, timeliness
from evaluation.kpi.definitions import FACTS, Weights
from evaluation.kpi.facts import Question
from evaluation.kpi.timeliness import TenureFact
from evaluation.periods import parse_month
from evaluation.publication import editions
from evaluation.ratings import cases as case_ratings
from evaluation.ratings import exclusions
from feedback import links
from feedback.kernel.errors import Forbidden, Invalid, NotFound, NotNow
from feedback.queries import aggregates
from feedback.queries import statistics as feedback_facts
from feedback.record import cases
from feedback.record.models.case import Case
from feedback.rules.access import SYSTEM, Actor, citizen
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Act, Kind, LinkKind
from routing import directory
from tests.bench import raw_figures, recompute_figures
from tests.flows.story import OPINION
from tests.moments import MONDAY
from web.context import AppContext
from web.demo import simulation

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEPTEMBER, OCTOBER = parse_month("2026-09"), parse_month("2026-10")
UNIT = "jiaoyu"
W = Weights()


def make_question(name: str = "2026-09", **more: Any) -> Question:
    return Question(periods.parse_period(name), **{"now": OCTOBER.until + 60 * DAY, "window_days": 30, **more})


async def submit_and_assign(context: AppContext, number: int, kind: Kind = Kind.COMPLAINT, **more: Any) -> str:
    """Anna brings something, and the desk sends it to the unit."""
    draft = Submission(
        **{
            "kind": kind,
            "title": "课后服务收费不明",
            "text": "课后服务收费没有公示。",
            "channel": "app",
            "desk": "rexian",
            "source_id": f"counting-{number}",
            "person": PersonSubmission("安小娜", "13900001234"),
            **more,
        }
    )
    no = (await cases.submit(draft, citizen(""), now=MONDAY, vault=context.settings.vault)).no
    await perform(no, "reception", Act.ASSIGN, HOUR, unit=UNIT)
    return no


async def perform(no: str, who: str, act: Act, after: timedelta, **data: Any) -> None:
    actor: Actor = citizen(no) if who == "citizen" else await directory.load_actor(who)
    also = case_ratings.record_rating if act is Act.RATE else None
    await cases.act(no, act, actor, data, now=MONDAY + after, in_transaction=also)


async def submit_and_answer(
    context: AppContext, number: int, kind: Kind = Kind.COMPLAINT, after: timedelta = DAY, **more: Any
) -> str:
    no = await submit_and_assign(context, number, kind, **more)
    await perform(no, f"clerk-{UNIT}", Act.ACCEPT, 2 * HOUR)
    await perform(no, f"lead-{UNIT}", Act.REPLY, after, text="已公示。", **OPINION)
    return no


async def count_facts_of(unit: str, question: Question | None = None) -> dict[str, int]:
    return (await facts.count_facts(question or make_question())).get(unit, {})


async def test_the_database_counts_clocks_as_the_rule_does(context: AppContext) -> None:
    """Four months of the demo town: every clock falls into the same cell by statement and by rule."""
    life = simulation.DemoSimulation(context, cases_count=60, days=90)
    await life.run()
    end = context.clock.now()
    for name in ("2026-06", "2026-07", "2026-08", "2026-09", "2026Q3", "2026"):
        period = periods.parse_period(name)
        for now in (end, period.since + (period.until - period.since) / 2):
            at = min(now, period.until)
            rows = await aggregates.count_clocks(aggregates.Span(period.since, period.until, now))
            by_statement: Counter[tuple[str, str]] = Counter()
            for row in rows:
                if row["profile"] != "rating":
                    by_statement[row["unit"], row["outcome"]] += row["n"]
            tallied = await _tally_by_rule(period, at)
            for unit in {unit for unit, _ in by_statement} | set(tallied):
                own = {outcome: by_statement[unit, outcome] for outcome in ("on_time", "held", "running")}
                late = sum(by_statement[unit, o] for o in ("late_done", "late_open", "late_void"))
                left = sum(by_statement[unit, o] for o in ("late_open", "left_over"))
                rule = tallied.get(unit, timeliness.ClockCounts())
                assert (own["on_time"], late, own["running"], own["held"], left) == (
                    rule.on_time,
                    rule.late,
                    rule.running,
                    rule.held,
                    rule.unfinished,
                ), (name, unit)


async def test_every_published_number_is_what_the_raw_rows_say(context: AppContext) -> None:
    """Key figures, edition, annual report, board, list and overdue page of a demo town, counted anew by plain SQL."""
    await simulation.DemoSimulation(context, cases_count=60, days=90).run()
    assert await recompute_figures.find_differences(context, context.clock.now()) == []


def test_what_counts_anew_shares_nothing_with_what_it_checks() -> None:
    imports = re.findall(
        r"^(?:from|import) (\w+)", Path(raw_figures.__file__).read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(imports) == {"json", "collections", "dataclasses", "datetime", "typing"}


async def _tally_by_rule(period: periods.Period, at: Any) -> dict[str, timeliness.ClockCounts]:
    clocks = [editions._to_clock_fact(row) for row in await feedback_facts.load_clock_facts(period.since, period.until)]
    tenures = [TenureFact(**row) for row in await feedback_facts.load_tenure_facts(period.since, period.until)]
    return timeliness.count_by_unit(clocks, tenures, period, at)


async def test_every_number_has_its_list_behind_it(context: AppContext) -> None:
    await simulation.DemoSimulation(context, cases_count=60, days=90).run()
    question = make_question("2026", now=context.clock.now())
    counts = await facts.count_facts(question)
    total = facts.sum_units(counts)
    assert total["received"] > 40
    for fact in FACTS:
        if fact.cube == "matters" or fact.sums != "n":
            continue
        numbers = await facts.list_cases(question, [fact.code])
        assert len(numbers) <= total.get(fact.code, 0)
        assert bool(numbers) == bool(total.get(fact.code, 0)), fact.code
        if fact.cube in ("received", "call_backs"):
            assert len(numbers) == total.get(fact.code, 0)
        by_unit = [n for unit in counts for n in await facts.list_cases(question, [fact.code], [unit])]
        assert sorted(set(by_unit)) == numbers


async def test_a_day_of_work_is_counted_as_it_was(context: AppContext) -> None:
    once = await submit_and_answer(context, 1)
    again = await submit_and_answer(context, 2)
    await perform(again, "citizen", Act.REOPEN, 2 * DAY, reason="没有公示")
    await perform(again, f"clerk-{UNIT}", Act.REPLY, 3 * DAY, text="已补充公示。")
    returned = await submit_and_assign(context, 3)
    await perform(returned, f"clerk-{UNIT}", Act.RETURN, 2 * HOUR, reason="不归我们管")
    counts = await count_facts_of(UNIT)
    assert {name: counts[name] for name in ("orders_answered", "orders_once", "orders_again", "orders_taken")} == {
        "orders_answered": 3,
        "orders_once": 2,
        "orders_again": 1,
        "orders_taken": 2,
    }
    assert counts["orders_returned"] == 1
    figures = definitions.compute_figures(counts, W)
    assert (figures["once_rate"].value, figures["again_rate"].value) == (0.6667, 0.3333)
    assert figures["return_rate"].value == 0.3333
    assert once in await facts.list_cases(make_question(), ["orders_once"], [UNIT])
    assert returned not in await facts.list_cases(make_question(), ["orders_once"], [UNIT])


async def test_what_people_say_at_the_call_back_makes_the_three_rates(context: AppContext) -> None:
    outcomes: list[dict[str, str]] = [
        {"outcome": "satisfied", "contacted": "yes", "solved": "solved"},
        {"outcome": "satisfied", "contacted": "yes", "solved": "partly"},
        {"outcome": "unsatisfied", "contacted": "no", "solved": "unsolved"},
        {"outcome": "unreached"},
    ]
    for number, words in enumerate(outcomes):
        no = await submit_and_answer(context, number)
        await perform(no, "reception", Act.CALL_BACK, 2 * DAY, text="已回访", **words)
    figures = definitions.compute_figures(await count_facts_of(UNIT), W)
    assert (figures["response_rate"].top, figures["response_rate"].base) == (2, 3)
    assert (figures["solution_rate"].top, figures["solution_rate"].base) == (1.5, 3)
    assert (figures["order_satisfaction"].top, figures["order_satisfaction"].base) == (2, 3)
    assert figures["order_satisfaction"].apart["unreached"] == 1
    assert figures["composite"].value == 0.5917  # 0.1 x 2/3 + 0.45 x 1/2 + 0.45 x 2/3


async def test_an_unreasonable_demand_is_left_out_by_somebody_elses_approval(context: AppContext) -> None:
    counted, unreasonable = await submit_and_answer(context, 1), await submit_and_answer(context, 2)
    for no in (counted, unreasonable):
        await perform(no, "reception", Act.CALL_BACK, 2 * DAY, text="已回访", outcome="unsatisfied", solved="unsolved")
    clerk, supervisor = await directory.load_actor(f"clerk-{UNIT}"), await directory.load_actor("supervisor")
    vault, now = context.settings.vault, MONDAY + 3 * DAY
    with pytest.raises(NotFound):
        await exclusions.request_exclusion(
            unreasonable, await directory.load_actor("clerk-jiwei"), "无理", now=now, vault=vault
        )
    with pytest.raises(Invalid):
        await exclusions.request_exclusion(unreasonable, clerk, "", now=now, vault=vault)
    await exclusions.request_exclusion(unreasonable, clerk, "要求违反规定收费，依法不能办理", now=now, vault=vault)
    with pytest.raises(NotNow):
        await exclusions.request_exclusion(unreasonable, clerk, "再申请", now=now, vault=vault)
    assert (await count_facts_of(UNIT))["unsolved"] == 2  # asked is not approved
    with pytest.raises(NotFound):
        await exclusions.decide_exclusion(
            unreasonable, await directory.load_actor("clerk-jiwei"), is_approved=True, answer="同意", now=now
        )
    with pytest.raises(Forbidden):
        await exclusions.decide_exclusion(unreasonable, clerk, is_approved=True, answer="同意", now=now)
    await exclusions.decide_exclusion(unreasonable, supervisor, is_approved=True, answer="经核查属实", now=now)
    counts = await count_facts_of(UNIT)
    assert (counts["unsolved"], counts["set_aside"], counts["orders_answered"]) == (1, 1, 2)
    assert await facts.list_cases(make_question(), ["set_aside"]) == [unreasonable]
    with pytest.raises(NotNow):
        await exclusions.decide_exclusion(unreasonable, supervisor, is_approved=False, answer="再看", now=now)


async def test_each_first_petition_is_settled_once_for_the_unit_and_once_for_the_desk(context: AppContext) -> None:
    first, two, _silent = [await submit_and_answer(context, number, Kind.APPEAL) for number in range(3)]
    repeat = await submit_and_answer(context, 4, Kind.APPEAL)
    await links.add_link(await directory.load_actor("reception"), repeat, first, LinkKind.REPEAT_OF, now=MONDAY + DAY)
    order = await submit_and_answer(context, 5)
    for no in (first, two, repeat, order):
        more = {"desk_level": 4} if no == first else {}
        await perform(no, "citizen", Act.RATE, 3 * DAY, level=2 if no == two else 4, **more)
    september, october = await count_facts_of(UNIT), await count_facts_of(UNIT, make_question("2026-10"))
    assert (september["unit_satisfied"], september["unit_dissatisfied"], september.get("unit_unrated")) == (1, 1, None)
    assert (october["unit_unrated"], october["silent"], october.get("voted")) == (
        1,
        1,
        None,
    )  # the window of the silent one closed in October
    assert september["voted"] == 4
    desk = await count_facts_of("rexian")
    assert (desk["desk_satisfied"], desk["desk_unrated"]) == (1, 1)
    year = definitions.compute_figures(await count_facts_of(UNIT, make_question("2026")), W)
    assert (year["participation_rate"].top, year["participation_rate"].base) == (2, 3)
    assert (year["satisfaction_rate"].top, year["satisfaction_rate"].base) == (2, 3)  # one content, one silent
    assert year["rated_satisfaction"].value == 0.4444
    assert year["vote_rate"].value == 0.8
    assert await facts.list_cases(make_question("2026-10"), ["unit_unrated"], [UNIT]) == [_silent]


async def test_only_what_the_same_person_or_group_brought_again_is_a_repeat(context: AppContext) -> None:
    desk = await directory.load_actor("reception")
    anna, ben = PersonSubmission("安小娜", "13900001234"), PersonSubmission("白小本", "13900005678")
    first = await submit_and_assign(context, 0, Kind.APPEAL)
    asked_again, of_a_group = [
        await submit_and_assign(
            context, n, Kind.APPEAL, person=person, representatives=(anna,) if person is ben else ()
        )
        for n, person in ((1, anna), (2, ben))
    ]
    of_another, by_nobody = [
        await submit_and_assign(context, n, Kind.APPEAL, person=person) for n, person in ((3, ben), (4, None))
    ]
    new_facts, campaign, undecided = [await submit_and_assign(context, n, Kind.APPEAL) for n in (5, 6, 7)]
    for no in (asked_again, of_a_group, of_another, by_nobody):
        await perform(no, "reception", Act.MERGE, 2 * HOUR, case=first, reason="同一事项")
    for no, kind in ((new_facts, LinkKind.NEW_FACTS_OF), (campaign, LinkKind.CAMPAIGN)):
        await links.add_link(desk, no, first, kind, now=MONDAY + DAY)
    proposal = links.LinkProposal((await Case.get(no=first)).id, LinkKind.REPEAT_OF, 0.9, True)
    await links.store_proposals((await Case.get(no=undecided)).id, [proposal], MONDAY + DAY)
    assert await facts.list_cases(make_question(), ["repeats"], ["jiaoyu"]) == sorted([asked_again, of_a_group])
    counts = await count_facts_of(UNIT)
    assert (counts["repeats"], counts["petitions"]) == (2, 8)
    assert definitions.compute_figures(counts, W)["repeat_rate"].value == 0.25


async def test_a_rating_after_the_window_takes_the_place_of_the_silence(context: AppContext) -> None:
    no = await submit_and_answer(context, 1, Kind.APPEAL)
    before = await count_facts_of(UNIT, make_question("2026-10"))
    await perform(no, "citizen", Act.RATE, 60 * DAY, level=2)
    after = await count_facts_of(UNIT, make_question("2026-10"))
    assert (before["unit_unrated"], after.get("unit_unrated"), after["unit_dissatisfied"]) == (1, None, 1)
    assert "unit_dissatisfied" not in await count_facts_of(UNIT, make_question("2026-11")), "settled once"


async def test_the_window_is_a_setting(context: AppContext) -> None:
    await submit_and_answer(context, 1, Kind.APPEAL)
    assert (await count_facts_of(UNIT, make_question(window_days=10)))["unit_unrated"] == 1
    assert "unit_unrated" not in await count_facts_of(UNIT, make_question(window_days=30))


async def test_reports_are_in_no_fact_at_all(context: AppContext) -> None:
    await submit_and_answer(context, 1)
    before = [await facts.count_facts(make_question(name)) for name in ("2026-09", "2026")]
    draft = Submission(
        kind=Kind.REPORT, title="举报收受礼金", text="某负责人节日收受礼金。", channel="web", desk="rexian"
    )
    no = (await cases.submit(draft, citizen(""), now=MONDAY, vault=context.settings.vault)).no
    await cases.act(no, Act.ASSIGN, SYSTEM, {"unit": "jiwei"}, now=MONDAY + HOUR)
    await perform(no, "clerk-jiwei", Act.ACCEPT, 2 * HOUR)
    await perform(no, "lead-jiwei", Act.REPLY, DAY, text="已办理。")
    await perform(no, "citizen", Act.RATE, 2 * DAY, level=1, desk_level=1)
    assert [await facts.count_facts(make_question(name)) for name in ("2026-09", "2026")] == before


async def test_a_region_holds_what_lies_below_it(context: AppContext) -> None:
    town = await directory.load_directory()
    village = next(r for r in town.regions() if r.level == "village")
    await submit_and_answer(context, 1, region=village.code)
    await submit_and_answer(context, 2)
    street = next(
        r.code for r in town.regions() if r.level in ("street", "town") and village.code.startswith(r.code[:9])
    )
    count = partial(count_facts_of, UNIT)
    assert (await count(make_question(region=village.code)))["orders_answered"] == 1
    assert (await count(make_question(region=street)))["orders_answered"] == 1
    assert (await count(make_question()))["orders_answered"] == 2


@pytest.mark.parametrize("name", ["", "2026-13", "2026Q5", "26", "Q3", "2026-10-01"])
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as fault:
        periods.parse_period(name)
    assert fault.value.fields == {"period": "not_a_period"}


def test_a_quarter_and_a_year_are_their_months() -> None:
    assert periods.parse_period("2026Q3").since == parse_month("2026-07").since
    assert periods.parse_period("2026Q3").until == SEPTEMBER.until
    assert (periods.parse_period("2026").since, periods.parse_period("2026").until) == (
        parse_month("2026-01").since,
        parse_month("2026-12").until,
    )


def test_a_fact_that_asks_for_a_column_its_rows_lack_says_which_and_where_to_add_it() -> None:
    fact = replace(FACTS[0], cells={"colour": ("red",)})
    with pytest.raises(ValueError, match=r"asks rows of .* for colour; they have .*aggregates\.py"):
        facts._matches(fact, {"unit": "a", fact.sums: 1})
