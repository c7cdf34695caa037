"""An installation of its own for each fault: data folder, database, one server, and a worker with Redis where asked for."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from tests.stress.servers import (
    START_SECONDS,
    PostgresCluster,
    RedisServer,
    Server,
    SmallDisk,
    clean_environment,
    free_port,
)

DISK_MEGABYTES = 24
FREE_BYTES = 1_000_000  # the usual least is more than the small disk has
_INSTALL = [sys.executable, "-m", "tests.stress.servers"]
SECRET = "the secret of a demo town in a stress test"
_TEMPLATE = "town"


@dataclass(frozen=True)
class Shape:
    """How an installation is put together. `outside`: the worker is a process of its own, with Redis in between."""

    database: str
    outside: bool = False

    @property
    def refusal_names(self) -> str:
        """What the refusal to start must name where this shape may be refused, or "" where it must work.

        One file with one writer gains nothing by workers outside, so nobody has to support the mix.
        """
        return "XINQIAO_REDIS_URL" if self.database == "sqlite" and self.outside else ""

    def __str__(self) -> str:
        return f"{self.database}, worker {'outside' if self.outside else 'inside'}"


class Town:
    """The demo town, installed once for each database and copied for each fault."""

    def __init__(self, databases: frozenset[str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="xinqiao-faults-"))
        self.cluster = PostgresCluster() if "postgres" in databases else None
        installs = [self._install("sqlite", {})] if "sqlite" in databases else []
        if self.cluster:
            self.cluster.start()
            installs.append(
                self._install("postgres", {"XINQIAO_DATABASE_URL": self.cluster.create_database(_TEMPLATE)})
            )
        if codes := [code for install in installs if (code := install.wait())]:
            raise RuntimeError(f"the demo town cannot be installed: exit code {codes[0]}")

    def _install(self, database: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        data = str(self.folder / database)
        named = {"XINQIAO_DATA": data, "XINQIAO_SECRET": SECRET, "XINQIAO_LOG_LEVEL": "error", **environment}
        return subprocess.Popen(_INSTALL, env={**clean_environment(), **named})

    def site(self, name: str, shape: Shape, *, small_disk: bool = False) -> "Site":
        """A new installation without any case."""
        folder = self.folder / name
        disk = SmallDisk(folder / "data", DISK_MEGABYTES) if small_disk else None
        shutil.copytree(self.folder / shape.database, folder / "data", dirs_exist_ok=True)
        url = ""
        if shape.database == "postgres":
            assert self.cluster is not None
            url = self.cluster.create_database(name.replace("-", "_"), template=_TEMPLATE)
        return Site(shape, folder, url, self.cluster, disk)

    def remove(self) -> None:
        if self.cluster:
            self.cluster.remove()
        shutil.rmtree(self.folder, ignore_errors=True)


class Site:
    """One installation and its processes."""

    def __init__(
        self, shape: Shape, folder: Path, url: str, cluster: PostgresCluster | None, disk: SmallDisk | None
    ) -> None:
        self.shape, self.folder, self.url, self.cluster, self.disk = shape, folder, url, cluster, disk
        self.redis = RedisServer() if shape.outside else None
        self.environment = {
            "XINQIAO_DATA": str(folder / "data"),
            "XINQIAO_SECRET": SECRET,
            "XINQIAO_LOG_LEVEL": "warning",
            "XINQIAO_AUTOMATIC": "model",
            **{f"XINQIAO_{what}_PER_MINUTE": "100000" for what in ("SUBMIT", "LOOKUP", "LOGIN")},
            "XINQIAO_TRAIN_HOUR": "-1",
            **({"XINQIAO_DATABASE_URL": url} if url else {}),
            **({"XINQIAO_STORAGE_MIN_FREE_BYTES": str(FREE_BYTES)} if disk else {}),
            **({"XINQIAO_REDIS_URL": self.redis.url} if self.redis else {}),
        }
        port = free_port()
        self.web = Server(self.environment, port, log=folder / "web.log")
        self.worker = Server(self.environment, port, command=("worker",), log=folder / "worker.log")

    @property
    def base(self) -> str:
        return self.web.base

    @property
    def log(self) -> str:
        """What all processes logged."""
        return self.web.logged() + self.worker.logged()

    async def start(self) -> bool:
        """Start everything and wait until it serves. Returns False when the server refuses to start."""
        if self.redis and self.redis.process is None:
            await asyncio.to_thread(self.redis.start)
        self.web.start()
        if self.shape.outside:
            self.worker.start()
        return await self.web.wait_until_serving()

    async def wait_until_ready(self) -> None:
        """Wait until /readyz says 200. Raises TimeoutError."""
        async with httpx2.AsyncClient(base_url=self.base, timeout=10) as client:
            deadline = time.monotonic() + START_SECONDS
            while time.monotonic() < deadline:
                try:
                    if (await client.get("/readyz")).status_code == 200:
                        return
                except httpx2.TransportError:
                    pass
                await asyncio.sleep(0.2)
        raise TimeoutError(f"/readyz does not say 200 in {START_SECONDS} s")

    async def stop(self) -> None:
        """End our own processes; databases go on."""
        await asyncio.gather(*(asyncio.to_thread(server.stop) for server in (self.web, self.worker)))

    async def remove(self) -> None:
        await self.stop()
        if self.redis:
            await asyncio.to_thread(self.redis.remove)
        if self.disk:
            self.disk.remove()

    def set_secret(self, secret: str) -> None:
        """Another secret from the next start on."""
        self.web.environment["XINQIAO_SECRET"] = self.worker.environment["XINQIAO_SECRET"] = secret

    def undo_last_migration(self) -> None:
        """Bring the database back to the version before the newest."""
        subprocess.run(
            [*_INSTALL, "--undo-last-migration"], env={**clean_environment(), **self.environment}, check=True
        )

    async def execute(self, statement: str) -> None:
        """Change the database behind the back of the application."""
        if self.url:
            connection = await asyncpg.connect(self.url)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()
            return
        await asyncio.to_thread(self._execute_sqlite, statement)

    def _execute_sqlite(self, statement: str) -> None:
        connection = self.connect_sqlite()
        try:
            with connection:
                connection.execute(statement)
        finally:
            connection.close()

    def connect_sqlite(self) -> sqlite3.Connection:
        """A connection as any other program on the machine may open one."""
        return sqlite3.connect(self.folder / "data" / "xinqiao.sqlite3", timeout=30, check_same_thread=False)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers."""
        if self.url:
            connection = await asyncpg.connect(self.url)
            try:
                return [tuple(row) for row in await connection.fetch(query)]
            finally:
                await connection.close()
        return await asyncio.to_thread(self._rows_of_sqlite, query)

    def _rows_of_sqlite(self, query: str) -> list[tuple[Any, ...]]:
        connection = self.connect_sqlite()
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()
