"""When is what due, and is it late? The table TERMS, and clocks folded from what happened.

Clocks are never edited: `clocks_of(history, case, calendar)` says them anew. Two sorts run side by side: the
citizen's own clock, which starts at submission and which no hand-off stops, and the units' clocks.
Units of length: `cd` calendar days 日, `wd` working days 工作日, `h` running hours (nights and holidays included).
`due_raw_day` is counted plainly, `due_legal_day` is moved past days off (民法典 第二百零三条);
lights turn on the first, lateness counts from the second. No I/O.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from feedback.kernel.clock import end_of_day, office_day, start_of_day
from feedback.kernel.errors import Invalid
from feedback.lifecycle import Act, Kind, Profile, Stage
from feedback.workdays import Calendar


class Unit(StrEnum):
    """In what a term is counted."""

    CALENDAR = "cd"
    WORKING = "wd"
    HOURS = "h"


class Holder(StrEnum):
    """Whom a clock binds."""

    CITIZEN_OWN = "own"  # the citizen's own clock: from submission to answer, binds us all
    DESK = "desk"
    LEAD = "lead"
    CO = "co"
    CITIZEN = "citizen"  # a limit the citizen must keep


class State(StrEnum):
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


RIGHTS = frozenset({"object", "ask_review", "ask_re_review"})
"""Terms that limit a right, not a duty: they lapse, nobody is late."""


@dataclass(frozen=True, slots=True)
class Length:
    """A number of days or hours."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.count}{self.unit.value}"


@dataclass(frozen=True, slots=True)
class Term:
    """One row: which limit begins with which act, who keeps it how, how long, and where that is written."""

    code: str
    label: str
    holder: Holder
    begins: frozenset[Act]
    kept_by: frozenset[Act]
    length: Length
    law: str
    profiles: frozenset[Profile]
    kinds: frozenset[Kind] = frozenset(Kind)
    stages: frozenset[Stage] = frozenset(Stage)
    urgent: frozenset[int] = frozenset({0, 1, 2})  # urgency levels it holds for: 0 none, 1 two hours, 2 a day
    voided_by: frozenset[Act] = frozenset()
    longer_by: int = 0  # at most so many more of the same unit, by EXTEND
    rolls: bool = True
    only_named: bool = False  # no duty towards somebody who left no name (信访工作条例 第二十三条第二款)
    warn: Length = Length(3, Unit.WORKING)
    remark: str = ""
    since: date = date(1900, 1, 1)


A, K, P, U = Act, Kind, Profile, Unit
_ALL_ENDS = frozenset({A.WITHDRAW, A.MERGE})


def _term(
    code: str, label: str, holder: Holder, begins: set[Act], kept_by: set[Act], length: str, law: str, **more: object
) -> Term:
    return Term(code, label, holder, frozenset(begins), frozenset(kept_by), parse_length(length), law, **more)  # type: ignore[arg-type] # keywords are checked by the dataclass


def parse_length(text: str) -> Length:
    """`15cd`, `5wd` or `24h`.

    Raises Invalid for anything else.
    """
    match = re.fullmatch(r"(\d{1,4})(cd|wd|h)", text.strip().lower())
    if not match:
        raise Invalid({"length": "not_a_length"})
    return Length(int(match[1]), Unit(match[2]))


_PETITION = frozenset({P.PETITION})
_HOTLINE = frozenset({P.HOTLINE})
_RATING = frozenset({P.RATING})
_CALM = frozenset({0})
_ONE, _TWO = Length(1, U.WORKING), Length(2, U.WORKING)
_53 = "国办发〔2020〕53号;平台承诺(各地12345规定 5个工作日)"

