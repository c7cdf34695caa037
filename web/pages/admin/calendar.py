"""The office calendar page: days of a year, editions, and the form to propose a change.

What happens to a change then is in `web.pages.admin.calendar_changes`.
"""

from datetime import date, timedelta
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.clock import office_day
from feedback.kernel.errors import Invalid
from feedback.record import calendar_editions, deadline_changes
from feedback.rules.access import Actor
from feedback.rules.workdays import FIRST_YEAR, Calendar
from routing import directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.imports import calendar_draft, calendar_files, calendar_notice
from web.presentation import desk_frame
from web.wording import catalogue, dates

LAST_YEAR = calendar_notice.LAST_YEAR
BY_MACHINE = "系统"
_FIELDS = ("lines", "remark", "source")


async def calendar(request: Request) -> Response:
    """The days of a year that differ from the plain week; POST hands in a change, which is then shown."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    if request.method == "GET":
        return await _shown(request, actor, dict.fromkeys(_FIELDS, ""), [])
    async with request.form(max_files=1) as form:
        typed = {name: parsing.read_text(form, name) for name in _FIELDS}
        is_whole_year, upload = "whole_year" in form, form.get("file")
        file_name = (upload.filename or "") if isinstance(upload, UploadFile) else ""
        body = await upload.read(calendar_files.FILE_MOST + 1) if isinstance(upload, UploadFile) and file_name else b""
    if file_name:
        notice = await calendar_files.read_file(file_name, body)
    else:
        notice = calendar_files.read_lines(typed["lines"])
    origin = {name: typed[name] for name in ("source", "remark")}
    try:
        number, faults = await calendar_draft.draft_from_notice(
            context, actor, notice, is_whole_year=is_whole_year, **origin
        )
    except Invalid as fault:
        faults = [catalogue.fault_words(name, code) for name, code in fault.fields.items()]
    if faults:
        return await _shown(request, actor, typed, faults, is_whole_year=is_whole_year)
    return RedirectResponse(f"/admin/calendar/drafts/{number}", status_code=303)


async def _shown(
    request: Request, actor: Actor, typed: dict[str, str], faults: list[str], *, is_whole_year: bool = False
) -> Response:
    context: AppContext = request.app.state.context
    names, known = await directory.load_directory(), await calendar_editions.load_current_calendar()
    this_year = office_day(context.clock.now()).year
    asked = request.query_params.get("year", "")
    year = int(asked) if asked.isdecimal() and FIRST_YEAR <= int(asked) <= LAST_YEAR else this_year
    values = {
        **desk_frame.frame_values(actor, names),
        "year": year,
        "this_year": this_year,
        "years": range(this_year - 2, this_year + 3),
        "months": _months(known, year),
        "rows": [
            {"day": dates.day_words(r.day), "iso": r.day.isoformat(), "work": r.is_workday, "name": r.name}
            for r in await calendar_editions.list_days(year)
        ],
        "edition": await edition_words(),
        "next_year": known.announced_until.year + 1,
        "is_announced": year <= known.announced_until.year,
        "typed": typed,
        "is_whole_year": is_whole_year,
        "faults": faults,
        "errors": {"lines": "；".join(faults)} if faults else {},
        "editions": [
            {
                "name": row["name"],
                "at": dates.short_time(row["made_at"]),
                "by": BY_MACHINE if row["made_by"] == "system" else row["made_by"],
                "about": row["remark"] or row["source"],
            }
            for row in await calendar_editions.list_editions()
        ],
        "counts": calendar_notice.count_days(known, year),
        "provisional": await deadline_changes.count_provisional(),
    }
    return context.render(request, "admin/calendar.html", values, status=422 if faults else 200)


def _months(known: Calendar, year: int) -> list[dict[str, Any]]:
    """The year as months of weeks, each day with what it is."""
    months = []
    for month in range(1, 13):
        first = date(year, month, 1)
        day = first - timedelta(days=first.weekday())
        weeks = []
        while day <= first or day.month == month:
            weeks.append([_cell(known, day + timedelta(days=i), month) for i in range(7)])
            day += timedelta(days=7)
        months.append({"month": month, "weeks": weeks})
    return months


def _cell(known: Calendar, day: date, month: int) -> dict[str, Any]:
    if day.month != month:
        return {"day": 0, "look": "", "title": ""}
    is_listed, works = day in known.rows, known.is_workday(day)
    look = ("work" if works else "off") if is_listed else ("" if works else "weekend")
    return {"day": day.day, "look": look, "title": known.name_of(day)}


async def edition_words() -> str:
    """Which edition holds, and up to when the days off are known."""
    known = await calendar_editions.load_current_calendar()
    return f"{known.edition}，已知到 {dates.day_words(known.announced_until)}"
