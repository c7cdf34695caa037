"""What every test may rely on: a migrated database of its own, the demo town in it, and people at the doors.

SQLite by default, PostgreSQL with TEST_DATABASE_URL=postgres://…/name (databases are made from a template there).
Each test gets a fresh copy, so tests never see each other's cases.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from xdist.scheduler import LoadScopeScheduling

from feedback.kernel.clock import OFFICE, aware
from feedback.kernel.settings import Settings
from tests.people import Door
from web import bootstrap
from web.cli.serve import log_as
from web.context import AppContext
from web.demo import seed

MONDAY = aware(datetime(2026, 9, 14, 9, 0, tzinfo=OFFICE))
POSTGRES = os.environ.get("TEST_DATABASE_URL", "")


class OneBrowser(LoadScopeScheduling):  # type: ignore[misc] # no types come with it
    """On several cores: tests of pages stay together, beside one browser and one served town; others go anywhere."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/browser" if nodeid.startswith("tests/browser/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneBrowser:
    return OneBrowser(config, log)


def _settings(data: Path, url: str = "") -> Settings:
    return Settings(data=data, database_url=url, now=None, log_level="error")


def _other_database(url: str, name: str) -> str:
    return url.rsplit("/", 1)[0] + "/" + name


async def _run_sql(*statements: str) -> None:
    connection = await asyncpg.connect(POSTGRES.replace("postgres://", "postgresql://"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def town() -> Iterator[Settings]:
    """A migrated database with the town's units, accounts and calendar, and no case yet: the template of all others."""
    log_as(Settings(log_level="error"))
    folder = Path(tempfile.mkdtemp(prefix="xinqiao-"))
    name = f"xq_{uuid4().hex[:12]}"
    settings = _settings(folder, _other_database(POSTGRES, name) if POSTGRES else "")

    async def prepare() -> None:
        if POSTGRES:
            await _run_sql(f"CREATE DATABASE {name}")
        await bootstrap.migrate(settings)
        async with bootstrap.opened(settings) as context:
            context = replace(context, clock=context.clock.starting_at(MONDAY))
            await bootstrap.seed_calendar(context)
            await seed.settle(context)

    asyncio.run(prepare())
    yield settings
    if POSTGRES:
        asyncio.run(_run_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def fresh(town: Settings, folder: Path) -> AsyncIterator[Settings]:
    """A copy of the town's database for one test."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    releases = town.data / "releases"
    if releases.exists():
        shutil.copytree(releases, data / "releases")
    if not POSTGRES:
        shutil.copy(town.data / "xinqiao.sqlite3", data / "xinqiao.sqlite3")
        yield replace(town, data=data)
        return
    name = f"xq_{uuid4().hex[:12]}"
    template = town.database_url.rsplit("/", 1)[1]
    await _run_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield replace(town, data=data, database_url=_other_database(POSTGRES, name))
    finally:
        await _run_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@asynccontextmanager
async def blank(folder: Path) -> AsyncIterator[Settings]:
    """A migrated database with nothing in it, of the kind all tests here run on: one process speaks one dialect."""
    name = f"xq_{uuid4().hex[:12]}"
    if POSTGRES:
        await _run_sql(f"CREATE DATABASE {name}")
    try:
        settings = _settings(folder / "data", _other_database(POSTGRES, name) if POSTGRES else "")
        await bootstrap.migrate(settings)
        yield settings
    finally:
        if POSTGRES:
            await _run_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
async def settings(town: Settings, tmp_path: Path) -> AsyncIterator[Settings]:
    """The settings of an installation with the town in it and no case."""
    async with fresh(town, tmp_path) as found:
        yield found


@pytest.fixture
async def context(settings: Settings) -> AsyncIterator[AppContext]:
    """The office with its database open, for flows that go through the door without HTTP."""
    async with bootstrap.opened(settings) as found:
        yield found


@pytest.fixture
async def door(settings: Settings) -> AsyncIterator[Door]:
    """The running application and people who knock at it; the outbox is drained when the test says so."""
    async with Door.opened(settings) as found:
        yield found
