"""How do figures become public? A period is frozen into an edition, and corrected by a new one only.

What happened after the period is not known to its figures, so an edition is the same whenever it is made, unless the
record itself was corrected meanwhile. A period that is not over yet may be frozen early, and then says it is
provisional. The files for download hold the same cells, words and formulae as the page.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

from tortoise.exceptions import IntegrityError

import evaluation.models as stored
from evaluation import counting, figures, kpi_table, kpis, ratings, sheets, timeliness
from evaluation.counting import Question
from evaluation.figures import Counts
from evaluation.scores import Rules
from evaluation.timeliness import ClockFact, Period, TenureFact
from feedback import facts, tallies
from feedback.kernel import db
from feedback.kernel.clock import office_day
from feedback.kernel.errors import NotFound, NotNow
from feedback.kernel.settings import Settings
from routing import directory
from routing.directory import Directory


@dataclass(frozen=True, slots=True)
class Edition:
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
) -> Edition:
    """Freeze the figures of a month such as `2026-10`, once.

    `correction` says why a frozen period is published anew; then the edition names the one it corrects.
    Raises Invalid for what is no month, and NotNow for one that is not over, unless `early`.
    """
    span = timeliness.month(period)
    is_over = now >= span.until
    if not is_over and (not early or now < span.since):
        raise NotNow(code="period_not_over", period=period)
    last = await _last(period)
    if last is not None and not last.provisional and not correction:
        return _value(last)
    await ratings.recount()  # what is frozen is counted from the ratings themselves
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


async def edition(period: str, number: int | None = None) -> Edition:
    """The newest edition of a period, or that number.

    Raises Invalid for what is no month, and NotFound.
    """
    timeliness.month(period)
    row = await (_last(period) if number is None else stored.Edition.get_or_none(period=period, number=number))
    if row is None:
        raise NotFound(period=period)
    return _value(row)


async def editions() -> list[Edition]:
    """All editions, the newest period first."""
    return [_value(row) for row in await stored.Edition.all().order_by("-period", "-number")]


async def newest() -> Edition | None:
    """The newest edition of the newest period that is over."""
    row = await stored.Edition.filter(provisional=False).order_by("-period", "-number").first()
    return _value(row) if row else None


async def preview(period: str, *, now: datetime, settings: Settings) -> dict[str, Any]:
    """The figures of a period as they would be published now."""
    span = timeliness.month(period)
    return await _document(span, now, settings, provisional=now < span.until)


async def counts(period: str, *, now: datetime) -> tuple[list[Counts], Counts]:
    """What lies behind the figures, per unit and in all, with nothing hidden. For supervisors inside the house."""
    span = timeliness.month(period)
    cases = await facts.case_facts(span.since, span.until)
    received = Counter(case["unit"] or case["desk"] for case in cases if case["received_at"] <= now)
    clocks = [_clock(row) for row in await facts.clock_facts(span.since, span.until)]
    tenures = [TenureFact(**row) for row in await facts.tenure_facts(span.since, span.until)]
    rated, follow_ups = await ratings.levels_in(span), await ratings.follow_ups_in(span)
    return figures.counted(received, clocks, tenures, rated, follow_ups, span, min(now, span.until))


async def _document(span: Period, now: datetime, settings: Settings, *, provisional: bool) -> dict[str, Any]:
    rows, everybody = await counts(span.name, now=now)
    known = await directory.snapshot()
    rules = Rules(cell_min=settings.cell_min, rank_min=settings.rank_min)
    question = Question(span, min(now, span.until), settings.rating_days)
    facts_ = counting.total(await counting.counted(question))
    regions = await _regions(question, known)
    names = {row.unit: known.name(row.unit) for row in rows}
    return figures.document(
        span,
        rows,
        everybody,
        rules,
        names | {code: known.region_name(code) if code else "地区不明" for code in regions},
        secret=settings.secret,
        provisional=provisional,
        key_figures=kpi_table.public_rows(facts_, rules, kpis.weights_of(settings.kpi_weights, settings.partly_solved)),
        regions=regions,
        behind=facts_,
    )


async def _regions(question: Question, known: Directory) -> dict[str, int]:
    """Cases received by street or town; under no code what names no place."""
    found: Counter[str] = Counter()
    for row in await tallies.received(question.span):
        code = row["region"]
        upper = f"{code[:9]}000" if len(code) == 12 else ""
        found[upper if upper in known.by_region else ""] += int(row["n"])
    return dict(found)


def _clock(row: Mapping[str, Any]) -> ClockFact:
    same = ("case_no", "term", "holder", "unit", "desk", "profile", "starts_at", "due_at", "stopped_at", "stopped_by")
    return ClockFact(**{name: row[name] for name in same}, kept=bool(row["kept"]))


async def _last(period: str) -> stored.Edition | None:
    return await stored.Edition.filter(period=period).order_by("-number").first()


def _value(row: stored.Edition, *, fresh: bool = False) -> Edition:
    return Edition(
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
    return timeliness.month_before(office_day(now)).name


def head(told: Mapping[str, Any]) -> list[str]:
    """The names of the columns, the unit's first."""
    return ["单位", *(row["name"] for row in told["formulae"])]


