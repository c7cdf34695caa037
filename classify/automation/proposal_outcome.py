"""Decide from the entries of a case whether the classifier's proposal was right. None while nobody confirmed anything.

The confirmed unit is the one that accepted or, until one did, the one the reception desk chose. A proposal was right
when that is the unit it named and nobody moved the case to another category: every correction counts against it. Cases
without a proposal, or for which no unit was proposed, are not counted. No I/O.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback.rules.read_models import EntryView
from feedback.rules.vocabulary import Act, Role


@dataclass(frozen=True, slots=True)
class ProposalOutcome:
    """A proposal and whether people confirmed it. `at`: when somebody last decided."""

    category: str
    unit: str
    confidence: float
    release: str
    is_right: bool
    at: datetime


def find_proposal_outcome(entries: Sequence[EntryView]) -> ProposalOutcome | None:
    """Whether people confirmed the system's proposal; None without a proposal or a decision."""
    proposal = next((e for e in entries if _is_proposal(e)), None)
    if proposal is None:
        return None
    unit, category, at = "", str(proposal.data["category"]), proposal.at
    is_decided = False
    for e in entries:
        if e.seq <= proposal.seq or e.role == Role.SYSTEM:
            continue
        if e.act == Act.CLASSIFY:
            category, at = str(e.data["category"]), e.at
        elif e.act == Act.ASSIGN:
            unit, at, is_decided = str(e.data["unit"]), e.at, True
        elif e.act == Act.ACCEPT:
            unit, at, is_decided = e.unit, e.at, True
        elif e.act == Act.RETURN:
            unit, at, is_decided = "", e.at, True
    if not is_decided:
        return None
    proposed = str(proposal.data["category"])
    is_right = unit == proposal.data["proposed"] and (category.startswith(proposed) or proposed.startswith(category))
    return ProposalOutcome(
        proposed,
        str(proposal.data["proposed"]),
        float(proposal.data.get("confidence", 0.0)),
        str(proposal.data.get("release", "")),
        is_right,
        at,
    )


def _is_proposal(entry: EntryView) -> bool:
    data = entry.data
    return (
        entry.act == Act.CLASSIFY
        and entry.role == Role.SYSTEM
        and bool(data.get("proposed"))
        and not data.get("abstained")
    )
