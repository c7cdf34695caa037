"""How does a citizen hand something in? Four short steps over a draft kept on the server, then the receipt.

No account is needed. The draft is found by a random cookie and sealed at rest; submitting it twice gives the same
receipt, because the draft's own key is the source id.
"""

from starlette.routing import Route

from web.pages.citizen.receipt import receipt
from web.pages.citizen.submit import begin, step

ROUTES = [
    Route("/new", begin),
    Route("/new/{step:int}", step, methods=["GET", "POST"]),
    Route("/receipt/{no}", receipt),
]
