"""The annual report to Party committee and government: shown as a page, downloaded as Word or Excel."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from classify import taxonomy as categories
from evaluation import periods
from evaluation.disclosure import DisclosureRules
from evaluation.kpi import definitions
from evaluation.kpi.facts import Question
from evaluation.publication import annual_report, annual_report_files
from evaluation.publication.annual_report import Cell, Report, ReportTable, Suggestions, Words
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Forbidden
from feedback.kernel.settings import Settings
from feedback.kernel.spreadsheets import XLSX_TYPE
from feedback.record import access_log
from routing import directory
from routing.oversight import measures
from web.auth.permissions import current_actor
from web.context import AppContext
from web.presentation import desk_frame
from web.wording import catalogue

YEARS_SHOWN = 5
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def made(year: str, settings: Settings, now: datetime) -> Report:
    """The report of a year, for the page and the command line.

    Raises Invalid for what is no year.
    """
    names = await directory.load_directory()
    question = Question(periods.parse_year(year), now, settings.rating_days)
    words = Words(names.name, catalogue.KINDS, catalogue.CHANNELS, categories.path_name, catalogue.MARKERS)
    weights = definitions.parse_weights(settings.kpi_weights, settings.partly_solved)
    return await annual_report.build_report(
        question,
        weights,
        words,
        owner=settings.site_owner,
        count_suggestions=_suggestions,
        rules=DisclosureRules(cell_min=settings.cell_min, rank_min=settings.rank_min),
    )


async def _suggestions(since: datetime, until: datetime) -> Suggestions:
    return Suggestions(tuple(await measures.count_suggestions(since, until)))


async def _asked(request: Request) -> tuple[Report, Any]:
    """The report somebody asks for. It covers the whole district, so only its overseers read it.

    Raises Forbidden.
    """
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    if not actor.everywhere:
        raise Forbidden
    now = context.clock.now()
    return await made(request.query_params.get("year") or f"{office_day(now):%Y}", context.settings, now), actor


async def page(request: Request) -> Response:
    """The report as it will be printed."""
    context: AppContext = request.app.state.context
    report, actor = await _asked(request)
    this = office_day(context.clock.now()).year
    values = {
        **desk_frame.frame_values(actor, await directory.load_directory()),
        "title": report.title,
        "owner": report.owner,
        "made": annual_report_files.format_made_at(report),
        "notice": annual_report_files.NOTICE,
        "year": report.year,
        "years": [(str(year), f"{year} 年") for year in range(this, this - YEARS_SHOWN, -1)],
        "sections": [
            {"heading": s.heading, "sentences": s.sentences, "tables": [_table(t) for t in s.tables]}
            for s in report.sections
        ],
    }
    return context.render(request, "board/annual_report.html", values)


def _table(table: ReportTable) -> Mapping[str, Any]:
    return {
        "caption": table.caption,
        "columns": table.columns,
        "rows": [
            [annual_report.format_cell(cell, column.sort) for cell, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        ],
        "bars": [] if table.bars is None else [_bar(row, table) for row in table.rows],
    }


def _bar(row: tuple[Cell, ...], table: ReportTable) -> tuple[str, float, str]:
    value = row[table.bars or 0]
    size = float(value) if isinstance(value, int | float) else 0.0
    return str(row[0]), size, annual_report.format_cell(value, table.columns[table.bars or 0].sort)


async def download(request: Request) -> Response:
    """The report as a file: /board/report.docx and /board/report.xlsx."""
    context: AppContext = request.app.state.context
    report, actor = await _asked(request)
    await access_log.log_read(actor, "export", detail=report.title, now=context.clock.now())
    is_word = request.url.path.endswith(".docx")
    content = await asyncio.to_thread(annual_report_files.to_docx if is_word else annual_report_files.to_xlsx, report)
    name = f"xinqiao-report-{report.year}.{'docx' if is_word else 'xlsx'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=DOCX if is_word else XLSX_TYPE, headers=headers)
