"""Database engines, transactions, compare-and-set and the instant field.

Waiting is bounded everywhere: for a lock, for a free connection, for an answer. `is_unavailable` says of any error of a
driver or of the system whether the database (or a disk) is away for now, so that one place can answer 503.
This module is also the Tortoise engine for both databases: SQLite transactions begin IMMEDIATE (a deferred one that
reads before it writes fails at once beside another process), PostgreSQL connections skip the RESET round trip.
`READ` is a second, read-only connection to the same SQLite file, so that a long list never waits behind a writer.
"""

import asyncio
import errno
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Literal, TypeVar

import aiosqlite
import asyncpg
from tortoise import Model, Tortoise, connections, fields
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    BaseDBAsyncClient,
    ConnectionWrapper,
    PoolConnectionWrapper,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, OperationalError, TransactionManagementError
from tortoise.transactions import in_transaction

from feedback.kernel.clock import from_millis, to_millis
from feedback.kernel.errors import Conflict

APP = "app"
WRITE = "default"
READ = "reading"
WAIT_SECONDS = 5
"""How long a request waits for a lock, a free connection or a new one, before the database counts as away."""
MIGRATION_WAIT_SECONDS = 30
_QUEUE_FACTOR = 3  # a queue inside the process moves on, so it is given longer than a lock held by somebody else
_LOCKED_WAIT_MILLIS = 20
JOURNAL_BYTES = 64 * 1024 * 1024
STATEMENT_TIMEOUT_MILLIS = 30_000
_HANG_SECONDS = STATEMENT_TIMEOUT_MILLIS / 1000 + 2  # the server ends a slow statement itself, unless it hangs
POOL_SIZE = 8

M = TypeVar("M", bound=Model)


class InstantField(fields.Field[datetime]):
    """An instant stored as epoch milliseconds in UTC: compares and indexes the same on both databases."""

    SQL_TYPE = "BIGINT"
    field_type = datetime

    def to_db_value(self, value: Any, instance: Any) -> int | None:
        return to_millis(value) if isinstance(value, datetime) else value

    def to_python_value(self, value: Any) -> datetime | None:
        return from_millis(value) if isinstance(value, int) else value


class _BoundedLock(asyncio.Lock):
    """The lock of the one SQLite connection of a process: whoever waits too long for it is told so."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    async def acquire(self) -> Literal[True]:
        try:
            async with asyncio.timeout(self.seconds):
                return await super().acquire()
        except TimeoutError as fault:
            raise OperationalError("the connection of this process is busy") from fault


class _SqliteConnection(ConnectionWrapper[Any]):
    """The connection for one statement; what becomes of a write tells whether another process holds the database."""

    async def __aenter__(self) -> Any:
        await self._lock.acquire()
        try:
            await self.ensure_connection()
        except BaseException:
            self._lock.release()  # Tortoise would keep it for ever
            raise
        self._changes = self.connection.total_changes
        return self.connection

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        client: Any = self.client
        try:
            if isinstance(exc_val, sqlite3.OperationalError) and _is_locked(exc_val):
                await client.set_locked(True)
            elif exc_val is None and self.connection.total_changes != self._changes:
                await client.set_locked(False)
        finally:
            await super().__aexit__(exc_type, exc_val, exc_tb)


def _is_locked(fault: sqlite3.OperationalError) -> bool:
    return getattr(fault, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class _ImmediateTransaction(SqliteTransactionWrapper):
    async def begin(self) -> None:
        client: Any = self._parent
        try:
            await self._connection.commit()
            await self._connection.execute("BEGIN IMMEDIATE")
            await client.set_locked(False)
        except sqlite3.OperationalError as fault:
            if _is_locked(fault):
                await client.set_locked(True)
            raise OperationalError(fault) from fault  # as every statement that finds the database locked
        except asyncio.CancelledError:
            await self._connection.rollback()  # the thread of the connection has begun it, or will
            raise


class _SqliteTransaction(SqliteTransactionContext):
    """As Tortoise's, but a beginning that fails gives the lock back, and a commit that fails leaves nothing open."""

    async def __aenter__(self) -> Any:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        try:
            if self.connection._finalized:
                return
            if exc_type:
                await self.connection.rollback()
                return
            try:
                await self.connection.commit()
            except BaseException:
                await self.connection.rollback()
                raise
        finally:
            get_connections().reset(self.token)
            self._trxlock.release()


