"""What does the table of key figures say, for whom? One document for the page, the API and the files.

Overseers of the whole house see every unit, others their own units and what lies below; totals are of what is seen.
Nothing is hidden here but reports, which are in no figure; what is published goes through `public_rows`.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from evaluation import csv_files
from evaluation.disclosure import DisclosureRules
from evaluation.kpi import definitions, facts
from evaluation.kpi.definitions import FACT, KPI, KPIS, Kpi, Weights
from evaluation.kpi.facts import Counted, Question
from feedback.rules.access import Actor
from routing import directory


def seen(found: Counted, actor: Actor) -> Counted:
    """The units whose figures the actor may see."""
    if actor.everywhere:
        return found
    own = actor.units | {actor.unit}
    return {unit: counts for unit, counts in found.items() if unit in own}


async def document(question: Question, actor: Actor, weights: Weights) -> dict[str, Any]:
    """The table as plain values: definitions, the total, and a row for each unit that has anything."""
    found = seen(await facts.counted(question), actor)
    names = await directory.load_directory()
    period = question.period
    return {
        "period": period.name,
        "first_day": period.first_day.isoformat(),
        "last_day": period.last_day.isoformat(),
        "provisional": question.now < period.until,
        "region": question.region,
        "rating_days": question.window_days,
        "definitions": definitions.definitions(weights),
        "not_counted": [{"name": name, "why": why} for name, why in definitions.NOT_COUNTED],
        "total": row("", "合计", facts.total(found), weights),
        "units": [row(unit, names.name(unit), counts, weights) for unit, counts in found.items() if _works(counts)],
    }


def _works(counts: Mapping[str, int]) -> bool:
    """Whether anything happened: to have a list of matters is not enough."""
    return any(n for code, n in counts.items() if FACT[code].cube != "matters")


def row(unit: str, name: str, counts: Mapping[str, int], weights: Weights) -> dict[str, Any]:
    """A line of the table: each figure with the sums beside it and what is counted apart."""
    found = definitions.figures(counts, weights)
    return {
        "unit": unit,
        "name": name,
        "received": counts.get("received", 0),
        "figures": {
            code: {"value": f.value, "top": f.top, "base": f.base, "apart": dict(f.apart)} for code, f in found.items()
        },
    }


# ---- what may be published ----


def public_rows(counts: Mapping[str, int], rules: DisclosureRules, weights: Weights) -> list[dict[str, Any]]:
    """The public figures of the district. A rate is left out when its base, or either side of it, is small."""
    return [_public(kpi, counts, rules, weights) for kpi in KPIS if kpi.is_public]


def _public(kpi: Kpi, counts: Mapping[str, int], rules: DisclosureRules, weights: Weights) -> dict[str, Any]:
    found = definitions.figure(kpi, counts, weights)
    whole = [counts.get(part.fact, 0) for part in kpi.base]
    reason = ""
    if not found.base:
        reason = "none"
    elif found.base < rules.rank_min:
        reason = rules.few_answers
    elif any(0 < n < rules.cell_min for n in (*whole, *_sides(kpi, counts))):
        reason = rules.few
    said = {
        "code": kpi.code,
        "name": kpi.name,
        "group": definitions.GROUPS[kpi.group],
        "formula": definitions.formula(kpi, weights),
    }
    if reason:
        return {**said, "value": None, "top": None, "base": 0 if reason == "none" else None, "hidden": reason}
    return {**said, "value": found.value, "top": found.top, "base": found.base, "hidden": ""}


def _sides(kpi: Kpi, counts: Mapping[str, int]) -> tuple[int, int]:
    """Those above the line, and those below it only: a small one of either could be worked out."""
    top = sum(counts.get(part.fact, 0) for part in kpi.top)
    return top, sum(counts.get(part.fact, 0) for part in kpi.base) - top


# ---- words and files ----


def words(code: str, value: float | None) -> str:
    """97.3%, 12.5 日, 8.20 or a dash."""
    if value is None:
        return "—"
    match KPI[code].sort:
        case "days":
            return f"{value:.1f} 日"
        case "mean":
            return f"{value:.2f}"
        case _:
            return f"{value:.1%}"


def parts_words(figure: Mapping[str, Any]) -> str:
    """The sums behind a rate, such as 17/20."""
    return "" if figure["base"] is None else f"{figure['top']:g}/{figure['base']}"


def head() -> list[str]:
    """The columns of the long table."""
    return ["单位", "指标", "数值", "分子", "分母", "另计"]


def lines(told: Mapping[str, Any]) -> list[list[str | float | None]]:
    """One line per unit and figure, all units together first."""
    found: list[list[str | float | None]] = []
    for unit in (told["total"], *told["units"]):
        for code, each in unit["figures"].items():
            if each["value"] is None and not each["base"]:
                continue
            found.append([unit["name"], KPI[code].name, each["value"], each["top"], each["base"], _apart(each)])
    return found


def _apart(each: Mapping[str, Any]) -> str:
    return "；".join(f"{FACT[code].name} {n}" for code, n in each["apart"].items() if n)


def notes(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a reader of the bare file must know."""
    return [
        ("统计期", f"{told['first_day']} 至 {told['last_day']}" + ("（尚未结束）" if told["provisional"] else "")),
        ("地区", told["region"] or "全部"),
        ("评价期", f"{told['rating_days']} 日"),
        ("检举控告", "不计入任何指标"),
        ("超期", "各单位对承办期内的时限负责；到期没有完成的当期计为超期，事后补办不改变"),
        *[(each["name"], each["why"]) for each in told["not_counted"]],
    ]


