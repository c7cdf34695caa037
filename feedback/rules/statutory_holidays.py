"""The days off that the law itself names: 全国年节及纪念日放假办法, with the year from which each version holds.

They are off before the State Council's notice of a year is out. What only the notice says is not here: which weekend
days are worked (调休), and which working days stand in for a holiday on a weekend (补假). Lunar dates and Qingming are
tables of the package `borax` and end with `LAST_YEAR`; after it only the days of the solar calendar are known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType

from borax.calendars.lunardate import LunarDate, TermUtils

LAST_YEAR = 2100
DayOf = Callable[[int], date]


@dataclass(frozen=True, slots=True)
class StatutoryDay:
    """A day off by law. `since`, `until`: first and last year (None: still) in which it is one."""

    name: str
    day_of: DayOf  # raises ValueError behind the tables
    since: int
    until: int | None = None


def _solar(month: int, day: int) -> DayOf:
    return lambda year: date(year, month, day)


def _lunar(month: int, day: int, before: int = 0) -> DayOf:
    """`before`: so many days earlier; New Year's Eve (除夕) is the 29th or the 30th, but always the eve of the first."""

    def find_day(year: int) -> date:
        solar_day: date = LunarDate(year, month, day).to_solar_date()
        return solar_day - timedelta(days=before)

    return find_day


def _qingming(year: int) -> date:
    day: date = TermUtils.nth_term_day(year, term_name="清明")
    return day


# Versions: 国务院令第270号 (1999, since 2000: 10 days), 第513号 (2007, since 2008: 11 days), 第644号 (2013, since 2014:
# the eve is no longer off, the third is), 第795号 (2024, since 2025: 13 days, the eve and the second of May are added).
STATUTORY_DAYS = (
    StatutoryDay("元旦", _solar(1, 1), 2000),
    StatutoryDay("春节", _lunar(1, 1, before=1), 2008, 2013),
    StatutoryDay("春节", _lunar(1, 1, before=1), 2025),
    StatutoryDay("春节", _lunar(1, 1), 2000),
    StatutoryDay("春节", _lunar(1, 2), 2000),
    StatutoryDay("春节", _lunar(1, 3), 2000, 2007),
    StatutoryDay("春节", _lunar(1, 3), 2014),
    StatutoryDay("清明节", _qingming, 2008),
    StatutoryDay("劳动节", _solar(5, 1), 2000),
    StatutoryDay("劳动节", _solar(5, 2), 2000, 2007),
    StatutoryDay("劳动节", _solar(5, 2), 2025),
    StatutoryDay("劳动节", _solar(5, 3), 2000, 2007),
    StatutoryDay("端午节", _lunar(5, 5), 2008),
    StatutoryDay("中秋节", _lunar(8, 15), 2008),
    StatutoryDay("国庆节", _solar(10, 1), 2000),
    StatutoryDay("国庆节", _solar(10, 2), 2000),
    StatutoryDay("国庆节", _solar(10, 3), 2000),
)


@lru_cache(maxsize=256)
def days_of_year(year: int) -> Mapping[date, str]:
    """The days off by law in a year, in the order of the calendar, with their names; two may fall on one day."""
    names: dict[date, str] = {}
    for row in STATUTORY_DAYS:
        if row.since <= year <= (row.until or year):
            try:
                day = row.day_of(year)
            except ValueError:  # behind the tables of the lunar calendar
                continue
            names[day] = f"{names[day]}、{row.name}" if day in names else row.name
    return MappingProxyType(dict(sorted(names.items())))


def name_of(day: date) -> str:
    """Which holiday of the law a day is, or ""."""
    return days_of_year(day.year).get(day, "")