class _Sqlite(SqliteClient):
    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **kwargs)
        self._lock = _BoundedLock(int(self.pragmas["busy_timeout"]) / 1000 * _QUEUE_FACTOR)
        self._is_locked = False

    async def set_locked(self, is_locked: bool) -> None:
        """Remember whether another process holds the database, and wait accordingly for it.

        A write waits with the one connection of the process in its hand: the first one waits for the whole time-out,
        and while it turns out that the database stays locked the following ones hardly wait, or everything that
        queues behind them, reads too, would wait for all of their time-outs, one after the other.
        """
        if self._connection is None or is_locked == self._is_locked:
            return
        millis = _LOCKED_WAIT_MILLIS if is_locked else self.pragmas["busy_timeout"]
        await (await self._connection.execute(f"PRAGMA busy_timeout={millis}")).close()
        self._is_locked = is_locked

    async def create_connection(self, with_db: bool) -> None:
        """As Tortoise's, but a connection that cannot be opened or lacks one of its pragmas leaves nothing behind."""
        if self._connection:
            return
        connection = aiosqlite.connect(self.filename, isolation_level=None)
        try:
            await connection
        except BaseException:
            await asyncio.to_thread(connection._thread.join)  # told to end, it still speaks to this event loop
            raise
        try:
            connection._conn.row_factory = sqlite3.Row
            for pragma, value in self.pragmas.items():
                await (await connection.execute(f"PRAGMA {pragma}={value}")).close()
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        self._is_locked = False
        await self._post_connect()

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        return _SqliteConnection(self._lock, self)

    def _in_transaction(self) -> TransactionContext:
        return _SqliteTransaction(_ImmediateTransaction(self), self._lock)

    @translate_exceptions
    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        async with self.acquire_connection() as connection:
            await connection.execute("BEGIN IMMEDIATE")
            try:
                await connection.executemany(query, values)
                await connection.commit()
            except BaseException:  # also a cancelled one leaves nothing half done
                await connection.rollback()
                raise


class _NoReset(asyncpg.connection.Connection):  # type: ignore[misc] # asyncpg has no type hints
    def get_reset_query(self) -> str:
        return ""


# After these nothing can be asked of a connection any more: it hangs, or a server that went away left it in the middle.
_BROKEN_CONNECTION = (TimeoutError, asyncpg.InternalClientError)


class _PooledConnection(PoolConnectionWrapper[Any]):
    async def __aenter__(self) -> Any:
        self.connection = await _acquire(self.client)
        return self.connection

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        if self.connection is not None and exc_type and issubclass(exc_type, _BROKEN_CONNECTION):
            self.connection.terminate()
        await super().__aexit__(exc_type, exc_val, exc_tb)


class _PostgresTransaction(TransactionContextPooled):
    """As Tortoise's, but a beginning that fails gives the connection back, and a connection that hangs is dropped."""

    async def __aenter__(self) -> Any:
        connection = self.client._connection = await _acquire(self.client._parent)
        try:
            await self.client.begin()
        except BaseException as fault:
            if isinstance(fault, _BROKEN_CONNECTION):
                connection.terminate()
            await self.client._parent._pool.release(connection)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        if exc_type and issubclass(exc_type, _BROKEN_CONNECTION):  # no use to wait as long again for the rollback
            self.client._finalized = True
            self.client._connection.terminate()
        await super().__aexit__(exc_type, exc_val, exc_tb)


async def _acquire(client: Any) -> Any:
    """A connection of the pool, which is made when there is none. Raises TimeoutError after the client's patience."""
    async with asyncio.timeout(client.patience):
        if not client._pool:
            async with client._pool_init_lock:
                if not client._pool:
                    await client.create_connection(with_db=True)
        return await client._pool.acquire()


