"""What must be true of every case at any time? Said as plain comparisons of what is stored with what is folded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from feedback.kernel.clock import end_of_day, office_day
from feedback.record.models.case import Case, Entry, TenureRow
from feedback.rules import entry_texts
from feedback.rules.access import CaseAccess
from feedback.rules.clocks import CaseEvent, Clock, term_of_clock
from feedback.rules.lifecycle import CaseState, list_steps, state_after
from feedback.rules.projection import ENDED, CaseProjection, compute_entry_digest
from feedback.rules.terms import DATA_TERMS, RIGHTS, Holder, Term, TermUnit
from feedback.rules.vocabulary import OPEN, PERSON_ACTS, Act, Condition, Role, Status
from feedback.rules.workdays import Editions

_STAFF_ONLY = frozenset({Role.CITIZEN})


@dataclass(frozen=True)
class Look:
    """A case as it is stored, and as its entries say it is."""

    case: Case
    standing: CaseAccess
    entries: Sequence[Entry]
    history: tuple[CaseEvent, ...]
    folded: CaseProjection
    stored: Sequence[Clock]
    tenures: Sequence[TenureRow]
    editions: Editions
    moved: frozenset[tuple[str, int, date]] = frozenset()  # term, entry and new day of what the calendar moved

    @property
    def version(self) -> int:
        return self.case.version


def untruths(look: Look, before: Look | None, same_calendar: bool) -> Iterator[str]:
    """Everything that is not as it must be. `before` is the case as it was seen last."""
    yield from _stored_is_folded(look)
    yield from _chained(look)
    yield from _endable(look)
    yield from _watched(look)
    yield from _due_by_hand(look)
    if before is not None:
        yield from _unmoved(look, before, same_calendar)


def _stored_is_folded(look: Look) -> Iterator[str]:
    case, folded = look.case, look.folded
    pairs = {
        "status": (case.status, folded.state.status.value),
        "stage": (case.stage, folded.state.stage.value),
        "unit": (case.unit, folded.unit),
        "category": (case.category, folded.category),
        "replied_at": (case.replied_at, folded.replied_at),
        "closed_at": (case.closed_at, folded.closed_at),
        "next_due_at": (case.next_due_at, folded.next_due_at),
        "next_warn_at": (case.next_warn_at, folded.next_warn_at),
        "tenures": (
            sorted((t.seq, t.unit, bool(t.lead), t.since, t.until, t.task) for t in look.tenures),
            sorted((t.seq, t.unit, t.lead, t.since, t.until, t.task) for t in folded.tenures),
        ),
    }
    yield from (f"{name} stored {a!r}, folded {b!r}" for name, (a, b) in pairs.items() if a != b)
    different = set(look.stored) ^ set(folded.clocks)
    if different or len(look.stored) != len(folded.clocks):
        yield f"clocks stored and folded differ: {sorted(f'{c.term} {c.unit} {c.due_at} {c.edition}' for c in different)}"


def _chained(look: Look) -> Iterator[str]:
    before = ""
    for place, e in enumerate(look.entries, 1):
        entry_values = (e.act, e.at, e.actor, e.role, e.unit, e.data, e.status, e.digests)
        digest = compute_entry_digest(before, look.case.no, e.seq, *entry_values)
        if (e.seq, e.digest) != (place, digest):
            yield f"the chain breaks at entry {place}"
        before = digest
    if look.case.digest != before:
        yield "the case does not hold the last digest"


def _endable(look: Look) -> Iterator[str]:
    """Every clock that binds us can be ended by whom it binds, now or some steps on."""
    state = look.folded.state
    own = [c for c in look.folded.clocks if c.holder is Holder.CITIZEN_OWN]
    redone = sum(event.act is Act.REDO for event in look.history)
    if len(own) > 1 + redone or sum(c.stopped_at is None for c in own) > 1:
        yield "the citizen's own clock was started twice"
    for clock in look.folded.clocks:
        if clock.stopped_at is not None or clock.term in RIGHTS:
            continue
        if state.status in ENDED and clock.term not in DATA_TERMS:
            yield f"clock {clock.term} runs in a case that is {state.status}"
        elif not _reached(state, term_of_clock(clock)):
            yield f"clock {clock.term} runs at {state.status} and nobody can end it"
        elif not _in_their_hands(clock, look.standing):
            yield f"clock {clock.term} binds {clock.unit or 'nobody'} who cannot end it"


def _watched(look: Look) -> Iterator[str]:
    """Whoever owes an answer has a day for it: no open case lies without a clock that binds somebody."""
    state = look.folded.state
    binding = [c for c in look.folded.clocks if c.stopped_at is None and c.term not in RIGHTS]
    if state.status in OPEN and not binding:
        yield f"{state.kind} lies at {state.status} and no clock runs"


def _due_by_hand(look: Look) -> Iterator[str]:
    """The last day of what the newest entry started, counted on the fingers: day by day over the calendar."""
    calendar, in_force_since, newest = look.editions.newest, look.editions.entries[-1][0], look.history[-1]
    for clock in look.stored:
        unit, count = clock.length.unit, clock.length.count
        if (clock.seq, clock.starts_at) != (newest.seq, newest.at) or unit.runs or newest.at <= in_force_since:
            continue
        row, day = term_of_clock(clock), office_day(clock.starts_at)
        while count or (row.rolls and unit is TermUnit.CALENDAR and not calendar.is_workday(day)):
            day += timedelta(days=1)
            count -= count > 0 and (unit is TermUnit.CALENDAR or calendar.is_workday(day))
        if (clock.due_legal_day, clock.due_at) != (day, end_of_day(day)):
            yield f"clock {clock.term} of {clock.length} from {clock.starts_at} is due {clock.due_legal_day}, not {day}"


def _reached(state: CaseState, row: Term) -> bool:
    """Whether staff or the system can come to an act that ends the clock, by a few open steps."""
    seen: set[tuple[Status, frozenset[Condition]]] = set()
    waiting = [state]
    while waiting:
        node = waiting.pop()
        if (node.status, node.conditions) in seen:
            continue
        seen.add((node.status, node.conditions))
        for step in list_steps(node):
            if {role for role, _ in step.who} <= _STAFF_ONLY:
                continue
            if step.act in row.kept_by | row.voided_by:
                return True
            if step.act in PERSON_ACTS:
                continue  # leads to no other status and would only multiply the states
            waiting.append(state_after(node, step))
    return False


def _in_their_hands(clock: Clock, standing: CaseAccess) -> bool:
    match clock.holder:
        case Holder.DESK:
            return clock.unit == standing.desk
        case Holder.LEAD:
            return not standing.lead or clock.unit == standing.lead
        case Holder.CO:
            return clock.unit in standing.co
        case _:
            return True


def _without_texts(history: Iterable[CaseEvent]) -> list[CaseEvent]:
    """What no decision on a person's data may change."""
    return [replace(event, data=entry_texts.without_texts(event.data)) for event in history]


