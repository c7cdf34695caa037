"""How is the office calendar kept? Its days, and a change that is looked at before it moves anybody's deadline."""

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from feedback import calendars, moves
from feedback.access import Actor
from feedback.intake import narrow
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Forbidden
from feedback.lifecycle import Role
from feedback.workdays import Calendar, DayRow
from routing import directory
from web import identity, present, present_desk
from web.office import Office

LINES_MOST = 400
MOVED_SHOWN = 50
FIRST_YEAR, LAST_YEAR = calendars.FIRST_YEAR, 2100
SORTS = {"off": False, "work": True, "休": False, "班": True, "放假": False, "上班": True}
PLAIN = frozenset({"plain", "平日", "取消"})


async def calendar(request: Request) -> Response:
    """The days of a year that differ from the plain week; POST previews a change, and confirmed applies it."""
    office: Office = request.app.state.office
    actor = await _administrator(request)
    if request.method == "GET":
        return await _shown(request, actor, {"lines": "", "remark": ""}, [])
    async with request.form() as form:
        typed = {name: str(form.get(name, "")) for name in ("lines", "remark")}
        is_whole_year = "whole_year" in form
        is_confirmed = "confirmed" in form
    rows, dropped, faults = parsed(typed["lines"])
    if not rows and not dropped and not faults:
        faults = ["请至少填写一行"]
    if faults:
        return await _shown(request, actor, typed, faults, is_whole_year=is_whole_year)
    before = await calendars.current()
    after = changed(before, rows, dropped, is_whole_year=is_whole_year)
    if not is_confirmed:
        return await _previewed(request, actor, typed, before, after, is_whole_year)
    what = calendars.Change(tuple(rows), tuple(dropped), after.announced_until, remark=typed["remark"][:200])
    await calendars.change(what, actor.name or actor.id, office.clock.now(), after=before.edition)
    office.wake()
    return RedirectResponse(f"/admin/calendar?year={_year_of(rows, dropped)}&done=1", status_code=303)


def parsed(text: str) -> tuple[list[DayRow], list[date], list[str]]:
    """The days of the typed lines, the days made plain again, and a sentence for each line that cannot be read."""
    rows: dict[date, DayRow] = {}
    dropped: list[date] = []
    faults: list[str] = []
    lines = list(csv.reader(io.StringIO(text.replace("，", ","))))
    if len(lines) > LINES_MOST:
        return [], [], [f"一次最多 {LINES_MOST} 行"]
    for number, line in enumerate(lines, 1):
        if not any(cell.strip() for cell in line):
            continue
        cells = [narrow(cell) for cell in line] + ["", "", ""]
        try:
            day = date.fromisoformat(cells[0])
        except ValueError:
            faults.append(f"第 {number} 行：日期应写成 2027-01-01 的样子")
            continue
        sort = cells[1].lower()
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            faults.append(f"第 {number} 行：年份不在 {FIRST_YEAR} 到 {LAST_YEAR} 之间")
        elif sort in PLAIN:
            dropped.append(day)
        elif sort not in SORTS:
            faults.append(f"第 {number} 行：第二栏应为 off（放假）、work（上班）或 plain（恢复平日）")
        elif not cells[2] or len(cells[2]) > 40:
            faults.append(f"第 {number} 行：请写明名称，例如 元旦，不超过 40 字")
        else:
            rows[day] = DayRow(day, SORTS[sort], cells[2])
    return list(rows.values()), [day for day in dropped if day not in rows], faults


def changed(before: Calendar, rows: Sequence[DayRow], dropped: Sequence[date], *, is_whole_year: bool) -> Calendar:
    """The calendar with the change in it. `is_whole_year`: the lines are a year's whole notice, so it is known now."""
    kept = {day: row for day, row in before.rows.items() if day not in set(dropped)}
    kept |= {row.day: row for row in rows}
    last = max((row.day.year for row in rows), default=before.announced_until.year)
    until = date(last, 12, 31) if is_whole_year else before.announced_until
    return Calendar.of("preview", max(until, before.announced_until), kept.values())


async def _administrator(request: Request) -> Actor:
    actor = await identity.actor(request)
    if Role.ADMIN not in actor.roles:
        raise Forbidden
    return actor


def _year_of(rows: Sequence[DayRow], dropped: Sequence[date]) -> int:
    return min(row.year for row in (*(r.day for r in rows), *dropped))


async def _shown(
    request: Request, actor: Actor, typed: dict[str, str], faults: list[str], *, is_whole_year: bool = False
) -> Response:
    office: Office = request.app.state.office
    names, known = await directory.snapshot(), await calendars.current()
    this_year = office_day(office.clock.now()).year
    asked = request.query_params.get("year", "")
    year = int(asked) if asked.isdecimal() and FIRST_YEAR <= int(asked) <= LAST_YEAR else this_year
    context = {
        **present_desk.frame(actor, names),
        "year": year,
        "years": range(this_year - 2, this_year + 3),
        "months": _months(known, year),
        "rows": [
            {"day": present.day_words(r.day), "iso": r.day.isoformat(), "work": r.is_workday, "name": r.name}
            for r in await calendars.days_of(year)
        ],
        "edition": await edition_words(),
        "is_announced": year <= known.announced_until.year,
        "typed": typed,
        "is_whole_year": is_whole_year,
        "faults": faults,
        "errors": {"lines": "；".join(faults)} if faults else {},
        "done": request.query_params.get("done", "") == "1",
    }
    return office.render(request, "admin/calendar.html", context, status=422 if faults else 200)


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


async def _previewed(
    request: Request, actor: Actor, typed: dict[str, str], before: Calendar, after: Calendar, is_whole_year: bool
) -> Response:
    office: Office = request.app.state.office
    names = await directory.snapshot()
    moved = await moves.under(after, office.clock.now())
    days = sorted({*before.rows, *after.rows})
    context = {
        **present_desk.frame(actor, names),
        "typed": typed,
        "is_whole_year": is_whole_year,
        "until": present.day_words(after.announced_until) if after.announced_until != before.announced_until else "",
        "changes": [
            {"day": present.day_words(day), "before": _state(before, day), "after": _state(after, day)}
            for day in days
            if _state(before, day) != _state(after, day)
        ],
        "count": len(moved),
        "most": MOVED_SHOWN,
        "moved": [
            {
                "no": each.no,
                "label": each.label,
                "unit": names.short(each.unit) if each.unit else "",
                "before": present.day_words(each.before),
                "after": present.day_words(each.after),
            }
            for each in moved[:MOVED_SHOWN]
        ],
    }
    return office.render(request, "admin/calendar_preview.html", context)


def _state(known: Calendar, day: date) -> str:
    return f"{'上班' if known.is_workday(day) else '休息'}（{known.name_of(day)}）"


async def edition_words() -> str:
    """Which edition holds, and up to when the days off are known."""
    known = await calendars.current()
    return f"{known.edition}，已知到 {present.day_words(known.announced_until)}"


ROUTES = [Route("/calendar", calendar, methods=["GET", "POST"])]
