"""Public API calls for units, categories, matters, indicators, published replies and figures."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from classify import taxonomy as categories
from evaluation.publication import editions, files
from evaluation.publication.editions import EditionView
from evaluation.ratings import services
from evaluation.scale import INDICATOR_SET, INDICATORS, find_level
from feedback.kernel.errors import Invalid, NotFound
from feedback.queries import public_replies
from routing import directory
from routing.directory import Directory, UnitRow
from web.api import serializers
from web.api.request_parsing import read_query
from web.api.schemas import requests
from web.api.serializers import json_response
from web.api.v1.desk import filter_faults
from web.presentation import timeline as timeline_views
from web.wording import dates

_KEPT = {"Cache-Control": "public, max-age=300"}  # tables change once in a while, a client may ask every five minutes


async def units(request: Request) -> Response:
    """Every unit with its duties."""
    rows = (await directory.load_directory()).units()
    return json_response({"items": [_unit(row) for row in rows]}, headers=_KEPT)


def _unit(row: UnitRow) -> dict[str, Any]:
    names = ("code", "name", "short", "kind", "level", "parent", "region", "phone", "address")
    duties = [{"text": text, "categories": list(covered)} for text, covered in row.duties]
    return {name: getattr(row, name) for name in names} | {"duties": duties}


async def category_tree(request: Request) -> Response:
    """Every category of both levels."""
    items = [
        {
            "code": c.code,
            "name": c.name,
            "path": categories.path_name(c.code),
            "parent": c.parent,
            "words": list(c.words),
            "law": c.law,
        }
        for c in categories.CATEGORIES
    ]
    return json_response({"items": items}, headers=_KEPT)


async def matters(request: Request) -> Response:
    """Every service matter that can be rated."""
    names = await directory.load_directory()
    items = [
        {
            "code": row.code,
            "name": row.name,
            "unit": serializers.unit_json(row.unit, names),
            "kind": row.kind,
            "promise_days": row.promise_days,
        }
        for row in await services.list_matters()
    ]
    return json_response({"items": items}, headers=_KEPT)


async def indicators(request: Request) -> Response:
    """The level-2 indicators of the set in force."""
    items = [
        {
            "code": row.code,
            "level": row.level,
            "level_text": find_level(row.level).text,
            "text": row.text,
            "extended": row.extended,
        }
        for row in INDICATORS
    ]
    return json_response({"set": INDICATOR_SET, "items": items}, headers=_KEPT)


async def replies(request: Request) -> Response:
    """Published questions and answers, best match first."""
    said = read_query(request, requests.RepliesQuery)
    names = await directory.load_directory()
    if faults := filter_faults(said, names):
        raise Invalid(faults)
    found = await public_replies.search_public_replies(
        said["q"], said["unit"], said["category"], said["region"], max(1, said["page"])
    )
    items = [_reply(row, names) for row in found.items]
    return json_response({"items": items, "total": found.total, "page": found.page, "pages": found.pages})


def _reply(row: Mapping[str, Any], names: Directory) -> dict[str, Any]:
    same = ("id", "title", "question", "answer", "kind")
    return {name: row[name] for name in same} | {
        "unit": serializers.unit_json(row["unit"], names),
        "category": row["category"] or None,
        "category_text": timeline_views.category_words(row["category"]),
        "region": row["region"] or None,
        **{name: dates.iso(row[name]) for name in ("received_at", "replied_at", "published_at")},
    }


async def scores(request: Request) -> Response:
    """An edition of the figures."""
    edition = await _edition(request)
    told = {
        "number": edition.number,
        "made_at": dates.iso(edition.made_at),
        "corrects": edition.corrects,
        "remark": edition.remark,
    }
    return json_response({"kpis": [], "regions": [], **edition.figures, **told})


async def scores_csv(request: Request) -> Response:
    """The same as CSV for spreadsheets."""
    edition = await _edition(request)
    return _file(files.to_csv(edition).encode(), edition, "csv", "text/csv; charset=utf-8")


async def scores_xlsx(request: Request) -> Response:
    """The same as an Excel file with the formulae."""
    edition = await _edition(request)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(files.to_xlsx(edition), edition, "xlsx", kind)


async def _edition(request: Request) -> EditionView:
    said = read_query(request, requests.ScoresQuery)
    if said["period"]:
        return await editions.load_edition(said["period"], said["number"])
    newest = await editions.load_newest()
    if newest is None:
        raise NotFound(edition="newest")
    return newest


def _file(content: bytes, edition: EditionView, suffix: str, kind: str) -> Response:
    name = f"xinqiao-{edition.period}-{edition.number}.{suffix}"
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
