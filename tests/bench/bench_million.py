"""How soon is a new case with its unit when the database is full and every timer runs?

    python -m tests.bench.bench_million --database postgres://user:password@host/name [--redis redis://host/5]
        [--cases 1000000] [--new 500] [--minutes 10] [--data FOLDER]

Lets some real cases happen through the ordinary ways, copies their rows inside PostgreSQL until there are so many, then
starts the real server (with one worker outside when Redis is named, else with the worker inside), makes every timer due
at once and submits new cases over HTTP. Prints how long it takes until the last one is classified, how many have a unit
by then, and each timer's longest run. A database that was filled before is used as it is. The search index and the
fingerprints of the copies are left out: no timer reads them.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
from tortoise import Model, fields

from feedback.kernel import db, outbox, timers
from feedback.kernel.db import InstantField
from feedback.kernel.settings import Settings
from feedback.record.models.case import AccessBar, Case, Entry, Person, TenureRow
from feedback.record.models.clocks import ClockRow
from feedback.rules.vocabulary import OPEN
from routing.models import Notice
from tests.bench.bench_lists import machine, percentile, settled
from tests.stress.servers import READY_SECONDS, free_port
from web import bootstrap
from web.cli.serve import configure_logging
from web.context import AppContext
from web.demo import simulation

PATTERNS, PATTERN_DAYS = 400, 60
ENDED_DAYS, OPEN_DAYS = 700, 20  # how far back the copies of ended and of open cases lie
OPEN_SHARE = 0.12
BATCH = 10_000
DAY_MILLIS = 24 * 3600 * 1000
SENDERS = 4


# ---- a full database ----


async def fill(context: AppContext, cases: int) -> None:
    """Real cases, and copies of their rows made by the database until there are so many."""
    if await Case.all().count() >= cases:
        return
    if not await Case.exists():
        await simulation.DemoSimulation(context, PATTERNS, PATTERN_DAYS).run()
    run = db.write_connection().execute_query_dict
    await db.write_connection().execute_script(_PATTERNS)
    ended, running = [
        (await run(f"SELECT count(*) AS n FROM pattern_case WHERE is_open = {is_open}"))[0]["n"]  # noqa: S608
        for is_open in ("false", "true")
    ]
    first = 1 + (await run(f"SELECT max(id) / {_STEP} AS n FROM feedback_case"))[0]["n"]  # noqa: S608
    rounds = first + int((1 - OPEN_SHARE) * (cases - await _count(Case)) / ended)
    of_open = min(1.0, OPEN_SHARE / (1 - OPEN_SHARE) * ended / max(1, running))  # copied in one round
    per_batch = max(1, int(BATCH / (ended + of_open * running)))
    started, models = time.perf_counter(), (Person, Case, Entry, ClockRow, TenureRow, AccessBar, Notice, outbox.Message)
    # A connection of its own: no time-outs, and no look at each foreign key of rows that are true copies.
    connection = await asyncpg.connect(
        context.settings.database, server_settings={"session_replication_role": "replica"}
    )
    for model in models:  # the rows to copy, by themselves: the tables they stand in grow
        table = model._meta.db_table
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS pattern_of_{table} AS SELECT * FROM {table} WHERE id < {_STEP}"  # noqa: S608
        )
        await connection.execute(f"ANALYZE pattern_of_{table}")
    rebuild = await _drop_indexes(connection, [model._meta.db_table for model in models])
    for number in range(first, rounds + 1, per_batch):
        await connection.execute(_CHOOSE, number, min(rounds, number + per_batch - 1), of_open)
        async with connection.transaction():
            for model in models:
                await connection.execute(_copying(model))
        print(f"\r{await _count(Case):,} cases after {time.perf_counter() - started:.0f} s", end="", flush=True)
    for statement in rebuild:
        await connection.execute(statement)
    print(f"\nindexes made after {time.perf_counter() - started:.0f} s", flush=True)
    for model in models:
        table = model._meta.db_table
        await run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")  # noqa: S608
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def _drop_indexes(connection: asyncpg.Connection, tables: list[str]) -> list[str]:
    """Rows without indexes are copied many times faster. Returns the statements that make them again."""
    constraints = await connection.fetch(
        "SELECT conrelid::regclass::text AS tab, conname AS name, pg_get_constraintdef(oid) AS made FROM pg_constraint "
        "WHERE contype = 'u' AND conrelid::regclass::text = ANY($1)",
        tables,
    )
    indexes = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made FROM pg_index "
        "WHERE NOT indisprimary AND indrelid::regclass::text = ANY($1) "
        "AND indexrelid NOT IN (SELECT conindid FROM pg_constraint)",
        tables,
    )
    for row in constraints:
        await connection.execute(f'ALTER TABLE {row["tab"]} DROP CONSTRAINT "{row["name"]}"')
    for row in indexes:
        await connection.execute(f"DROP INDEX {row['name']}")
    return [
        *(f'ALTER TABLE {row["tab"]} ADD CONSTRAINT "{row["name"]}" {row["made"]}' for row in constraints),
        *(row["made"] for row in indexes),
    ]


async def _count(model: type[Model]) -> int:
    table = model._meta.db_table
    rows = await db.write_connection().execute_query_dict(f"SELECT count(*) AS n FROM {table}")  # noqa: S608
    return int(rows[0]["n"])


_IS_OPEN = ", ".join(f"'{status.value}'" for status in sorted(OPEN))
_PATTERNS = f"""
    CREATE TABLE IF NOT EXISTS pattern_case AS
        SELECT id, no, person_id, next_due_at IS NOT NULL AND status IN ({_IS_OPEN}) AS is_open FROM feedback_case;
    CREATE TABLE IF NOT EXISTS pattern_message AS
        SELECT m.id, c.id AS case_id FROM kernel_message m JOIN feedback_case c ON c.no = m.payload->>'no'
        WHERE m.done_at IS NOT NULL;
    CREATE TABLE IF NOT EXISTS pattern_copy (pattern bigint, number bigint, back bigint);
    SELECT setseed(0.5);
