"""Which measures are there, who may do what about them, and what must be brought?"""

from datetime import date, timedelta
from typing import Any

import pytest

from feedback.rules.access import Actor
from feedback.rules.vocabulary import Role
from routing.oversight import measure_types
from routing.oversight.measure_types import MEASURE_STEPS, MEASURES, MeasureStatus, MeasureStep

TODAY = date(2026, 9, 14)
CHIEF = Actor("supervisor", "督办", frozenset({Role.SUPERVISOR}), "xinfang", everywhere=True)
STREET_CHIEF = Actor("s", "督办", frozenset({Role.SUPERVISOR}), "qinghe", units=frozenset({"qinghe", "shequ"}))
AUDITOR = Actor("auditor", "审计", frozenset({Role.AUDITOR}), "xinfang", everywhere=True)
LEAD = Actor("lead-jiaoyu", "负责人", frozenset({Role.LEAD}), "jiaoyu")
CLERK = Actor("clerk-jiaoyu", "经办", frozenset({Role.CLERK}), "jiaoyu")
OTHER = Actor("lead-chengguan", "负责人", frozenset({Role.LEAD}), "chengguan")
ADMIN = Actor("admin", "管理员", frozenset({Role.ADMIN}), "jiaoyu")
SAID: dict[str, Any] = {
    "kind": "improve", "unit": "jiaoyu", "title": "改进学区划分公示", "text": "请完善公示。", "due_day": TODAY + timedelta(30),
}  # fmt: skip


def test_four_measures_and_three_suggestions_each_with_its_article() -> None:
    assert [row.code for row in MEASURES if not row.adoption] == ["interview", "circular", "listed", "rectify_by"]
    assert [row.code for row in MEASURES if row.adoption] == ["improve", "policy", "hold_liable"]
    assert all("第三十九条" in row.law for row in MEASURES if not row.adoption)
    assert all("第四十条第四款" in row.law and row.days == 30 for row in MEASURES if row.adoption)


@pytest.mark.parametrize(
    ("actor", "sees", "issues", "answers"),
    [
        (CHIEF, True, True, False),
        (STREET_CHIEF, False, False, False),
        (AUDITOR, True, False, False),
        (LEAD, True, False, True),
        (CLERK, True, False, False),
        (OTHER, False, False, False),
        (ADMIN, False, False, False),
    ],
    ids=lambda value: value.id if isinstance(value, Actor) else str(value),
)
def test_who_may_what(actor: Actor, sees: bool, issues: bool, answers: bool) -> None:
    assert measure_types.may_see(actor, "jiaoyu") is sees
    assert measure_types.may_issue(actor, "jiaoyu") is issues
    assert measure_types.may_perform(actor, MeasureStep.ANSWER, "jiaoyu") is answers
    assert measure_types.may_perform(actor, MeasureStep.CLOSE, "jiaoyu") is issues


def test_every_open_measure_can_end_and_nothing_leaves_the_end() -> None:
    for status in (MeasureStatus.ISSUED, MeasureStatus.ANSWERED):
        assert any(status in sources for sources, _ in MEASURE_STEPS.values())
    assert not [
        d for d, (sources, _) in MEASURE_STEPS.items() if sources & {MeasureStatus.CLOSED, MeasureStatus.WITHDRAWN}
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, {}),
        ({"kind": "scold"}, {"kind": "unknown"}),
        ({"unit": ""}, {"unit": "missing"}),
        ({"title": " "}, {"title": "missing"}),
        ({"text": "长" * 5001}, {"text": "too_long"}),
        ({"due_day": None}, {"due_day": "not_a_day"}),
        ({"due_day": TODAY}, {"due_day": "not_a_future_day"}),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], fault: dict[str, str]) -> None:
    assert measure_types.issue_faults({**SAID, **change}, TODAY, []) == fault


def test_a_suggestion_is_answered_with_whether_it_was_adopted() -> None:
    improve, circular = measure_types.find_measure_type("improve"), measure_types.find_measure_type("circular")
    assert improve and circular
    assert measure_types.measure_step_faults(MeasureStep.ANSWER, improve, {"text": "已改"}, TODAY) == {
        "adoption": "unknown"
    }
    assert not measure_types.measure_step_faults(
        MeasureStep.ANSWER, improve, {"text": "不改，因为…", "adoption": "not"}, TODAY
    )
    assert not measure_types.measure_step_faults(MeasureStep.ANSWER, circular, {"text": "已改"}, TODAY)
    assert measure_types.measure_step_faults(MeasureStep.ANSWER, improve, {"adoption": "not"}, TODAY) == {
        "text": "missing"
    }
