"""Who carries out the messages? A task inside the web process, or arq workers outside: the same handlers.

The outbox table is the queue of record in both shapes; Redis carries ids only, and losing it loses nothing.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from typing import Any

import structlog
from arq import create_pool, cron
from arq.connections import ArqRedis, RedisSettings
from arq.worker import Worker, func
from redis.exceptions import RedisError

from classify.learning import training_runs
from feedback.kernel import outbox
from web import bootstrap
from web.context import AppContext

_log = structlog.get_logger("worker")
_BATCH = 50
_POLL_SECONDS = 0.02
_JOB_SECONDS = 30


async def run_inside(context: AppContext) -> None:
    """Drain the outbox for as long as the process lives: at once when rung, else every few seconds."""
    handlers = bootstrap.handlers(context)
    await outbox.release_leases()
    await training_runs.release_leases()
    due_at = dict.fromkeys(bootstrap.TIMERS, 0.0)
    while True:
        context.wake_event.clear()
        try:
            await _run_timers(context, due_at)
            done = await outbox.run_due(handlers, context.clock.now(), _BATCH)
        except OSError as fault:  # the database is away: wait for it
            _log.warning("database does not answer", fault=str(fault))
            done = 0
        if not done:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(context.wake_event.wait(), context.settings.sweep_seconds)
        await asyncio.sleep(0)


async def _run_timers(context: AppContext, due_at: dict[str, float]) -> None:
    for name, (timer, seconds) in bootstrap.TIMERS.items():
        if time.monotonic() >= due_at[name]:
            await timer(context, context.clock.now())
            due_at[name] = time.monotonic() + seconds


async def ring_outside(pool: ArqRedis, context: AppContext) -> None:
    """Hand the due messages to the workers outside."""
    for message_id in await outbox.due(context.clock.now()):
        await pool.enqueue_job("run_message", message_id, _job_id=f"message-{message_id}")


def redis_settings(url: str) -> RedisSettings:
    return RedisSettings.from_dsn(url)


async def connect(context: AppContext) -> ArqRedis:
    """A pool to Redis that speaks JSON, not pickle."""
    return await create_pool(
        redis_settings(context.settings.redis_url), job_serializer=_packed, job_deserializer=_unpacked
    )


async def run_outside(context: AppContext) -> None:
    """An arq worker: runs for ever, also over a Redis that goes away and comes back."""
    handlers = bootstrap.handlers(context)
    due_at = dict.fromkeys(bootstrap.TIMERS, 0.0)

    async def run_message(ctx: dict[str, Any], message_id: int) -> bool:
        done = await outbox.run_one(message_id, handlers, context.clock.now())
        if done:  # what followed from it may run at once
            await ring_outside(ctx["redis"], context)
        return done

    async def relay(ctx: dict[str, Any]) -> None:
        await _run_timers(context, due_at)
        await ring_outside(ctx["redis"], context)

    while True:
        worker = Worker(
            functions=[func(run_message, name="run_message", keep_result=0, timeout=_JOB_SECONDS, max_tries=1)],
            cron_jobs=[
                cron(relay, name="relay", second=set(range(0, 60, 5)), keep_result=0, timeout=_JOB_SECONDS, unique=True)
            ],
            redis_settings=redis_settings(context.settings.redis_url),
            job_serializer=_packed,
            job_deserializer=_unpacked,
            poll_delay=_POLL_SECONDS,
            max_jobs=_BATCH,
            keep_result=0,
            handle_signals=False,
        )
        try:
            await worker.async_run()
        except (RedisError, OSError) as fault:
            _log.warning("Redis does not answer, trying again", fault=str(fault))
            await asyncio.sleep(1)
        finally:
            with contextlib.suppress(RedisError, OSError):
                await worker.close()


def _packed(job: Mapping[str, Any]) -> bytes:
    return json.dumps(job, default=str).encode()


def _unpacked(raw: bytes) -> dict[str, Any]:
    job: dict[str, Any] = json.loads(raw)
    return job
