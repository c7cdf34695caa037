"""Which errors of drivers and of the system mean an unavailable service, and which are faults of ours?"""

import errno
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from tortoise.exceptions import (
    DBConnectionError,
    DoesNotExist,
    IntegrityError,
    OperationalError,
    TransactionManagementError,
)

from feedback.kernel import db


def sqlite_fault(statement: str, folder: Path) -> sqlite3.Error:
    """What SQLite itself raises for a statement while another connection holds the lock to write."""
    path = folder / "x.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        connection.execute("CREATE TABLE t (n INTEGER UNIQUE)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("BEGIN IMMEDIATE")
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
            try:
                other.execute(statement)
            except sqlite3.Error as fault:
                return fault
    raise AssertionError(statement)


def test_a_locked_sqlite_is_away_also_when_it_is_wrapped(tmp_path: Path) -> None:
    fault = sqlite_fault("INSERT INTO t VALUES (2)", tmp_path)
    assert db.is_unavailable(fault)
    assert db.is_unavailable(OperationalError(fault))
    assert db.is_unavailable(TransactionManagementError(fault))


def test_a_wrong_statement_is_ours(tmp_path: Path) -> None:
    fault = sqlite_fault("SELECT * FROM nowhere", tmp_path)
    assert not db.is_unavailable(fault)
    assert not db.is_unavailable(OperationalError(fault))


def test_a_file_that_cannot_be_opened_is_away(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(tmp_path / "nowhere" / "x.sqlite3")
    assert db.is_unavailable(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.InvalidPasswordError("password authentication failed"),
        asyncpg.InvalidCatalogNameError('database "x" does not exist'),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        DBConnectionError("Can't establish connection"),
        TimeoutError(),
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 111] Connect call failed"),
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EROFS, "Read-only file system"),
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
    ],
    ids=lambda fault: f"{type(fault).__name__} {fault}"[:60],
)
def test_what_is_away_for_now(fault: Exception) -> None:
    assert db.is_unavailable(fault)


@pytest.mark.parametrize(
    "fault",
    [
        asyncpg.UndefinedTableError('relation "x" does not exist'),
        asyncpg.UniqueViolationError("duplicate key"),
        asyncpg.InterfaceError("the server expects 1 argument for this query, 2 were passed"),
        IntegrityError(asyncpg.UniqueViolationError("duplicate key")),
        OperationalError(asyncpg.UndefinedColumnError("no such column")),
        DoesNotExist("Case"),
        FileNotFoundError(errno.ENOENT, "No such file"),
        ValueError("anything"),
        ZeroDivisionError(),
    ],
    ids=lambda fault: f"{type(fault).__name__} {fault}"[:60],
)
def test_what_is_a_fault_of_ours(fault: Exception) -> None:
    assert not db.is_unavailable(fault)