# fmt: off
TERMS: tuple[Term, ...] = (
    # --- 信访 petition
    _term("forward", "登记转送交办", Holder.DESK, {A.SUBMIT, A.RETURN}, {A.ASSIGN, A.DECLINE}, "15cd",
          "信访工作条例 第二十二条", profiles=_PETITION, voided_by=_ALL_ENDS),
    _term("notify", "受理告知", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT, A.DECLINE, A.RETURN}, "15cd",
          "信访工作条例 第二十三条第三款", profiles=_PETITION, kinds=frozenset({K.APPEAL, K.SUGGEST}), voided_by=_ALL_ENDS, only_named=True,
          remark="检举控告的告知按纪检监察规定执行(第二十三条第四款)"),
    _term("object", "提出异议", Holder.LEAD, {A.ASSIGN}, {A.RETURN, A.ACCEPT, A.DECLINE}, "5wd",
          "信访工作条例 第二十三条第三款", profiles=_PETITION, voided_by=_ALL_ENDS, warn=_ONE,
          remark="逾期未提出异议,视为属于本单位职责"),
    _term("resolve", "办结答复", Holder.LEAD, {A.ACCEPT}, {A.REPLY}, "60cd",
          "信访工作条例 第三十四条", profiles=_PETITION, kinds=frozenset({K.APPEAL}), stages=frozenset({Stage.FIRST}),
          voided_by=_ALL_ENDS, longer_by=30),
    _term("resolve", "研究答复", Holder.LEAD, {A.ACCEPT}, {A.REPLY}, "60cd",
          "信访工作条例 第二十九条(条例未定天数,平台承诺60日)", profiles=_PETITION, kinds=frozenset({K.SUGGEST}),
          voided_by=_ALL_ENDS, longer_by=30),
    _term("review", "作出复查意见", Holder.LEAD, {A.REVIEW}, {A.REPLY}, "30cd",
          "信访工作条例 第三十五条", profiles=_PETITION, kinds=frozenset({K.APPEAL}), stages=frozenset({Stage.REVIEW}), voided_by=_ALL_ENDS),
    _term("re_review", "作出复核意见", Holder.LEAD, {A.RE_REVIEW}, {A.REPLY}, "30cd",
          "信访工作条例 第三十六条", profiles=_PETITION, kinds=frozenset({K.APPEAL}), stages=frozenset({Stage.RE_REVIEW}), voided_by=_ALL_ENDS),
    _term("ask_review", "申请复查", Holder.CITIZEN, {A.REPLY}, {A.REVIEW}, "30cd",
          "信访工作条例 第三十五条", profiles=_PETITION, kinds=frozenset({K.APPEAL}), stages=frozenset({Stage.FIRST}), voided_by=_ALL_ENDS | {A.CLOSE}),
    _term("ask_re_review", "申请复核", Holder.CITIZEN, {A.REPLY}, {A.RE_REVIEW}, "30cd",
          "信访工作条例 第三十六条", profiles=_PETITION, kinds=frozenset({K.APPEAL}), stages=frozenset({Stage.REVIEW}), voided_by=_ALL_ENDS | {A.CLOSE}),
    _term("answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "90cd",
          "信访工作条例 第二十二、二十三、三十四条(15日+15日+60日)", profiles=_PETITION,
          kinds=frozenset({K.APPEAL, K.SUGGEST}), stages=frozenset({Stage.FIRST}), voided_by=_ALL_ENDS, longer_by=30,
          remark="从您提交之日起算,单位之间转来转去不停表"),
    # --- 12345 hotline
    _term("forward", "派单", Holder.DESK, {A.SUBMIT, A.RETURN}, {A.ASSIGN, A.DECLINE}, "1wd",
          "国办发〔2020〕53号(派单);平台承诺", profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=_CALM, warn=Length(4, U.HOURS)),
    _term("forward", "紧急派单", Holder.DESK, {A.SUBMIT, A.RETURN}, {A.ASSIGN, A.DECLINE}, "1h",
          "国办发〔2020〕53号(派单);平台承诺", profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=frozenset({1, 2}), warn=Length(1, U.HOURS)),
    _term("notify", "签收受理", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT, A.DECLINE, A.RETURN}, "1wd",
          "国办发〔2020〕53号(办理);平台承诺 1个工作日签收", profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=_CALM, warn=Length(4, U.HOURS)),
    _term("notify", "紧急签收", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT, A.DECLINE, A.RETURN}, "1h",
          "国办发〔2020〕53号(办理);平台承诺 1小时签收", profiles=_HOTLINE, voided_by=_ALL_ENDS, urgent=frozenset({1, 2}), warn=Length(1, U.HOURS)),
    _term("object", "申请退单", Holder.LEAD, {A.ASSIGN}, {A.RETURN, A.ACCEPT, A.DECLINE}, "1wd",
          "潍坊市12345条例 第二十条;平台承诺 1个工作日", profiles=_HOTLINE, voided_by=_ALL_ENDS, warn=Length(4, U.HOURS)),
    _term("contact", "联系群众", Holder.LEAD, {A.ACCEPT}, {A.CONTACT, A.REPLY}, "1wd",
          "北京市接诉即办工作条例 第十五条;平台承诺 1个工作日", profiles=_HOTLINE, voided_by=_ALL_ENDS, warn=Length(4, U.HOURS)),
    _term("resolve", "紧急处置", Holder.LEAD, {A.ACCEPT, A.REOPEN, A.RESUME}, {A.REPLY}, "2h",
          "平台承诺(危及生命财产 2小时)", profiles=_HOTLINE, urgent=frozenset({1}), voided_by=_ALL_ENDS | {A.HOLD}, warn=Length(1, U.HOURS)),
    _term("resolve", "紧急办理", Holder.LEAD, {A.ACCEPT, A.REOPEN, A.RESUME}, {A.REPLY}, "24h",
          "平台承诺(水电气热 24小时)", profiles=_HOTLINE, urgent=frozenset({2}), voided_by=_ALL_ENDS | {A.HOLD}, warn=Length(4, U.HOURS)),
    _term("resolve", "答复咨询", Holder.LEAD, {A.ACCEPT, A.REOPEN, A.RESUME}, {A.REPLY}, "2wd",
          _53, profiles=_HOTLINE, kinds=frozenset({K.CONSULT}), urgent=_CALM, voided_by=_ALL_ENDS | {A.HOLD}, longer_by=2, warn=_ONE),
    _term("resolve", "办结答复", Holder.LEAD, {A.ACCEPT, A.REOPEN, A.RESUME}, {A.REPLY}, "5wd",
          _53, profiles=_HOTLINE, kinds=frozenset({K.HELP, K.COMPLAINT, K.PRAISE}), urgent=_CALM, voided_by=_ALL_ENDS | {A.HOLD}, longer_by=10, warn=_TWO,
          remark="疑难事项经批准可延长,合计不超过15个工作日"),
    _term("answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "4wd",
          "平台承诺(派单1+签收1+办理2个工作日)", profiles=_HOTLINE, kinds=frozenset({K.CONSULT}), urgent=_CALM, voided_by=_ALL_ENDS | {A.HOLD}, longer_by=2, warn=_ONE),
    _term("answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "7wd",
          "平台承诺(派单1+签收1+办理5个工作日)", profiles=_HOTLINE, kinds=frozenset({K.HELP, K.COMPLAINT, K.PRAISE}), urgent=_CALM,
          voided_by=_ALL_ENDS | {A.HOLD}, longer_by=10, warn=_TWO, remark="从您提交之日起算,单位之间转来转去不停表"),
    _term("answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "4h",
          "平台承诺(紧急事项)", profiles=_HOTLINE, urgent=frozenset({1}), voided_by=_ALL_ENDS | {A.HOLD}, warn=Length(1, U.HOURS)),
    _term("answer", "给您答复", Holder.CITIZEN_OWN, {A.SUBMIT}, {A.REPLY, A.DECLINE}, "26h",
          "平台承诺(紧急事项)", profiles=_HOTLINE, urgent=frozenset({2}), voided_by=_ALL_ENDS | {A.HOLD}, warn=Length(4, U.HOURS)),
    # --- both
    _term("co_reply", "协办反馈", Holder.CO, {A.CO_ASSIGN, A.ASSIGN}, {A.CO_REPLY}, "3wd",
          "信访工作条例 第二十四条;平台承诺 3个工作日", profiles=_PETITION | _HOTLINE, voided_by=_ALL_ENDS | {A.REPLY, A.DECLINE}, warn=_ONE),
    _term("supervision", "答复督办", Holder.LEAD, {A.SUPERVISE}, {A.ANSWER_SUPERVISION}, "5wd",
          "信访工作条例 第四十条;平台承诺 5个工作日", profiles=frozenset(P), voided_by=_ALL_ENDS | {A.CLOSE, A.CALL_BACK, A.DECLINE}, warn=_TWO),
    # --- 差评整改 rectification
    _term("sign", "签收差评", Holder.LEAD, {A.ASSIGN}, {A.ACCEPT}, "1wd",
          "国办发〔2019〕51号;平台承诺 1个工作日", profiles=_RATING, warn=Length(4, U.HOURS)),
    _term("verify", "联系核实", Holder.LEAD, {A.ASSIGN}, {A.CONTACT}, "1wd",
          "国办发〔2019〕51号;上海市优化营商环境条例 第三十条(1个工作日)", profiles=_RATING, voided_by=frozenset({A.CALL_BACK, A.CLOSE}), warn=Length(4, U.HOURS)),
    _term("rectify", "整改反馈", Holder.LEAD, {A.ASSIGN}, {A.RECTIFY, A.EXPLAIN}, "5wd",
          "国办发〔2019〕51号;平台承诺 5个工作日(疑难15个工作日)", profiles=_RATING, longer_by=10, warn=_TWO),
    _term("call_back", "回访", Holder.DESK, {A.RECTIFY, A.EXPLAIN}, {A.CALL_BACK}, "3wd",
          "国办发〔2019〕51号(回访);平台承诺 3个工作日", profiles=_RATING, voided_by=frozenset({A.CLOSE}), warn=_ONE),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Happening:
    """What the clocks need to know of an entry."""

    seq: int
    act: Act
    at: datetime
    unit: str = ""  # the acting staff's unit, or ""
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the clocks need to know of a case that no act of it changes."""

    kind: Kind
    profile: Profile
    desk: str
    urgency: int = 0
    named: bool = True


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of a case. `seq` is the entry that started it; due_at is the first instant too late."""

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

    def state(self, now: datetime) -> State:
        if self.stopped_at is None:
            return State.RUNNING if now < self.due_at else State.LATE
        if self.stopped_at >= self.due_at:
            return State.LATE
        return State.KEPT if self.kept else State.STOPPED

    def light(self, now: datetime) -> Light:
        if self.stopped_at is not None:
            return Light.NONE
        if now >= self.due_at:
            return Light.NONE if self.term in RIGHTS else Light.RED
        return Light.AMBER if now >= self.warn_at else Light.GREEN


