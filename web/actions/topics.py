"""What do many people complain about, and how do units answer? Hot topics with their cases, findings per unit."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from classify.replies import store
from classify.topics import clustering
from classify.topics import store as topic_store
from classify.topics.clustering import Member, Topic
from feedback.queries import worklist as case_worklist
from feedback.rules import redaction
from feedback.rules.access import Actor
from feedback.rules.read_models import WorkRow
from routing.directory import Directory

TREND_DAYS = 30
FINDING_DAYS = 90
MANY = 100_000
SHARE_LEAST = 10  # of fewer answers a share says nothing


async def listed(actor: Actor, nos: Iterable[str]) -> dict[str, WorkRow]:
    """The lines of those cases the actor may know of, by number."""
    return {row.no: row for row in await case_worklist.list_work_rows(actor, nos, MANY)}


def share(tally: store.ReplyFindingCounts, code: str) -> str:
    if tally.answers < SHARE_LEAST:
        return f"{tally.found[code]} 件"
    return f"{tally.found[code] / tally.answers:.0%}"


def units_of(actor: Actor) -> frozenset[str] | None:
    """The units whose answers somebody oversees, None for all."""
    return None if actor.everywhere else actor.units | {actor.unit}


async def ranked(actor: Actor, names: Directory, today: date) -> tuple[date | None, list[dict[str, Any]]]:
    """The latest topics as this person may see them, ranked anew over what he sees; and their day."""
    day = await topic_store.last_day()
    if day is None:
        return None, []
    found = await topic_store.of_day(day)
    seen = await listed(actor, {m.no for topic in found for m in topic.members})
    views = [shown for topic in found if (shown := view(topic, seen, names, day))]
    return day, sorted(views, key=lambda v: (-v["people"], -v["this_week"], v["title"]))


def view(topic: Topic, seen: dict[str, WorkRow], names: Directory, day: date) -> dict[str, Any] | None:
    """A topic counted and named from the cases one may see; None when they are not of several people."""
    members = [m for m in topic.members if m.no in seen]
    if not members:
        return None
    heat = clustering.heat(members, day)
    if heat.people < clustering.PEOPLE_LEAST:
        return None
    is_whole = len(members) == len(topic.members)
    region = clustering.place_of(members)
    return {
        "thread": topic.thread,
        "title": clustering.readable(redaction.mask_text(seen[members[0].no].title)),
        "words": topic.words if is_whole else (),
        "place": names.region_name(region) if region else "",
        "people": heat.people,
        "nameless": heat.nameless,
        "cases": heat.cases,
        "since": heat.since,
        "until": heat.until,
        "period": f"{heat.since.month}月{heat.since.day}日 至 {heat.until.month}月{heat.until.day}日",
        "this_week": heat.this_week,
        "last_week": heat.last_week,
        "growth": heat.growth,
        "growth_words": _growth(heat.this_week, heat.last_week),
        "is_growing": heat.this_week > heat.last_week,
    }


def _growth(this_week: int, last_week: int) -> str:
    if not last_week:
        return "本周新出现" if this_week else "本周没有"
    change = (this_week - last_week) / last_week
    return "持平" if not change else f"{'增' if change > 0 else '减'} {abs(change):.0%}"


def people(topic: Topic, seen: dict[str, WorkRow]) -> int:
    members = [m for m in topic.members if m.no in seen]
    return clustering.heat(members, members[0].day).people if members else 0


def daily(topic: Topic, seen: dict[str, WorkRow], today: date) -> list[tuple[str, int]]:
    members: list[Member] = [m for m in topic.members if m.no in seen]
    days = [today - timedelta(days=back) for back in range(13, -1, -1)]
    return [(f"{day.month}-{day.day}", sum(m.day == day for m in members)) for day in days]
