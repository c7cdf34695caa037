"""What a clock, an event of a case and its facts are, and which light a clock shows. How clocks begin, move and stop is
`feedback.rules.deadlines`. No I/O.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from feedback.rules.terms import RIGHTS, TERMS_BY_ID, Holder, Length, Term, is_personal
from feedback.rules.vocabulary import Act, Kind, Profile


class ClockState(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    KEPT = "kept"
    LATE = "late"
    STOPPED = "stopped"  # ended by something that neither keeps nor breaks it, such as a withdrawal


class Light(StrEnum):
    """What the board shows."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """What the clocks need to know of an entry."""

    seq: int
    act: Act
    at: datetime
    unit: str = ""  # the acting staff's unit, or ""
    data: Mapping[str, object] = field(default_factory=dict)
    by_import: bool = False  # recorded by the import: done in another system, see feedback.rules.imported_history


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What the clocks need to know of a case besides its events; the kind and its profile are those it has now."""

    kind: Kind
    profile: Profile
    desk: str  # the reception desk now; what handed the file on says which was the first
    urgency: int = 0
    named: bool = True
    reachable: bool = True  # whether the handling unit sees who brought it


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of a case.

    `term_id` names the row of TERMS it was started by, "" when nobody knows any more. `seq` is the entry that started
    it; due_at is the first instant too late.
    """

    term_id: str
    term: str
    label: str
    seq: int
    holder: Holder
    unit: str
    starts_at: datetime
    due_raw_day: date
    due_legal_day: date
    warn_at: datetime
    due_at: datetime
    law: str
    provisional: bool
    edition: str
    length: Length
    stopped_at: datetime | None = None
    stopped_by: Act | None = None
    kept: bool = True  # whether what stopped it was what should

    @property
    def is_personal(self) -> bool:
        """Whether it is a date of the citizen's, not one between offices."""
        return is_personal(self.term, self.holder)

    def state(self, now: datetime) -> ClockState:
        late_state = ClockState.STOPPED if self.term in RIGHTS else ClockState.LATE  # a right lapses, nobody is late
        if self.stopped_at is None:
            return ClockState.RUNNING if now < self.due_at else late_state
        if self.stopped_at >= self.due_at:
            return late_state
        return ClockState.KEPT if self.kept else ClockState.STOPPED

    def light(self, now: datetime) -> Light:
        if self.stopped_at is not None:
            return Light.NONE
        if now >= self.due_at:
            return Light.NONE if self.term in RIGHTS else Light.RED
        return Light.AMBER if now >= self.warn_at else Light.GREEN


def list_ordered_units(clocks: Iterable[Clock]) -> frozenset[str]:
    """The units whose answer to a supervision order is awaited."""
    return frozenset(clock.unit for clock in clocks if clock.term == "supervision" and clock.stopped_at is None)


def term_of_clock(clock: Clock, rows: Mapping[str, Term] = TERMS_BY_ID) -> Term:
    """The row of TERMS a clock was started by.

    For an id that is not in the table, a row of what the clock itself holds: it can be shown, and nothing makes it
    longer or lets it stand still.
    """
    return rows.get(clock.term_id) or _as_stored(clock)


def _as_stored(clock: Clock) -> Term:
    return Term(
        id=clock.term_id,
        code=clock.term,
        label=clock.label,
        holder=clock.holder,
        begins=frozenset(),
        kept_by=frozenset(),
        length=clock.length,
        law=clock.law,
        profiles=frozenset(Profile),
    )
