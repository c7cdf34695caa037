"""Timers on a database: one process runs each, a failing one stops no other, slices are bounded and continue."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, time, timedelta

import pytest
from structlog.testing import capture_logs

from feedback.kernel import timers
from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.kernel.timers import BACK_OFF, Daily, Every, Slice, Timer, TimerRow
from tests.moments import MONDAY
from web import bootstrap
from web.context import AppContext

MINUTE = timedelta(minutes=1)


async def run_due(table: Mapping[str, Timer], now: datetime) -> list[str]:
    """What one look of a worker does; the names of the timers that ran without a failure."""
    rows = await timers.due(table, now)
    results = await asyncio.gather(*(timers.run_one(row, table[row.name], lambda: now) for row in rows))
    return [row.name for row, is_done in zip(rows, results, strict=True) if is_done]


class Job:
    """Work that counts its runs and fails when told to."""

    def __init__(self, slices: int = 1) -> None:
        self.slices, self.runs, self.positions = slices, 0, list[str]()
        self.fault: Exception | None = None

    async def __call__(self, now: datetime, position: str) -> Slice:
        self.positions.append(position)
        if self.fault:
            raise self.fault
        number = int(position or 0) + 1
        if number < self.slices:
            return Slice(str(number), is_done=False)
        self.runs += 1
        return Slice()


async def load_state(name: str) -> dict[str, object]:
    return next(row for row in await timers.states() if row["name"] == name)


async def test_a_failing_timer_is_logged_shown_and_backed_off_and_the_others_run(context: AppContext) -> None:
    broken, sound = Job(), Job()
    broken.fault = LookupError("no such unit")
    table = {"broken": Timer(Every(60), broken), "sound": Timer(Every(60), sound)}
    with capture_logs() as lines:
        assert await run_due(table, MONDAY) == ["sound"]
    assert [(line["timer"], line["log_level"]) for line in lines if line["event"] == "timer failed"] == [
        ("broken", "error")
    ]
    row = await load_state("broken")
    assert (row["failures"], row["due_at"]) == (1, MONDAY + BACK_OFF[0])
    assert "no such unit" in str(row["error"])
    assert row == (await timers.states())[0], "those that fail come first"
    assert await run_due(table, MONDAY + BACK_OFF[0] - timedelta(seconds=1)) == []
    await run_due(table, MONDAY + BACK_OFF[0])
    assert (await load_state("broken"))["due_at"] == MONDAY + BACK_OFF[0] + BACK_OFF[1]
    broken.fault = None
    assert "broken" in await run_due(table, MONDAY + 5 * MINUTE)
    row = await load_state("broken")
    assert (row["failures"], row["error"]) == (0, "")


async def test_the_error_is_shown_to_the_administrator(context: AppContext) -> None:
    broken = Job()
    broken.fault = LookupError("no such unit")
    await run_due({"propose_all": Timer(Every(60), broken)}, MONDAY)
    assert [(row["name"], row["failures"]) for row in await timers.states()] == [("propose_all", 1)]


async def test_two_workers_that_look_at_once_run_a_timer_once(context: AppContext) -> None:
    job = Job()
    table = {"night": Timer(Every(60), job)}
    first, second = await timers.due(table, MONDAY), await timers.due(table, MONDAY)
    results = await asyncio.gather(*(timers.run_one(row, table["night"], lambda: MONDAY) for row in (*first, *second)))
    assert sorted(results) == [False, True]
    assert job.runs == 1


async def test_a_lease_keeps_others_away_until_it_is_over(context: AppContext) -> None:
    job = Job()
    table = {"long": Timer(Every(60), job, timeout_seconds=60)}
    await timers.due(table, MONDAY)
    await TimerRow.filter(name="long").update(leased_until=MONDAY + 2 * MINUTE)  # of a process that was killed
    assert await run_due(table, MONDAY + MINUTE) == []
    assert await run_due(table, MONDAY + 2 * MINUTE) == ["long"]


async def test_the_next_slice_goes_on_where_the_last_one_ended_also_after_a_failure(context: AppContext) -> None:
    job = Job(slices=4)
    table = {"scan": Timer(Every(60), job)}
    await timers.due(table, MONDAY)
    await TimerRow.filter(name="scan").update(position="2")  # as the slices of a killed process left it
    assert await run_due(table, MONDAY) == ["scan"]
    assert job.positions == ["2", "3"]
    assert (await load_state("scan"))["position"] == ""
    await run_due(table, MONDAY + MINUTE)
    assert job.positions[2:] == ["", "1", "2", "3"]


async def test_what_is_left_when_the_time_is_up_is_due_again_at_once(context: AppContext) -> None:
    job = Job(slices=3)
    table = {"scan": Timer(Every(600), job, timeout_seconds=0)}
    with capture_logs():
        row = (await timers.due(table, MONDAY))[0]
    # With no time at all the first slice is ended at its first wait; a slice that never waits is the run.
    await timers.run_one(row, table["scan"], lambda: MONDAY)
    assert job.positions == [""]
    assert ((await load_state("scan"))["position"], (await load_state("scan"))["due_at"]) == ("1", MONDAY)
    await run_due(table, MONDAY)
    await run_due(table, MONDAY)
    assert job.runs == 1
    assert (await load_state("scan"))["due_at"] == MONDAY + timedelta(seconds=600)


async def test_a_slice_that_never_ends_is_cancelled_and_reported(context: AppContext) -> None:
    async def hang(now: datetime, position: str) -> Slice:
        await asyncio.Event().wait()
        return Slice()

    with capture_logs():
        assert await run_due({"hangs": Timer(Every(60), hang, timeout_seconds=0)}, MONDAY) == []
    assert "took longer than 0 s" in str((await load_state("hangs"))["error"])


async def test_a_process_that_ends_gives_its_timer_back_at_once(context: AppContext) -> None:
    begun = asyncio.Event()

    async def wait(now: datetime, position: str) -> Slice:
        begun.set()
        await asyncio.Event().wait()
        return Slice()

    task = asyncio.create_task(timers.run_for_ever({"waits": Timer(Every(60), wait)}, lambda: MONDAY))
    await begun.wait()
    assert (await load_state("waits"))["leased_until"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await load_state("waits"))["leased_until"] is None


@pytest.mark.parametrize("hour", [0, 3, 9, 12, 23])
async def test_what_looks_at_everything_runs_at_night_wherever_the_process_starts(
    context: AppContext, hour: int
) -> None:
    start = to_utc(datetime(2026, 9, 14, hour, 7, tzinfo=OFFICE_TIMEZONE))
    table = bootstrap.timers(context)
    nightly = {name for name, timer in table.items() if isinstance(timer.schedule, Daily)}
    assert {"propose_all", "close_rated_out", "close_period", "forget_persons", "refold_outcomes"} <= nightly
    due = {row.name for row in await timers.due(table, start)}
    assert due == table.keys() - nightly
    planned = {
        row["name"]: row["due_at"].astimezone(OFFICE_TIMEZONE)
        for row in await timers.states()
        if row["name"] in nightly
    }
    assert planned.keys() == nightly
    assert all(time(0) <= at.time() < time(6) for at in planned.values())
    assert all(start < at <= start + timedelta(days=1) for at in planned.values())


async def test_a_clock_that_was_set_back_keeps_no_timer_waiting(context: AppContext) -> None:
    job = Job()
    table = {"sweep": Timer(Every(60), job)}
    await run_due(table, MONDAY + timedelta(days=60))
    assert await run_due(table, MONDAY) == ["sweep"]
    await TimerRow.filter(name="sweep").update(due_at=MONDAY, leased_until=MONDAY + timedelta(days=60))
    assert await run_due(table, MONDAY) == ["sweep"]


async def test_every_timer_of_the_system_runs_through_on_an_empty_town(context: AppContext) -> None:
    for timer in bootstrap.timers(context).values():
        await timers.run_through(timer, MONDAY)
