"""Kinds of identity documents, and whether a number can be one of its kind.

Codes are those of the national table of documents (常用证件代码, GA/T 517). Numbers come folded: no blanks, capital
letters, plain width. No I/O.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

RESIDENT = "111"
TAIL = 6
"""By how many last places somebody can be looked for (DECIDED: full number, last six)."""

_RESIDENT = re.compile(r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])\d{15}[\dX]")
_RESIDENCE_OLD = re.compile(r"[A-Z]{3}\d{12}")  # country, place, birth (yymmdd), number, check
_RESIDENCE_NEW = re.compile(r"9\d{16}[\dX]")  # since 2023: 9, place, country, birth (yyyymmdd), number, check
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FIRST_BIRTH = 1880


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind of document. `fault`: the code of the sentence that says how its number looks."""

    code: str
    is_number: Callable[[str], bool]
    fault: str


def read_birth_day(id_kind: str, number: str) -> date | None:
    """The birth day in the number of a card that holds it in eight places; None where it holds none, or is no number."""
    has_birth = number[6:14].isdecimal() and (
        (id_kind in ("", RESIDENT) and _RESIDENT.fullmatch(number)) or _RESIDENCE_NEW.fullmatch(number)
    )
    if not has_birth or not _is_birth(number[6:14]):
        return None
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def is_id_number(text: str) -> bool:
    """Whether it can be the number of a resident identity card, or of a residence permit of 港澳台居民 (GB 11643).

    18 places: a province, a real day of birth, the right check digit (ISO 7064, MOD 11-2).
    """
    return bool(_RESIDENT.fullmatch(text)) and _is_birth(text[6:14]) and _has_check_digit(text)


def _is_residence_number(text: str) -> bool:
    """外国人永久居留身份证: 15 places, or 18 since 2023."""
    if _RESIDENCE_OLD.fullmatch(text):
        return any(_is_birth(century + text[7:13]) for century in ("19", "20"))
    return bool(_RESIDENCE_NEW.fullmatch(text)) and _is_birth(text[6:14]) and _has_check_digit(text)


def _is_birth(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= _FIRST_BIRTH
    except ValueError:
        return False


def _has_check_digit(text: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECKS[total % 11] == text[17]


_ORGANIZATION_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANIZATION = re.compile(f"[{_ORGANIZATION_CHARACTERS}]{{18}}")


def is_organization_code(text: str) -> bool:
    """Whether it can be a unified social credit code (统一社会信用代码, GB 32100): 18 places, the last one checks."""
    if not _ORGANIZATION.fullmatch(text):
        return False
    values = [_ORGANIZATION_CHARACTERS.index(character) for character in text]
    total = sum(value * pow(3, place, 31) for place, value in enumerate(values[:17]))
    return values[17] == -total % 31


def _matching(pattern: str) -> Callable[[str], bool]:
    """Numbers without a check digit: the shape, and not one character only (000000000 is nobody's)."""
    shape = re.compile(pattern)
    return lambda text: bool(shape.fullmatch(text)) and len(set(re.sub(r"\D", "", text))) > 1


DOCUMENT_KINDS = (
    DocumentKind(RESIDENT, is_id_number, "not_an_id_number"),
    DocumentKind("516", _matching(r"[HM]\d{8}(?:\d{2})?"), "not_a_home_return_permit"),
    DocumentKind("511", _matching(r"\d{8}|\d{10}[A-Z]?"), "not_a_taiwan_permit"),
    DocumentKind("414", _matching(r"(?=[A-Z0-9]*\d{3})[A-Z0-9]{6,12}"), "not_a_passport"),
    DocumentKind("553", _is_residence_number, "not_a_residence_card"),
    DocumentKind("999", _matching(r"[A-Z0-9\u4e00-\u9fff]{4,30}"), "not_a_document"),
)
_KINDS = {row.code: row for row in DOCUMENT_KINDS}


def find_fault(code: str, number: str) -> tuple[str, str] | None:
    """The field ("id_kind", "id_number") and the code of what is wrong with a document, or None."""
    kind = _KINDS.get(code)
    if kind is None:
        return "id_kind", "unknown"
    return None if kind.is_number(number) else ("id_number", kind.fault)
