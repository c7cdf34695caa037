"""When a notice may be delivered: office hours, quiet hours, and the moment of the daily digest.

What is urgent goes at once, day or night. Everything else waits: for staff until the office is open on a working day,
for citizens until it is daytime, since people rest on holidays but still want to hear. No I/O.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from feedback.kernel.clock import OFFICE_TIMEZONE, office_day, to_utc
from feedback.rules.workdays import Calendar

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class Priority(StrEnum):
    """How much a notice may disturb."""

    AT_ONCE = "at_once"
    WORKING = "working"  # in the hours of whoever is told
    DIGEST = "digest"  # in the next morning's digest, not by itself


@dataclass(frozen=True, slots=True)
class DeliveryHours:
    """The hours in which somebody may be disturbed: from `opens` up to `closes`, on working days only or every day."""

    opens: time
    closes: time
    workdays_only: bool = True


def parse_hours(text: str, *, workdays_only: bool) -> DeliveryHours:
    """The rule of a setting such as `08:30-17:30`.

    Raises ValueError for anything else, also for a span that ends before it begins.
    """
    match = _SPAN.fullmatch(text.strip())
    if not match:
        raise ValueError(text)
    hours = [int(part) for part in match.groups()]
    opens, closes = time(hours[0], hours[1]), time(hours[2], hours[3])
    if opens >= closes:
        raise ValueError(text)
    return DeliveryHours(opens, closes, workdays_only)


def next_open_moment(at: datetime, calendar: Calendar, hours: DeliveryHours) -> datetime:
    """`at` itself if somebody may be disturbed then, else the first moment after it when they may."""
    local = at.astimezone(OFFICE_TIMEZONE)
    day = local.date()
    is_open = calendar.is_workday(day) or not hours.workdays_only
    if is_open and hours.opens <= local.time() < hours.closes:
        return at
    if not is_open or local.time() >= hours.closes:
        day += timedelta(days=1)
        if hours.workdays_only:
            day = calendar.next_workday(day)
    return to_utc(datetime.combine(day, hours.opens, OFFICE_TIMEZONE))


def compute_send_time(priority: Priority, at: datetime, calendar: Calendar, hours: DeliveryHours) -> datetime:
    """When a notice made at `at` may leave."""
    return at if priority is Priority.AT_ONCE else next_open_moment(at, calendar, hours)


def last_digest_time(now: datetime, calendar: Calendar, hours: DeliveryHours) -> datetime:
    """The newest digest moment that is not in the future: the opening of the office on a working day."""
    day = office_day(now)
    if not calendar.is_workday(day) or to_utc(datetime.combine(day, hours.opens, OFFICE_TIMEZONE)) > now:
        day = calendar.add_workdays(day, -1)
    return to_utc(datetime.combine(day, hours.opens, OFFICE_TIMEZONE))
