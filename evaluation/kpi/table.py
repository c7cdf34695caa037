"""The table of key figures as an actor may see it: one document for the page, the API and the files.

Overseers of the whole installation see every unit, others their own units and what lies below; totals are of what is seen.
Nothing is hidden here but reports, which are in no figure; what is published goes through `list_public_figures`.
"""

from collections.abc import Mapping
from typing import Any

from evaluation.disclosure import DisclosureRules
from evaluation.kpi import definitions, facts
from evaluation.kpi.definitions import FACT_BY_CODE, KPI_BY_CODE, KPIS, Kpi, Weights
from evaluation.kpi.facts import FactCounts, Question
from feedback.kernel import spreadsheets
from feedback.kernel.spreadsheets import Cell, Sheet, SheetColumn
from feedback.rules import access
from feedback.rules.access import Actor
from routing import directory


def filter_visible(counts_by_unit: FactCounts, actor: Actor) -> FactCounts:
    """The units whose figures the actor may see."""
    units = access.unit_scope(actor)
    return {unit: counts for unit, counts in counts_by_unit.items() if units.covers(unit)}


async def build_table(question: Question, actor: Actor, weights: Weights) -> dict[str, Any]:
    """The table as plain values: definitions, the total, and a row for each unit that has anything."""
    counts_by_unit = filter_visible(await facts.count_facts(question), actor)
    names = await directory.load_directory()
    period = question.period
    return {
        "period": period.name,
        "first_day": period.first_day.isoformat(),
        "last_day": period.last_day.isoformat(),
        "provisional": question.now < period.until,
        "region": question.region,
        "rating_days": question.window_days,
        "definitions": definitions.list_definitions(weights),
        "not_counted": [{"name": name, "why": why} for name, why in definitions.NOT_COUNTED],
        "total": build_row("", "合计", facts.sum_units(counts_by_unit), weights),
        "units": [
            build_row(unit, names.name(unit), counts, weights)
            for unit, counts in counts_by_unit.items()
            if _has_counts(counts)
        ],
    }


def _has_counts(counts: Mapping[str, int]) -> bool:
    """Whether anything happened: to have a list of matters is not enough."""
    return any(n for code, n in counts.items() if FACT_BY_CODE[code].cube != "matters")


def build_row(unit: str, name: str, counts: Mapping[str, int], weights: Weights) -> dict[str, Any]:
    """A line of the table: each figure with the sums beside it and what is counted apart."""
    figures = definitions.compute_figures(counts, weights)
    return {
        "unit": unit,
        "name": name,
        "received": counts.get("received", 0),
        "figures": {
            code: {"value": figure.value, "top": figure.top, "base": figure.base, "apart": dict(figure.apart)}
            for code, figure in figures.items()
        },
    }


# ---- what may be published ----


def list_public_figures(counts: Mapping[str, int], rules: DisclosureRules, weights: Weights) -> list[dict[str, Any]]:
    """The public figures of the district. A rate is left out when its base, or either side of it, is small."""
    return [_public_figure(kpi, counts, rules, weights) for kpi in KPIS if kpi.is_public]


def _public_figure(kpi: Kpi, counts: Mapping[str, int], rules: DisclosureRules, weights: Weights) -> dict[str, Any]:
    figure = definitions.compute_figure(kpi, counts, weights)
    base_counts = [counts.get(part.fact, 0) for part in kpi.base]
    reason = ""
    if not figure.base:
        reason = "none"
    elif figure.base < rules.rank_min:
        reason = rules.few_answers
    elif any(0 < n < rules.cell_min for n in (*base_counts, *_numerator_and_rest(kpi, counts))):
        reason = rules.few
    values = {
        "code": kpi.code,
        "name": kpi.name,
        "group": definitions.GROUPS[kpi.group],
        "formula": definitions.render_formula(kpi, weights),
    }
    if reason:
        return {**values, "value": None, "top": None, "base": 0 if reason == "none" else None, "hidden": reason}
    return {**values, "value": figure.value, "top": figure.top, "base": figure.base, "hidden": ""}


def _numerator_and_rest(kpi: Kpi, counts: Mapping[str, int]) -> tuple[int, int]:
    """Those above the line, and those below it only: a small one of either could be worked out."""
    top = sum(counts.get(part.fact, 0) for part in kpi.top)
    return top, sum(counts.get(part.fact, 0) for part in kpi.base) - top


