"""What do the entries of a file add up to? Status, stage, unit, clocks, tenures, and the digest chain.

The stored columns are written from `fold` and checked against it by `xinqiao verify`. No I/O.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback.kernel.clock import to_millis
from feedback.rules.conditions import conditions_of
from feedback.rules.deadlines import CaseEvent, Clock, ClockFacts, clocks_of, extendable, first_desk
from feedback.rules.lifecycle import CaseState, step_for
from feedback.rules.tenures import Tenure, tenures_of
from feedback.rules.terms import RIGHTS
from feedback.rules.vocabulary import STAGE_AFTER, Act, Condition, Kind, Profile, Stage, Status
from feedback.rules.workdays import Editions

_UNIT_GONE = frozenset({Act.RETURN, Act.REVIEW, Act.RE_REVIEW})
_ANSWERS = frozenset({Act.REPLY, Act.RECTIFY, Act.EXPLAIN})
ENDED = frozenset({Status.CLOSED, Status.DECLINED, Status.WITHDRAWN, Status.MERGED, Status.DIVERTED})


@dataclass(frozen=True, slots=True)
class CaseProjection:
    """A case as its entries say it is."""

    state: CaseState
    desk: str
    unit: str
    category: str
    confidence: float
    by_hand: bool
    replied_at: datetime | None
    closed_at: datetime | None
    clocks: tuple[Clock, ...]
    tenures: tuple[Tenure, ...]

    @property
    def next_due_at(self) -> datetime | None:
        return min((c.due_at for c in self._binding()), default=None)

    @property
    def next_warn_at(self) -> datetime | None:
        return min((c.warn_at for c in self._binding()), default=None)

    def _binding(self) -> list[Clock]:
        return [c for c in self.clocks if c.stopped_at is None and c.term not in RIGHTS]


def project(history: Sequence[CaseEvent], case: ClockFacts, editions: Editions) -> CaseProjection:
    """The case after all of `history`, which is in order and begins with SUBMIT."""
    status, stage, unit, category, confidence, by_hand = Status.RECEIVED, Stage.FIRST, "", "", 0.0, False
    desk = first_desk(history, case.desk)
    replied_at: datetime | None = None
    closed_at: datetime | None = None
    for h in history:
        step = step_for(h.act, case.profile, case.kind, stage)
        stage = STAGE_AFTER.get(h.act, stage)
        if step and step.target:
            status = step.target
            closed_at = h.at if status in ENDED else None
        if h.act is Act.ASSIGN:
            unit = str(h.data["unit"])
        if h.act is Act.TRANSFER:
            desk = str(h.data.get("desk", desk))
        if h.act in _UNIT_GONE:
            unit = ""
        if h.act is Act.CLASSIFY:
            category = str(h.data["category"])
            given = h.data.get("confidence")
            by_hand = given is None
            confidence = float(given) if isinstance(given, int | float) else 1.0
        if h.act in _ANSWERS:
            replied_at = h.at
    clocks = clocks_of(history, case, editions)
    marks = conditions_of((h.act, h.data) for h in history)
    marks |= {Condition.EXTENDABLE} if extendable(clocks) else set()
    marks |= {Condition.DIRECT} if unit == desk else set()
    state = CaseState(case.kind, case.profile, status, stage, Counter(h.act for h in history), marks)
    return CaseProjection(
        state,
        desk,
        unit,
        category,
        confidence,
        by_hand,
        replied_at,
        closed_at,
        clocks,
        tenures_of(history),
    )


def facts_from(kind: str, profile: str, desk: str, urgency: int, named: bool) -> ClockFacts:
    return ClockFacts(Kind(kind), Profile(profile), desk, urgency, named)


def entry_digest(
    before: str,
    no: str,
    seq: int,
    act: str,
    at: datetime,
    actor: str,
    role: str,
    unit: str,
    data: Mapping[str, object],
    status: str,
) -> str:
    """SHA-256 over the digest of the entry before and everything this entry says."""
    said = json.dumps(
        [before, no, seq, act, to_millis(at), actor, role, unit, data, status],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
