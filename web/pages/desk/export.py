"""Export of the worklist as an Excel file: same filter, masked, naming who exported it, logged."""

import asyncio
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.clock import OFFICE_TIMEZONE
from feedback.queries import worklist as case_worklist
from feedback.record import access_log, calendar_editions
from feedback.rules import redaction
from feedback.rules.access import Actor
from feedback.rules.read_models import WorkRow
from feedback.rules.workdays import Calendar
from routing import directory
from routing.directory import Directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.presentation import worklist as worklist_views

EXPORT_MOST = 20_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_COLUMNS: tuple[tuple[str, int], ...] = (
    ("编号", 18),
    ("标题", 48),
    ("诉求类型", 10),
    ("状态", 14),
    ("时限", 8),
    ("剩余", 16),
    ("最近到期", 18),
    ("承办单位", 20),
    ("内容分类", 28),
    ("所在地区", 20),
    ("来源", 10),
    ("紧急程度", 10),
    ("收到时间", 18),
)
_DATES = frozenset({6, 12})
_RISKY = ("=", "+", "-", "@", "\t", "\r")


async def export(request: Request) -> Response:
    """The list behind the filter as a file. What it holds is what the list shows: no names, no telephones."""
    context: AppContext = request.app.state.context
    actor, now = current_actor(request), context.clock.now()
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    filters = worklist_views.parse_filters(request.query_params, actor)
    rows = await case_worklist.load_export(actor, filters, now=now, most=EXPORT_MOST)
    words = worklist_views.render_filters(filters, names)
    await access_log.log_read(actor, "export", detail=f"{len(rows)} 件；{words}", now=now)
    about = _about(actor, names, words, len(rows), now)
    body = await asyncio.to_thread(lambda: _workbook([_line(row, names, now, calendar) for row in rows], about))
    name = f"xinqiao-{now.astimezone(OFFICE_TIMEZONE):%Y%m%d-%H%M}.xlsx"
    return Response(body, media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _line(row: WorkRow, names: Directory, now: datetime, calendar: Calendar) -> list[Any]:
    view = worklist_views.row_view(row, names, now, calendar)
    title = "（保密件）" if row.confidential else redaction.mask_text(row.title)
    return [
        row.no,
        title,
        view.kind_text,
        view.status_text,
        view.light_text,
        view.left,
        _local(row.next_due_at),
        view.unit,
        view.category_text,
        view.region_text,
        view.channel_text,
        view.urgency_text,
        _local(row.received_at),
    ]


def _local(at: datetime | None) -> datetime | None:
    return at.astimezone(OFFICE_TIMEZONE).replace(tzinfo=None) if at else None


def _about(actor: Actor, names: Directory, words: str, count: int, now: datetime) -> list[tuple[str, str]]:
    return [
        ("导出人", f"{actor.name}（{actor.id}）"),
        ("单位", names.name(actor.unit)),
        ("导出时间", f"{now.astimezone(OFFICE_TIMEZONE):%Y-%m-%d %H:%M:%S}"),
        ("筛选条件", words),
        ("件数", f"{count}{'（已到上限，请缩小范围）' if count == EXPORT_MOST else ''}"),
        ("说明", "本表仅供内部工作使用，导出已留痕；不得向无关人员提供。"),
    ]


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula, also after it was saved as CSV."""
    return "'" + text if text.startswith(_RISKY) else text


def _workbook(lines: Sequence[Sequence[Any]], about: Sequence[tuple[str, str]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False}) as book:
        head = book.add_format({"bold": True, "bg_color": "#E7F0FA", "border": 1, "border_color": "#B6CFEA"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet = book.add_worksheet("件表")
        sheet.freeze_panes(1, 2)
        sheet.set_footer("&C第 &P 页 共 &N 页&R" + about[0][1].replace("&", "&&"))
        for column, (title, width) in enumerate(_COLUMNS):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, title, head)
        for at, line in enumerate(lines, 1):
            for column, value in enumerate(line):
                if column in _DATES:
                    if value is not None:
                        sheet.write_datetime(at, column, value, moment)
                elif value:
                    sheet.write_string(at, column, guarded(str(value)))
        sheet.autofilter(0, 0, max(1, len(lines)), len(_COLUMNS) - 1)
        note = book.add_worksheet("导出说明")
        note.set_column(0, 0, 12)
        note.set_column(1, 1, 80)
        for at, (name, words) in enumerate(about):
            note.write_string(at, 0, name, head)
            note.write_string(at, 1, guarded(words))
    return out.getvalue()
