"""API calls that return the hot topics with their cases, and reply findings per unit. For supervisors."""

from datetime import timedelta
from typing import Annotated

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from classify.replies import checks, store
from classify.topics import store as topic_store
from feedback.kernel.clock import office_day
from feedback.queries import cases as case_queries
from routing import directory
from web.actions import topics as topic_actions
from web.api import serializers
from web.api.route_table import answered
from web.api.schemas.requests import described
from web.api.schemas.responses import Day, UnitName
from web.auth.permissions import require_overseer
from web.context import AppContext


class TopicOut(Struct):
    """A hot topic (热点), counted over the cases one may see."""

    thread: Annotated[str, described("热点编号，逐日不变")]
    title: str
    place: str
    people: Annotated[int, described("不同的人数；没有留名的合计算一人")]
    cases: int
    since: Day
    until: Day
    this_week: Annotated[int, described("近 7 天的人数")]
    last_week: Annotated[int, described("前 7 天的人数")]
    growth: Annotated[float | None, described("近 7 天人数 ÷ 前 7 天人数")]
    numbers: Annotated[list[str], described("诉求编号，最有代表性的在前")]


class TopicList(Struct):
    """The topics of the latest day, the hottest first."""

    day: Day | None
    items: list[TopicOut]


class FindingShare(Struct):
    """In how many answers of a unit something was found."""

    code: str
    label: str
    count: int
    share: float


class UnitFindings(Struct):
    """The answers of a unit and what was found in them."""

    unit: UnitName | None
    answers: int
    findings: list[FindingShare]


class FindingList(Struct):
    """Every unit one oversees, the most answers first."""

    days: int
    items: list[UnitFindings]


async def hot(request: Request) -> Response:
    """The topics of the latest day."""
    context: AppContext = request.app.state.context
    actor, names = await require_overseer(request), await directory.load_directory()
    day, rows = await topic_actions.list_topics(actor, names, office_day(context.clock.now()))
    found = {topic.thread: [m.no for m in topic.members] for topic in await topic_store.load_topics(day)} if day else {}
    seen = await case_queries.filter_visible(actor, (no for nos in found.values() for no in nos))
    plain = ("thread", "title", "place", "people", "cases", "this_week", "last_week", "growth")
    items = [
        {
            **{name: row[name] for name in plain},
            "since": row["since"].isoformat(),
            "until": row["until"].isoformat(),
            "numbers": [no for no in found[row["thread"]] if no in seen],
        }
        for row in rows
    ]
    return answered({"day": day.isoformat() if day else None, "items": items})


async def quality(request: Request) -> Response:
    """What the checks found in the answers of the last weeks, per unit."""
    context: AppContext = request.app.state.context
    actor, names = await require_overseer(request), await directory.load_directory()
    since = context.clock.now() - timedelta(days=topic_actions.FINDING_DAYS)
    items = [
        {
            "unit": serializers.unit_json(tally.unit, names),
            "answers": tally.answers,
            "findings": [
                {
                    "code": code,
                    "label": checks.LABELS[code],
                    "count": count,
                    "share": round(count / tally.answers, 4),
                }
                for code, count in tally.findings.most_common()
            ],
        }
        for tally in await store.count_findings(since, topic_actions.overseen_units(actor))
    ]
    return answered({"days": topic_actions.FINDING_DAYS, "items": items})
