"""Background jobs on texts: clustering cases into hot topics at night, checking answers when they are given."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

from classify.model.release import Model
from classify.replies import checks, store
from classify.replies.checks import ReplyContext
from classify.topics import store as topic_store
from classify.topics.clustering import TopicCase
from feedback.kernel.clock import office_day, start_of_day
from feedback.kernel.errors import NotNow
from feedback.queries import cases as case_queries
from feedback.queries import statistics as case_statistics
from feedback.rules import redaction
from feedback.rules.access import SYSTEM
from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import Kind
from web.context import AppContext

CASES_MOST: Final = 12_000
"""The newest so many cases of the window are gathered: a large city's day, a district's month."""


async def update_topics(context: AppContext, now: datetime) -> int:
    """Find the topics of the last weeks and keep them for today. Returns how many there are."""
    today = office_day(now)
    since = start_of_day(today - timedelta(days=context.settings.topic_days - 1))
    rows = await case_statistics.load_topic_texts(since, now, CASES_MOST)
    topic_cases = [
        TopicCase(
            row["no"],
            redaction.mask_text(row["title"]),
            row["text"],
            row["region"],
            row["who"],
            office_day(row["received_at"]),
        )
        for row in rows
    ]
    last_day = await topic_store.load_last_day(today)
    topics = await topic_store.cluster_cases(topic_cases, await topic_store.load_topics(last_day) if last_day else [])
    await topic_store.store_topics(today, topics)
    return len(topics)


def build_checker(context: AppContext) -> Callable[[dict[str, Any], datetime], Awaitable[None]]:
    """The handler of `case.reply`: what the checks find in the answer is kept for the unit's figure. Reports never are."""

    async def check(payload: dict[str, Any], now: datetime) -> None:
        file = await case_queries.load_file(SYSTEM, payload["no"], vault=context.settings.vault)
        entry = next(e for e in file.entries if e.seq == payload["seq"])
        text = str(entry.data.get("text", ""))
        if file.confidential or file.kind is Kind.RECTIFY or not text:
            raise NotNow(no=file.no)
        codes = [finding.code for finding in checks.check_reply(reply_context(file, await context.model()), text)]
        await store.store_findings(file.no, entry.seq, entry.unit, entry.at, codes)

    return check


def reply_context(file: CaseFile, model: Model | None) -> ReplyContext:
    """What an answer to this case answers."""
    return ReplyContext(file.title, file.text, file.kind, file.profile, file.stage, model.top_level if model else None)
