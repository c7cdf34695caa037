"""Pages of the key figures: the table for overseers, the cases behind each number, downloads."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from evaluation import periods as evaluation_periods
from evaluation.kpi import definitions, facts
from evaluation.kpi import table as kpi_table
from evaluation.kpi.definitions import GROUPS, KPI_BY_CODE, KPIS
from evaluation.kpi.facts import Question
from evaluation.publication import consultation_deadlines
from feedback.kernel.clock import office_day
from feedback.kernel.errors import NotFound
from feedback.queries import cases as case_queries
from feedback.queries import worklist as case_worklist
from feedback.record import access_log, calendar_editions
from feedback.rules import access
from feedback.rules.access import Actor
from routing import directory
from web.actions.kpis import DEFAULT_GROUP, file_response, load_weights, parse_question
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms.filters import note_unknown, refuse_unknown
from web.presentation import desk_frame
from web.presentation import worklist as worklist_views

MONTHS = 12
LIST_MOST = 500
PARTS: Mapping[str, str] = {"top": "分子", "base": "分母", "missed": "分母里没有达到的", "apart": "另计的"}


async def table(request: Request) -> Response:
    """The figures of a period, one group of them at a time; every number leads to its cases."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    query = request.query_params
    note_unknown(request, "period", "region", "group", "sort")
    question = parse_question(query, context, names)
    figures = await kpi_table.build_table(question, actor, load_weights(context))
    group = query.get("group", "") if query.get("group", "") in GROUPS else DEFAULT_GROUP
    shown = [kpi for kpi in KPIS if kpi.group == group]
    sort = query.get("sort", "") if query.get("sort", "") in {kpi.code for kpi in shown} | {"received"} else "received"
    asked = {"period": question.period.name, "region": question.region}
    values = {
        **desk_frame.frame_values(actor, names),
        "told": figures,
        "words": period_words(question.period.name),
        "periods": periods(context.clock.now()),
        "regions": worklist_views.region_groups(names, context.settings.region),
        "asked": asked,
        "group": group,
        "tabs": [
            {"href": _href(asked, group=code), "label": label, "current": code == group}
            for code, label in GROUPS.items()
        ],
        "columns": [
            {"code": kpi.code, "name": kpi.name, "href": _href(asked, group=group, sort=kpi.code)} for kpi in shown
        ],
        "sort": sort,
        "received_href": _href(asked, group=group, sort="received"),
        "rows": [_row(row, shown, asked) for row in (figures["total"], *_sorted(_busy(figures["units"], shown), sort))],
        "definitions": [definition for definition in figures["definitions"] if definition["group"] == GROUPS[group]],
        "query": urlencode(asked),
        "alarms": await _alarms(actor, context.clock.now(), question.region) if group == "website" else None,
    }
    return context.render(request, "board/kpis.html", values)


def _href(asked: Mapping[str, str], **more: str) -> str:
    return "/board/kpis?" + urlencode({name: value for name, value in {**asked, **more}.items() if value})


def _busy(rows: Sequence[Mapping[str, Any]], shown: Sequence[definitions.Kpi]) -> list[Mapping[str, Any]]:
    """The units that have any of the figures shown, or anything that came in."""
    return [row for row in rows if row["received"] or any(row["figures"][kpi.code]["base"] for kpi in shown)]


def _sorted(rows: Sequence[Mapping[str, Any]], sort: str) -> list[Mapping[str, Any]]:
    """The worst first, so that it is seen; by size when no figure is chosen; what has no figure last."""
    if sort == "received":
        return sorted(rows, key=lambda row: (-row["received"], row["unit"]))
    sign = -1 if KPI_BY_CODE[sort].lower_is_better else 1

    def rank(row: Mapping[str, Any]) -> tuple[bool, float, str]:
        value = row["figures"][sort]["value"]
        return value is None, sign * (value or 0.0), row["unit"]

    return sorted(rows, key=rank)


def _row(row: Mapping[str, Any], shown: Sequence[definitions.Kpi], asked: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "received": row["received"],
        "cells": [_cell(row["unit"], kpi, row["figures"][kpi.code], asked) for kpi in shown],
    }


def _cell(unit: str, kpi: definitions.Kpi, figure: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, Any]:
    leads = bool(figure["base"])
    href = "/board/kpis/cases?" + urlencode({"kpi": kpi.code, "unit": unit, "part": "base", **asked})
    return {
        "name": kpi.name,
        "words": kpi_table.format_value(kpi.code, figure["value"]),
        "parts": kpi_table.format_parts(figure) if leads else "",
        "href": href if leads else "",
        "share": figure["value"] if kpi.sort in ("share", "product", "composite") else None,
        "apart": [(definitions.FACT_BY_CODE[code].name, n) for code, n in figure["apart"].items() if n],
    }


