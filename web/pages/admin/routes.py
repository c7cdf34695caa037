"""Routes of the administrator's start page, units, messages and access log."""

from starlette.routing import Route

from web.pages.admin import automation, calendar, calendar_changes, letter_templates, releases, routing_rules
from web.pages.admin.access_log import reads
from web.pages.admin.home import home
from web.pages.admin.messages import messages
from web.pages.admin.units import unit, units

ROUTES = [
    Route("/", home),
    Route("/units", units),
    Route("/units/{code}", unit),
    Route("/messages", messages),
    Route("/reads", reads),
    *automation.ROUTES,
    *calendar.ROUTES,
    *calendar_changes.ROUTES,
    *releases.ROUTES,
    *letter_templates.ROUTES,
    *routing_rules.ROUTES,
]
