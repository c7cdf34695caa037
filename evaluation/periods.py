"""Periods of evaluation: parse and name months, quarters and years. No I/O."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from feedback.kernel.clock import office_day, start_of_day
from feedback.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar month in the office: `since` is its first instant, `until` the first one after it."""

    name: str
    since: datetime
    until: datetime

    @property
    def first_day(self) -> date:
        return office_day(self.since)

    @property
    def last_day(self) -> date:
        return office_day(self.until) - timedelta(days=1)


def parse_month(name: str) -> Period:
    """The period called `2026-10`.

    Raises Invalid for anything else.
    """
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", name)
    if not match or not 1900 <= int(match[1]) <= 9998:
        raise Invalid({"period": "not_a_month"})
    first_day = date(int(match[1]), int(match[2]), 1)
    next_month = (first_day + timedelta(days=31)).replace(day=1)
    return Period(name, start_of_day(first_day), start_of_day(next_month))


def parse_year(name: str) -> Period:
    """The year called `2026`.

    Raises Invalid for anything else.
    """
    if not re.fullmatch(r"\d{4}", name) or not 1900 <= int(name) <= 9998:
        raise Invalid({"period": "not_a_period"})
    number = int(name)
    return Period(name, start_of_day(date(number, 1, 1)), start_of_day(date(number + 1, 1, 1)))


def parse_quarter(name: str) -> Period:
    """The quarter called `2026Q3`.

    Raises Invalid for anything else.
    """
    match = re.fullmatch(r"(\d{4})Q([1-4])", name)
    if not match:
        raise Invalid({"period": "not_a_period"})
    first_month = 3 * int(match[2]) - 2
    return Period(
        name, parse_month(f"{match[1]}-{first_month:02d}").since, parse_month(f"{match[1]}-{first_month + 2:02d}").until
    )


def parse_period(name: str) -> Period:
    """A month `2026-10`, a quarter `2026Q3` or a year `2026`.

    Raises Invalid for anything else.
    """
    try:
        return parse_month(name) if "-" in name else parse_quarter(name) if "Q" in name else parse_year(name)
    except Invalid as fault:
        raise Invalid({"period": "not_a_period"}) from fault


def month_of(day: date) -> Period:
    """The month that holds `day`."""
    return parse_month(f"{day:%Y-%m}")


def month_before(day: date) -> Period:
    """The month before the one that holds `day`."""
    return month_of(day.replace(day=1) - timedelta(days=1))
