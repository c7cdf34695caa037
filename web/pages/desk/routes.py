"""Routes of the worklist, bulk steps and recovered forms."""

from starlette.routing import Route

from web.pages.account import password, second_factor
from web.pages.board import forecasts, measures
from web.pages.citizen import letters
from web.pages.desk import bad_ratings, case_steps, clock, duplicates, export, inbox, register
from web.pages.desk.bulk import bulk
from web.pages.desk.queue import drop_kept, queue

ROUTES = [
    *bad_ratings.ROUTES,
    Route("/kept/drop", drop_kept, methods=["POST"]),
    Route("/", queue),
    Route("/bulk", bulk, methods=["POST"]),
    Route("/bulk", queue),
    *inbox.ROUTES,
    *password.ROUTES,
    *second_factor.ROUTES,
    *forecasts.DESK_ROUTES,
    *measures.DESK_ROUTES,
    *export.ROUTES,
    *register.ROUTES,
    *duplicates.ROUTES,
    *case_steps.ROUTES,
    *letters.DESK_ROUTES,
    *clock.DESK_ROUTES,
]
