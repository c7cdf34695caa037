"""The composition root: models, handlers, timers, and the `AppContext` they run in.

The only module that knows all packages. Processes start in `web.__main__`; what each of them needs is opened here.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta
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
from evaluation.ratings import disputes
from feedback import merged_cases, review_outcomes, search_rebuild
from feedback.attachments import FileStore, partial_uploads, upkeep
from feedback.kernel import db, outbox, schema, secret_check
from feedback.kernel.clock import SystemClock
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Conflict, Invalid, NotNow
from feedback.kernel.outbox import Handler
from feedback.kernel.secret_check import SecretState
from feedback.kernel.settings import Settings
from feedback.kernel.timers import Daily, Every, Run, Slice, Timer
from feedback.queries import supervision
from feedback.record import calendar_editions, deciders, people, search
from feedback.rules import lifecycle, local_ordinances, local_terms
from feedback.rules.vocabulary import PUBLIC_KINDS, Kind
from routing.notices import digests, inbox
from routing.notices.delivery import DeliveryPolicy
from routing.oversight import measures
from routing.oversight import proposals as supervision_proposals
from web.actions import personal_data
from web.auth import (
    citizen_cookie,
    citizen_sessions,
    drafts,
    login_attempts,
    message_sources,
    phone_codes,
    phone_counts,
)
from web.auth import sessions as auth_sessions
from web.context import AppContext
from web.http import templating
from web.letters import issuing
from web.notify import channel, citizen_texts, phone_messages
from web.presentation import flags as flag_views
from web.tasks import classification, topics, training
from web.tasks.unit_recommendation import UnitRecommendation

MODELS = (
    "feedback.kernel.heartbeat",
    "feedback.kernel.outbox",
    "feedback.kernel.secret_check",
    "feedback.kernel.timers",
    "feedback.record.models.case",
    "feedback.record.models.clocks",
    "feedback.record.models.calendar",
    "feedback.record.models.letters",
    "feedback.record.models.logs",
    "feedback.record.models.preferences",
    "classify.models",
    "routing.models",
    "evaluation.models",
    "web.auth.models",
    "web.forms.models",
)
MIGRATIONS = "web.migrations"
_MIGRATION_LOCK = 7_219_411
_log = structlog.get_logger("bootstrap")


def config(settings: Settings, *, migrating: bool = False) -> dict[str, Any]:
    """The Tortoise configuration of this installation."""
    return db.tortoise_config(
        settings.database, MODELS, MIGRATIONS, migrating=migrating, wait_seconds=settings.database_wait_seconds
    )


def _activate_local_rules(settings: Settings) -> None:
    """What the town promises beyond the law, and its own ordinances. Raises Invalid for a promise that loosens the law."""
    text = Path(settings.promises).read_text("utf-8") if settings.promises else ""
    local_terms.activate_local_terms(local_terms.parse_local_terms(text))
    local_ordinances.activate_ordinances(local_ordinances.parse_ordinances(text))


def _parse_sign_off_kinds(settings: Settings) -> tuple[Kind, ...]:
    """The kinds whose answers the district has signed. Raises Invalid for what is none."""
    names = [name.strip() for name in settings.sign_off_kinds.split(",") if name.strip()]
    if unknown := sorted(set(names) - set(PUBLIC_KINDS)):
        raise Invalid({"sign_off_kinds": f"unknown: {','.join(unknown)}"}, code="settings")
    return tuple(map(Kind, names))


@asynccontextmanager
async def open_context(settings: Settings) -> AsyncIterator[AppContext]:
    """The office with its database open and its flag model ready.

    What `migrate` fitted is read; only where that file is missing or of another version is it fitted here, in seconds.
    """
    definitions.parse_weights(
        settings.kpi_weights, settings.partly_solved
    )  # wrong weights stop the start, not a report in May
    settings.data.mkdir(parents=True, exist_ok=True)
    _activate_local_rules(settings)
    lifecycle.activate_sign_off(_parse_sign_off_kinds(settings))
    lifecycle.activate_simple_procedure(is_on=settings.simple_procedure)
    supervision.activate_rating_validity(disputes.find_invalid)
    channel.build_citizen_channels(settings)  # files of templates that cannot be read stop the start, not a notice
    await flag_views.prepare_model(settings.data)
    async with db.open_database(config(settings)):
        context = AppContext(
            settings,
            SystemClock.starting_at(settings.now),
            templating.render_page,
            build_handlers,
            UnitRecommendation(),
        )
        try:
            yield context
        finally:
            await context.shutdown()


async def migrate(settings: Settings) -> None:
    """Bring the installation to this version: database (one process at a time), word tables, flag model.

    Raises NotNow ("wrong_secret") when what is sealed in it was sealed under another secret.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    await flag_views.prepare_model(settings.data)
    async with _lock_migration(settings):
        await run_migrations(config=config(settings, migrating=True))
        await Tortoise.close_connections()  # what the migration opened, it leaves open
        async with db.open_database(config(settings)):
            if db.is_sqlite(settings.database):
                broken_rows = await db.write_connection().execute_query_dict("PRAGMA foreign_key_check")
                if broken_rows:
                    raise RuntimeError(f"migration left rows without their parents: {broken_rows[:3]}")
            await search.create_tables()
            await _settle_secret(settings)


