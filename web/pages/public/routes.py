"""Routes of the pages everybody may see."""

from starlette.routing import Route

from web.pages.public import deadline, guide, home, law, notice_settings, rate_service, replies, robots, scores

ROUTES = [
    Route("/", home.home),
    Route("/guide", guide.guide),
    Route("/guide/law", law.law),
    Route("/privacy", home.privacy),
    Route("/accessibility", home.accessibility),
    Route("/offline", home.offline),
    Route("/deadline", deadline.deadline),
    Route("/favicon.ico", home.favicon),
    Route("/replies", replies.replies),
    Route("/replies.rss", replies.feed),
    Route("/replies/similar", replies.similar),
    Route("/replies/{id}", replies.reply),
    Route("/rate/service", rate_service.rate, methods=["GET", "POST"]),
    Route("/rate/thanks", rate_service.thanks),
    Route("/rate/codes/{token}.svg", rate_service.picture),
    Route("/scores", scores.scores),
    Route(notice_settings.PATH, notice_settings.settings),
    Route(notice_settings.PATH, notice_settings.change, methods=["POST"]),
    Route("/robots.txt", robots.robots),
    Route("/sitemap.xml", robots.sitemap),
]
