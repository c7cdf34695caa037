"""What do many people complain about, and how do units answer? Hot topics with their cases, findings per unit."""

from starlette.routing import Route

from web.pages.board.reply_quality import quality
from web.pages.board.topics import hot, show_topic

ROUTES = [
    Route("/topics", hot),
    Route("/topics/{thread}", show_topic),
    Route("/answers", quality),
]
