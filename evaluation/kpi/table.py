"""The table of key figures as an actor may see it: one document for the page, the API and the files.

Overseers of the whole installation see every unit, others their own units and what lies below; totals are of what is seen.
Nothing is hidden here but reports, which are in no figure; what is published goes through `list_public_figures`.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from evaluation import csv_files
from evaluation.disclosure import DisclosureRules
from evaluation.kpi import definitions, facts
from evaluation.kpi.definitions import FACT_BY_CODE, KPI_BY_CODE, KPIS, Kpi, Weights
from evaluation.kpi.facts import FactCounts, Question
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


def list_lines(table: Mapping[str, Any]) -> list[list[str | float | None]]:
    """One line per unit and figure, all units together first."""
    rows: list[list[str | float | None]] = []
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
    return csv_files.to_csv([column_names(), *list_lines(table), [], *list_notes(table)])


def to_xlsx(table: Mapping[str, Any]) -> bytes:
    """A workbook: 指标 (a column per figure), 分子分母 (the long table), 口径, 说明."""
    import xlsxwriter  # a quarter of a second, needed for a download only

    file = BytesIO()
    workbook = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    formats = {
        sort: workbook.add_format({"num_format": number_format}) for sort, number_format in _NUMBER_FORMATS.items()
    }
    sheet = workbook.add_worksheet("指标")
    sheet.write_row(0, 0, ["单位", "收到诉求", *(kpi.name for kpi in KPIS)], bold)
    for y, unit in enumerate((table["total"], *table["units"]), 1):
        sheet.write_row(y, 0, [unit["name"], unit["received"]])
        for x, kpi in enumerate(KPIS, 2):
            value = unit["figures"][kpi.code]["value"]
            if value is not None:
                sheet.write_number(y, x, value, formats[kpi.sort])
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, len(KPIS) + 1, 12)
    long_sheet = workbook.add_worksheet("分子分母")
    _write_sheet(long_sheet, [column_names(), *list_lines(table)], bold)
    rows = [
        ("指标", "公式（不计入）", "依据和说明"),
        *(_definition_cells(definition) for definition in table["definitions"]),
    ]
    csv_files.write_text_sheet(workbook.add_worksheet("口径"), rows, None)
    csv_files.write_text_sheet(workbook.add_worksheet("说明"), list_notes(table), None)
    workbook.close()
    return file.getvalue()


_NUMBER_FORMATS: Mapping[str, str] = {
    "share": "0.0%",
    "product": "0.00%",
    "composite": "0.0%",
    "mean": "0.00",
    "days": "0.0",
}


def _write_sheet(sheet: Any, rows: Sequence[Sequence[str | float | None]], bold: Any) -> None:
    for y, line in enumerate(rows):
        sheet.write_row(y, 0, line, bold if y == 0 else None)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 1, 26)
    sheet.set_column(2, 5, 12)


def _definition_cells(definition: Mapping[str, Any]) -> tuple[str, str, str]:
    formula = definition["formula"] + (f"（另计：{definition['excluded']}）" if definition["excluded"] else "")
    return definition["name"], formula, "；".join(part for part in (definition["source"], definition["remark"]) if part)


def render_hidden_reason(reason: str) -> str:
    """Why a public figure is not given, in words."""
    few = reason.removeprefix("fewer_than_")
    return "当期没有" if reason == "none" else f"不足 {few}，不公布"
