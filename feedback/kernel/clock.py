"""The current time as UTC instants and office days.

Instants (`_at`) are aware and in UTC; days (`_day`) are calendar days in Asia/Shanghai.
Rules never ask: the edges hold one `Clock` and pass its answer down as `now`.
"""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

OFFICE_TIMEZONE = ZoneInfo("Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The clock of one process. `ahead` is how far it runs before (or behind) the real time."""

    ahead: timedelta = timedelta(0)

    @classmethod
    def starting_at(cls, moment: datetime | None) -> "SystemClock":
        """A clock that believes it is `moment` now and runs on from there. None: the real time."""
        return cls() if moment is None else cls(to_utc(moment) - datetime.now(UTC))

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def to_utc(moment: datetime) -> datetime:
    """`moment` in UTC. A naive one is read as office time, since people at the counter mean that."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=OFFICE_TIMEZONE)
    return moment.astimezone(UTC)


def office_day(moment: datetime) -> date:
    """The calendar day in the office at `moment`."""
    return moment.astimezone(OFFICE_TIMEZONE).date()


def start_of_day(day: date) -> datetime:
    """The first instant of an office day."""
    return datetime(day.year, day.month, day.day, tzinfo=OFFICE_TIMEZONE).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """The first instant after an office day: what is due "on" that day is too late from here on."""
    return start_of_day(day + timedelta(days=1))


def to_millis(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_millis(millis: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=millis)


def monotonic() -> float:
    """Seconds for measuring how long something took; has nothing to do with the date."""
    return time.monotonic()
