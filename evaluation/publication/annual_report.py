"""What does the year's report to Party committee and government say (信访工作条例 第四十一条)? Sections of words and tables.

One document, gathered once; page, Word and Excel only render it, so they cannot differ from each other, and its rates
come from the engine of the key figures. What nothing is recorded about is said to be so, not left out.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from evaluation import periods
from evaluation.kpi import definitions, facts
from evaluation.kpi import table as kpi_table
from evaluation.kpi.definitions import GROUPS, KPI, KPIS, Weights
from evaluation.kpi.facts import Counted, Question
from feedback.queries import aggregates
from feedback.rules.vocabulary import Act, Kind, Profile

Cell = str | int | float | None
TOP = 10
LAW = "信访工作条例 第四十一条"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, and how its cells are written: text, count, share, days or change (of a rate)."""

    name: str
    sort: str = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `bars` names the column its chart shows."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    bars: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with sentences and tables."""

    heading: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report."""

    title: str
    year: str
    owner: str
    made_at: datetime
    provisional: bool
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """How codes are called: units, kinds, channels and categories are named by whoever knows them."""

    unit: Callable[[str], str]
    kind: Mapping[str, str]
    channel: Mapping[str, str]
    category: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The three suggestions (三项建议) of a year by sort: made, answered in writing, adopted."""

    rows: tuple[tuple[str, int, int, int], ...] = field(default=())


AskSuggestions = Callable[[datetime, datetime], Awaitable[Suggestions]]
"""Who knows the three suggestions."""


async def gather(
    question: Question,
    weights: Weights,
    words: Words,
    *,
    owner: str,
    suggestions: AskSuggestions,
) -> Report:
    """The report of a year, compared with the year before."""
    before = replace(question, period=periods.year(str(int(question.period.name) - 1)))
    now, then = await facts.counted(question), await facts.counted(before)
    received, received_then = (
        await aggregates.count_received(question.span),
        await aggregates.count_received(before.span),
    )
    acts, acts_then = await aggregates.count_all_acts(question.span), await aggregates.count_all_acts(before.span)
    made = await suggestions(question.period.since, question.period.until)
    year = question.period.name
    return Report(
        title=f"{year} 年度信访和诉求办理情况报告",
        year=year,
        owner=owner,
        made_at=question.now,
        provisional=question.now < question.period.until,
        sections=(
            _received(received, received_then, await _months(question), words, year),
            _fields(received, words),
            _moves(acts, acts_then),
            _suggested(made),
            _timeliness(now, then, weights, words),
            _satisfaction(now, then, weights),
            _compared(now, then, weights, year),
            _explained(question, weights),
        ),
    )


# ---- sections ----


def _received(
    rows: Sequence[Mapping[str, Any]],
    then: Sequence[Mapping[str, Any]],
    months: Sequence[tuple[str, int]],
    words: Words,
    year: str,
) -> Section:
    total, total_then = _sum(rows), _sum(then)
    petitions = _sum(row for row in rows if row["profile"] == Profile.PETITION)
    repeats = _sum(row for row in rows if row["is_repeat"])
    said = (
        f"{year} 年共收到诉求 {total} 件（上年 {total_then} 件，{_change_words(total, total_then)}），"
        f"其中信访事项 {petitions} 件，12345 工单 {total - petitions} 件；重复反映 {repeats} 件。"
    )
    kinds = _grouped(rows, then, "kind", lambda code: words.kind.get(code, code))
    channels = _grouped(rows, then, "channel", lambda code: words.channel.get(code, code))
    return Section(
        "一、受理情况",
        (said, "检举控告按规定单独统计，不在本报告内。"),
        (
            Table("按类别", (Column("类别"), *_TWO_YEARS), kinds, bars=1),
            Table("按渠道", (Column("渠道"), *_TWO_YEARS), channels, bars=1),
            Table("按月收到", (Column("月份"), Column("收到", "count")), tuple(months), bars=1),
        ),
    )


_TWO_YEARS = (Column("本年", "count"), Column("上年", "count"), Column("占比", "share"))


