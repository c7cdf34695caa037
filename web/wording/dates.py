"""Formatting dates, times, codes and lengths of time in words."""

from datetime import date, datetime

from feedback.kernel.clock import OFFICE_TIMEZONE
from web.wording import catalogue

_WEEKDAYS = "一二三四五六日"


def day_words(day: date, *, year: bool = True) -> str:
    """2026 年 11 月 26 日（周四）."""
    head = f"{day.year} 年 " if year else ""
    return f"{head}{day.month} 月 {day.day} 日（周{_WEEKDAYS[day.weekday()]}）"


def time_words(at: datetime) -> str:
    """11 月 26 日（周四）17:30, in office time."""
    local = at.astimezone(OFFICE_TIMEZONE)
    return f"{day_words(local.date())}{local:%H:%M}"


def short_time(at: datetime | None) -> str:
    """2026-11-26 17:30, for tables."""
    return f"{at.astimezone(OFFICE_TIMEZONE):%Y-%m-%d %H:%M}" if at else ""


def iso(at: datetime) -> str:
    """ISO 8601 with the office's offset, for machines."""
    return at.astimezone(OFFICE_TIMEZONE).isoformat(timespec="seconds")


def group_code(code: str) -> str:
    """A query code in groups of four."""
    return " ".join(code[i : i + 4] for i in range(0, len(code), 4))


def length_words(count: int, unit: str) -> str:
    return f"{count} {catalogue.UNITS_OF_LENGTH[unit]}"
