"""Telephone numbers in a cell as people write them: several, with extensions, prefixes and remarks. Pure: no I/O."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from feedback.rules.normal_form import fold

PhoneKind = Literal["mobile", "landline", "service", "local", "foreign"]
_B: Final = r"[ -]?"
_EXTENSION: Final = r"(?:\s*(?:转|[-#*xX]|,|，|ext\.?|分机号?)\s*(\d{1,6})(?!\d))?"
_NOTHING: Final = frozenset(
    [
        "无",
        "没有",
        "不详",
        "未知",
        "未留",
        "未提供",
        "不提供",
        "保密",
        "匿名",
        "空",
        "暂无",
        "略",
        "不愿透露",
        "na",
        "n/a",
        "none",
        "null",
        "nil",
        "no",
        "-",
        "--",
        "/",
        "0",
        ".",
        "。",
        "—",
    ]
)
_JOINERS: Final = " \t\r\n/\\、,，;；|。.&+和或及与"
_MASKED: Final = re.compile(r"[\d-]*\d[\d-]*[*xX×✱＊]{2,}[\d*xX×✱＊-]*")


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number: digits only, a landline with its area code, a foreign one with + and its country code.

    `local` is a landline number without area code, `service` one of a company or office (400, 95598, 12345).
    """

    number: str
    kind: PhoneKind
    extension: str = ""

    @property
    def is_personal(self) -> bool:
        """Whether somebody can be called back under it from anywhere in the country: a mobile or a whole landline."""
        return self.kind in ("mobile", "landline")


@dataclass(frozen=True, slots=True)
class PhoneCell:
    """What a cell says: numbers in their order, and what is left over, such as "(儿子)" or a masked number.

    `says_none`: the cell says in words that there is no number. `is_masked`: digits are hidden by stars.
    """

    phones: tuple[Phone, ...] = ()
    rest: str = ""
    says_none: bool = False
    is_masked: bool = False


def parse_phones(text: str) -> PhoneCell:
    """The telephone numbers of a cell and what is left over. Nothing is dropped but separators."""
    plain = unicodedata.normalize("NFKC", fold(text)).strip()
    plain = re.sub(r"^(\d{7,12})\.0+$", r"\1", plain)  # a number that went through a spreadsheet
    if plain.lower() in _NOTHING:
        return PhoneCell(rest=plain, says_none=True)
    if _MASKED.search(plain):
        return PhoneCell(rest=plain, is_masked=True)
    phones: list[Phone] = []
    rest: list[str] = []
    position = 0
    for match in _PHONE.finditer(plain):
        phone = _read(match)
        if phone is None:
            continue
        rest.append(plain[position : match.start()])
        position = match.end()
        if phone not in phones:
            phones.append(phone)
    rest.append(plain[position:])
    left_over = " ".join(piece for part in rest if (piece := part.strip(_JOINERS)))
    return PhoneCell(tuple(phones), left_over)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


_Shape = tuple[str, str, Callable[[str, str], Phone]]
_SHAPES: Final[tuple[_Shape, ...]] = (
    # name, pattern, what it becomes; the first that fits at a place is taken
    (
        "foreign",
        rf"(?:\+|00)(?!86)[1-9]\d{{0,2}}{_B}\d(?:{_B}\d){{5,12}}",
        lambda number, _: Phone("+" + number.removeprefix("00"), "foreign"),
    ),
    (
        "mobile",
        rf"(?:(?:\+|00)?\(?86\)?{_B})?0?1[3-9]\d{_B}\d{{4}}{_B}\d{{4}}",
        lambda number, _: Phone(number[-11:], "mobile"),
    ),
    (
        "mobile_in_other_groups",
        rf"(?:(?:\+|00)?\(?86\)?{_B})?1[3-9]\d{{2}}{_B}\d{{3}}{_B}\d{{4}}",
        lambda number, _: Phone(number[-11:], "mobile"),
    ),
    (
        "abroad_form",
        rf"(?:\+|00)86{_B}\(?0?([1-9]\d{{1,2}})\)?{_B}([2-8]\d{{3}}{_B}\d{{3,4}}){_EXTENSION}",
        lambda number, extension: Phone("0" + re.sub(r"^(?:00)?860?", "", number), "landline", extension),
    ),
    (
        "landline",
        rf"\(?(?:010|02\d|0[3-9]\d{{2}})\)?\s*[- ]?\s*[2-8]\d{{2,3}}{_B}\d{{4}}{_EXTENSION}",
        lambda number, extension: Phone(number, "landline", extension),
    ),
    ("service_long", rf"[48]00{_B}\d{{3,4}}{_B}\d{{3,4}}", lambda number, _: Phone(number, "service")),
    # A spreadsheet took the area code for a number and dropped its zero.
    ("landline_without_zero", r"(?:10|2\d|[3-9]\d{2})[2-8]\d{7}", lambda number, _: Phone("0" + number, "landline")),
    ("local", rf"[2-8]\d{{2,3}}{_B}\d{{4}}{_EXTENSION}", lambda number, extension: Phone(number, "local", extension)),
    ("service", r"(?:9[56]\d{3,4}|1[0-2]\d|12\d{3}|100\d{2})", lambda number, _: Phone(number, "service")),
)
_PHONE: Final = re.compile("|".join(f"(?P<{name}>(?<![\\d*])(?:{pattern})(?![\\d*]))" for name, pattern, _ in _SHAPES))
_READ: Final = {name: (re.compile(pattern), read) for name, pattern, read in _SHAPES}


def _read(match: re.Match[str]) -> Phone | None:
    name = match.lastgroup or ""
    name = next((shape for shape in _READ if match[shape] is not None), name)
    pattern, read = _READ[name]
    parts = pattern.fullmatch(match[0])
    if parts is None:
        return None
    extension = (parts[parts.re.groups] or "") if _EXTENSION in pattern.pattern else ""
    number = match[0]
    if extension:
        number = number[: parts.start(parts.re.groups)]
    digits = _digits(number)
    if name == "service_long" and len(digits) != 10:
        return None
    return read(digits, extension)
