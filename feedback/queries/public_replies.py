"""List and search published questions and answers."""

from typing import Any

from tortoise.functions import Count

from feedback.kernel import db, paging
from feedback.kernel.errors import NotFound
from feedback.kernel.paging import Page
from feedback.record import search
from feedback.record.models.case import PublicReply

SEARCH_MOST = 2000


async def search_public_replies(
    q: str = "", unit: str = "", category: str = "", region: str = "", page: int = 1, size: int = 20
) -> Page[dict[str, Any]]:
    """Published, masked questions and answers, best match first (title before text, then newest)."""
    replies = PublicReply.all().using_db(db.read_connection())
    if unit:
        replies = replies.filter(unit=unit)
    if category:
        replies = replies.filter(category__startswith=category)
    if region:
        replies = replies.filter(region__startswith=region.rstrip("0") or "0")
    if q.strip():
        ids = await search.find_ids(search.REPLIES, q, SEARCH_MOST)
        rows = [r for r in await replies.filter(id__in=ids) if search.matches(q, r.title, r.question, r.answer)]
        rows.sort(key=lambda r: (not search.matches(q, r.title), -r.id))
        page_range = paging.select_range(len(rows), page, size)
        rows = rows[page_range.start : page_range.stop]
    else:
        page_range = paging.select_range(await replies.count(), page, size)
        rows = await replies.order_by("-published_at", "-id").offset(page_range.start).limit(size)
    return page_range.page_of(_reply(row) for row in rows)


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
