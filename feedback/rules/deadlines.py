"""Compute clocks from the events of a case and the table of `feedback.rules.terms`: what is due when, and is it late.

Clocks are never edited: `compute_clocks(history, case, editions)` says them anew. Two sorts run side by side: the
citizen's own clock, which starts at submission and which no hand-off stops, and the units' clocks.
A running clock is counted by the newest edition of the calendar, a stopped one for ever by the edition in force when
it stopped: a day off announced later makes nobody's past late or punctual.
`due_raw_day` is counted plainly, `due_legal_day` is moved past days off (民法典 第二百零三条);
lights turn on the first, lateness counts from the second. No I/O.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache, lru_cache

from feedback.kernel.clock import end_of_day, office_day, start_of_day
from feedback.rules.clocks import CaseEvent, Clock, ClockFacts, term_of_clock
from feedback.rules.imported_history import ImportFacts, find_import_facts, is_time_unknown
from feedback.rules.terms import (
    ON_REQUEST,
    RIGHTS,
    TERMS_BY_ID,
    Holder,
    Length,
    Term,
    TermUnit,
    parse_length,
)
from feedback.rules.vocabulary import PROFILE_OF, STAGE_AFTER, Act, Kind, Stage
from feedback.rules.workdays import Calendar, Editions


def compute_due_days(calendar: Calendar, day: date, length: Length, rolls: bool = True) -> tuple[date, date]:
    """(due_raw_day, due_legal_day) of a term in days that begins on `day`."""
    if length.unit is TermUnit.WORKING:
        due_day = calendar.add_workdays(day, length.count)
        return due_day, due_day
    raw_day = calendar.add_days(day, length.count)
    return raw_day, calendar.next_workday(raw_day) if rolls else raw_day


def compute_clocks(
    history: Sequence[CaseEvent], case: ClockFacts, editions: Editions, rows: Mapping[str, Term] = TERMS_BY_ID
) -> tuple[Clock, ...]:
    """All clocks of a case, running and ended, in the order they started.

    `history` is in order. `rows` is the table of terms by id, see `feedback.rules.terms.by_id`.
    Of an imported case nothing is counted that was done, or had run out, before the import.
    """
    history = _with_terms_of_last_kind(history)
    import_facts = find_import_facts(history)
    lapsed_terms = _find_lapsed_terms(history, case, editions, rows, import_facts)

    @cache
    def clocks_under(edition_index: int) -> tuple[Clock, ...]:
        return _compute_under(history, case, editions.entries[edition_index][1], rows, lapsed_terms)

    clocks = []
    for i, clock in enumerate(clocks_under(len(editions.entries) - 1)):
        # What starts and stops a clock is the same under every calendar, so are their number and order.
        first, *later = editions.during(clock.starts_at, clock.stopped_at)
        result = clocks_under(first)[i]
        for edition_index in later:
            result = _apply_edition(result, clocks_under(edition_index)[i], *editions.entries[edition_index])
        clocks.append(result)
    return tuple(clocks)


def change_facts(case: ClockFacts, act: Act, data: Mapping[str, object]) -> ClockFacts:
    """The facts after an act: only a corrected kind changes them, and with it the rule book and what is urgent."""
    if act is not Act.CHANGE_KIND:
        return case
    kind, urgency = Kind(str(data["kind"])), data.get("urgency")
    urgency = urgency if isinstance(urgency, int) else case.urgency
    return replace(case, kind=kind, profile=PROFILE_OF[kind], urgency=urgency)


def _with_terms_of_last_kind(history: Sequence[CaseEvent]) -> Sequence[CaseEvent]:
    """The events with the town's promises for the kind the case has now: everything is counted anew from receipt."""
    position = max((i for i, event in enumerate(history) if event.act is Act.CHANGE_KIND), default=0)
    terms = history[position].data.get("terms", {})
    earlier = [replace(event, data={**event.data, "terms": terms}) for event in history[:position]]
    return [*earlier, *history[position:]]


def _find_lapsed_terms(
    history: Sequence[CaseEvent],
    case: ClockFacts,
    editions: Editions,
    rows: Mapping[str, Term],
    import_facts: ImportFacts,
) -> frozenset[str]:
    """The terms that the receipt of an imported case starts elsewhere only: they never ran here.

    All of them when the case came with its answer, else those that had run out when it was taken in.
    """
    imported_at = import_facts.imported_at
    if imported_at is None and not import_facts.is_answered:
        return frozenset()
    edition_index = editions.during(imported_at, imported_at)[0] if imported_at else -1
    clocks = _compute_under(history[:1], case, editions.entries[edition_index][1], rows)
    is_over = import_facts.is_answered
    return frozenset(c.term_id for c in clocks if is_over or (imported_at is not None and c.due_at <= imported_at))


