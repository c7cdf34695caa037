"""Processes that a stress test starts, kills and starts again: our own server and worker, PostgreSQL, Redis, a small disk.

Everything has a free port and a folder of its own below the system's temporary folder; nothing that runs on the
machine already is ever touched. `python -m tests.stress.servers` installs the demo town, without a case, where the
settings of its environment say.
"""

import argparse
import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx2
from tortoise import Tortoise
from tortoise.migrations.api import migrate

from feedback.kernel import db
from feedback.kernel.settings import Settings
from web import bootstrap, migrations
from web.demo import seed

READY_SECONDS = 60
START_SECONDS = 120  # reading numpy and the release takes long on a machine that does much else
POSTGRES_USER = "postgres"  # PostgreSQL refuses to run as root
POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment() -> dict[str, str]:
    """The environment of this process without any setting of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("XINQIAO_")}


async def install(settings: Settings) -> None:
    """Tables, calendar, units and people of the demo town; no case yet."""
    await bootstrap.migrate(settings)
    async with bootstrap.open_context(settings) as context:
        await bootstrap.seed_calendar(context)
        await seed.seed_town(context)


class Server:
    """`xinqiao serve` (or another of its commands) as a process of its own.

    `log`: the file to which it writes what it logs; without one that goes where the log of this process goes.
    """

    def __init__(
        self, environment: Mapping[str, str], port: int, *, command: Sequence[str] = ("serve",), log: Path | None = None
    ) -> None:
        self.environment, self.port = {**clean_environment(), **environment, "XINQIAO_PORT": str(port)}, port
        self.command, self.log = tuple(command), log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or before it was started."""
        return self.process.poll() if self.process else None

    def start(self) -> None:
        command = [sys.executable, "-m", "web", *self.command]
        if self.log is None:
            self.process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL)
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL: no goodbye of any kind."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM as the service manager sends it, and SIGKILL after half a minute."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def logged(self) -> str:
        """All that it logged up to now."""
        return self.log.read_text("utf-8", errors="replace") if self.log and self.log.exists() else ""

    async def wait_until_serving(self, seconds: float = START_SECONDS) -> bool:
        """Wait until /healthz answers. Returns False when the process ended instead; raises TimeoutError."""
        async with httpx2.AsyncClient(base_url=self.base, timeout=5) as client:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if not self.is_running:
                    return False
                try:
                    await client.get("/healthz")
                except httpx2.TransportError:
                    await asyncio.sleep(0.1)
                else:
                    return True
        raise TimeoutError(f"no answer of /healthz in {seconds} s")


def run_command(environment: Mapping[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """One command of `xinqiao` from beginning to end."""
    return subprocess.run(
        [sys.executable, "-m", "web", *command],
        env={**clean_environment(), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


class PostgresCluster:
    """A PostgreSQL of our own, which may be stopped and started."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="xinqiao-postgres-"))
        if os.geteuid() == 0:
            user = pwd.getpwnam(POSTGRES_USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        words = [
            "initdb",
            "-D",
            str(self.folder / "data"),
            "-U",
            POSTGRES_USER,
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        self._run(*words, "--locale=C.UTF-8")
        options = f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{self.folder}'\n"
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write(options + "fsync = off\n")  # a process that is stopped loses nothing by it, only a machine would

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "start")

    def stop(self) -> None:
        """Every connection is cut, as when an administrator restarts it."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "fast", "-w", "stop")

    def remove(self) -> None:
        if (self.folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgres://{POSTGRES_USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template0") -> str:
        """A new database, a copy of `template`. Returns its address."""
        self._run("createdb", *self._address(), "-T", template, name)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        self._run("dropdb", *self._address(), "--force", name)

    def _address(self) -> tuple[str, ...]:
        return ("-h", "127.0.0.1", "-p", str(self.port), "-U", POSTGRES_USER)

    @staticmethod
    def _run(program: str, *words: str) -> None:
        """Raises RuntimeError with what the program said when it fails."""
        command = [_program(program), *words]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={POSTGRES_USER}", f"--regid={POSTGRES_USER}", "--clear-groups", *command]
        # What pg_ctl starts keeps its output open for as long as it lives, so that goes to a file and not to a pipe.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(command, stdout=output, stderr=output, cwd="/", check=False)
            output.seek(0)
            if done.returncode:
                raise RuntimeError(f"{program}: {output.read().decode(errors='replace')}")


def _program(name: str) -> str:
    """Where a program of PostgreSQL lies: Debian keeps most of them out of the search path."""
    for folder in sorted(Path("/").glob(POSTGRES_FOLDERS.lstrip("/")), reverse=True):
        if (folder / name).exists():
            return str(folder / name)
    if path := shutil.which(name):
        return path
    raise RuntimeError(f"{name} is not installed: apt-get install postgresql")


class RedisServer:
    """A Redis of our own, which may be stopped and started."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="xinqiao-redis-"))
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("redis-server does not listen")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class SmallDisk:
    """A disk in memory of a few megabytes, which can be filled to the last byte. Needs root."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder, self._filling = folder, folder / "filling"
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PermissionError(f"mount of a tmpfs is refused here: {done.stderr.strip()}")

    def fill(self) -> None:
        with self._filling.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                self._write_until_full(lambda size=size: file.write(b"0" * size))  # type: ignore[misc] # bound now

    @staticmethod
    def _write_until_full(write: Callable[[], object]) -> None:
        try:
            while True:
                write()
        except OSError:
            return

    def empty(self) -> None:
        """Give the room back; what the application wrote stays."""
        self._filling.unlink(missing_ok=True)

    def remove(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], capture_output=True, check=False)


async def undo_last_migration(settings: Settings) -> None:
    """Bring the database back to the version before the newest."""
    names = sorted(file.stem for file in Path(migrations.__file__).parent.glob("[0-9]*.py"))
    await migrate(
        config=bootstrap.config(settings, migrating=True), target=f"{db.APP}.{names[-2]}", direction="backward"
    )
    await Tortoise.close_connections()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--undo-last-migration", action="store_true", help="instead: go back one version")
    step = undo_last_migration if parser.parse_args().undo_last_migration else install
    asyncio.run(step(Settings.read(os.environ)))


if __name__ == "__main__":
    main()
