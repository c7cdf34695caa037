"""The annual report (信访工作条例 第四十一条) as sections of words and tables.

One document, gathered once; page, Word and Excel only render it, so they cannot differ from each other, and its rates
come from the engine of the key figures. What nothing is recorded about is said to be so, not left out.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from evaluation import periods
from evaluation.disclosure import DisclosureRules
from evaluation.kpi import definitions, facts
from evaluation.kpi import table as kpi_table
from evaluation.kpi.definitions import GROUPS, KPI_BY_CODE, KPIS, Weights
from evaluation.kpi.facts import FactCounts, Question
from feedback.queries import aggregates
from feedback.queries.aggregates import ReportCounts
from feedback.rules.vocabulary import Act, Kind, Profile

Cell = str | int | float | None
TOP_ROWS = 10


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, and how its cells are written: text, count, share, days or change (of a rate)."""

    name: str
    sort: str = "text"


@dataclass(frozen=True, slots=True)
class ReportTable:
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
    tables: tuple[ReportTable, ...] = ()


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
    marker: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The three suggestions (三项建议) of a year by sort: made, answered in writing, adopted."""

    rows: tuple[tuple[str, int, int, int], ...] = field(default=())


CountSuggestions = Callable[[datetime, datetime], Awaitable[Suggestions]]
"""Who knows the three suggestions."""


async def build_report(
    question: Question,
    weights: Weights,
    words: Words,
    *,
    owner: str,
    count_suggestions: CountSuggestions,
    rules: DisclosureRules,
) -> Report:
    """The report of a year, compared with the year before."""
    last_question = replace(question, period=periods.parse_year(str(int(question.period.name) - 1)))
    this_year, last_year = await facts.count_facts(question), await facts.count_facts(last_question)
    received, received_last_year = (
        await aggregates.count_received(question.span),
        await aggregates.count_received(last_question.span),
    )
    acts, acts_last_year = (
        await aggregates.count_all_acts(question.span),
        await aggregates.count_all_acts(last_question.span),
    )
    reports = await aggregates.count_reports(question.span)
    markers = await aggregates.count_markers(question.span)
    suggestion_counts = await count_suggestions(question.period.since, question.period.until)
    year = question.period.name
    return Report(
        title=f"{year} 年度信访和诉求办理情况报告",
        year=year,
        owner=owner,
        made_at=question.now,
        provisional=question.now < question.period.until,
        sections=(
            _received_section(
                received, received_last_year, await _count_by_month(question), words, year, reports, rules, markers
            ),
            _topics_section(received, words),
            _acts_section(acts, acts_last_year),
            _suggestions_section(suggestion_counts),
            _timeliness_section(this_year, last_year, weights, words),
            _satisfaction_section(this_year, last_year, weights),
            _comparison_section(this_year, last_year, weights, year),
            _definitions_section(question, weights),
        ),
    )


# ---- sections ----


def _received_section(
    rows: Sequence[Mapping[str, Any]],
    last_year: Sequence[Mapping[str, Any]],
    months: Sequence[tuple[str, int]],
    words: Words,
    year: str,
    reports: ReportCounts,
    rules: DisclosureRules,
    markers: Mapping[str, int],
) -> Section:
    total, last_total = _sum_rows(rows), _sum_rows(last_year)
    petitions = _sum_rows(row for row in rows if row["profile"] == Profile.PETITION)
    repeats = _sum_rows(row for row in rows if row["is_repeat"])
    summary = (
        f"{year} 年共收到诉求 {total} 件（上年 {last_total} 件，{_format_change(total, last_total)}），"
        f"其中信访事项 {petitions} 件，12345 工单 {total - petitions} 件；重复反映 {repeats} 件。"
    )
    kinds = _group_rows(rows, last_year, "kind", lambda code: words.kind.get(code, code))
    channels = _group_rows(rows, last_year, "channel", lambda code: words.channel.get(code, code))
    return Section(
        "一、受理情况",
        (summary, _describe_reports(reports, rules)),
        (
            ReportTable("按类别", (Column("类别"), *_TWO_YEARS), kinds, bars=1),
            ReportTable("按渠道", (Column("渠道"), *_TWO_YEARS), channels, bars=1),
            ReportTable(
                "按标记",
                (Column("标记"), Column("件数")),
                _list_markers(markers, words, rules),
                note="收到的件现在的标记；一件可以有几个标记",
            ),
            ReportTable("按月收到", (Column("月份"), Column("收到", "count")), tuple(months), bars=1),
        ),
    )


def _list_markers(markers: Mapping[str, int], words: Words, rules: DisclosureRules) -> tuple[tuple[Cell, ...], ...]:
    """How many bear each marker; small counts are hidden, since minors are among them."""
    least = rules.cell_min
    return tuple(
        (words.marker.get(code, code), f"不足 {least} 件" if 0 < count < least else f"{count} 件")
        for code, count in markers.items()
    )


def _describe_reports(reports: ReportCounts, rules: DisclosureRules) -> str:
    """The reports (检举控告) in one sentence: they are in no other figure.

    Small counts are hidden, none included: else whoever reads the report the day before and after learns of one.
    """

    def words(count: int) -> str:
        return f"不足 {rules.cell_min} 件" if count < rules.cell_min else f"{count} 件"

    return (
        f"检举控告单独统计，只列全区总数，不在其他各表内：收到 {words(reports.received)}，"
        f"转送有权处理的机关 {words(reports.assigned)}，办结答复 {words(reports.answered)}。"
    )


_TWO_YEARS = (Column("本年", "count"), Column("上年", "count"), Column("占比", "share"))


def _topics_section(rows: Sequence[Mapping[str, Any]], words: Words) -> Section:
    fields = _group_rows(rows, (), "category", lambda code: words.category(code) if code else "未分类")
    complaints = [row for row in rows if row["kind"] in (Kind.COMPLAINT, Kind.APPEAL)]
    sent_on = [row for row in complaints if not row["at_desk"]]
    at_desk = _sum_rows(complaints) - _sum_rows(sent_on)
    units = _group_rows(sent_on, (), "unit", words.unit)[:TOP_ROWS]
    return Section(
        "二、涉及领域和被投诉较多的机关、单位",
        (
            f"投诉和申诉求决共 {_sum_rows(complaints)} 件，按现在的承办单位计；"
            f"其中 {at_desk} 件还没有派出或者由受理窗口自己办理，不是对受理窗口的投诉，不计入各单位。件数多不等于做得差，也与职责范围和辖区人口有关。",
        ),
        (
            ReportTable(
                "涉及领域",
                (Column("领域"), Column("件数", "count"), Column("占比", "share")),
                _without_last_year(fields),
                bars=1,
            ),
            ReportTable(
                f"被投诉较多的机关、单位（前 {TOP_ROWS} 位）",
                (Column("机关、单位"), Column("件数", "count"), Column("占比", "share")),
                _without_last_year(units),
                bars=1,
            ),
        ),
    )


_ANY = ""
_NO_MODE = frozenset({""})
_FORWARDING_MODES = frozenset({"", "forward"})
ACT_ROWS: tuple[tuple[str, str, frozenset[str], str], ...] = (
    # act, profile, modes, what it is called; a petition that is sent on without a mode is forwarded (转送单)
    (Act.ASSIGN, Profile.PETITION, _FORWARDING_MODES, "转送信访事项"),
    (Act.ASSIGN, Profile.PETITION, frozenset({"commission"}), "交办信访事项"),
    (Act.ASSIGN, Profile.PETITION, frozenset({"direct"}), "受理窗口自己办理信访事项"),
    (Act.ASSIGN, Profile.HOTLINE, _FORWARDING_MODES, "派发12345工单"),
    (Act.ASSIGN, Profile.HOTLINE, frozenset({"commission"}), "交办12345工单"),
    (Act.ASSIGN, Profile.HOTLINE, frozenset({"direct"}), "受理窗口自己办理12345工单"),
    (Act.TRANSFER, _ANY, _NO_MODE, "下转、上报"),
    (Act.CO_ASSIGN, _ANY, _NO_MODE, "增加协办单位"),
    (Act.RETURN, _ANY, _NO_MODE, "异议退回、退单"),
    (Act.REPORT_BACK, _ANY, _NO_MODE, "办结报告"),
    (Act.REPORT_UP, _ANY, _NO_MODE, "重大、紧急情况报告"),
    (Act.URGE, _ANY, _NO_MODE, "催办"),
    (Act.SUPERVISE, _ANY, _NO_MODE, "督办"),
    (Act.ANSWER_SUPERVISION, _ANY, _NO_MODE, "答复督办"),
    (Act.REVIEW, _ANY, _NO_MODE, "申请复查"),
    (Act.RE_REVIEW, _ANY, _NO_MODE, "申请复核"),
)


def _acts_section(this_year: Sequence[Mapping[str, Any]], last_year: Sequence[Mapping[str, Any]]) -> Section:
    def times(rows: Sequence[Mapping[str, Any]], act: str, profile: str, modes: frozenset[str]) -> int:
        return sum(
            int(row["n"])
            for row in rows
            if row["act"] == act and profile in (_ANY, row["profile"]) and row["mode"] in modes
        )

    table_rows = tuple(
        (name, times(this_year, act, profile, modes), times(last_year, act, profile, modes))
        for act, profile, modes, name in ACT_ROWS
    )
    columns = (Column("事项"), Column("本年（次）", "count"), Column("上年（次）", "count"))
    return Section("三、转送、交办、督办情况", (), (ReportTable("转送、交办、督办", columns, table_rows, bars=1),))


def _suggestions_section(suggestions: Suggestions) -> Section:
    heading = "四、提出改进工作、完善政策、追究责任建议及采纳情况"
    if not any(count for _, count, _, _ in suggestions.rows):
        return Section(heading, ("本年没有提出三项建议。",))
    columns = (Column("建议"), *(Column(name, "count") for name in ("提出", "书面反馈", "采纳")))
    return Section(heading, (), (ReportTable("三项建议", columns, suggestions.rows, bars=1),))


def _timeliness_section(this_year: FactCounts, last_year: FactCounts, weights: Weights, words: Words) -> Section:
    codes = [kpi.code for kpi in KPIS if kpi.group in ("all", "petition", "hotline")]
    units = []
    for unit, counts in this_year.items():
        figure = definitions.compute_figure(KPI_BY_CODE["timeliness"], counts, weights)
        if figure.base:
            units.append((words.unit(unit), int(figure.top or 0), figure.base - int(figure.top or 0), figure.value))
    units.sort(key=lambda row: (-row[2], row[0]))
    columns = (Column("单位"), Column("按期", "count"), Column("超期", "count"), Column("单位按期率", "share"))
    return Section(
        "五、办理时效",
        ("各单位对承办期内的各项时限负责；到期没有完成的当期计为超期，事后补办不改变。",),
        (
            _kpi_table("时效指标", codes, this_year, last_year, weights),
            ReportTable(f"超期较多的单位（前 {TOP_ROWS} 位）", columns, tuple(units[:TOP_ROWS]), bars=2),
        ),
    )


def _satisfaction_section(this_year: FactCounts, last_year: FactCounts, weights: Weights) -> Section:
    total = facts.sum_units(this_year)
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
        (
            "信访事项由信访人对信访部门和责任单位分别评价；逾期未评价单列；满意率按已评价的计算，逾期未评价计入分子的算法另列一行。",
        ),
        (
            ReportTable("信访事项满意度（初次信访）", columns, rows, bars=1),
            _kpi_table("满意度和评价指标", codes, this_year, last_year, weights),
        ),
    )


def _comparison_section(this_year: FactCounts, last_year: FactCounts, weights: Weights, year: str) -> Section:
    """Every figure of both years, so that nothing can be picked out."""
    rows, columns = [], (Column("指标"), Column(year), Column(str(int(year) - 1)), Column("增减", "change"))
    total, last_total = facts.sum_units(this_year), facts.sum_units(last_year)
    for kpi in KPIS:
        current, previous = (definitions.compute_figure(kpi, counts, weights) for counts in (total, last_total))
        change = current.value - previous.value if current.value is not None and previous.value is not None else None
        is_rate = kpi.sort in ("share", "product", "composite")
        rows.append(
            (
                f"{GROUPS[kpi.group]}：{kpi.name}",
                kpi_table.format_value(kpi.code, current.value),
                kpi_table.format_value(kpi.code, previous.value),
                change if is_rate else None,
            )
        )
    remark = "上年没有办理记录的，增减不计算。增减是两年比率之差，单位为百分点。"
    return Section("七、与上年比较", (remark,), (ReportTable("主要指标", columns, tuple(rows)),))


def _definitions_section(question: Question, weights: Weights) -> Section:
    columns = (Column("指标"), Column("公式"), Column("依据"))
    rows = tuple(
        (
            str(definition["name"]),
            f"{definition['formula']}" + (f"；另列：{definition['excluded']}" if definition["excluded"] else ""),
            str(definition["source"]),
        )
        for definition in definitions.list_definitions(weights)
    )
    sentences = (
        f"统计期为 {question.period.first_day.isoformat()} 至 {question.period.last_day.isoformat()}，评价期 {question.window_days} 日。",
        *(f"{name}：{why}。" for name, why in definitions.NOT_COUNTED),
    )
    return Section("八、口径说明", sentences, (ReportTable("指标口径", columns, rows),))


# ---- pieces ----


def _kpi_table(
    caption: str, codes: Sequence[str], this_year: FactCounts, last_year: FactCounts, weights: Weights
) -> ReportTable:
    total, last_total = facts.sum_units(this_year), facts.sum_units(last_year)
    rows = []
    for code in codes:
        current, previous = (
            definitions.compute_figure(KPI_BY_CODE[code], counts, weights) for counts in (total, last_total)
        )
        parts = "" if current.base is None else f"{current.top:g}/{current.base}"
        rows.append(
            (
                KPI_BY_CODE[code].name,
                kpi_table.format_value(code, current.value),
                parts,
                kpi_table.format_value(code, previous.value),
            )
        )
    columns = (Column("指标"), Column("本年"), Column("分子/分母"), Column("上年"))
    return ReportTable(caption, columns, tuple(rows))


async def _count_by_month(question: Question) -> list[tuple[str, int]]:
    """How many cases each month of the year brought."""
    months = []
    for number in range(1, 13):
        period = periods.parse_month(f"{question.period.name}-{number:02d}")
        if period.since <= question.now:
            span = aggregates.Span(period.since, period.until, question.now, question.region)
            months.append((f"{number} 月", _sum_rows(await aggregates.count_received(span))))
    return months


def _sum_rows(rows: Any) -> int:
    return sum(int(row["n"]) for row in rows)


def _group_rows(
    rows: Sequence[Mapping[str, Any]], last_year: Sequence[Mapping[str, Any]], column: str, name: Callable[[str], str]
) -> tuple[tuple[Cell, ...], ...]:
    """Name, this year, last year, share; the most frequent first."""
    counts: dict[str, list[int]] = {}
    for index, year_rows in enumerate((rows, last_year)):
        for row in year_rows:
            counts.setdefault(row[column], [0, 0])[index] += int(row["n"])
    total = _sum_rows(rows)
    ordered = sorted(counts.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(
        (name(code), this_count, last_count, round(this_count / total, 4) if total else None)
        for code, (this_count, last_count) in ordered
    )


def _without_last_year(rows: Sequence[Sequence[Cell]]) -> tuple[tuple[Cell, ...], ...]:
    return tuple((row[0], row[1], row[3]) for row in rows)


def _format_change(current: int, previous: int) -> str:
    if not previous:
        return "上年没有记录"
    share = (current - previous) / previous
    return "持平" if current == previous else f"{'上升' if share > 0 else '下降'} {abs(share):.1%}"


def format_cell(cell: Cell, sort: str) -> str:
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
