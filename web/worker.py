"""The worker that handles outbox messages and timers: a task in the web process, or arq processes.

The outbox table is the queue of record in both shapes; Redis carries ids only, and losing it loses nothing. Messages,
timers and the heartbeat run side by side, each supervised: what raises is logged and begun again after a pause, and
none of them can stop another or end without a word.
"""

import asyncio
import contextlib
import json
import math
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from arq.connections import ArqRedis, RedisSettings
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from classify.learning import training_runs
from feedback.kernel import heartbeat, outbox, timers
from feedback.kernel.clock import monotonic
from web import bootstrap
from web.context import AppContext

PAUSES: Final = (0.5, 1.0, 5.0, 15.0)
"""Seconds before what failed is begun again: after the first failure in a row, the second, …"""

STUCK_SECONDS: Final = 90.0
"""A round of messages never takes so long: it begins none after 10 s, and a handler has 45. Then the loop is stuck."""

_BATCH: Final = 50
_JOBS_AT_ONCE: Final = 8
"""As many as the database has connections for one process: more only wait for each other, and for less urgent ones."""

_HANDED_OVER: Final = 4 * _JOBS_AT_ONCE
_POLL_SECONDS: Final = 0.02
_JOB_SECONDS: Final = outbox.HANDLER_SECONDS + 15  # the outbox ends a slow handler itself, and keeps the error
_WITHOUT_REDIS_SECONDS: Final = 15.0
_CLOSE_SECONDS: Final = 10.0
_log = structlog.get_logger("worker")


@dataclass
class Pulse:
    """When the messages of this worker last moved on, in seconds of `monotonic`, and whether some wait."""

    at: float = field(default_factory=monotonic)
    is_busy: bool = False

    def touch(self) -> None:
        self.at = monotonic()

    @property
    def seconds(self) -> float:
        return monotonic() - self.at


def name_of(shape: str) -> str:
    """What this worker is called in its heartbeat: host, process, inside or outside."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{shape}"


async def supervised(what: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do something that never ends; when it does, by whatever error, log that and begin it again after a pause."""
    failures = 0
    while True:
        begun = monotonic()
        try:
            await work()
        except (RedisError, OSError) as fault:  # what it needs is away: known, no trace needed
            why: dict[str, Any] = {"fault": f"{type(fault).__name__}: {fault}"}
        except Exception as fault:  # nothing that happens in it may end the worker in silence
            why = {"exc_info": fault}
        else:
            why = {"fault": "ended"}
        failures = 1 if monotonic() - begun > max(PAUSES) else failures + 1
        pause = PAUSES[min(failures, len(PAUSES)) - 1]
        _log.error("part of the worker failed", part=what, failures=failures, again_in=pause, **why)
        await asyncio.sleep(pause)


@asynccontextmanager
async def _alive(context: AppContext, shape: str, pulse: Pulse) -> AsyncIterator[None]:
    """The heartbeat and the timers of a worker beside its messages, for as long as it runs."""
    worker_id, table = name_of(shape), bootstrap.timers(context)
    beating = asyncio.create_task(supervised("heartbeat", lambda: _beat(context, worker_id, pulse)))
    timing = asyncio.create_task(supervised("timers", lambda: _run_timers(context, table, pulse)))
    _log.info("worker starts", worker=worker_id, timers=len(table))
    try:
        yield
    finally:
        for task in (beating, timing):
            task.cancel()
        await asyncio.gather(beating, timing, return_exceptions=True)
        with contextlib.suppress(Exception):  # the database may be what ends it
            await heartbeat.leave(worker_id)
        _log.info("worker ends", worker=worker_id)


async def _run_timers(context: AppContext, table: Mapping[str, timers.Timer], pulse: Pulse) -> None:
    """The timers, once the demo town is filled: until then its simulation does what they would."""
    while context.simulated_before is not None:  # noqa: ASYNC110 - for the minute in which a demo is filled
        await asyncio.sleep(1)
    await timers.run_for_ever(table, context.clock.now, lambda: pulse.is_busy)


async def _beat(context: AppContext, worker_id: str, pulse: Pulse) -> None:
    await heartbeat.forget_gone(context.clock.now())
    while True:
        if pulse.seconds > STUCK_SECONDS:
            _log.error("messages stand still", worker=worker_id, seconds=round(pulse.seconds))
        else:
            await heartbeat.beat(worker_id, context.clock.now())
        await asyncio.sleep(heartbeat.EVERY_SECONDS)


