"""Stages of a bad rating: every stage can be reached, has a name and a limit, and ends."""

import pytest

from evaluation.ratings.bad_reviews import (
    RECTIFICATION_STAGES,
    STAGE_BY_STATE,
    RectificationFacts,
    RectificationState,
    compute_state,
)
from feedback.rules.terms import TERMS
from feedback.rules.vocabulary import Act


def test_every_stage_has_its_row_and_its_law() -> None:
    assert set(STAGE_BY_STATE) == set(RectificationState)
    assert all(row.name and row.law for row in RECTIFICATION_STAGES)


def test_every_stage_can_be_reached_and_leads_to_publication() -> None:
    reached, frontier = {RectificationState.RECEIVED}, [RectificationState.RECEIVED]
    while frontier:
        for after in STAGE_BY_STATE[frontier.pop()].after - reached:
            reached.add(after)
            frontier.append(after)
    assert reached == set(RectificationState)
    ends = {RectificationState.PUBLISHED}
    while more := {row.stage for row in RECTIFICATION_STAGES if row.after & ends} - ends:
        ends |= more
    assert ends == set(RectificationState)


def test_every_stage_somebody_must_act_in_has_a_limit_and_those_counted_by_a_clock_name_it() -> None:
    waiting = {row.stage for row in RECTIFICATION_STAGES if row.days is not None}
    assert waiting == set(RectificationState) - {
        RectificationState.INVALID,
        RectificationState.SATISFIED,
        RectificationState.CLOSED,
        RectificationState.PUBLISHED,
    }
    terms = {term.code for term in TERMS}
    assert {row.clock for row in RECTIFICATION_STAGES if row.clock} <= terms
    assert {row.stage for row in RECTIFICATION_STAGES if row.days and not row.clock} == {
        RectificationState.INVALID_PROPOSED
    }


@pytest.mark.parametrize(
    ("loop", "stage"),
    [
        (RectificationFacts("valid", False), RectificationState.RECEIVED),
        (RectificationFacts("under_review", True, (Act.ACCEPT,)), RectificationState.INVALID_PROPOSED),
        (RectificationFacts("invalid", True), RectificationState.INVALID),
        (RectificationFacts("valid", True), RectificationState.VALID),
        (RectificationFacts("valid", False, (Act.ASSIGN, Act.ACCEPT)), RectificationState.RECTIFY_NOW),
        (RectificationFacts("valid", False, (Act.ACCEPT, Act.CONTACT, Act.NOTE)), RectificationState.VERIFYING),
        (RectificationFacts("valid", False, (Act.ACCEPT, Act.EXPLAIN)), RectificationState.EXPLAINED),
        (RectificationFacts("valid", False, (Act.RECTIFY, Act.REOPEN)), RectificationState.REOPENED),
        (
            RectificationFacts("valid", False, (Act.RECTIFY, Act.CALL_BACK), "closed", "satisfied"),
            RectificationState.SATISFIED,
        ),
        (
            RectificationFacts("valid", False, (Act.RECTIFY, Act.CALL_BACK), "closed", "unreached"),
            RectificationState.CLOSED,
        ),
        (
            RectificationFacts("valid", False, (Act.RECTIFY, Act.CALL_BACK), "closed", "satisfied", True),
            RectificationState.PUBLISHED,
        ),
        (RectificationFacts("invalid", True, is_published=True), RectificationState.PUBLISHED),
        (
            RectificationFacts("valid", False, (Act.ACCEPT,), "accepted", is_published=True),
            RectificationState.RECTIFY_NOW,
        ),
    ],
)
def test_the_stage_follows_from_what_happened(loop: RectificationFacts, stage: RectificationState) -> None:
    assert compute_state(loop) is stage