def to_csv(told: Mapping[str, Any]) -> str:
    """The long table as CSV."""
    return csv_files.to_csv([head(), *lines(told), [], *notes(told)])


def to_xlsx(told: Mapping[str, Any]) -> bytes:
    """A workbook: 指标 (a column per figure), 分子分母 (the long table), 口径, 说明."""
    import xlsxwriter  # a quarter of a second, needed for a download only

    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    looks = {sort: book.add_format({"num_format": form}) for sort, form in _FORMS.items()}
    sheet = book.add_worksheet("指标")
    sheet.write_row(0, 0, ["单位", "收到诉求", *(kpi.name for kpi in KPIS)], bold)
    for y, unit in enumerate((told["total"], *told["units"]), 1):
        sheet.write_row(y, 0, [unit["name"], unit["received"]])
        for x, kpi in enumerate(KPIS, 2):
            value = unit["figures"][kpi.code]["value"]
            if value is not None:
                sheet.write_number(y, x, value, looks[kpi.sort])
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, len(KPIS) + 1, 12)
    long = book.add_worksheet("分子分母")
    _written(long, [head(), *lines(told)], bold)
    rows = [("指标", "公式（不计入）", "依据和说明"), *(_definition(each) for each in told["definitions"])]
    csv_files.text_sheet(book.add_worksheet("口径"), rows, None)
    csv_files.text_sheet(book.add_worksheet("说明"), notes(told), None)
    book.close()
    return file.getvalue()


_FORMS: Mapping[str, str] = {"share": "0.0%", "product": "0.00%", "composite": "0.0%", "mean": "0.00", "days": "0.0"}


def _written(sheet: Any, rows: Sequence[Sequence[str | float | None]], bold: Any) -> None:
    for y, line in enumerate(rows):
        sheet.write_row(y, 0, line, bold if y == 0 else None)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 1, 26)
    sheet.set_column(2, 5, 12)


def _definition(each: Mapping[str, Any]) -> tuple[str, str, str]:
    formula = each["formula"] + (f"（另计：{each['excluded']}）" if each["excluded"] else "")
    return each["name"], formula, "；".join(part for part in (each["source"], each["remark"]) if part)


def hidden_reason(reason: str) -> str:
    """Why a public figure is not given, in words."""
    few = reason.removeprefix("fewer_than_")
    return "当期没有" if reason == "none" else f"不足 {few}，不公布"