@dataclass(frozen=True, slots=True)
class Tenure:
    """A span during which a unit holds a case."""

    unit: str
    lead: bool
    seq: int
    since: datetime
    until: datetime | None = None
    task: str = ""


def due_days(calendar: Calendar, day: date, length: Length, rolls: bool = True) -> tuple[date, date]:
    """(due_raw_day, due_legal_day) of a term in days that begins on `day`."""
    if length.unit is Unit.WORKING:
        due = calendar.add_workdays(day, length.count)
        return due, due
    raw = calendar.add_days(day, length.count)
    return raw, calendar.next_workday(raw) if rolls else raw


def clocks_of(history: Sequence[Happening], case: Facts, calendar: Calendar) -> tuple[Clock, ...]:
    """All clocks of a case, running and ended, in the order they started. `history` is in order."""
    clocks: list[Clock] = []
    stage, lead = Stage.FIRST, ""
    for happening in history:
        stage = _STAGE_AFTER.get(happening.act, stage)
        clocks = [_after(clock, happening) for clock in clocks]
        if happening.act is Act.ASSIGN:
            lead = str(happening.data.get("unit", ""))
            clocks = [_handed_over(clock, lead) for clock in clocks]
        if happening.act is Act.EXTEND:
            clocks = [_extended(clock, happening, calendar) for clock in clocks]
        for term in _beginning(happening, case, stage):
            for unit in _bound(term, happening, case, lead):
                clocks.append(_started(term, happening, unit, calendar))
    return tuple(clocks)


