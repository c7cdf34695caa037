"""Publish figures: freeze a period into an edition, corrected by a new edition only.

What happened after the period is not known to its figures, so an edition is the same whenever it is made, unless the
record itself was corrected meanwhile. A period that is not over yet may be frozen early, and then says it is
provisional. The files for download hold the same cells, words and formulae as the page.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

import evaluation.models as stored
from evaluation import periods
from evaluation.disclosure import DisclosureRules
from evaluation.kpi import definitions, facts
from evaluation.kpi import table as kpi_table
from evaluation.kpi.facts import Question
from evaluation.kpi.timeliness import ClockFact, TenureFact
from evaluation.periods import Period
from evaluation.publication import statistics
from evaluation.publication.statistics import Counts
from evaluation.ratings import counters
from feedback.kernel import db
from feedback.kernel.clock import office_day
from feedback.kernel.errors import NotFound, NotNow
from feedback.kernel.settings import Settings
from feedback.kernel.spreadsheets import Cell
from feedback.queries import aggregates
from feedback.queries import statistics as feedback_facts
from routing import directory
from routing.directory import Directory


@dataclass(frozen=True, slots=True)
class EditionView:
    """The published figures of a period. `is_new` is False when they had been frozen before."""

    period: str
    number: int
    made_at: datetime
    made_by: str
    provisional: bool
    corrects: int | None
    remark: str
    digest: str
    figures: Mapping[str, Any] = field(repr=False)
    is_new: bool = False


async def publish_edition(
    period: str, *, now: datetime, author: str, settings: Settings, early: bool = False, correction: str = ""
) -> EditionView:
    """Freeze the figures of a month such as `2026-10`, once.

    `correction` says why a frozen period is published anew; then the edition names the one it corrects.
    Raises Invalid for what is no month, and NotNow for one that is not over, unless `early`.
    """
    month = periods.parse_month(period)
    is_over = now >= month.until
    if not is_over and (not early or now < month.since):
        raise NotNow(code="period_not_over", period=period)
    newest = await _newest_row(period)
    if newest is not None and not newest.provisional and not correction:
        return _to_view(newest)
    await counters.rebuild_counters()  # what is frozen is counted from the ratings themselves
    table = await _build_table(month, now, settings, provisional=not is_over)
    if newest is not None and newest.digest == table["digest"]:
        return _to_view(newest)
    row = stored.Edition(
        period=period,
        number=newest.number + 1 if newest else 1,
        made_at=now,
        made_by=author,
        provisional=not is_over,
        corrects=newest.number if newest else None,
        remark=correction,
        figures=table,
        digest=table["digest"],
    )
    try:
        async with db.transaction():
            await row.save(force_create=True)
    except IntegrityError:  # somebody else froze it at the same moment, from the same facts
        return await load_edition(period)
    return _to_view(row, is_new=True)


async def load_edition(period: str, number: int | None = None) -> EditionView:
    """The newest edition of a period, or that number.

    Raises Invalid for what is no month, and NotFound.
    """
    periods.parse_month(period)
    row = await (_newest_row(period) if number is None else stored.Edition.get_or_none(period=period, number=number))
    if row is None:
        raise NotFound(period=period)
    return _to_view(row)


async def list_editions() -> list[EditionView]:
    """All editions, the newest period first."""
    return [_to_view(row) for row in await stored.Edition.all().order_by("-period", "-number")]


async def load_newest() -> EditionView | None:
    """The newest edition of the newest period that is over."""
    row = await stored.Edition.filter(provisional=False).order_by("-period", "-number").first()
    return _to_view(row) if row else None


async def preview_figures(period: str, *, now: datetime, settings: Settings) -> dict[str, Any]:
    """The figures of a period as they would be published now."""
    span = periods.parse_month(period)
    return await _build_table(span, now, settings, provisional=now < span.until)


async def count_period(period: str, *, now: datetime) -> tuple[list[Counts], Counts]:
    """What lies behind the figures, per unit and in all, with nothing hidden. For supervisors inside the installation."""
    span = periods.parse_month(period)
    cases = await feedback_facts.load_case_facts(span.since, span.until)
    received = Counter(case["unit"] or case["desk"] for case in cases if case["received_at"] <= now)
    clocks = [_to_clock_fact(row) for row in await feedback_facts.load_clock_facts(span.since, span.until)]
    tenures = [TenureFact(**row) for row in await feedback_facts.load_tenure_facts(span.since, span.until)]
    levels, follow_ups = await counters.load_levels(span), await counters.count_follow_ups(span)
    return statistics.count_units(received, clocks, tenures, levels, follow_ups, span, min(now, span.until))


async def _build_table(span: Period, now: datetime, settings: Settings, *, provisional: bool) -> dict[str, Any]:
    rows, district = await count_period(span.name, now=now)
    names = await directory.load_directory()
    rules = DisclosureRules(cell_min=settings.cell_min, rank_min=settings.rank_min)
    question = Question(span, min(now, span.until), settings.rating_days)
    fact_counts = facts.sum_units(await facts.count_facts(question))
    regions = await _count_by_region(question, names)
    unit_names = {row.unit: names.name(row.unit) for row in rows}
    return statistics.build_table(
        span,
        rows,
        district,
        rules,
        unit_names | {code: names.region_name(code) if code else "地区不明" for code in regions},
        vault=settings.vault,
        provisional=provisional,
        key_figures=kpi_table.list_public_figures(
            fact_counts, rules, definitions.parse_weights(settings.kpi_weights, settings.partly_solved)
        ),
        regions=regions,
        fact_counts=fact_counts,
    )


async def _count_by_region(question: Question, names: Directory) -> dict[str, int]:
    """Cases received by street or town; under no code what names no place."""
    counts: Counter[str] = Counter()
    for row in await aggregates.count_received(question.span):
        code = row["region"]
        parent_code = f"{code[:9]}000" if len(code) == 12 else ""
        counts[parent_code if parent_code in names.by_region else ""] += int(row["n"])
    return dict(counts)


def _to_clock_fact(row: Mapping[str, Any]) -> ClockFact:
    names = ("case_no", "term", "holder", "unit", "desk", "profile", "starts_at", "due_at", "stopped_at", "stopped_by")
    return ClockFact(**{name: row[name] for name in names}, is_fulfilled=bool(row["kept"]))


async def _newest_row(period: str) -> stored.Edition | None:
    return await stored.Edition.filter(period=period).order_by("-number").first()


def _to_view(row: stored.Edition, *, is_new: bool = False) -> EditionView:
    return EditionView(
        period=row.period,
        number=row.number,
        made_at=row.made_at,
        made_by=row.made_by,
        provisional=bool(row.provisional),
        corrects=row.corrects,
        remark=row.remark,
        digest=row.digest,
        figures=row.figures,
        is_new=is_new,
    )


def last_finished_month(now: datetime) -> str:
    """The name of the last month that is over."""
    return periods.month_before(office_day(now)).name


def district_rows(figures: Mapping[str, Any]) -> list[list[Cell]]:
    """The key figures of the whole district. Editions of the first layout have none."""
    rows = [[row["group"], row["name"], *_key_figure_cells(row), row["formula"]] for row in figures.get("kpis", ())]
    return [["系统", "全区指标", "数值", "分子", "分母", "公式"], *rows] if rows else []


def _key_figure_cells(row: Mapping[str, Any]) -> list[Cell]:
    if row["hidden"]:
        return [kpi_table.render_hidden_reason(row["hidden"]), None, None]
    return [row["value"], row["top"], row["base"]]


def region_rows(figures: Mapping[str, Any]) -> list[list[Cell]]:
    """The cases received by street or town. Editions of the first layout have none."""
    rows = [
        [row["name"], statistics.render_reason(row["hidden"]) if row["hidden"] else row["received"]]
        for row in figures.get("regions", ())
    ]
    return [["镇街", "收到诉求"], *rows] if rows else []
