"""Periodic jobs as rows with due time, lease and last error, each run once over all processes.

A timer does its work in bounded slices and may say where the next one goes on, so that none holds the database for
long and a killed one loses a slice at most. Which process runs it is decided by a lease, taken by compare-and-set. One
that fails keeps its error, is backed off and stops no other.
"""

import asyncio
import contextlib
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import structlog
from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model
from tortoise.queryset import QuerySet

from feedback.kernel import db
from feedback.kernel.clock import OFFICE_TIMEZONE, monotonic

BACK_OFF = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=10))
"""How long a timer waits after its first, second, … failure in a row."""

LOOK_SECONDS = 2.0
"""How often a worker looks for timers that are due."""

SLOW_SECONDS = 10.0
"""A run longer than this is logged."""

_REST_MOST = 5.0
_REST_SHARE = 4  # how many times as long as a slice it rests while messages wait
_GRACE = timedelta(seconds=10)
_LEEWAY = timedelta(minutes=1)
_log = structlog.get_logger("timers")


@dataclass(frozen=True, slots=True)
class Every:
    """Due every so many seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Daily:
    """Due once a day at a time of the office (Asia/Shanghai)."""

    at: time


Schedule = Every | Daily


@dataclass(frozen=True, slots=True)
class Slice:
    """What one slice of a timer's work came to: where the next slice goes on, and whether this run is done.

    `position` is stored with the timer and handed to the next slice, also to the first one of the next run.
    """

    position: str = ""
    is_done: bool = True


Run = Callable[[datetime, str], Awaitable[Slice]]
"""One slice of work: the time (aware, UTC) and the position to go on from ("" at the beginning)."""


@dataclass(frozen=True, slots=True)
class Timer:
    """When something is due, what one slice of it does, and how long a slice may take at most.

    A run begins no further slice after `timeout_seconds`; what is left is due again at once.
    """

    schedule: Schedule
    run: Run
    timeout_seconds: int = 60


class TimerRow(Model):
    """Timers with when they are due, who runs them now and how the last run went"""

    name = fields.CharField(primary_key=True, max_length=60)
    due_at = db.InstantField()
    leased_until = db.InstantField(null=True)
    position = fields.CharField(max_length=200, default="")
    last_started_at = db.InstantField(null=True)
    last_finished_at = db.InstantField(null=True)
    last_duration_ms = fields.BigIntField(default=0)
    failures = fields.IntField(default=0)
    error = fields.TextField(default="")

    class Meta:
        table = "kernel_timer"


def first_due(schedule: Schedule, now: datetime) -> datetime:
    """When a timer nobody knew before is due: at once, or at its next time of day."""
    match schedule:
        case Every():
            return now
        case Daily(at):
            return _next_local(at, now)


def next_due(schedule: Schedule, due_at: datetime, now: datetime) -> datetime:
    """When it is due after the run that was due at `due_at` and ends `now`: always later than `now`.

    Counted on from the due time and not from the end of the run, so that it does not drift. Times that passed meanwhile
    are not made up for one by one.
    """
    match schedule:
        case Every(seconds):
            step = timedelta(seconds=seconds)
            return due_at + step * max(1, (now - due_at) // step + 1)
        case Daily(at):
            return _next_local(at, now)


def retry_at(failures: int, now: datetime) -> datetime:
    """When it is tried again after so many failures in a row (1 for the first)."""
    return now + BACK_OFF[min(max(failures, 1), len(BACK_OFF)) - 1]


def latest_due(schedule: Schedule, now: datetime) -> datetime:
    """A due time later than this comes from a clock that was set back since."""
    regular = (
        _next_local(schedule.at, now) if isinstance(schedule, Daily) else now + timedelta(seconds=schedule.seconds)
    )
    return max(regular, now + BACK_OFF[-1]) + _LEEWAY


def _next_local(at: time, now: datetime) -> datetime:
    local = now.astimezone(OFFICE_TIMEZONE)
    due = datetime.combine(local.date(), at, OFFICE_TIMEZONE)
    if due <= local:
        due = datetime.combine(local.date() + timedelta(days=1), at, OFFICE_TIMEZONE)
    return due.astimezone(now.tzinfo)


async def run_through(timer: Timer, now: datetime) -> None:
    """Do all of a timer's work as of `now`, without its row: for commands and the demo town."""
    position = ""
    while not (part := await timer.run(now, position)).is_done:
        position = part.position


def _never() -> bool:
    return False


async def run_for_ever(
    timers: Mapping[str, Timer], clock: Callable[[], datetime], is_busy: Callable[[], bool] = _never
) -> None:
    """Look every few seconds and run what is due, each timer as a task of its own, so that none waits for another.

    But of the daily ones one runs at a time, the one that waits longest, for as long as its time-out, and then the
    next: a missed night is caught up in the day without a dozen full scans at once. While `is_busy` says that messages
    wait, the slices of all of them are further apart.
    """
    running: dict[str, asyncio.Task[bool]] = {}
    try:
        await TimerRow.exclude(name__in=list(timers)).delete()  # what this version has no more
        while True:
            _log_broken(running)
            for row in await due(timers, clock()):
                if row.name not in running and not _must_wait(row.name, running, timers):
                    running[row.name] = asyncio.create_task(run_one(row, timers[row.name], clock, is_busy))
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