_STAGE_AFTER: Mapping[Act, Stage] = {Act.REVIEW: Stage.REVIEW, Act.RE_REVIEW: Stage.RE_REVIEW}


def term_of(clock_term: str, case: Facts, stage: Stage, day: date) -> Term | None:
    """The row in force for a term code, the newest that had begun by then."""
    rows = [t for t in TERMS if t.code == clock_term and _holds(t, case, stage) and t.since <= day]
    return max(rows, key=lambda t: t.since, default=None)


def _holds(term: Term, case: Facts, stage: Stage) -> bool:
    return (
        case.profile in term.profiles
        and case.kind in term.kinds
        and stage in term.stages
        and case.urgency in term.urgent
        and (case.named or not term.only_named)
    )


def _beginning(happening: Happening, case: Facts, stage: Stage) -> Iterable[Term]:
    day = office_day(happening.at)
    codes = dict.fromkeys(t.code for t in TERMS if happening.act in t.begins)
    return [t for code in codes if (t := term_of(code, case, stage, day)) and happening.act in t.begins]


def _bound(term: Term, happening: Happening, case: Facts, lead: str) -> Sequence[str]:
    match term.holder:
        case Holder.DESK:
            return [case.desk]
        case Holder.LEAD:
            return [lead]
        case Holder.CO:
            units = happening.data.get("units")
            return [str(unit) for unit in units] if isinstance(units, list | tuple) else []
        case _:
            return [""]


