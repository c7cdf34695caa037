"""Pages of the hot topics: the ranking, and one topic with its course and cases."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from classify.topics import store as topic_store
from feedback.kernel.clock import office_day
from feedback.kernel.errors import NotFound
from feedback.record import calendar_editions
from routing import directory
from web.actions.topics import (
    TREND_DAYS,
    count_daily,
    count_people,
    list_topics,
    list_visible_rows,
    load_label_redactors,
    to_view,
)
from web.auth.permissions import current_actor
from web.context import AppContext
from web.presentation import desk_frame
from web.presentation import worklist as worklist_views
from web.wording import dates


async def hot(request: Request) -> Response:
    """The topics, ranked by how many different people speak of them."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    day, rows = await list_topics(context, actor, names, office_day(context.clock.now()))
    values = {
        **desk_frame.frame_values(actor, names),
        "rows": rows,
        "day": dates.day_words(day) if day else "",
        "window": context.settings.topic_days,
    }
    return context.render(request, "board/topics.html", values)


async def show_topic(request: Request) -> Response:
    """One topic: its course day by day and the cases one may see."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    now = context.clock.now()
    today = office_day(now)
    known = await topic_store.load_thread(request.path_params["thread"], today - timedelta(days=TREND_DAYS))
    seen = await list_visible_rows(actor, {m.no for _, topic in known for m in topic.members})
    redactors = await load_label_redactors(context, actor, [known[-1][1]] if known else [], seen)
    shown = to_view(known[-1][1], seen, names, known[-1][0], redactors) if known else None
    if shown is None:
        raise NotFound(thread=request.path_params["thread"])
    calendar = await calendar_editions.load_current_calendar()
    members = [m.no for m in known[-1][1].members if m.no in seen]
    values = {
        **desk_frame.frame_values(actor, names),
        "topic": shown,
        "trend": [(f"{day.month}-{day.day}", count_people(topic, seen)) for day, topic in known],
        "daily": count_daily(known[-1][1], seen, today),
        "rows": [worklist_views.row_view(seen[no], names, now, calendar) for no in members],
    }
    return context.render(request, "board/topic.html", values)
