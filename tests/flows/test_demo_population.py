"""Is the demo town populated while the server runs, resumed after a stop, and without touching people's own cases?"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import feedback.jobs
from feedback.kernel import outbox
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.rules.access import SYSTEM, citizen
from feedback.rules.intake import PersonSubmission, Submission
from routing import directory
from tests.conftest import fresh
from tests.moments import MONDAY
from web import bootstrap
from web.actions import cases as case_actions
from web.auth import accounts
from web.context import AppContext
from web.demo import background_fill
from web.demo.background_fill import Progress
from web.demo.seed import TOWN
from web.demo.simulation import CASE_SOURCE, DemoSimulation
from web.imports import provisioning

CASES_COUNT, DAYS = 14, 16
THIS_AFTERNOON = f"{CASE_SOURCE}12"
"""The one of them that would come only after the simulation's end, by its fixed seed."""


@pytest.fixture
async def empty(blank: Settings, tmp_path: Path) -> AsyncIterator[AppContext]:
    """A migrated installation with nothing in it but the calendar, on a Monday in September."""
    async with fresh(blank, tmp_path) as settings, bootstrap.open_context(settings) as opened:
        context = replace(opened, clock=opened.clock.starting_at(MONDAY))
        await bootstrap.seed_calendar(context)
        yield context


async def _fill(context: AppContext) -> None:
    await background_fill.fill(context, CASES_COUNT, DAYS, has_waves=False)


async def _live_until(context: AppContext, day: int) -> None:
    """The first days of the town, stopped as a killed process is: in the middle of the first step after a midnight."""
    data = context.settings.data
    life = DemoSimulation(context, CASES_COUNT, DAYS, end=MONDAY)

    def at_midnight(at: datetime) -> None:
        Progress(MONDAY.isoformat(), at.isoformat()).save(data)
        if (at - life.start).days == day:
            current = asyncio.current_task()
            assert current is not None
            current.cancel()

    life.at_midnight = at_midnight
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.create_task(life.run())


async def test_a_stopped_population_resumes_and_creates_every_case_once(context: AppContext) -> None:
    data = context.settings.data
    await _live_until(context, 11)
    assert background_fill.is_unfinished(data)
    assert 0 < len(await case_queries.cases_by_source(CASE_SOURCE)) < CASES_COUNT
    await _fill(context)
    assert not background_fill.is_unfinished(data)
    filled = await case_queries.cases_by_source(CASE_SOURCE)
    assert set(filled) == {f"{CASE_SOURCE}{number}" for number in range(CASES_COUNT)} - {THIS_AFTERNOON}
    assert not [damage async for damage in feedback.jobs.find_damages(context.settings)]


async def test_a_finished_town_is_not_populated_again(context: AppContext) -> None:
    Progress(MONDAY.isoformat(), MONDAY.isoformat(), is_complete=True).save(context.settings.data)
    await background_fill.prepare(context)
    await _fill(context)
    assert not await case_queries.cases_by_source(CASE_SOURCE)


async def test_units_without_accounts_are_completed_at_the_next_start(empty: AppContext) -> None:
    Progress(MONDAY.isoformat()).save(empty.settings.data)
    await provisioning.provision(empty, provisioning.read_district(TOWN), author="demo")
    assert not await accounts.has_demo_accounts()
    await background_fill.prepare(empty)
    assert await accounts.has_demo_accounts()
    assert (await directory.load_actor("clerk-jiaoyu")).unit == "jiaoyu"


async def test_a_database_populated_elsewhere_is_left_unchanged(context: AppContext) -> None:
    before = (await directory.load_directory()).edition
    await background_fill.prepare(context)
    assert (await directory.load_directory()).edition == before
    assert not background_fill.is_unfinished(context.settings.data)


async def test_during_population_the_worker_handles_only_messages_of_people(context: AppContext) -> None:
    now = context.clock.now()
    context.simulated_before = now
    handlers = bootstrap.build_handlers(context)
    await outbox.put("case.held", "of-the-simulation", {"no": "20260801-000000"}, now - timedelta(days=30))
    draft = Submission(
        kind="help",
        title="清河路路灯不亮",
        text="清河路上三盏路灯坏了一周，晚上孩子放学看不清路，请维修。",
        channel="web",
        desk=context.settings.desk,
        person=PersonSubmission(name="安小娜", phone="13900001234"),
    )
    draft = case_actions.fill_submission(draft, await directory.load_directory(), context.settings.desk)
    receipt = await cases.submit(draft, citizen(""), now=now, vault=context.settings.vault)
    await outbox.run_due(handlers, context.clock.now(), since=context.simulated_before)
    assert (await case_queries.load_file(SYSTEM, receipt.no, vault=context.settings.vault)).category
    assert await outbox.Message.exists(key="of-the-simulation", done_at__isnull=True)
