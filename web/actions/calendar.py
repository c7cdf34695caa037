"""Changes of the office calendar for pages and API: create a draft, rebase it, or revert to an edition."""

from dataclasses import replace

from feedback.kernel.errors import NotFound
from feedback.record import calendar_editions
from feedback.rules.access import Actor
from web.context import AppContext


async def draft_restoring(context: AppContext, actor: Actor, name: str) -> int:
    """The number of a draft that says what an edition said.

    Raises NotFound.
    """
    calendars = {calendar.edition: calendar for _, calendar in (await calendar_editions.load_editions()).entries}
    if name not in calendars:
        raise NotFound(edition=name)
    calendar_change = calendar_editions.diff_calendars(await calendar_editions.load_current_calendar(), calendars[name])
    return await store_draft(context, actor, replace(calendar_change, source="", remark=f"恢复为 {name} 版的安排"))


async def store_draft(context: AppContext, actor: Actor, calendar_change: calendar_editions.CalendarChange) -> int:
    """The number of a draft against the calendar as it is now."""
    calendar = await calendar_editions.load_current_calendar()
    return await calendar_editions.store_draft(
        calendar_change, actor.name or actor.id, context.clock.now(), follows=calendar.edition
    )
