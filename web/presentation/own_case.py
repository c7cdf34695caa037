"""The top of the citizen's own case page: one date, who has the case, and what is still to come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from feedback.kernel.clock import office_day
from feedback.rules import todo as todo_rules
from feedback.rules.clocks import ClockState
from feedback.rules.read_models import CaseFile
from feedback.rules.terms import TermUnit
from feedback.rules.vocabulary import OPEN, Act, Kind, Status
from feedback.rules.workdays import Calendar
from routing.directory import Directory
from web.presentation.case import left_words
from web.presentation.todo import PromiseView, build_promise
from web.wording import own_case
from web.wording.dates import day_words, time_words

KIND_ICONS: Mapping[Kind, str] = {
    Kind.APPEAL: "gavel",
    Kind.COMPLAINT: "flag",
    Kind.HELP: "hand-stop",
    Kind.CONSULT: "help-circle",
    Kind.SUGGEST: "message",
    Kind.PRAISE: "thumb-up",
    Kind.REPORT: "shield",
    Kind.RECTIFY: "refresh",
}


@dataclass(frozen=True, slots=True)
class Headline:
    """What stands large at the top: a day with what happens by then, or how the case stands."""

    big: str
    after: str = ""  # what happens by that day
    notes: tuple[str, ...] = ()
    url: str = ""  # where the day is counted one by one
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Handler:
    """Who has the case and how to reach them. `phone` is "" where nobody answers one."""

    name: str
    doing: str
    reason: str
    phone: str


def build_headline(file: CaseFile, now: datetime, calendar: Calendar, next_words: str) -> Headline:
    """The one date of the page while an answer is owed, else how the case stands and since when."""
    promise = build_promise(file)
    if promise is not None:
        return _promised(promise, now, calendar)
    is_answered = file.status in (Status.REPLIED, Status.CLOSED)
    ended_at = file.replied_at if file.status is Status.REPLIED else file.closed_at
    notes = [day_words(office_day(ended_at))] if ended_at else []
    if not is_answered:
        notes.append(next_words)
    return Headline(own_case.HEADLINES[file.status.value], notes=tuple(notes))


def _promised(promise: PromiseView, now: datetime, calendar: Calendar) -> Headline:
    clock = promise.clock
    is_late = clock.state(now) is ClockState.LATE
    if clock.length.unit.runs:
        big, notes = time_words(clock.due_at), [left_words(clock.due_at, now, calendar)]
    else:
        year = promise.day.year != office_day(now).year
        big, notes = day_words(promise.day, year=year), ["含当天", _days_left(promise, now, calendar)]
    if is_late:
        notes = [left_words(clock.due_at, now, calendar), "还没有答复您，可以催办"]
    if clock.provisional:
        notes.append("暂定：下一年放假安排公布后可能调整")
    return Headline(big, own_case.PROMISES[clock.term], tuple(notes), promise.explain_url, is_late)


def _days_left(promise: PromiseView, now: datetime, calendar: Calendar) -> str:
    """How much is left, in what the term itself is counted in."""
    today = office_day(now)
    days = (promise.day - today).days
    if days == 0:
        return "今天到期"
    if promise.clock.length.unit is TermUnit.CALENDAR:
        return f"还有 {days} 天"
    workdays = calendar.workdays_between(today, promise.day)
    return f"还有 {workdays} 个工作日" if workdays else f"还有 {days} 天"


def build_handler(file: CaseFile, directory: Directory, site_phone: str) -> Handler:
    """The unit that leads the case, or the desk while it is not assigned, with the reason why it is theirs."""
    code = file.unit or file.desk
    unit = directory.by_code.get(code)
    doing = "在办" if file.unit and file.status in OPEN else "答复" if file.unit else "正在安排由谁办"
    assignments = [entry for entry in file.entries if entry.act == Act.ASSIGN]
    data = assignments[-1].data if file.unit and assignments else {}
    reason = str(data.get("reason") or data.get("rule") or "").removeprefix("为什么：")
    return Handler(directory.name(code), doing, reason, (unit.phone if unit else "") or site_phone)


def list_futures(file: CaseFile, *, is_rectifying: bool) -> list[tuple[str, str]]:
    """What is still to come, each with the promised day where one is."""
    level = todo_rules.newest_level(file.entries)
    key = "rectifying" if is_rectifying else "rated" if level and file.status is Status.REPLIED else file.status.value
    promise = build_promise(file)
    due = f"最晚 {day_words(promise.day, year=False)}，含当天" if promise else ""
    return [(words, due if words == "给您答复" else "") for words in own_case.FUTURES.get(key, ())]
