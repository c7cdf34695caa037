"""API calls that return the key figures as JSON, CSV and Excel, for overseers."""

from typing import Annotated, Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from evaluation.kpi import table as kpi_table
from routing import directory
from web.actions import kpis as kpi_actions
from web.api.request_parsing import read_query
from web.api.schemas.requests import RegionCode, described
from web.api.schemas.responses import Day
from web.api.serializers import json_response
from web.auth import permissions
from web.context import AppContext


class KpiQuery(Struct):
    """Which period and region."""

    period: Annotated[str, described("2026-10、2026Q3 或 2026；不填为本月", pattern=r"^(\d{4}(-\d{2}|Q[1-4])?)?$")] = ""
    region: RegionCode = ""


class KpiFigure(Struct):
    """A figure with the sums beside it (一个指标)."""

    value: float | None
    top: Annotated[float | None, described("分子；由其他指标算得的为 null")]
    base: Annotated[int | None, described("分母")]
    apart: Annotated[dict[str, int], described("不计入分子分母、另列的件数")]


class KpiRow(Struct):
    """A unit's figures by code; the total has no unit."""

    unit: str
    name: str
    received: int
    figures: dict[str, KpiFigure]


class KpiDefinition(Struct):
    """How a figure is counted (指标口径)."""

    code: str
    name: str
    group: str
    sort: Annotated[str, described("share 比率 · mean 平均分 · days 日数 · product 两个比率的积 · composite 加权和")]
    formula: str
    excluded: str
    source: str
    remark: str
    public: bool


class NotCounted(Struct):
    name: str
    why: str


class KpiTable(Struct):
    """The key figures of a period (考核指标)."""

    period: str
    first_day: Day
    last_day: Day
    provisional: bool
    region: str
    rating_days: Annotated[int, described("评价期，日")]
    definitions: list[KpiDefinition]
    not_counted: Annotated[list[NotCounted], described("没有依据数据、所以不计算的指标")]
    total: KpiRow
    units: list[KpiRow]


async def table(request: Request) -> Response:
    """The figures the asker may see."""
    return json_response(msgspec.convert(await _load_table(request), KpiTable))


async def csv(request: Request) -> Response:
    """The same as CSV."""
    return kpi_actions.file_response(await _load_table(request), False)


async def xlsx(request: Request) -> Response:
    """The same as Excel."""
    return kpi_actions.file_response(await _load_table(request), True)


async def _load_table(request: Request) -> dict[str, Any]:
    context: AppContext = request.app.state.context
    question = kpi_actions.parse_question(read_query(request, KpiQuery), context, await directory.load_directory())
    return await kpi_table.build_table(question, permissions.current_actor(request), kpi_actions.load_weights(context))