async def run_in_process(context: AppContext) -> None:
    """Drain the outbox for as long as the process lives: at once when woken, else every few seconds."""
    handlers, pulse, is_first = bootstrap.build_handlers(context), Pulse(), True

    async def messages() -> None:
        nonlocal is_first
        if is_first:
            await outbox.release_leases()
            await training_runs.release_leases()
            is_first = False
        while True:
            pulse.touch()
            context.wake_event.clear()
            async with asyncio.timeout(STUCK_SECONDS):
                count = await outbox.run_due(handlers, context.clock.now(), _BATCH, since=context.simulated_before)
            pulse.is_busy = bool(count)
            if not count:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(context.wake_event.wait(), context.settings.sweep_seconds)
            await asyncio.sleep(0)

    async with _alive(context, "inside", pulse):
        await supervised("messages", messages)


class Relay:
    """Hands the ids of due messages to the workers outside; asked again meanwhile, it looks once more and not twice."""

    def __init__(self, pool: ArqRedis, now: Callable[[], datetime]) -> None:
        self.pool, self.now = pool, now
        self._is_busy = self._again = False

    async def hand_over(self) -> int:
        """Hand over what is due. Returns how many messages were due at the last look, 0 also when another look goes on.

        Raises RedisError and OSError when Redis does not answer.
        """
        self._again, count = True, 0
        if self._is_busy:
            return 0
        self._is_busy = True
        try:
            while self._again:
                self._again = False
                ids = await outbox.list_due_ids(self.now(), _HANDED_OVER)
                count = len(ids)
                for message_id in ids:
                    await self.pool.enqueue_job("run_message", message_id, _job_id=f"message-{message_id}")
        finally:
            self._is_busy = False
        return count


def redis_settings(url: str) -> RedisSettings:
    return RedisSettings.from_dsn(url)


def connect(context: AppContext) -> ArqRedis:
    """A pool to Redis that speaks JSON, not pickle. Connects when it is used: without Redis all starts as well."""
    pool: ConnectionPool = ConnectionPool.from_url(context.settings.redis_url)
    return ArqRedis(pool, job_serializer=_serialize, job_deserializer=_deserialize)


async def run_arq_worker(context: AppContext) -> None:
    """An arq worker: runs until it is stopped, and survives a Redis or a database that goes away and comes back."""
    task = asyncio.create_task(serve_outside(context))
    with contextlib.suppress(NotImplementedError):  # Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def serve_outside(context: AppContext) -> None:
    """What `run_outside` does until it is cancelled."""
    handlers, pool = bootstrap.build_handlers(context), connect(context)
    pulse, redis_pulse = Pulse(), Pulse(-math.inf)  # until Redis answers for the first time, it is away
    relay = Relay(pool, context.clock.now)

    async def run_message(ctx: dict[Any, Any], message_id: int) -> bool:
        try:
            done = await outbox.run_message(message_id, handlers, context.clock.now())
            if done:  # what followed from it may run at once
                await relay.hand_over()
        except Exception as fault:  # not the handler's, which the outbox keeps; arq's own log goes nowhere here
            _log.error("message could not be run", message=message_id, exc_info=fault)
            return False
        pulse.touch()
        return done

    async def hand_over() -> None:
        while True:
            pulse.is_busy = bool(await relay.hand_over())
            if not pulse.is_busy:
                pulse.touch()  # nothing is due, so nothing stands still
            redis_pulse.touch()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(context.wake_event.wait(), context.settings.sweep_seconds)
            context.wake_event.clear()

    async def without_redis() -> None:
        """Nobody hands the work over: it is found by looking."""
        while True:
            await asyncio.sleep(context.settings.sweep_seconds)
            if redis_pulse.seconds > _WITHOUT_REDIS_SECONDS:
                async with asyncio.timeout(STUCK_SECONDS):
                    while await outbox.run_due(handlers, context.clock.now(), _BATCH):
                        pulse.touch()
                pulse.touch()

    async with _alive(context, "outside", pulse):
        try:
            await asyncio.gather(
                supervised("arq", lambda: _consume(context, run_message)),
                supervised("relay", hand_over),
                supervised("sweep", without_redis),
            )
        finally:
            await pool.aclose()


async def _consume(context: AppContext, run_message: WorkerCoroutine) -> None:
    worker = Worker(
        functions=[func(run_message, name="run_message", keep_result=0, timeout=_JOB_SECONDS, max_tries=1)],
        redis_settings=redis_settings(context.settings.redis_url),
        job_serializer=_serialize,
        job_deserializer=_deserialize,
        poll_delay=_POLL_SECONDS,
        max_jobs=_JOBS_AT_ONCE,
        keep_result=0,
        handle_signals=False,
    )
    try:
        await worker.async_run()
    finally:
        # What it was doing is cancelled with it; the outbox gives it out again when its lease is over.
        with contextlib.suppress(RedisError, OSError, asyncio.CancelledError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await worker.close()


def _serialize(job: Mapping[str, Any]) -> bytes:
    return json.dumps(job, default=str).encode()


def _deserialize(raw: bytes) -> dict[str, Any]:
    job: dict[str, Any] = json.loads(raw)
    return job
