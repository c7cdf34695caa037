"""What does everybody see while a part of the system is broken, and is everything as before when it is mended?

    python -m tests.stress.faults [--only NAME]… [--database sqlite|postgres] [--quick] [--logs FOLDER]

For each fault a fresh installation on a port of its own. All endpoints are asked before, during and after it; /readyz
twice a second; a wall screen listens to the live board. Afterwards: is a new case routed, is every message there for
which somebody has a receipt, and is none there twice? README.md beside this file says what each line means.

Exit 1 when a line falls short, 2 when a fault cannot be made here. Needs PostgreSQL's and Redis's programs, and root for
the small disk.
"""

import argparse
import asyncio
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2

from tests.stress.judgement import Expectation, Line, Report, judge, judge_refusal
from tests.stress.servers import run_command
from tests.stress.site import SECRET, Shape, Site, Town
from tests.stress.trial import BrokenOffError, Fault, RefusedError, Trial

SQLITE, POSTGRES = Shape("sqlite"), Shape("postgres")
POSTGRES_OUTSIDE, SQLITE_OUTSIDE = Shape("postgres", outside=True), Shape("sqlite", outside=True)


class WorkerKilled(Fault):
    """SIGKILL for the worker process, and a new one afterwards."""

    name, shapes, seconds, quick_seconds = "worker-killed", (POSTGRES_OUTSIDE,), 40.0, 23.0
    expectation = Expectation(may_refuse=False, works_on=False, not_ready=("worker",), notice_seconds=25)

    async def begin(self, site: Site) -> None:
        site.worker.kill()

    async def end(self, site: Site) -> None:
        site.worker.start()
        await site.wait_until_ready()  # it is back when it works and not when its process begins to load


class TimerRaises(Fault):
    """The table that the timer `learning` asks every few seconds is away, so that the timer raises."""

    name, shapes, seconds, quick_seconds = "timer-raises", (SQLITE, POSTGRES, POSTGRES_OUTSIDE), 20.0, 8.0
    expectation = Expectation(may_refuse=False, works_on=True, logs="learning")

    async def begin(self, site: Site) -> None:
        await site.execute("ALTER TABLE classify_training_run RENAME TO classify_training_run_away")

    async def end(self, site: Site) -> None:
        await site.execute("ALTER TABLE classify_training_run_away RENAME TO classify_training_run")


class DatabaseLocked(Fault):
    """Another program holds the write lock of the SQLite file, as a VACUUM or a careless backup does."""

    name, shapes, seconds, quick_seconds = "database-locked", (SQLITE,), 40.0, 10.0
    expectation = Expectation(may_refuse=True, works_on=False, not_ready=("database", "worker"), notice_seconds=20)

    async def begin(self, site: Site) -> None:
        self._connection: sqlite3.Connection = site.connect_sqlite()
        self._connection.execute("BEGIN IMMEDIATE")

    async def end(self, site: Site) -> None:
        self._connection.close()


class PostgresStopped(Fault):
    """PostgreSQL is stopped, which cuts all connections, and started again."""

    name, shapes, seconds, quick_seconds = "postgres-stopped", (POSTGRES, POSTGRES_OUTSIDE), 20.0, 6.0
    expectation = Expectation(may_refuse=True, works_on=False, not_ready=("database",), notice_seconds=10)

    async def begin(self, site: Site) -> None:
        assert site.cluster is not None
        await asyncio.to_thread(site.cluster.stop)

    async def end(self, site: Site) -> None:
        assert site.cluster is not None
        await asyncio.to_thread(site.cluster.start)


class RedisStopped(Fault):
    """Redis is stopped, and started again empty."""

    name, shapes, seconds, quick_seconds = "redis-stopped", (POSTGRES_OUTSIDE, SQLITE_OUTSIDE), 20.0, 6.0
    expectation = Expectation(may_refuse=False, works_on=True)

    async def begin(self, site: Site) -> None:
        assert site.redis is not None
        await asyncio.to_thread(site.redis.stop)

    async def end(self, site: Site) -> None:
        assert site.redis is not None
        await asyncio.to_thread(site.redis.start)


class DiskFull(Fault):
    """The disk of the data folder is full to the last byte, until somebody makes room."""

    name, shapes, seconds, quick_seconds = "disk-full", (SQLITE, POSTGRES), 20.0, 8.0
    expectation = Expectation(may_refuse=True, works_on=False, not_ready=("storage",), notice_seconds=15)

    async def begin(self, site: Site) -> None:
        assert site.disk is not None
        await asyncio.to_thread(site.disk.fill)

    async def end(self, site: Site) -> None:
        assert site.disk is not None
        site.disk.empty()


