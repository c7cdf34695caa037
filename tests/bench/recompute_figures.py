"""Does every published number equal what the raw rows say?

    python -m tests.bench.recompute_figures [--cases 400] [--days 120]

Fills a demo town of its own, then counts one month and the year anew from the rows (`tests.bench.raw_figures`) and holds
against it: every fact and rate of the key figures, the edition with its unit and total rows, the tables of the annual
report, the board, the list behind it and the overdue page. Uses the database named by XINQIAO_DATABASE_URL, else SQLite
in a temporary folder. Exit 1 when a number differs.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from evaluation import periods
from evaluation.kpi import definitions, facts
from evaluation.kpi.definitions import KPI_BY_CODE, Weights
from evaluation.kpi.facts import Question
from evaluation.periods import Period
from evaluation.publication import annual_report, editions
from evaluation.publication.statistics import Counts
from feedback.kernel import db
from feedback.kernel.clock import office_day
from feedback.kernel.settings import Settings
from feedback.queries import overdue, worklist
from feedback.rules.access import SYSTEM
from feedback.rules.read_models import Filters
from tests.bench import raw_figures
from tests.bench.raw_figures import EDITION_COLUMNS, RATES, RawRows, Span, to_millis
from web import bootstrap
from web.cli.serve import configure_logging
from web.context import AppContext
from web.demo import seed, simulation
from web.pages.board import annual_report as report_pages
from web.wording import catalogue


async def find_differences(context: AppContext, now: datetime) -> list[str]:
    """Everything the program counts otherwise than the rows say. `now` is the office's time."""
    rows = await raw_figures.load_rows(db.read_connection())
    year, last_month = periods.parse_year(f"{office_day(now):%Y}"), periods.month_before(office_day(now))
    this_month = periods.month_of(office_day(now))
    differences: list[str] = []
    for period in (last_month, this_month, year):
        differences += await _compare_facts(rows, period, now, context.settings.rating_days)
    for period in (last_month, this_month):
        differences += await _compare_edition(rows, period, now, context.settings)
    differences += await _compare_report(rows, year, now, context.settings)
    return differences + await _compare_lights(rows, now)


async def _compare_facts(rows: RawRows, period: Period, now: datetime, window_days: int) -> list[str]:
    by_hand = raw_figures.count_facts(rows, _span(period, now), window_days)
    counted = await facts.count_facts(Question(period, now, window_days))
    counted = {unit: {name: n for name, n in counts.items() if n} for unit, counts in counted.items()}
    differences = [
        f"{period.name} {unit} {name}: {counted.get(unit, {}).get(name, 0)}, by hand {by_hand.get(unit, {}).get(name, 0)}"
        for unit in sorted({*counted, *by_hand})
        for name in sorted({*counted.get(unit, {}), *by_hand.get(unit, {})})
        if counted.get(unit, {}).get(name, 0) != by_hand.get(unit, {}).get(name, 0)
    ]
    total = raw_figures.sum_facts(by_hand)
    for code in RATES:
        figure = definitions.compute_figure(KPI_BY_CODE[code], facts.sum_units(counted), Weights())
        top, base = raw_figures.compute_rate(code, total)
        if (figure.top, figure.base) != (top, base) or (base and abs((figure.value or 0) - top / base) > 0.00006):
            differences.append(f"{period.name} {code}: {figure.top}/{figure.base} {figure.value}, by hand {top}/{base}")
    return differences


async def _compare_edition(rows: RawRows, period: Period, now: datetime, settings: Settings) -> list[str]:
    units, citizens = raw_figures.count_edition(rows, _span(period, now))
    counted, district = await editions.count_period(period.name, now=now)
    by_unit = {row.unit: _edition_counts(row) for row in counted}
    differences = [
        f"edition {period.name} {unit}: {dict(by_unit.get(unit, Counter()))}, by hand {dict(units.get(unit, Counter()))}"
        for unit in sorted({*by_unit, *units})
        if by_unit.get(unit, Counter()) != units.get(unit, Counter())
    ]
    total = sum(units.values(), Counter[str]())
    if _edition_counts(district) != total:
        differences.append(f"edition {period.name} total: {dict(_edition_counts(district))}, by hand {dict(total)}")
    if +Counter(asdict(district.citizens)) != citizens:
        differences.append(f"edition {period.name} citizens: {asdict(district.citizens)}, by hand {dict(citizens)}")
    table = await editions.preview_figures(period.name, now=now, settings=settings)
    expected_rows = [*((row, units.get(row["unit"], Counter[str]())) for row in table["units"])]
    for row, expected in [*expected_rows, (table["total"], total), (table["citizens"], citizens)]:
        differences += [
            f"edition {period.name} prints {name} {row[name]} of {row['name']}, by hand {expected[name]}"
            for name in EDITION_COLUMNS
            if row[name] is not None and row[name] != expected[name]
        ]
    return differences


def _edition_counts(row: Counts) -> Counter[str]:
    return +Counter({name: getattr(row, name) for name in EDITION_COLUMNS})