def _fields(rows: Sequence[Mapping[str, Any]], words: Words) -> Section:
    fields = _grouped(rows, (), "category", lambda code: words.category(code) if code else "未分类")
    complained = [row for row in rows if row["kind"] in (Kind.COMPLAINT, Kind.APPEAL)]
    units = _grouped(complained, (), "unit", words.unit)[:TOP]
    return Section(
        "二、涉及领域和被投诉较多的机关、单位",
        (
            f"投诉和申诉求决共 {_sum(complained)} 件，按现在的承办单位计。件数多不等于做得差，也与职责范围和辖区人口有关。",
        ),
        (
            Table(
                "涉及领域",
                (Column("领域"), Column("件数", "count"), Column("占比", "share")),
                _without_then(fields),
                bars=1,
            ),
            Table(
                f"被投诉较多的机关、单位（前 {TOP} 位）",
                (Column("机关、单位"), Column("件数", "count"), Column("占比", "share")),
                _without_then(units),
                bars=1,
            ),
        ),
    )


MOVES: tuple[tuple[str, str, str], ...] = (
    # act, mode, what it is called
    (Act.ASSIGN, "forward", "转送"),
    (Act.ASSIGN, "commission", "交办"),
    (Act.ASSIGN, "", "派件（没有区分转送、交办）"),
    (Act.TRANSFER, "", "下转、上报"),
    (Act.CO_ASSIGN, "", "增加协办单位"),
    (Act.RETURN, "", "异议退回、退单"),
    (Act.REPORT_BACK, "", "办结报告"),
    (Act.REPORT_UP, "", "重大、紧急情况报告"),
    (Act.URGE, "", "催办"),
    (Act.SUPERVISE, "", "督办"),
    (Act.ANSWER_SUPERVISION, "", "答复督办"),
    (Act.REVIEW, "", "申请复查"),
    (Act.RE_REVIEW, "", "申请复核"),
)


def _moves(rows: Sequence[Mapping[str, Any]], then: Sequence[Mapping[str, Any]]) -> Section:
    def times(found: Sequence[Mapping[str, Any]], act: str, mode: str) -> int:
        return sum(int(row["n"]) for row in found if row["act"] == act and row["mode"] == mode)

    table = tuple((name, times(rows, act, mode), times(then, act, mode)) for act, mode, name in MOVES)
    columns = (Column("事项"), Column("本年（次）", "count"), Column("上年（次）", "count"))
    return Section("三、转送、交办、督办情况", (), (Table("转送、交办、督办", columns, table, bars=1),))


def _suggested(made: Suggestions) -> Section:
    heading = "四、提出改进工作、完善政策、追究责任建议及采纳情况"
    if not any(count for _, count, _, _ in made.rows):
        return Section(heading, ("本年没有提出三项建议。",))
    columns = (Column("建议"), *(Column(name, "count") for name in ("提出", "书面反馈", "采纳")))
    return Section(heading, (), (Table("三项建议", columns, made.rows, bars=1),))


def _timeliness(now: Counted, then: Counted, weights: Weights, words: Words) -> Section:
    codes = [kpi.code for kpi in KPIS if kpi.group in ("all", "petition", "hotline")]
    units = []
    for unit, counts in now.items():
        found = definitions.figure(KPI["timeliness"], counts, weights)
        if found.base:
            units.append((words.unit(unit), int(found.top or 0), found.base - int(found.top or 0), found.value))
    units.sort(key=lambda row: (-row[2], row[0]))
    columns = (Column("单位"), Column("按期", "count"), Column("超期", "count"), Column("按期率", "share"))
    return Section(
        "五、办理时效",
        ("各单位对承办期内的各项时限负责；到期没有完成的当期计为超期，事后补办不改变。",),
        (
            _kpi_table("时效指标", codes, now, then, weights),
            Table(f"超期较多的单位（前 {TOP} 位）", columns, tuple(units[:TOP]), bars=2),
        ),
    )


def _satisfaction(now: Counted, then: Counted, weights: Weights) -> Section:
    total = facts.total(now)
    rows = tuple(
        (name, total.get(f"unit_{code}", 0), total.get(f"desk_{code}", 0))
        for code, name in (
            ("satisfied", "满意"),
            ("basically", "基本满意"),
            ("dissatisfied", "不满意"),
            ("unrated", "逾期未评价"),
        )
    )
    columns = (Column("评价"), Column("责任单位（件）", "count"), Column("信访部门（件）", "count"))
    codes = [kpi.code for kpi in KPIS if kpi.group in ("satisfaction", "three", "review", "website")]
    return Section(
        "六、满意度评价",
        ("信访事项由信访人对信访部门和责任单位分别评价；逾期未评价单列，不作为满意评价。",),
        (
            Table("信访事项满意度（初次信访）", columns, rows, bars=1),
            _kpi_table("满意度和评价指标", codes, now, then, weights),
        ),
    )