def _apply_edition(old: Clock, new: Clock, since: datetime, calendar: Calendar) -> Clock:
    """The clock under a new edition: as the law counts, later or earlier.

    But no right that was told is cut short, and nobody is late overnight: a duty that would end earlier keeps, of the
    day it was told, at least up to the first working day after the edition took force.
    """
    if new.due_at >= old.due_at:
        return new
    first_workday = calendar.next_workday(office_day(since) + timedelta(days=1))
    earliest_day = old.due_legal_day if new.term in RIGHTS else min(old.due_legal_day, first_workday)
    if earliest_day <= new.due_legal_day:
        return new
    return replace(new, due_legal_day=earliest_day, due_at=end_of_day(earliest_day))


def _compute_under(
    history: Sequence[CaseEvent],
    case: ClockFacts,
    calendar: Calendar,
    rows: Mapping[str, Term],
    lapsed_terms: frozenset[str] = frozenset(),
) -> tuple[Clock, ...]:
    """All clocks of a case as one edition of the calendar counts them; `lapsed_terms` do not start at the receipt."""
    clocks: list[Clock] = []
    stage, lead, desk, received_at = Stage.FIRST, "", find_first_desk(history, case.desk), history[0].at
    for event in history:
        stage = STAGE_AFTER.get(event.act, stage)
        clocks = [_apply_event(clock, event, calendar, rows) for clock in clocks]
        match event.act:
            case Act.ASSIGN | Act.NAME_UNIT:
                lead = str(event.data.get("unit", ""))
                clocks = [_reassign(clock, Holder.LEAD, lead, rows) for clock in clocks]
            case Act.TRANSFER:
                desk = str(event.data.get("desk", desk))
                clocks = [_reassign(clock, Holder.DESK, desk, rows) for clock in clocks]
            case Act.CHANGE_KIND:
                clocks = [_end_for_units(clock, event) for clock in clocks]
            case Act.EXTEND:
                clocks = [_extend(clock, event, calendar, rows) for clock in clocks]
            case Act.CONTEST | Act.OVERTURN:
                clocks = [_annul_refusal(clock, event) for clock in clocks]
            case Act.ANSWER_MERGED:
                lead = str(event.data.get("unit", ""))
                clocks = [_settle_merged(clock, event) for clock in clocks]
            case Act.UNMERGE:
                clocks = [_annul_merge(clock, rows) for clock in clocks]
            case Act.SUCCEED:
                old, new = str(event.data.get("from_unit", "")), str(event.data.get("unit", ""))
                lead, desk = (new if unit == old else unit for unit in (lead, desk))
                clocks = _hand_over(clocks, event, rows)
            case Act.REDO:
                lead = str(event.data.get("unit", ""))
            case Act.REVIEW | Act.RE_REVIEW:
                received_at = event.at
        for term in _starting_terms(event, case, stage, lead == desk, rows):
            if not _starts_here(term, event, history, lapsed_terms) or _is_running(term, event, clocks):
                continue
            start = received_at if term.from_receipt else _first_moment(term, event)
            for holder, unit in _bound_units(term, event, desk, lead):
                clocks.append(_start_clock(term, event, start, holder, unit, calendar))
    return tuple(clocks)


def find_first_desk(history: Iterable[CaseEvent], desk: str) -> str:
    """The reception desk that took the case in. `desk` is the one that has it now."""
    from_desks = (
        str(event.data["from_desk"])
        for event in history
        if event.act in (Act.TRANSFER, Act.SUCCEED) and "from_desk" in event.data
    )
    return next(from_desks, desk)


def find_term(
    code: str,
    case: ClockFacts,
    stage: Stage,
    day: date,
    direct: bool = False,
    rows: Mapping[str, Term] = TERMS_BY_ID,
) -> Term | None:
    """The row in force for a term code, the newest that had begun by then."""
    terms = [t for t in rows.values() if t.code == code and _applies(t, case, stage, direct) and t.since <= day]
    return max(terms, key=lambda t: t.since, default=None)