"""  # noqa: S608 - our own words
_STEP = 10_000_000  # ids of copy n lie n times so far behind those of their patterns, n below a million
_CHOOSE = f"""
    WITH gone AS (DELETE FROM pattern_copy)
    INSERT INTO pattern_copy SELECT p.id, n,
        floor(random() * CASE WHEN is_open THEN {OPEN_DAYS} ELSE {ENDED_DAYS} END) * {DAY_MILLIS}
    FROM pattern_case p, generate_series($1::int, $2::int) n WHERE NOT p.is_open OR random() < $3::float
"""  # noqa: S608 - our own numbers


def _copying(model: type[Model]) -> str:
    """INSERT of the chosen copies of a model's rows: ids and numbers of their own, all times moved back."""
    table, names, values = model._meta.db_table, [], []
    for name, column in model._meta.fields_map.items():
        if not column.has_db_field or isinstance(column, fields.relational.RelationalField):
            continue
        names.append(f'"{column.source_field or name}"')
        values.append(_copied(model, column.source_field or name, column))
    joined = {
        Case: "t.id = c.pattern",
        Person: "t.id = p.person_id",
        Notice: "t.case_no = p.no",
        outbox.Message: "t.id = m.id",
    }.get(model, "t.case_id = c.pattern")
    messages = "JOIN pattern_message m ON m.case_id = c.pattern" if model is outbox.Message else ""
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM pattern_copy c "  # noqa: S608
        f"JOIN pattern_case p ON p.id = c.pattern {messages} JOIN pattern_of_{table} t ON {joined}"
    )


