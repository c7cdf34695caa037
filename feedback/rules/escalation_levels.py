"""Escalation levels of a running clock. The table ESCALATION_LEVELS, from the first warning to long overdue.

Who is notified at which level is said by `routing.notices.escalation`. Days after the due day are working days
(民法典 第二百零三条 moved the due day itself); a term in running hours or minutes has its stages in running hours. No I/O.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from feedback.kernel.clock import end_of_day, start_of_day
from feedback.rules.terms import RIGHTS, parse_length
from feedback.rules.workdays import Calendar


class Anchor(StrEnum):
    """From where a stage is counted."""

    WARN = "warn"  # the moment the light turns amber, set by the term's row
    DAY = "day"  # the beginning of the last day
    DUE = "due"  # the first instant too late


@dataclass(frozen=True, slots=True)
class EscalationLevel:
    """One row: its code, where it is counted from, and how long after in working days or running hours."""

    code: str
    label: str
    anchor: Anchor
    days: int = 0
    hours: int = 0
    label_in_hours: str = ""  # what it is called of a term in running hours, where that is not the same
    in_hours: bool = True  # whether a term in running hours has this stage


# fmt: off
ESCALATION_LEVELS: tuple[EscalationLevel, ...] = (
    EscalationLevel("amber",  "临期",              Anchor.WARN),
    EscalationLevel("today",  "今天到期",          Anchor.DAY, in_hours=False),
    EscalationLevel("late",   "超期",              Anchor.DUE),
    EscalationLevel("late_1", "超期满一个工作日",  Anchor.DUE, days=1, hours=2,  label_in_hours="超期满两小时"),
    EscalationLevel("late_3", "超期满三个工作日",  Anchor.DUE, days=3, hours=8,  label_in_hours="超期满八小时"),
    EscalationLevel("late_5", "超期满五个工作日",  Anchor.DUE, days=5, hours=24, label_in_hours="超期满二十四小时"),
)
# fmt: on


def label_level(code: str, length: str) -> str:
    """What a level is called of a clock of that length; the code itself when nobody knows it any more."""
    row = next((row for row in ESCALATION_LEVELS if row.code == code), None)
    if row is None:
        return code
    return row.label_in_hours if row.label_in_hours and parse_length(length).unit.runs else row.label


@dataclass(frozen=True, slots=True)
class ClockRun:
    """What the stages need to know of a clock."""

    warn_at: datetime
    due_legal_day: date
    due_at: datetime
    in_hours: bool


def to_clock_run(warn_at: datetime, due_legal_day: date, due_at: datetime, length: str) -> ClockRun:
    """The run of a stored clock."""
    return ClockRun(warn_at, due_legal_day, due_at, parse_length(length).unit.runs)


def compute_first_look(term: str, warn_at: datetime, due_legal_day: date, length: str) -> datetime | None:
    """When a fresh clock must be looked at first. None: it limits a right, and nobody is warned."""
    if term in RIGHTS:
        return None
    in_hours = parse_length(length).unit.runs
    return warn_at if in_hours else min(warn_at, start_of_day(due_legal_day))


def list_moments(run: ClockRun, calendar: Calendar) -> list[tuple[datetime, str]]:
    """When the clock reaches which stage, in order. A warning in the night of the last day would come too late to
    help: the morning of that day stands for it."""
    schedule = []
    for row in ESCALATION_LEVELS:
        if run.in_hours and not row.in_hours:
            continue
        if row.anchor is Anchor.WARN and not run.in_hours and run.warn_at >= start_of_day(run.due_legal_day):
            continue
        schedule.append((_moment(row, run, calendar), row.code))
    return sorted(schedule, key=lambda entry: entry[0])


def _moment(row: EscalationLevel, run: ClockRun, calendar: Calendar) -> datetime:
    match row.anchor:
        case Anchor.WARN:
            return run.warn_at
        case Anchor.DAY:
            return start_of_day(run.due_legal_day)
        case _ if run.in_hours:
            return run.due_at + timedelta(hours=row.hours)
        case _:
            return end_of_day(calendar.add_workdays(run.due_legal_day, row.days)) if row.days else run.due_at


def find_level(run: ClockRun, calendar: Calendar, now: datetime) -> tuple[str, datetime | None]:
    """The last stage the clock has reached ("" before the first), and when it reaches the next (None after the last)."""
    schedule = list_moments(run, calendar)
    reached_codes = [code for at, code in schedule if at <= now]
    next_moments = [at for at, _ in schedule if at > now]
    return reached_codes[-1] if reached_codes else "", min(next_moments, default=None)


def list_passed_levels(before: str, after: str) -> tuple[str, ...]:
    """The stages a clock went through since `before`, up to and with `after`, in the order of the table."""
    codes = [row.code for row in ESCALATION_LEVELS]
    first = codes.index(before) + 1 if before in codes else 0
    last = codes.index(after) + 1 if after in codes else 0
    return tuple(codes[first:last])
