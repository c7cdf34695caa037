"""Which facts lead to a proposal of a supervision order, and by which trigger of which rule book?"""

from dataclasses import replace
from datetime import date

import pytest

from feedback.rules import decision_grounds
from feedback.rules.vocabulary import Profile
from routing.oversight import triggers
from routing.oversight.triggers import SUPERVISION_RULES, LateClock, SupervisionFacts

P, H, R = Profile.PETITION, Profile.HOTLINE, Profile.RATING
CASE = SupervisionFacts(no="20260914-000001", profile=P, unit="jiaoyu")
LATE = LateClock(7, "resolve", "办结答复", "jiaoyu", date(2026, 9, 18), 2)


def propose(record: SupervisionFacts) -> set[tuple[str, str]]:
    return {(proposal.rule, proposal.trigger) for proposal in triggers.propose_orders(record)}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(CASE, set(), id="nothing happened"),
        pytest.param(replace(CASE, late=(LATE,)), {("overdue", "overdue")}, id="a petition is overdue"),
        pytest.param(replace(CASE, profile=H, late=(LATE,)), {("overdue", "late")}, id="a work order is overdue"),
        pytest.param(replace(CASE, profile=R, late=(LATE,)), {("overdue", "not_rectified")}, id="a bad rating is"),
        pytest.param(replace(CASE, late=(replace(LATE, workdays=1),)), set(), id="not before a working day has passed"),
        pytest.param(
            replace(CASE, late=(replace(LATE, term="report_back"),)),
            {("not_reported", "not_reported")},
            id="the result was not reported back",
        ),
        pytest.param(
            replace(CASE, late=(replace(LATE, term="notify"),)),
            {("procedure", "procedure")},
            id="the citizen was not told in time",
        ),
        pytest.param(replace(CASE, returns=1), set(), id="returned once"),
        pytest.param(replace(CASE, returns=2), {("returned", "shirking")}, id="returned twice"),
        pytest.param(replace(CASE, urges=2), set(), id="urged twice"),
        pytest.param(replace(CASE, profile=H, urges=3), {("urged", "poor")}, id="urged three times"),
        pytest.param(
            replace(CASE, profile=H, unsatisfied=date(2026, 9, 20)),
            {("unsatisfied", "unsolved")},
            id="an unsatisfied call-back",
        ),
        pytest.param(
            replace(CASE, supported=True, rated_badly=date(2026, 9, 20)),
            {("not_executed", "not_executed")},
            id="supported, but rated badly: perhaps not executed",
        ),
        pytest.param(replace(CASE, rated_badly=date(2026, 9, 20)), set(), id="a bad rating alone has its own loop"),
        pytest.param(replace(CASE, urges=9, order_open=True), set(), id="not while an order is open"),
    ],
)
def test_what_is_proposed(record: SupervisionFacts, expected: set[tuple[str, str]]) -> None:
    assert propose(record) == expected


def test_every_rule_names_a_trigger_the_law_of_that_rule_book_holds() -> None:
    rows = {row.code: row for row in decision_grounds.TRIGGERS}
    for rule in SUPERVISION_RULES:
        for profile, code in rule.triggers.items():
            assert profile in rows[code].profiles, (rule.code, code)
            assert rows[code].law


def test_the_same_fact_has_the_same_key_and_a_new_order_makes_it_new() -> None:
    before = triggers.propose_orders(replace(CASE, late=(LATE,)))[0]
    longer = triggers.propose_orders(replace(CASE, late=(replace(LATE, workdays=9),)))[0]
    again = triggers.propose_orders(replace(CASE, late=(LATE,), orders=1))[0]
    assert before.key == longer.key != again.key


def test_the_evidence_says_it_in_words_without_a_person() -> None:
    words = triggers.propose_orders(replace(CASE, late=(LATE,)))[0].evidence
    assert words == ("“办结答复”应在 2026-09-18 前办结，已过 2 个工作日", "没有经批准的延期")