def _compared(now: Counted, then: Counted, weights: Weights, year: str) -> Section:
    """Every figure of both years, so that nothing can be picked out."""
    rows, columns = [], (Column("指标"), Column(year), Column(str(int(year) - 1)), Column("增减", "change"))
    total, total_then = facts.total(now), facts.total(then)
    for kpi in KPIS:
        a, b = (definitions.figure(kpi, counts, weights) for counts in (total, total_then))
        change = a.value - b.value if a.value is not None and b.value is not None else None
        is_rate = kpi.sort in ("share", "product", "composite")
        rows.append(
            (
                f"{GROUPS[kpi.group]}：{kpi.name}",
                kpi_table.words(kpi.code, a.value),
                kpi_table.words(kpi.code, b.value),
                change if is_rate else None,
            )
        )
    said = "上年没有办理记录的，增减不计算。增减是两年比率之差，单位为百分点。"
    return Section("七、与上年比较", (said,), (Table("主要指标", columns, tuple(rows)),))


def _explained(question: Question, weights: Weights) -> Section:
    columns = (Column("指标"), Column("公式"), Column("依据"))
    rows = tuple(
        (
            str(each["name"]),
            f"{each['formula']}" + (f"；另列：{each['excluded']}" if each["excluded"] else ""),
            str(each["source"]),
        )
        for each in definitions.definitions(weights)
    )
    said = (
        f"统计期为 {question.period.first_day.isoformat()} 至 {question.period.last_day.isoformat()}，评价期 {question.window_days} 日。",
        *(f"{name}：{why}。" for name, why in definitions.NOT_COUNTED),
    )
    return Section("八、口径说明", said, (Table("指标口径", columns, rows),))


# ---- pieces ----


def _kpi_table(caption: str, codes: Sequence[str], now: Counted, then: Counted, weights: Weights) -> Table:
    total, total_then = facts.total(now), facts.total(then)
    rows = []
    for code in codes:
        a, b = (definitions.figure(KPI[code], counts, weights) for counts in (total, total_then))
        parts = "" if a.base is None else f"{a.top:g}/{a.base}"
        rows.append((KPI[code].name, kpi_table.words(code, a.value), parts, kpi_table.words(code, b.value)))
    columns = (Column("指标"), Column("本年"), Column("分子/分母"), Column("上年"))
    return Table(caption, columns, tuple(rows))


async def _months(question: Question) -> list[tuple[str, int]]:
    """How many cases each month of the year brought."""
    found = []
    for number in range(1, 13):
        period = periods.month(f"{question.period.name}-{number:02d}")
        if period.since <= question.now:
            span = aggregates.Span(period.since, period.until, question.now, question.region)
            found.append((f"{number} 月", _sum(await aggregates.count_received(span))))
    return found


def _sum(rows: Any) -> int:
    return sum(int(row["n"]) for row in rows)


def _grouped(
    rows: Sequence[Mapping[str, Any]], then: Sequence[Mapping[str, Any]], column: str, name: Callable[[str], str]
) -> tuple[tuple[Cell, ...], ...]:
    """Name, this year, last year, share; the most frequent first."""
    counts: dict[str, list[int]] = {}
    for place, found in enumerate((rows, then)):
        for row in found:
            counts.setdefault(row[column], [0, 0])[place] += int(row["n"])
    total = _sum(rows)
    ordered = sorted(counts.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple((name(code), n, before, round(n / total, 4) if total else None) for code, (n, before) in ordered)


def _without_then(rows: Sequence[Sequence[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    return tuple((row[0], row[1], row[3]) for row in rows)


def _change_words(now: int, then: int) -> str:
    if not then:
        return "上年没有记录"
    share = (now - then) / then
    return "持平" if now == then else f"{'上升' if share > 0 else '下降'} {abs(share):.1%}"


def cell_words(cell: Cell, sort: str) -> str:
    """A cell as people read it."""
    if cell is None:
        return "—"
    if isinstance(cell, str):
        return cell
    match sort:
        case "share":
            return f"{cell:.1%}"
        case "change":
            return f"{cell * 100:+.1f}"
        case "count":
            return f"{cell:,.0f}"
        case _:
            return f"{cell:g}"
