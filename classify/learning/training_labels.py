"""Derive training labels from the events of a case: what was decided, by whom, and who agreed.

A heading somebody gave is *said*; it is *confirmed* when somebody else, at the unit it led to, takes the case on or
answers it; it is *returned* when that unit sends it back. What only the classifier said teaches nothing until a unit
took the case on. No I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from feedback.rules.read_models import EntryView
from feedback.rules.vocabulary import Act, Role

SAID: Final = "said"
CONFIRMED: Final = "confirmed"
RETURNED: Final = "returned"
_NEVER: Final = datetime.fromtimestamp(0, UTC)
TEACHING: Final = frozenset({Act.CLASSIFY, Act.ASSIGN, Act.ACCEPT, Act.RETURN, Act.REPLY})
"""The acts after which a case may teach something else than before."""


@dataclass(frozen=True, slots=True)
class TrainingLabel:
    """What a case is about, by whom, and how far to believe it. `source` is the act that taught it."""

    category: str = ""
    unit: str = ""
    source: str = ""
    by: str = ""
    at: datetime = _NEVER
    state: str = SAID
    confirmed_by: str = ""
    was: str = ""  # what the classifier had said


def label_of(entries: Sequence[EntryView]) -> TrainingLabel | None:
    """What the case teaches as it stands, None when nobody decided anything about it."""
    found = TrainingLabel()
    for entry in entries:
        found = _after(found, entry)
    return found if found.category and found.by else None


def _after(before: TrainingLabel, entry: EntryView) -> TrainingLabel:
    who = f"{entry.unit}/{entry.actor_name}"
    is_person = entry.role != Role.SYSTEM
    match entry.act:
        case Act.CLASSIFY if is_person:
            said = str(entry.data["category"])
            return replace(before, category=said, source=entry.act, by=who, at=entry.at, state=SAID, confirmed_by="")
        case Act.CLASSIFY:
            said = str(entry.data.get("category", ""))
            return replace(before, was=said, category=before.category if before.by else said)
        case Act.ASSIGN:
            moved = replace(before, unit=str(entry.data.get("unit", "")), state=SAID, confirmed_by="")
            return replace(moved, source=entry.act, by=who, at=entry.at) if is_person and not before.by else moved
        case Act.RETURN:
            taught = before if before.by else replace(before, source=entry.act, by=who, at=entry.at)
            return replace(taught, state=RETURNED, confirmed_by="")
        case Act.ACCEPT | Act.REPLY if is_person and before.state == SAID and before.by != who:
            taught = before if before.by else replace(before, source=entry.act, by=who, at=entry.at)
            return replace(taught, state=CONFIRMED, confirmed_by=who)
    return before