def _started(term: Term, happening: Happening, unit: str, calendar: Calendar) -> Clock:
    at, day = happening.at, office_day(happening.at)
    if term.length.unit is Unit.HOURS:
        due_at = at + timedelta(hours=term.length.count)
        raw = legal = office_day(due_at)
    else:
        raw, legal = due_days(calendar, day, term.length, term.rolls)
        due_at = end_of_day(legal)
    return Clock(
        term=term.code,
        label=term.label,
        seq=happening.seq,
        holder=term.holder,
        unit=unit,
        starts_at=at,
        due_raw_day=raw,
        due_legal_day=legal,
        warn_at=_warn_at(term.warn, at, raw, due_at, calendar),
        due_at=due_at,
        law=term.law,
        provisional=calendar.is_provisional(legal),
        edition=calendar.edition,
        length=term.length,
    )


def _warn_at(warn: Length, starts_at: datetime, raw: date, due_at: datetime, calendar: Calendar) -> datetime:
    """When the light turns amber: so long before the plain due day, but not before the clock started."""
    if warn.unit is Unit.HOURS:
        return max(starts_at, min(due_at, end_of_day(raw)) - timedelta(hours=warn.count))
    return max(starts_at, start_of_day(calendar.add_workdays(raw, -warn.count)))


def _after(clock: Clock, happening: Happening) -> Clock:
    """The clock after the happening: stopped by it or not."""
    if clock.stopped_at is not None:
        return clock
    row = _row_of(clock)
    if happening.act in row.kept_by and _concerns(clock, happening):
        return replace(clock, stopped_at=happening.at, stopped_by=happening.act)
    if happening.act in row.voided_by:
        return replace(clock, stopped_at=happening.at, stopped_by=happening.act, kept=False)
    return clock


def _concerns(clock: Clock, happening: Happening) -> bool:
    """A co-unit's clock is stopped by that unit only."""
    return clock.holder is not Holder.CO or clock.unit == happening.unit


def _row_of(clock: Clock) -> Term:
    return next(t for t in TERMS if t.code == clock.term and t.law == clock.law and t.label == clock.label)


def _handed_over(clock: Clock, lead: str) -> Clock:
    """A review is begun by the citizen, before its unit is named: the unit takes the clock over."""
    waiting = clock.stopped_at is None and clock.holder is Holder.LEAD and clock.unit != lead
    return replace(clock, unit=lead) if waiting else clock


def _extended(clock: Clock, happening: Happening, calendar: Calendar) -> Clock:
    """The clock made longer by an approved extension, counted from the plain due day, within the term's cap."""
    row = _row_of(clock)
    days = happening.data.get("days")
    if clock.stopped_at is not None or not row.longer_by or not isinstance(days, int):
        return clock
    more = Length(min(days, row.longer_by), clock.length.unit)
    raw, legal = due_days(calendar, clock.due_raw_day, more, row.rolls)
    due_at = end_of_day(legal)
    return replace(
        clock,
        due_raw_day=raw,
        due_legal_day=legal,
        due_at=due_at,
        warn_at=_warn_at(row.warn, clock.starts_at, raw, due_at, calendar),
        provisional=calendar.is_provisional(legal),
    )


def longest_extension(clocks: Iterable[Clock]) -> int:
    """How many more days (of the term's own unit) an extension may still give. 0: none."""
    return max((_row_of(c).longer_by for c in clocks if c.stopped_at is None and c.term == "resolve"), default=0)


def tenures_of(history: Sequence[Happening]) -> tuple[Tenure, ...]:
    """Who held the case when, as lead and as co-unit."""
    tenures: list[Tenure] = []

    def end(lead: bool | None, at: datetime) -> None:
        for i, tenure in enumerate(tenures):
            if tenure.until is None and (lead is None or tenure.lead is lead):
                tenures[i] = replace(tenure, until=at)

    for h in history:
        if h.act in _TENURE_ENDS:
            end(_TENURE_ENDS[h.act], h.at)
        if h.act is Act.ASSIGN:
            end(True, h.at)
            tenures.append(Tenure(str(h.data.get("unit", "")), True, h.seq, h.at))
        units = h.data.get("units") if h.act in (Act.CO_ASSIGN, Act.ASSIGN) else None
        held = {t.unit for t in tenures if t.until is None}
        new = [unit for unit in units if unit not in held] if isinstance(units, list | tuple) else []
        tenures += [Tenure(str(unit), False, h.seq, h.at, task=str(h.data.get("task", ""))) for unit in new]
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
}