async def _compare_report(rows: RawRows, year: Period, now: datetime, settings: Settings) -> list[str]:
    report, span = await report_pages.made(year.name, settings, now), _span(year, now)
    tables = {table.caption: table for section in report.sections for table in section.tables}
    words = {"按类别": ("kind", catalogue.KINDS), "按渠道": ("channel", catalogue.CHANNELS)}
    differences = []
    for caption, (column, names) in words.items():
        by_hand = {names.get(code, code): n for code, n in raw_figures.count_received_by(rows, span, column).items()}
        printed = {row[0]: row[1] for row in tables[caption].rows if row[1]}
        if printed != by_hand:
            differences.append(f"report {caption}: {printed}, by hand {by_hand}")
    acts = raw_figures.count_acts(rows, span)
    for (act, profile, modes, name), row in zip(annual_report.ACT_ROWS, tables["转送、交办、督办"].rows, strict=True):
        n = sum(n for (a, p, mode), n in acts.items() if a == act and profile in ("", p) and mode in modes)
        if (row[0], row[1]) != (name, n):
            differences.append(f"report {name}: {row[1]}, by hand {n}")
    months = {str(row[0]): row[1] for row in tables["按月收到"].rows}
    for number in range(1, 13):
        month = periods.parse_month(f"{year.name}-{number:02d}")
        n = raw_figures.count_received_by(rows, _span(month, now), "kind").total()
        if month.since <= now and months[f"{number} 月"] != n:
            differences.append(f"report month {number}: {months[f'{number} 月']}, by hand {n}")
    for count, word in zip(
        raw_figures.count_reports(rows, span), ("收到", "转送有权处理的机关", "办结答复"), strict=True
    ):
        stated = f"不足 {settings.cell_min} 件" if count < settings.cell_min else f"{count} 件"
        if f"{word} {stated}" not in report.sections[0].sentences[1]:
            differences.append(f"report, reports {word}: not {stated}")
    return differences


async def _compare_lights(rows: RawRows, now: datetime) -> list[str]:
    """Board = list = overdue page, unit by unit and in all."""
    lines, totals = await worklist.load_board(SYSTEM, now=now)
    units, total = raw_figures.board_lights(rows, to_millis(now))
    shown = {str(line["unit"]): +Counter({name: line[name] for name in _LIGHTS}) for line in lines}
    differences = []
    if shown != units or +Counter(totals) != total:
        differences.append(f"board: {shown} {totals}, by hand {units} {dict(total)}")
    for unit in ("", *sorted(units)):
        expected = units[unit] if unit else total
        for light in ("red", "amber", "green"):
            page = await worklist.load_worklist(
                SYSTEM, Filters(status="open", light=light, unit=unit), 1, now=now, size=1
            )
            if page.total != expected[light]:
                differences.append(f"list of {unit or 'all'} {light}: {page.total}, by hand {expected[light]}")
        counts = await worklist.count_cases(SYSTEM, Filters(unit=unit), now=now)
        if any(counts[light] != expected[light] for light in ("red", "amber", "green")):
            differences.append(f"tabs of {unit or 'all'}: {counts}, by hand {dict(expected)}")
    late = await overdue.list_late_clocks(SYSTEM, now=now, most=1_000_000)
    if _late_keys(late) != raw_figures.late_clocks(rows, to_millis(now)):
        differences.append("the overdue page lists other clocks than are late")
    of_units = Counter[tuple[str, str, int, str]]()
    for unit in {str(row["unit"] or row["lead"] or row["desk"]) for row in late}:
        part = await overdue.list_late_clocks(SYSTEM, now=now, unit=unit, most=1_000_000)
        of_units.update(_late_keys(part))
        red = len({row["no"] for row in part if row["status"] in raw_figures.OPEN})
        if red != units.get(unit, Counter())["red"]:
            differences.append(
                f"overdue page of {unit}: {red} open cases, its line of the board says {units[unit]['red']}"
            )
    if of_units != _late_keys(late):
        differences.append("the overdue pages of the units together are not the overdue page of all")
    return differences


_LIGHTS = ("open", "red", "amber", "green")


def _late_keys(late: list[dict[str, object]]) -> Counter[tuple[str, str, int, str]]:
    return Counter((str(row["no"]), str(row["term"]), int(str(row["seq"])), str(row["unit"])) for row in late)


def _span(period: Period, now: datetime) -> Span:
    return Span(to_millis(period.since), to_millis(period.until), to_millis(now))


async def run(cases_count: int, days: int) -> tuple[int, list[str]]:
    """A demo town of its own: how many cases it has, and every difference."""
    folder = Path(tempfile.mkdtemp(prefix="xinqiao-recompute-"))
    named = {k: v for k, v in os.environ.items() if k == "XINQIAO_DATABASE_URL"}
    settings = Settings.read({"XINQIAO_DATA": str(folder), "XINQIAO_LOG_LEVEL": "error", **named})
    configure_logging(settings)
    await bootstrap.migrate(settings)
    try:
        async with bootstrap.open_context(settings) as context:
            await bootstrap.seed_calendar(context)
            await seed.seed_town(context)
            await simulation.DemoSimulation(context, cases_count, days, has_waves=True).run()
            rows = await raw_figures.load_rows(db.read_connection())
            return len(rows.cases), await find_differences(context, context.clock.now())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lines(count: int, differences: list[str], seconds: float) -> Iterator[str]:
    yield f"{count} cases; {len(differences)} numbers differ; {seconds:.0f} s"
    yield from differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--days", type=int, default=120)
    args = parser.parse_args()
    started = time.monotonic()
    count, differences = asyncio.run(run(args.cases, args.days))
    print("\n".join(_lines(count, differences, time.monotonic() - started)))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
