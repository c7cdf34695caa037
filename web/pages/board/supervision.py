"""Routes of the supervision pages: overdue clocks, proposals and orders."""

from starlette.routing import Route

from web.pages.board.orders import orders
from web.pages.board.overdue import late, untold
from web.pages.board.proposals import decide, proposals

ROUTES = [
    Route("/late", late),
    Route("/untold", untold),
    Route("/proposals", proposals),
    Route("/proposals/{id}", decide, methods=["POST"]),
    Route("/orders", orders),
]