def _copied(model: type[Model], name: str, column: Any) -> str:
    far = f"c.number * {_STEP}"
    own = {
        "id": f"t.id + {far}",
        "case_id": f"t.case_id + {far}",
        "person_id": f"t.person_id + {far}",
        "no": f"'C' || (t.id + {far})",
        "case_no": f"'C' || (c.pattern + {far})",
        "code_hash": f"md5((t.id + {far})::text)",
        "source_id": f"'copy-' || (t.id + {far})",
        "key": "c.number || ':' || t.id" if model is outbox.Message or model is Notice else "t.key",
    }
    if name in own:
        return own[name]
    if isinstance(column, InstantField):
        return f't."{name}" - c.back'
    if isinstance(column, fields.DateField):
        return f't."{name}" - (c.back / {DAY_MILLIS})::int'
    return f't."{name}"'


# ---- the running system ----


@asynccontextmanager
async def running(settings: Settings, log: Path) -> AsyncIterator[str]:
    """The real server, with a worker outside when Redis is named."""
    port = free_port()
    environment = {
        "XINQIAO_DATA": str(settings.data),
        "XINQIAO_DATABASE_URL": settings.database_url,
        "XINQIAO_REDIS_URL": settings.redis_url,
        "XINQIAO_PORT": str(port),
        "XINQIAO_SUBMIT_PER_MINUTE": "1000000",
    }
    commands = [["serve"], ["worker"]] if settings.redis_url else [["serve"]]
    with log.open("wb") as file:
        processes = [
            subprocess.Popen(  # noqa: ASYNC220 - started once, nothing else goes on
                [sys.executable, "-m", "web", *command], env={**os.environ, **environment}, stderr=file
            )
            for command in commands
        ]
        try:
            base = f"http://127.0.0.1:{port}"
            await _until_ready(base)
            yield base
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(timeout=60)


async def _until_ready(base: str) -> None:
    async with httpx2.AsyncClient(base_url=base, timeout=5) as client:
        for _ in range(READY_SECONDS * 5):
            try:
                if (await client.get("/healthz")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.2)
    raise TimeoutError(base)


async def all_due(context: AppContext) -> None:
    """Every timer is due now, the nightly ones too."""
    table = bootstrap.timers(context)
    await timers.due(table, datetime.now(UTC))  # makes the rows the worker did not make yet
    await timers.TimerRow.all().update(
        due_at=datetime.now(UTC), position="", last_started_at=None, last_duration_ms=0, failures=0, error=""
    )


