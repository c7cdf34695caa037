"""What the citizen must or may do now, and until when they are answered, in words for pages and the API."""

from dataclasses import dataclass
from datetime import date, datetime

from feedback.rules import todo as todo_rules
from feedback.rules.clocks import Clock
from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import Act
from routing.directory import Directory
from web.wording.todo import TODOS


@dataclass(frozen=True, slots=True)
class TodoView:
    """The one thing to do in words; `question` and `asked_at` only where a unit asks something."""

    code: str
    act: Act
    label: str
    because: str
    hint: str
    button: str
    until: date | None
    question: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PromiseView:
    """The one date by which the citizen is answered. `explain_url` is "" for a clock that runs in hours."""

    day: date
    label: str
    explain_url: str
    clock: Clock


def build_todo(file: CaseFile, directory: Directory, now: datetime, rating_days: int) -> TodoView | None:
    """What the citizen is asked for now, in a file as they see it."""
    todo = todo_rules.find_todo(file, now, rating_days)
    if todo is None:
        return None
    words = TODOS[todo.code]
    question = str(todo.question.data.get("text", "")) if todo.question else ""
    unit = todo.question.unit if todo.question and todo.question.unit else file.unit
    names = {"unit": directory.short(unit) if unit else "承办单位", "question": question}
    return TodoView(
        code=todo.code,
        act=todo.act,
        label=words.label.format(**names),
        because=words.because.format(**names),
        hint=words.hint,
        button=words.button,
        until=todo.until,
        question=question,
        asked_at=todo.question.at if todo.question else None,
    )


def build_promise(file: CaseFile) -> PromiseView | None:
    """Until when the citizen is answered; None once they are, and for a report."""
    clock = todo_rules.find_promise(file.clocks)
    if clock is None:
        return None
    url = "" if clock.length.unit.runs else f"/case/clocks/{clock.seq}/{clock.term}"
    return PromiseView(clock.due_legal_day, clock.label, url, clock)
