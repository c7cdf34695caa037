"""When may a notice be delivered to a person?"""

from datetime import datetime

import pytest

from feedback.kernel.clock import OFFICE_TIMEZONE
from feedback.rules import workdays
from routing.notices.delivery_hours import (
    DeliveryHours,
    Priority,
    compute_send_time,
    last_digest_time,
    next_open_moment,
    parse_hours,
)

CALENDAR = workdays.package()
STAFF = parse_hours("08:30-17:30", workdays_only=True)
CITIZENS = parse_hours("08:00-21:00", workdays_only=False)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OFFICE_TIMEZONE)


@pytest.mark.parametrize(
    ("made", "rule", "leaves"),
    [
        pytest.param("2026-09-14 10:00", STAFF, "2026-09-14 10:00", id="office hours: at once"),
        pytest.param("2026-09-14 08:30", STAFF, "2026-09-14 08:30", id="the first minute"),
        pytest.param("2026-09-14 06:00", STAFF, "2026-09-14 08:30", id="early: when the office opens"),
        pytest.param("2026-09-14 17:30", STAFF, "2026-09-15 08:30", id="closed: tomorrow"),
        pytest.param("2026-09-18 20:00", STAFF, "2026-09-20 08:30", id="Friday night: Sunday is a working day"),
        pytest.param("2026-09-19 10:00", STAFF, "2026-09-20 08:30", id="Saturday: the same"),
        pytest.param("2026-09-30 18:00", STAFF, "2026-10-08 08:30", id="National Day: after the holidays"),
        pytest.param("2026-10-03 12:00", STAFF, "2026-10-08 08:30", id="in the middle of them"),
        pytest.param("2026-10-03 12:00", CITIZENS, "2026-10-03 12:00", id="citizens hear on holidays"),
        pytest.param("2026-10-03 23:00", CITIZENS, "2026-10-04 08:00", id="but not at night"),
        pytest.param("2026-10-03 03:00", CITIZENS, "2026-10-03 08:00", id="nor before the morning"),
    ],
)
def test_a_normal_notice_waits_for_the_next_working_morning(made: str, rule: DeliveryHours, leaves: str) -> None:
    assert next_open_moment(at(made), CALENDAR, rule) == at(leaves)
    assert compute_send_time(Priority.AT_ONCE, at(made), CALENDAR, rule) == at(made)


@pytest.mark.parametrize(
    ("now", "digest"),
    [
        pytest.param("2026-09-14 08:29", "2026-09-11 08:30", id="a minute before: Friday's"),
        pytest.param("2026-09-14 08:30", "2026-09-14 08:30", id="now"),
        pytest.param("2026-10-05 12:00", "2026-09-30 08:30", id="in the holidays: the last before them"),
    ],
)
def test_the_digest_is_of_the_last_working_morning(now: str, digest: str) -> None:
    assert last_digest_time(at(now), CALENDAR, STAFF) == at(digest)


@pytest.mark.parametrize("text", ["", "8:30-17:30", "17:30-08:30", "08:30", "24:00-25:00", "08:30-08:30"])
def test_invalid_hours_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_hours(text, workdays_only=True)
