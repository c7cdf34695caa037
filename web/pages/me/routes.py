"""Routes of a citizen's own pages: the log-in for everybody, all else for whoever proved a telephone number."""

from starlette.routing import Route

from web.auth.permissions import Requirement, requiring
from web.pages.me import account, login, own_cases

ROUTES = [
    Route("/me/login", login.phone, methods=["GET", "POST"]),
    Route("/me/login/code", login.code, methods=["GET", "POST"]),
    Route("/me/logout", login.log_out, methods=["POST"]),
    *requiring(
        Requirement.CITIZEN,
        Route("/me", own_cases.home),
        Route("/me/older", own_cases.open_older, methods=["POST"]),
        Route("/me/cases/{no}", own_cases.open_case),
        Route("/me/cases/{no}/code", own_cases.new_code, methods=["GET", "POST"]),
        Route("/me/messages", account.messages),
        Route("/me/devices", account.devices),
        Route("/me/devices/end", account.end_device, methods=["POST"]),
        Route("/me/data", account.data),
        Route("/me/data.json", account.copy),
        Route("/me/data/correct", account.correct, methods=["POST"]),
        Route("/me/data/erase", account.erase, methods=["POST"]),
    ),
]
