"""How does a change of the calendar come to be looked at? One step for page and API: handed in, made anew, or back to an edition."""

from dataclasses import replace

from feedback.kernel.errors import Forbidden, NotFound
from feedback.record import calendar_editions
from feedback.rules.access import Actor
from feedback.rules.vocabulary import Role
from web.context import AppContext


def administrator(actor: Actor) -> Actor:
    """The actor, if they keep the calendar.

    Raises Forbidden.
    """
    if Role.ADMIN not in actor.roles:
        raise Forbidden
    return actor


async def back_to(context: AppContext, actor: Actor, name: str) -> int:
    """The number of a draft that says what an edition said.

    Raises NotFound.
    """
    held = {known.edition: known for _, known in (await calendar_editions.load_editions()).held}
    if name not in held:
        raise NotFound(edition=name)
    what = calendar_editions.diff_calendars(await calendar_editions.load_current_calendar(), held[name])
    return await drafted(context, actor, replace(what, source="", remark=f"恢复为 {name} 版的安排"))


async def drafted(context: AppContext, actor: Actor, what: calendar_editions.CalendarChange) -> int:
    """The number of a draft against the calendar as it is now."""
    known = await calendar_editions.load_current_calendar()
    return await calendar_editions.store_draft(what, actor.name or actor.id, context.clock.now(), follows=known.edition)
