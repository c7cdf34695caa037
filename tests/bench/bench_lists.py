"""How long do lists, counts, boards and files take when the house is full?

    python -m tests.bench.bench_lists [--cases 20000] [--runs 30] [--only board] [--explain] [--data FOLDER]

Lives through some real cases at the door, copies their rows until the house is full, and times what clerks and the
supervisor look at: wall time at the median and the 95th percentile, processor time of this process, statements sent.
Uses the database named by XINQIAO_DATABASE_URL, else SQLite in a temporary folder (or in FOLDER, which is kept);
a database that was filled before is used as it is.
"""

import argparse
import asyncio
import logging
import os
import platform
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tortoise import Model
from tortoise.functions import Max

from evaluation import periods
from evaluation.kpi import facts
from evaluation.kpi.facts import Question
from feedback.kernel import db, outbox
from feedback.kernel.clock import office_day
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.queries import lookup as case_lookup
from feedback.queries import public_replies
from feedback.queries import statistics as feedback_facts
from feedback.queries import worklist as case_worklist
from feedback.record import search
from feedback.record.cases import code_hash
from feedback.record.models.case import AccessBar, Case, Entry, PublicReply, TenureRow
from feedback.record.models.clocks import ClockRow
from feedback.rules.access import Actor, citizen
from feedback.rules.read_models import Filters
from feedback.rules.vocabulary import OPEN
from routing import directory
from routing.models import Notice
from routing.notices import inbox
from tests.people import Door
from web import bootstrap
from web.cli.serve import configure_logging
from web.context import AppContext
from web.demo import seed, simulation

PATTERNS, PATTERN_DAYS = 60, 45
SPREAD_DAYS = 700  # ended cases lie this far back
OPEN_SHARE = 0.12
REPLY_SHARE = 0.25
BATCH = 1000
PARTS = (Entry, ClockRow, TenureRow, AccessBar)
Timed = Callable[[], Awaitable[Any]]


async def machine() -> str:
    """Where the figures come from: versions, processors, load."""
    connection = db.read_connection()
    if connection.capabilities.dialect == "sqlite":
        database = f"SQLite {sqlite3.sqlite_version}"
    else:
        database = "PostgreSQL " + (await connection.execute_query_dict("SHOW server_version"))[0]["server_version"]
    names = ", ".join(f"{name} {version(name)}" for name in ("tortoise-orm", "starlette", "uvicorn"))
    load = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    return f"Python {platform.python_version()}, {names}, {database}; {platform.system()} {platform.machine()}, {load}"


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


# ---- a full house ----


@asynccontextmanager
async def settled(folder: str = "", **settings_: Any) -> AsyncIterator[Settings]:
    """The settings of an installation with the town in it; in a folder of its own that goes away, unless named."""
    data = Path(folder or tempfile.mkdtemp(prefix="xinqiao-bench-"))
    url = os.environ.get("XINQIAO_DATABASE_URL", "")
    settings = replace(Settings(data=data, database_url=url, log_level="error"), **settings_)
    try:
        await bootstrap.migrate(settings)
        async with bootstrap.open_context(settings) as context:
            await bootstrap.seed_calendar(context)
            if not (await directory.load_directory()).edition:
                await seed.seed_town(context)
        yield settings
    finally:
        if not folder:
            shutil.rmtree(data, ignore_errors=True)


