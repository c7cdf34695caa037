"""Words and form fields of each act, read from `acts.toml`, one block per act.

A new act is a row of STEPS and a block there; a test holds that every act has its block and that no block names an act
or a field that does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from feedback.rules.vocabulary import Act
from web.wording import catalogue


@dataclass(frozen=True, slots=True)
class FieldWording:
    """A field of one act's form: "" where the field's own name (`fields.toml`) says enough."""

    label: str = ""
    hint: str = ""
    outcomes: tuple[str, ...] = ()  # codes of `outcomes` in statuses.toml to choose from


@dataclass(frozen=True, slots=True)
class CitizenWording:
    """The act on the citizen's own page."""

    hint: str = ""
    button: str = ""
    done: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActWording:
    """One act in words; `acts.toml` says what each entry means."""

    act: Act
    label: str
    done: str
    done_staff: str
    button: str
    stops: bool
    reviewed: bool
    answers: bool
    expected: bool
    offered: bool
    rows: int
    fields: Mapping[str, FieldWording]
    citizen: CitizenWording | None

    def field_label(self, need: str) -> str:
        """What a field of the form at the desk is called."""
        return self.fields.get(need, FieldWording()).label or catalogue.NEEDS[need]

    def field_hint(self, need: str) -> str:
        return self.fields.get(need, FieldWording()).hint

    def citizen_field_label(self, need: str) -> str:
        """What a field is called on the citizen's page."""
        labels = self.citizen.fields if self.citizen else {}
        return labels.get(need) or catalogue.NEEDS[need]


_DEFAULT_ROWS = 4


def _load_acts() -> dict[Act, ActWording]:
    wordings: dict[Act, ActWording] = {}
    for code, block in catalogue.load_tables("acts.toml").items():
        rows = dict(block)
        fields = {name: _field_wording(entry) for name, entry in rows.pop("fields", {}).items()}
        citizen = rows.pop("citizen", None)
        label = rows.pop("label")
        wordings[Act(code)] = ActWording(
            act=Act(code),
            label=label,
            done=rows.pop("done"),
            done_staff=rows.pop("done_staff", ""),
            button=rows.pop("button", label),
            stops=rows.pop("stops", False),
            reviewed=rows.pop("reviewed", False),
            answers=rows.pop("answers", False),
            expected=rows.pop("expected", False),
            offered=rows.pop("offered", True),
            rows=rows.pop("rows", _DEFAULT_ROWS),
            fields=fields,
            citizen=CitizenWording(**citizen) if citizen is not None else None,
        )
        if rows:
            raise ValueError(f"acts.toml: {code} has entries nobody reads: {sorted(rows)}")
    return wordings


def _field_wording(entry: Mapping[str, Any]) -> FieldWording:
    return FieldWording(entry.get("label", ""), entry.get("hint", ""), tuple(entry.get("outcomes", ())))


ACTS: Mapping[Act, ActWording] = MappingProxyType(_load_acts())
ORDER: tuple[Act, ...] = tuple(wording.act for wording in ACTS.values() if wording.offered)
"""The acts in the order of their forms on a case's page."""

ANSWERS = frozenset(act for act, wording in ACTS.items() if wording.answers)
REVIEWED = frozenset(act for act, wording in ACTS.items() if wording.reviewed)
EXPECTED = frozenset(act for act, wording in ACTS.items() if wording.expected)

_BY_CODE: Mapping[str, ActWording] = MappingProxyType({act.value: wording for act, wording in ACTS.items()})


def label_of(code: str) -> str:
    """What an act is called; "" for a code that is none."""
    return _BY_CODE[code].label if code in _BY_CODE else ""


def done_line(code: str) -> str:
    """The line an act leaves in the timeline.

    Raises KeyError for a code that is none.
    """
    return _BY_CODE[code].done


def citizen_wording(code: str) -> CitizenWording | None:
    """The act's words on the citizen's page; None where a citizen never does it."""
    return _BY_CODE[code].citizen if code in _BY_CODE else None