async def _settle_secret(settings: Settings) -> None:
    """Seal the word that proves the vault, unless older data shows that this is not the one it was sealed under."""
    if await secret_check.state(settings.vault) is SecretState.MISSING and await feedback.jobs.opens(settings.vault):
        await secret_check.write(settings.vault, SystemClock.starting_at(settings.now).now())
    if await secret_check.state(settings.vault) is not SecretState.RIGHT:
        raise NotNow("wrong_secret")


async def is_right_secret(vault: Vault) -> bool:
    """Whether the data was sealed under this secret: the sealed word says so, and the newest of the data itself."""
    return await secret_check.state(vault) is SecretState.RIGHT and await feedback.jobs.opens(vault)


async def refuse_unfit(settings: Settings, *, with_secret: bool = True) -> None:
    """Refuse to work on a database that is not of this version, or whose data was sealed under another secret.

    Raises NotNow with code "no_schema", "migrations_pending" or "wrong_secret".
    """
    pending = await schema.pending(MIGRATIONS)
    if pending:
        raise NotNow("no_schema" if len(pending) == len(schema.known(MIGRATIONS)) else "migrations_pending")
    if with_secret and not await is_right_secret(settings.vault):
        raise NotNow("wrong_secret")


@asynccontextmanager
async def _lock_migration(settings: Settings) -> AsyncIterator[None]:
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


def build_handlers(context: AppContext) -> dict[str, Handler]:
    """What follows from what: every message kind and all that is done about it, in this order."""
    settings = context.settings
    texts = citizen_texts.build_texts(settings)
    handlers_by_kind: dict[str, list[Handler]] = {"calendar.changed": [feedback.jobs.recalculate_after_calendar_change]}
    handler_tables: tuple[Mapping[str, list[Handler]], ...] = (
        {
            "case.submit": [classification.build_handler(context.model, settings), link_proposals.propose_links],
        },
        {
            f"case.{act}": [classification.build_outcome_handler(settings.automatic_target)]
            for act in classification.PROPOSALS
        },
        {kind: [training.store_training_label] for kind in training.LABELLING_MESSAGES},
        {"case.reply": [topics.build_checker(context)]},
        merged_cases.build_handlers(),
        personal_data.build_handlers(settings),
        {"case.reply": [review_outcomes.send_back_to_be_redone]},
        routing.jobs.build_handlers(
            channel.select_sender(settings),
            channel.build_citizen_channels(settings),
            texts,
            DeliveryPolicy.of(settings),
        ),
        issuing.build_handlers(context),
        {phone_messages.MESSAGE: [phone_messages.build_handler(settings)]},
        {kind: [step] for kind, step in evaluation.jobs.build_handlers(settings, texts).items()},
    )
    for handler_table in handler_tables:
        for kind, steps in handler_table.items():
            handlers_by_kind.setdefault(kind, []).extend(steps)
    return _HandlerTable({kind: partial(_run_all, tuple(steps)) for kind, steps in handlers_by_kind.items()})