async def fill(context: AppContext, cases: int) -> None:
    """Real cases through the door, and copies of their rows until there are so many."""
    if await Case.all().count() >= cases:
        return
    await simulation.DemoSimulation(context, PATTERNS, PATTERN_DAYS).run()
    now, draw = context.clock.now(), random.Random(1)
    units = [unit.code for unit in (await directory.load_directory()).units()]
    patterns = [dict(row) for row in await Case.all().values()]
    parts = {model: _by([dict(row) for row in await model.all().values()], "case_id") for model in PARTS}
    ended = [p for p in patterns if p["next_due_at"] is None and p["status"] not in {s.value for s in OPEN}]
    running = [p for p in patterns if p["status"] in {s.value for s in OPEN}]
    next_id: dict[Any, int] = {model: await _last_id(model) for model in (Case, *PARTS, PublicReply, Notice)}
    notices = _by([dict(row) for row in await Notice.all().values()], "case_no")
    for start in range(len(patterns), cases, BATCH):
        rows: dict[Any, list[Any]] = {model: [] for model in next_id}

        def add(model: type[Model], columns: dict[str, Any], rows: dict[Any, list[Any]] = rows) -> int:
            next_id[model] += 1
            rows[model].append(model(**{**columns, "id": next_id[model]}))
            return next_id[model]

        for number in range(start, min(start + BATCH, cases)):
            pattern = draw.choice(running if draw.random() < OPEN_SHARE else ended)
            back = timedelta(days=draw.uniform(0, 20 if pattern in running else SPREAD_DAYS))
            held = {part["unit"] for part in parts[TenureRow].get(pattern["id"], ())}
            unit = draw.choice([unit for unit in units if unit not in held]) if pattern["unit"] else ""
            code = f"{number:012d}"
            own: dict[str, Any] = {
                "no": f"20200101-{number:06d}",
                "code": context.settings.vault.encrypt_system(code),
                "code_hash": code_hash(context.settings.vault, code),
                "source_id": f"copy-{number}",
                "unit": unit,
                "title": f"{pattern['title']}第{number}件",
            }
            case_id = add(Case, _earlier(pattern, back) | own)
            for model in PARTS:
                for part in parts[model].get(pattern["id"], ()):
                    place = (
                        {"unit": unit} if model is not AccessBar and unit and part["unit"] == pattern["unit"] else {}
                    )
                    add(model, _earlier(part, back) | {"case_id": case_id} | place)
            for count, notice in enumerate(notices.get(pattern["no"], ())):
                columns = {"key": f"{number}:{count}", "case_no": own["no"], "unit": notice["unit"] and unit}
                add(Notice, _earlier(notice, back) | columns)
            if pattern["replied_at"] and not pattern["confidential"] and draw.random() < REPLY_SHARE:
                add(PublicReply, _reply(pattern | own, pattern["replied_at"] - back) | {"case_id": case_id})
        async with db.transaction():
            for model in rows:
                await model.bulk_create(rows[model], batch_size=200)
            for case in rows[Case]:
                await search.index(search.CASES, case.pk, search.case_words(case.title, case.address, case.text))
            for reply in rows[PublicReply]:
                await search.index(
                    search.REPLIES, reply.pk, search.reply_words(reply.title, reply.question, reply.answer)
                )
    await _settle_tables([model._meta.db_table for model in next_id])
    print(f"filled: {await Case.all().count()} cases, {await Entry.all().count()} entries; now {now:%Y-%m-%d}")


def _by(rows: Iterable[dict[str, Any]], column: str) -> dict[Any, list[dict[str, Any]]]:
    groups: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def _earlier(columns: dict[str, Any], back: timedelta) -> dict[str, Any]:
    return {name: value - back if isinstance(value, datetime) else value for name, value in columns.items()}


def _reply(case: dict[str, Any], at: datetime) -> dict[str, Any]:
    names = ("title", "unit", "category", "region", "kind")
    texts = {"question": case["text"], "answer": f"您好：关于“{case['title']}”，我们已到现场办理完毕。"}
    times = {"received_at": at - timedelta(days=3), "replied_at": at, "published_at": at}
    return {name: case[name] for name in names} | texts | times


async def _last_id(model: type[Model]) -> int:
    return int((await model.all().annotate(last=Max("id")).first().values("last") or {}).get("last") or 0)