def periods(now: datetime) -> list[tuple[str, str]]:
    """The months, quarters and years to choose from, newest first."""
    day = office_day(now)
    months, period = [f"{day:%Y-%m}"], evaluation_periods.month_of(day)
    while len(months) < MONTHS:
        period = evaluation_periods.month_before(period.first_day)
        months.append(period.name)
    quarters = list(dict.fromkeys(f"{name[:4]}Q{(int(name[5:]) + 2) // 3}" for name in months))
    years = list(dict.fromkeys(name[:4] for name in months))
    return [(name, period_words(name)) for name in (*months, *quarters, *years)]


def period_words(name: str) -> str:
    """2026 年 10 月, 2026 年第 3 季度, 2026 年."""
    if "Q" in name:
        return f"{name[:4]} 年第 {name[5:]} 季度"
    return f"{name[:4]} 年 {int(name[5:])} 月" if "-" in name else f"{name} 年"


async def _alarms(actor: Actor, now: datetime, region: str) -> dict[str, Any]:
    """Online consultations that wait too long, of those this person sees, and how long nothing was published."""
    alarms = await consultation_deadlines.list_overdue(now, region)
    seen = await case_queries.filter_visible(actor, [row.case_no for row in alarms])
    names = await directory.load_directory()
    rows = [
        {"no": row.case_no, "unit": names.short(row.unit), "days": row.days, "stage": row.stage}
        for row in alarms
        if row.case_no in seen
    ]
    return {
        "rows": rows,
        "stages": consultation_deadlines.STAGES,
        "silent_days": await consultation_deadlines.count_silent_days(now),
    }


async def cases(request: Request) -> Response:
    """The cases behind a number, as far as this person sees them."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    query = request.query_params
    note_unknown(request, "period", "region", "kpi", "part", "unit")
    question = parse_question(query, context, names)
    kpi = KPI_BY_CODE.get(query.get("kpi", ""))
    if kpi is None or not kpi.base:
        raise NotFound(kpi=query.get("kpi", ""))
    part = query.get("part", "") if query.get("part", "") in PARTS else "base"
    unit = query.get("unit", "")
    units = await _units(question, actor, unit)
    numbers = await behind(question, kpi, part, units)
    rows = await case_worklist.list_work_rows(actor, numbers, LIST_MOST)
    calendar, now = await calendar_editions.load_current_calendar(), context.clock.now()
    await access_log.log_read(actor, "list", detail=f"{kpi.name} {question.period.name} {unit}", now=now)
    asked = {"period": question.period.name, "region": question.region, "kpi": kpi.code, "unit": unit}
    values = {
        **desk_frame.frame_values(actor, names),
        "kpi": kpi,
        "unit_name": names.name(unit) if unit else "全部单位",
        "words": period_words(question.period.name),
        "formula": definitions.render_formula(kpi, load_weights(context)),
        "tabs": [
            {"href": "/board/kpis/cases?" + urlencode({**asked, "part": code}), "label": label, "current": code == part}
            for code, label in PARTS.items()
            if code != "apart" or kpi.apart
        ],
        "back": _href({"period": question.period.name, "region": question.region}, group=kpi.group),
        "rows": [worklist_views.row_view(row, names, now, calendar) for row in rows],
        "cut": len(numbers) > LIST_MOST,
        "most": LIST_MOST,
    }
    return context.render(request, "board/kpi_cases.html", values)


async def _units(question: Question, actor: Actor, unit: str) -> list[str] | None:
    """The units whose cases are listed: the one asked for, or all this person sees.

    Raises NotFound for a unit whose figures are not theirs.
    """
    units = access.unit_scope(actor)
    if unit and not units.covers(unit):
        raise NotFound(unit=unit)
    return [unit] if unit else None if units.everywhere else sorted(units.units)


async def behind(question: Question, kpi: definitions.Kpi, part: str, units: Sequence[str] | None) -> list[str]:
    """The numbers of the cases in one part of a figure."""
    top, base = ([part_of_figure.fact for part_of_figure in parts] for parts in (kpi.top, kpi.base))
    if part == "missed" and set(top) <= set(base):
        return await facts.list_cases(question, [code for code in base if code not in top], units)
    if part == "missed":  # what is above the line is a narrower cell of what is below
        met = set(await facts.list_cases(question, top, units))
        return [no for no in await facts.list_cases(question, base, units) if no not in met]
    codes = {"top": top, "base": base, "apart": list(kpi.apart)}[part]
    return await facts.list_cases(question, codes, units)


async def download(request: Request) -> Response:
    """The table as a file: /board/kpis.csv and /board/kpis.xlsx."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    refuse_unknown(request.query_params, ("period", "region", "group", "sort"))
    question = parse_question(request.query_params, context, names)
    figures = await kpi_table.build_table(question, actor, load_weights(context))
    await access_log.log_read(actor, "export", detail=f"考核指标 {question.period.name}", now=context.clock.now())
    return file_response(figures, request.url.path.endswith(".xlsx"))
