"""When is what due, and is it late? Clocks folded from what happened, by the table of `feedback.terms`.

Clocks are never edited: `clocks_of(history, case, editions)` says them anew. Two sorts run side by side: the
citizen's own clock, which starts at submission and which no hand-off stops, and the units' clocks.
A running clock is counted by the newest edition of the calendar, a stopped one for ever by the edition in force when
it stopped: a day off announced later makes nobody's past late or punctual.
`due_raw_day` is counted plainly, `due_legal_day` is moved past days off (民法典 第二百零三条);
lights turn on the first, lateness counts from the second. No I/O.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feedback.rules.deadlines import CaseEvent, co_units
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


def tenures_of(history: Sequence[CaseEvent]) -> tuple[Tenure, ...]:
    """Who held the case when, as lead and as co-unit."""
    tenures: list[Tenure] = []
    lead = ""

    def end(lead: bool | None, at: datetime) -> None:
        for i, tenure in enumerate(tenures):
            if tenure.until is None and (lead is None or tenure.lead is lead):
                tenures[i] = replace(tenure, until=at)

    for h in history:
        if h.act in _TENURE_ENDS:
            end(_TENURE_ENDS[h.act], h.at)
        if h.act is Act.ASSIGN:
            end(True, h.at)
            lead = str(h.data.get("unit", ""))
            tenures.append(Tenure(lead, True, h.seq, h.at))
        if h.act is Act.REOPEN and not any(t.lead and t.until is None for t in tenures):
            tenures.append(Tenure(lead, True, h.seq, h.at))
        if h.act is Act.TRANSFER and "from_desk" in h.data:  # who handed it on still sees what became of it
            tenures.append(Tenure(str(h.data["from_desk"]), False, h.seq, h.at, h.at))
        held = {t.unit for t in tenures if t.until is None}
        new = [unit for unit in co_units(h) if unit not in held]
        tenures += [Tenure(unit, False, h.seq, h.at, task=str(h.data.get("task", ""))) for unit in new]
    return tuple(tenures)


# True: the lead's tenure ends, None: everybody's ends.
_TENURE_ENDS: Mapping[Act, bool | None] = {
    Act.RETURN: True,
    Act.REVIEW: None,
    Act.RE_REVIEW: None,
    Act.WITHDRAW: None,
    Act.MERGE: None,
    Act.DECLINE: None,
    Act.CLOSE: None,
    Act.CALL_BACK: None,
    Act.DIVERT: None,
}
