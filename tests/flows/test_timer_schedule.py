"""When is a timer due? By the office's time zone, without drift, and missed runs made up once."""

from datetime import datetime, time, timedelta

import pytest

from feedback.kernel.clock import to_utc
from feedback.kernel.timers import BACK_OFF, Daily, Every, first_due, latest_due, next_due, retry_at

NIGHT = Daily(time(2, 30))


def at(text: str) -> datetime:
    return to_utc(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-09-14 02:29:59", "2026-09-14 02:30"),
        ("2026-09-14 02:30:00", "2026-09-15 02:30"),
        ("2026-09-14 14:00", "2026-09-15 02:30"),
        ("2026-12-31 23:59", "2027-01-01 02:30"),
    ],
)
def test_a_nightly_timer_is_due_at_its_time_in_shanghai(now: str, due: str) -> None:
    assert first_due(NIGHT, at(now)) == at(due)
    assert next_due(NIGHT, at(now) - timedelta(hours=1), at(now)) == at(due)


def test_the_time_is_that_of_the_office_and_not_of_the_machine() -> None:
    assert first_due(NIGHT, at("2026-09-14 14:00")).isoformat() == "2026-09-14T18:30:00+00:00"


def test_a_start_in_the_day_does_not_begin_the_nights_work() -> None:
    assert first_due(NIGHT, at("2026-09-14 10:00")) == at("2026-09-15 02:30")


def test_an_interval_begins_at_once() -> None:
    assert first_due(Every(15), at("2026-09-14 10:00")) == at("2026-09-14 10:00")


def test_an_interval_does_not_drift_however_long_its_runs_take() -> None:
    due = start = at("2026-09-14 10:00")
    for run in range(1, 1001):
        due = next_due(Every(15), due, due + timedelta(seconds=14, milliseconds=999))
        assert due == start + timedelta(seconds=15 * run)


@pytest.mark.parametrize("late", [0, 1, 14, 15, 16, 59, 3600 * 24 * 3 + 7])
def test_missed_runs_are_made_up_once(late: int) -> None:
    start = at("2026-09-14 10:00")
    now = start + timedelta(seconds=late)
    due = next_due(Every(15), start, now)
    assert now < due <= now + timedelta(seconds=15)
    assert (due - start) % timedelta(seconds=15) == timedelta(0)


def test_a_missed_night_is_caught_up_once_and_the_next_one_is_at_night_again() -> None:
    missed, morning = at("2026-09-14 02:30"), at("2026-09-16 09:00")  # two nights without a process
    assert missed <= morning, "it is due as soon as somebody looks"
    assert next_due(NIGHT, missed, morning + timedelta(minutes=3)) == at("2026-09-17 02:30")


def test_a_failing_timer_waits_longer_each_time_and_never_longer_than_the_last_pause() -> None:
    now = at("2026-09-14 10:00")
    pauses = [retry_at(failures, now) - now for failures in range(1, 8)]
    assert pauses == sorted(pauses)
    assert pauses[: len(BACK_OFF)] == list(BACK_OFF)
    assert pauses[-1] == BACK_OFF[-1]


@pytest.mark.parametrize("schedule", [NIGHT, Every(5), Every(21_600)])
def test_no_timer_is_ever_planned_later_than_its_latest_time(schedule: Daily | Every) -> None:
    for hour in range(48):
        now = at("2026-09-14 00:00") + timedelta(hours=hour)
        assert first_due(schedule, now) <= latest_due(schedule, now)
        assert next_due(schedule, now, now) <= latest_due(schedule, now)
        assert retry_at(9, now) <= latest_due(schedule, now)
