"""Routes of the citizen's pages: submission, receipt, look-up, one's own case with its files and letters."""

from starlette.routing import Route

from web.pages.citizen import case, letters, lookup, receipt, shared_computer, submit
from web.pages.desk import clock

ROUTES = [
    Route("/new", submit.begin),
    Route("/new/clear", shared_computer.clear, methods=["POST"]),
    Route("/new/cleared", shared_computer.cleared),
    Route("/new/shared", shared_computer.mark, methods=["POST"]),
    Route("/new/danger", submit.danger, methods=["POST"]),
    Route("/new/{step:int}", submit.step, methods=["GET", "POST"]),
    Route("/receipt/{no}", receipt.receipt),
    Route("/lookup", lookup.lookup, methods=["GET", "POST"]),
    Route("/case", case.case),
    Route("/case/leave", lookup.leave, methods=["POST"]),
    Route("/case/acts/{act}", case.act, methods=["POST"]),
    Route("/case/files/{id}", case.attachment),
    Route("/case/clocks/{seq:int}/{term}", clock.own),
    Route("/case/letters/{id}.{form}", letters.of_own),
    Route("/letters/verify", letters.verify),
]
