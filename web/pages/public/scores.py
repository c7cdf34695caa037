"""The published figures per unit and in total, with their formulae."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from evaluation.kpi import table as kpi_table
from evaluation.publication import editions as publication_editions
from evaluation.publication import statistics
from evaluation.publication.editions import EditionView
from web.context import AppContext
from web.wording import dates

COLUMNS = (
    "received",
    "on_time",
    "late",
    "running",
    "timeliness",
    "ratings",
    "mean_level",
    "good_share",
    "bad",
    "rectified_share",
)
TILES = ("received", "timeliness", "good_share", "mean_level", "rectified_share")
HOME = ("received", "timeliness", "ratings", "good_share")
SORTED_COLUMNS = tuple(code for code in COLUMNS if code not in ("mean_level", "good_share", "bad"))
"""No page orders units by how satisfied people are with them: their tasks differ too much."""
DISTRICT_NAMES = {"timeliness": "群众按期率"}
"""What a figure of the whole district is called where it is not the sum of the units."""
MONTHS_SHOWN = 12
BUSIEST = 8
_NAMES = {row.code: row.name for row in statistics.FORMULAE}
_SORTS = {row.code: row.sort for row in statistics.FORMULAE}


async def scores(request: Request) -> Response:
    """One edition, the newest unless a period is asked for."""
    context: AppContext = request.app.state.context
    editions = await publication_editions.list_editions()
    newest = _newest_of_each(editions)
    asked = request.query_params.get("period", "")
    chosen = newest.get(asked) if asked else next(iter(newest.values()), None)
    values = {
        "periods": [(period, month_words(period)) for period in newest],
        "asked": asked,
        "edition": _view(chosen, request.query_params.get("sort", "")) if chosen else None,
        "course": _course(list(newest.values())[:MONTHS_SHOWN]),
    }
    status = 404 if asked and chosen is None else 200
    return context.render(request, "public/scores.html", values, status=status)


def _newest_of_each(editions: Sequence[EditionView]) -> dict[str, EditionView]:
    newest: dict[str, EditionView] = {}
    for edition in editions:
        newest.setdefault(edition.period, edition)
    return newest


def month_words(period: str) -> str:
    """2026 年 10 月."""
    year, _, month = period.partition("-")
    return f"{year} 年 {int(month)} 月"


def _view(edition: EditionView, sort: str) -> dict[str, Any]:
    figures = edition.figures
    sort = sort if sort in SORTED_COLUMNS else ""
    rows = sorted(figures["units"], key=lambda row: _rank(row, sort)) if sort else figures["units"]
    return {
        "period": edition.period,
        "words": month_words(edition.period) + ("（暂行，当月尚未结束）" if edition.provisional else ""),
        "sort": sort,
        "tiles": [_tile(code, figures) for code in TILES],
        "busiest": _busiest(figures["units"]),
        "columns": [(code, _NAMES[code]) for code in COLUMNS],
        "sorted_columns": SORTED_COLUMNS,
        "totals": [{"name": row["name"], "cells": _cells(row)} for row in statistics.list_district_rows(figures)],
        "rows": [{"name": row["name"], "cells": _cells(row)} for row in rows if not _says_nothing(row)],
        "silent": [row["name"] for row in figures["units"] if _says_nothing(row)],
        "units": len(figures["units"]),
        "systems": _systems(figures.get("kpis", ())),
        "regions": _regions(figures.get("regions", ())),
        "formulae": [(row["name"], f"{row['formula']}。来源：{row['source']}") for row in figures["formulae"]],
        "cell_min": figures["cell_min"],
        "rank_min": figures["rank_min"],
        "made": dates.time_words(edition.made_at),
        "corrects": edition.corrects,
        "remark": edition.remark,
        "number": edition.number,
        "digest": edition.digest,
    }


def _says_nothing(row: Mapping[str, Any]) -> bool:
    """Whether every figure of the unit is hidden, or nothing at all: then its name in a list says as much."""
    return not any(row[code] for code in COLUMNS)


def _systems(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[dict[str, str]]]]:
    """The key figures of the district by system: petitions, 12345, ratings, the website."""
    systems: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        words = kpi_table.format_value(row["code"], row["value"]) if not row["hidden"] else ""
        why = kpi_table.render_hidden_reason(row["hidden"]) if row["hidden"] else ""
        parts = "" if row["hidden"] else kpi_table.format_parts(row)
        figure = {"name": row["name"], "words": words, "parts": parts, "why": why, "formula": row["formula"]}
        systems.setdefault(row["group"], []).append(figure)
    return list(systems.items())


def _regions(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    shown = sorted((row for row in rows if row["received"]), key=lambda row: -row["received"])
    few = [row["name"] for row in rows if row["hidden"]]
    return {"bars": [(row["name"], row["received"], f"{row['received']:.0f} 件") for row in shown], "few": few}


def _busiest(units: Sequence[Mapping[str, Any]]) -> list[tuple[str, int, str]]:
    """The units with the most messages, of those whose count may be shown."""
    shown = sorted((row for row in units if row.get("received")), key=lambda row: -row["received"])[:BUSIEST]
    return [(row["name"], int(row["received"]), f"{row['received']:.0f} 件") for row in shown]


def _rank(row: Mapping[str, Any], sort: str) -> tuple[bool, float]:
    """Highest first, what is not shown last: nobody is ranked by a hidden figure."""
    value = row.get(sort)
    return value is None, -(value or 0)


def _cells(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [cell(code, row) for code in COLUMNS]


def cell(code: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A figure as people read it: the value, what its neighbours allow to say, or why there is none."""
    value, reason, bounds = row.get(code), row["hidden"].get(code, ""), row["bounds"].get(code)
    if value is not None:
        share = value if _SORTS[code] == "share" else None
        return {"words": number_words(code, value), "hidden": False, "why": "", "share": share}
    if bounds:
        words = f"{number_words(code, bounds[0])}–{number_words(code, bounds[1])}"
        return {"words": words, "hidden": True, "why": statistics.render_reason(reason), "share": None}
    if not reason or reason == statistics.NOT_SUMMED:
        why = "见全区的另一行" if reason else "当期没有"
        return {"words": "—", "hidden": True, "why": why, "share": None}
    few = reason.removeprefix("fewer_than_")
    words = f"不足{few}{'件' if _SORTS[code] == 'count' else '个'}" if few.isdecimal() else "不公布"
    return {"words": words, "hidden": True, "why": statistics.render_reason(reason), "share": None}


