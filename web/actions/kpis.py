"""The query of the key-figure table, the weights it is computed with, and its export as CSV or Excel."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from evaluation import periods
from evaluation.kpi import definitions
from evaluation.kpi import table as kpi_table
from evaluation.kpi.definitions import Weights
from evaluation.kpi.facts import Question
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Invalid
from feedback.kernel.spreadsheets import CSV_TYPE, XLSX_TYPE
from routing.directory import Directory
from web.context import AppContext

DEFAULT_GROUP = "all"


def parse_question(query: Mapping[str, str], context: AppContext, directory: Directory) -> Question:
    """The period and region an address asks for; the running month when it asks for none.

    Raises Invalid naming what is wrong.
    """
    now = context.clock.now()
    region = query.get("region", "")
    if region and region not in directory.by_region:
        raise Invalid({"region": "unknown"})
    period = periods.parse_period(query.get("period") or f"{office_day(now):%Y-%m}")
    return Question(period, now, context.settings.rating_days, region)


def load_weights(context: AppContext) -> Weights:
    """The weights in force here."""
    return definitions.parse_weights(context.settings.kpi_weights, context.settings.partly_solved)


def file_response(table: Mapping[str, Any], is_xlsx: bool) -> Response:
    """The table as Excel or CSV."""
    media_type, suffix = (XLSX_TYPE, "xlsx") if is_xlsx else (CSV_TYPE, "csv")
    content = kpi_table.to_xlsx(table) if is_xlsx else kpi_table.to_csv(table).encode()
    headers = {"Content-Disposition": f'attachment; filename="xinqiao-kpis-{table["period"]}.{suffix}"'}
    return Response(content, media_type=media_type, headers=headers)