def _applies(term: Term, case: ClockFacts, stage: Stage, direct: bool) -> bool:
    return (
        case.profile in term.profiles
        and case.kind in term.kinds
        and stage in term.stages
        and case.urgency in term.urgent
        and (case.named or not term.only_named)
        and (term.direct is None or term.direct is direct)
    )


def _starting_terms(
    event: CaseEvent, case: ClockFacts, stage: Stage, direct: bool, rows: Mapping[str, Term]
) -> Iterable[Term]:
    day = office_day(event.at)
    if rows is TERMS_BY_ID:
        era = _ERAS[bisect_right(_ERAS, day) - 1]
        terms = _terms_begun_in_era(event.act, case, stage, era, direct)
    else:
        terms = _terms_begun_by(event.act, case, stage, day, direct, rows)
    return [t for t in terms if (case.reachable or not t.only_reachable) and _is_said(t, event)]


def _terms_begun_by(
    act: Act, case: ClockFacts, stage: Stage, day: date, direct: bool, rows: Mapping[str, Term]
) -> tuple[Term, ...]:
    codes = dict.fromkeys(t.code for t in rows.values() if act in t.begins)
    terms = (find_term(code, case, stage, day, direct, rows) for code in codes)
    return tuple(t for t in terms if t and act in t.begins)


_ERAS = sorted({term.since for term in TERMS_BY_ID.values()})
"""The days on which rows of the table came into force: between two of them every day has the same rows."""


@lru_cache(maxsize=4096)
def _terms_begun_in_era(act: Act, case: ClockFacts, stage: Stage, era: date, direct: bool) -> tuple[Term, ...]:
    """Looked up once for each sort of case: a projection asks it for every event."""
    return _terms_begun_by(act, case, stage, era, direct, TERMS_BY_ID)


def _is_said(term: Term, event: CaseEvent) -> bool:
    return term.only_when is None or event.data.get(term.only_when[0]) == term.only_when[1]


def _starts_here(term: Term, event: CaseEvent, history: Sequence[CaseEvent], lapsed_terms: frozenset[str]) -> bool:
    """Whether a clock runs here. What was done elsewhere starts a right of the citizen, if it is known when, no duty."""
    if event.by_import:
        return term.holder is Holder.CITIZEN and not is_time_unknown(event, history)
    return event is not history[0] or term.id not in lapsed_terms


def _is_running(term: Term, event: CaseEvent, clocks: Iterable[Clock]) -> bool:
    """Whether the same runs already: a right that an older row began and the act has just restarted, the desk's from receipt,
    which a corrected kind does not begin again, or what a merge that was undone had stopped."""
    is_begun_once = event.act in (Act.CHANGE_KIND, Act.UNMERGE) or (term.code in RIGHTS and bool(term.from_day))
    return is_begun_once and any(c.term == term.code and not c.stopped_at for c in clocks)


def _first_moment(term: Term, event: CaseEvent) -> datetime:
    """When a clock begins: on the day its act names, or with the act."""
    day = _parse_day(event, term.from_day) if term.from_day else None
    return start_of_day(day) if day else event.at


def _bound_units(term: Term, event: CaseEvent, desk: str, lead: str) -> Sequence[tuple[Holder, str]]:
    """Whom a clock that begins binds: as what, and which units."""
    named = str(event.data.get(term.named_by, "")) if term.named_by else ""
    if named:
        holders = {desk: Holder.DESK, lead: Holder.LEAD}
        return [(holders.get(named, Holder.CO), named)]
    return [(term.holder, unit) for unit in _units_of_holder(term, event, desk, lead)]


def _units_of_holder(term: Term, event: CaseEvent, desk: str, lead: str) -> Sequence[str]:
    match term.holder:
        case Holder.DESK:
            return [desk]
        case Holder.LEAD:
            return [lead]
        case Holder.CO:
            return [unit for unit in requested_co_units(event) if unit != lead]
        case _:
            return [""]


def requested_co_units(event: CaseEvent) -> list[str]:
    """The units an act asks to help, each once, in order."""
    units = event.data.get("units") if event.act in (Act.CO_ASSIGN, Act.ASSIGN) else None
    return list(dict.fromkeys(map(str, units))) if isinstance(units, list | tuple) else []


