"""Routes of the topics and reply-quality pages."""

from starlette.routing import Route

from web.pages.board.reply_quality import quality
from web.pages.board.topics import hot, show_topic

ROUTES = [
    Route("/topics", hot),
    Route("/topics/{thread}", show_topic),
    Route("/answers", quality),
]
