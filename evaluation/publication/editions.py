"""How do figures become public? A period is frozen into an edition, and corrected by a new one only.

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
from feedback.queries import aggregates
from feedback.queries import statistics as feedback_facts
from routing import directory
from routing.directory import Directory


@dataclass(frozen=True, slots=True)
class EditionView:
    """The published figures of a period. `fresh` is False when they had been frozen before."""

    period: str
    number: int
    made_at: datetime
    made_by: str
    provisional: bool
    corrects: int | None
    remark: str
    digest: str
    figures: Mapping[str, Any] = field(repr=False)
    fresh: bool = False


async def publish(
    period: str, *, now: datetime, by: str, settings: Settings, early: bool = False, correction: str = ""
) -> EditionView:
    """Freeze the figures of a month such as `2026-10`, once.

    `correction` says why a frozen period is published anew; then the edition names the one it corrects.
    Raises Invalid for what is no month, and NotNow for one that is not over, unless `early`.
    """
    span = periods.month(period)
    is_over = now >= span.until
    if not is_over and (not early or now < span.since):
        raise NotNow(code="period_not_over", period=period)
    last = await _last(period)
    if last is not None and not last.provisional and not correction:
        return _value(last)
    await counters.recount()  # what is frozen is counted from the ratings themselves
    told = await _document(span, now, settings, provisional=not is_over)
    if last is not None and last.digest == told["digest"]:
        return _value(last)
    row = stored.Edition(
        period=period,
        number=last.number + 1 if last else 1,
        made_at=now,
        made_by=by,
        provisional=not is_over,
        corrects=last.number if last else None,
        remark=correction,
        figures=told,
        digest=told["digest"],
    )
    try:
        async with db.transaction():
            await row.save(force_create=True)
    except IntegrityError:  # somebody else froze it at the same moment, from the same facts
        return await edition(period)
    return _value(row, fresh=True)


async def edition(period: str, number: int | None = None) -> EditionView:
    """The newest edition of a period, or that number.

    Raises Invalid for what is no month, and NotFound.
    """
    periods.month(period)
    row = await (_last(period) if number is None else stored.Edition.get_or_none(period=period, number=number))
    if row is None:
        raise NotFound(period=period)
    return _value(row)


async def editions() -> list[EditionView]:
    """All editions, the newest period first."""
    return [_value(row) for row in await stored.Edition.all().order_by("-period", "-number")]


async def newest() -> EditionView | None:
    """The newest edition of the newest period that is over."""
    row = await stored.Edition.filter(provisional=False).order_by("-period", "-number").first()
    return _value(row) if row else None


async def preview(period: str, *, now: datetime, settings: Settings) -> dict[str, Any]:
    """The figures of a period as they would be published now."""
    span = periods.month(period)
    return await _document(span, now, settings, provisional=now < span.until)


async def counts(period: str, *, now: datetime) -> tuple[list[Counts], Counts]:
    """What lies behind the figures, per unit and in all, with nothing hidden. For supervisors inside the house."""
    span = periods.month(period)
    cases = await feedback_facts.load_case_facts(span.since, span.until)
    received = Counter(case["unit"] or case["desk"] for case in cases if case["received_at"] <= now)
    clocks = [_clock(row) for row in await feedback_facts.load_clock_facts(span.since, span.until)]
    tenures = [TenureFact(**row) for row in await feedback_facts.load_tenure_facts(span.since, span.until)]
    rated, follow_ups = await counters.levels_in(span), await counters.follow_ups_in(span)
    return statistics.counted(received, clocks, tenures, rated, follow_ups, span, min(now, span.until))


async def _document(span: Period, now: datetime, settings: Settings, *, provisional: bool) -> dict[str, Any]:
    rows, everybody = await counts(span.name, now=now)
    known = await directory.load_directory()
    rules = DisclosureRules(cell_min=settings.cell_min, rank_min=settings.rank_min)
    question = Question(span, min(now, span.until), settings.rating_days)
    facts_ = facts.total(await facts.counted(question))
    regions = await _regions(question, known)
    names = {row.unit: known.name(row.unit) for row in rows}
    return statistics.document(
        span,
        rows,
        everybody,
        rules,
        names | {code: known.region_name(code) if code else "地区不明" for code in regions},
        secret=settings.secret,
        provisional=provisional,
        key_figures=kpi_table.public_rows(
            facts_, rules, definitions.weights_of(settings.kpi_weights, settings.partly_solved)
        ),
        regions=regions,
        behind=facts_,
    )


async def _regions(question: Question, known: Directory) -> dict[str, int]:
    """Cases received by street or town; under no code what names no place."""
    found: Counter[str] = Counter()
    for row in await aggregates.count_received(question.span):
        code = row["region"]
        upper = f"{code[:9]}000" if len(code) == 12 else ""
        found[upper if upper in known.by_region else ""] += int(row["n"])
    return dict(found)


def _clock(row: Mapping[str, Any]) -> ClockFact:
    same = ("case_no", "term", "holder", "unit", "desk", "profile", "starts_at", "due_at", "stopped_at", "stopped_by")
    return ClockFact(**{name: row[name] for name in same}, kept=bool(row["kept"]))


async def _last(period: str) -> stored.Edition | None:
    return await stored.Edition.filter(period=period).order_by("-number").first()


def _value(row: stored.Edition, *, fresh: bool = False) -> EditionView:
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
        fresh=fresh,
    )


def month_just_over(now: datetime) -> str:
    """The name of the last month that is over."""
    return periods.month_before(office_day(now)).name


def district(told: Mapping[str, Any]) -> list[list[str | float | None]]:
    """The key figures of the whole district. Editions of the first layout have none."""
    rows = [[row["group"], row["name"], *_key_figure(row), row["formula"]] for row in told.get("kpis", ())]
    return [["系统", "全区指标", "数值", "分子", "分母", "公式"], *rows] if rows else []


def _key_figure(row: Mapping[str, Any]) -> list[str | float | None]:
    if row["hidden"]:
        return [kpi_table.hidden_reason(row["hidden"]), None, None]
    return [row["value"], row["top"], row["base"]]


def regions(told: Mapping[str, Any]) -> list[list[str | float | None]]:
    """The cases received by street or town. Editions of the first layout have none."""
    rows = [
        [row["name"], statistics.reason_text(row["hidden"]) if row["hidden"] else row["received"]]
        for row in told.get("regions", ())
    ]
    return [["镇街", "收到诉求"], *rows] if rows else []
