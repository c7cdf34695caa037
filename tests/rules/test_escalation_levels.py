"""When does a running clock reach which escalation level, and who is notified then?"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from feedback.kernel.clock import OFFICE_TIMEZONE
from feedback.rules import escalation_levels, workdays
from feedback.rules.escalation_levels import ESCALATION_LEVELS, ClockRun
from feedback.rules.terms import TERMS
from feedback.rules.vocabulary import Profile
from routing.notices import escalation
from routing.notices.catalogue import Audience
from routing.notices.delivery_hours import Priority
from routing.notices.escalation import ESCALATION_RULES

CALENDAR = workdays.package()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OFFICE_TIMEZONE)


# 60 calendar days from 5 August: the last day lies in the National Day week and moves to 8 October.
PETITION = ClockRun(at("2026-09-29"), date(2026, 10, 8), at("2026-10-09"), in_hours=False)
ONE_DAY = ClockRun(at("2026-09-15 20:00"), date(2026, 9, 15), at("2026-09-16"), in_hours=False)
URGENT = ClockRun(at("2026-10-02 01:00"), date(2026, 10, 2), at("2026-10-02 02:00"), in_hours=True)


@pytest.mark.parametrize(
    ("run", "moment", "stage", "following"),
    [
        pytest.param(PETITION, "2026-09-28 12:00", "", "2026-09-29", id="before the warning nothing"),
        pytest.param(PETITION, "2026-09-29", "amber", "2026-10-08", id="the warning of its term"),
        pytest.param(PETITION, "2026-10-04 12:00", "amber", "2026-10-08", id="the plain due day lies in the holidays"),
        pytest.param(PETITION, "2026-10-08 08:00", "today", "2026-10-09", id="the legal last day"),
        pytest.param(PETITION, "2026-10-09", "late", "2026-10-10", id="midnight after it: late"),
        pytest.param(PETITION, "2026-10-10", "late_1", "2026-10-13", id="one working day later"),
        pytest.param(PETITION, "2026-10-13", "late_3", "2026-10-15", id="a Saturday at work counts, a Sunday does not"),
        pytest.param(PETITION, "2026-12-01", "late_5", None, id="after the last stage nothing follows"),
        pytest.param(ONE_DAY, "2026-09-15 21:00", "today", "2026-09-16", id="no warning in the night of the last day"),
        pytest.param(URGENT, "2026-10-02 01:30", "amber", "2026-10-02 02:00", id="running hours, in the holidays"),
        pytest.param(URGENT, "2026-10-02 04:00", "late_1", "2026-10-02 10:00", id="two hours after two hours"),
        pytest.param(URGENT, "2026-10-03 02:00", "late_5", None, id="a day late"),
    ],
)
def test_a_clock_reaches_its_stages_in_order(run: ClockRun, moment: str, stage: str, following: str | None) -> None:
    assert escalation_levels.find_level(run, CALENDAR, at(moment)) == (stage, at(following) if following else None)


def test_the_next_check_is_never_in_the_past() -> None:
    for hours in range(0, 60 * 24, 7):
        now = at("2026-09-20") + timedelta(hours=hours)
        for run in (PETITION, ONE_DAY, URGENT):
            _, look_at = escalation_levels.find_level(run, CALENDAR, now)
            assert look_at is None or look_at > now


def test_a_right_that_lapses_has_no_levels() -> None:
    assert escalation_levels.compute_first_look("object", at("2026-09-15"), date(2026, 9, 18), "5wd") is None


def test_levels_passed_between_two_sweeps_are_reported_together() -> None:
    assert escalation_levels.list_passed_levels("", "late") == ("amber", "today", "late")
    assert escalation_levels.list_passed_levels("amber", "late_1") == ("today", "late", "late_1")
    assert escalation_levels.list_passed_levels("late", "late") == ()


# ---- the ladder ----


def test_every_level_notifies_somebody_in_every_rule_book_and_names_its_law() -> None:
    for row in ESCALATION_LEVELS:
        for profile in Profile:
            assert escalation.list_escalation_rules(row.code, profile), (row.code, profile)
    assert all(rung.law for rung in ESCALATION_RULES)
    assert {rung.stage for rung in ESCALATION_RULES} == {row.code for row in ESCALATION_LEVELS}


@pytest.mark.parametrize(
    ("before", "after", "profile", "audiences"),
    [
        ("", "amber", Profile.PETITION, {Audience.UNIT}),
        ("amber", "today", Profile.HOTLINE, {Audience.UNIT, Audience.HEAD}),
        ("today", "late", Profile.PETITION, {Audience.UNIT, Audience.HEAD, Audience.DESK, Audience.OVERSEER}),
        ("late", "late_1", Profile.HOTLINE, {Audience.UNIT, Audience.HEAD, Audience.OVERSEER}),
        ("late_1", "late_3", Profile.PETITION, {Audience.HEAD, Audience.OVERSEER, Audience.SUPERIOR}),
        ("late_3", "late_5", Profile.PETITION, {Audience.HEAD, Audience.OVERSEER, Audience.JOINT}),
        ("late_3", "late_5", Profile.HOTLINE, {Audience.HEAD, Audience.OVERSEER}),
    ],
)
def test_the_audience_grows_with_the_level(before: str, after: str, profile: Profile, audiences: set[Audience]) -> None:
    assert {
        rung.audience for rung in escalation.rules_between(before, after, profile, term="answer", is_report=False)
    } == audiences


def test_each_audience_is_notified_once_of_all_passed_levels() -> None:
    rules = escalation.rules_between("", "late_5", Profile.PETITION, term="answer", is_report=False)
    assert len({rung.audience for rung in rules}) == len(rules) == 6


def test_a_row_for_a_term_stands_above_the_row_for_all_in_its_clocks_only() -> None:
    own = replace(
        next(row for row in ESCALATION_RULES if row.stage == "late"), words="自己的", terms=frozenset({"call_back"})
    )
    for rules in ((*ESCALATION_RULES, own), (own, *ESCALATION_RULES)):
        for term, is_own in (("call_back", True), ("answer", False)):
            passed = escalation.rules_between("today", "late", Profile.HOTLINE, term=term, is_report=False, rules=rules)
            assert (own in passed) is is_own
            assert len([rule for rule in passed if rule.audience is own.audience]) == 1


def test_the_terms_of_the_rows_are_terms_there_are() -> None:
    known = {term.code for term in TERMS}
    assert not [row for row in ESCALATION_RULES if row.terms - known]


def test_only_holders_and_overseers_are_notified_of_a_report() -> None:
    audiences = {
        rung.audience
        for rung in escalation.rules_between("", "late_5", Profile.PETITION, term="answer", is_report=True)
    }
    assert audiences == {Audience.UNIT, Audience.HEAD, Audience.DESK, Audience.OVERSEER}


def test_a_clock_in_hours_notifies_at_once_and_a_report_is_in_no_digest() -> None:
    amber = next(rung for rung in ESCALATION_RULES if rung.stage == "amber")
    assert escalation.priority_of(amber, length="60cd", urgency=0, is_report=False) is Priority.DIGEST
    assert escalation.priority_of(amber, length="2h", urgency=0, is_report=False) is Priority.AT_ONCE
    assert escalation.priority_of(amber, length="30min", urgency=0, is_report=False) is Priority.AT_ONCE
    assert escalation.priority_of(amber, length="1wd", urgency=2, is_report=False) is Priority.AT_ONCE
    assert escalation.priority_of(amber, length="60cd", urgency=0, is_report=True) is Priority.WORKING


def test_every_escalation_rule_has_its_wording() -> None:
    for rung in ESCALATION_RULES:
        words = escalation.render_warning(
            rung,
            rung.stage,
            no="20260914-000001",
            title="长" * 60,
            unit="区城管局",
            term="办结答复",
            length="5wd",
        )
        assert "{" not in words
        assert "20260914-000001" in words
        assert len(words) < 200


def test_a_level_is_called_by_what_the_clock_counts() -> None:
    for row in ESCALATION_LEVELS:
        if row.hours:
            assert "工作日" in escalation_levels.label_level(row.code, "60cd")
            for length in ("2h", "30min"):
                assert "小时" in escalation_levels.label_level(row.code, length)


def test_instants_are_compared_across_zones() -> None:
    assert escalation_levels.find_level(PETITION, CALENDAR, datetime(2026, 10, 8, 16, 0, tzinfo=UTC))[0] == "late"
