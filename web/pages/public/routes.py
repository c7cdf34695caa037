"""Routes of the pages everybody may see."""

from starlette.routing import Route

from web.pages.public import law, rate_service, replies, scores
from web.pages.public.deadline import deadline
from web.pages.public.guide import guide
from web.pages.public.home import accessibility, favicon, home, offline, privacy

ROUTES = [
    Route("/", home),
    Route("/guide", guide),
    *law.ROUTES,
    Route("/privacy", privacy),
    Route("/accessibility", accessibility),
    Route("/offline", offline),
    Route("/deadline", deadline),
    Route("/favicon.ico", favicon),
    *replies.ROUTES,
    *rate_service.ROUTES,
    *scores.ROUTES,
]
