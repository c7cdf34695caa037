"""The inbox of a unit: notices unread first, read state, morning digests, and one's own e-mail address."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.rules.access import OVERSEERS, has_role
from feedback.rules.intake import clean_line
from routing import directory
from routing.notices import inbox
from web.auth.permissions import ROLES, Requirement, current_actor
from web.context import AppContext
from web.forms import parsing
from web.forms.filters import note_unknown
from web.presentation import desk_frame
from web.wording import catalogue, dates

IDS_MOST = 200
_CALLERS = ROLES[Requirement.WORKER]
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,50}[A-Za-z0-9])?\.[A-Za-z]{2,24}")


async def listed(request: Request) -> Response:
    """The notices: unread first."""
    note_unknown(request)
    return await _shown(request, {}, await directory.load_mail((current_actor(request)).id))


async def _shown(request: Request, errors: dict[str, str], mail: str) -> Response:
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    unread, read = await inbox.list_notices(actor)
    values = {
        **desk_frame.frame_values(actor, names),
        "unread": [_line(row) for row in unread],
        "read": [_line(row) for row in read],
        "mail": mail,
        "mail_works": bool(context.settings.smtp_host),
        "hours": context.settings.staff_hours,
        "untold": await inbox.untold_count(context.clock.now(), actor) if has_role(actor, OVERSEERS) else 0,
        "calls": await inbox.untold_count(context.clock.now(), actor) if has_role(actor, _CALLERS) else 0,
        "untold_days": inbox.COUNTED_DAYS,
        "errors": errors,
        "done": request.query_params.get("done", ""),
    }
    return context.render(request, "desk/inbox.html", values, status=422 if errors else 200)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    href = f"/desk/cases/{row['case_no']}" if row["opens"] else ""
    if row["event"] == "digest":
        href = f"/desk/notices/{row['id']}"
    if row["event"] == "measure":
        href = f"/desk/measures/{row['key'].split(':')[1]}"
    return {
        "id": row["id"],
        "href": href,
        "words": row["words"],
        "when": dates.short_time(row["made_at"]),
        "whom": catalogue.AUDIENCES[row["audience"]],
        "read": f"{dates.short_time(row['read_at'])} {row['read_by']}" if row["read_at"] else "",
    }


async def mark(request: Request) -> Response:
    """Mark the chosen notices read, or all of them."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    async with request.form(max_fields=500) as form:
        ids = [int(text) for text in map(str, form.getlist("id")) if text.isdecimal() and len(text) < 19]
        await inbox.mark_read(actor, None if "all" in form else ids[:IDS_MOST], context.clock.now())
    return RedirectResponse("/desk/notices?done=read", status_code=303)


async def digest(request: Request) -> Response:
    """What a morning's digest stands for. Opening it marks it read."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    text = request.path_params["id"]
    row, held = await inbox.load_digest(actor, int(text) if text.isdecimal() and len(text) < 19 else -1)
    await inbox.mark_read(actor, [row["id"]], context.clock.now())
    values = {**desk_frame.frame_values(actor, names), "head": _line(row), "rows": [_line(notice) for notice in held]}
    return context.render(request, "desk/digest.html", values)


async def address(request: Request) -> Response:
    """Where one's notices go by e-mail; empty: nowhere."""
    actor = current_actor(request)
    async with request.form() as form:
        mail = clean_line(parsing.read_field(form, "mail"))
    if mail and not _MAIL.fullmatch(mail):
        return await _shown(request, {"mail": catalogue.fault_words("mail", "not_a_mail")}, mail)
    await directory.store_mail(actor.id, mail)
    return RedirectResponse("/desk/notices?done=mail", status_code=303)
