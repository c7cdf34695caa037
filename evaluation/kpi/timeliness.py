"""Count clocks of a period as on time, late or running, per unit.

Every clock is decided once: on time in the period in which it was kept, late in the period in which it came due
unanswered, whether or not somebody answered later. A case that is never finished therefore counts as late, and does
not drop out of the base. What is not yet due is running and in no base. Each unit answers for the clocks that ended
while it held the case, the desk for forwarding and for the time between two units; the citizen's own clock, from
submission to answer, is everybody's. No I/O.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evaluation.periods import Period
from feedback.rules.terms import Holder
from feedback.rules.vocabulary import Act, Profile

RIGHTS = frozenset({"object"})
"""Terms that limit a unit's right and not its duty: who lets the days for objecting pass has merely accepted."""

RECTIFY = "rectify"


class TimelinessOutcome(StrEnum):
    """How a clock counts in a period."""

    ON_TIME = "on_time"
    LATE = "late"
    RUNNING = "running"
    HELD = "held"  # put on account (挂账) with approval: counted apart
    VOID = "void"  # ended by a withdrawal or a merge: in no figure
    ELSEWHERE = "elsewhere"  # decided in another period, or not begun


@dataclass(frozen=True, slots=True)
class ClockFact:
    """What the figures need to know of one clock."""

    case_no: str
    term: str
    holder: str
    unit: str
    desk: str
    profile: str
    starts_at: datetime
    due_at: datetime  # the first instant too late
    stopped_at: datetime | None = None
    stopped_by: str = ""
    is_fulfilled: bool = True  # by what stopped it; False: held, withdrawn or merged


@dataclass(frozen=True, slots=True)
class TenureFact:
    """A span during which a unit led a case."""

    case_no: str
    unit: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClockCounts:
    """Clocks counted. `unfinished` are late ones still unanswered, from this period or before it."""

    on_time: int = 0
    late: int = 0
    running: int = 0
    held: int = 0
    unfinished: int = 0

    @property
    def base(self) -> int:
        return self.on_time + self.late


@dataclass(frozen=True, slots=True)
class RectificationCounts:
    """Bad ratings whose rectification was due: how many, how many done by now, how many of these in time."""

    due: int = 0
    done: int = 0
    on_time: int = 0


def clock_outcome(clock: ClockFact, period: Period, at: datetime) -> TimelinessOutcome:
    """How the clock counts in the period, as known at `at` (what happened after the period is not known to it)."""
    stop_time = _stop_time(clock, period, at)
    if clock.starts_at >= period.until or clock.starts_at > at:
        return TimelinessOutcome.ELSEWHERE
    if stop_time is not None and stop_time < clock.due_at:
        if stop_time < period.since:
            return TimelinessOutcome.ELSEWHERE
        if clock.is_fulfilled:
            return TimelinessOutcome.ON_TIME
        return TimelinessOutcome.HELD if clock.stopped_by == Act.HOLD else TimelinessOutcome.VOID
    if clock.due_at <= min(at, period.until):
        # Due "on" the last day means late from the first instant after it: that still belongs to the month.
        return TimelinessOutcome.LATE if clock.due_at > period.since else TimelinessOutcome.ELSEWHERE
    return TimelinessOutcome.RUNNING


def is_unfinished(clock: ClockFact, period: Period, at: datetime) -> bool:
    """Whether the clock was late and unanswered at the end of the period (or at `at`, if that is earlier)."""
    return clock.due_at <= min(at, period.until) and _stop_time(clock, period, at) is None


def _stop_time(clock: ClockFact, period: Period, at: datetime) -> datetime | None:
    """When the clock stopped, as far as the period knows."""
    stop_time = clock.stopped_at
    return stop_time if stop_time is not None and stop_time <= at and stop_time < period.until else None


