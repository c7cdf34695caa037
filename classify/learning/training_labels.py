"""Derive training labels from the events of a case: what was decided, by whom, and who agreed.

A category somebody gave is unconfirmed (stored as "said"); it is confirmed when somebody else, at the unit the case was
assigned to, accepts or answers the case; it is returned when that unit sends the case back. A category given only by the
classifier is no label until a unit accepted the case. No I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from feedback.rules.read_models import EntryView
from feedback.rules.vocabulary import Act, Role

UNCONFIRMED: Final = "said"
CONFIRMED: Final = "confirmed"
RETURNED: Final = "returned"
_NEVER: Final = datetime.fromtimestamp(0, UTC)
LABELLING_ACTS: Final = frozenset({Act.CLASSIFY, Act.ASSIGN, Act.ACCEPT, Act.RETURN, Act.REPLY})
"""The acts that may change the label of a case."""


@dataclass(frozen=True, slots=True)
class TrainingLabel:
    """The category of a case, who gave it, and whether it is confirmed. `source` is the act that gave it."""

    category: str = ""
    unit: str = ""
    source: str = ""
    by: str = ""
    at: datetime = _NEVER
    state: str = UNCONFIRMED
    confirmed_by: str = ""
    was: str = ""  # the category the classifier proposed


def derive_label(entries: Sequence[EntryView]) -> TrainingLabel | None:
    """The label that follows from the entries of a case; None when nobody decided its category."""
    label = TrainingLabel()
    for entry in entries:
        label = _apply_entry(label, entry)
    return label if label.category and label.by else None


def _apply_entry(before: TrainingLabel, entry: EntryView) -> TrainingLabel:
    person = f"{entry.unit}/{entry.actor_name}"
    is_person = entry.role != Role.SYSTEM
    match entry.act:
        case Act.CLASSIFY if is_person:
            category = str(entry.data["category"])
            return replace(
                before, category=category, source=entry.act, by=person, at=entry.at, state=UNCONFIRMED, confirmed_by=""
            )
        case Act.CLASSIFY:
            category = str(entry.data.get("category", ""))
            return replace(before, was=category, category=before.category if before.by else category)
        case Act.ASSIGN:
            assigned = replace(before, unit=str(entry.data.get("unit", "")), state=UNCONFIRMED, confirmed_by="")
            return (
                replace(assigned, source=entry.act, by=person, at=entry.at) if is_person and not before.by else assigned
            )
        case Act.RETURN:
            decided = before if before.by else replace(before, source=entry.act, by=person, at=entry.at)
            return replace(decided, state=RETURNED, confirmed_by="")
        case Act.ACCEPT | Act.REPLY if is_person and before.state == UNCONFIRMED and before.by != person:
            decided = before if before.by else replace(before, source=entry.act, by=person, at=entry.at)
            return replace(decided, state=CONFIRMED, confirmed_by=person)
    return before
