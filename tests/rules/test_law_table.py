"""Table of all clocks of the Regulation, each with its start, length, holder and article, and of the gaps in it."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import product

import pytest

from evaluation.kpi.definitions import KPIS
from evaluation.ratings.bad_reviews import RECTIFICATION_STAGES
from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.rules import decision_grounds, letter_types, workdays
from feedback.rules.clocks import CaseEvent, Clock, ClockFacts, ClockState
from feedback.rules.conditions import CONDITION_RULES
from feedback.rules.deadlines import compute_clocks, find_term
from feedback.rules.lifecycle import REDIRECTS, STEPS, CaseState, find_step, list_steps
from feedback.rules.projection import project
from feedback.rules.terms import RIGHTS, TERMS, Holder, list_terms_in_force
from feedback.rules.vocabulary import (
    OPEN,
    PERSON_ACTS,
    STAGE_AFTER,
    Act,
    Condition,
    Kind,
    Profile,
    Role,
    Stage,
    Status,
    Whose,
)
from feedback.rules.workdays import Editions

CALENDAR = Editions.only(workdays.package())
A = Act
START = to_utc(datetime(2026, 8, 3, 9, 0, tzinfo=OFFICE_TIMEZONE))  # a Monday; National Day lies sixty days ahead
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DATA: Mapping[Act, Mapping[str, object]] = {
    A.ASSIGN: {"unit": "jiaoyu"},
    A.REPLY: {"text": "x", "outcome": "reject"},
    A.EXTEND: {"days": 30, "reason": "x"},
}
REVIEWED = (A.SUBMIT, A.ASSIGN, A.ACCEPT, A.REPLY, A.REVIEW)
RE_REVIEWED = (*REVIEWED, A.ASSIGN, A.ACCEPT, A.REPLY, A.RE_REVIEW)


@dataclass(frozen=True)
class Row:
    """One clock of the table: after these acts, a day apart, it runs so long, for whom, by which article."""

    id: str
    acts: tuple[Act, ...]
    term: str
    length: str
    holder: Holder
    article: str
    kind: Kind = Kind.APPEAL
    data_by_act: tuple[tuple[Act, Mapping[str, object]], ...] = ()
    urgency: int = 0
    profile: Profile = Profile.PETITION


ROWS = (
    Row("X1 15 calendar days from receipt", (A.SUBMIT,), "forward", "15cd", Holder.DESK, "第二十二条"),
    Row("X1 anew for the desk that receives a transfer", (A.SUBMIT, A.TRANSFER), "forward", "15cd", Holder.DESK, "第二十二条", data_by_act=((A.TRANSFER, {"desk": "xinfang", "from_desk": "rexian"}),)),
    Row("X2 15 calendar days from receipt for the unit that keeps the matter", (A.SUBMIT, A.ASSIGN), "notify", "15cd", Holder.LEAD, "第二十三条第二款", data_by_act=((A.ASSIGN, {"unit": "rexian"}),)),
    Row("X3 15 calendar days from the transfer", (A.SUBMIT, A.ASSIGN), "notify", "15cd", Holder.LEAD, "第二十三条第三款"),
    Row("X4 5 working days to object", (A.SUBMIT, A.ASSIGN), "object", "5wd", Holder.LEAD, "第二十三条第三款"),
    Row("X4 5 working days for the desk to decide", (A.SUBMIT, A.ASSIGN, A.OBJECT), "decide_objection", "5wd", Holder.DESK, "第二十三条第三款"),
    Row("X5 60 calendar days from acceptance", (A.SUBMIT, A.ASSIGN, A.ACCEPT), "resolve", "60cd", Holder.LEAD, "第三十四条"),
    Row("X7 until the day the assignment names", (A.SUBMIT, A.ASSIGN), "report_back", "29cd", Holder.LEAD, "第二十二条", data_by_act=((A.ASSIGN, {"unit": "jiaoyu", "mode": "commission", "target_day": "2026-09-02"}),)),
    Row("X8 30 calendar days from the answer", (A.SUBMIT, A.ASSIGN, A.ACCEPT, A.REPLY), "ask_review", "30cd", Holder.CITIZEN, "第三十五条"),
    Row("X9 30 calendar days from the request", REVIEWED, "review", "30cd", Holder.LEAD, "第三十五条"),
    Row("X10 30 calendar days from the review opinion", (*REVIEWED, A.ASSIGN, A.ACCEPT, A.REPLY), "ask_re_review", "30cd", Holder.CITIZEN, "第三十六条"),
    Row("X11 30 calendar days from the request", RE_REVIEWED, "re_review", "30cd", Holder.LEAD, "第三十六条"),
    Row("X12 at once, promised within 2 hours", (A.SUBMIT,), "report_up", "2h", Holder.DESK, "第二十五条", urgency=1),
    Row("X13 no number in the text, promised within 60 days", (A.SUBMIT, A.ASSIGN, A.ACCEPT), "resolve", "60cd", Holder.LEAD, "第二十九条", Kind.SUGGEST),
    Row("reports by the discipline organs' own rules, tracked 90 days", (A.SUBMIT, A.ASSIGN), "resolve", "90cd", Holder.LEAD, "第三十条", Kind.REPORT),
    Row("hearing within 30 days", (A.SUBMIT, A.ASSIGN, A.ACCEPT, A.HEARING), "hearing", "30cd", Holder.LEAD, "第三十一条第六项"),
    Row("the citizen's own 90 calendar days from submission", (A.SUBMIT,), "answer", "90cd", Holder.CITIZEN_OWN, "三十四条"),
    Row("a supervision answered within 5 working days", (A.SUBMIT, A.ASSIGN, A.ACCEPT, A.SUPERVISE), "supervision", "5wd", Holder.LEAD, "第四十条"),
    Row("12345 dispatch 1 working day", (A.SUBMIT,), "forward", "1wd", Holder.DESK, "派单", Kind.COMPLAINT, profile=Profile.HOTLINE),
    Row("12345 sign 1 working day", (A.SUBMIT, A.ASSIGN), "notify", "1wd", Holder.LEAD, "签收", Kind.COMPLAINT, profile=Profile.HOTLINE),
    Row("12345 urgent sign 1 hour before November 22nd", (A.SUBMIT, A.ASSIGN), "notify", "1h", Holder.LEAD, "签收", Kind.HELP, urgency=1, profile=Profile.HOTLINE),
    Row("12345 urgent 2 hours", (A.SUBMIT, A.ASSIGN, A.ACCEPT), "resolve", "2h", Holder.LEAD, "危及生命", Kind.HELP, urgency=1, profile=Profile.HOTLINE),
    Row("12345 urgent 24 hours", (A.SUBMIT, A.ASSIGN, A.ACCEPT), "resolve", "24h", Holder.LEAD, "水电气热", Kind.HELP, urgency=2, profile=Profile.HOTLINE),
    Row("12345 consultation 2 working days", (A.SUBMIT, A.ASSIGN, A.ACCEPT), "resolve", "2wd", Holder.LEAD, "国办发", Kind.CONSULT, profile=Profile.HOTLINE),
    Row("12345 complaint 5 working days", (A.SUBMIT, A.ASSIGN, A.ACCEPT), "resolve", "5wd", Holder.LEAD, "国办发", Kind.COMPLAINT, profile=Profile.HOTLINE),
    Row("12345 return 1 working day", (A.SUBMIT, A.ASSIGN), "object", "1wd", Holder.LEAD, "退单", Kind.COMPLAINT, profile=Profile.HOTLINE),
    Row("12345 contact 1 working day", (A.SUBMIT, A.ASSIGN, A.ACCEPT), "contact", "1wd", Holder.LEAD, "办理", Kind.COMPLAINT, profile=Profile.HOTLINE),
    Row("12345 audit of every result 2 working days", (A.SUBMIT, A.ASSIGN, A.ACCEPT, A.REPLY), "audit", "2wd", Holder.DESK, "办结", Kind.COMPLAINT, profile=Profile.HOTLINE),
    Row("12345 call-back of every result 5 working days", (A.SUBMIT, A.ASSIGN, A.ACCEPT, A.REPLY), "call_back", "5wd", Holder.DESK, "回访", Kind.COMPLAINT, profile=Profile.HOTLINE),
    Row("12345 the centre decides an extension within 1 working day", (A.SUBMIT, A.ASSIGN, A.ACCEPT, A.ENDORSE_EXTENSION), "decide_extension", "1wd", Holder.DESK, "平台承诺", Kind.COMPLAINT, profile=Profile.HOTLINE),
    Row("12345 the centre decides on account within 1 working day", (A.SUBMIT, A.ASSIGN, A.ACCEPT, A.ASK_HOLD), "decide_hold", "1wd", Holder.DESK, "平台承诺", Kind.COMPLAINT, profile=Profile.HOTLINE),
    Row("12345 on account until the approved day", (A.SUBMIT, A.ASSIGN, A.ACCEPT, A.ASK_HOLD, A.HOLD), "on_account", "56cd", Holder.LEAD, "平台承诺", Kind.COMPLAINT, ((A.HOLD, {"target_day": "2026-10-02", "reason": "x"}),), profile=Profile.HOTLINE),
    Row("good-review loop: contact 1 working day", (A.SUBMIT, A.ASSIGN), "verify", "1wd", Holder.LEAD, "51号", Kind.RECTIFY, profile=Profile.RATING),
    Row("good-review loop: rectify 5 working days", (A.SUBMIT, A.ASSIGN), "rectify", "5wd", Holder.LEAD, "51号", Kind.RECTIFY, profile=Profile.RATING),
)  # fmt: skip


def history(*acts: Act, data_by_act: Mapping[Act, Mapping[str, object]] | None = None) -> list[CaseEvent]:
    """These acts, a day apart."""
    brought = {**DATA, **(data_by_act or {})}
    return [CaseEvent(i + 1, act, START + i * DAY, "jiaoyu", brought.get(act, {})) for i, act in enumerate(acts)]


def clock(clocks: tuple[Clock, ...], term: str) -> Clock:
    return [c for c in clocks if c.term == term][-1]


def facts(
    kind: Kind = Kind.APPEAL, profile: Profile = Profile.PETITION, urgency: int = 0, named: bool = True
) -> ClockFacts:
    return ClockFacts(kind, profile, "rexian", urgency, named)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_clock(row: Row) -> None:
    clocks = compute_clocks(
        history(*row.acts, data_by_act=dict(row.data_by_act)), facts(row.kind, row.profile, row.urgency), CALENDAR
    )
    computed = clock(clocks, row.term)
    assert (str(computed.length), computed.holder) == (row.length, row.holder)
    assert row.article in computed.law
    assert computed.stopped_at is None


@pytest.mark.parametrize(
    ("begun", "length", "minutes"),
    [("2026-11-21T23:59:00+08:00", "1h", 60), ("2026-11-22T00:00:00+08:00", "30min", 30)],
    ids=["before the promise of 30 minutes", "from its first day"],
)
def test_an_urgent_order_is_signed_within_half_an_hour_and_what_ran_before_keeps_its_hour(
    begun: str, length: str, minutes: int
) -> None:
    at = to_utc(datetime.fromisoformat(begun))
    past = [CaseEvent(1, A.SUBMIT, at, "rexian", {}), CaseEvent(2, A.ASSIGN, at, "rexian", {"unit": "jiaoyu"})]
    computed = clock(compute_clocks(past, facts(Kind.HELP, Profile.HOTLINE, 1), CALENDAR), "notify")
    assert (str(computed.length), computed.due_at - at) == (length, timedelta(minutes=minutes))
    assert at < computed.warn_at < computed.due_at or minutes == 60
    assert not computed.provisional
    assert computed.state(computed.due_at - timedelta(milliseconds=1)) is ClockState.RUNNING
    assert computed.state(computed.due_at) is ClockState.LATE


def test_only_the_newest_row_is_told_as_the_law_in_force() -> None:
    def urgent_sign(day: date) -> list[str]:
        return [str(t.length) for t in list_terms_in_force(day) if t.code == "notify" and t.urgent == frozenset({1, 2})]

    assert urgent_sign(date(2026, 11, 21)) == ["1h"]
    assert urgent_sign(date(2026, 11, 22)) == ["30min"]


def test_x2_counts_from_receipt_and_x3_from_the_transfer() -> None:
    direct = compute_clocks(history(A.SUBMIT, A.ASSIGN, data_by_act={A.ASSIGN: {"unit": "rexian"}}), facts(), CALENDAR)
    passed = compute_clocks(history(A.SUBMIT, A.ASSIGN), facts(), CALENDAR)
    assert clock(direct, "notify").starts_at == START
    assert clock(passed, "notify").starts_at == START + DAY
    assert "object" not in {c.term for c in direct}


def test_x5_and_x6_roll_over_the_national_day_and_are_counted_from_the_plain_day() -> None:
    accepted = history(A.SUBMIT, A.ASSIGN, A.ACCEPT)
    assert clock(compute_clocks(accepted, facts(), CALENDAR), "resolve").due_legal_day == date(2026, 10, 8)
    longer = compute_clocks(history(A.SUBMIT, A.ASSIGN, A.ACCEPT, A.EXTEND), facts(), CALENDAR)
    assert clock(longer, "resolve").due_raw_day == date(2026, 11, 3)


@pytest.mark.parametrize(
    ("asked", "acts"),
    [("ask_review", REVIEWED[:-1]), ("ask_re_review", RE_REVIEWED[:-1])],
    ids=["X8 from the day the answer was received", "X10 from the day the review opinion was received"],
)
def test_delivery_restarts_the_citizens_own_limit(asked: str, acts: tuple[Act, ...]) -> None:
    received = "2026-09-01"
    clocks = compute_clocks(history(*acts, A.DELIVER, data_by_act={A.DELIVER: {"day": received}}), facts(), CALENDAR)
    assert clock(clocks, asked).due_raw_day == date(2026, 9, 1) + timedelta(days=30)


def test_x11_does_not_count_the_days_of_the_hearing() -> None:
    asked = history(*RE_REVIEWED, A.ASSIGN, A.ACCEPT)
    plain = clock(compute_clocks(asked, facts(), CALENDAR), "re_review")
    heard = [
        *asked,
        CaseEvent(12, A.HEARING, START + 12 * DAY, "x"),
        CaseEvent(13, A.END_HEARING, START + 14 * DAY, "x"),
    ]
    during = clock(compute_clocks(heard[:-1], facts(), CALENDAR), "re_review")
    after = clock(compute_clocks(heard, facts(), CALENDAR), "re_review")
    assert during.state(START + 400 * DAY) is ClockState.STOPPED
    assert after.stopped_at is None
    assert after.due_raw_day == plain.due_raw_day + 3 * DAY


@pytest.mark.parametrize("acts", [(A.SUBMIT, A.ASSIGN, A.ACCEPT), (*REVIEWED, A.ASSIGN, A.ACCEPT)], ids=["X5", "X9"])
def test_a_hearing_pauses_nothing_but_the_re_review(acts: tuple[Act, ...]) -> None:
    before = compute_clocks(history(*acts), facts(), CALENDAR)
    after = compute_clocks(history(*acts, A.HEARING, A.END_HEARING), facts(), CALENDAR)
    unchanged = {(c.term, c.seq): c for c in after}
    assert all(unchanged[c.term, c.seq] == c for c in before)


def test_x12_is_ended_by_the_report_only() -> None:
    clocks = compute_clocks(history(A.SUBMIT, A.ASSIGN, A.REPORT_UP), facts(urgency=1), CALENDAR)
    assert clock(clocks, "report_up").stopped_by is A.REPORT_UP


# ---- what the rows allow ----


def state(*acts: Act, data_by_act: Mapping[Act, Mapping[str, object]] | None = None, kind: Kind = Kind.APPEAL, profile: Profile = Profile.PETITION, urgency: int = 0) -> CaseState:  # fmt: skip
    return project(history(*acts, data_by_act=data_by_act), facts(kind, profile, urgency), CALENDAR).state


def open_acts(case_state: CaseState) -> set[Act]:
    return {step.act for step in list_steps(case_state)}


def test_x4_a_petition_goes_back_only_while_an_objection_waits_for_consent() -> None:
    assert A.RETURN not in open_acts(state(A.SUBMIT, A.ASSIGN))
    assert {A.RETURN, A.REFUSE_OBJECTION} <= open_acts(state(A.SUBMIT, A.ASSIGN, A.OBJECT))
    refused = open_acts(state(A.SUBMIT, A.ASSIGN, A.OBJECT, A.REFUSE_OBJECTION))
    assert not refused & {A.OBJECT, A.RETURN, A.REFUSE_OBJECTION}


@pytest.mark.parametrize(
    ("kind", "profile", "back"),
    [(Kind.APPEAL, Profile.PETITION, A.OBJECT), (Kind.HELP, Profile.HOTLINE, A.RETURN)],
    ids=["X4 petition", "12345"],
)
def test_after_designation_nothing_goes_back(kind: Kind, profile: Profile, back: Act) -> None:
    once = (A.SUBMIT, A.ASSIGN, A.OBJECT, A.RETURN) if back is A.OBJECT else (A.SUBMIT, A.ASSIGN, A.RETURN)
    assert back in open_acts(state(*once, A.ASSIGN, kind=kind, profile=profile))
    assert back not in open_acts(state(*once, *once[1:], A.ASSIGN, kind=kind, profile=profile))
    data_by_act = {A.ASSIGN: {"unit": "jiaoyu", "designated": True}}
    assert back not in open_acts(state(A.SUBMIT, A.ASSIGN, data_by_act=data_by_act, kind=kind, profile=profile))


@pytest.mark.parametrize(
    "stage", [(*REVIEWED, A.ASSIGN, A.ACCEPT), (*RE_REVIEWED, A.ASSIGN, A.ACCEPT)], ids=["review", "re-review"]
)
def test_no_extension_is_offered_where_it_could_only_be_refused(stage: tuple[Act, ...]) -> None:
    assert A.EXTEND in open_acts(state(A.SUBMIT, A.ASSIGN, A.ACCEPT))
    assert not open_acts(state(*stage)) & {A.EXTEND, A.ASK_EXTENSION}
    urgent = state(A.SUBMIT, A.ASSIGN, A.ACCEPT, kind=Kind.HELP, profile=Profile.HOTLINE, urgency=1)
    assert not open_acts(urgent) & {A.EXTEND, A.ASK_EXTENSION}


ORDER = (A.SUBMIT, A.ASSIGN, A.ACCEPT)


@pytest.mark.parametrize(
    ("asked", "decided", "refused"),
    [
        (A.ENDORSE_EXTENSION, A.EXTEND, A.REFUSE_EXTENSION),
        (A.ASK_HOLD, A.HOLD, A.REFUSE_HOLD),
    ],
    ids=["12345 extension", "12345 on account"],
)
def test_a_work_order_needs_the_units_head_and_then_the_centre(asked: Act, decided: Act, refused: Act) -> None:
    def rows(*acts: Act) -> dict[Act, set[tuple[Role, Whose]]]:
        case_state = state(*acts, kind=Kind.COMPLAINT, profile=Profile.HOTLINE)
        return {step.act: set(step.who) for step in list_steps(case_state)}

    before, after = rows(*ORDER), rows(*ORDER, asked)
    assert before[asked] == {(Role.LEAD, Whose.HOLDER)} and decided not in before
    assert after[decided] == {(Role.RECEPTION, Whose.DESK)} and asked not in after
    assert (Role.RECEPTION, Whose.DESK) in after[refused]
    again = rows(*ORDER, asked, refused)
    assert asked in again and decided not in again


def test_a_petition_is_made_longer_by_the_units_head_alone_and_never_put_on_account() -> None:
    offered = {step.act: step.who for step in list_steps(state(*ORDER))}
    assert offered[A.EXTEND] == {(Role.LEAD, Whose.HOLDER)}
    assert not offered.keys() & {A.ENDORSE_EXTENSION, A.ASK_HOLD, A.HOLD}


def test_a_rectification_may_be_made_longer_with_approval() -> None:
    acts = (A.SUBMIT, A.ASSIGN, A.ACCEPT)
    assert A.EXTEND in open_acts(state(*acts, kind=Kind.RECTIFY, profile=Profile.RATING))


HANDLING = {
    "转送": (A.ASSIGN,),
    "下转、上报到另一个窗口": (A.TRANSFER,),
    "交办": (A.ASSIGN,),
    "督办": (A.ASSIGN, A.SUPERVISE),
    "报告重大紧急事项": (A.REPORT_UP,),
    "受理告知": (A.ASSIGN, A.ACCEPT),
    "直接回复": (A.ASSIGN, A.ACCEPT, A.REPLY),
    "不予受理、不再受理": (A.DECLINE,),
    "存：重件并案": (A.MERGE,),
}


@pytest.mark.parametrize("acts", HANDLING.values(), ids=HANDLING)
def test_each_way_a_registered_petition_is_handled_in_running_systems_is_open_here(acts: tuple[Act, ...]) -> None:
    done: tuple[Act, ...] = (A.SUBMIT,)
    for act in acts:
        assert act in open_acts(state(*done, data_by_act={A.ASSIGN: {"unit": "rexian"}})), act
        done = (*done, act)


def test_no_petition_is_kept_without_handling_and_without_a_clock() -> None:
    """存 has no row: whatever ends a petition at the desk tells the petitioner, joins it to another or ends with them."""
    ends = {step.act for step in list_steps(state(A.SUBMIT)) if step.target and step.target not in OPEN}
    assert ends == {A.DECLINE, A.DIVERT, A.MERGE, A.WITHDRAW, A.TERMINATE}


# ---- nothing is forgotten ----

_KINDS: list[tuple[Profile, Kind]] = [
    (p, k) for p, k in product((Profile.PETITION, Profile.HOTLINE), [k for k in Kind if k is not Kind.RECTIFY])
]
_KINDS.append((Profile.RATING, Kind.RECTIFY))
_SAID: Mapping[Act, Mapping[str, object]] = {
    **DATA,
    A.HOLD: {"target_day": "2026-12-31", "reason": "x"},
    A.TRANSFER: {"desk": "xinfang", "from_desk": "rexian"},
    A.CLASSIFY: {"category": "0601"},
    A.ANSWER_MERGED: {"case": "20260701-000001", "unit": "jiaoyu", "text": "x"},
    A.REDO: {"unit": "jiaoyu", "reason": "x"},
    A.SUCCEED: {"unit": "jiaoyu", "from_unit": "chengguan"},
}


def _acts_of_tables() -> frozenset[Act]:
    """The acts that some table gives an effect on status, stage, conditions or clocks."""
    moving = {step.act for step in STEPS if step.target}
    clocks = [(t.begins, t.kept_by, t.voided_by, t.restarted_by, t.paused_by, t.resumed_by) for t in TERMS]
    conditions = [(row.set_by, row.cleared_by, {act for act, _, _ in row.cleared_when}) for row in CONDITION_RULES]
    named = {act for columns in (*clocks, *conditions) for acts in columns for act in acts}
    return frozenset(moving | named | set(STAGE_AFTER))


_BY_NAME = frozenset({A.TRANSFER, A.NAME_UNIT, A.EXTEND, A.SUCCEED, A.CO_ASSIGN})
"""The acts besides that `projection`, `deadlines` and `tenures` speak of by name."""
IDLE = frozenset(Act) - _acts_of_tables() - _BY_NAME
"""The acts that add an entry to the file and change nothing else of it."""


def _rows_of(case: tuple[Profile, Kind, int, bool]) -> tuple[object, ...]:
    """The steps and terms there are for such a case."""
    profile, kind, urgency, named = case
    steps = [i for i, step in enumerate(STEPS) if profile in step.profiles and kind in step.kinds]
    terms = [
        i
        for i, t in enumerate(TERMS)
        if profile in t.profiles and kind in t.kinds and urgency in t.urgent and (named or not t.only_named)
    ]
    return profile, tuple(steps), tuple(terms)


def _searches() -> list[pytest.ParameterSet]:
    """Every sort of case; where the tables say the same as for one before, the search can wait for the whole suite."""
    known: set[tuple[object, ...]] = set()
    calls = []
    for (profile, kind), urgency, named in product(_KINDS, (0, 1, 2), (True, False)):
        rows = _rows_of((profile, kind, urgency, named))
        marks = [pytest.mark.slow] if rows in known else []
        known.add(rows)
        name = f"{profile.value}-{kind.value}-{urgency}-{'named' if named else 'nameless'}"
        calls.append(pytest.param(profile, kind, urgency, named, marks=marks, id=name))
    return calls


@pytest.mark.parametrize(("profile", "kind", "urgency", "named"), _searches())
def test_no_open_case_is_without_a_clock_that_binds_somebody(
    profile: Profile, kind: Kind, urgency: int, named: bool
) -> None:
    """Every state that can be reached, each by a shortest way; every way to a state is looked at, known or not.

    What people ask about their own data leaves status and limits alone, and would only multiply the states.
    Acts that change nothing, as the tables say, lead back where they began: of these one from each state, by turns.
    """
    case = facts(kind, profile, urgency, named)
    begun = history(A.SUBMIT) if kind is not Kind.RECTIFY else history(A.SUBMIT, A.ASSIGN)
    seen: set[tuple[Status, Stage, frozenset[Condition]]] = set()
    waiting = deque([begun])
    while waiting:
        past = waiting.popleft()
        folded = project(past, case, CALENDAR)
        now = folded.state
        if now.status in OPEN:
            running = [c for c in folded.clocks if c.stopped_at is None and c.term not in RIGHTS]
            assert running, [h.act for h in past]
        if (key := (now.status, now.stage, now.conditions)) in seen:
            continue
        seen.add(key)
        at, seq = past[-1].at + HOUR, len(past) + 1
        acts = list(dict.fromkeys(step.act for step in list_steps(now) if step.act not in PERSON_ACTS))
        idle = [act for act in acts if act in IDLE]
        for act in [act for act in acts if act not in IDLE] + idle[len(seen) % len(idle) :][:1] if idle else acts:
            waiting.append([*past, CaseEvent(seq, act, at, folded.unit, _SAID.get(act, {}))])


@pytest.mark.parametrize("act", sorted(IDLE))
def test_an_act_that_no_table_names_changes_nothing_of_a_case(act: Act) -> None:
    for profile, kind in _KINDS:
        for past in ((A.SUBMIT, A.ASSIGN), (A.SUBMIT, A.ASSIGN, A.ACCEPT)):
            before = project(history(*past), facts(kind, profile), CALENDAR)
            brought = {act: _SAID.get(act, {})}
            after = project(history(*past, act, data_by_act=brought), facts(kind, profile), CALENDAR)
            assert replace(after.state, done={}) == replace(before.state, done={})
            assert (after.clocks, after.tenures, after.unit, after.desk) == (
                before.clocks,
                before.tenures,
                before.unit,
                before.desk,
            )


def test_every_term_begins_in_some_case_and_can_be_found() -> None:
    for term in TERMS:
        case = facts(next(iter(term.kinds)), next(iter(term.profiles)), min(term.urgent))
        stage = next(iter(term.stages))
        assert find_term(term.code, case, stage, max(term.since, date(2026, 8, 3)), bool(term.direct)) is term, term


# ---- grounds, routes, outcomes, triggers ----


def test_no_repealed_regulation_and_no_other_citys_ordinance_is_a_ground() -> None:
    cited = [
        *(row.law for table in decision_grounds.TABLES.values() for row in table),
        *(term.law for term in TERMS),
        *(step.law for step in STEPS),
        *(redirect.law for redirect in REDIRECTS),
        *(letter.law for letter in letter_types.ALL),
        *(kpi.source for kpi in KPIS),
        *(stage.law for stage in RECTIFICATION_STAGES),
    ]
    assert not [law for law in cited if "（2005）" in law]
    assert not [law for law in cited if any(city in law for city in ("北京", "潍坊", "济南", "上海"))]


CHOICES = [(act, need, row) for (act, need), rows in decision_grounds.TABLES.items() for row in rows if row.offered]


@pytest.mark.parametrize(("act", "need", "row"), CHOICES, ids=[f"{need} {row.code}" for _, need, row in CHOICES])
def test_the_choice_can_be_made_and_cites_its_article(
    act: Act, need: str, row: decision_grounds.DecisionGround
) -> None:
    assert "第" in row.law or "号" in row.law
    assert row.label and row.says
    reachable = [
        (profile, kind, stage)
        for profile, kind, stage in product(row.profiles, row.kinds, row.stages)
        if (step := find_step(act, profile, kind, stage)) and any(n.name == need for n in (*step.needs, *step.may))
    ]
    assert reachable
    for case in reachable:
        assert row in decision_grounds.list_grounds(act, need, *case)
        assert decision_grounds.find_ground_faults(act, {need: row.code}, *case) == {}
        assert decision_grounds.find_ground_faults(act, {need: "无此项"}, *case) == {need: "unknown"}


def test_every_ground_names_its_letter_and_every_route_its_own_limit() -> None:
    assert all(row.letter for row in decision_grounds.GROUNDS)
    assert all(row.own_limit for row in decision_grounds.LEGAL_ROUTES)
    assert [row.code for row in decision_grounds.LEGAL_ROUTES] == ["r1", "r2", "r3", "r4", "r5"]
