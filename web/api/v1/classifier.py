"""API calls for the classifier's releases: list, train, promote, roll back. For administrators."""

from typing import Annotated, Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from classify.model import registry
from feedback.kernel.errors import NotFound, NotNow
from web.api.request_parsing import read_path
from web.api.schemas.requests import described
from web.api.schemas.responses import Instant
from web.api.serializers import json_response
from web.auth import permissions
from web.context import AppContext
from web.tasks import training
from web.wording import dates


class ReleaseOut(Struct):
    """A release of the classifier (版本)."""

    id: str
    kind: Annotated[str, described("cold 冷启动 · adapted 适应本地用语 · trained 学过人工结果")]
    is_current: bool
    made_at: Instant
    made_by: str
    promoted_at: Instant | None
    promoted_by: str
    refused: Annotated[list[str], described("比当时版本差在哪里；空为不比它差")]
    trial: Annotated[
        dict[str, Any], described("成绩：trial 本身，before 当时版本，paired 成对比试及 95% 区间，按分类和单位")
    ]


class ReleaseList(Struct):
    """Every release, newest first."""

    items: list[ReleaseOut]


class TrainingRequested(Struct):
    """What became of asking for a candidate."""

    is_new: Annotated[bool, described("false：已有一次训练在进行")]


async def listed(request: Request) -> Response:
    """Every release with its trial."""
    return json_response(ReleaseList([_build_release(row) for row in await registry.list_releases()]))


async def train(request: Request) -> Response:
    """Ask for a candidate; it is made, tried and, unless worse, put in force in the background."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    return json_response(TrainingRequested(await training.request_candidate(context, actor.name)), 202)


async def promote(request: Request) -> Response:
    """Put a release in force."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    row = await registry.load_release(read_path(request, "id"))
    if not registry.is_whole(context.settings.data, row["folder"]):
        raise NotFound(release=row["id"])
    await registry.promote(row["id"], by=actor.name, now=context.clock.now())
    return json_response(_build_release(await registry.load_release(row["id"])))


async def roll_back(request: Request) -> Response:
    """Put the release before the present one in force again."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    try:
        release = await registry.roll_back(context.settings.data, by=actor.name, now=context.clock.now())
    except NotFound:
        raise NotNow(release="") from None
    return json_response(_build_release(await registry.load_release(release)))


def _build_release(row: dict[str, Any]) -> ReleaseOut:
    return ReleaseOut(
        id=row["id"],
        kind=row["kind"],
        is_current=bool(row["is_current"]),
        made_at=dates.iso(row["made_at"]),
        made_by=row["made_by"],
        promoted_at=dates.iso(row["promoted_at"]) if row["promoted_at"] else None,
        promoted_by=row["promoted_by"],
        refused=row["refused"].split(),
        trial=row["trial"],
    )
