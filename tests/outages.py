"""Outages for tests: a database that does not answer, a lock, a full disk."""

import resource
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace

import asyncpg

from feedback.kernel import db
from feedback.kernel.settings import Settings


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unreachable(settings: Settings) -> Settings:
    """The same installation with a database that cannot be opened: no such folder, or a server that is stopped."""
    if db.is_sqlite(settings.database):
        return replace(settings, database_url=f"sqlite://{settings.data}/not-mounted/xinqiao.sqlite3")
    return replace(settings, database_url=f"postgres://nobody:none@127.0.0.1:{closed_port()}/xinqiao")


@asynccontextmanager
async def cases_locked(settings: Settings) -> AsyncIterator[None]:
    """Somebody else holds the lock that a new case needs: the whole file, or the table."""
    if db.is_sqlite(settings.database):
        with closing(sqlite3.connect(settings.database.removeprefix("sqlite://"), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    other = await asyncpg.connect(settings.database.replace("postgres://", "postgresql://"))
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE feedback_case, web_session IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await other.close()


@asynccontextmanager
async def cut_off(settings: Settings) -> AsyncIterator[None]:
    """PostgreSQL ends every connection to this database and takes no new one."""
    address, name = settings.database.replace("postgres://", "postgresql://").rsplit("/", 1)
    other = await asyncpg.connect(f"{address}/postgres")
    try:
        await other.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        await other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        yield
        await other.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    finally:
        await other.close()


@contextmanager
def full_disk(most_bytes: int = 0) -> Iterator[None]:
    """No file may grow beyond this: the system refuses the write as it does on a full disk (RLIMIT_FSIZE)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
