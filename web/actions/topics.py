"""Hot topics as far as the actor may see their cases, and shares of reply findings."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from classify.replies import store
from classify.topics import clustering
from classify.topics import store as topic_store
from classify.topics.clustering import Member, Topic
from feedback.queries import worklist as case_worklist
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.read_models import WorkRow
from feedback.rules.redaction import Redactor
from routing.directory import Directory
from web.actions import publication
from web.context import AppContext

TREND_DAYS = 30
FINDING_DAYS = 90
ROWS_MOST = 100_000
SHARE_LEAST = 10  # of fewer answers a share says nothing


async def list_visible_rows(actor: Actor, nos: Iterable[str]) -> dict[str, WorkRow]:
    """The lines of those cases the actor may know of, by number."""
    return {row.no: row for row in await case_worklist.list_work_rows(actor, nos, ROWS_MOST)}


def render_share(counts: store.ReplyFindingCounts, code: str) -> str:
    if counts.answers < SHARE_LEAST:
        return f"{counts.findings[code]} 件"
    return f"{counts.findings[code] / counts.answers:.0%}"


def overseen_units(actor: Actor) -> frozenset[str] | None:
    """The units whose answers somebody oversees, None for all."""
    units = access.unit_scope(actor)
    return None if units.everywhere else units.units


async def list_topics(
    context: AppContext, actor: Actor, directory: Directory, today: date
) -> tuple[date | None, list[dict[str, Any]]]:
    """The latest topics as this person may see them, ranked anew over what he sees; and their day."""
    day = await topic_store.load_last_day()
    if day is None:
        return None, []
    topics = await topic_store.load_topics(day)
    visible_rows = await list_visible_rows(actor, {member.no for topic in topics for member in topic.members})
    redactors = await load_label_redactors(context, actor, topics, visible_rows)
    views = [view for topic in topics if (view := to_view(topic, visible_rows, directory, day, redactors))]
    return day, sorted(
        views, key=lambda topic_view: (-topic_view["people"], -topic_view["this_week"], topic_view["title"])
    )


async def load_label_redactors(
    context: AppContext, actor: Actor, topics: Iterable[Topic], visible_rows: Mapping[str, WorkRow]
) -> dict[str, Redactor]:
    """What masks the titles of the cases after which topics are named, by number."""
    labels = (next((m.no for m in topic.members if m.no in visible_rows), "") for topic in topics)
    return await publication.load_redactors(context, actor, filter(None, labels))


def to_view(
    topic: Topic,
    visible_rows: Mapping[str, WorkRow],
    directory: Directory,
    day: date,
    redactors: Mapping[str, Redactor],
) -> dict[str, Any] | None:
    """A topic counted and named from the cases one may see; None when they are not of several people."""
    members = [member for member in topic.members if member.no in visible_rows]
    if not members:
        return None
    heat = clustering.compute_heat(members, day)
    if heat.people < clustering.MIN_PEOPLE:
        return None
    is_whole = len(members) == len(topic.members)
    region = clustering.find_common_region(members)
    return {
        "thread": topic.thread,
        "title": clustering.strip_opening(redactors[members[0].no].mask(visible_rows[members[0].no].title)),
        "words": topic.words if is_whole else (),
        "place": directory.region_name(region) if region else "",
        "people": heat.people,
        "nameless": heat.nameless,
        "cases": heat.cases,
        "numbers": [member.no for member in members],
        "since": heat.since,
        "until": heat.until,
        "period": f"{heat.since.month}月{heat.since.day}日 至 {heat.until.month}月{heat.until.day}日",
        "this_week": heat.this_week,
        "last_week": heat.last_week,
        "growth": heat.growth,
        "growth_words": _render_growth(heat.this_week, heat.last_week),
        "is_growing": heat.this_week > heat.last_week,
    }


def _render_growth(this_week: int, last_week: int) -> str:
    if not last_week:
        return "本周新出现" if this_week else "本周没有"
    change = (this_week - last_week) / last_week
    return "持平" if not change else f"{'增' if change > 0 else '减'} {abs(change):.0%}"


def count_people(topic: Topic, visible_rows: dict[str, WorkRow]) -> int:
    members = [member for member in topic.members if member.no in visible_rows]
    return clustering.compute_heat(members, members[0].day).people if members else 0


def count_daily(topic: Topic, visible_rows: dict[str, WorkRow], today: date) -> list[tuple[str, int]]:
    members: list[Member] = [member for member in topic.members if member.no in visible_rows]
    days = [today - timedelta(days=back) for back in range(13, -1, -1)]
    return [(f"{day.month}-{day.day}", sum(member.day == day for member in members)) for day in days]
