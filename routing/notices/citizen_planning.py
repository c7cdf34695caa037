"""Plan what a citizen hears of an event: template, date, words and hours, by the citizen's own preferences.

The words are rendered once, here, and stored with the notice.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from feedback.kernel.clock import OFFICE_TIMEZONE, office_day
from feedback.queries import contacts
from feedback.record import contact_preferences
from feedback.rules.read_models import CaseSummary
from feedback.rules.vocabulary import Kind
from routing.notices.catalogue import Audience, render_moved_dates
from routing.notices.citizen_catalogue import (
    CLOCKS,
    CitizenDate,
    CitizenTexts,
    choose_notice,
    choose_template,
    count_segments,
    render_date,
)
from routing.notices.delivery import DeliveryPolicy, PlannedNotice
from routing.notices.delivery_hours import Priority, parse_hours


async def plan_notice(
    event: str,
    payload: Mapping[str, Any],
    case: CaseSummary,
    unit: str,
    texts: CitizenTexts,
    policy: DeliveryPolicy,
    now: datetime,
) -> PlannedNotice | None:
    """The notice to the citizen of a case after an event, None when there is nothing to tell or nobody to tell it.

    `unit` is the short name of whoever holds the case. Raises KeyError for a template without words.
    """
    row = choose_notice(event, profile=case.profile, kind=case.kind, stage=case.stage)
    if row is None or not case.is_named:
        return None
    if case.kind is Kind.RECTIFY and not case.link:
        return None  # whoever rated without a name left the number for the call-back only
    moved = render_moved_dates(payload.get("moved", ())).get((Audience.CITIZEN, ""), "")
    if event == "clock.moved" and not moved:
        return None  # only dates of others moved
    values = {"no": case.link or case.no if case.kind is Kind.RECTIFY else case.no, "unit": unit, "moved": moved}
    if due := await _render_due(row.date, case, policy, now):
        values["due"] = due
    template = choose_template(row, kind=case.kind)
    about = payload.get("seq", payload.get("clock", payload.get("edition", "")))
    return await prepare_notice(
        f"{event}:{case.no}:{about}:{Audience.CITIZEN}:",
        event,
        case.no,
        template,
        values,
        texts,
        policy,
        now,
        priority=Priority.AT_ONCE if case.urgency else row.push,
        is_report=case.kind is Kind.REPORT,
    )


async def prepare_notice(
    key: str,
    event: str,
    no: str,
    template: str,
    values: Mapping[str, str],
    texts: CitizenTexts,
    policy: DeliveryPolicy,
    now: datetime,
    *,
    priority: Priority = Priority.WORKING,
    is_report: bool = False,
) -> PlannedNotice:
    """A notice to the citizen of a case by a template, with their preferences: words, hours, settings link."""
    subject = await contacts.load_subject(no)
    preference = await contact_preferences.ensure_preference(subject, now)
    words, all_values = texts(template, values, is_plain=preference.is_plain, preference=preference.id)
    return PlannedNotice(
        key,
        no,
        event,
        Audience.CITIZEN,
        "",
        words,
        priority,
        is_report,
        template=template,
        params=all_values,
        recipient=subject,
        segments=count_segments(words),
        hours=parse_hours(preference.hours, workdays_only=False) if preference.hours else None,
    )


async def _render_due(wanted: CitizenDate, case: CaseSummary, policy: DeliveryPolicy, now: datetime) -> str:
    """The date a message names, in words, or "" where none runs."""
    if wanted is CitizenDate.RATE:
        return render_date(office_day(now) + timedelta(days=policy.rating_days), None, office_day(now))
    if wanted is CitizenDate.NONE:
        return ""
    dates = await contacts.load_running_dates(case.no)
    for term in CLOCKS[wanted]:
        if term in dates:
            day, at = dates[term]
            return render_date(day, at.astimezone(OFFICE_TIMEZONE) if at else None, office_day(now))
    return ""
