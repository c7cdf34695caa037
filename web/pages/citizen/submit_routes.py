"""Routes of the submission form and its receipt."""

from starlette.routing import Route

from web.pages.citizen.receipt import receipt
from web.pages.citizen.submit import begin, step

ROUTES = [
    Route("/new", begin),
    Route("/new/{step:int}", step, methods=["GET", "POST"]),
    Route("/receipt/{no}", receipt),
]
