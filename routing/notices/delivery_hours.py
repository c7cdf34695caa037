"""When may a notice disturb somebody? Office hours, quiet hours, and the moment of the daily digest.

What is urgent goes at once, day or night. Everything else waits: for staff until the office is open on a working day,
for citizens until it is daytime, since people rest on holidays but still want to hear. No I/O.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from feedback.kernel.clock import OFFICE, aware, office_day
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


def rule_of(text: str, *, workdays_only: bool) -> DeliveryHours:
    """The rule of a setting such as `08:30-17:30`.

    Raises ValueError for anything else, also for a span that ends before it begins.
    """
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise ValueError(text)
    hours = [int(part) for part in found.groups()]
    opens, closes = time(hours[0], hours[1]), time(hours[2], hours[3])
    if opens >= closes:
        raise ValueError(text)
    return DeliveryHours(opens, closes, workdays_only)


def next_moment(at: datetime, calendar: Calendar, rule: DeliveryHours) -> datetime:
    """`at` itself if somebody may be disturbed then, else the first moment after it when they may."""
    local = at.astimezone(OFFICE)
    day = local.date()
    is_open = calendar.is_workday(day) or not rule.workdays_only
    if is_open and rule.opens <= local.time() < rule.closes:
        return at
    if not is_open or local.time() >= rule.closes:
        day += timedelta(days=1)
        if rule.workdays_only:
            day = calendar.next_workday(day)
    return aware(datetime.combine(day, rule.opens, OFFICE))


def may_leave(push: Priority, at: datetime, calendar: Calendar, rule: DeliveryHours) -> datetime:
    """When a notice made at `at` may leave."""
    return at if push is Priority.AT_ONCE else next_moment(at, calendar, rule)


def last_digest(now: datetime, calendar: Calendar, rule: DeliveryHours) -> datetime:
    """The newest digest moment that is not in the future: the opening of the office on a working day."""
    day = office_day(now)
    if not calendar.is_workday(day) or aware(datetime.combine(day, rule.opens, OFFICE)) > now:
        day = calendar.add_workdays(day, -1)
    return aware(datetime.combine(day, rule.opens, OFFICE))
