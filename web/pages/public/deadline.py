"""The public deadline calculator, with every day of the count."""

from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.clock import office_day
from feedback.kernel.errors import Invalid
from feedback.record import calendar_editions
from feedback.rules.intake import normalize_width
from feedback.rules.terms import Length, TermUnit
from web.context import AppContext
from web.pages.public.home import COMMON
from web.presentation import deadline_explanation

DAYS_MOST = 1000


async def deadline(request: Request) -> Response:
    """A deadline with every day of the count, for people to check by hand."""
    context: AppContext = request.app.state.context
    today = office_day(context.clock.now())
    q = request.query_params
    typed = {
        "start": q.get("start", today.isoformat()),
        "count": q.get("count", "15"),
        "unit": q.get("unit", "cd"),
    }
    values: dict[str, Any] = {
        "typed": typed,
        "errors": {},
        "result": None,
        "common": [(f"/deadline?start={typed['start']}&{query}", words) for query, words in COMMON],
    }
    if "count" not in q:
        return context.render(request, "public/deadline.html", values)
    try:
        day, length = _asked(typed)
    except Invalid as fault:
        values["errors"] = {name: _FAULT_WORDS[code] for name, code in fault.fields.items()}
        return context.render(request, "public/deadline.html", values, status=422)
    values["result"] = deadline_explanation.explain_term(day, length, await calendar_editions.load_current_calendar())
    return context.render(request, "public/deadline.html", values)


_FAULT_WORDS = {
    "not_a_day": "请填写日期，例如 2026-02-02",
    "not_a_count": f"天数应为 1 到 {DAYS_MOST} 的整数",
    "not_a_unit": "请选择按日还是按工作日计算",
}


def _asked(typed: dict[str, str]) -> tuple[date, Length]:
    faults = {}
    day, count = date.min, 0
    try:
        day = date.fromisoformat(normalize_width(typed["start"]))
        if not 2004 <= day.year <= 2100:
            faults["start"] = "not_a_day"
    except ValueError:
        faults["start"] = "not_a_day"
    if normalize_width(typed["count"]).isdecimal():
        count = int(normalize_width(typed["count"]))
    if not 1 <= count <= DAYS_MOST:
        faults["count"] = "not_a_count"
    if typed["unit"] not in ("cd", "wd"):
        faults["unit"] = "not_a_unit"
    if faults:
        raise Invalid(faults)
    return day, Length(count, TermUnit(typed["unit"]))
