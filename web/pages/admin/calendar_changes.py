"""Pages of a calendar change: its draft with the deadlines it would move, applying it, and the edition.

Nothing moves before somebody has seen what would, and what was seen is what is done: a draft made against an older
edition is not carried out but shown anew. A roll back is a change like any other.
"""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel import paging, spreadsheets
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Conflict
from feedback.kernel.spreadsheets import DAY_FORMAT, XLSX_TYPE, Cell, Sheet, SheetColumn
from feedback.record import calendar_editions, deadline_changes
from feedback.record.deadline_changes import DeadlineChange
from feedback.rules.access import Actor
from feedback.rules.terms import Holder
from feedback.rules.workdays import Calendar
from routing import directory
from routing.directory import Directory
from web.actions import calendar as calendar_actions
from web.auth.permissions import current_actor
from web.context import AppContext
from web.imports import calendar_notice
from web.notify import channel
from web.pages.admin.calendar import BY_MACHINE
from web.presentation import desk_frame
from web.wording import dates

UNITS_SHOWN = 12
_WAYS = {"later": "推后", "earlier": "提前"}
_WHOSE = {Holder.CITIZEN_OWN: "群众（给本人答复）", Holder.CITIZEN: "群众（本人的权利）"}


async def draft(request: Request) -> Response:
    """What a change would move, before it moves anything."""
    context: AppContext = request.app.state.context
    actor, pending_change = current_actor(request), await _draft(request)
    if pending_change.edition:
        return RedirectResponse(f"/admin/calendar/editions/{pending_change.edition}", status_code=303)
    before, now = await calendar_editions.load_current_calendar(), context.clock.now()
    after = calendar_editions.apply_change(before, pending_change.what)
    values = {
        **await _moved(
            request,
            actor,
            await deadline_changes.preview_changes(after, now),
            f"/admin/calendar/drafts/{pending_change.id}",
        ),
        "draft": pending_change,
        "is_stale": pending_change.follows != before.edition,
        "until": dates.day_words(after.announced_until) if after.announced_until != before.announced_until else "",
        "changes": changes(before, after),
        "doubts": calendar_notice.list_doubts(pending_change.what, after, office_day(now)),
        "years": [
            {"year": year, **calendar_notice.count_days(after, year)}
            for year in sorted(
                {day.year for day in (*(r.day for r in pending_change.what.rows), *pending_change.what.plain)}
            )
        ][-3:],
    }
    return context.render(request, "admin/calendar_changes.html", values, status=409 if values["is_stale"] else 200)


async def draft_sheet(request: Request) -> Response:
    """All that a change would move, as Excel."""
    context: AppContext = request.app.state.context
    pending_change = await _draft(request)
    after = calendar_editions.apply_change(await calendar_editions.load_current_calendar(), pending_change.what)
    return await _sheet(
        await deadline_changes.preview_changes(after, context.clock.now()), f"calendar-draft-{pending_change.id}"
    )


async def carry_out(request: Request) -> Response:
    """Make the change that was looked at. Twice is once; against an older edition it is not made but shown anew."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    number = int(request.path_params["number"])
    try:
        edition = await calendar_editions.apply_draft(number, actor.name or actor.id, context.clock.now())
    except Conflict:
        return RedirectResponse(f"/admin/calendar/drafts/{number}", status_code=303)
    context.wake()
    return RedirectResponse(f"/admin/calendar/editions/{edition}", status_code=303)


async def again(request: Request) -> Response:
    """The same change against the calendar as it is now."""
    context: AppContext = request.app.state.context
    actor, pending_change = current_actor(request), await _draft(request)
    return _to_draft(await calendar_actions.store_draft(context, actor, pending_change.what))


async def edition(request: Request) -> Response:
    """What an edition says, who made it, what it moved and for whom."""
    context: AppContext = request.app.state.context
    actor, calendar_edition = current_actor(request), await calendar_editions.load_edition(request.path_params["name"])
    values = {
        **await _moved(
            request,
            actor,
            await deadline_changes.list_edition_changes(calendar_edition.name),
            f"/admin/calendar/editions/{calendar_edition.name}",
        ),
        "edition": calendar_edition,
        "facts": [
            ("生效时间", dates.time_words(calendar_edition.made_at)),
            ("操作人", BY_MACHINE if calendar_edition.by == "system" else calendar_edition.by),
            ("文件", calendar_edition.source or "—"),
            ("说明", calendar_edition.remark or "—"),
            ("放假安排已知到", dates.day_words(calendar_edition.announced_until)),
        ],
        "said": [
            {"day": dates.day_words(day), "what": _WORKS[works], "name": name}
            for day, works, name in calendar_edition.days
        ],
        "is_followed": not calendar_edition.is_newest or await deadline_changes.is_up_to_date(),
    }
    return context.render(request, "admin/calendar_edition.html", values)


_WORKS = {True: "调休上班", False: "放假", None: "恢复平日"}


async def edition_sheet(request: Request) -> Response:
    """All that an edition moved, as Excel."""
    calendar_edition = await calendar_editions.load_edition(request.path_params["name"])
    return await _sheet(
        await deadline_changes.list_edition_changes(calendar_edition.name), f"calendar-{calendar_edition.name}"
    )


async def restore(request: Request) -> Response:
    """Look at going back to an edition: a new one, with its days."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    return _to_draft(await calendar_actions.draft_restoring(context, actor, request.path_params["name"]))


