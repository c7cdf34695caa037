"""Routes of the topics and reply-quality pages."""

from starlette.routing import Route

from web.pages.board.reply_quality import quality
from web.pages.board.topics import hot, one

ROUTES = [
    Route("/topics", hot),
    Route("/topics/{thread}", one),
    Route("/answers", quality),
]
