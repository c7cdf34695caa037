"""Routes of looking up a case, the citizen's case page and its files."""

from starlette.routing import Route

from web.pages.citizen import submit_routes
from web.pages.citizen.case import act, attachment, case
from web.pages.citizen.lookup import leave, lookup
from web.pages.desk import clock

ROUTES = [
    *submit_routes.ROUTES,
    Route("/lookup", lookup, methods=["GET", "POST"]),
    Route("/case", case),
    Route("/case/leave", leave, methods=["POST"]),
    Route("/case/acts/{act}", act, methods=["POST"]),
    Route("/case/files/{id}", attachment),
    *clock.ROUTES,
]
