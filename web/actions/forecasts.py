"""Which clocks will probably be late? For the overseers over all they see, for a unit over its own cases."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from feedback.queries import overdue, supervision
from feedback.rules.access import OVERSEERS, Actor, has_role
from routing.directory import Directory
from routing.oversight.forecast import History, PastClock, used_share
from web.context import AppContext
from web.presentation import oversight as oversight_views

LOOKS_BACK = timedelta(days=730)
PAST_MOST = 60_000
SHOWN_MOST = 200
KEPT_FOR = timedelta(minutes=10)
_counted: dict[str, tuple[datetime, History]] = {}  # by database: the past changes slowly and is large


def forget() -> None:
    """Count the past anew at the next look: after a large import, and between tests."""
    _counted.clear()


async def history(context: AppContext) -> History:
    """The past of every unit, counted anew every few minutes."""
    now, key = context.clock.now(), context.settings.database
    known = _counted.get(key)
    if known is None or not timedelta(0) <= now - known[0] < KEPT_FOR:
        rows = await supervision.load_past_clocks(now - LOOKS_BACK, now, PAST_MOST)
        known = (now, await asyncio.to_thread(lambda: History.of((PastClock(*row) for row in rows), now)))
        forget()
        _counted[key] = known
    return known[1]


async def lines(context: AppContext, actor: Actor, names: Directory) -> list[dict[str, Any]]:
    """The running clocks the actor sees, those of which most lateness is to be expected first."""
    now, past = context.clock.now(), await history(context)
    rows = await overdue.list_running_clocks(actor, now=now)
    if not has_role(actor, OVERSEERS):
        rows = [row for row in rows if row["unit"] == actor.unit]
    told = []
    for row in rows:
        used = used_share(row["starts_at"], row["due_at"], now)
        told.append((past.forecast(row["unit"], row["term"], row["kind"], used), row))
    told.sort(key=lambda each: (-each[0].expected_days, -each[0].chance, each[1]["due_at"]))
    return [oversight_views.forecast_line(row, each, names) for each, row in told[:SHOWN_MOST]]