class _HandlerTable(dict[str, Handler]):
    """Acts nobody follows up are done as soon as they are looked at."""

    def __missing__(self, kind: str) -> Handler:
        return _do_nothing


async def _do_nothing(payload: dict[str, Any], now: datetime) -> None:
    return


async def _run_all(steps: tuple[Handler, ...], payload: dict[str, Any], now: datetime) -> None:
    """Every step, also when one of them has nothing to do any more."""
    for step in steps:
        try:
            await step(payload, now)
        except NotNow:
            continue


def timers(context: AppContext) -> dict[str, Timer]:
    """Everything that comes round by the clock, each timer one job.

    By day only what is found by an index; what looks at everything belongs to the night, one after the other.
    """
    settings, manner = context.settings, DeliveryPolicy.of(context.settings)
    store = FileStore.of(settings)

    async def sweep_clocks(now: datetime, position: str) -> Slice:
        count, is_done = await feedback.jobs.sweep_some_clocks(now)
        if count:
            context.wake()
        return Slice(is_done=is_done)

    async def propose_changed(now: datetime, position: str) -> Slice:
        _, last, is_done = await supervision_proposals.propose_changed(now, position)
        return Slice(last, is_done)

    async def propose_all(now: datetime, position: str) -> Slice:
        return _from((await supervision_proposals.propose_some(now, position))[1])

    async def remind_measures(now: datetime, position: str) -> Slice:
        count = await measures.send_reminders(manner, now)
        if count:
            context.wake()
        return Slice(is_done=not count)

    async def digest(now: datetime, position: str) -> Slice:
        if await digests.request_digest(manner, now):
            context.wake()
        return Slice()

    async def alarm(now: datetime, position: str) -> Slice:
        number = int(position or 0)
        if await consultation_deadlines.notify_slice(manner, now, number):
            context.wake()
        return Slice() if consultation_deadlines.is_last(number) else Slice(str(number + 1), is_done=False)

    async def tend_accounts(now: datetime, position: str) -> Slice:
        _, last = await feedback.jobs.tend_some_accounts(now, int(position or 0))
        return _behind(last)

    async def close_rated_out(now: datetime, position: str) -> Slice:
        return _from((await feedback.jobs.close_some_rated_out(now, settings.rating_days, position))[1])

    async def forget_persons(now: datetime, position: str) -> Slice:
        if not position:
            await inbox.forget_recipients(now - timedelta(days=366 * settings.retention_years))
        _, last = await feedback.jobs.forget_some_persons(now, settings.retention_years, int(position or 0))
        return _behind(last)

    async def fill_repeats(now: datetime, position: str) -> Slice:
        return _behind((await link_proposals.backfill_some(int(position or 0)))[1])

    async def rebuild_search(now: datetime, position: str) -> Slice:
        return _from((await search_rebuild.rebuild_some(position))[1])

    async def refold_outcomes(now: datetime, position: str) -> Slice:
        try:
            return _from((await outcomes.recompute_some_cells(settings.automatic_target, position))[1])
        except Conflict:  # an outcome came in between: they are recalculated anyway, this category is retried
            return Slice(position, is_done=False)

    async def orphans(now: datetime) -> int:
        await partial_uploads.delete_expired(store, now=now)
        return await upkeep.delete_orphans(store, now=now, hours=settings.orphan_hours)

    async def encrypt_files(now: datetime, position: str) -> Slice:
        return _from(await upkeep.encrypt_some(store, position))

    async def scan_files(now: datetime, position: str) -> Slice:
        return _from(await upkeep.scan_some(store, position))

    def messages(now: datetime) -> Awaitable[int]:
        return outbox.delete_done(now - timedelta(days=settings.message_days))

    async def sessions(now: datetime) -> int:
        count = await auth_sessions.delete_expired(now, settings.draft_days)
        return count + await citizen_sessions.delete_expired(now)

    def shared_drafts(now: datetime) -> Awaitable[int]:
        return drafts.delete_expired_shared(context, now)

    async def browsers(now: datetime) -> int:
        return await citizen_cookie.delete_expired_revocations(now) + await message_sources.delete_old(now)

    async def old_attempts(now: datetime) -> int:
        count = await login_attempts.delete_old(now, settings.lock_minutes)
        return count + await phone_counts.delete_old(now) + await phone_codes.delete_expired(now)

    return {
        "learning": Timer(Every(5), _whole(partial(training.run_timer, context))),
        "sweep_clocks": Timer(Every(15), sweep_clocks),
        "digests": Timer(Every(60), digest),
        "rebuild_search": Timer(Every(600), rebuild_search),
        "scan_files": Timer(Every(60), scan_files, timeout_seconds=300),
        "encrypt_files": Timer(Every(3600), encrypt_files, timeout_seconds=300),
        "propose_changed": Timer(Every(600), propose_changed),
        "remind_measures": Timer(Every(600), remind_measures),
        "topics": Timer(Every(6 * 3600), _whole(partial(topics.update_topics, context)), timeout_seconds=1200),
        "alarms": Timer(Daily(time(0, 15)), alarm),
        "propose_all": Timer(Daily(time(0, 30)), propose_all),
        "tend_accounts": Timer(Daily(time(1, 0)), tend_accounts),
        "close_rated_out": Timer(Daily(time(1, 15)), close_rated_out),
        "close_period": Timer(
            Daily(time(2, 0)),
            _whole(lambda now: evaluation.jobs.close_period(now, settings)),
            timeout_seconds=1800,
        ),
        "fill_repeats": Timer(Daily(time(2, 30)), fill_repeats),
        "forget_persons": Timer(Daily(time(3, 0)), forget_persons),
        "forget_senders": Timer(Daily(time(3, 20)), _until_none(feedback.jobs.forget_some_senders)),
        "forget_orphans": Timer(Daily(time(3, 30)), _until_none(orphans)),
        "forget_shared_drafts": Timer(Every(60), _until_none(shared_drafts)),
        "forget_sessions": Timer(Daily(time(3, 40)), _until_none(sessions)),
        "forget_browsers": Timer(Daily(time(3, 42)), _until_none(browsers)),
        "forget_login_attempts": Timer(Daily(time(3, 45)), _until_none(old_attempts)),
        "forget_messages": Timer(Daily(time(3, 50)), _until_none(messages)),
        "refold_outcomes": Timer(Daily(time(4, 10)), refold_outcomes, timeout_seconds=300),
    }


def _whole(work: Callable[[datetime], Awaitable[object]]) -> Run:
    """Work that is one slice."""

    async def run(now: datetime, position: str) -> Slice:
        await work(now)
        return Slice()

    return run


def _until_none(work: Callable[[datetime], Awaitable[int]]) -> Run:
    """Work whose slices find by themselves what is left, until none is."""

    async def run(now: datetime, position: str) -> Slice:
        return Slice(is_done=not await work(now))

    return run


def _behind(last: int) -> Slice:
    """Go on behind that id; 0: it was the end."""
    return _from(str(last or ""))


def _from(position: str) -> Slice:
    return Slice(position, is_done=not position)


async def seed_calendar(context: AppContext) -> None:
    """The calendar is part of every installation, demo or not."""
    await calendar_editions.seed_calendar(context.clock.now())


async def fill_new_columns(context: AppContext) -> None:
    """What a newer version stores of people and cases, for those of an older one."""
    await people.fill_id_tails(context.settings.vault)
    await deciders.fill_deciders()
