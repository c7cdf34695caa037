"""How long does a look at ten thousand running clocks take, and how well do forecasts fit what happened?

    python -m tests.bench.bench_oversight sweep [--clocks 10000]
    python -m tests.bench.bench_oversight forecast [--data FOLDER]

`sweep` fills a house with copies of a real case and lets every clock run out at once: the sweep, what follows from it,
and a second look that finds nothing. `forecast` learns from the clocks begun in the first part of the time (of FOLDER's
database, else of a freshly sown demo town) and foretells the rest at several moments of their lives. Uses the database
named by XINQIAO_DATABASE_URL, else SQLite in a temporary folder.
"""

import argparse
import asyncio
import json
import os
import platform
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from feedback import jobs
from feedback.kernel import outbox
from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from feedback.kernel.settings import Settings
from feedback.queries import supervision
from feedback.record.models.case import Case, Entry
from feedback.record.models.clocks import ClockRow
from routing.models import Notice
from routing.oversight.forecast import History, PastClock, compute_calibration, used_share
from tests.people import Door
from web import bootstrap
from web.cli.serve import configure_logging
from web.demo import background_fill, seed

MONDAY = to_utc(datetime(2026, 9, 14, 9, 0, tzinfo=OFFICE_TIMEZONE))
MOMENTS = (0.25, 0.5, 0.75)
LEARNT_SHARE = 0.6


def _unnumbered(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}


async def filled(door: Door, clocks: int) -> None:
    """A real case, copied until so many clocks run."""
    no = (await door.submit(kind="appeal", title="申诉学区划分", text="对学区划分不服，请重新核定。"))["no"]
    desk = await door.log_in("reception")
    assert (await door.act(no, "assign", {"unit": "jiaoyu"}, desk)).status_code == 200
    await door.drain()
    case = await Case.get(no=no)
    parts: list[tuple[Any, list[dict[str, Any]]]] = [
        (part, [_unnumbered(row) for row in await part.filter(case_id=case.id).values()]) for part in (Entry, ClockRow)
    ]
    columns = {name: value for name, value in (await Case.filter(id=case.id).values())[0].items() if name != "id"}
    running = sum(row["look_at"] is not None for row in parts[1][1])
    for first in range(0, clocks // running, 500):
        part = range(first, min(first + 500, clocks // running))
        await Case.bulk_create(
            [Case(**{**columns, "no": f"20260101-{n:06d}", "code_hash": f"{n:064d}", "source_id": None}) for n in part]
        )
        ids = [row["id"] for row in await Case.filter(no__in=[f"20260101-{n:06d}" for n in part]).values("id")]
        for model, rows in parts:
            await model.bulk_create([model(**{**row, "case_id": case_id}) for case_id in ids for row in rows])


async def sweep(settings: Settings, clocks: int) -> dict[str, Any]:
    async with Door.opened(settings) as door:
        await bootstrap.seed_calendar(door.context)
        await seed.seed_town(door.context)
        door.set_time(MONDAY)
        await filled(door, clocks)
        late = MONDAY + timedelta(days=120)
        door.set_time(late)
        started = time.perf_counter()
        count = await jobs.sweep_clocks(late)
        swept = time.perf_counter() - started
        messages = await outbox.Message.filter(kind="clock.reached").count()
        started = time.perf_counter()
        await outbox.drain(bootstrap.build_handlers(door.context), late)
        followed = time.perf_counter() - started
        started = time.perf_counter()
        again = await jobs.sweep_clocks(late)
        return {
            "clocks": await ClockRow.filter(stopped_at__isnull=True).count(),
            "told": count,
            "sweep_seconds": round(swept, 3),
            "messages": messages,
            "notices": await Notice.filter(clock__isnull=False).count(),
            "following_seconds": round(followed, 3),
            "second_look": again,
            "second_look_seconds": round(time.perf_counter() - started, 4),
        }


async def forecast(settings: Settings, is_own: bool) -> dict[str, Any]:
    async with bootstrap.open_context(settings) as context:
        if not is_own:
            await background_fill.prepare(context)
            await background_fill.fill(context)
        now = context.clock.now()
        rows = [
            PastClock(*row) for row in await supervision.load_past_clocks(now - timedelta(days=3650), now, 1_000_000)
        ]
    rows.sort(key=lambda clock: clock.starts_at)
    split = rows[int(len(rows) * LEARNT_SHARE)].starts_at
    # What one would have known at the split: clocks still running then are not known to end.
    known = History.of((clock for clock in rows if (clock.ended_at or now) < split), split)
    pairs: dict[str, list[tuple[float, bool]]] = {}
    for clock in rows:
        if clock.starts_at < split:
            continue
        ended = used_share(clock.starts_at, clock.due_at, clock.ended_at or now)
        for used in MOMENTS:
            if ended > used:
                forecast = known.forecast(clock.unit, clock.term, clock.kind, used)
                pairs.setdefault(f"at {used:.0%}", []).append((forecast.chance, ended >= 1))
    return {
        "clocks": len(rows),
        "learnt_until": split.isoformat(),
        **{k: compute_calibration(v) for k, v in pairs.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("sweep", "forecast"))
    parser.add_argument("--clocks", type=int, default=10_000)
    parser.add_argument("--data", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Settings(data=args.data or Path(folder), database_url=os.environ.get("XINQIAO_DATABASE_URL", ""))
        settings = replace(base, log_level="error", login_per_minute=1_000_000)
        configure_logging(settings)
        asyncio.run(bootstrap.migrate(settings))
        figures = asyncio.run(
            sweep(settings, args.clocks) if args.what == "sweep" else forecast(settings, args.data is not None)
        )
    figures["machine"] = f"{platform.python_version()} {platform.machine()}, {os.cpu_count()} CPUs"
    print(json.dumps(figures, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
