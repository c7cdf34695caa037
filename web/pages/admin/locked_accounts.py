"""The page of accounts at which log-ins are refused for now, and the button that opens one again."""

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.kernel.errors import NotFound
from feedback.record import access_log
from routing import directory
from web.auth import accounts, login_attempts
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms import parsing
from web.presentation import desk_frame
from web.wording import dates

_log = structlog.get_logger("accounts")


async def locked(request: Request) -> Response:
    """Which accounts are locked, from how many places and until when. From where is not shown: only hashes are kept."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    rows = await login_attempts.list_locked(context, await accounts.list_usernames())
    values = {
        **desk_frame.frame_values(actor, names),
        "minutes": context.settings.lock_minutes,
        "done": request.query_params.get("done", "")[:80],
        "rows": [
            {"username": row.username, "sources": row.sources, "until": dates.short_time(row.until)} for row in rows
        ],
    }
    return context.render(request, "admin/locked_accounts.html", values)


async def unlock(request: Request) -> Response:
    """Forget the failed log-ins of an account, as `xinqiao unlock` does; who did it is written down."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    async with request.form(max_fields=5) as form:
        username = parsing.read_field(form, "username").strip()
    if not await accounts.exists(username):
        raise NotFound(account=username)
    count = await login_attempts.unlock(context, username)
    await access_log.log_read(actor, "unlock", detail=username, now=context.clock.now())
    _log.warning("account unlocked", by=actor.id, account=username, sources=count)
    return RedirectResponse("/admin/locked?done=1", status_code=303)