def _unmoved(look: Look, before: Look, same_calendar: bool) -> Iterator[str]:
    """No deadline moves, and no clock runs on after it stopped, without a reason in the file."""
    now = {(c.term, c.seq, c.holder, _of_unit(c)): c for c in look.stored}
    fresh = look.history[len(before.history) :]
    succeeded = [(e.data["from_unit"], str(e.data["unit"])) for e in fresh if e.act is Act.SUCCEED]
    moved = any(h.act in _MOVES for h in fresh)
    if _without_texts(look.history[: len(before.history)]) != _without_texts(before.history):
        yield "an old entry changed"
    if any(h.act is Act.CHANGE_KIND for h in fresh):
        return  # another kind has other limits, all counted anew from receipt
    for old in before.stored:
        new = now.get((old.term, old.seq, old.holder, _of_unit(old)))
        for unit, successor in succeeded if new is None else ():  # a clock that runs goes to whoever took over
            old = replace(old, unit=successor) if old.unit == unit else old
            new = now.get((old.term, old.seq, old.holder, _of_unit(old)))
        if new is None:
            yield f"clock {old.term} of entry {old.seq} is gone"
        elif new.starts_at != old.starts_at and not _delivered(old, fresh):
            yield f"clock {old.term} was started anew"
        elif old.stopped_at is not None and new.stopped_at != old.stopped_at and not _heard(old, fresh):
            yield f"clock {old.term} had stopped and runs again"
        elif old.stopped_at is not None and new.due_at != old.due_at and not _heard(old, fresh):
            yield f"clock {old.term} had ended and its date moved from {old.due_at} to {new.due_at}"
        elif new.due_at != old.due_at and not moved and same_calendar:
            yield f"clock {old.term} moved from {old.due_at} to {new.due_at} and nobody said why"
        elif new.due_at < old.due_at and same_calendar:
            yield f"clock {old.term} became shorter"
        elif new.due_at != old.due_at and not moved and (new.term, new.seq, new.due_legal_day) not in look.moved:
            yield f"the calendar moved clock {old.term} from {old.due_at} to {new.due_at} and it is not written down"


_MOVES = frozenset({Act.EXTEND, Act.END_HEARING, Act.DELIVER})
"""What moves a deadline: an approved extension, the end of a hearing, the day an answer was received."""


def _delivered(clock: Clock, fresh: Sequence[CaseEvent]) -> bool:
    return clock.term in RIGHTS and any(h.act is Act.DELIVER for h in fresh)


def _heard(clock: Clock, fresh: Sequence[CaseEvent]) -> bool:
    return any(h.act in _ANNULS.get(clock.stopped_by, ()) for h in fresh)


_ANNULS: Mapping[Act | None, tuple[Act, ...]] = {
    Act.HEARING: (Act.END_HEARING,),
    Act.MERGE: (Act.UNMERGE, Act.ANSWER_MERGED),
    Act.DECLINE: (Act.CONTEST, Act.OVERTURN),
    Act.DIVERT: (Act.CONTEST, Act.OVERTURN),
    Act.TERMINATE: (Act.CONTEST, Act.OVERTURN),
}
"""What lets a clock run on that was stopped by something else than what keeps it."""


def _of_unit(clock: Clock) -> str:
    """A lead's clock may change hands with the case; a co-unit's never."""
    return clock.unit if clock.holder is Holder.CO else ""
