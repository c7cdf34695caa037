"""Editions of the calendar: ended clocks stay, running clocks follow, a roll-back restores the old dates."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.record.calendar_editions import CalendarChange, apply_change, diff_calendars
from feedback.rules import workdays
from feedback.rules.clocks import CaseEvent, Clock, ClockFacts
from feedback.rules.deadlines import compute_clocks
from feedback.rules.terms import RIGHTS
from feedback.rules.vocabulary import PROFILE_OF, Act, Kind
from feedback.rules.workdays import Calendar, DayRow, Editions

pytestmark = pytest.mark.one_database

FIRST = workdays.package()
MONDAY = to_utc(datetime(2026, 9, 14, 9, 0, tzinfo=OFFICE_TIMEZONE))
DAY = timedelta(days=1)

days = st.dates(date(2026, 9, 1), date(2027, 1, 31))
changes = st.lists(st.tuples(days, st.booleans()), min_size=1, max_size=6, unique_by=lambda change: change[0])
instants = st.floats(0.01, 60).map(lambda n: MONDAY + n * DAY)
courses = st.tuples(
    st.sampled_from([Kind.COMPLAINT, Kind.CONSULT, Kind.APPEAL, Kind.SUGGEST]),
    st.lists(st.floats(0.01, 20), min_size=0, max_size=3),
)


def _change_days(before: Calendar, changes_of_days: list[tuple[date, bool]], name: str) -> Calendar:
    rows = [DayRow(day, works, "改") for day, works in changes_of_days]
    after = apply_change(before, CalendarChange(tuple(rows), (), before.announced_until))
    return Calendar.of(name, after.announced_until, after.rows.values())


def _make_events(gaps: list[float]) -> list[CaseEvent]:
    steps = [(Act.SUBMIT, {}), (Act.ASSIGN, {"unit": "jiaoyu"}), (Act.ACCEPT, {}), (Act.REPLY, {"text": "x"})]
    at, events = MONDAY, []
    for seq, (act, data) in enumerate(steps[: len(gaps) + 1], 1):
        events.append(CaseEvent(seq, act, at, "" if seq == 1 else "jiaoyu", data))
        at += timedelta(days=gaps[seq - 1]) if seq <= len(gaps) else timedelta(0)
    return events


def _compute_clocks(course: tuple[Kind, list[float]], editions: Editions) -> tuple[Clock, ...]:
    kind, gaps = course
    return compute_clocks(_make_events(gaps), ClockFacts(kind, PROFILE_OF[kind], "rexian"), editions)


@given(courses, changes, instants)
def test_what_had_ended_never_changes(
    course: tuple[Kind, list[float]], edition_changes: list[tuple[date, bool]], since: datetime
) -> None:
    before = _compute_clocks(course, Editions.only(FIRST))
    after = _compute_clocks(course, Editions.only(FIRST).followed_by(_change_days(FIRST, edition_changes, "2"), since))
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        if old.stopped_at and old.stopped_at <= since:
            assert new == old


@given(courses, changes, instants, st.floats(0.01, 30))
def test_a_roll_back_gives_the_old_running_dates(
    course: tuple[Kind, list[float]], edition_changes: list[tuple[date, bool]], since: datetime, later: float
) -> None:
    once = Editions.only(FIRST).followed_by(_change_days(FIRST, edition_changes, "2"), since)
    back_at = since + later * DAY
    again = Calendar.of(
        "3", FIRST.announced_until, apply_change(once.newest, diff_calendars(once.newest, FIRST)).rows.values()
    )
    assert again.rows == FIRST.rows
    before, between = _compute_clocks(course, Editions.only(FIRST)), _compute_clocks(course, once)
    after = _compute_clocks(course, once.followed_by(again, back_at))
    notice = again.next_workday(back_at.astimezone(OFFICE_TIMEZONE).date() + DAY)
    for old, between_clock, new in zip(before, between, after, strict=True):
        if new.stopped_at is not None:
            continue
        assert new.due_at >= old.due_at, "a roll back made somebody later than the law"
        if old.term not in RIGHTS and old.due_legal_day >= notice:
            assert new.due_at == old.due_at
        if old.term in RIGHTS:
            was_told = new.starts_at < back_at  # what begins after the roll back never had the other day
            assert new.due_at == (max(old.due_at, between_clock.due_at) if was_told else old.due_at)


@example(
    (Kind.APPEAL, [2.0]), [(date(2026, 9, 1), False)], [(date(2026, 9, 19), True)], MONDAY + timedelta(hours=12), 0.0
)
@given(courses, changes, changes, instants, st.floats(0, 30))
def test_nobody_is_late_overnight_and_no_right_is_cut_short(
    course: tuple[Kind, list[float]],
    edition_changes: list[tuple[date, bool]],
    more: list[tuple[date, bool]],
    since: datetime,
    later: float,
) -> None:
    second, then = _change_days(FIRST, edition_changes, "2"), since + later * DAY + DAY
    held = Editions.only(FIRST).followed_by(second, since)
    during = _compute_clocks(course, held)
    for old, new in zip(
        during, _compute_clocks(course, held.followed_by(_change_days(second, more, "3"), then)), strict=True
    ):
        if old.stopped_at is None and old.due_at > then:
            assert new.due_at > then, "late at the stroke of an edition"
            # What begins under the new edition never had the other day.
            assert new.term not in RIGHTS or new.starts_at >= then or new.due_at >= old.due_at


@given(st.lists(instants, min_size=1, max_size=5, unique=True), instants)
def test_the_edition_in_force_is_the_last_one_made_before(sinces: list[datetime], asked: datetime) -> None:
    editions = Editions(
        tuple((since, Calendar.of(str(i), FIRST.announced_until, ())) for i, since in enumerate(sorted(sinces)))
    )
    earlier = [i for i, since in enumerate(sorted(sinces)) if since < asked]
    assert editions.at(asked).edition == str(max(earlier, default=0))