def _to_draft(number: int) -> Response:
    return RedirectResponse(f"/admin/calendar/drafts/{number}", status_code=303)


async def _draft(request: Request) -> calendar_editions.PendingCalendarChange:
    return await calendar_editions.load_draft(int(request.path_params["number"]))


def changes(before: Calendar, after: Calendar) -> list[dict[str, str]]:
    """The days that one calendar says otherwise than another."""
    days = sorted({*before.rows, *after.rows})
    return [
        {"day": dates.day_words(day), "before": _state(before, day), "after": _state(after, day)}
        for day in days
        if _state(before, day) != _state(after, day)
    ]


def _state(known: Calendar, day: date) -> str:
    return f"{'上班' if known.is_workday(day) else '休息'}（{known.name_of(day)}）"


async def _moved(request: Request, actor: Actor, deadline_moves: Sequence[DeadlineChange], base: str) -> dict[str, Any]:
    """What moves, counted, narrowed to a unit or a way as the address asks, and a page of it."""
    context: AppContext = request.app.state.context
    names, q = await directory.load_directory(), request.query_params
    unit, way = q.get("unit", ""), q.get("way", "")
    shown = [
        m for m in deadline_moves if (not unit or (m.unit or m.lead) == unit) and (way not in _WAYS or _way(m) == way)
    ]
    page_range = paging.select_range(len(shown), paging.parse_page_number(q.get("page", "")), is_clamped=True)
    count = deadline_changes.count_changes(deadline_moves)
    return {
        **desk_frame.frame_values(actor, names),
        "base": base,
        "tally": count,
        "reaches_citizens": channel.reaches_citizens(context.settings),
        "units": [(code, names.short(code), *ways) for code, *ways in count.units[:UNITS_SHOWN]],
        "more_units": max(0, len(count.units) - UNITS_SHOWN),
        "unit": unit,
        "unit_name": names.short(unit) if unit else "",
        "way": way if way in _WAYS else "",
        "way_name": _WAYS.get(way, ""),
        "shown": len(shown),
        "page": page_range.number,
        "pages": page_range.pages,
        "narrowed": f"{base}?unit={unit if names.has(unit) else ''}&way={way if way in _WAYS else ''}&page=",
        "moved": [_line(move, names) for move in shown[page_range.start : page_range.stop]],
    }


def _way(move: DeadlineChange) -> str:
    return "earlier" if move.after < move.before else "later"


def _line(move: DeadlineChange, names: Directory) -> dict[str, Any]:
    return {
        "no": move.no,
        "label": move.label,
        "whose": _WHOSE.get(move.holder) or names.short(move.unit),
        "before": dates.day_words(move.before),
        "after": dates.day_words(move.after),
        "way": _WAYS[_way(move)],
        "days": abs((move.after - move.before).days),
    }


_COLUMNS = (
    SheetColumn("编号", 18),
    SheetColumn("时限", 18),
    SheetColumn("谁的期限", 24),
    SheetColumn("承办", 20),
    SheetColumn("原期限", 14, DAY_FORMAT),
    SheetColumn("新期限", 14, DAY_FORMAT),
    SheetColumn("变动", 8),
    SheetColumn("天数", 8),
)


async def _sheet(changes: Sequence[DeadlineChange], name: str) -> Response:
    names = await directory.load_directory()
    body = await asyncio.to_thread(_build_workbook, changes, names)
    return Response(body, media_type=XLSX_TYPE, headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'})


def _build_workbook(changes: Sequence[DeadlineChange], names: Directory) -> bytes:
    rows = [_cells(change, names) for change in changes]
    return spreadsheets.to_xlsx([Sheet("移动的期限", _COLUMNS, rows, frozen_columns=1, is_filterable=True)])


def _cells(change: DeadlineChange, names: Directory) -> list[Cell]:
    line = _line(change, names)
    return [
        change.no,
        change.label,
        line["whose"],
        names.short(change.lead) if change.lead else "",
        change.before,
        change.after,
        line["way"],
        (change.after - change.before).days,
    ]
