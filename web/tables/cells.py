"""The text of a cell, and what texts of cells mean: times, days, telephone numbers. Pure: no I/O."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from feedback.kernel.spreadsheets import escape_cell
from web.tables.phones import Phone, PhoneCell, parse_phones
from web.tables.times import find_time_fault, parse_date, parse_time

__all__ = [
    "Phone",
    "PhoneCell",
    "cell_text",
    "find_time_fault",
    "guard_formula",
    "is_damaged_number",
    "number_text",
    "parse_date",
    "parse_phones",
    "parse_time",
    "serial_text",
]

_SCIENTIFIC: Final = re.compile(r"[+-]?(\d)(?:\.(\d+))?[eE]\+?(\d{1,3})")
_EXACT_DIGITS: Final = 15
"""Excel keeps 15 significant digits of a number and puts zeros for the rest."""
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a serial number has no time zone; it is read as office time
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
_LAST_SERIAL: Final = 2_958_465  # 9999-12-31


def cell_text(value: Any) -> str:
    """A value of a cell as text: whole numbers without a point, days and times as in ISO 8601.

    A number that the spreadsheet program has damaged stays in its scientific form: see `is_damaged_number`.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float | Decimal):
        return number_text(repr(value) if isinstance(value, float) else str(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def number_text(raw: str) -> str:
    """A number as a file holds it, written out: 1.3800001111E10 and 13800001111.0 become 13800001111.

    From 16 digits on a number with an exponent is left as it is: its last digits are lost.
    """
    try:
        number = Decimal(raw)
    except InvalidOperation:
        return raw
    if not number.is_finite() or ((is_scientific := "e" in raw.lower()) and number.adjusted() >= _EXACT_DIGITS):
        return raw.upper()
    if not is_scientific and "." not in raw:
        return raw
    if number.adjusted() < -20:
        return "0"
    text = f"{round(number, 12):f}" if number.adjusted() < _EXACT_DIGITS else f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def is_damaged_number(text: str) -> bool:
    """Whether a spreadsheet program has replaced digits of a number, as in 1.38E+10 or 2.0260901E+16.

    What stood there cannot be got back: it is no identifier and no telephone number any more.
    """
    match = _SCIENTIFIC.fullmatch(text.strip())
    if not match:
        return False
    exponent = int(match[3])
    return exponent >= _EXACT_DIGITS or exponent > len(match[2] or "")


def serial_text(raw: str, *, starts_1904: bool = False) -> str:
    """A date that a spreadsheet keeps as a number of days: "2026-01-05" or "2026-01-05 09:30:00"; below 1 a time."""
    try:
        serial = Decimal(raw)
    except InvalidOperation:
        return raw
    if not 0 <= serial <= _LAST_SERIAL:
        return number_text(raw)
    seconds = int((serial * 86_400).to_integral_value())
    moment = (_EPOCH_1904 if starts_1904 else _EPOCH) + timedelta(seconds=seconds)
    if serial < 1:
        return moment.time().isoformat()
    return cell_text(moment)


def guard_formula(text: str) -> str:
    """A text for a CSV that is written back, in which nothing is taken for a formula."""
    return str(escape_cell(text))