def _start_clock(term: Term, event: CaseEvent, at: datetime, holder: Holder, unit: str, calendar: Calendar) -> Clock:
    day, length = office_day(at), _length_of(term, event)
    if ordered_day := _ordered_day(term, event):
        raw = legal = max(ordered_day, day)
        due_at, length = end_of_day(legal), Length((raw - day).days, TermUnit.CALENDAR)
    elif length.unit.runs:
        due_at = at + length.span
        raw = legal = office_day(due_at)
    else:
        raw, legal = compute_due_days(calendar, day, length, term.rolls)
        due_at = end_of_day(legal)
    return Clock(
        term_id=term.id,
        term=term.code,
        label=term.label,
        seq=event.seq,
        holder=holder,
        unit=unit,
        starts_at=at,
        due_raw_day=raw,
        due_legal_day=legal,
        warn_at=_warn_at(term.warn, at, raw, due_at, calendar),
        due_at=due_at,
        law=term.law,
        provisional=not length.unit.runs and calendar.is_provisional(legal),  # what runs asks no calendar
        edition=calendar.edition,
        length=length,
    )


def _length_of(term: Term, event: CaseEvent) -> Length:
    """The town's shorter promise that held when the clock began, else the row's own length."""
    lengths = event.data.get("terms")
    if not isinstance(lengths, Mapping) or term.code not in lengths:
        return term.length
    promised = parse_length(lengths[term.code])
    # Several rows share a code: a promise in days says nothing of the row that counts in hours.
    return promised if promised.is_like(term.length) and not promised.exceeds(term.length) else term.length


def _ordered_day(term: Term, event: CaseEvent) -> date | None:
    """The last day an order itself names (指定办理期限)."""
    return _parse_day(event, term.until) if term.until else None


def _parse_day(event: CaseEvent, need: str) -> date | None:
    text = event.data.get(need)
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None  # an old entry may hold any text


def _warn_at(warn: Length, starts_at: datetime, raw: date, due_at: datetime, calendar: Calendar) -> datetime:
    """When the light turns amber: so long before the plain due day, but not before the clock started."""
    if warn.unit.runs:
        return max(starts_at, min(due_at, end_of_day(raw)) - warn.span)
    return max(starts_at, start_of_day(calendar.add_workdays(raw, -warn.count)))


def _apply_event(clock: Clock, event: CaseEvent, calendar: Calendar, rows: Mapping[str, Term]) -> Clock:
    """The clock after the happening: stopped by it, counted anew, running again, or as it was."""
    row, act = term_of_clock(clock, rows), event.act
    if clock.stopped_at is not None:
        is_paused = clock.stopped_by in row.paused_by and act in row.resumed_by
        return _resume(clock, row, event, calendar) if is_paused else clock
    if act in row.kept_by and _concerns(clock, row, event):
        return replace(clock, stopped_at=event.at, stopped_by=act)
    if act in row.voided_by or act in row.paused_by:
        return replace(clock, stopped_at=event.at, stopped_by=act, kept=False)
    return _restart(clock, row, event, calendar) if act in row.restarted_by else clock


def _resume(clock: Clock, row: Term, event: CaseEvent, calendar: Calendar) -> Clock:
    """The clock running again: the days of the pause, the first and the last with them, are not counted.

    What runs by the hour runs on to the minute.
    """
    running = replace(clock, stopped_at=None, stopped_by=None, kept=True)
    if clock.stopped_at is None or clock.stopped_at >= clock.due_at:
        return running  # what was too late before the pause stays too late
    if clock.length.unit.runs:
        due_at = clock.due_at + (event.at - clock.stopped_at)
        day, warn_at = office_day(due_at), _warn_at(row.warn, event.at, office_day(due_at), due_at, calendar)
        return replace(running, due_at=due_at, due_raw_day=day, due_legal_day=day, warn_at=warn_at)
    first_day, last_day = office_day(clock.stopped_at), office_day(event.at)
    if clock.length.unit is TermUnit.WORKING:
        days_left = calendar.workdays_between(first_day - timedelta(days=1), clock.due_raw_day)
        resumed = replace(running, due_raw_day=last_day)
        return _lengthen(resumed, row, Length(days_left, TermUnit.WORKING), calendar)
    days = (last_day - first_day).days + 1
    return _lengthen(running, row, Length(days, TermUnit.CALENDAR), calendar)


def _end_for_units(clock: Clock, event: CaseEvent) -> Clock:
    """The clock once the case was taken back from its units because it is of another kind: they owe nothing more."""
    is_open = clock.stopped_at is None and clock.holder in (Holder.LEAD, Holder.CO)
    return replace(clock, stopped_at=event.at, stopped_by=event.act, kept=False) if is_open else clock


