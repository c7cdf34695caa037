"""Routes of log-in and log-out."""

from starlette.routing import Route

from web.pages.account import login

ROUTES = [
    Route("/login", login.login, methods=["GET", "POST"]),
    Route("/login/code", login.code, methods=["GET", "POST"]),
    Route("/logout", login.logout, methods=["POST"]),
]
