"""API calls that list a unit's notices and mark them read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from routing.notices import inbox
from web.api.request_parsing import read_body
from web.api.schemas.requests import described
from web.api.schemas.responses import Instant
from web.api.serializers import json_response
from web.auth import permissions
from web.wording import dates

if TYPE_CHECKING:
    from web.context import AppContext


class NoticeOut(Struct):
    """A notice to the unit (通知)."""

    id: int
    case_no: Annotated[str | None, described("说的是哪一件；汇总和措施为 null")]
    audience: Annotated[str, described("unit head desk overseer superior joint likely")]
    text: str
    made_at: Instant
    read_at: Instant | None
    read_by: Annotated[str | None, described("谁标的已读")]


class NoticeList(Struct):
    items: list[NoticeOut]
    unread: int


class MarkIn(Struct):
    """Which notices were read; none named means all that are listed (标为已读)."""

    ids: list[int] = []


class Marked(Struct):
    marked: int


# ---- calls


async def notices(request: Request) -> Response:
    """The unit's notices, unread first."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    unread, read = await inbox.list_notices(actor)
    items = [_build_notice(row) for row in (*unread, *read)]
    return json_response(NoticeList(items, await inbox.count_unread(actor, context.clock.now())))


def _build_notice(row: Mapping[str, Any]) -> NoticeOut:
    return NoticeOut(
        id=row["id"],
        case_no=row["case_no"] or None,
        audience=row["audience"],
        text=row["words"],
        made_at=dates.iso(row["made_at"]),
        read_at=dates.iso(row["read_at"]) if row["read_at"] else None,
        read_by=row["read_by"] or None,
    )


async def mark(request: Request) -> Response:
    """Mark notices read."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    values = await read_body(request, MarkIn, may_be_empty=True)
    marked = await inbox.mark_read(actor, values["ids"] or None, context.clock.now())
    return json_response(Marked(marked))