def _annul_refusal(clock: Clock, event: CaseEvent) -> Clock:
    """The clock once the refusal that stopped it is looked at again, or was overturned.

    The citizen's own clock runs on from receipt, that of a review from its request. What a unit kept by a refusal that
    was wrong it did not keep (信访工作条例 第四十四条第二项).
    """
    if clock.stopped_by not in (Act.DECLINE, Act.DIVERT, Act.TERMINATE):
        return clock
    if clock.holder is Holder.CITIZEN_OWN or clock.term in ON_REQUEST:
        return replace(clock, stopped_at=None, stopped_by=None, kept=True)
    return replace(clock, kept=False) if event.act is Act.OVERTURN else clock


def _settle_merged(clock: Clock, event: CaseEvent) -> Clock:
    """The citizen's own clock once the leading case is answered: merging it away had only interrupted it."""
    if clock.holder is not Holder.CITIZEN_OWN or clock.stopped_by is not Act.MERGE:
        return clock
    return replace(clock, stopped_at=event.at, stopped_by=event.act, kept=True)


def _annul_merge(clock: Clock, rows: Mapping[str, Term]) -> Clock:
    """The clock once the merge that stopped it is undone: what began with the receipt runs on from there."""
    if clock.stopped_by is not Act.MERGE or Act.SUBMIT not in term_of_clock(clock, rows).begins:
        return clock
    return replace(clock, stopped_at=None, stopped_by=None, kept=True)


def _restart(clock: Clock, row: Term, event: CaseEvent, calendar: Calendar) -> Clock:
    """The clock counted from the day the answer was received (书面答复送达)."""
    received_day = _parse_day(event, "day")
    starts_at = max(clock.starts_at, start_of_day(received_day)) if received_day else event.at
    return _lengthen(
        replace(clock, starts_at=starts_at, due_raw_day=office_day(starts_at)), row, clock.length, calendar
    )


def _lengthen(clock: Clock, row: Term, extension: Length, calendar: Calendar) -> Clock:
    """The clock due so much later than its plain day."""
    raw, legal = compute_due_days(calendar, clock.due_raw_day, extension, row.rolls)
    due_at = end_of_day(legal)
    return replace(
        clock,
        due_raw_day=raw,
        due_legal_day=legal,
        due_at=due_at,
        warn_at=_warn_at(row.warn, clock.starts_at, raw, due_at, calendar),
        provisional=calendar.is_provisional(legal),
    )


def _concerns(clock: Clock, row: Term, event: CaseEvent) -> bool:
    """The clock of a co-unit, and of whom an order names, is stopped by that unit only."""
    return not (clock.holder is Holder.CO or row.named_by) or clock.unit == event.unit


def _reassign(clock: Clock, holder: Holder, unit: str, rows: Mapping[str, Term]) -> Clock:
    """A review is begun before its unit is named, and a file may go to another desk: the clock goes with it."""
    return replace(clock, unit=unit) if _is_open(clock, rows) and clock.holder is holder else clock


def _is_open(clock: Clock, rows: Mapping[str, Term]) -> bool:
    """Whether the clock runs, or stands still for a while."""
    return clock.stopped_at is None or clock.stopped_by in term_of_clock(clock, rows).paused_by


def _hand_over(clocks: Sequence[Clock], event: CaseEvent, rows: Mapping[str, Term]) -> list[Clock]:
    """The clocks once a unit took the place of another: as they run. What both had been asked for ends once."""
    old, new = event.data.get("from_unit"), str(event.data.get("unit", ""))
    owned = {(clock.term, clock.seq) for clock in clocks if clock.unit == new}
    ended = {"stopped_at": event.at, "stopped_by": event.act, "kept": False}
    return [
        replace(clock, **(ended if (clock.term, clock.seq) in owned else {"unit": new}))
        if clock.unit == old and _is_open(clock, rows)
        else clock
        for clock in clocks
    ]


def _extend(clock: Clock, event: CaseEvent, calendar: Calendar, rows: Mapping[str, Term]) -> Clock:
    """The clock made longer by an approved extension, counted from the plain due day, within the term's cap."""
    row = term_of_clock(clock, rows)
    days = event.data.get("days")
    if clock.stopped_at is not None or not row.longer_by or not isinstance(days, int):
        return clock
    return _lengthen(clock, row, Length(min(days, row.longer_by), clock.length.unit), calendar)