def lines(told: Mapping[str, Any]) -> list[list[str | float]]:
    """The table in the order of `head`, all units together first. A hidden figure is replaced by the reason."""
    return [[row["name"], *(_shown(row, column) for column in told["formulae"])] for row in _rows(told)]


def _rows(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [told["total"], *told["units"]]


def _shown(row: Mapping[str, Any], column: Mapping[str, str]) -> str | float:
    return words(row, column) if row[column["code"]] is None else row[column["code"]]


def words(row: Mapping[str, Any], column: Mapping[str, str]) -> str:
    """One figure in words: a share in percent, a hidden one by what may be said of it."""
    value, bounds = row[column["code"]], row["bounds"].get(column["code"])
    if value is not None:
        return (
            f"{value:.1%}" if column["sort"] == "share" else f"{value:.2f}" if column["sort"] == "mean" else f"{value}"
        )
    if bounds:
        low, high = bounds
        return f"{low:.1%}—{high:.1%}" if column["sort"] == "share" else f"{low:.1f}—{high:.1f}"
    return figures.reason_text(row["hidden"].get(column["code"], ""))


def notes(edition: Edition) -> list[tuple[str, str]]:
    """What a reader of the bare file must know."""
    told = edition.figures
    kind = "临时数据，本期尚未结束" if edition.provisional else "正式数据"
    return [
        ("统计期", f"{told['first_day']} 至 {told['last_day']}"),
        ("期次", f"{edition.period} 第 {edition.number} 版（{kind}）"),
        *([("更正说明", edition.remark)] if edition.remark else []),
        ("不公布的数据", f"计数为 1 至 {told['cell_min'] - 1} 的不公布，另有数据可能反推出它们的也不公布；0 照常公布"),
        ("比率和平均值", f"分母不足 {told['rank_min']} 的不公布；给出上下限的，是由已公布数据推得的范围"),
        ("超期未办", "到期未完成的时限在到期的当期计为超期，是否事后补办不影响；没有办完的案件不会从分母中消失"),
        ("评价指标", f"全国一体化在线政务服务平台“好差评”二级指标 {told['indicator_set']}"),
        ("校验值", edition.digest),
    ]


def to_csv(edition: Edition) -> str:
    """The table as CSV for spreadsheet programs: with a byte order mark, and no cell they would take for a formula."""
    told = edition.figures
    return sheets.to_csv([head(told), *lines(told), [], *district(told), [], *regions(told), [], *notes(edition)])


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
        [row["name"], figures.reason_text(row["hidden"]) if row["hidden"] else row["received"]]
        for row in told.get("regions", ())
    ]
    return [["镇街", "收到诉求"], *rows] if rows else []


def to_xlsx(edition: Edition) -> bytes:
    """The edition as a workbook: 指标, 公式, 说明."""
    import xlsxwriter  # a quarter of a second, needed for a download only

    told = edition.figures
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": f"办理公示 {edition.period}", "created": edition.made_at.replace(tzinfo=None)})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    looks = {"share": book.add_format({"num_format": "0.0%"}), "mean": book.add_format({"num_format": "0.00"})}
    sheet = book.add_worksheet("指标")
    sheet.write_row(0, 0, head(told), bold)
    for y, line in enumerate(lines(told), 1):
        sheet.write(y, 0, line[0])
        for x, (cell, column) in enumerate(zip(line[1:], told["formulae"], strict=True), 1):
            sheet.write(y, x, cell, looks.get(column["sort"]))
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, len(told["formulae"]), 14)
    for name, rows in (("全区指标", district(told)), ("各镇街", regions(told))):
        if rows:
            _plain_sheet(book.add_worksheet(name), rows, bold)
    sheets.text_sheet(book.add_worksheet("公式"), [("指标", "公式", "依据")], bold)
    formulae = [(row["name"], row["formula"], row["source"]) for row in told["formulae"]]
    sheets.text_sheet(book.get_worksheet_by_name("公式"), formulae, None, first=1)
    sheets.text_sheet(book.add_worksheet("说明"), notes(edition), None)
    book.close()
    return file.getvalue()


def _plain_sheet(sheet: Any, rows: list[list[str | float | None]], bold: Any) -> None:
    for y, row in enumerate(rows):
        sheet.write_row(y, 0, row, bold if y == 0 else None)
    sheet.set_column(0, 1, 26)
    sheet.set_column(2, 4, 14)
    sheet.set_column(5, 5, 70)
