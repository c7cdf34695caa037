"""What the citizen must or may do now, and the one date by which they are answered. The table TODO_RULES. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from feedback.kernel.clock import office_day
from feedback.rules.clocks import Clock
from feedback.rules.read_models import CaseFile, EntryView
from feedback.rules.vocabulary import ANSWERING_ACTS, REPLIES, Act, Status

A, S = Act, Status

UNRATED = 0
"""The level of an answer that was not rated yet."""
_BAD = frozenset({1, 2})
_ANY_LEVEL = frozenset(range(6))


@dataclass(frozen=True, slots=True)
class TodoRule:
    """One row: in which cases the citizen is asked for which act. `code` names its words (`web/wording/todo.toml`)."""

    code: str
    act: Act
    statuses: frozenset[Status]
    is_answer: bool = False  # only while a unit waits for what it asked
    levels: frozenset[int] = _ANY_LEVEL  # how the newest answer was rated, or UNRATED
    term: str = ""  # the clock that says until which day; "" none
    is_rating: bool = False  # until the rating window is over


TODO_RULES: tuple[TodoRule, ...] = (
    TodoRule("answer_question", A.SUPPLEMENT, frozenset({S.ASSIGNED, S.ACCEPTED}), is_answer=True),
    TodoRule("rate", A.RATE, frozenset({S.REPLIED}), levels=frozenset({UNRATED}), is_rating=True),
    TodoRule("ask_review", A.REVIEW, frozenset({S.REPLIED, S.CLOSED}), levels=_BAD, term="ask_review"),
    TodoRule("ask_re_review", A.RE_REVIEW, frozenset({S.REPLIED, S.CLOSED}), levels=_BAD, term="ask_re_review"),
    TodoRule("rate_closed", A.RATE, frozenset({S.CLOSED}), levels=frozenset({UNRATED})),
    TodoRule("contest", A.CONTEST, frozenset({S.DECLINED, S.DIVERTED, S.TERMINATED})),
)
"""The first row that holds is the one thing to do: what keeps a unit waiting stands above what may be left undone."""

PROMISE_TERMS = ("answer_again", "answer", "review", "re_review")
"""The clocks that say until when the citizen is answered, the one that counts first: one of them runs at most."""


@dataclass(frozen=True, slots=True)
class Todo:
    """The one thing the citizen must or may do now. `until` is the last day of the office on which it is in time."""

    code: str
    act: Act
    until: date | None
    question: EntryView | None = None  # what the unit asked, where the citizen is to answer


def find_todo(file: CaseFile, now: datetime, rating_days: int) -> Todo | None:
    """What the citizen is asked for, in a file as its citizen sees it. `rating_days`: the rating window after an answer."""
    open_acts = {step.act for step in file.steps(now)}
    question = find_question(file.entries)
    level = newest_level(file.entries)
    for row in TODO_RULES:
        if (
            row.act in open_acts
            and file.status in row.statuses
            and level in row.levels
            and (question is not None or not row.is_answer)
        ):
            until = _find_until(row, file, now, rating_days)
            return Todo(row.code, row.act, until, question if row.is_answer else None)
    return None


def find_question(entries: Iterable[EntryView]) -> EntryView | None:
    """The newest question to the citizen that was not answered yet; None where nobody waits for an answer."""
    question: EntryView | None = None
    for entry in entries:
        if entry.act == Act.ASK:
            question = entry
        elif entry.act in _QUESTION_ENDED_BY:
            question = None
    return question


_QUESTION_ENDED_BY = REPLIES | {
    *(A.SUPPLEMENT, A.RETURN, A.TRANSFER, A.CHANGE_KIND, A.MERGE),
    *(A.DECLINE, A.DIVERT, A.TERMINATE, A.REVIEW, A.RE_REVIEW, A.REDO),
}
"""What answers a question, or takes the case away from the unit that asked it."""


def newest_level(entries: Iterable[EntryView]) -> int:
    """How the newest answer was rated last: 1-5, or UNRATED."""
    level = UNRATED
    for entry in entries:
        if entry.act in ANSWERING_ACTS:
            level = UNRATED
        elif entry.act == Act.RATE:
            level = int(entry.data.get("level", UNRATED))
    return level


def find_promise(clocks: Iterable[Clock]) -> Clock | None:
    """The clock by which the citizen is answered, late or not; None once they are, and for a report."""
    running = [clock for clock in clocks if clock.stopped_at is None]
    return next((clock for term in PROMISE_TERMS for clock in running if clock.term == term), None)


def _find_until(row: TodoRule, file: CaseFile, now: datetime, rating_days: int) -> date | None:
    if row.is_rating and file.replied_at:
        last_day = office_day(file.replied_at) + timedelta(days=rating_days)
        return last_day if office_day(now) <= last_day else None
    return next(
        (c.due_legal_day for c in file.clocks if row.term and c.term == row.term and c.stopped_at is None), None
    )