# ---- words and files ----


def format_value(code: str, value: float | None) -> str:
    """97.3%, 12.5 日, 8.20 or a dash."""
    if value is None:
        return "—"
    match KPI_BY_CODE[code].sort:
        case "days":
            return f"{value:.1f} 日"
        case "mean":
            return f"{value:.2f}"
        case _:
            return f"{value:.1%}"


def format_parts(figure: Mapping[str, Any]) -> str:
    """The sums behind a rate, such as 17/20."""
    return "" if figure["base"] is None else f"{figure['top']:g}/{figure['base']}"


def column_names() -> list[str]:
    """The columns of the long table."""
    return ["单位", "指标", "数值", "分子", "分母", "另计"]


def list_lines(table: Mapping[str, Any]) -> list[list[Cell]]:
    """One line per unit and figure, all units together first."""
    rows: list[list[Cell]] = []
    for unit in (table["total"], *table["units"]):
        for code, figure in unit["figures"].items():
            if figure["value"] is None and not figure["base"]:
                continue
            rows.append(
                [
                    unit["name"],
                    KPI_BY_CODE[code].name,
                    figure["value"],
                    figure["top"],
                    figure["base"],
                    _render_apart(figure),
                ]
            )
    return rows


def _render_apart(figure: Mapping[str, Any]) -> str:
    return "；".join(f"{FACT_BY_CODE[code].name} {n}" for code, n in figure["apart"].items() if n)


def list_notes(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a reader of the bare file must know."""
    return [
        ("统计期", f"{table['first_day']} 至 {table['last_day']}" + ("（尚未结束）" if table["provisional"] else "")),
        ("地区", table["region"] or "全部"),
        ("评价期", f"{table['rating_days']} 日"),
        ("检举控告", "不计入任何指标"),
        ("超期", "各单位对承办期内的时限负责；到期没有完成的当期计为超期，事后补办不改变"),
        *[(missing["name"], missing["why"]) for missing in table["not_counted"]],
    ]


def to_csv(table: Mapping[str, Any]) -> str:
    """The long table as CSV."""
    return spreadsheets.to_csv([column_names(), *list_lines(table), [], *list_notes(table)])


def to_xlsx(table: Mapping[str, Any]) -> bytes:
    """A workbook: 指标 (a column per figure), 分子分母 (the long table), 口径, 说明."""
    figure_columns = [SheetColumn(kpi.name, 12, _NUMBER_FORMATS[kpi.sort]) for kpi in KPIS]
    figure_rows = [
        [unit["name"], unit["received"], *(unit["figures"][kpi.code]["value"] for kpi in KPIS)]
        for unit in (table["total"], *table["units"])
    ]
    definition_columns = [SheetColumn("指标", 22), SheetColumn("公式（不计入）", 70), SheetColumn("依据和说明", 70)]
    return spreadsheets.to_xlsx(
        [
            Sheet(
                "指标",
                [SheetColumn("单位", 28), SheetColumn("收到诉求", 12), *figure_columns],
                figure_rows,
                frozen_columns=1,
            ),
            Sheet(
                "分子分母",
                [
                    SheetColumn(name, width)
                    for name, width in zip(column_names(), (26, 26, 12, 12, 12, 12), strict=True)
                ],
                list_lines(table),
            ),
            Sheet("口径", definition_columns, [_definition_cells(row) for row in table["definitions"]]),
            Sheet("说明", NOTE_COLUMNS, list_notes(table)),
        ]
    )


NOTE_COLUMNS = (SheetColumn(width=22), SheetColumn(width=70))
_NUMBER_FORMATS: Mapping[str, str] = {
    "share": "0.0%",
    "product": "0.00%",
    "composite": "0.0%",
    "mean": "0.00",
    "days": "0.0",
}


def _definition_cells(definition: Mapping[str, Any]) -> tuple[str, str, str]:
    formula = definition["formula"] + (f"（另计：{definition['excluded']}）" if definition["excluded"] else "")
    return definition["name"], formula, "；".join(part for part in (definition["source"], definition["remark"]) if part)


def render_hidden_reason(reason: str) -> str:
    """Why a public figure is not given, in words."""
    few = reason.removeprefix("fewer_than_")
    return "当期没有" if reason == "none" else f"不足 {few}，不公布"
