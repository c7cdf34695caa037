"""API calls about disputed ratings: disputes, their decisions, and cases excluded from the rates."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from evaluation.ratings import disputes, exclusions
from evaluation.ratings.disputes import BadReviewView
from evaluation.ratings.submission import REASON_MOST
from feedback.kernel import identifiers
from web.api.request_parsing import read_body, read_path, read_query
from web.api.schemas.requests import described
from web.api.schemas.responses import Instant
from web.api.serializers import json_response
from web.auth import permissions
from web.context import AppContext
from web.wording import dates


class BadRating(Struct):
    """A bad rating and how far it is put right (差评整改)."""

    id: str
    unit: str
    level: int
    case_no: Annotated[str | None, described("匿名评价对被评价单位为 null")]
    matter: Annotated[str | None, described("办理事项")]
    text: str
    tags: list[str]
    at: Instant
    stage: Annotated[str, described("整改环节代码")]
    due_at: Annotated[str | None, described("这一环节第一个算超期的时刻", format="date-time")]
    rectify_no: Annotated[str | None, described("整改件编号")]
    status: Annotated[str, described("valid 有效 · under_review 申诉复核中 · invalid 无效")]
    dispute_reason: str | None
    answer: Annotated[str | None, described("复核结论的理由")]
    may_dispute: bool
    may_judge: bool


class BadRatingPage(Struct):
    items: list[BadRating]
    total: int
    page: int
    pages: int


class BadRatingQuery(Struct):
    """Which page."""

    page: Annotated[int, described("第几页", minimum=1)] = 1


class ReasonIn(Struct):
    """Why."""

    reason: Annotated[str, described("理由", minLength=1, maxLength=REASON_MOST)]


class JudgementIn(Struct):
    """Whether a disputed rating stands, and why; whoever rated reads the reason."""

    valid: Annotated[bool, described("true 评价有效，false 认定无效")]
    reason: Annotated[str, described("理由", minLength=1, maxLength=REASON_MOST)]


class ExclusionOut(Struct):
    """A case somebody asks to leave out of the satisfaction rates (剔除)."""

    case_no: str
    unit: str
    reason: str
    status: Annotated[str, described("asked | approved | refused")]
    answer: str | None


class ExclusionList(Struct):
    items: list[ExclusionOut]


class ExclusionIn(Struct):
    """A case to be left out, and why."""

    case_no: Annotated[str, described("诉求编号", minLength=1)]
    reason: Annotated[str, described("理由", minLength=1, maxLength=REASON_MOST)]


class ExclusionDecisionIn(Struct):
    """Whether it is left out, and why."""

    approved: bool
    reason: Annotated[str, described("理由", minLength=1, maxLength=REASON_MOST)]


class StatusOut(Struct):
    """How it stands now."""

    status: str


async def bad(request: Request) -> Response:
    """The bad ratings the caller sees, newest first."""
    context: AppContext = request.app.state.context
    actor, number = permissions.current_actor(request), read_query(request, BadRatingQuery)["page"]
    page = await disputes.list_bad_reviews(actor, now=context.clock.now(), page=number)
    items = [_build_bad_rating(view) for view in page.items]
    return json_response(BadRatingPage(items=items, total=page.total, page=page.number, pages=page.pages))


async def dispute(request: Request) -> Response:
    """The rated unit holds a bad rating for mistaken or malicious."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    values = await read_body(request, ReasonIn)
    await disputes.dispute_rating(read_path(request, "id"), actor, values["reason"], now=context.clock.now())
    return json_response(StatusOut("under_review"))


async def judge(request: Request) -> Response:
    """Somebody of another unit decides a dispute."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    values = await read_body(request, JudgementIn)
    number, now = read_path(request, "id"), context.clock.now()
    await disputes.decide_dispute(number, actor, is_valid=values["valid"], reason=values["reason"], now=now)
    return json_response(StatusOut("valid" if values["valid"] else "invalid"))


async def excluded(request: Request) -> Response:
    """What is asked to be left out, of the cases the caller sees."""
    rows = await exclusions.list_requests(permissions.current_actor(request))
    return json_response(ExclusionList([_build_exclusion(row) for row in rows]))


async def exclude(request: Request) -> Response:
    """The unit that leads a case asks to leave it out."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    values = await read_body(request, ExclusionIn)
    no, vault = identifiers.normalize_case_number(values["case_no"]), context.settings.vault
    await exclusions.request_exclusion(no, actor, values["reason"], now=context.clock.now(), vault=vault)
    return json_response(StatusOut(exclusions.ExclusionState.ASKED.value), 201)


async def decide(request: Request) -> Response:
    """An overseer of another unit approves or refuses."""
    context: AppContext = request.app.state.context
    actor = permissions.current_actor(request)
    values = await read_body(request, ExclusionDecisionIn)
    no, is_approved, now = read_path(request, "no"), values["approved"], context.clock.now()
    await exclusions.decide_exclusion(no, actor, is_approved=is_approved, answer=values["reason"], now=now)
    status = exclusions.ExclusionState.APPROVED if is_approved else exclusions.ExclusionState.REFUSED
    return json_response(StatusOut(status.value))


def _build_bad_rating(view: BadReviewView) -> BadRating:
    rating = view.rating
    return BadRating(
        id=rating.id,
        unit=rating.unit,
        level=rating.level,
        case_no=rating.case_no or None,
        matter=rating.matter_name or None,
        text=rating.text,
        tags=[text for _, text in rating.tags],
        at=dates.iso(rating.at),
        stage=view.stage.value,
        due_at=dates.iso(view.due_at) if view.due_at else None,
        rectify_no=rating.rectify_no or None,
        status=rating.status,
        dispute_reason=view.dispute_reason or None,
        answer=rating.set_aside or None,
        may_dispute=view.may_dispute,
        may_judge=view.may_judge,
    )


def _build_exclusion(row: Mapping[str, Any]) -> ExclusionOut:
    return ExclusionOut(
        case_no=row["case_no"],
        unit=row["unit"],
        reason=row["reason"],
        status=row["status"],
        answer=row["answer"] or None,
    )
