"""How do we reach the database, and how do we change a row without losing somebody else's change?

This module is also the Tortoise engine for both databases: SQLite transactions begin IMMEDIATE (a deferred one that
reads before it writes fails at once beside another process), PostgreSQL connections skip the RESET round trip.
`READ` is a second, read-only door to the same SQLite file, so that a long list never waits behind a writer.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import asyncpg
from tortoise import Model, Tortoise, connections, fields
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    BaseDBAsyncClient,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
)
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

from feedback.kernel.clock import from_millis, to_millis
from feedback.kernel.errors import Conflict

APP = "app"
WRITE = "default"
READ = "reading"
BUSY_MILLIS = 30_000
JOURNAL_BYTES = 64 * 1024 * 1024
STATEMENT_MILLIS = 30_000
POOL = 8

M = TypeVar("M", bound=Model)


class InstantField(fields.Field[datetime]):
    """An instant stored as epoch milliseconds in UTC: compares and indexes the same on both databases."""

    SQL_TYPE = "BIGINT"
    field_type = datetime

    def to_db_value(self, value: Any, instance: Any) -> int | None:
        return to_millis(value) if isinstance(value, datetime) else value

    def to_python_value(self, value: Any) -> datetime | None:
        return from_millis(value) if isinstance(value, int) else value


class _ImmediateTransaction(SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.commit()
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as fault:
            raise OperationalError(fault) from fault  # as every statement that finds the database locked


class _SqliteTransaction(SqliteTransactionContext):
    """Tortoise's, but whatever goes wrong while it begins or ends, the one connection is free again afterwards.

    Tortoise keeps the connection's lock when BEGIN fails (another process holds the file) or is cancelled, and from
    then on every statement of this process waits for ever (tortoise-orm #1152).
    """

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            await self._abandon()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        client: TransactionalDBClient = self.connection
        return client

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        get_connections().reset(self.token)
        if exc_type is not None or self.connection._finalized:
            await self._abandon()
            return
        try:
            await self.connection.commit()
        except BaseException:
            await self._abandon()
            raise
        self._trxlock.release()

    async def _abandon(self) -> None:
        # The connection's thread works in order: once this is asked for, whoever has the lock next comes after it.
        try:
            if self.connection._connection:
                await self.connection._connection.rollback()
        finally:
            self._trxlock.release()


class _Sqlite(SqliteClient):
    def _in_transaction(self) -> TransactionContext:
        return _SqliteTransaction(_ImmediateTransaction(self), self._lock)


class _NoReset(asyncpg.connection.Connection):  # type: ignore[misc] # asyncpg has no type hints
    def get_reset_query(self) -> str:
        return ""


class _PostgresTransaction(TransactionContextPooled):
    """Tortoise's, but a transaction that cannot begin gives its connection back to the pool."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        pool = self.client._parent._pool
        self.client._connection = await pool.acquire()
        try:
            await self.client.begin()
        except BaseException:
            await pool.release(self.client._connection)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client


class _Postgres(AsyncpgDBClient):
    connection_class = _NoReset

    def _in_transaction(self) -> TransactionContext:
        return _PostgresTransaction(TransactionWrapper(self), self._pool_init_lock)


def get_client_class(info: Mapping[str, Any]) -> type[BaseDBAsyncClient]:
    """The client for a connection of `tortoise_config`: Tortoise asks this module, its engine, for it."""
    return _Sqlite if "file_path" in info["credentials"] else _Postgres


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:")


def tortoise_config(
    url: str,
    models: Iterable[str],
    migrations: str,
    *,
    migrating: bool = False,
    synchronous: str = "NORMAL",
) -> dict[str, Any]:
    """The Tortoise configuration for a database address.

    `migrating`: with Tortoise's own engines, by whose names its migrations know the dialect, and on SQLite without
    foreign keys, since rebuilding a table would otherwise delete its children.
    """
    known = expand_db_url(url)["credentials"]
    if is_sqlite(url):
        pragmas = {
            "busy_timeout": known.get("busy_timeout", BUSY_MILLIS),
            "journal_size_limit": JOURNAL_BYTES,
            "synchronous": synchronous,
            "foreign_keys": "OFF" if migrating else "ON",
        }
        write = known | pragmas
        read = known | pragmas | {"query_only": "ON"}
    else:
        known["server_settings"] = {"statement_timeout": str(STATEMENT_MILLIS), "timezone": "UTC"}
        write = read = known | {"minsize": 1, "maxsize": POOL}
    stock = "tortoise.backends.sqlite" if is_sqlite(url) else "tortoise.backends.asyncpg"
    engine = stock if migrating else __name__
    return {
        "connections": {
            WRITE: {"engine": engine, "credentials": write},
            READ: {"engine": engine, "credentials": read},
        },
        "apps": {APP: {"models": list(models), "default_connection": WRITE, "migrations": migrations}},
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def opened(config: dict[str, Any]) -> AsyncIterator[None]:
    """The database, open for the life of the process or the test."""
    # Requests run in tasks that do not inherit Tortoise's context variable; the fallback is its own answer.
    await Tortoise.init(config=config, _enable_global_fallback=True)
    try:
        yield
    finally:
        await Tortoise.close_connections()


def transaction() -> Any:
    """One short transaction. Its first statement must be a write, and nothing foreign is awaited inside."""
    return in_transaction(WRITE)


def reading() -> BaseDBAsyncClient:
    """The connection for lists and reports. Inside a transaction use the default one: this does not see it."""
    connection: BaseDBAsyncClient = connections.get(READ)
    return connection


def writing() -> BaseDBAsyncClient:
    connection: BaseDBAsyncClient = connections.get(WRITE)
    return connection


async def compare_and_set(row: Model, expected: Mapping[str, Any], change: Mapping[str, Any]) -> None:
    """Change the row if it is still as expected.

    Raises Conflict when somebody else was faster.
    """
    changed = await type(row).filter(pk=row.pk, **expected).update(**change)
    if changed != 1:
        raise Conflict(table=type(row).__name__)
