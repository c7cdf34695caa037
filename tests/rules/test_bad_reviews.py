"""Is the loop of a bad rating whole: every stage reached, named, limited, and ended?"""

import pytest

from evaluation.ratings.bad_reviews import ROW, ROWS, Loop, Stage, stage_of
from feedback.rules.terms import TERMS
from feedback.rules.vocabulary import Act


def test_every_stage_has_its_row_and_its_law() -> None:
    assert set(ROW) == set(Stage)
    assert all(row.name and row.law for row in ROWS)


def test_every_stage_can_be_reached_and_leads_to_publication() -> None:
    reached, frontier = {Stage.RECEIVED}, [Stage.RECEIVED]
    while frontier:
        for after in ROW[frontier.pop()].after - reached:
            reached.add(after)
            frontier.append(after)
    assert reached == set(Stage)
    ends = {Stage.PUBLISHED}
    while more := {row.stage for row in ROWS if row.after & ends} - ends:
        ends |= more
    assert ends == set(Stage)


def test_every_stage_somebody_must_act_in_has_a_limit_and_those_counted_by_a_clock_name_it() -> None:
    waiting = {row.stage for row in ROWS if row.days is not None}
    assert waiting == set(Stage) - {Stage.INVALID, Stage.SATISFIED, Stage.CLOSED, Stage.PUBLISHED}
    terms = {term.code for term in TERMS}
    assert {row.clock for row in ROWS if row.clock} <= terms
    assert {row.stage for row in ROWS if row.days and not row.clock} == {Stage.INVALID_PROPOSED}


@pytest.mark.parametrize(
    ("loop", "stage"),
    [
        (Loop("valid", False), Stage.RECEIVED),
        (Loop("under_review", True, (Act.ACCEPT,)), Stage.INVALID_PROPOSED),
        (Loop("invalid", True), Stage.INVALID),
        (Loop("valid", True), Stage.VALID),
        (Loop("valid", False, (Act.ASSIGN, Act.ACCEPT)), Stage.RECTIFY_NOW),
        (Loop("valid", False, (Act.ACCEPT, Act.CONTACT, Act.NOTE)), Stage.VERIFYING),
        (Loop("valid", False, (Act.ACCEPT, Act.EXPLAIN)), Stage.EXPLAINED),
        (Loop("valid", False, (Act.RECTIFY, Act.REOPEN)), Stage.REOPENED),
        (Loop("valid", False, (Act.RECTIFY, Act.CALL_BACK), "closed", "satisfied"), Stage.SATISFIED),
        (Loop("valid", False, (Act.RECTIFY, Act.CALL_BACK), "closed", "unreached"), Stage.CLOSED),
        (Loop("valid", False, (Act.RECTIFY, Act.CALL_BACK), "closed", "satisfied", True), Stage.PUBLISHED),
        (Loop("invalid", True, is_published=True), Stage.PUBLISHED),
        (Loop("valid", False, (Act.ACCEPT,), "accepted", is_published=True), Stage.RECTIFY_NOW),
    ],
)
def test_the_stage_follows_from_what_happened(loop: Loop, stage: Stage) -> None:
    assert stage_of(loop) is stage