def find_responsible_unit(clock: ClockFact, tenures: Iterable[TenureFact], at: datetime) -> str:
    """The unit that answers for the clock: who led the case when it ended, or runs now.

    `tenures` are those of the clock's case, in the order they began. Between two of them the case lies at the desk.
    """
    if clock.holder == Holder.DESK:
        return clock.unit or clock.desk  # a case may have been sent on to another desk since
    if clock.holder != Holder.LEAD:
        return clock.unit
    ended_at = clock.stopped_at if clock.stopped_at is not None and clock.stopped_at <= at else at
    moment = min(ended_at, clock.due_at)
    return next(
        (
            tenure.unit
            for tenure in tenures
            if tenure.since <= moment and (tenure.until is None or moment <= tenure.until)
        ),
        clock.desk,
    )


def count_by_unit(
    clocks: Iterable[ClockFact], tenures: Sequence[TenureFact], period: Period, at: datetime
) -> dict[str, ClockCounts]:
    """Each unit's own clocks of the period. Rectifications are counted by `count_rectifications`, a right by nobody."""
    counted_clocks = [
        c
        for c in clocks
        if c.holder not in (Holder.CITIZEN_OWN, Holder.CITIZEN) and c.profile != Profile.RATING and c.term not in RIGHTS
    ]
    tenures_by_case = _group_by_case(tenures)
    clocks_by_unit: dict[str, list[ClockFact]] = {}
    for clock in counted_clocks:
        clocks_by_unit.setdefault(
            find_responsible_unit(clock, tenures_by_case.get(clock.case_no, ()), min(at, period.until)), []
        ).append(clock)
    return {unit: _count_clocks(unit_clocks, period, at) for unit, unit_clocks in sorted(clocks_by_unit.items())}


def count_citizen_clocks(clocks: Iterable[ClockFact], period: Period, at: datetime) -> ClockCounts:
    """The citizens' own clocks of the period: what the whole district answers for."""
    return _count_clocks([clock for clock in clocks if clock.holder == Holder.CITIZEN_OWN], period, at)


def count_rectifications(
    clocks: Iterable[ClockFact], tenures: Sequence[TenureFact], period: Period, at: datetime
) -> dict[str, RectificationCounts]:
    """Per unit: rectifications that were done or came due in the period."""
    tenures_by_case = _group_by_case(tenures)
    counts_by_unit: dict[str, RectificationCounts] = {}
    for clock in clocks:
        result = clock_outcome(clock, period, at)
        if clock.term != RECTIFY or result not in (TimelinessOutcome.ON_TIME, TimelinessOutcome.LATE):
            continue
        unit = find_responsible_unit(clock, tenures_by_case.get(clock.case_no, ()), min(at, period.until))
        counts = counts_by_unit.get(unit, RectificationCounts())
        is_done = _stop_time(clock, period, at) is not None and clock.is_fulfilled
        counts_by_unit[unit] = RectificationCounts(
            counts.due + 1, counts.done + is_done, counts.on_time + (result is TimelinessOutcome.ON_TIME)
        )
    return dict(sorted(counts_by_unit.items()))


def _count_clocks(clocks: Sequence[ClockFact], period: Period, at: datetime) -> ClockCounts:
    outcomes = [clock_outcome(clock, period, at) for clock in clocks]
    return ClockCounts(
        on_time=outcomes.count(TimelinessOutcome.ON_TIME),
        late=outcomes.count(TimelinessOutcome.LATE),
        running=outcomes.count(TimelinessOutcome.RUNNING),
        held=outcomes.count(TimelinessOutcome.HELD),
        unfinished=sum(is_unfinished(clock, period, at) for clock in clocks),
    )


def _group_by_case(tenures: Iterable[TenureFact]) -> Mapping[str, Sequence[TenureFact]]:
    tenures_by_case: dict[str, list[TenureFact]] = {}
    for tenure in sorted(tenures, key=lambda t: t.since):
        tenures_by_case.setdefault(tenure.case_no, []).append(tenure)
    return tenures_by_case