async def _settle_tables(tables: Iterable[str]) -> None:
    """What a house that filled up slowly would have: planner statistics, and sequences behind the ids."""
    connection = db.write_connection()
    if connection.capabilities.dialect == "sqlite":
        await connection.execute_script("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    for table in tables:
        last = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"  # noqa: S608 - our own names
        await connection.execute_query(last)
    await connection.execute_script("VACUUM ANALYZE")


# ---- what people look at ----


async def looks(door: Door) -> dict[str, Timed]:
    """Every timed look, by name."""
    context, vault = door.context, door.settings.vault
    now = context.clock.now()
    clerk, chief, desk = [await directory.load_actor(name) for name in ("clerk-chengguan", "supervisor", "reception")]
    month = periods.month_before(office_day(now))
    mine = Filters(mine=True, status="open")
    case = (await Case.filter(unit="chengguan").order_by("-id").first()) or await Case.all().first()
    assert case is not None
    code = vault.decrypt_system(case.code)
    token = {name: await door.log_in(name) for name in ("clerk-chengguan", "supervisor", "reception")}

    def listed(actor: Actor, filters: Filters, page: int = 1) -> Timed:
        return partial(case_worklist.load_worklist, actor, filters, page, now=now)

    def got(path: str, who: str = "") -> Timed:
        async def get() -> None:
            headers = {"Authorization": f"Bearer {token[who]}"} if who else {}
            response = await door.client.get(path, headers=headers)
            assert response.status_code == 200, (path, response.status_code)

        return get

    return {
        "clerk: mine, open": listed(clerk, mine),
        "clerk: all, page 1": listed(clerk, Filters()),
        "clerk: all, last page": listed(clerk, Filters(), 10**6),
        "clerk: red": listed(clerk, Filters(light="red")),
        "clerk: category 10": listed(clerk, Filters(category="10")),
        "clerk: q 路灯": listed(clerk, Filters(q="路灯")),
        "clerk: counts": partial(case_worklist.count_cases, clerk, Filters(), now=now),
        "clerk: counts mine": partial(case_worklist.count_cases, clerk, mine, now=now),
        "desk: mine, open": listed(desk, mine),
        "chief: open": listed(chief, Filters(status="open")),
        "chief: all, page 1": listed(chief, Filters()),
        "chief: all, last page": listed(chief, Filters(), 10**6),
        "chief: newest first": listed(chief, Filters(sort="-received")),
        "chief: red": listed(chief, Filters(light="red")),
        "chief: green": listed(chief, Filters(light="green")),
        "chief: category 10": listed(chief, Filters(category="10")),
        "chief: one unit, open": listed(chief, Filters(unit="chengguan", status="open")),
        "chief: q 路灯": listed(chief, Filters(q="路灯")),
        "chief: q 停车 清河": listed(chief, Filters(q="停车 清河")),
        "chief: counts": partial(case_worklist.count_cases, chief, Filters(), now=now),
        "chief: board": partial(case_worklist.load_board, chief, now=now),
        "chief: flow of a day": partial(case_worklist.count_flow, chief, now - timedelta(days=1), now),
        "one file (clerk)": partial(case_queries.load_file, clerk, case.no, vault=vault),
        "one file (citizen)": partial(case_queries.load_file, citizen(case.no), case.no, vault=vault),
        "brief": partial(case_queries.load_summary, case.no),
        "by code": partial(case_lookup.find_by_code, vault, code, no=case.no),
        "public replies, newest": public_replies.search_public_replies,
        "public replies, page 50": partial(public_replies.search_public_replies, page=50),
        "public replies, q 路灯": partial(public_replies.search_public_replies, "路灯"),
        "public replies, facets": public_replies.count_facets,
        "clocks to look at": partial(feedback_facts.list_due_clocks, now, 500),
        "clock facts of a month": partial(feedback_facts.load_clock_facts, now - timedelta(days=30), now),
        "case facts of a month": partial(feedback_facts.load_case_facts, now - timedelta(days=30), now),
        **{
            f"figures of {name}": partial(facts.count_facts, Question(periods.parse_period(name), now, 30))
            for name in (month.name, f"{now:%Y}")
        },
        "figures: list behind one": partial(
            facts.list_cases, Question(periods.parse_year(f"{now:%Y}"), now, 30), ["order_late"]
        ),
        "notices of a unit": partial(inbox.list_notices, clerk),
        "unread notices": partial(inbox.count_unread, clerk, now),
        "notices not delivered": inbox.list_undelivered,
        "outbox: due": partial(outbox.list_due_ids, now),
        "outbox: counts": partial(outbox.count_messages, now),
        "HTTP /": got("/"),
        "HTTP /replies": got("/replies"),
        "HTTP case by code": got(f"/api/v1/cases/{case.no}?code={code}"),
        "HTTP /desk (clerk)": got("/desk", "clerk-chengguan"),
        "HTTP /desk (desk)": got("/desk", "reception"),
        "HTTP /desk (chief)": got("/desk", "supervisor"),
        "HTTP /api/v1/desk/cases": got("/api/v1/desk/cases", "supervisor"),
        "HTTP /desk/cases/NO": got(f"/desk/cases/{case.no}", "clerk-chengguan"),
        "HTTP /board": got("/board", "supervisor"),
        "HTTP figures of a month": got(f"/api/v1/kpis?period={month.name}", "supervisor"),
        "HTTP figures of a year": got(f"/api/v1/kpis?period={now:%Y}", "supervisor"),
    }


class Statements(logging.Handler):
    """Keeps every statement that is sent, with its values."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.sent: list[tuple[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and len(record.args) == 2:
            self.sent.append((str(record.args[0]), record.args[1]))


@asynccontextmanager
async def overheard() -> AsyncIterator[Statements]:
    log, heard = logging.getLogger("tortoise.db_client"), Statements()
    level = log.level
    log.addHandler(heard)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        yield heard
    finally:
        log.removeHandler(heard)
        log.setLevel(level)


async def time_one(name: str, look: Timed, runs: int, explain: bool) -> None:
    await look()
    async with overheard() as heard:
        await look()
    wall: list[float] = []
    cpu = time.process_time()
    for _ in range(runs):
        start = time.perf_counter()
        await look()
        wall.append((time.perf_counter() - start) * 1000)
    cpu = (time.process_time() - cpu) * 1000 / runs
    print(f"{name:<28} {percentile(wall, 0.5):>9.1f} {percentile(wall, 0.95):>9.1f} {cpu:>9.1f} {len(heard.sent):>5}")
    if explain:
        for statement, values in heard.sent:
            await _explain(statement, values)


async def _explain(statement: str, values: Any) -> None:
    connection = db.read_connection()
    if not statement.startswith(("SELECT", "WITH")):
        return
    is_sqlite = connection.capabilities.dialect == "sqlite"
    start = time.perf_counter()
    await connection.execute_query_dict(statement, values)
    print(f"    {(time.perf_counter() - start) * 1000:.1f} ms  {statement[:2000]}")
    prefix = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN (ANALYZE, COSTS OFF, SUMMARY OFF) "
    for row in await connection.execute_query_dict(prefix + statement, values):
        print("        ", row["detail"] if is_sqlite else row["QUERY PLAN"])


async def run(cases: int, runs: int, only: str, explain: bool, folder: str) -> None:
    configure_logging(Settings(log_level="error"))
    async with settled(folder) as settings:
        async with bootstrap.open_context(settings) as context:
            await fill(context, cases)
        async with Door.opened(settings) as door:
            print(await machine())
            print(f"{'':<28} {'p50 ms':>9} {'p95 ms':>9} {'cpu ms':>9} {'sent':>5}")
            for name, look in (await looks(door)).items():
                if only in name:
                    await time_one(name, look, runs, explain)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--only", default="", help="looks whose name holds this")
    parser.add_argument("--explain", action="store_true", help="print each statement with its plan")
    parser.add_argument("--data", default="", help="folder that is kept, and used again")
    args = parser.parse_args()
    asyncio.run(run(args.cases, args.runs, args.only, args.explain, args.data))
    return 0


if __name__ == "__main__":
    sys.exit(main())