class _Postgres(AsyncpgDBClient):
    connection_class = _NoReset

    @property
    def patience(self) -> float:
        """Seconds a request waits for a connection."""
        return float(self.extra.get("timeout", WAIT_SECONDS))

    def acquire_connection(self) -> Any:
        return _PooledConnection(self, self._pool_init_lock)

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
    wait_seconds: float = WAIT_SECONDS,
) -> dict[str, Any]:
    """The Tortoise configuration for a database address.

    `wait_seconds`: how long a request waits for a lock or a connection.
    `migrating`: with Tortoise's own engines, by whose names its migrations know the dialect, and on SQLite without
    foreign keys, since rebuilding a table would otherwise delete its children.
    """
    credentials = expand_db_url(url)["credentials"]
    wait_seconds = MIGRATION_WAIT_SECONDS if migrating else wait_seconds
    if is_sqlite(url):
        pragmas = {
            "busy_timeout": credentials.get("busy_timeout", int(wait_seconds * 1000)),
            "journal_size_limit": JOURNAL_BYTES,
            "synchronous": synchronous,
            "foreign_keys": "OFF" if migrating else "ON",
        }
        write_credentials = credentials | pragmas
        read_credentials = credentials | pragmas | {"query_only": "ON"}
    else:
        credentials["server_settings"] = {
            "statement_timeout": str(STATEMENT_TIMEOUT_MILLIS),
            "lock_timeout": str(int(wait_seconds * 1000)),
            "timezone": "UTC",
        }
        limits = {"minsize": 1, "maxsize": POOL_SIZE, "timeout": wait_seconds, "command_timeout": _HANG_SECONDS}
        write_credentials = read_credentials = credentials | limits
    default_engine = "tortoise.backends.sqlite" if is_sqlite(url) else "tortoise.backends.asyncpg"
    engine = default_engine if migrating else __name__
    return {
        "connections": {
            WRITE: {"engine": engine, "credentials": write_credentials},
            READ: {"engine": engine, "credentials": read_credentials},
        },
        "apps": {APP: {"models": list(models), "default_connection": WRITE, "migrations": migrations}},
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def open_database(config: dict[str, Any]) -> AsyncIterator[None]:
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


def read_connection() -> BaseDBAsyncClient:
    """The connection for lists and reports. Inside a transaction use the default one: this does not see it."""
    connection: BaseDBAsyncClient = connections.get(READ)
    return connection


def write_connection() -> BaseDBAsyncClient:
    connection: BaseDBAsyncClient = connections.get(WRITE)
    return connection


async def compare_and_set(row: Model, expected: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    """Change the row if it is still as expected.

    Raises Conflict when somebody else was faster.
    """
    count = await type(row).filter(pk=row.pk, **expected).update(**columns)
    if count != 1:
        raise Conflict(table=type(row).__name__)


# ---- what an error means ----

_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
_POSTGRES_AWAY: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,  # its disk is full, too many connections
    asyncpg.OperatorInterventionError,  # it shuts down, starts up, or ended a statement that took too long
    asyncpg.PostgresSystemError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,  # a deadlock: the same request may well succeed now
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # it takes no connections
)
_SYSTEM_AWAY = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.EHOSTDOWN,
        errno.ESTALE,
    }
)


def is_unavailable(fault: BaseException) -> bool:
    """Whether the fault says that the database, its host or a disk is away for now, and none of our own is to blame.

    Knows the drivers' errors (asyncpg, sqlite3), what Tortoise wraps them into, time-outs and the system's own.
    """
    cause = fault.args[0] if fault.args and isinstance(fault.args[0], Exception) else fault.__cause__
    match fault:
        case TimeoutError() | ConnectionError() | DBConnectionError() | asyncpg.InternalClientError():
            return True
        case OSError():  # without a number: a name nobody resolves, or several addresses that all refuse
            return (
                fault.errno in _SYSTEM_AWAY or type(fault).__module__ == "socket" or "Multiple exceptions" in str(fault)
            )
        case sqlite3.Error():
            return getattr(fault, "sqlite_errorcode", 0) & 0xFF in _SQLITE_AWAY
        case asyncpg.PostgresError():
            return isinstance(fault, _POSTGRES_AWAY)
        case asyncpg.InterfaceError():  # also the class of calls that are wrong, so the words must tell
            return any(word in str(fault) for word in ("closed", "closing"))
        case OperationalError() | TransactionManagementError():
            return cause is not None and is_unavailable(cause)
    return False
