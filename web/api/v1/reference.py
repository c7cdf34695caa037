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
from feedback.kernel.paging import Page
from feedback.kernel.spreadsheets import CSV_TYPE, XLSX_TYPE
from feedback.queries import public_replies
from feedback.queries.nearest import FEW_HITS
from feedback.rules.vocabulary import Kind
from routing import directory
from routing.directory import Directory, UnitRow
from web.api import serializers
from web.api.request_parsing import read_query
from web.api.schemas import public, requests
from web.api.serializers import REFERENCE_CACHE, json_response
from web.forms.filters import find_code_faults
from web.presentation import timeline as timeline_views
from web.wording import dates


async def units(request: Request) -> Response:
    """Every unit with its duties."""
    rows = (await directory.load_directory()).units()
    return json_response(public.UnitList([_build_unit(row) for row in rows]), headers=REFERENCE_CACHE)


def _build_unit(row: UnitRow) -> public.UnitOut:
    return public.UnitOut(
        code=row.code,
        name=row.name,
        short=row.short,
        kind=row.kind,
        level=row.level,
        parent=row.parent,
        region=row.region,
        phone=row.phone,
        address=row.address,
        duties=[public.DutyOut(text, list(covered)) for text, covered in row.duties],
    )


async def category_tree(request: Request) -> Response:
    """Every category of both levels."""
    items = [
        public.CategoryOut(
            code=category.code,
            name=category.name,
            path=categories.path_name(category.code),
            parent=category.parent,
            words=list(category.words),
            law=category.law,
        )
        for category in categories.CATEGORIES
    ]
    return json_response(public.CategoryList(items), headers=REFERENCE_CACHE)


async def matters(request: Request) -> Response:
    """Every service matter that can be rated."""
    names = await directory.load_directory()
    items = [
        public.MatterOut(row.code, row.name, serializers.build_unit(row.unit, names), row.kind, row.promise_days)
        for row in await services.list_matters()
    ]
    return json_response(public.MatterList(items), headers=REFERENCE_CACHE)


async def indicators(request: Request) -> Response:
    """The level-2 indicators of the set in force."""
    items = [
        public.IndicatorOut(row.code, row.level, find_level(row.level).text, row.text, row.extended)
        for row in INDICATORS
    ]
    return json_response(public.IndicatorList(INDICATOR_SET, items), headers=REFERENCE_CACHE)


async def replies(request: Request) -> Response:
    """Published questions and answers, best match first."""
    values = read_query(request, requests.RepliesQuery)
    names = await directory.load_directory()
    if faults := find_code_faults(values, names):
        raise Invalid(faults)
    page = await public_replies.search_public_replies(
        values["q"], values["unit"], values["category"], values["region"], max(1, values["page"])
    )
    nearest = await _find_nearest(values, page) if values["q"] and page.number == 1 and page.total < FEW_HITS else []
    answer = public.ReplyPage(
        items=[_build_reply(row, names) for row in page.items],
        total=page.total,
        page=page.number,
        pages=page.pages,
        nearest=[_build_reply(row, names) for row in nearest],
    )
    return json_response(answer)


async def _find_nearest(values: Mapping[str, Any], page: Page[dict[str, Any]]) -> list[dict[str, Any]]:
    shown = [row["id"] for row in page.items]
    narrowed = (values["unit"], values["category"], values["region"])
    return await public_replies.find_nearest_replies(values["q"], *narrowed, without=shown)


def _build_reply(row: Mapping[str, Any], names: Directory) -> public.ReplyOut:
    return public.ReplyOut(
        id=row["id"],
        title=row["title"],
        question=row["question"],
        answer=row["answer"],
        unit=serializers.build_optional_unit(row["unit"], names),
        category=row["category"] or None,
        category_text=timeline_views.category_words(row["category"]),
        region=row["region"] or None,
        kind=Kind(row["kind"]),
        received_at=dates.iso(row["received_at"]),
        replied_at=dates.iso(row["replied_at"]),
        published_at=dates.iso(row["published_at"]),
    )


async def scores(request: Request) -> Response:
    """An edition of the figures, its values as they were frozen: its digest is made of them."""
    edition = await _load_edition(request)
    answer = {
        "citizens": None,
        "kpis": [],
        "regions": [],
        **edition.figures,
        "number": edition.number,
        "made_at": dates.iso(edition.made_at),
        "corrects": edition.corrects,
        "remark": edition.remark,
    }
    return json_response(answer)


async def scores_csv(request: Request) -> Response:
    """The same as CSV for spreadsheets."""
    edition = await _load_edition(request)
    return _file_response(files.to_csv(edition).encode(), edition, "csv", CSV_TYPE)


async def scores_xlsx(request: Request) -> Response:
    """The same as an Excel file with the formulae."""
    edition = await _load_edition(request)
    return _file_response(files.to_xlsx(edition), edition, "xlsx", XLSX_TYPE)


async def _load_edition(request: Request) -> EditionView:
    values = read_query(request, requests.ScoresQuery)
    if values["period"]:
        return await editions.load_edition(values["period"], values["number"])
    newest = await editions.load_newest()
    if newest is None:
        raise NotFound(edition="newest")
    return newest


def _file_response(content: bytes, edition: EditionView, suffix: str, media_type: str) -> Response:
    name = f"xinqiao-{edition.period}-{edition.number}.{suffix}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
