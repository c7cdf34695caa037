"""The administrator's start page: links, and whether messages or timers are stuck."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from classify import taxonomy as categories
from feedback.kernel import outbox
from feedback.rules.vocabulary import Role
from routing import assignment_rules, directory, duty
from routing.notices import inbox
from web.auth import accounts, login_attempts
from web.auth.permissions import current_actor
from web.context import AppContext
from web.notify import channel
from web.pages.admin import calendar
from web.presentation import desk_frame, system
from web.tasks import readiness
from web.wording import dates


async def home(request: Request) -> Response:
    """Where to go from here, and whether something is stuck."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    is_admin = Role.ADMIN in actor.roles
    model = await context.model()
    values = {
        **desk_frame.frame_values(actor, names),
        "is_admin": is_admin,
        "system": system.rows(await readiness.check(context)) if is_admin else [],
        "headless": [names.name(code) for code in await directory.list_headless_units()] if is_admin else [],
        "on_duty": [
            (names.short(turn.unit), turn.name, turn.phone) for turn in await duty.list_on_duty(context.clock.now())
        ],
        "has_roster": await duty.has_roster(),
        "is_auditor": Role.AUDITOR in actor.roles,
        "queue": await outbox.count_messages(context.clock.now()),
        "units": len(names.units()),
        "rows": len(names.rows),
        "unrouted": len(assignment_rules.list_unrouted_categories(categories.LEVEL2, names.rows)),
        "edition": names.edition,
        "calendar": await calendar.edition_words(),
        "release": model.release if model else "",
        "reaches_citizens": channel.reaches_citizens(context.settings),
        "locked_count": await _count_locked(context) if is_admin else 0,
        "untold": await inbox.untold_count(context.clock.now()),
        "untold_days": inbox.COUNTED_DAYS,
    }
    return context.render(request, "admin/home.html", values)


async def _count_locked(context: AppContext) -> int:
    return len(await login_attempts.list_locked(context, await accounts.list_usernames()))


def timer(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "name": row["name"],
        "due": dates.short_time(row["due_at"]),
        "last": dates.short_time(row["last_finished_at"]) if row["last_finished_at"] else "",
        "seconds": f"{row['last_duration_ms'] / 1000:.1f}",
        "is_running": row["leased_until"] is not None and row["leased_until"] > now,
        "failures": row["failures"],
        "error": row["error"],
    }