class Watch:
    """Each timer's longest run, and how many it took, as its row tells."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}
        self.runs: dict[str, set[datetime]] = {}
        self.errors: dict[str, str] = {}

    async def look(self) -> int:
        """Returns how many are still to run or running."""
        now, left = datetime.now(UTC), 0
        for row in await timers.states():
            name, started = row["name"], row["last_started_at"]
            seconds = row["last_duration_ms"] / 1000
            if row["leased_until"] and started:
                seconds = max(seconds, (now - started).total_seconds())
            self.longest[name] = max(self.longest.get(name, 0.0), seconds)
            if started:
                self.runs.setdefault(name, set()).add(started)
            if row["error"]:
                self.errors[name] = row["error"].strip().splitlines()[-1]
            left += bool(row["leased_until"]) or row["due_at"] <= now or row["position"] not in ("", None)
        return left


TEXTS = (
    ("路灯不亮", "小区门口的路灯坏了半个月，晚上出门很黑，希望尽快修好。"),
    ("垃圾没有清运", "楼下的垃圾桶三天没有清运，气味很大，请环卫部门处理。"),
    ("拖欠工资", "工地拖欠我们班组两个月工资，一直说没有钱，请劳动监察部门帮忙。"),
    ("学校门口拥堵", "小学门口早晚高峰车辆乱停，孩子过马路很危险，希望安排人疏导。"),
)


async def submit(base: str, count: int, tag: str) -> tuple[list[str], list[float]]:
    """New cases over HTTP. Returns their numbers and how long each took in seconds."""
    numbers: list[str] = []
    took: list[float] = []
    waiting = list(range(count))
    draw = random.Random(1)

    async def sender(client: httpx2.AsyncClient) -> None:
        while waiting:
            number = waiting.pop()
            title, text = TEXTS[number % len(TEXTS)]
            begun = time.perf_counter()
            body = {
                "kind": "complaint",
                "title": f"{title}{number}",
                "text": f"{text}（{draw.randrange(10**9)}）",
                "channel": "app",
                "source_id": f"{tag}-{number}",
                "person": {"name": "安小娜", "phone": f"139{number:08d}"},
            }
            response = await client.post("/api/v1/cases", json=body)
            assert response.status_code == 201, response.text
            took.append(time.perf_counter() - begun)
            numbers.append(response.json()["no"])

    async with httpx2.AsyncClient(base_url=base, timeout=60) as client:
        await asyncio.gather(*(sender(client) for _ in range(SENDERS)))
    return numbers, took


async def classified(numbers: list[str]) -> tuple[int, int]:
    """How many of them are classified, and how many have a unit."""
    rows = Case.filter(no__in=numbers)
    done = Entry.filter(case__no__in=numbers, act="classify")
    return len({row["case_id"] for row in await done.values("case_id")}), await rows.exclude(unit="").count()


async def run(args: argparse.Namespace) -> None:
    configure_logging(Settings(log_level="error"))
    os.environ["XINQIAO_DATABASE_URL"] = args.database
    with tempfile.TemporaryDirectory(prefix="xinqiao-bench-") as folder:
        async with (
            settled(args.data or folder, redis_url=args.redis) as settings,
            bootstrap.open_context(settings) as context,
        ):
            await fill(context, args.cases)
            print(await machine())
            sizes = {model._meta.db_table: await _count(model) for model in (Case, Entry, ClockRow, outbox.Message)}
            print("; ".join(f"{table} {count:,}" for table, count in sizes.items()), flush=True)
            log = Path(args.data or folder) / "bench.log"
            async with running(settings, log) as base:
                await measure(context, base, args)
            print(f"lines in the log of the processes: {len(log.read_text('utf-8').splitlines())}")


async def measure(context: AppContext, base: str, args: argparse.Namespace) -> None:
    watch, started = Watch(), time.perf_counter()
    await all_due(context)
    sending = asyncio.create_task(submit(base, args.new, f"{time.time():.0f}"))
    sent_at = classified_at = 0.0
    numbers: list[str] = []
    while (now := time.perf_counter() - started) < 60 * args.minutes:
        left = await watch.look()
        if sending.done() and not numbers:
            numbers, took = sending.result()
            sent_at = now
            print(f"{len(numbers)} submitted in {now:.1f} s, p50 {percentile(took, 0.5) * 1000:.0f} ms, ", end="")
            print(f"p95 {percentile(took, 0.95) * 1000:.0f} ms, slowest {max(took):.1f} s")
        if numbers and not classified_at:
            done, with_unit = await classified(numbers)
            if done == len(numbers):
                classified_at = now
                print(f"last one classified after {now:.1f} s, {now - sent_at:.1f} s after it was submitted; ", end="")
                print(f"{with_unit} have their unit")
        if classified_at and not left:
            break
        await asyncio.sleep(0.5)
    if numbers and not classified_at:
        print("NOT classified in time:", await classified(numbers))
    print(f"watched for {time.perf_counter() - started:.0f} s; queue {await outbox.count_messages(datetime.now(UTC))}")
    _print_timers(watch.longest, watch)


def _print_timers(longest: Mapping[str, float], watch: Watch) -> None:
    print(f"{'timer':<18} {'longest run s':>14} {'runs':>5}")
    for name, seconds in sorted(longest.items(), key=lambda pair: -pair[1]):
        print(f"{name:<18} {seconds:>14.2f} {len(watch.runs.get(name, ())):>5}  {watch.errors.get(name, '')}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", required=True, help="postgres://… of a database of its own")
    parser.add_argument("--redis", default="", help="redis://…: one worker outside. Empty: the worker inside")
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--new", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=10, help="how long to watch at most")
    parser.add_argument("--data", default="", help="folder that is kept, and used again")
    asyncio.run(run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
