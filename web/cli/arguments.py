"""The parser of the command line: what is wrong with an argument is told in one Chinese sentence, exit code 2."""

import argparse
import re
import sys
from datetime import date
from pathlib import Path
from typing import NoReturn

from feedback.kernel.errors import Invalid
from feedback.rules.workdays import FIRST_YEAR
from web.wording import catalogue

LAST_YEAR = 2100
_FAULTS = (
    ("required", re.compile(r"the following arguments are required: (?P<what>.+)")),
    ("unknown_verb", re.compile(r"argument VERB: invalid choice: '(?P<what>.*?)' .*")),
    ("unrecognized", re.compile(r"unrecognized arguments: (?P<what>.+)")),
    ("ambiguous", re.compile(r"ambiguous option: (?P<what>\S+) could match .*")),
    ("no_value", re.compile(r"argument (?P<what>[^:]+): expected .+")),
    ("not_a_whole_number", re.compile(r"argument (?P<what>[^:]+): invalid int value: .*")),
    ("wrong_value", re.compile(r"argument (?P<what>[^:]+): (?P<why>.+)", re.DOTALL)),
    ("wrong", re.compile(r"(?P<what>.*)", re.DOTALL)),
)


class ArgumentParser(argparse.ArgumentParser):
    """As argparse, but its errors are sentences in Chinese."""

    def error(self, message: str) -> NoReturn:
        code, match = next((code, match) for code, pattern in _FAULTS if (match := pattern.fullmatch(message)))
        sentence = catalogue.ARGUMENTS[code].format(**match.groupdict(default=""))
        print(f"{sentence}{catalogue.ARGUMENTS['help'].format(program=self.prog)}", file=sys.stderr)
        sys.exit(2)


def parse_day(text: str) -> date:
    """A day as `2026-11-21`, within the years the calendar reaches."""
    try:
        day = date.fromisoformat(text)
    except ValueError as fault:
        raise _fault("not_a_day") from fault
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _fault("day_out_of_range", first=FIRST_YEAR, last=LAST_YEAR)
    return day


def parse_length(text: str) -> str:
    """A length that `feedback.rules.terms` understands, as it was written."""
    from feedback.rules import terms

    try:
        terms.parse_length(text)
    except Invalid as fault:
        raise _fault("not_a_length") from fault
    return text


def parse_month(text: str) -> str:
    """A period of publication, `2026-10`."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text) or not _is_year(text[:4]):
        raise _fault("not_a_month")
    return text


def parse_year(text: str) -> str:
    """A year, `2026`."""
    if not _is_year(text):
        raise _fault("not_a_year")
    return text


def _is_year(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{4}", text)) and FIRST_YEAR <= int(text) <= LAST_YEAR


def parse_count(text: str) -> int:
    """A whole number of at least 1."""
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise _fault("not_a_count")
    return int(text)


def parse_file(text: str) -> Path:
    """A file that is there."""
    if not Path(text).is_file():
        raise _fault("no_file", what=text)
    return Path(text)


def parse_folder(text: str) -> Path:
    """A folder that is there."""
    if not Path(text).is_dir():
        raise _fault("no_folder", what=text)
    return Path(text)


def parse_new_folder(text: str) -> Path:
    """A folder to write to, made when it is not there yet."""
    try:
        Path(text).mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise _fault("not_made", what=text) from fault
    return Path(text)


def _fault(code: str, **values: object) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(catalogue.ARGUMENTS[code].format(**values))
