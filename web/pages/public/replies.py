"""Published replies: search, one reply, similar ones, and a feed of the newest."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from classify import taxonomy as categories
from feedback.kernel import paging
from feedback.kernel.clock import office_day
from feedback.kernel.errors import NotFound
from feedback.queries import public_replies
from feedback.queries.nearest import FEW_HITS
from feedback.record import calendar_editions
from feedback.rules import intake, search_terms, similar_terms
from feedback.rules.workdays import Calendar
from routing import directory
from routing.directory import Directory
from web.context import AppContext
from web.wording import catalogue, dates

EXCERPT = 90
FACETS_MOST = 12
MARKED_MOST = 60  # words that are looked for in each line of a list
SIMILAR_MOST = 3
DAYS: Mapping[str, str] = catalogue.REPLY_DAYS
"""How far back the list may be narrowed to, in days, with its words."""


async def replies(request: Request) -> Response:
    """Published questions and answers that hold the words, narrowed by category and unit; then the nearest, if few do."""
    context: AppContext = request.app.state.context
    q = intake.clean_line(request.query_params.get("q", ""))[: search_terms.QUERY_MOST]
    unit, category = request.query_params.get("unit", ""), request.query_params.get("category", "")
    page = paging.parse_page_number(request.query_params.get("page", ""))
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    region, days = request.query_params.get("region", ""), request.query_params.get("days", "")
    region = region if any(row.code == region for row in names.regions()) else ""
    days = days if days in DAYS else ""
    since = context.clock.now() - timedelta(days=int(days)) if days else None
    matches = await public_replies.search_public_replies(q, unit, category, region, page=page, since=since)
    nearest = []
    if q and page == 1 and matches.total < FEW_HITS:
        shown = [row["id"] for row in matches.items]
        nearest = await public_replies.find_nearest_replies(q, unit, category, region, since=since, without=shown)
    others = {"region": region, "days": days}
    counted = await public_replies.count_facets()
    words, near_words = search_terms.query_terms(q), _list_near_words(q) if nearest else []
    values = {
        "q": q,
        "chosen": {"unit": unit, "category": category, **others},
        "chosen_words": [
            *([names.short(unit)] if unit else []),
            *([_category_name(category)] if category else []),
            *([names.region_name(region)] if region else []),
            *([DAYS[days]] if days else []),
        ],
        "regions": [(row.code, row.name) for row in names.regions() if row.parent == context.settings.region],
        "days": list(DAYS.items()),
        "found": {
            "rows": [reply_line(row, names, words, calendar, n) for row, n in _merge_equal(matches.items)],
            "total": matches.total,
            "page": matches.number,
            "pages": matches.pages,
        },
        "nearest": [reply_line(row, names, near_words, calendar, n) for row, n in _merge_equal(nearest)],
        "all_count": sum(count for _, count in counted["unit"]),
        "facets": {
            "unit": _facet("unit", unit, counted["unit"], names.short, q, category=category, **others),
            "category": _facet(
                "category", category, _by_level1(counted["category"]), categories.name_of, q, unit=unit, **others
            ),
        },
        "base": f"/replies?{urlencode({'q': q, 'unit': unit, 'category': category, **others})}&page=",
    }
    return context.render(request, "public/replies.html", values)


def _list_near_words(q: str) -> list[str]:
    """What is marked in a reply that is near: the words of the query, and others for the same."""
    clues = [clue for clue in similar_terms.find_clues(q) if clue.is_listed]
    return [*search_terms.query_terms(q), *(word for clue in clues for word in clue.words if len(word) > 1)]


def _merge_equal(rows: Iterable[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], int]]:
    """Rows of one page, those with the same words only once, with how many more there are of each."""
    first_rows: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    counts = Counter[tuple[str, str, str]]()
    for row in rows:
        words = (row["title"], row["question"], row["answer"])
        first_rows.setdefault(words, row)
        counts[words] += 1
    return [(row, counts[words] - 1) for words, row in first_rows.items()]


def _category_name(code: str) -> str:
    return categories.name_of(code) if categories.has_code(code) else "未分类"


def reply_line(
    row: Mapping[str, Any], names: Directory, words: Sequence[str], calendar: Calendar, equal: int = 0
) -> dict[str, Any]:
    """A published reply as one line of a list, the searched words marked; `equal` more have the same words."""
    return {
        "id": row["id"],
        "title": marked(row["title"], words),
        "excerpt": marked(excerpt(row["answer"], words), words),
        "unit": names.short(row["unit"]),
        "category": _category_name(row["category"]),
        "when": dates.day_words(office_day(row["replied_at"])),
        "took": took(row["received_at"], row["replied_at"], calendar),
        "equal": equal,
    }


def marked(text: str, words: Sequence[str]) -> Markup:
    """The text with each of the first words in <mark>, everything else escaped."""
    terms = sorted(set(words[:MARKED_MOST]), key=lambda word: (-len(word), word))
    if not terms:
        return escape(text)
    parts = re.split("(" + "|".join(re.escape(term) for term in terms) + ")", text, flags=re.IGNORECASE)
    return Markup("").join(Markup("<mark>{}</mark>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts))


def excerpt(text: str, words: Sequence[str]) -> str:
    """A piece of the text around the place where any of the first words stands first."""
    plain = " ".join(text.split())
    lowered = plain.lower()
    places = [at for word in words[:MARKED_MOST] if (at := lowered.find(word)) >= 0]
    start = max(0, min(places, default=0) - EXCERPT // 3)
    return ("…" if start else "") + plain[start : start + EXCERPT] + ("…" if start + EXCERPT < len(plain) else "")


def took(since: datetime, until: datetime, calendar: Calendar) -> str:
    """How many working days an answer took, in words."""
    days = calendar.workdays_between(office_day(since), office_day(until))
    return f"{days} 个工作日" if days > 0 else "当天"


def _by_level1(rows: list[tuple[str, int]]) -> list[tuple[str, int]]:
    sums: dict[str, int] = {}
    for code, n in rows:
        if code:
            sums[categories.level1(code)] = sums.get(categories.level1(code), 0) + n
    return sorted(sums.items(), key=lambda pair: -pair[1])


def _facet(
    name: str, chosen: str, rows: list[tuple[str, int]], words: Any, q: str, **others: str
) -> list[dict[str, Any]]:
    query = {"q": q, **others}
    return [
        {
            "href": "/replies?"
            + urlencode({k: v for k, v in query.items() if v} | ({} if code == chosen else {name: code})),
            "label": words(code),
            "count": n,
            "current": code == chosen,
        }
        for code, n in rows[:FACETS_MOST]
        if code
    ]


async def reply(request: Request) -> Response:
    """One published reply under its permanent address."""
    context: AppContext = request.app.state.context
    text = request.path_params["id"]
    if not text.isdecimal() or len(text) > 15:
        raise NotFound(reply=text)
    row = await public_replies.load_public_reply(int(text))
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    others = (
        await public_replies.search_public_replies(category=row["category"][:4], size=6) if row["category"] else None
    )
    values = {
        "reply": {
            "id": row["id"],
            "title": row["title"],
            "question": row["question"],
            "answer": row["answer"],
            "unit": names.name(row["unit"]),
            "kind": catalogue.KINDS[row["kind"]],
            "category": categories.path_name(row["category"]) if categories.has_code(row["category"]) else "未分类",
            "region": names.region_name(row["region"]),
            "received": dates.day_words(office_day(row["received_at"])),
            "replied": dates.day_words(office_day(row["replied_at"])),
            "took": took(row["received_at"], row["replied_at"], calendar),
        },
        "related": [r for r in others.items if r["id"] != row["id"]][:5] if others else [],
    }
    return context.render(request, "public/reply.html", values)


async def similar(request: Request) -> Response:
    """A fragment with up to three replies like a title that is being typed: those that hold it, then the nearest."""
    context: AppContext = request.app.state.context
    q = intake.clean_line(request.query_params.get("q", ""))[: intake.TITLE_MOST]
    names, calendar = await directory.load_directory(), await calendar_editions.load_current_calendar()
    rows: list[dict[str, Any]] = []
    if q:
        rows += (await public_replies.search_public_replies(q, size=SIMILAR_MOST)).items
        shown = [row["id"] for row in rows]
        rows += await public_replies.find_nearest_replies(q, without=shown) if len(rows) < SIMILAR_MOST else []
    lines = [reply_line(row, names, (), calendar) for row, _ in _merge_equal(rows)[:SIMILAR_MOST]]
    return context.render(request, "public/similar.html", {"replies": lines})


async def feed(request: Request) -> Response:
    """The newest replies as RSS 2.0."""
    context: AppContext = request.app.state.context
    newest = await public_replies.search_public_replies(size=50)
    names = await directory.load_directory()
    base = context.settings.public_url or str(request.base_url).rstrip("/")
    items = [
        Markup(
            "<item><title>{}</title><link>{}</link><guid>{}</guid><pubDate>{}</pubDate><description>{}</description></item>"
        ).format(
            row["title"],
            f"{base}/replies/{row['id']}",
            f"{base}/replies/{row['id']}",
            format_datetime(row["published_at"]),
            f"{names.name(row['unit'])}：{excerpt(row['answer'], ())}",
        )
        for row in newest.items
    ]
    body = Markup(
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>{} 公开回复</title>'
        "<link>{}</link><description>经本人同意公开的问答</description><language>zh-CN</language>{}</channel></rss>"
    ).format(context.settings.site_name, f"{base}/replies", Markup("").join(items))
    return Response(str(body), media_type="application/rss+xml; charset=utf-8")
