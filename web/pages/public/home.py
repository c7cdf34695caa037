"""The home page, and the static pages on privacy, accessibility and being offline."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from feedback.queries import public_replies
from feedback.record import calendar_editions
from feedback.rules import decision_grounds
from feedback.rules.vocabulary import Act
from routing import directory
from web.auth import drafts
from web.context import AppContext
from web.pages.public.replies import reply_line
from web.pages.public.scores import home_figures

_REFUSALS = (Act.REFUSE_CORRECTION, Act.REFUSE_ERASURE, Act.REFUSE_RESTRICTION)
COMMON = (
    ("count=15&unit=cd", "15 日：信访事项登记转送、受理告知（信访工作条例第二十二条、第二十三条）"),
    ("count=5&unit=wd", "5 个工作日：对转送提出异议（信访工作条例第二十三条）"),
    ("count=60&unit=cd", "60 日：信访事项办结（信访工作条例第三十四条）"),
    ("count=30&unit=cd", "30 日：复查、复核（信访工作条例第三十五条、第三十六条）"),
    ("count=7&unit=wd", "7 个工作日：热线投诉、求助从提交到答复（本平台承诺）"),
)


async def home(request: Request) -> Response:
    """The three big entries, what happens to a message, newest replies and figures."""
    context: AppContext = request.app.state.context
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    newest = await public_replies.search_public_replies(size=5)
    month, figures = await home_figures()
    values = {
        "replies": [reply_line(row, names, "", calendar) for row in newest.items],
        "figures": figures,
        "month": month,
    }
    return context.render(request, "public/home.html", values)


async def privacy(request: Request) -> Response:
    """What is kept of a person, who sees it, for how long."""
    context: AppContext = request.app.state.context
    values = {
        "retention_years": context.settings.retention_years,
        "draft_days": context.settings.draft_days,
        "shared_minutes": int(drafts.SHARED_IDLE.total_seconds() // 60),
        "refusals": {act.value: [row.label for row in decision_grounds.TABLES[act, "ground"]] for act in _REFUSALS},
    }
    return context.render(request, "public/privacy.html", values)


async def accessibility(request: Request) -> Response:
    context: AppContext = request.app.state.context
    return context.render(request, "public/accessibility.html", {})


async def offline(request: Request) -> Response:
    context: AppContext = request.app.state.context
    return context.render(request, "public/offline.html", {})


async def favicon(request: Request) -> Response:
    return RedirectResponse("/static/favicon.svg", status_code=308)
