"""Chinese words for every code (enum members, error codes, fields), read from the TOML files beside this one.

Templates, API, notices and exports take their words from these tables; a test holds them complete. The words of acts
stand in `acts.toml`, read by `web.wording.acts`.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feedback.rules import decision_grounds
from feedback.rules.intake_fields import INTAKE_FIELDS
from feedback.rules.terms import Length


def load_tables(name: str) -> dict[str, Any]:
    """The tables of a file of words beside this module."""
    return tomllib.loads(Path(__file__).with_name(name).read_text("utf-8"))


_STATUSES = load_tables("statuses.toml")
_ERRORS = load_tables("errors.toml")
_FIELDS = load_tables("fields.toml")

KINDS: Mapping[str, str] = _STATUSES["kinds"]
KIND_HINTS: Mapping[str, str] = _STATUSES["kind_hints"]
PROFILES: Mapping[str, str] = _STATUSES["profiles"]
DOCUMENT_KINDS: Mapping[str, str] = _STATUSES["document_kinds"]
DELIVERY_CHANNELS: Mapping[str, str] = _STATUSES["delivery_channels"]
MARKERS: Mapping[str, str] = _STATUSES["choices"]["marker"]
AUTHORITIES: Mapping[str, str] = _STATUSES["authorities"]
STAGES: Mapping[str, str] = _STATUSES["stages"]
STATUSES: Mapping[str, str] = _STATUSES["statuses"]
CHANNELS: Mapping[str, str] = _STATUSES["channels"]
ROLES: Mapping[str, str] = _STATUSES["roles"]
REQUIREMENTS: Mapping[str, str] = _STATUSES["requirements"]
AUDIENCES: Mapping[str, str] = _STATUSES["audiences"]
CONFIDENTIAL_TITLE: str = _STATUSES["unknown"]["title"]
OWN_DONE: Mapping[str, str] = _STATUSES["own_done"]
UNKNOWN_TIME: str = _STATUSES["unknown"]["time"]
HELD: Mapping[str, str] = _STATUSES["held"]
PROOF_STATES: Mapping[str, str] = _STATUSES["proof_states"]
SHIFT_SIGNS: Mapping[str, str] = _STATUSES["shift_signs"]
SHIFT_LEVELS: Mapping[str, str] = _STATUSES["shift_levels"]
AUTOMATIC_MODES: Mapping[str, tuple[str, str]] = {
    code: (words[0], words[1]) for code, words in _STATUSES["automatic_modes"].items()
}
REPLY_DAYS: Mapping[str, str] = _STATUSES["reply_days"]
LIGHTS: Mapping[str, str] = _STATUSES["lights"]
CLOCK_STATES: Mapping[str, str] = _STATUSES["clock_states"]
LEVELS: Mapping[int, str] = {int(code): words for code, words in _STATUSES["levels"].items()}
HANDLING_NODES: Mapping[str, str] = _STATUSES["handling_nodes"]
UNVERIFIED_REASONS: Mapping[str, str] = _STATUSES["unverified_reasons"]
UNITS_OF_LENGTH: Mapping[str, str] = _STATUSES["units_of_length"]
URGENCIES: Mapping[int, str] = {int(code): words for code, words in _STATUSES["urgencies"].items()}
OUTCOMES: Mapping[str, str] = _STATUSES["outcomes"]
NOTICE_EVENTS: Mapping[str, str] = _STATUSES["notice_events"]
CHOICES: Mapping[str, Mapping[str, str]] = _STATUSES["choices"]
ERRORS: Mapping[str, str] = _ERRORS["errors"]
FAULTS: Mapping[str, str] = _ERRORS["faults"]
ARGUMENTS: Mapping[str, str] = _ERRORS["arguments"]
DAMAGES: Mapping[str, str] = _ERRORS["damages"]
NEEDS: Mapping[str, str] = _FIELDS["needs"]
FIELDS: Mapping[str, str] = {**NEEDS, **_FIELDS["fields"]}
FIELDS_PARTICULAR: Mapping[str, str] = {row.name: row.words for row in INTAKE_FIELDS}


def choice_words(need: str, code: str) -> str:
    """What a choice says: its words, and the article for a row of the law."""
    row = next(
        (
            ground
            for (_, table_need), rows in decision_grounds.TABLES.items()
            if table_need == need
            for ground in rows
            if ground.code == code
        ),
        None,
    )
    return f"{row.label}（{row.law}）" if row else CHOICES.get(need, {}).get(code, code)


def field_label(field: str) -> str:
    """What a field is called, or "" for one without a name for people."""
    last_part = field.rsplit(".", 1)[-1]
    last_two = ".".join(field.rsplit(".", 2)[-2:])
    return FIELDS.get(field) or FIELDS.get(last_two) or FIELDS.get(last_part) or FIELDS_PARTICULAR.get(last_part, "")


def fault_words(field: str, fault: str, details: Mapping[str, object] | None = None) -> str:
    """The sentence for a fault of a field: what to do, not what is wrong with the person.

    `details` are those of the refusal, for sentences that show what was seen.
    """
    shown = {name: _shown(value) for name, value in (details or {}).items() if name != "field"}
    try:
        return FAULTS.get(fault, "{field}有误").format(field=field_label(field) or field, **shown)
    except (KeyError, IndexError):
        return f"{field_label(field) or field}有误"


def _shown(value: object) -> object:
    return f"{value.count} {UNITS_OF_LENGTH[value.unit]}" if isinstance(value, Length) else value


def challenge_words(left: int, right: int) -> str:
    """A sum as a question in words."""
    return str(_CHALLENGE["question"]).format(left=_number_words(left), right=_number_words(right))


def _number_words(number: int) -> str:
    """A number below 100 in Chinese words."""
    digits: list[str] = _CHALLENGE["digits"]
    ten: str = _CHALLENGE["ten"]
    tens, units = divmod(number, 10)
    if not tens:
        return digits[units]
    return ("" if tens == 1 else digits[tens]) + ten + (digits[units] if units else "")


_CHALLENGE: Mapping[str, Any] = _ERRORS["challenge"]
NUMBERS_IN_WORDS: Mapping[str, int] = {_number_words(number): number for number in range(100)}


def error_words(code: str, **details: object) -> str:
    """The sentence for an error code."""
    words = ERRORS.get(code) or ERRORS["internal"]
    try:
        return words.format(**details)
    except (KeyError, IndexError):
        return words


def damage_words(code: str, subject: str, place: str) -> str:
    """The sentence for a place where the record is not what it should be. `place`: see `place_words`."""
    return DAMAGES[code].format(subject=subject, place=place_words(place))


def place_words(place: str) -> str:
    """Where a chain of entries is broken, in words: `entry 3` or `the last entry`."""
    number = place.removeprefix("entry ")
    return DAMAGES["place"].format(number=number) if number.isdecimal() else DAMAGES["last_place"]
