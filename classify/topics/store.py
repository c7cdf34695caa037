"""Store the topics of each day with their cases, and load them."""

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
MAX_TOPICS: Final = 50  # topics stored per day: nobody reads more


async def cluster_cases(cases: Sequence[TopicCase], before: Sequence[Topic]) -> list[Topic]:
    """Find the topics among these cases, in a process of its own."""
    payload = await subprocess_worker.run_module(
        "classify.topics.store", {"cases": list(map(asdict, cases)), "before": list(map(asdict, before))}
    )
    return [_parse_topic(row) for row in payload]


async def store_topics(day: date, topics: Sequence[Topic]) -> None:
    """Store the topics of a day, replacing earlier ones of that day."""
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
                for topic in topics[:MAX_TOPICS]
            ]
        )
        await TopicRow.filter(day__lt=day - timedelta(days=KEPT_DAYS)).delete()


async def load_last_day(until: date | None = None) -> date | None:
    """The latest day with stored topics; `until`: before that day."""
    rows = TopicRow.all() if until is None else TopicRow.filter(day__lt=until)
    row = await rows.order_by("-day").first()
    return row.day if row else None


async def load_topics(day: date) -> list[Topic]:
    """The topics of a day, most people first."""
    return [_read_row(row) for row in await TopicRow.filter(day=day).order_by("id")]


async def load_thread(thread: str, since: date) -> list[tuple[date, Topic]]:
    """One topic day by day."""
    rows = await TopicRow.filter(thread=thread, day__gte=since).order_by("day")
    return [(row.day, _read_row(row)) for row in rows]


def _read_row(row: TopicRow) -> Topic:
    members = (Member(no, who, date.fromisoformat(day), region) for no, who, day, region in row.members)
    return Topic(row.thread, row.title, tuple(row.words), tuple(members))


def _carry_out(order: dict[str, Any]) -> list[dict[str, Any]]:
    cases = [TopicCase(**{**row, "day": date.fromisoformat(row["day"])}) for row in order["cases"]]
    return [
        asdict(topic)
        for topic in clustering.find_topics(cases, [_parse_topic(row) for row in order["before"]])[:MAX_TOPICS]
    ]


def _parse_topic(payload: dict[str, Any]) -> Topic:
    members = (Member(**{**row, "day": date.fromisoformat(row["day"])}) for row in payload["members"])
    return Topic(payload["thread"], payload["title"], tuple(payload["words"]), tuple(members))


if __name__ == "__main__":
    subprocess_worker.run_order(_carry_out)
