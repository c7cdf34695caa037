"""Export of the worklist as an Excel file: same filter, masked, naming who exported it, logged."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel import spreadsheets
from feedback.kernel.clock import OFFICE_TIMEZONE
from feedback.kernel.errors import Invalid
from feedback.kernel.spreadsheets import INSTANT_FORMAT, XLSX_TYPE, Cell, Sheet, SheetColumn
from feedback.queries import worklist as case_worklist
from feedback.record import access_log, calendar_editions
from feedback.rules.access import Actor
from feedback.rules.read_models import WorkRow
from feedback.rules.redaction import Redactor
from feedback.rules.workdays import Calendar
from routing import directory
from routing.directory import Directory
from web.actions import publication
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import filters as filter_forms
from web.presentation import worklist as worklist_views

EXPORT_MOST = 20_000
_COLUMNS = (
    SheetColumn("编号", 18),
    SheetColumn("标题", 48),
    SheetColumn("诉求类型", 10),
    SheetColumn("状态", 14),
    SheetColumn("时限", 8),
    SheetColumn("剩余", 16),
    SheetColumn("最近到期", 18, INSTANT_FORMAT),
    SheetColumn("承办单位", 20),
    SheetColumn("内容分类", 28),
    SheetColumn("所在地区", 20),
    SheetColumn("来源", 10),
    SheetColumn("紧急程度", 10),
    SheetColumn("收到时间", 18, INSTANT_FORMAT),
)


async def export(request: Request) -> Response:
    """The list behind the filter as a file. What it holds is what the list shows: no names, no telephones."""
    context: AppContext = request.app.state.context
    actor, now = current_actor(request), context.clock.now()
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    filters, faults = filter_forms.parse_worklist(request.query_params, actor, names)
    if faults:  # a file would hold something else than was asked for, and nobody would see it
        raise Invalid(faults)
    rows = await case_worklist.load_export(actor, filters, now=now, most=EXPORT_MOST)
    redactors = await publication.load_redactors(context, actor, (row.no for row in rows))
    words = worklist_views.render_filters(filters, names)
    await access_log.log_read(actor, "export", detail=f"{len(rows)} 件；{words}", now=now)
    about = _about(actor, names, words, len(rows), now)
    body = await asyncio.to_thread(
        lambda: _build_workbook(
            [_line(row, names, now, calendar, redactors.get(row.no, Redactor())) for row in rows], about
        )
    )
    name = f"xinqiao-{now.astimezone(OFFICE_TIMEZONE):%Y%m%d-%H%M}.xlsx"
    return Response(body, media_type=XLSX_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _line(row: WorkRow, names: Directory, now: datetime, calendar: Calendar, redactor: Redactor) -> list[Cell]:
    view = worklist_views.row_view(row, names, now, calendar)
    title = "（保密件）" if row.confidential else redactor.mask(row.title)
    return [
        row.no,
        title,
        view.kind_text,
        view.status_text,
        view.light_text,
        view.left,
        row.next_due_at,
        view.unit,
        view.category_text,
        view.region_text,
        view.channel_text,
        view.urgency_text,
        row.received_at,
    ]


def _about(actor: Actor, names: Directory, words: str, count: int, now: datetime) -> list[tuple[str, str]]:
    return [
        ("导出人", f"{actor.name}（{actor.id}）"),
        ("单位", names.name(actor.unit)),
        ("导出时间", f"{now.astimezone(OFFICE_TIMEZONE):%Y-%m-%d %H:%M:%S}"),
        ("筛选条件", words),
        ("件数", f"{count}{'（已到上限，请缩小范围）' if count == EXPORT_MOST else ''}"),
        ("说明", "本表仅供内部工作使用，导出已留痕；不得向无关人员提供。"),
    ]


def _build_workbook(lines: Sequence[Sequence[Cell]], about: Sequence[tuple[str, str]]) -> bytes:
    footer = "&C第 &P 页 共 &N 页&R" + about[0][1].replace("&", "&&")
    return spreadsheets.to_xlsx(
        [
            Sheet("件表", _COLUMNS, lines, frozen_columns=2, is_filterable=True, footer=footer),
            Sheet("导出说明", (SheetColumn(width=12), SheetColumn(width=80)), about),
        ]
    )
