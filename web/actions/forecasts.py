"""Forecasts of deadlines that will probably be missed, from the history of closed clocks."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from feedback.queries import overdue, supervision
from feedback.rules.access import OVERSEERS, Actor, has_role
from routing.directory import Directory
from routing.oversight.forecast import History, PastClock, used_share
from web.context import AppContext
from web.presentation import oversight as oversight_views

LOOK_BACK = timedelta(days=730)
PAST_CLOCKS_MOST = 60_000
SHOWN_MOST = 200
CACHE_LIFETIME = timedelta(minutes=10)
_cache: dict[str, tuple[datetime, History]] = {}  # by database: the past changes slowly and is large


def clear_cache() -> None:
    """Count the past anew at the next look: after a large import, and between tests."""
    _cache.clear()


async def load_history(context: AppContext) -> History:
    """The past of every unit, counted anew every few minutes."""
    now, key = context.clock.now(), context.settings.database
    cached = _cache.get(key)
    if cached is None or not timedelta(0) <= now - cached[0] < CACHE_LIFETIME:
        rows = await supervision.load_past_clocks(now - LOOK_BACK, now, PAST_CLOCKS_MOST)
        cached = (now, await asyncio.to_thread(lambda: History.of((PastClock(*row) for row in rows), now)))
        clear_cache()
        _cache[key] = cached
    return cached[1]


async def list_forecasts(context: AppContext, actor: Actor, directory: Directory) -> list[dict[str, Any]]:
    """The running clocks the actor sees, those of which most lateness is to be expected first."""
    now, clock_history = context.clock.now(), await load_history(context)
    rows = await overdue.list_running_clocks(actor, now=now)
    if not has_role(actor, OVERSEERS):
        rows = [row for row in rows if row["unit"] == actor.unit]
    forecasts = []
    for row in rows:
        share_of_time = used_share(row["starts_at"], row["due_at"], now)
        forecasts.append((clock_history.forecast(row["unit"], row["term"], row["kind"], share_of_time), row))
    forecasts.sort(key=lambda pair: (-pair[0].expected_days, -pair[0].chance, pair[1]["due_at"]))
    return [oversight_views.forecast_line(row, forecast, directory) for forecast, row in forecasts[:SHOWN_MOST]]
