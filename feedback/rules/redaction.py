"""Mask personal data in text that leaves the office.

One engine for every entry and every way out: numbers, documents, plates, accounts and homes by their form
(`personal_data`), names that are known to belong to the case or that somebody states (`person_names`). Both are searched
in the normal form of the text, so width, script, dots, blanks and invisible characters hide nothing. No I/O.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from feedback.rules import normal_form, person_names, personal_data
from feedback.rules.personal_data import PersonalDataCandidate

_LIST_MARKS = frozenset(chr(code) for code in range(0x2460, 0x24FF))
"""Circled digits stand for digits or number the parts of a text, so a text that has some is read both ways."""

_PHONE_MASKED_FROM = 10
"""A shorter telephone number is covered whole: what `mask_phone` leaves would be most of it."""


@dataclass(frozen=True, slots=True)
class PersonalDataSpan:
    """One place that should not be published: what it is and where it stands."""

    sort: str
    text: str
    start: int
    end: int


def find_personal_data(
    text: str, names: Iterable[str] = (), public_phones: Iterable[str] = ()
) -> list[PersonalDataSpan]:
    """Everything in the text that looks like personal data, in order, without overlaps.

    `names` are persons known from the case; `public_phones` numbers of offices, which may stay.
    """
    plain, places = normal_form.with_offsets(text)
    plain = normal_form.simplify(plain)
    readings = {
        plain,
        "".join(" " if text[at] in _LIST_MARKS else char for char, at in zip(plain, places, strict=True)),
    }
    public_numbers = {_last_digits(phone) for phone in public_phones} - {""}
    candidates = [
        candidate
        for reading in readings
        for candidate in personal_data.find_candidates(reading)
        if candidate.sort != "phone" or _last_digits(plain[candidate.start : candidate.end]) not in public_numbers
    ]
    candidates += [
        PersonalDataCandidate("name", start, end) for start, end in person_names.find_known_names(plain, names)
    ]
    candidates += [PersonalDataCandidate("name", start, end) for start, end in person_names.find_stated_names(plain)]
    return [
        PersonalDataSpan(span.sort, text[start:end], start, end)
        for span in _merge(candidates)
        for start, end in ((places[span.start], places[span.end - 1] + 1),)
    ]


@dataclass(frozen=True, slots=True)
class Redactor:
    """The engine with what is known of a case: the names of its persons, and telephones of offices, which may stay."""

    names: tuple[str, ...] = ()
    public_phones: tuple[str, ...] = ()

    def find(self, text: str) -> list[PersonalDataSpan]:
        """See `find_personal_data`."""
        return find_personal_data(text, self.names, self.public_phones)

    def mask(self, text: str) -> str:
        """See `mask_text`."""
        return mask_text(text, self.names, self.public_phones)


def _merge(candidates: list[PersonalDataCandidate]) -> list[PersonalDataCandidate]:
    """Overlapping places as one, of the sort of the longest, so that no end of either stays."""
    merged: list[PersonalDataCandidate] = []
    longest = 0
    for span in sorted(candidates, key=lambda candidate: (candidate.start, -candidate.end)):
        if not merged or span.start >= merged[-1].end:
            merged.append(span)
            longest = span.end - span.start
            continue
        last = merged[-1]
        sort = span.sort if span.end - span.start > longest else last.sort
        longest = max(longest, span.end - span.start)
        merged[-1] = PersonalDataCandidate(sort, last.start, max(last.end, span.end))
    return merged


def _last_digits(phone: str) -> str:
    """A landline number without its area code, any other whole: how two spellings of one number are compared."""
    digits = personal_data.undisguise(normal_form.fold(phone))
    return digits[-7:] if len(digits) < 11 or digits.startswith("0") else digits


def mask_text(text: str, names: Iterable[str] = (), public_phones: Iterable[str] = ()) -> str:
    """The text with every finding covered, keeping its length hints readable."""
    parts, offset = [], 0
    for span in find_personal_data(text, names, public_phones):
        parts += [text[offset : span.start], _mask_span(span)]
        offset = span.end
    return "".join([*parts, text[offset:]])


def mask_name(name: str) -> str:
    """王小明 as 王**."""
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""


def mask_phone(phone: str) -> str:
    """13812345678 as 138****5678."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "*" * len(phone)


def mask_id_number(number: str) -> str:
    """An identity number with only its first three and last two places."""
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}" if len(number) > 6 else "*" * len(number)


def _mask_span(span: PersonalDataSpan) -> str:
    match span.sort:
        case "phone":
            plain, _ = normal_form.with_offsets(span.text)
            digits = re.sub(r"^(?:00)?86(?=1\d{10}$)", "", personal_data.undisguise(plain))
            return mask_phone(digits) if len(digits) >= _PHONE_MASKED_FROM else "*" * len(digits)
        case "name":
            return mask_name(re.sub(r"[\s.·]", "", span.text))
        case _:
            return "*" * min(8, len(span.text))
