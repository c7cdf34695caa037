"""Creating a calendar draft from an imported notice of days off."""

from dataclasses import replace

from feedback.kernel.errors import Invalid
from feedback.record import calendar_editions
from feedback.rules.access import Actor
from feedback.rules.intake import clean_line
from web.actions.calendar import store_draft
from web.context import AppContext
from web.imports import calendar_notice
from web.imports.calendar_notice import CalendarNotice

TEXT_MOST = 200


async def draft_from_notice(
    context: AppContext, actor: Actor, notice: CalendarNotice, *, is_whole_year: bool, source: str, remark: str
) -> tuple[int, list[str]]:
    """The number of the draft a notice makes, or 0 and a sentence for everything that is wrong with it.

    Raises Invalid for a source or a remark that is too long.
    """
    source, remark = clean_line(source), clean_line(remark)
    if long_fields := {
        name: "too_long" for name, text in (("source", source), ("remark", remark)) if len(text) > TEXT_MOST
    }:
        raise Invalid(long_fields)
    calendar_change, faults = calendar_notice.check_notice(
        notice, await calendar_editions.load_current_calendar(), is_whole_year
    )
    if calendar_change is None:
        return 0, faults
    return await store_draft(
        context, actor, replace(calendar_change, source=source or calendar_change.source, remark=remark)
    ), []
