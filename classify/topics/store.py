"""Store the topics of each day with their cases, and show them to those who may see the cases."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, Final

from classify.learning import subprocess_worker
from classify.models import TopicRow
from classify.topics import clustering
from classify.topics.clustering import Member, Topic, TopicCase
from feedback.kernel import db

KEPT_DAYS: Final = 400
TOLD: Final = 50  # topics kept a day: nobody reads on


async def cluster_cases(said: Sequence[TopicCase], before: Sequence[Topic]) -> list[Topic]:
    """The topics among these cases, found in a process of its own."""
    told = await subprocess_worker.run(
        "classify.topics.store", {"said": list(map(asdict, said)), "before": list(map(asdict, before))}
    )
    return [_read(one) for one in told]


async def keep(day: date, gathered: Sequence[Topic]) -> None:
    """Keep the topics of a day in place of what was kept for it before."""
    async with db.transaction():
        await TopicRow.filter(day=day).delete()
        await TopicRow.bulk_create(
            [
                TopicRow(
                    day=day,
                    thread=topic.thread,
                    title=topic.title,
                    words=list(topic.words),
                    members=[[m.no, m.who, m.day.isoformat(), m.region] for m in topic.members],
                )
                for topic in gathered[:TOLD]
            ]
        )
        await TopicRow.filter(day__lt=day - timedelta(days=KEPT_DAYS)).delete()


async def last_day(until: date | None = None) -> date | None:
    """The latest day for which topics were kept; `until`: before that day."""
    rows = TopicRow.all() if until is None else TopicRow.filter(day__lt=until)
    row = await rows.order_by("-day").first()
    return row.day if row else None


async def of_day(day: date) -> list[Topic]:
    """The topics of a day, the hottest first."""
    return [_topic(row) for row in await TopicRow.filter(day=day).order_by("id")]


async def course(thread: str, since: date) -> list[tuple[date, Topic]]:
    """One topic day by day."""
    rows = await TopicRow.filter(thread=thread, day__gte=since).order_by("day")
    return [(row.day, _topic(row)) for row in rows]


def _topic(row: TopicRow) -> Topic:
    members = (Member(no, who, date.fromisoformat(day), region) for no, who, day, region in row.members)
    return Topic(row.thread, row.title, tuple(row.words), tuple(members))


def _work(order: dict[str, Any]) -> list[dict[str, Any]]:
    said = [TopicCase(**{**one, "day": date.fromisoformat(one["day"])}) for one in order["said"]]
    return [asdict(topic) for topic in clustering.topics(said, [_read(one) for one in order["before"]])[:TOLD]]


def _read(told: dict[str, Any]) -> Topic:
    members = (Member(**{**one, "day": date.fromisoformat(one["day"])}) for one in told["members"])
    return Topic(told["thread"], told["title"], tuple(told["words"]), tuple(members))


if __name__ == "__main__":
    subprocess_worker.answer(_work)
