"""API calls for the classifier's releases: list, train, promote, roll back. For administrators."""

from typing import Annotated, Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from classify.model import registry
from feedback.kernel.errors import Forbidden, NotFound, NotNow
from feedback.rules.access import Actor
from feedback.rules.vocabulary import Role
from web.api.route_table import answered, path_text
from web.api.schemas.requests import described
from web.api.schemas.responses import Instant
from web.auth import sessions
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
    await _administrator(request)
    return answered({"items": [_told(row) for row in await registry.list_releases()]})


async def train(request: Request) -> Response:
    """Ask for a candidate; it is made, tried and, unless worse, put in force in the background."""
    context: AppContext = request.app.state.context
    actor = await _administrator(request)
    return answered({"is_new": await training.request_candidate(context, actor.name)}, 202)


async def promote(request: Request) -> Response:
    """Put a release in force."""
    context: AppContext = request.app.state.context
    actor = await _administrator(request)
    row = await registry.load_release(path_text(request, "id"))
    if not registry.is_whole(context.settings.data, row["folder"]):
        raise NotFound(release=row["id"])
    await registry.promote(row["id"], by=actor.name, now=context.clock.now())
    return answered(_told(await registry.load_release(row["id"])))


async def roll_back(request: Request) -> Response:
    """Put the release before the present one in force again."""
    context: AppContext = request.app.state.context
    actor = await _administrator(request)
    try:
        release = await registry.roll_back(context.settings.data, by=actor.name, now=context.clock.now())
    except NotFound:
        raise NotNow(release="") from None
    return answered(_told(await registry.load_release(release)))


async def _administrator(request: Request) -> Actor:
    actor = await sessions.require_actor(request)
    if Role.ADMIN not in actor.roles:
        raise Forbidden
    return actor


def _told(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("id", "kind", "made_by", "promoted_by", "trial")}
    return told | {
        "is_current": bool(row["is_current"]),
        "made_at": dates.iso(row["made_at"]),
        "promoted_at": dates.iso(row["promoted_at"]) if row["promoted_at"] else None,
        "refused": row["refused"].split(),
    }
