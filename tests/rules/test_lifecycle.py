"""The table of steps is complete, has no dead end, and cites its law."""

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from feedback.kernel.errors import Invalid, NotNow
from feedback.rules.access import Actor, CaseAccess, open_steps
from feedback.rules.conditions import compute_conditions
from feedback.rules.lifecycle import STEPS, CaseState, check_step, list_steps
from feedback.rules.terms import TERMS, Holder, list_terms_in_force
from feedback.rules.vocabulary import OPEN, PROFILE_OF, Act, Kind, Profile, Role, Stage, Status, Whose


def _state(status: Status, kind: Kind = Kind.COMPLAINT, **more: object) -> CaseState:
    return CaseState(kind, PROFILE_OF[kind], status, **more)  # type: ignore[arg-type] # keywords of the dataclass


def test_every_act_has_a_row() -> None:
    assert {step.act for step in STEPS} == set(Act)


def test_an_act_has_one_row_for_each_rule_book_kind_and_stage() -> None:
    for act in Act:
        for profile in Profile:
            for kind in Kind:
                for stage in Stage:
                    rows = [
                        s
                        for s in STEPS
                        if s.act is act and profile in s.profiles and kind in s.kinds and stage in s.stages
                    ]
                    assert len(rows) <= 1, (act, profile, kind, stage)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_open_status_can_end_by_people_without_the_system(kind: Kind) -> None:
    reachable, waiting = {Status.RECEIVED}, [Status.RECEIVED]
    while waiting:
        for step in list_steps(_state(waiting.pop(), kind)):
            if step.target and step.target not in reachable:
                reachable.add(step.target)
                waiting.append(step.target)
    for status in reachable & OPEN:
        seen, frontier = {status}, [status]
        while frontier:
            for step in list_steps(_state(frontier.pop(), kind)):
                by_people = any(role is not Role.SYSTEM for role, _ in step.who)
                if by_people and step.target and step.target not in seen:
                    seen.add(step.target)
                    frontier.append(step.target)
        assert seen - OPEN, f"{kind} {status} can never end"


def test_every_step_with_legal_effect_names_its_law() -> None:
    lawful = {
        Act.ASSIGN,
        Act.ACCEPT,
        Act.DECLINE,
        Act.RETURN,
        Act.EXTEND,
        Act.REPLY,
        Act.REVIEW,
        Act.RE_REVIEW,
        Act.RATE,
    }
    assert all(step.law for step in STEPS if step.act in lawful)


def test_every_term_names_its_law_and_can_be_stopped() -> None:
    acts = {step.act for step in STEPS}
    for term in TERMS:
        assert term.law, term
        assert term.begins <= acts
        assert term.kept_by <= acts
        assert term.kept_by, term


@pytest.mark.parametrize("day", sorted({term.since for term in TERMS}), ids=str)
def test_no_two_terms_of_one_code_hold_for_the_same_case_on_a_day(day: date) -> None:
    rows = list_terms_in_force(day)
    for profile, kind, stage, urgency, direct in product(Profile, Kind, Stage, (0, 1, 2), (True, False)):
        holding = [
            t.code
            for t in rows
            if profile in t.profiles
            and kind in t.kinds
            and stage in t.stages
            and urgency in t.urgent
            and t.direct in (None, direct)
        ]
        assert len(holding) == len(set(holding)), (profile, kind, stage, urgency, direct)


def test_every_kind_has_a_clock_from_the_first_moment() -> None:
    for kind in Kind:
        if kind is not Kind.RECTIFY:
            begun = [t for t in TERMS if Act.SUBMIT in t.begins and PROFILE_OF[kind] in t.profiles and kind in t.kinds]
            assert begun, kind
    assert any(t.holder is Holder.LEAD and Profile.RATING in t.profiles for t in TERMS)


def test_a_reply_before_acceptance_is_not_now() -> None:
    with pytest.raises(NotNow):
        check_step(_state(Status.ASSIGNED), Act.REPLY, {"text": "好"})


def test_what_a_step_needs_is_named_when_it_is_missing() -> None:
    with pytest.raises(Invalid) as caught:
        check_step(_state(Status.ASSIGNED), Act.DECLINE, {"reason": "  "})
    assert caught.value.fields == dict.fromkeys(("ground", "reason", "where_instead"), "missing")


@pytest.mark.parametrize("level", [0, 6, -1, True, "5", 2.5, None])
def test_a_level_outside_one_to_five_is_refused(level: object) -> None:
    with pytest.raises(Invalid):
        check_step(_state(Status.REPLIED), Act.RATE, {"level": level})


def test_a_case_is_returned_twice_at_most() -> None:
    back = [(Act.ASSIGN, {"unit": "jiaoyu"}), (Act.RETURN, {"reason": "不属于本单位"})]
    check_step(_state(Status.ASSIGNED, conditions=compute_conditions(back)), Act.RETURN, {"reason": "不属于本单位"})
    with pytest.raises(NotNow):
        check_step(
            _state(Status.ASSIGNED, conditions=compute_conditions(back * 2)), Act.RETURN, {"reason": "不属于本单位"}
        )


def test_only_an_appeal_goes_to_review_and_re_review_only_after_review() -> None:
    acts = {s.act for s in list_steps(_state(Status.REPLIED, Kind.APPEAL))}
    assert Act.REVIEW in acts and Act.RE_REVIEW not in acts
    after = {s.act for s in list_steps(_state(Status.REPLIED, Kind.APPEAL, stage=Stage.REVIEW))}
    assert Act.RE_REVIEW in after and Act.REVIEW not in after
    assert Act.REVIEW not in {s.act for s in list_steps(_state(Status.REPLIED))}


def test_a_report_is_never_published() -> None:
    assert Act.PUBLISH not in {s.act for s in list_steps(_state(Status.REPLIED, Kind.REPORT))}


def test_the_rated_unit_does_not_call_back_about_itself() -> None:
    clerk = Actor("c", "丙", frozenset({Role.CLERK}), unit="jiaoyu", units=frozenset({"jiaoyu"}))
    case = CaseAccess("1", False, desk="rexian", lead="jiaoyu", held=frozenset({"jiaoyu"}))
    acts = {s.act for s in open_steps(clerk, _state(Status.REPLIED, Kind.RECTIFY), case)}
    assert Act.CALL_BACK not in acts
    for rating in (s for s in STEPS if s.act is Act.CALL_BACK and Profile.RATING in s.profiles):
        assert {whose for _, whose in rating.who} == {Whose.OTHER_DESK, Whose.OTHER_OVERSEER}
    desk = Actor("d", "丁", frozenset({Role.RECEPTION}), unit="rexian", units=frozenset({"rexian"}))
    rated = replace(case, lead="rexian", held=frozenset({"rexian"}))
    offered = {s.act for s in open_steps(desk, _state(Status.REPLIED, Kind.RECTIFY), rated)}
    assert not {Act.CALL_BACK, Act.CLOSE, Act.REOPEN} & offered
