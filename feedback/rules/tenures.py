"""Compute which unit held a case when, as lead 主办 or co-unit 协办. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feedback.rules.clocks import CaseEvent
from feedback.rules.deadlines import requested_co_units
from feedback.rules.imported_history import UNKNOWN_UNIT
from feedback.rules.vocabulary import Act


@dataclass(frozen=True, slots=True)
class Tenure:
    """A span during which a unit holds a case."""

    unit: str
    lead: bool
    seq: int
    since: datetime
    until: datetime | None = None
    task: str = ""


def compute_tenures(history: Sequence[CaseEvent]) -> tuple[Tenure, ...]:
    """Who held the case when, as lead and as co-unit."""
    tenures: list[Tenure] = []
    lead = ""

    def end(lead: bool | None, at: datetime) -> None:
        for i, tenure in enumerate(tenures):
            if tenure.until is None and (lead is None or tenure.lead is lead):
                tenures[i] = replace(tenure, until=at)

    for event in history:
        if event.act in _TENURE_ENDS:
            end(_TENURE_ENDS[event.act], event.at)
        if event.act in _TENURE_BEGINS:
            end(True, event.at)
            lead = str(event.data.get("unit", ""))
            tenures.append(Tenure(lead, True, event.seq, event.at))
        if event.act is Act.SUCCEED:
            lead = str(event.data.get("unit", "")) if lead == event.data.get("from_unit") else lead
            tenures = _hand_over(tenures, event)
        if event.act is Act.NAME_UNIT:  # who held an imported case all the while
            lead = str(event.data.get("unit", ""))
            tenures = [replace(t, unit=lead) if t.unit == UNKNOWN_UNIT else t for t in tenures]
        if event.act is Act.REOPEN and not any(t.lead and t.until is None for t in tenures):
            tenures.append(Tenure(lead, True, event.seq, event.at))
        if event.act is Act.TRANSFER and "from_desk" in event.data:  # who handed it on still sees what became of it
            tenures.append(Tenure(str(event.data["from_desk"]), False, event.seq, event.at, event.at))
        current_units = {t.unit for t in tenures if t.until is None}
        new_units = [unit for unit in requested_co_units(event) if unit not in current_units]
        tenures += [
            Tenure(unit, False, event.seq, event.at, task=str(event.data.get("task", ""))) for unit in new_units
        ]
    return tuple(tenures)


def _hand_over(tenures: Sequence[Tenure], event: CaseEvent) -> list[Tenure]:
    """The tenures once a unit took the place of another: each goes on with it, once."""
    old, new = str(event.data.get("from_unit", "")), str(event.data.get("unit", ""))
    ended = [replace(t, until=event.at) if t.unit == old and t.until is None else t for t in tenures]
    taken_up = [replace(t, unit=new, seq=event.seq, since=event.at) for t in tenures if t.unit == old and not t.until]
    is_there = any(t.unit == new and t.until is None for t in tenures)
    return ended + [tenure for tenure in taken_up if tenure.lead or not is_there]


_TENURE_BEGINS = frozenset({Act.ASSIGN, Act.ANSWER_MERGED, Act.REDO})

# True: the lead's tenure ends, None: everybody's ends.
_TENURE_ENDS: Mapping[Act, bool | None] = {
    Act.RETURN: True,
    Act.CHANGE_KIND: None,
    Act.REVIEW: None,
    Act.RE_REVIEW: None,
    Act.WITHDRAW: None,
    Act.MERGE: None,
    Act.DECLINE: None,
    Act.CLOSE: None,
    Act.CALL_BACK: None,
    Act.DIVERT: None,
    Act.REDO: None,
    Act.TERMINATE: None,
}
