"""Clocks computed from events: when they start, whom they bind, what stops them and what moves them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.rules import workdays
from feedback.rules.clocks import CaseEvent, Clock, ClockFacts, ClockState, Light
from feedback.rules.deadlines import compute_clocks
from feedback.rules.lifecycle import list_steps
from feedback.rules.projection import project
from feedback.rules.tenures import compute_tenures
from feedback.rules.terms import DATA_TERMS, RIGHTS, Holder
from feedback.rules.vocabulary import PROFILE_OF, Act, Kind, Profile
from feedback.rules.workdays import Calendar, DayRow, Editions

CALENDAR = Editions.only(workdays.package())
MONDAY = to_utc(datetime(2026, 9, 14, 9, 0, tzinfo=OFFICE_TIMEZONE))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _facts(kind: Kind = Kind.COMPLAINT, **more: object) -> ClockFacts:
    return ClockFacts(kind, PROFILE_OF[kind], "rexian", **more)  # type: ignore[arg-type] # keywords of the dataclass


Done = tuple[Act, datetime] | tuple[Act, datetime, Mapping[str, object]]


def _history(*acts: Done, unit: str = "jiaoyu") -> list[CaseEvent]:
    events = []
    for seq, (act, at, *data) in enumerate(acts, 1):
        by = "" if act in (Act.SUBMIT, Act.REVIEW) else unit
        events.append(CaseEvent(seq, act, at, by, data[0] if data else {}))
    return events


def _clock(clocks: tuple[Clock, ...], term: str) -> Clock:
    return [c for c in clocks if c.term == term][-1]


ASSIGNED = (Act.ASSIGN, MONDAY + HOUR, {"unit": "jiaoyu"})


def test_a_complaint_starts_the_desks_clock_and_the_citizens_own() -> None:
    clocks = compute_clocks(_history((Act.SUBMIT, MONDAY)), _facts(), CALENDAR)
    assert {(c.term, c.holder, c.unit) for c in clocks} == {
        ("forward", Holder.DESK, "rexian"),
        ("answer", Holder.CITIZEN_OWN, ""),
    }
    assert _clock(clocks, "answer").due_legal_day == date(2026, 9, 22)


def test_no_hand_off_stops_or_restarts_the_citizens_own_clock() -> None:
    start = _clock(compute_clocks(_history((Act.SUBMIT, MONDAY)), _facts(), CALENDAR), "answer")
    passed_on = _history(
        (Act.SUBMIT, MONDAY),
        ASSIGNED,
        (Act.RETURN, MONDAY + 2 * DAY, {"reason": "x"}),
        (Act.ASSIGN, MONDAY + 3 * DAY, {"unit": "chengguan"}),
        (Act.ACCEPT, MONDAY + 4 * DAY),
    )
    assert _clock(compute_clocks(passed_on, _facts(), CALENDAR), "answer") == start


def test_a_return_starts_the_desks_clock_anew_and_ends_the_units() -> None:
    clocks = compute_clocks(
        _history((Act.SUBMIT, MONDAY), ASSIGNED, (Act.RETURN, MONDAY + 2 * HOUR, {"reason": "x"})), _facts(), CALENDAR
    )
    running = {(c.term, c.seq) for c in clocks if c.stopped_at is None}
    assert running == {("answer", 1), ("forward", 3)}


def test_an_appeal_has_sixty_days_from_acceptance_and_thirty_more_once_approved() -> None:
    accepted = to_utc(datetime(2026, 8, 5, 10, tzinfo=OFFICE_TIMEZONE))
    acts: list[Done] = [
        (Act.SUBMIT, accepted - DAY),
        (Act.ASSIGN, accepted - HOUR, {"unit": "jiaoyu"}),
        (Act.ACCEPT, accepted),
    ]
    before = _clock(compute_clocks(_history(*acts), _facts(Kind.APPEAL), CALENDAR), "resolve")
    assert (before.due_raw_day, before.due_legal_day) == (date(2026, 10, 4), date(2026, 10, 8))
    longer = (Act.EXTEND, accepted + DAY, {"days": 30, "reason": "复杂"})
    after = _clock(compute_clocks(_history(*acts, longer), _facts(Kind.APPEAL), CALENDAR), "resolve")
    assert (after.due_raw_day, after.due_legal_day) == (date(2026, 11, 3), date(2026, 11, 3))


def test_an_extension_never_goes_beyond_what_the_term_allows() -> None:
    longer = (Act.EXTEND, MONDAY + DAY, {"days": 365, "reason": "x"})
    history = _history((Act.SUBMIT, MONDAY), ASSIGNED, (Act.ACCEPT, MONDAY + 2 * HOUR), longer)
    plain = _clock(compute_clocks(history[:-1], _facts(Kind.APPEAL), CALENDAR), "resolve")
    extended = _clock(compute_clocks(history, _facts(Kind.APPEAL), CALENDAR), "resolve")
    assert extended.due_raw_day - plain.due_raw_day == timedelta(days=30)


def test_somebody_without_a_name_is_owed_no_notification() -> None:
    history = _history((Act.SUBMIT, MONDAY), ASSIGNED)
    assert "notify" not in {c.term for c in compute_clocks(history, _facts(Kind.APPEAL, named=False), CALENDAR)}
    assert "notify" in {c.term for c in compute_clocks(history, _facts(Kind.APPEAL), CALENDAR)}


def test_an_urgent_clock_runs_through_the_night() -> None:
    night = to_utc(datetime(2026, 10, 1, 23, 30, tzinfo=OFFICE_TIMEZONE))
    clock = _clock(compute_clocks(_history((Act.SUBMIT, night)), _facts(urgency=1), CALENDAR), "answer")
    assert clock.due_at == night + timedelta(hours=4)


def test_a_review_has_its_own_thirty_days_which_the_reviewing_unit_takes_over() -> None:
    acts: list[Done] = [
        (Act.SUBMIT, MONDAY),
        ASSIGNED,
        (Act.ACCEPT, MONDAY + 2 * HOUR),
        (Act.REPLY, MONDAY + DAY, {"text": "x"}),
        (Act.REVIEW, MONDAY + 2 * DAY, {"reason": "不服"}),
        (Act.ASSIGN, MONDAY + 3 * DAY, {"unit": "quzhengfu"}),
    ]
    clock = _clock(compute_clocks(_history(*acts), _facts(Kind.APPEAL), CALENDAR), "review")
    assert clock.unit == "quzhengfu"
    assert clock.starts_at == MONDAY + 2 * DAY
    assert clock.due_raw_day == date(2026, 10, 16)


def test_a_clock_is_amber_before_its_plain_day_and_red_only_after_the_legal_one() -> None:
    start = to_utc(datetime(2026, 9, 18, 9, tzinfo=OFFICE_TIMEZONE))
    clock = _clock(compute_clocks(_history((Act.SUBMIT, start)), _facts(Kind.APPEAL), CALENDAR), "forward")
    assert (clock.due_raw_day, clock.due_legal_day) == (date(2026, 10, 3), date(2026, 10, 8))

    def in_office(day: int, hour: int) -> datetime:
        return to_utc(datetime(2026, 10, day, hour, tzinfo=OFFICE_TIMEZONE))

    assert clock.light(start) is Light.GREEN
    assert clock.light(in_office(4, 9)) is Light.AMBER
    assert clock.state(in_office(8, 23)) is ClockState.RUNNING
    assert clock.light(in_office(9, 0)) is Light.RED
    assert clock.state(in_office(9, 0)) is ClockState.LATE


def test_a_withdrawal_stops_every_clock_without_counting_it_as_kept() -> None:
    history = _history((Act.SUBMIT, MONDAY), ASSIGNED, (Act.WITHDRAW, MONDAY + DAY))
    clocks = compute_clocks(history, _facts(), CALENDAR)
    assert all(c.stopped_at is not None for c in clocks)
    assert _clock(clocks, "answer").state(MONDAY + 2 * DAY) is ClockState.STOPPED


def test_a_co_units_clock_is_stopped_by_that_unit_only() -> None:
    acts: list[Done] = [
        (Act.SUBMIT, MONDAY),
        ASSIGNED,
        (Act.CO_ASSIGN, MONDAY + HOUR, {"units": ["a", "b"], "task": "x"}),
    ]
    history = [*_history(*acts), CaseEvent(4, Act.CO_REPLY, MONDAY + DAY, "a", {"text": "好"})]
    running = {
        c.unit for c in compute_clocks(history, _facts(), CALENDAR) if c.term == "co_reply" and c.stopped_at is None
    }
    assert running == {"b"}


def test_each_unit_answers_for_its_own_days() -> None:
    acts: list[Done] = [
        (Act.SUBMIT, MONDAY),
        ASSIGNED,
        (Act.RETURN, MONDAY + DAY, {"reason": "x"}),
        (Act.ASSIGN, MONDAY + 2 * DAY, {"unit": "chengguan"}),
    ]
    held = [(t.unit, t.since, t.until) for t in compute_tenures(_history(*acts))]
    assert held == [("jiaoyu", MONDAY + HOUR, MONDAY + DAY), ("chengguan", MONDAY + 2 * DAY, None)]


def _with_a_day_off(day: date) -> Calendar:
    known = CALENDAR.newest
    return Calendar.of("new", known.announced_until, [*known.rows.values(), DayRow(day, False, "放假")])


def test_a_new_holiday_moves_a_running_clock_when_it_is_projected_again() -> None:
    history = _history((Act.SUBMIT, MONDAY))
    before = _clock(compute_clocks(history, _facts(), CALENDAR), "answer").due_legal_day
    after = CALENDAR.followed_by(_with_a_day_off(date(2026, 9, 17)), MONDAY + DAY)
    assert _clock(compute_clocks(history, _facts(), after), "answer").due_legal_day == before + DAY


def test_a_stopped_clock_keeps_the_calendar_in_force_when_it_stopped() -> None:
    history = _history((Act.SUBMIT, MONDAY), ASSIGNED, (Act.ACCEPT, MONDAY + 2 * DAY))
    before = compute_clocks(history, _facts(), CALENDAR)
    later = CALENDAR.followed_by(_with_a_day_off(date(2026, 9, 17)), MONDAY + 2 * DAY + HOUR)
    after = compute_clocks(history, _facts(), later)
    assert [c for c in after if c.stopped_at] == [c for c in before if c.stopped_at]
    assert _clock(after, "answer").edition == "new"


def _plain_again(days: list[date]) -> Calendar:
    known = CALENDAR.newest
    return Calendar.of("less", known.announced_until, [r for r in known.rows.values() if r.day not in days])


def test_a_duty_with_an_earlier_end_is_not_late_overnight() -> None:
    start = to_utc(datetime(2026, 9, 18, 9, 0, tzinfo=OFFICE_TIMEZONE))  # fifteen days end in National Day
    history = _history((Act.SUBMIT, start))
    clock = _clock(compute_clocks(history, _facts(Kind.APPEAL), CALENDAR), "forward")
    assert clock.due_legal_day == date(2026, 10, 8)
    cut = _plain_again([date(2026, 10, day) for day in range(5, 8)])
    in_time = CALENDAR.followed_by(cut, to_utc(datetime(2026, 9, 25, 12, tzinfo=OFFICE_TIMEZONE)))
    assert _clock(compute_clocks(history, _facts(Kind.APPEAL), in_time), "forward").due_legal_day == date(2026, 10, 5)
    at_the_last = CALENDAR.followed_by(cut, to_utc(datetime(2026, 10, 5, 12, tzinfo=OFFICE_TIMEZONE)))
    assert _clock(compute_clocks(history, _facts(Kind.APPEAL), at_the_last), "forward").due_legal_day == date(
        2026, 10, 6
    )


def test_a_notified_right_is_not_shortened() -> None:
    answered = to_utc(datetime(2026, 9, 3, 9, 0, tzinfo=OFFICE_TIMEZONE))  # thirty days end in National Day
    acts: tuple[Done, ...] = ((Act.SUBMIT, MONDAY - 20 * DAY), (Act.ASSIGN, MONDAY - 19 * DAY, {"unit": "jiaoyu"}))
    history = _history(*acts, (Act.ACCEPT, MONDAY - 18 * DAY), (Act.REPLY, answered, {"text": "x"}))
    clock = _clock(compute_clocks(history, _facts(Kind.APPEAL), CALENDAR), "ask_review")
    cut = CALENDAR.followed_by(_plain_again([date(2026, 10, day) for day in range(1, 8)]), answered + 5 * DAY)
    assert clock.due_legal_day == date(2026, 10, 8)
    assert _clock(compute_clocks(history, _facts(Kind.APPEAL), cut), "ask_review").due_legal_day == date(2026, 10, 8)


def test_a_clock_that_stops_after_an_edition_is_counted_by_it() -> None:
    history = _history((Act.SUBMIT, MONDAY), (Act.ASSIGN, MONDAY + 2 * DAY, {"unit": "jiaoyu"}))
    earlier = CALENDAR.followed_by(_with_a_day_off(date(2026, 9, 17)), MONDAY + DAY)
    assert {c.edition for c in compute_clocks(history, _facts(), earlier)} == {"new"}


_DATA: Mapping[Act, Mapping[str, object]] = {
    Act.ASSIGN: {"unit": "jiaoyu"},
    Act.CLASSIFY: {"category": "0601"},
    Act.ANSWER_MERGED: {"case": "20260901-000001", "unit": "jiaoyu", "text": "x"},
    Act.REDO: {"unit": "jiaoyu", "reason": "x"},
    Act.SUCCEED: {"unit": "jiaoyu", "from_unit": "chengguan"},
    Act.CO_ASSIGN: {"units": ["chengguan"], "task": "x"},
    Act.EXTEND: {"days": 3, "reason": "x"},
    Act.RATE: {"level": 4},
    Act.TRANSFER: {"desk": "xinfang", "from_desk": "rexian"},
    Act.HOLD: {"target_day": "2026-12-31", "reason": "x"},
}


@given(st.sampled_from([k for k in Kind if k is not Kind.RECTIFY]), st.data())
def test_whatever_happens_an_ended_case_has_no_running_clock_that_binds_us(kind: Kind, data: st.DataObject) -> None:
    facts = replace(_facts(kind), profile=data.draw(st.sampled_from([Profile.PETITION, Profile.HOTLINE])))
    history, now = _history((Act.SUBMIT, MONDAY)), MONDAY
    for _ in range(data.draw(st.integers(0, 14))):
        folded = project(history, facts, CALENDAR)
        steps = [s for s in list_steps(folded.state) if s.act is not Act.SUBMIT]
        if not steps:
            break
        step = data.draw(st.sampled_from(steps))
        now += timedelta(hours=data.draw(st.integers(1, 400)))
        history.append(CaseEvent(len(history) + 1, step.act, now, folded.unit, _DATA.get(step.act, {})))
    folded = project(history, facts, CALENDAR)
    if folded.closed_at is not None:
        binding = [c for c in folded.clocks if c.stopped_at is None and c.term not in RIGHTS | DATA_TERMS]
        assert not binding
    for clock in folded.clocks:
        assert clock.due_raw_day <= clock.due_legal_day
        assert clock.starts_at <= clock.warn_at <= clock.due_at or clock.warn_at <= clock.due_at


@pytest.mark.parametrize("hour", [0, 1, 15, 16, 17, 23])
def test_the_day_is_the_offices_day_at_any_hour(hour: int) -> None:
    start = datetime(2026, 9, 14, hour, 30, tzinfo=MONDAY.tzinfo)
    clock = _clock(compute_clocks(_history((Act.SUBMIT, start)), _facts(), CALENDAR), "answer")
    local = start.astimezone(OFFICE_TIMEZONE).date()
    assert clock.due_raw_day == CALENDAR.newest.add_workdays(local, 7)
