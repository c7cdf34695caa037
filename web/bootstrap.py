"""How do the parts make one system? The composition root: models, handlers, timers, and the office they run in.

The only module that knows all packages. Processes start in `web.__main__`; what each of them needs is opened here.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import structlog
from tortoise import Tortoise
from tortoise.migrations.api import migrate as run_migrations

import evaluation.jobs
import feedback.jobs
import routing.jobs
from classify.automation import outcomes
from classify.duplicates import link_proposals
from evaluation.kpi import definitions
from evaluation.publication import consultation_deadlines
from feedback import attachments
from feedback.kernel import db, outbox
from feedback.kernel.clock import SystemClock
from feedback.kernel.errors import Conflict, NotNow
from feedback.kernel.outbox import Handler
from feedback.kernel.settings import Settings
from feedback.record import calendar_editions, search
from feedback.rules import local_terms
from routing.notices import digests
from routing.notices.delivery import DeliveryPolicy
from routing.oversight import measures
from routing.oversight import proposals as supervision_proposals
from web.auth import sessions
from web.context import AppContext
from web.http import templating
from web.letters import issuing
from web.notify import channel
from web.presentation import flags as flag_views
from web.tasks import classification, topics, training
from web.tasks.unit_recommendation import UnitRecommendation

MODELS = (
    "feedback.kernel.heartbeat",
    "feedback.kernel.outbox",
    "feedback.record.models.case",
    "feedback.record.models.clocks",
    "feedback.record.models.calendar",
    "feedback.record.models.letters",
    "feedback.record.models.logs",
    "classify.models",
    "routing.models",
    "evaluation.models",
    "web.auth.models",
    "web.forms.models",
)
MIGRATIONS = "web.migrations"
_MIGRATION_LOCK = 7_219_411
_log = structlog.get_logger("boot")


def config(settings: Settings, *, migrating: bool = False) -> dict[str, Any]:
    """The Tortoise configuration of this installation."""
    return db.tortoise_config(settings.database, MODELS, MIGRATIONS, migrating=migrating)


def _promises(settings: Settings) -> tuple[local_terms.LocalTerm, ...]:
    """What the town promises beyond the law. Raises Invalid for a promise that loosens it."""
    return local_terms.read(Path(settings.promises).read_text("utf-8")) if settings.promises else ()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[AppContext]:
    """The office with its database open and its flag model ready.

    What `migrate` fitted is read; only where that file is missing or of another version is it fitted here, in seconds.
    """
    definitions.weights_of(
        settings.kpi_weights, settings.partly_solved
    )  # wrong weights stop the start, not a report in May
    settings.data.mkdir(parents=True, exist_ok=True)
    local_terms.adopt(_promises(settings))
    await flag_views.warm(settings.data)
    async with db.opened(config(settings)):
        context = AppContext(
            settings, SystemClock.starting_at(settings.now), templating.page, handlers, UnitRecommendation()
        )
        try:
            yield context
        finally:
            await context.shutdown()


async def migrate(settings: Settings) -> None:
    """Bring the installation to this version: database (one process at a time), word tables, flag model."""
    settings.data.mkdir(parents=True, exist_ok=True)
    await flag_views.warm(settings.data)
    async with _alone(settings):
        await run_migrations(config=config(settings, migrating=True))
        await Tortoise.close_connections()  # what the migration opened, it leaves open
        async with db.opened(config(settings)):
            if db.is_sqlite(settings.database):
                broken = await db.writing().execute_query_dict("PRAGMA foreign_key_check")
                if broken:
                    raise RuntimeError(f"migration left rows without their parents: {broken[:3]}")
            await search.prepare()


@asynccontextmanager
async def _alone(settings: Settings) -> AsyncIterator[None]:
    """Only one process migrates at a time; SQLite sees to that itself."""
    if db.is_sqlite(settings.database):
        yield
        return
    connection = await asyncpg.connect(settings.database)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _MIGRATION_LOCK)
        yield
    finally:
        await connection.close()


def handlers(context: AppContext) -> dict[str, Handler]:
    """What follows from what: every message kind and all that is done about it, in this order."""
    settings = context.settings
    found: dict[str, list[Handler]] = {"calendar.changed": [feedback.jobs.recount_all]}
    parts: tuple[Mapping[str, list[Handler]], ...] = (
        {
            "case.submit": [classification.handler(context.model, settings), link_proposals.propose],
        },
        {f"case.{act}": [classification.judge(settings.automatic_target)] for act in classification.PROPOSALS},
        {kind: [training.learn] for kind in training.TEACHING},
        {"case.reply": [topics.checker(context)]},
        routing.jobs.handlers(channel.of(settings), DeliveryPolicy.of(settings)),
        issuing.handlers(context),
        {kind: [step] for kind, step in evaluation.jobs.handlers(settings).items()},
    )
    for part in parts:
        for kind, steps in part.items():
            found.setdefault(kind, []).extend(steps)
    return _Table({kind: partial(_all, tuple(steps)) for kind, steps in found.items()})


class _Table(dict[str, Handler]):
    """Acts nobody follows up are done as soon as they are looked at."""

    def __missing__(self, kind: str) -> Handler:
        return _nothing


async def _nothing(payload: dict[str, Any], now: datetime) -> None:
    return


async def _all(steps: tuple[Handler, ...], payload: dict[str, Any], now: datetime) -> None:
    """Every step, also when one of them has nothing to do any more."""
    for step in steps:
        try:
            await step(payload, now)
        except NotNow:
            continue


Timer = Callable[[AppContext, datetime], Awaitable[object]]


async def _sweep(context: AppContext, now: datetime) -> None:
    if await feedback.jobs.sweep_clocks(now):
        context.wake_event.set()


async def _nightly(context: AppContext, now: datetime) -> None:
    settings = context.settings
    await feedback.jobs.tend_accounts(now)
    await feedback.jobs.close_rated_out(now, settings.rating_days)
    await feedback.jobs.forget_persons(now, settings.retention_years)
    await feedback.jobs.forget_senders(now)
    await link_proposals.fill()
    await attachments.forget_orphans(settings.data, now=now, hours=settings.orphan_hours)
    await sessions.forget_old(now, settings.draft_days)
    await evaluation.jobs.close_period(now, settings)
    await outbox.forget_done(now - timedelta(days=settings.message_days))
    with contextlib.suppress(Conflict):  # an outcome came in between: it is folded anyway, the rest tomorrow
        await outcomes.refold(settings.automatic_target)


async def _oversight(context: AppContext, now: datetime) -> None:
    """What must be looked into: proposed orders, measures nobody answered in time, consultations that wait too long."""
    manner = DeliveryPolicy.of(context.settings)
    await supervision_proposals.propose(now)
    told = await measures.remind(manner, now)
    if await consultation_deadlines.notify_overdue(manner, now) or told:
        context.wake_event.set()


async def _morning(context: AppContext, now: datetime) -> None:
    if await digests.ask(DeliveryPolicy.of(context.settings), now):
        context.wake_event.set()


TIMERS: Mapping[str, tuple[Timer, int]] = {
    # name: what, every so many seconds
    "learning": (training.tend, training.EVERY_SECONDS),
    "topics": (topics.tend, topics.EVERY_SECONDS),
    "sweep": (_sweep, 15),
    "morning": (_morning, 60),
    "oversight": (_oversight, 600),
    "nightly": (_nightly, 6 * 3600),
}


async def seed_calendar(context: AppContext) -> None:
    """The calendar is part of every installation, demo or not."""
    await calendar_editions.seed(context.clock.now())
