"""How long does it take to change a holiday while thousands of cases run, and does every one of them follow?

    python -m tests.bench.bench_calendar [--cases 5000]      # SQLite
    XINQIAO_DATABASE_URL=postgres://… python -m tests.bench.bench_calendar

Cases are opened, assigned and accepted through the one door in September 2026; then 2026-10-08 and 2026-10-09 become
days off. Measured: the preview, applying, and draining what follows. Proved: the preview names exactly the clocks
that move, no clock keeps its old date silently (a full refold), every move has its recorded cause, ended clocks stay,
one notice per citizen concerned, and a roll back gives the old dates.
"""

import argparse
import asyncio
import os
import random
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from feedback import jobs
from feedback.kernel import outbox
from feedback.kernel.clock import OFFICE_TIMEZONE, SystemClock, monotonic, to_utc
from feedback.kernel.settings import Settings
from feedback.record import calendar_editions, cases, deadline_changes
from feedback.record.models.calendar import DeadlineChangeRow
from feedback.record.models.case import Case
from feedback.record.models.clocks import ClockRow
from feedback.rules.access import SYSTEM
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Act
from feedback.rules.workdays import DayRow
from routing import directory
from routing.models import Notice
from web import bootstrap
from web.actions import cases as case_actions
from web.cli.serve import configure_logging
from web.context import AppContext
from web.demo import seed

DAYS_OFF = (DayRow(date(2026, 10, 8), False, "国庆节"), DayRow(date(2026, 10, 9), False, "国庆节"))
NOW = to_utc(datetime(2026, 9, 30, 17, 0, tzinfo=OFFICE_TIMEZONE))
KINDS = ("complaint", "help", "consult", "appeal", "suggest", "report")
Dates = dict[tuple[int, str, int, str], tuple[object, ...]]


async def fill(context: AppContext, count: int) -> None:
    """Running cases of all kinds, received over four weeks, two thirds of them assigned, half accepted."""
    draw = random.Random(20_261_008)
    clerk = await directory.load_actor("clerk-jiaoyu")
    for i in range(count):
        kind = KINDS[i % len(KINDS)]
        at = NOW - timedelta(minutes=draw.randrange(28 * 24 * 60))
        person = PersonSubmission(name="安小娜", phone=f"139{i:08d}") if i % 10 else None
        draft = Submission(
            kind=kind,
            title=f"路灯不亮 {i}",
            text="小区门口的路灯晚上不亮，请派人看看。",
            channel="web",
            desk="xinfang" if kind in ("appeal", "suggest") else "rexian",
            person=person,
        )
        no = (await cases.submit(draft, case_actions.CITIZEN, now=at, vault=context.settings.vault)).no
        if i % 3:
            unit = "jiwei" if kind == "report" else "jiaoyu"
            await cases.act(no, Act.ASSIGN, SYSTEM, {"unit": unit}, now=at + timedelta(minutes=5))
            if i % 2 and kind != "report":
                await cases.act(no, Act.ACCEPT, clerk, {}, now=at + timedelta(minutes=9))
    await outbox.Message.filter(done_at__isnull=True).update(done_at=NOW)  # the bench is about what comes after


async def dates() -> tuple[Dates, Dates]:
    """(running, ended): each clock with its dates."""
    running: Dates = {}
    ended: Dates = {}
    async for row in ClockRow.all():
        key = (row.case_id, row.term, row.seq, row.unit)  # type: ignore[attr-defined] # added at run time
        held = running if row.stopped_at is None else ended
        held[key] = (row.due_legal_day, row.due_at) if row.stopped_at is None else (row.due_at, row.edition)
    return running, ended


async def bench(context: AppContext, count: int) -> None:
    """Everything, printed as it goes."""
    handlers = bootstrap.build_handlers(context)
    started = monotonic()
    await fill(context, count)
    print(f"{await Case.all().count()} cases, {await ClockRow.all().count()} clocks in {monotonic() - started:.0f} s")
    before, ended = await dates()
    known = await calendar_editions.load_editions()
    newest = known.newest
    what = calendar_editions.CalendarChange(
        DAYS_OFF, (), newest.announced_until, source="假设的通知", remark="国庆节延长两天"
    )

    started = monotonic()
    foreseen = await deadline_changes.preview_changes(calendar_editions.apply_change(newest, what), NOW)
    print(f"preview {monotonic() - started:.2f} s: {len(foreseen)} clocks would move")

    started = monotonic()
    name = await calendar_editions.add_edition(what, "bench", NOW, after=newest.edition)
    print(f"apply   {monotonic() - started:.3f} s: edition {name}")
    started = monotonic()
    while not (await deadline_changes.recalculate_deadlines(NOW))[1]:
        pass
    print(f"recount {monotonic() - started:.2f} s")
    started = monotonic()
    done = await outbox.drain(handlers, NOW)
    print(f"drain   {monotonic() - started:.2f} s: {done} messages")

    after, ended_after = await dates()
    moved = {key for key, day in after.items() if before[key] != day}
    open_moved = await DeadlineChangeRow.filter(case__confidential=False).count()
    assert len(foreseen) == open_moved, (len(foreseen), open_moved)
    assert len(moved) == await DeadlineChangeRow.all().count(), "a move without a recorded cause"
    assert ended == ended_after, "an ended clock changed"
    started = monotonic()
    damages = [d async for d in jobs.find_damages(context.settings)]
    assert not damages, damages[:3]
    print(f"refold  {monotonic() - started:.1f} s: {len(moved)} moved, stored = folded in every case")
    personal = DeadlineChangeRow.filter(holder__in=["own", "citizen"], case__person_id__isnull=False)
    concerned = len(set(await personal.values_list("case_id", flat=True)))
    notice_counts = Counter(
        await Notice.filter(event="clock.moved", audience="citizen").values_list("case_no", flat=True)
    )
    assert len(notice_counts) == concerned and set(notice_counts.values()) <= {1}, (len(notice_counts), concerned)
    units = await Notice.filter(event="clock.moved", audience="unit").count()
    print(f"told    {concerned} citizens, once each; {units} notices to units")

    started = monotonic()
    later = NOW + timedelta(minutes=10)
    back = calendar_editions.CalendarChange(
        (), tuple(r.day for r in DAYS_OFF), newest.announced_until, remark="恢复原安排"
    )
    await calendar_editions.add_edition(back, "bench", later, after=name)
    await outbox.drain(handlers, later)
    again, _ = await dates()
    unchanged = [key for key in again if again[key] != before[key]]
    assert all(key[1] in ("object", "ask_review", "ask_re_review") for key in unchanged), "a duty did not go back"
    print(
        f"back    {monotonic() - started:.1f} s: every duty as before, {len(unchanged)} rights keep the later day told"
    )


async def run(count: int) -> None:
    """The bench in an office of its own."""
    folder = Path(tempfile.mkdtemp(prefix="xinqiao-calendar-"))
    named = {k: v for k, v in os.environ.items() if k == "XINQIAO_DATABASE_URL"}
    settings = Settings.read({"XINQIAO_DATA": str(folder), "XINQIAO_LOG_LEVEL": "error", **named})
    configure_logging(settings)
    await bootstrap.migrate(settings)
    try:
        async with bootstrap.open_context(settings) as opened:
            context = replace(opened, clock=SystemClock.starting_at(NOW - timedelta(days=60)))
            await bootstrap.seed_calendar(context)
            await seed.seed_town(context)
            await bench(context, count)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    asyncio.run(run(parser.parse_args().cases))


if __name__ == "__main__":
    main()
