"""Working-day arithmetic: which days are working days, and which day is n days later.

A `Calendar` is a value: days off and make-up working days (调休) that differ from the plain week, and the last day
for which the year's notice is known. Past that day the days off of the law itself are off (`statutory_holidays`), and
what is counted is provisional, since make-up days are only in the notice. `Editions` are all calendars there were, each
with the instant it took force: the past is counted with the one that held then. No I/O.

Counting follows 民法典 第二百零一条 (the day itself is not counted) and 第二百零三条 (a last day off moves on).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType

import chinese_calendar

from feedback.rules import statutory_holidays

_DAY = timedelta(days=1)
_SATURDAY = 5
EVERY_DAY = (date.min, date.max)
FIRST_YEAR = 2004
_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利70周年纪念日",
}


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day that differs from the plain week: a holiday, or a weekend day on which offices work."""

    day: date
    is_workday: bool
    name: str


@dataclass(frozen=True)
class Calendar:
    """One edition of the office calendar.

    `has_statutory_days`: past `announced_until` the days off of the law are off; no only in editions of before.
    """

    edition: str
    announced_until: date
    rows: Mapping[date, DayRow] = field(default_factory=lambda: MappingProxyType({}))
    has_statutory_days: bool = True

    @classmethod
    def of(
        cls, edition: str, announced_until: date, rows: Iterable[DayRow], has_statutory_days: bool = True
    ) -> "Calendar":
        return cls(edition, announced_until, MappingProxyType({row.day: row for row in rows}), has_statutory_days)

    def is_workday(self, day: date) -> bool:
        row = self.rows.get(day)
        return row.is_workday if row else day.weekday() < _SATURDAY and not self.statutory_name(day)

    def statutory_name(self, day: date) -> str:
        """The holiday of the law by which a day of a year without notice is off, or ""."""
        is_open = self.has_statutory_days and day > self.announced_until and day not in self.rows
        return statutory_holidays.name_of(day) if is_open else ""

    def is_provisional(self, day: date) -> bool:
        """Whether the notice for that day's year is not out yet, so that the answer may still change."""
        return day > self.announced_until

    def name_of(self, day: date) -> str:
        """Why the day is what it is, in Chinese."""
        row = self.rows.get(day)
        if row:
            return row.name if not row.is_workday else f"{row.name}调休上班"
        if name := self.statutory_name(day):
            return name
        return "工作日" if day.weekday() < _SATURDAY else "周末"

    def next_workday(self, day: date) -> date:
        """The day itself if offices work on it, else the next one on which they do."""
        while not self.is_workday(day):
            day += _DAY
        return day

    def add_workdays(self, day: date, count: int) -> date:
        """The `count`-th working day after `day` (before it when negative); `day` itself is not counted."""
        step = _DAY if count >= 0 else -_DAY
        for _ in range(abs(count)):
            day += step
            while not self.is_workday(day):
                day += step
        return day

    def add_days(self, day: date, count: int) -> date:
        """The `count`-th calendar day after `day`, not rolled."""
        return day + timedelta(days=count)

    def workdays_between(self, day: date, until: date) -> int:
        """Working days after `day` up to and with `until`; negative when `until` lies before."""
        if until < day:
            return -self.workdays_between(until, day)
        return sum(1 for next_day in _days(day + _DAY, until) if self.is_workday(next_day))

    def explain(self, day: date, until: date) -> Iterator[tuple[date, bool, str]]:
        """Each day after `day` up to and with `until`: the day, whether offices work, and why."""
        for next_day in _days(day + _DAY, until):
            yield next_day, self.is_workday(next_day), self.name_of(next_day)


@dataclass(frozen=True)
class Editions:
    """Every edition of the calendar and since when it holds, oldest first. Never empty."""

    entries: tuple[tuple[datetime, Calendar], ...]

    @classmethod
    def only(cls, calendar: Calendar) -> "Editions":
        """A history of one edition, which held always."""
        return cls(((datetime.min.replace(tzinfo=UTC), calendar),))

    @property
    def newest(self) -> Calendar:
        return self.entries[-1][1]

    def at(self, instant: datetime) -> Calendar:
        """The edition in force at an instant; before the first one there was none other, so it is the first.

        One made in the same instant came after whatever else happened in it.
        """
        return self.entries[self._place(instant)][1]

    def named(self, edition: str) -> Calendar:
        """The edition of that name; the newest when there is none such."""
        return next((calendar for _, calendar in self.entries if calendar.edition == edition), self.newest)

    def during(self, start: datetime, until: datetime | None) -> range:
        """The places in `entries` of the edition in force at `start` and of all later ones up to `until` (None: now)."""
        return range(self._place(start), self._place(until) + 1 if until else len(self.entries))

    def _place(self, instant: datetime) -> int:
        return max((i for i, (since, _) in enumerate(self.entries) if since < instant), default=0)

    def up_to(self, edition: str) -> "Editions":
        """The history as it was while the named edition was the newest; all of it when there is none such."""
        places = [i for i, (_, calendar) in enumerate(self.entries) if calendar.edition == edition]
        return Editions(self.entries[: places[0] + 1]) if places else self

    def followed_by(self, calendar: Calendar, since: datetime) -> "Editions":
        return Editions((*self.entries, (since, calendar)))

    def changed_since(self, edition: str) -> tuple[date, date] | None:
        """The first and the last day that an edition after the named one says otherwise. None: no day.

        Everything, when there was no such edition.
        """
        places = [i for i, (_, calendar) in enumerate(self.entries) if calendar.edition == edition]
        if not places:
            return EVERY_DAY
        later = pairwise(calendar for _, calendar in self.entries[places[0] :])
        days = [day for before, after in later for day in changed_days(before, after)]
        return (min(days), max(days)) if days else None


def changed_days(before: Calendar, after: Calendar) -> list[date]:
    """The days on which one calendar works and the other does not.

    Days that only the law makes off are compared up to the last year of its tables.
    """
    days = {*before.rows, *after.rows, *_statutory_days(before, after)}
    return sorted(d for d in days if before.is_workday(d) != after.is_workday(d))


def _statutory_days(before: Calendar, after: Calendar) -> Iterator[date]:
    """Days off by law that one calendar may leave to the law and the other not."""
    if (before.announced_until, before.has_statutory_days) == (after.announced_until, after.has_statutory_days):
        return
    last_year = statutory_holidays.LAST_YEAR
    if before.has_statutory_days and after.has_statutory_days:
        last_year = max(before.announced_until, after.announced_until).year
    for year in range(min(before.announced_until, after.announced_until).year, last_year + 1):
        yield from statutory_holidays.days_of_year(year)


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _DAY


def package() -> Calendar:
    """The calendar as announced, without a database."""
    rows, last_year = announced()
    return Calendar.of(f"{last_year}-1", date(last_year, 12, 31), rows)


def announced() -> tuple[list[DayRow], int]:
    """Every announced day that differs from the plain week, and the last announced year."""
    rows: list[DayRow] = []
    day = date(FIRST_YEAR, 1, 1)
    while True:
        try:
            is_off, english = chinese_calendar.get_holiday_detail(day)
        except NotImplementedError:
            return rows, day.year - 1
        weekend = day.weekday() >= _SATURDAY
        if (is_off and english) or is_off != weekend:
            rows.append(DayRow(day, not is_off, _NAMES.get(english or "", "节假日")))
        day += _DAY