def _must_wait(name: str, running: Iterable[str], timers: Mapping[str, Timer]) -> bool:
    return isinstance(timers[name].schedule, Daily) and any(
        isinstance(timers[other].schedule, Daily) for other in running
    )


def _log_broken(running: dict[str, asyncio.Task[bool]]) -> None:
    """Drop the tasks that ended. A timer's own fault stands in its row; what is left is that the row was not written."""
    for name in [name for name, task in running.items() if task.done()]:
        fault = running.pop(name).exception()
        if fault is not None:
            _log.error("row of the timer could not be written", timer=name, exc_info=fault)


async def due(timers: Mapping[str, Timer], now: datetime) -> list[TimerRow]:
    """The timers to run now, those that wait longest first. Makes the rows of new ones."""
    rows = {row.name: row for row in await TimerRow.filter(name__in=list(timers))}
    for name in timers.keys() - rows.keys():
        with contextlib.suppress(IntegrityError):  # another process made it just now, and finds it due as well
            rows[name] = await TimerRow.create(name=name, due_at=first_due(timers[name].schedule, now))
    for row in rows.values():
        timer = timers[row.name]
        if row.due_at > latest_due(timer.schedule, now):
            again = first_due(timer.schedule, now)
            if await TimerRow.filter(name=row.name, due_at=row.due_at).update(due_at=again, leased_until=None):
                await row.refresh_from_db()
    waiting = [row for row in rows.values() if row.due_at <= now and _is_free(row, timers[row.name], now)]
    return sorted(waiting, key=lambda row: (row.due_at, row.name))


def _is_free(row: TimerRow, timer: Timer, now: datetime) -> bool:
    # A lease that ends later than any may comes from a clock that was set back.
    return row.leased_until is None or not now < row.leased_until <= now + _lease(timer) + _LEEWAY


def _lease(timer: Timer) -> timedelta:
    return 2 * timedelta(seconds=timer.timeout_seconds) + _GRACE  # a slice may begin just before the time is up


async def run_one(
    row: TimerRow, timer: Timer, clock: Callable[[], datetime], is_busy: Callable[[], bool] = _never
) -> bool:
    """Run a timer that is due, if nobody else took it. Returns whether it ran without a failure."""
    now, started = clock(), monotonic()
    until = now + _lease(timer)
    unchanged = TimerRow.filter(name=row.name, due_at=row.due_at)
    if row.leased_until is None:
        unchanged = unchanged.filter(leased_until__isnull=True)
    else:
        unchanged = unchanged.filter(leased_until=row.leased_until)
    if not await unchanged.update(leased_until=until, last_started_at=now):
        return False
    mine = TimerRow.filter(name=row.name, leased_until=until)
    try:
        is_done = await _slices(row, timer, mine, clock, is_busy)
    except asyncio.CancelledError:  # the process ends: another one goes on from the last slice
        await mine.update(leased_until=None)
        raise
    except Exception as fault:  # the one place where everything is caught: the error is kept and shown
        failures = row.failures + 1
        _log.error("timer failed", timer=row.name, failures=failures, exc_info=fault)
        await mine.update(
            **_outcome(clock(), started),
            due_at=retry_at(failures, clock()),
            failures=failures,
            error=_words(fault, timer)[:2000],
        )
        return False
    now = clock()
    again = next_due(timer.schedule, row.due_at, now) if is_done else now
    await mine.update(**_outcome(now, started), due_at=again, failures=0, error="")
    if (seconds := monotonic() - started) > SLOW_SECONDS:
        _log.warning("slow timer", timer=row.name, seconds=round(seconds, 1), is_done=is_done)
    return True


async def _slices(
    row: TimerRow, timer: Timer, mine: QuerySet[TimerRow], clock: Callable[[], datetime], is_busy: Callable[[], bool]
) -> bool:
    """Slice after slice until the work is done or the time is up. Returns whether it is done."""
    position, started = row.position, monotonic()
    while True:
        begun = monotonic()
        async with asyncio.timeout(timer.timeout_seconds):
            part = await timer.run(clock(), position)
        if part.position != position:
            position = part.position
            await mine.update(position=position)
        if part.is_done or monotonic() - started >= timer.timeout_seconds:
            return part.is_done
        rest = (monotonic() - begun) * (_REST_SHARE if is_busy() else 1)
        await asyncio.sleep(min(rest, _REST_MOST))  # at least as long for the messages as for itself


def _outcome(now: datetime, started: float) -> dict[str, Any]:
    return {
        "leased_until": None,
        "last_finished_at": now,
        "last_duration_ms": round((monotonic() - started) * 1000),
    }


def _words(fault: Exception, timer: Timer) -> str:
    if isinstance(fault, TimeoutError) and not fault.args:
        return f"TimeoutError: a slice took longer than {timer.timeout_seconds} s"
    return "".join(traceback.format_exception_only(fault))


async def states() -> list[dict[str, Any]]:
    """Every timer as its row says, those that fail first.

    Keys: `name`, `due_at`, `leased_until`, `last_started_at`, `last_finished_at` (aware, UTC, or None),
    `last_duration_ms`, `failures` (in a row), `error` (text of the last failure, "" after a success), `position`.
    """
    names = (
        "name",
        "due_at",
        "leased_until",
        "last_started_at",
        "last_finished_at",
        "last_duration_ms",
        "failures",
        "error",
        "position",
    )
    return list(await TimerRow.all().order_by("-failures", "name").values(*names))
