"""Pages of overdue clocks with who was notified, and of notices that did not reach citizens."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from feedback.queries import overdue
from feedback.queries import worklist as case_worklist
from feedback.record import calendar_editions
from feedback.rules.access import Actor
from feedback.rules.clocks import Light
from feedback.rules.read_models import Filters
from feedback.rules.vocabulary import Status
from routing import directory
from routing.notices import inbox
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms.filters import note_unknown
from web.notify import channel
from web.presentation import desk_frame
from web.presentation import oversight as oversight_views
from web.presentation.oversight import build_tabs

UNTOLD_MOST = 200


async def late(request: Request) -> Response:
    """Each overdue clock, and who was notified of it when."""
    context: AppContext = request.app.state.context
    actor, now, names = current_actor(request), context.clock.now(), await directory.load_directory()
    note_unknown(request, "unit")
    unit = request.query_params.get("unit", "")
    unit = unit if names.has(unit) else ""
    rows = await overdue.list_late_clocks(actor, now=now, unit=unit)
    notices = await inbox.list_clock_notices(row["id"] for row in rows)
    calendar = await calendar_editions.load_current_calendar()
    lines = [oversight_views.late_line(row, notices.get(row["id"], []), names, now, calendar) for row in rows]
    values = {
        **desk_frame.frame_values(actor, names),
        "tabs": build_tabs("late", actor),
        "tiles": await _count_late_cases(actor, unit, now),
        "rows": lines,
        "ladder": oversight_views.list_escalation_lines(),
        "hours": context.settings.staff_hours,
        "untold": sum(not line["told"] for line in lines),
        "unit": names.name(unit) if unit else "",
    }
    return context.render(request, "board/overdue.html", values)


async def _count_late_cases(actor: Actor, unit: str, now: datetime) -> list[dict[str, Any]]:
    """The numbers of the board and of the worklist, of one unit or all, so that nobody takes clocks for cases."""
    late_open = (await case_worklist.count_cases(actor, Filters(unit=unit), now=now))["red"]
    answered = Filters(status=Status.REPLIED.value, light=Light.RED.value, unit=unit)
    late_answered = (await case_worklist.load_worklist(actor, answered, 1, now=now, size=1)).total
    narrowed = {"unit": unit} if unit else {}
    rows = (
        (
            "超期的在办件",
            late_open,
            "与看板、诉求列表的“超期”是同一个数",
            "/desk?" + urlencode({"status": "open", "light": "red", **narrowed}),
        ),
        (
            "已答复、审核回访等超期",
            late_answered,
            "答复以后还要做的",
            "/desk?" + urlencode({"status": "replied", "light": "red", **narrowed}),
        ),
    )
    return [
        {"label": label, "figure": n, "unit": "件", "note": note, "href": href, "tone": "red" if n else "green"}
        for label, n, note, href in rows
    ]


async def untold(request: Request) -> Response:
    """Notices that did not reach citizens: how many they are, of which case, about what and since when."""
    context: AppContext = request.app.state.context
    actor, now = current_actor(request), context.clock.now()
    values = {
        **desk_frame.frame_values(actor, await directory.load_directory()),
        "tabs": build_tabs("untold", actor),
        "citizens": await inbox.untold_count(now, actor),
        "days": inbox.COUNTED_DAYS,
        "rows": [oversight_views.untold_line(row) for row in await inbox.untold(actor, now, UNTOLD_MOST)],
        "most": UNTOLD_MOST,
        "has_channel": channel.reaches_citizens(context.settings),
    }
    return context.render(request, "board/untold.html", values)
