"""Fixtures for all tests: a migrated database of its own with the demo town, and people who use the application.

SQLite by default, PostgreSQL with TEST_DATABASE_URL=postgres://…/name (databases are made from a template there).
Each test gets a fresh copy, so tests never see each other's cases. The town itself is made once for the whole run
(`tests.shared`). With pytest-xdist, tests of one `xdist_group` stay on one worker and all others go anywhere;
`-p no:xdist` works too.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import hypothesis
import pytest
from argon2 import PasswordHasher

from classify.signals import flag_model
from feedback.kernel.settings import Settings
from tests import shared
from tests.moments import MONDAY as MONDAY
from tests.people import Door
from web import bootstrap
from web.auth import passwords
from web.cli.serve import configure_logging
from web.context import AppContext
from web.demo import seed

POSTGRES = os.environ.get("TEST_DATABASE_URL", "")
WRITE_STATEMENTS = "--write-route-statements"
_DATABASE = "database"  # the file in which a template notes its address


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        WRITE_STATEMENTS, action="store_true", help="write route_statements.toml anew (make route-statements)"
    )


def pytest_configure(config: pytest.Config) -> None:
    # A busy machine takes as long as it takes: a property is wrong or right, never late.
    hypothesis.settings.register_profile("without a deadline", deadline=None)
    hypothesis.settings.load_profile("without a deadline")
    # Thousands of log-ins a run, each of which would cost 68 ms of one core.
    passwords.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    if hasattr(config, "workerinput"):  # a worker of xdist: the main process sees to the folder
        return
    folder = shared.begin_run()
    config.add_cleanup(lambda: _end_run(folder))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Only asked when xdist is there; another `--dist` than the usual one is left to it."""
    if config.option.dist != "load":
        return None
    from tests.scheduling import ByGroup

    return ByGroup(config, log)


@pytest.hookimpl(tryfirst=True)  # before xdist tells the main process that the collection is ready
def pytest_collection_finish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        from tests.scheduling import note_groups

        note_groups(session.items)


def _end_run(folder: Path) -> None:
    for noted in folder.glob(f"*/{_DATABASE}"):
        asyncio.run(_drop(noted.read_text()))
    shared.end_run(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that the cores end together; groups are begun before by xdist itself."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def _settings(data: Path, url: str = "") -> Settings:
    return Settings(data=data, database_url=url, now=None, log_level="error")


def other_database(url: str, name: str) -> str:
    """The address of another database on the same server."""
    return url.rsplit("/", 1)[0] + "/" + name


async def run_sql(*statements: str) -> None:
    connection = await asyncpg.connect(POSTGRES.replace("postgres://", "postgresql://"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def blank() -> Settings:
    """A migrated database with nothing in it."""
    configure_logging(Settings(log_level="error"))
    return template("blank", bootstrap.migrate)


@pytest.fixture(scope="session")
def town(blank: Settings) -> Settings:
    """A migrated database with the town's units, accounts and calendar, and no case yet: the template of all others."""
    return template("town", _settle, blank)


async def _settle(settings: Settings) -> None:
    async with bootstrap.open_context(settings) as context:
        context = replace(context, clock=context.clock.starting_at(MONDAY))
        await bootstrap.seed_calendar(context)
        await seed.seed_town(context)


def template(name: str, fill: Callable[[Settings], Awaitable[None]], origin: Settings | None = None) -> Settings:
    """An installation made once for the whole run: a copy of another one, or a new one, and what `fill` does to it."""

    async def make(folder: Path) -> None:
        settings = await _copy(origin, folder)
        (folder / _DATABASE).write_text(settings.database_url)
        await fill(settings)

    folder = shared.made_once(name, lambda folder: asyncio.run(make(folder)))
    return _settings(folder, (folder / _DATABASE).read_text())


async def _copy(origin: Settings | None, data: Path) -> Settings:
    """A database of its own, with the files that belong to it in `data`: empty, or as `origin` has it."""
    if origin is not None and (origin.data / "releases").exists():
        shutil.copytree(origin.data / "releases", data / "releases")
    if origin is not None:  # or every process of the run would fit it anew
        for file in origin.data.glob(flag_model.file_name()):
            shutil.copy(file, data)
    if POSTGRES:
        name = f"xq_{uuid4().hex[:12]}"
        template = f" TEMPLATE {_name_of(origin)}" if origin is not None else ""
        await run_sql(f"CREATE DATABASE {name}{template}")
        return _settings(data, other_database(POSTGRES, name))
    if origin is not None:
        shutil.copy(origin.data / "xinqiao.sqlite3", data)
    return _settings(data)


async def _drop(database_url: str) -> None:
    if database_url:
        await run_sql(f"DROP DATABASE IF EXISTS {database_url.rsplit('/', 1)[1]} WITH (FORCE)")


def _name_of(settings: Settings) -> str:
    return settings.database_url.rsplit("/", 1)[1]


@asynccontextmanager
async def fresh(template: Settings, folder: Path) -> AsyncIterator[Settings]:
    """A copy of that installation for one test."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    settings = await _copy(template, data)
    try:
        yield settings
    finally:
        await _drop(settings.database_url)


@pytest.fixture
async def settings(town: Settings, tmp_path: Path) -> AsyncIterator[Settings]:
    """The settings of an installation with the town in it and no case."""
    async with fresh(town, tmp_path) as settings:
        yield settings


@pytest.fixture
async def context(settings: Settings) -> AsyncIterator[AppContext]:
    """The office with its database open, for flows that go through the door without HTTP."""
    async with bootstrap.open_context(settings) as context:
        yield context


@pytest.fixture
async def door(settings: Settings) -> AsyncIterator[Door]:
    """The running application and people who knock at it; the outbox is drained when the test says so."""
    async with Door.opened(settings) as door:
        yield door
