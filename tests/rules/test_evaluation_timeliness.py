"""Does every clock count once, in the right month, for the unit that held the case?"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from evaluation import periods
from evaluation.kpi import timeliness
from evaluation.kpi.timeliness import (
    ClockCounts,
    ClockFact,
    RectificationCounts,
    TenureFact,
    TimelinessOutcome,
    clock_outcome,
)
from evaluation.periods import parse_month
from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.kernel.errors import Invalid

OCTOBER = parse_month("2026-10")
AFTER = OCTOBER.until + timedelta(days=20)


def at(text: str) -> datetime:
    return to_utc(datetime.fromisoformat(text).replace(tzinfo=OFFICE_TIMEZONE))


HOTLINE = ClockFact("1", "resolve", "lead", "chengguan", "rexian", "hotline", OCTOBER.since, OCTOBER.until)


def clock(starts: str, due: str, stopped: str = "", **more: Any) -> ClockFact:
    facts = replace(HOTLINE, starts_at=at(starts), due_at=at(due), stopped_at=at(stopped) if stopped else None)
    return replace(facts, **more)


def test_a_month_runs_from_its_first_instant_in_the_office_to_that_of_the_next() -> None:
    assert OCTOBER.since == at("2026-10-01T00:00")
    assert OCTOBER.until == at("2026-11-01T00:00")
    assert (OCTOBER.first_day, OCTOBER.last_day) == (date(2026, 10, 1), date(2026, 10, 31))
    assert parse_month("2026-12").until == at("2027-01-01T00:00")


def test_the_month_before_january_is_december() -> None:
    assert periods.month_before(date(2027, 1, 31)).name == "2026-12"
    assert periods.month_before(date(2026, 3, 31)).name == "2026-02"


@pytest.mark.parametrize("name", ["2026", "2026-13", "2026-1", "2026-00", "2026-10-01", "", "二〇二六"])
def test_anything_else_is_not_a_month(name: str) -> None:
    with pytest.raises(Invalid) as fault:
        parse_month(name)
    assert fault.value.fields == {"period": "not_a_month"}


@pytest.mark.parametrize(
    ("starts", "due", "stopped", "expected"),
    [
        pytest.param("2026-10-02", "2026-10-10", "2026-10-09", TimelinessOutcome.ON_TIME, id="kept before it was due"),
        pytest.param(
            "2026-09-20", "2026-10-10", "2026-10-01", TimelinessOutcome.ON_TIME, id="begun before, kept in the month"
        ),
        pytest.param(
            "2026-10-20", "2026-11-10", "2026-10-31T23:59", TimelinessOutcome.ON_TIME, id="kept in the last minute"
        ),
        pytest.param(
            "2026-10-02", "2026-10-10", "2026-10-10", TimelinessOutcome.LATE, id="stopped in the first instant too late"
        ),
        pytest.param("2026-10-02", "2026-10-10", "2026-10-15", TimelinessOutcome.LATE, id="done, but late"),
        pytest.param("2026-10-02", "2026-10-10", "", TimelinessOutcome.LATE, id="came due and is still not done"),
        pytest.param(
            "2026-10-02", "2026-10-10", "2026-11-03", TimelinessOutcome.LATE, id="came due, done after the month"
        ),
        pytest.param("2026-10-28", "2026-11-01", "", TimelinessOutcome.LATE, id="due on the last day and not done"),
        pytest.param(
            "2026-10-28", "2026-11-01", "2026-11-01", TimelinessOutcome.LATE, id="due on the last day, done the next"
        ),
        pytest.param(
            "2026-10-28", "2026-11-05", "2026-11-02", TimelinessOutcome.RUNNING, id="not due yet when the month ended"
        ),
        pytest.param("2026-10-28", "2026-11-05", "", TimelinessOutcome.RUNNING, id="running, whatever came later"),
        pytest.param(
            "2026-09-02", "2026-09-10", "2026-10-05", TimelinessOutcome.ELSEWHERE, id="late in September already"
        ),
        pytest.param("2026-09-02", "2026-09-10", "", TimelinessOutcome.ELSEWHERE, id="late in September, still open"),
        pytest.param(
            "2026-09-20", "2026-10-01", "", TimelinessOutcome.ELSEWHERE, id="due on the last day of September"
        ),
        pytest.param("2026-09-02", "2026-10-10", "2026-09-30", TimelinessOutcome.ELSEWHERE, id="kept in September"),
        pytest.param("2026-11-01", "2026-11-10", "", TimelinessOutcome.ELSEWHERE, id="begun after the month"),
    ],
)
def test_each_clock_counts_where_it_was_decided(
    starts: str, due: str, stopped: str, expected: TimelinessOutcome
) -> None:
    assert clock_outcome(clock(starts, due, stopped), OCTOBER, AFTER) is expected


def test_a_withdrawal_counts_nowhere_and_a_hold_apart() -> None:
    withdrawn = clock("2026-10-02", "2026-10-10", "2026-10-05", is_fulfilled=False, stopped_by="withdraw")
    held = clock("2026-10-02", "2026-10-10", "2026-10-05", is_fulfilled=False, stopped_by="hold")
    assert clock_outcome(withdrawn, OCTOBER, AFTER) is TimelinessOutcome.VOID
    assert clock_outcome(held, OCTOBER, AFTER) is TimelinessOutcome.HELD


def test_a_withdrawal_after_the_due_day_does_not_undo_the_lateness() -> None:
    withdrawn = clock("2026-10-02", "2026-10-10", "2026-10-20", is_fulfilled=False, stopped_by="withdraw")
    assert clock_outcome(withdrawn, OCTOBER, AFTER) is TimelinessOutcome.LATE


def test_before_the_month_is_over_nothing_is_known_of_its_rest() -> None:
    later = clock("2026-10-02", "2026-10-20", "2026-10-18")
    assert clock_outcome(later, OCTOBER, at("2026-10-15")) is TimelinessOutcome.RUNNING
    assert clock_outcome(later, OCTOBER, at("2026-10-18")) is TimelinessOutcome.ON_TIME


@pytest.mark.parametrize("stopped", ["", "2026-09-25", "2026-10-05", "2026-11-20", "2026-12-02"])
def test_over_all_months_a_clock_is_decided_once(stopped: str) -> None:
    ended = clock("2026-09-15", "2026-10-10", stopped)
    months = [parse_month(name) for name in ("2026-09", "2026-10", "2026-11", "2026-12")]
    outcomes = [clock_outcome(ended, month, at("2027-02-01")) for month in months]
    assert sum(how in (TimelinessOutcome.ON_TIME, TimelinessOutcome.LATE) for how in outcomes) == 1


def tally(*clocks: ClockFact, tenures: tuple[TenureFact, ...] = ()) -> dict[str, ClockCounts]:
    held = tenures or (TenureFact("1", "chengguan", at("2026-01-01")),)
    return timeliness.count_by_unit(clocks, held, OCTOBER, AFTER)


def test_timeliness_counts_what_was_never_finished_as_late() -> None:
    counts = tally(
        clock("2026-10-02", "2026-10-10", "2026-10-09"),
        clock("2026-10-02", "2026-10-10", "2026-10-09"),
        clock("2026-10-02", "2026-10-10", "2026-10-12"),
        clock("2026-10-02", "2026-10-10"),
        clock("2026-09-02", "2026-09-10"),
        clock("2026-10-28", "2026-11-05"),
    )
    assert counts == {"chengguan": ClockCounts(on_time=2, late=2, running=1, unfinished=2)}
    assert counts["chengguan"].base == 4


def test_an_unfinished_clock_stays_visible_in_every_later_month() -> None:
    old = clock("2026-07-02", "2026-07-10")
    assert tally(old) == {"chengguan": ClockCounts(unfinished=1)}


def test_the_desk_answers_for_forwarding() -> None:
    counts = tally(clock("2026-10-02", "2026-10-03", "2026-10-05", holder="desk", term="forward", unit="rexian"))
    assert counts == {"rexian": ClockCounts(late=1)}


def test_each_unit_answers_for_what_ended_while_it_held_the_case() -> None:
    tenures = (
        TenureFact("1", "chengguan", at("2026-10-02"), at("2026-10-04")),
        TenureFact("1", "jiaotong", at("2026-10-06")),
    )
    returned = clock("2026-10-02", "2026-10-03", "2026-10-04", term="notify")
    resolved = clock("2026-10-07", "2026-10-14", "2026-10-13", unit="jiaotong")
    assert tally(returned, resolved, tenures=tenures) == {
        "chengguan": ClockCounts(late=1),
        "jiaotong": ClockCounts(on_time=1),
    }


def test_between_two_units_the_case_lies_at_the_desk() -> None:
    tenures = (
        TenureFact("1", "chengguan", at("2026-09-01"), at("2026-09-20")),
        TenureFact("1", "shi-zhengfu", at("2026-10-25")),
    )
    review = clock("2026-09-20", "2026-10-21", term="review", unit="shi-zhengfu", profile="petition")
    assert tally(review, tenures=tenures) == {"rexian": ClockCounts(late=1, unfinished=1)}


def test_a_co_unit_answers_for_its_own_task() -> None:
    counts = tally(clock("2026-10-02", "2026-10-07", "2026-10-06", holder="co", term="co_reply", unit="huanbao"))
    assert counts == {"huanbao": ClockCounts(on_time=1)}


def test_the_right_to_object_and_the_citizens_limits_are_no_duty_of_a_unit() -> None:
    assert (
        tally(
            clock("2026-10-02", "2026-10-07", term="object"),
            clock("2026-10-02", "2026-10-07", term="ask_review", holder="citizen", unit=""),
            clock("2026-10-02", "2026-10-07", term="rectify", profile="rating"),
        )
        == {}
    )


def test_the_district_answers_for_the_citizens_own_clock() -> None:
    own = clock("2026-10-02", "2026-10-13", "2026-10-12", holder="own", term="answer", unit="")
    late = clock("2026-10-02", "2026-10-13", holder="own", term="answer", unit="")
    assert timeliness.count_citizen_clocks(
        [own, late, clock("2026-10-02", "2026-10-03")], OCTOBER, AFTER
    ) == ClockCounts(on_time=1, late=1, unfinished=1)
    assert tally(own, late) == {}


def test_rectifications_are_due_done_and_done_in_time() -> None:
    tenures = tuple(TenureFact(str(n), "chengguan", at("2026-10-01")) for n in range(1, 6))
    more = {"term": "rectify", "profile": "rating"}
    clocks = [
        clock("2026-10-02", "2026-10-10", "2026-10-08", case_no="1", **more),
        clock("2026-10-02", "2026-10-10", "2026-10-12", case_no="2", **more),
        clock("2026-10-02", "2026-10-10", "", case_no="3", **more),
        clock("2026-10-02", "2026-10-10", "2026-11-05", case_no="4", **more),
        clock("2026-10-29", "2026-11-05", "", case_no="5", **more),
    ]
    assert timeliness.count_rectifications(clocks, tenures, OCTOBER, AFTER) == {
        "chengguan": RectificationCounts(due=4, done=2, on_time=1)
    }