def number_words(code: str, value: float) -> str:
    """97.3%, 4.62 or 128."""
    match _SORTS[code]:
        case "share":
            return f"{value:.1%}"
        case "mean":
            return f"{value:.2f}"
        case _:
            return f"{value:.0f}"


def _district_row(code: str, figures: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of the district a headline is read from: the citizens' own clocks for what bears their name."""
    total, citizens = statistics.list_district_rows(figures)
    return citizens if code in DISTRICT_NAMES else total


def _tile(code: str, figures: Mapping[str, Any]) -> dict[str, str]:
    shown = cell(code, _district_row(code, figures))
    note = next(formula["formula"] for formula in figures["formulae"] if formula["code"] == code)
    return {
        "label": DISTRICT_NAMES.get(code, _NAMES[code]),
        "figure": shown["words"],
        "note": note if len(note) <= 30 else "",
    }


def _course(editions: Sequence[EditionView]) -> list[tuple[str, float | None]]:
    """The timeliness of the citizens' own clocks by month, oldest first, in percent."""
    course = []
    for edition in reversed(editions):
        value = _district_row("timeliness", edition.figures)["timeliness"]
        course.append((f"{int(edition.period[5:])}月", round(value * 100, 1) if value is not None else None))
    return course


async def home_figures() -> tuple[str, list[tuple[str, str]]]:
    """The newest edition in a few lines for the home page: the month, and names with figures."""
    editions = [edition for edition in await publication_editions.list_editions() if not edition.provisional]
    if not editions:
        return "", []
    figures = editions[0].figures
    return month_words(editions[0].period), [
        (DISTRICT_NAMES.get(code, _NAMES[code]), cell(code, _district_row(code, figures))["words"]) for code in HOME
    ]
