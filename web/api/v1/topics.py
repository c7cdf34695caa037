"""API calls that return the hot topics with their cases, and reply findings per unit. For supervisors."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from classify.replies import checks, store
from feedback.kernel.clock import office_day
from routing import directory
from routing.directory import Directory
from web.actions import topics as topic_actions
from web.api import serializers
from web.api.schemas.requests import described
from web.api.schemas.responses import Day, UnitName
from web.api.serializers import json_response
from web.auth import permissions
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
    actor, names = permissions.current_actor(request), await directory.load_directory()
    day, rows = await topic_actions.list_topics(context, actor, names, office_day(context.clock.now()))
    return json_response(TopicList(day.isoformat() if day else None, [_build_topic(row) for row in rows]))


def _build_topic(row: Mapping[str, Any]) -> TopicOut:
    return TopicOut(
        thread=row["thread"],
        title=row["title"],
        place=row["place"],
        people=row["people"],
        cases=row["cases"],
        since=row["since"].isoformat(),
        until=row["until"].isoformat(),
        this_week=row["this_week"],
        last_week=row["last_week"],
        growth=row["growth"],
        numbers=row["numbers"],
    )


async def quality(request: Request) -> Response:
    """What the checks found in the answers of the last weeks, per unit."""
    context: AppContext = request.app.state.context
    actor, names = permissions.current_actor(request), await directory.load_directory()
    since = context.clock.now() - timedelta(days=topic_actions.FINDING_DAYS)
    counts_by_unit = await store.count_findings(since, topic_actions.overseen_units(actor))
    items = [_build_findings(counts, names) for counts in counts_by_unit]
    return json_response(FindingList(topic_actions.FINDING_DAYS, items))


def _build_findings(counts: store.ReplyFindingCounts, names: Directory) -> UnitFindings:
    shares = [
        FindingShare(code, checks.LABELS[code], count, round(count / counts.answers, 4))
        for code, count in counts.findings.most_common()
    ]
    return UnitFindings(serializers.build_optional_unit(counts.unit, names), counts.answers, shares)
