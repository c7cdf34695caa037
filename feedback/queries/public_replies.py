"""List and search published questions and answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tortoise.functions import Count
from tortoise.queryset import QuerySet

from feedback.kernel import db, paging
from feedback.kernel.errors import NotFound
from feedback.kernel.paging import Page, PageRange
from feedback.queries import nearest
from feedback.record import search
from feedback.record.models.case import PublicReply
from feedback.record.search import Matching
from feedback.rules import search_terms, similar_terms

NEAREST_MOST = 10
RANKED_MOST = 500  # hits whose titles are compared with the query; more are listed by day alone


async def search_public_replies(
    q: str = "",
    unit: str = "",
    category: str = "",
    region: str = "",
    page: int = 1,
    size: int = 20,
    *,
    since: datetime | None = None,
) -> Page[dict[str, Any]]:
    """Published, masked questions and answers that hold every word: those with all in the title first, then the newest.

    `since`: only those answered then or later.
    """
    replies = _narrow(unit, category, region, since).order_by("-published_at", "-id")
    matching = search.matching(search.REPLIES, q)
    if q.strip():
        replies = replies.filter(id__in=matching) if matching else replies.filter(id=-1)
    page_range = paging.select_range(await replies.count(), page, size)
    if matching and page_range.total <= RANKED_MOST:
        rows = await _load_best(replies, q, page_range)
    else:
        rows = await replies.offset(page_range.start).limit(page_range.size)
    return page_range.page_of(_reply(row) for row in rows)


async def _load_best(replies: QuerySet[PublicReply], q: str, page_range: PageRange) -> list[PublicReply]:
    titles = await replies.values("id", "title")
    titles.sort(key=lambda row: not search_terms.holds_all(row["title"], q))  # stable: the order of days stays
    ids = [row["id"] for row in titles[page_range.start : page_range.stop]]
    rows = {row.id: row for row in await replies.filter(id__in=[-1, *ids])}
    return [rows[id_] for id_ in ids if id_ in rows]


async def find_nearest_replies(
    q: str,
    unit: str = "",
    category: str = "",
    region: str = "",
    *,
    since: datetime | None = None,
    without: Sequence[int] = (),
    most: int = NEAREST_MOST,
) -> list[dict[str, Any]]:
    """Published replies that are like the query, the nearest first, `without` those shown already."""
    replies = _narrow(unit, category, region, since)
    rows_by_id: dict[int, PublicReply] = {}

    async def load(matching: Matching, limit: int) -> list[Mapping[str, Any]]:
        rows = await replies.filter(id__in=matching).exclude(id__in=[-1, *without]).order_by("-id").limit(limit)
        rows_by_id.update((row.id, row) for row in rows)
        half = similar_terms.TEXT_MOST // 2  # a long question leaves room for the beginning of its answer
        return [{"id": r.id, "title": r.title, "text": f"{r.question[:half]}\n{r.answer[:half]}"} for r in rows]

    ids = await nearest.rank_nearest(search.REPLIES, q, load, most)
    return [_reply(rows_by_id[id_]) for id_ in ids]


def _narrow(unit: str, category: str, region: str, since: datetime | None) -> QuerySet[PublicReply]:
    replies = PublicReply.all().using_db(db.read_connection())
    if unit:
        replies = replies.filter(unit=unit)
    if category:
        replies = replies.filter(category__startswith=category)
    if region:
        replies = replies.filter(region__startswith=region.rstrip("0") or "0")
    if since:
        replies = replies.filter(replied_at__gte=since)
    return replies


async def load_public_reply(reply_id: int) -> dict[str, Any]:
    """One published reply.

    Raises NotFound.
    """
    row = await PublicReply.get_or_none(id=reply_id)
    if row is None:
        raise NotFound(reply=reply_id)
    return _reply(row)


def _reply(row: PublicReply) -> dict[str, Any]:
    names = ("id", "title", "question", "answer", "unit", "category", "region", "kind")
    return {name: getattr(row, name) for name in names} | {
        "received_at": row.received_at,
        "replied_at": row.replied_at,
        "published_at": row.published_at,
    }


async def count_facets() -> dict[str, list[tuple[str, int]]]:
    """How many published replies each unit and category has."""
    rows = PublicReply.all().using_db(db.read_connection()).annotate(n=Count("id"))
    units = await rows.group_by("unit").values("unit", "n")
    categories = await rows.group_by("category").values("category", "n")
    return {
        "unit": sorted(((r["unit"], r["n"]) for r in units), key=lambda p: -p[1]),
        "category": sorted(((r["category"], r["n"]) for r in categories), key=lambda p: -p[1]),
    }
