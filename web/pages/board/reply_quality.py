"""The page of reply findings: per unit, the share of its answers with a finding."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from classify.replies import checks, store
from feedback.record import calendar_editions
from routing import directory
from web.actions.topics import FINDING_DAYS, list_visible_rows, overseen_units, render_share
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms.filters import note_unknown
from web.presentation import desk_frame
from web.presentation import worklist as worklist_views


async def quality(request: Request) -> Response:
    """Per unit, in which share of its answers the checks found something."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    note_unknown(request, "unit", "code")
    since = context.clock.now() - timedelta(days=FINDING_DAYS)
    tallies = await store.count_findings(since, overseen_units(actor))
    unit, code = (request.query_params.get(name, "")[:60] for name in ("unit", "code"))
    nos = await store.list_cases_with_finding(since, unit, code) if unit and code in checks.LABELS else []
    behind = await list_visible_rows(actor, nos)
    calendar = await calendar_editions.load_current_calendar()
    values = {
        **desk_frame.frame_values(actor, names),
        "checks": [(check.code, check.label) for check in checks.CHECKS],
        "advice": [(check.label, check.advice, check.source) for check in checks.CHECKS],
        "rows": [
            {
                "unit": tally.unit,
                "name": names.short(tally.unit),
                "answers": tally.answers,
                "cells": [
                    (check.code, tally.findings[check.code], render_share(tally, check.code)) for check in checks.CHECKS
                ],
            }
            for tally in tallies
        ],
        "days": FINDING_DAYS,
        "chosen": f"{names.short(unit)}：{checks.LABELS[code]}" if nos else "",
        "behind": [
            worklist_views.row_view(behind[no], names, context.clock.now(), calendar) for no in nos if no in behind
        ],
    }
    return context.render(request, "board/reply_quality.html", values)