class WrongSecret(Fault):
    """The installation is started with another secret than the one its data was sealed with."""

    name, shapes, seconds, quick_seconds = "wrong-secret", (SQLITE, POSTGRES), 10.0, 3.0
    expectation = Expectation(
        may_refuse=True, works_on=False, not_ready=("secret",), restarts=True, names="XINQIAO_SECRET"
    )

    async def begin(self, site: Site) -> None:
        site.set_secret("another secret, of the machine it was restored on")

    async def end(self, site: Site) -> None:
        site.set_secret(SECRET)


class MissingMigration(Fault):
    """The program is newer than its database: somebody forgot `xinqiao migrate`."""

    name, shapes, seconds, quick_seconds = "missing-migration", (SQLITE, POSTGRES), 10.0, 3.0
    expectation = Expectation(
        may_refuse=True, works_on=False, not_ready=("migrations",), restarts=True, names="xinqiao migrate"
    )

    async def begin(self, site: Site) -> None:
        await asyncio.to_thread(site.undo_last_migration)

    async def end(self, site: Site) -> None:
        done = await asyncio.to_thread(run_command, site.environment, "migrate")
        if done.returncode:
            raise RuntimeError(f"xinqiao migrate: {done.stderr}")


FAULTS: tuple[Fault, ...] = (
    WorkerKilled(),
    TimerRaises(),
    DatabaseLocked(),
    PostgresStopped(),
    RedisStopped(),
    DiskFull(),
    WrongSecret(),
    MissingMigration(),
)


async def run_all(
    faults: Sequence[Fault], databases: frozenset[str], *, quick: bool, logs: Path | None
) -> list[Report]:
    """Break one thing after the other, each on every kind of installation it applies to (`quick`: on the first).

    The trials of either database go on side by side: nothing that is broken in one is used by the other.
    """
    town = await asyncio.to_thread(Town, databases)

    async def run_on(database: str) -> list[Report]:
        reports = []
        for fault in faults:
            shapes = [shape for shape in fault.shapes if shape.database in databases]
            for shape in shapes[:1] if quick else shapes:
                if shape.database == database:
                    seconds = fault.quick_seconds if quick else fault.seconds
                    reports.append(report := await _run(fault, town, shape, seconds, logs))
                    print(report, flush=True)
        return reports

    try:
        return [report for reports in await asyncio.gather(*map(run_on, sorted(databases))) for report in reports]
    finally:
        await asyncio.to_thread(town.remove)


async def _run(fault: Fault, town: Town, shape: Shape, seconds: float, logs: Path | None) -> Report:
    name = f"{fault.name}-{shape.database}-{'outside' if shape.outside else 'inside'}"
    report = Report(fault.name, str(shape), seconds)
    site = await asyncio.to_thread(town.site, name, shape, small_disk=isinstance(fault, DiskFull))
    try:
        report.lines += judge(await Trial(fault, site, seconds).run(), fault.expectation)
    except RefusedError as refused:
        report.lines.append(judge_refusal(refused.exit_code, refused.log, shape.refusal_names))
    except (BrokenOffError, TimeoutError, httpx2.TransportError) as broken:
        report.lines.append(Line("broken off", type(broken).__name__, (str(broken),)))
    finally:
        await site.remove()
        if logs:
            (logs / f"{name}.log").write_text(site.log)
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=[fault.name for fault in FAULTS], default=[])
    parser.add_argument("--database", choices=["sqlite", "postgres"], action="append", default=[])
    parser.add_argument("--quick", action="store_true", help="shorter, and each fault on one kind of installation")
    parser.add_argument("--without-disk", action="store_true", help="leave out disk-full where nobody may mount")
    parser.add_argument("--logs", type=Path, help="keep there what the processes logged")
    args = parser.parse_args()
    if args.logs:
        args.logs.mkdir(parents=True, exist_ok=True)
    left_out = {DiskFull.name} if args.without_disk else set()
    faults = [
        fault
        for fault in FAULTS
        if fault.name in (args.only or [f.name for f in FAULTS]) and fault.name not in left_out
    ]
    started = time.monotonic()
    databases = frozenset(args.database or ["sqlite", "postgres"])
    try:
        reports = asyncio.run(run_all(faults, databases, quick=args.quick, logs=args.logs))
    except (PermissionError, RuntimeError) as fault:
        print(f"cannot be tried here: {fault}", file=sys.stderr)
        return 2
    print(f"\n{'fault':<18} {'installation':<26} falls short")
    for report in reports:
        print(f"{report.name:<18} {report.shape:<26} {len(report.shortfalls) or '-'}")
    shortfalls = [words for report in reports for words in report.shortfalls]
    print(f"\n{len(reports)} trials in {time.monotonic() - started:.0f} s, {len(shortfalls)} lines fall short")
    return 1 if shortfalls else 0


if __name__ == "__main__":
    sys.exit(main())
