"""Whether a proposal of the classifier was right, read from the entries of a case. None while nobody confirmed anything.

Confirmed is the unit that accepted or, until one did, the unit the reception desk chose. A proposal was right when that
is the unit it named and nobody put the case under another category: every correction counts against it. What the
classifier did not dare to propose is not counted, nor what no unit was proposed for. No I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback.rules.read_models import EntryView
from feedback.rules.vocabulary import Act, Role


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A proposal and what people made of it. `at`: when they last did."""

    category: str
    unit: str
    confidence: float
    release: str
    is_right: bool
    at: datetime


def confirmed(entries: Sequence[EntryView]) -> Confirmed | None:
    """What the people made of the system's proposal."""
    proposal = next((e for e in entries if _is_proposal(e)), None)
    if proposal is None:
        return None
    unit, category, at = "", str(proposal.data["category"]), proposal.at
    is_known = False
    for e in entries:
        if e.seq <= proposal.seq or e.role == Role.SYSTEM:
            continue
        if e.act == Act.CLASSIFY:
            category, at = str(e.data["category"]), e.at
        elif e.act == Act.ASSIGN:
            unit, at, is_known = str(e.data["unit"]), e.at, True
        elif e.act == Act.ACCEPT:
            unit, at, is_known = e.unit, e.at, True
        elif e.act == Act.RETURN:
            unit, at, is_known = "", e.at, True
    if not is_known:
        return None
    proposed = str(proposal.data["category"])
    is_right = unit == proposal.data["proposed"] and (category.startswith(proposed) or proposed.startswith(category))
    return Confirmed(
        proposed,
        str(proposal.data["proposed"]),
        float(proposal.data.get("confidence", 0.0)),
        str(proposal.data.get("release", "")),
        is_right,
        at,
    )


def _is_proposal(entry: EntryView) -> bool:
    said = entry.data
    return (
        entry.act == Act.CLASSIFY
        and entry.role == Role.SYSTEM
        and bool(said.get("proposed"))
        and not said.get("abstained")
    )
