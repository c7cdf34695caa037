"""Project the entries of a case to its current state (status, stage, unit, clocks, tenures), and compute digests.

The stored columns are written from `project` and checked against it by `xinqiao verify`. No I/O.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback.kernel.clock import to_millis
from feedback.rules import entry_texts
from feedback.rules.clocks import CaseEvent, Clock, ClockFacts, list_ordered_units
from feedback.rules.conditions import PERSON_REQUESTS, compute_conditions, list_deciders
from feedback.rules.deadlines import compute_clocks, find_first_desk
from feedback.rules.extensions import list_extendable
from feedback.rules.imported_history import is_time_unknown
from feedback.rules.lifecycle import CaseState, find_step
from feedback.rules.tenures import Tenure, compute_tenures
from feedback.rules.terms import RIGHTS
from feedback.rules.vocabulary import (
    ANSWERING_ACTS,
    OPEN,
    STAGE_AFTER,
    Act,
    Condition,
    Kind,
    Profile,
    RestrictionScope,
    Stage,
    Status,
)
from feedback.rules.workdays import Editions

_UNIT_NAMING_ACTS = frozenset({Act.ASSIGN, Act.NAME_UNIT, Act.ANSWER_MERGED, Act.REDO})
_UNIT_ENDING_ACTS = frozenset(
    {Act.RETURN, Act.REVIEW, Act.RE_REVIEW, Act.CONTEST, Act.OVERTURN, Act.CHANGE_KIND, Act.UNMERGE}
)
ENDED = frozenset({Status.CLOSED, Status.DECLINED, Status.WITHDRAWN, Status.MERGED, Status.DIVERTED, Status.TERMINATED})


@dataclass(frozen=True, slots=True)
class CaseProjection:
    """A case as its entries say it is."""

    state: CaseState
    confidential: bool  # read by cleared staff only
    desk: str
    unit: str
    category: str
    confidence: float
    by_hand: bool
    replied_at: datetime | None  # None also when an imported answer does not say when it was given
    closed_at: datetime | None
    clocks: tuple[Clock, ...]
    tenures: tuple[Tenure, ...]

    @property
    def next_due_at(self) -> datetime | None:
        return min((c.due_at for c in self._binding()), default=None)

    @property
    def next_warn_at(self) -> datetime | None:
        return min((c.warn_at for c in self._binding()), default=None)

    @property
    def deciders(self) -> str:
        """The roles whose decision it waits for, joined by blanks: of an ended case only what concerns a person's data."""
        conditions = self.state.conditions if self.state.status in OPEN else self.state.conditions & PERSON_REQUESTS
        return " ".join(list_deciders(self.state.profile, conditions))

    @property
    def restrictions(self) -> str:
        """What a person refused that the database must know of, as codes joined by blanks."""
        scopes = {Condition.NO_CONTACT: RestrictionScope.CONTACT, Condition.NO_MACHINE: RestrictionScope.MACHINE}
        return " ".join(scope.value for condition, scope in scopes.items() if condition in self.state.conditions)

    @property
    def ordered_units(self) -> frozenset[str]:
        """The units whose answer to a supervision order is awaited."""
        return list_ordered_units(self.clocks)

    def _binding(self) -> list[Clock]:
        return [c for c in self.clocks if c.stopped_at is None and c.term not in RIGHTS]


def project(history: Sequence[CaseEvent], case: ClockFacts, editions: Editions) -> CaseProjection:
    """The case after all of `history`, which is in order and begins with SUBMIT."""
    status, stage, unit, category, confidence, by_hand = Status.RECEIVED, Stage.FIRST, "", "", 0.0, False
    desk = find_first_desk(history, case.desk)
    replied_at: datetime | None = None
    closed_at: datetime | None = None
    for event in history:
        step = find_step(event.act, case.profile, case.kind, stage)
        stage = STAGE_AFTER.get(event.act, stage)
        if step and step.target:
            status = step.target
            closed_at = event.at if status in ENDED else None
        if event.act in _UNIT_NAMING_ACTS:
            unit = str(event.data["unit"])
        if event.act is Act.TRANSFER:
            desk = str(event.data.get("desk", desk))
        if event.act is Act.SUCCEED:
            unit = str(event.data["unit"]) if unit == event.data["from_unit"] else unit
            desk = str(event.data["unit"]) if "from_desk" in event.data else desk
        if event.act in _UNIT_ENDING_ACTS:
            unit = ""
        if event.act is Act.CLASSIFY:
            category = str(event.data["category"])
            confidence_value = event.data.get("confidence")
            by_hand = confidence_value is None
            confidence = float(confidence_value) if isinstance(confidence_value, int | float) else 1.0
        if event.act in ANSWERING_ACTS:
            replied_at = None if is_time_unknown(event, history) else event.at
    clocks = compute_clocks(history, case, editions)
    conditions = compute_conditions((event.act, event.data) for event in history)
    conditions |= {Condition.SUPERVISED} if list_ordered_units(clocks) else set()
    conditions |= {Condition.EXTENDABLE} if list_extendable(clocks) else set()
    conditions |= {Condition.DIRECT} if unit == desk else set()
    state = CaseState(case.kind, case.profile, status, stage, _count_acts(history), conditions)
    return CaseProjection(
        state,
        _is_confidential(history, case.kind),
        desk,
        unit,
        category,
        confidence,
        by_hand,
        replied_at,
        closed_at,
        clocks,
        compute_tenures(history),
    )


def _count_acts(history: Sequence[CaseEvent]) -> Counter[Act]:
    """How often each act happened since the last order to do it all again: what it annulled uses up no right."""
    last_redo = max((index for index, event in enumerate(history) if event.act is Act.REDO), default=0)
    return Counter(event.act for event in history[last_redo:])


def _is_confidential(history: Sequence[CaseEvent], kind: Kind) -> bool:
    """A report always; what accuses somebody under another kind until a person has decided who gets it."""
    if kind is Kind.REPORT:
        return True
    return bool(history[0].data.get("confidential")) and all(event.act is not Act.ASSIGN for event in history)


def build_clock_facts(
    kind: str, profile: str, desk: str, urgency: int, *, is_named: bool, is_anonymous: bool
) -> ClockFacts:
    """What the clocks need to know of a case. An anonymous one may have left a name: with the desk only."""
    return ClockFacts(Kind(kind), Profile(profile), desk, urgency, is_named, is_named and not is_anonymous)


def compute_entry_digest(
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
    digests: Mapping[str, str] | None = None,
) -> str:
    """SHA-256 over the digest of the entry before and everything this entry says.

    `digests`: the salted digests of its texts, which then stand for the texts; None in entries of before there were any.
    """
    fields = [before, no, seq, act, to_millis(at), actor, role, unit]
    return entry_texts.hash_json(
        [*fields, data, status]
        if digests is None
        else [*fields, entry_texts.without_texts(data), status, dict(digests)]
    )
