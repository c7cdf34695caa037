"""Reading days and times in all spellings that Chinese systems write. What could be two days is refused, not guessed.

Read: 2026-1-5 9:30 · 2026/01/05 09:30:00.0 · 2026年1月5日 上午9时30分 · 2026.1.5 · 20260105093000 · 二〇二六年一月五日 ·
46027.395833 (days of a spreadsheet) · 1767576600000 (milliseconds) · 2026-01-05T01:30:00Z · Mon Jan 05 09:30:00 CST 2026 ·
13/5/2026, where only one order is a day. Refused: 1/5/2026, 26-1-5. Pure: no I/O.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from feedback.kernel.clock import office_day, to_utc
from feedback.rules.normal_form import fold

FIRST_YEAR: Final = 1949
LAST_YEAR: Final = 2100
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - days of a spreadsheet are office time
_SEPARATOR: Final = r"\s*[-/.年_]\s*"
_CLOCK: Final = (
    r"(?P<hour>\d{1,2})(?:\s*[:时点時]\s*(?:(?P<minute>\d{1,2})(?:\s*[:分]\s*(?P<second>\d{1,2})(?:[.,]\d+|\s*秒)?|\s*分)?"
    r"|(?P<half>半))?)?"
)
_TIME: Final = re.compile(
    rf"(?P<part>凌晨|清晨|早晨|早上|上午|中午|下午|傍晚|晚上|夜里|AM|PM)?\s*{_CLOCK}\s*(?P<after>AM|PM|A\.M\.|P\.M\.)?"
    r"\s*(?P<zone>Z|UTC|GMT|CST|[+-]\d{2}:?\d{2}|[+-]\d{2})?",
    re.IGNORECASE,
)
_YEAR_FIRST: Final = re.compile(
    rf"(?P<year>\d{{4}}){_SEPARATOR}(?P<month>\d{{1,2}})\s*[-/.月_]\s*(?P<day>\d{{1,2}})\s*[日号號]?(?P<rest>.*)"
)
_YEAR_LAST: Final = re.compile(r"(?P<a>\d{1,2})\s*[-/.]\s*(?P<b>\d{1,2})\s*[-/.]\s*(?P<year>\d{4})(?P<rest>.*)")
_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_JAVA: Final = re.compile(r"[a-z]{3} (?P<month>[a-z]{3}) (?P<day>\d{1,2}) (?P<time>[\d:]{8}) CST (?P<year>\d{4})", re.I)
_WEEKDAY: Final = re.compile(r"[(\[]?(?:星期|周|礼拜)[一二三四五六日天][)\]]?")
_CHINESE_DATE: Final = re.compile(
    r"(?P<year>[〇零一二三四五六七八九]{4})年(?P<month>[一二十]{1,3})月(?P<day>[一二三四五六七八九十]{1,3})日"
)
_CHINESE_DIGITS: Final = {char: str(value) for value, char in enumerate("零一二三四五六七八九")} | {"〇": "0"}
_MORNING: Final = frozenset(("上午", "am", "a.m.", "早上", "早晨", "清晨", "凌晨"))
_NOON: Final = 12
_EVENING: Final = 5  # the first hour that 傍晚, 晚上 and 夜里 have, counted from noon


def parse_time(text: str) -> datetime | None:
    """The instant a cell names, in UTC; a time without zone is office time, a day is its first instant.

    None for what is no time, could be two days, or lies before 1949 or after 2100.
    """
    parsed = _parse(text)
    return to_utc(parsed) if parsed else None


def parse_date(text: str) -> date | None:
    """The office day a cell names. None as for `parse_time`, and for a time that is not the first instant of a day."""
    parsed = _parse(text)
    if parsed is None:
        return None
    if parsed.tzinfo is not None:
        parsed = parsed.astimezone(timezone(timedelta(hours=8)))
        return office_day(parsed) if parsed.time() == time() else None
    return parsed.date() if parsed.time() == time() else None


def find_time_fault(text: str) -> str:
    """Why a cell is no time: "ambiguous_day", "not_a_time", or "" when it is one."""
    if parse_time(text) is not None:
        return ""
    match = _YEAR_LAST.fullmatch(_plain(text))
    if match and int(match["a"]) <= _NOON and int(match["b"]) <= _NOON:
        return "ambiguous_day"
    return "not_a_time"


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", fold(text))
    plain = _WEEKDAY.sub(" ", plain).strip(" '\"\t\r\n")
    return re.sub(r"\s+", " ", _CHINESE_DATE.sub(_digits_of_chinese, plain))


def _digits_of_chinese(match: re.Match[str]) -> str:
    year = "".join(_CHINESE_DIGITS[char] for char in match["year"])
    return f"{year}-{_small_number(match['month'])}-{_small_number(match['day'])}"


def _small_number(text: str) -> int:
    """一 to 三十一 as a number."""
    tens, ten, ones = text.partition("十") if "十" in text else ("", "", text)
    value = int(_CHINESE_DIGITS.get(tens, "1")) * 10 if ten else 0
    return value + int(_CHINESE_DIGITS.get(ones, "0"))


def _parse(text: str) -> datetime | None:
    plain = _plain(text)
    if not plain or len(plain) > 60:
        return None
    try:
        parsed = _parse_number(plain) or _parse_written(plain)
    except (ValueError, OverflowError, OSError):
        return None
    return parsed if parsed and FIRST_YEAR <= parsed.year <= LAST_YEAR else None


def _parse_number(text: str) -> datetime | None:
    """Digits only: 20260105, 20260105093000, days of a spreadsheet, seconds or milliseconds since 1970."""
    whole, _, fraction = text.partition(".")
    if not whole.isdecimal() or (fraction and not fraction.isdecimal()):
        return None
    if len(whole) == 5:
        days = float(text)
        return _EPOCH + timedelta(seconds=round(days * 86_400))
    if fraction.strip("0"):
        return None
    if len(whole) in (8, 10, 12, 14) and FIRST_YEAR <= int(whole[:4]) <= LAST_YEAR:
        parts = [int(whole[:4]), *(int(whole[i : i + 2]) for i in range(4, len(whole), 2))]
        return datetime(*parts)  # type: ignore[arg-type] # noqa: DTZ001 - office time
    if len(whole) in (10, 13):
        return datetime.fromtimestamp(int(whole) / (1000 if len(whole) == 13 else 1), UTC)
    return None


def _parse_written(text: str) -> datetime | None:
    if match := _JAVA.fullmatch(text):
        month = _MONTH_NAMES.index(match["month"].lower()) + 1
        return _join(date(int(match["year"]), month, int(match["day"])), match["time"])
    if match := _YEAR_FIRST.fullmatch(text):
        return _join(date(int(match["year"]), int(match["month"]), int(match["day"])), match["rest"])
    if match := _YEAR_LAST.fullmatch(text):
        first, second = int(match["a"]), int(match["b"])
        if first <= _NOON and second <= _NOON and first != second:
            return None
        day, month = (first, second) if first > _NOON else (second, first)
        return _join(date(int(match["year"]), month, day), match["rest"])
    return None


def _join(day: date, rest: str) -> datetime | None:
    """A day with what stands behind it: nothing, or a time."""
    rest = rest.strip(" ,")
    rest = rest[1:].strip() if rest[:1] in ("T", "t") else rest
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - office time unless a zone is named
    if not rest:
        return midnight
    match = _TIME.fullmatch(rest)
    if not match or (match["hour"] and not re.search(r"[:时点時]", rest) and not match["part"]):
        return None
    hour = _find_hour(int(match["hour"]), (match["part"] or match["after"] or "").lower())
    minute = 30 if match["half"] else int(match["minute"] or 0)
    second = int(match["second"] or 0)
    if hour is None or minute > 59 or second > 60 or hour > 24 or (hour == 24 and (minute or second)):
        return None
    moment = midnight + timedelta(hours=hour, minutes=minute, seconds=min(second, 59))
    zone = _find_zone(match["zone"] or "")
    return moment if zone is None else moment.replace(tzinfo=zone)


def _find_hour(hour: int, part: str) -> int | None:
    """The hour of the day, 0 to 24, for an hour in a named part of it. None when the two contradict each other."""
    if not part or hour > _NOON:
        return None if part in _MORNING and hour > _NOON else hour
    if part in _MORNING:
        return 0 if hour == _NOON and part in ("上午", "am", "a.m.", "凌晨") else hour
    if part == "中午":
        return hour if hour >= 10 else hour + 12
    if part in ("下午", "pm", "p.m."):
        return hour if hour == _NOON else hour + 12
    # Twelve in the evening: which midnight? One in the evening or at night: an hour of this day, or of the next?
    return hour + 12 if _EVENING <= hour < _NOON else None


def _find_zone(text: str) -> timezone | None:
    if not text or text.upper() == "CST":  # China Standard Time is office time
        return None
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if text[0] == "-" else offset)
