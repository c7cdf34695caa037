"""Routes of the administrator's pages, each group with what it requires."""

from starlette.routing import Route

from web.auth.permissions import Requirement, requiring
from web.pages.admin import (
    access_log,
    automation,
    calendar,
    calendar_changes,
    home,
    letter_templates,
    locked_accounts,
    messages,
    outgoing,
    releases,
    routing_rules,
    units,
)

ROUTES = [
    *requiring(Requirement.ADMINISTRATOR_OR_AUDITOR, Route("/", home.home)),
    # For auditors only: an administrator does not audit himself.
    *requiring(Requirement.AUDITOR, Route("/reads", access_log.reads)),
    *requiring(Requirement.ADMINISTRATOR_OR_OVERSEER, Route("/automatic", automation.automatic)),
    *requiring(
        Requirement.ADMINISTRATOR,
        Route("/units", units.units),
        Route("/units/{code}", units.unit),
        Route("/messages", messages.messages),
        Route("/outgoing", outgoing.outgoing),
        Route("/locked", locked_accounts.locked),
        Route("/locked", locked_accounts.unlock, methods=["POST"]),
        Route("/calendar", calendar.calendar, methods=["GET", "POST"]),
        Route("/calendar/drafts/{number:int}", calendar_changes.draft),
        Route("/calendar/drafts/{number:int}.xlsx", calendar_changes.draft_sheet),
        Route("/calendar/drafts/{number:int}/apply", calendar_changes.carry_out, methods=["POST"]),
        Route("/calendar/drafts/{number:int}/again", calendar_changes.again, methods=["POST"]),
        Route("/calendar/editions/{name}.xlsx", calendar_changes.edition_sheet),
        Route("/calendar/editions/{name}", calendar_changes.edition),
        Route("/calendar/editions/{name}/restore", calendar_changes.restore, methods=["POST"]),
        Route("/learning", releases.home),
        Route("/learning/train", releases.train, methods=["POST"]),
        Route("/learning/train", releases.back),
        Route("/learning/back", releases.roll_back, methods=["POST"]),
        Route("/learning/back", releases.back),
        Route("/learning/{id}", releases.show_release),
        Route("/learning/{id}/promote", releases.promote, methods=["POST"]),
        Route("/learning/{id}/promote", releases.back),
        Route("/letters", letter_templates.rows),
        Route("/letters/marks", letter_templates.mark, methods=["POST"]),
        Route("/letters/{code}", letter_templates.show_template),
        Route("/letters/{code}", letter_templates.take_in, methods=["POST"]),
        Route("/letters/{code}/drop", letter_templates.drop, methods=["POST"]),
        Route("/letters/{code}/template.docx", letter_templates.template),
        Route("/letters/{code}/sample.pdf", letter_templates.sample),
        Route("/routing", routing_rules.rows),
        Route("/routing/{id}", routing_rules.edit, methods=["GET", "POST"]),
        Route("/routing/{id}/drop", routing_rules.drop, methods=["POST"]),
    ),
]
