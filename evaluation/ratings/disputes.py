"""Does a bad rating stand? The rated unit may hold it for mistaken or malicious, somebody else decides.

An invalid rating stays stored and leaves the figures; the reason is shown to whoever gave it (国办发〔2019〕51号:
申诉复核, 排除误评和恶意差评). While a dispute is open the rating counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from evaluation.models import Edition, Rating
from evaluation.ratings import bad_reviews, counters
from evaluation.ratings import cases as case_ratings
from evaluation.ratings.bad_reviews import DISPUTE_DAYS, Loop, RectificationState
from evaluation.ratings.submission import RatingValidity, RatingView
from evaluation.scale import is_bad
from feedback.kernel import db
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Forbidden, Invalid, NotFound, NotNow
from feedback.queries import cases as case_queries
from feedback.record import calendar_editions
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.intake import clean_line
from feedback.rules.read_models import Page
from feedback.rules.vocabulary import Act, Role

REASON_MOST = 300


async def dispute(rating_id: str, actor: Actor, reason: str, *, now: datetime) -> None:
    """The rated unit holds a bad rating for mistaken or malicious (误评、恶意差评). It counts until judged otherwise.

    Raises NotFound, Invalid, or NotNow.
    """
    row = await Rating.get_or_none(Q(id=rating_id) & Q(unit=actor.unit) & case_ratings.seen_by(actor))
    if row is None or not access.has_role(actor, (Role.CLERK, Role.LEAD)):
        raise NotFound(rating=rating_id)
    if not is_bad(row.level):
        raise NotNow(code="not_a_bad_rating")
    if row.disputed_at is not None:
        raise NotNow(code="disputed_before")
    if now >= bad_reviews.due_at(DISPUTE_DAYS, row.at, await calendar_editions.load_current_calendar()):
        raise NotNow(code="dispute_lapsed")
    said = {"dispute_reason": _reason(reason), "disputed_by": actor.id, "disputed_at": now}
    await _judged(row, RatingValidity.VALID, RatingValidity.UNDER_REVIEW, said)


async def judge(rating_id: str, actor: Actor, *, is_valid: bool, reason: str, now: datetime) -> None:
    """A supervisor who does not belong to the rated unit decides a dispute; the reason is shown to the rater.

    Raises NotFound, Forbidden, Invalid, or NotNow.
    """
    row = await Rating.get_or_none(Q(id=rating_id) & case_ratings.seen_by(actor))
    if row is None:
        raise NotFound(rating=rating_id)
    if not access.has_role(actor, (Role.SUPERVISOR,)) or not actor.everywhere or actor.unit == row.unit:
        raise Forbidden(code="not_by_the_rated_unit")
    said = {"set_aside": _reason(reason), "judged_by": actor.id, "judged_at": now}
    await _judged(row, RatingValidity.UNDER_REVIEW, RatingValidity.VALID if is_valid else RatingValidity.INVALID, said)


def _reason(text: str) -> str:
    text = clean_line(text)
    if not text or len(text) > REASON_MOST:
        raise Invalid({"reason": "too_long" if text else "missing"})
    return text


async def _judged(row: Rating, before: RatingValidity, after: RatingValidity, said: Mapping[str, Any]) -> None:
    if row.status != before:
        raise NotNow(rating=row.id, status=row.status)
    change = {"status": after.value, **said}
    async with db.transaction():
        await db.compare_and_set(row, {"status": before.value}, change)
        if after is RatingValidity.INVALID:
            await counters.count(row, -1)


@dataclass(frozen=True, slots=True)
class LoopView:
    """A bad rating with its stage, how long that may last, and what the actor may do about it."""

    rating: RatingView
    stage: RectificationState
    due_at: datetime | None
    dispute_reason: str
    may_dispute: bool
    may_judge: bool


async def loops(actor: Actor, *, now: datetime, page: int = 1, size: int = 20) -> Page:
    """The bad ratings the actor sees, newest first, each with its stage."""
    found = await case_ratings.ratings_of(actor, bad_only=True, page=page, size=size)
    rows = {row.id: row for row in await Rating.filter(id__in=[view.id for view in found.items])}
    frozen = set(await Edition.filter(provisional=False).distinct().values_list("period", flat=True))
    items = [await _loop(view, rows[view.id], actor, now, frozen) for view in found.items]
    return Page(tuple(items), found.total, found.page, found.pages)


async def _loop(view: RatingView, row: Rating, actor: Actor, now: datetime, frozen: set[Any]) -> LoopView:
    brief = await case_queries.load_summary(row.rectify_no) if row.rectify_no else None
    entries = brief.entries if brief else ()
    outcomes = [str(entry.data.get("outcome", "")) for entry in entries if entry.act == Act.CALL_BACK]
    stage = bad_reviews.stage_of(
        Loop(
            standing=row.status,
            was_disputed=row.disputed_at is not None,
            acts=tuple(entry.act for entry in entries),
            status=brief.status.value if brief else "",
            outcome=outcomes[-1] if outcomes else "",
            is_published=f"{office_day(row.at):%Y-%m}" in frozen,
        )
    )
    calendar, days = await calendar_editions.load_current_calendar(), bad_reviews.ROW[stage].days
    began = row.disputed_at if stage is RectificationState.INVALID_PROPOSED else entries[-1].at if entries else row.at
    own = row.unit == actor.unit
    in_time = now < bad_reviews.due_at(DISPUTE_DAYS, row.at, calendar)
    open_ = row.status == RatingValidity.VALID and row.disputed_at is None and in_time
    return LoopView(
        view,
        stage,
        bad_reviews.due_at(days, began, calendar) if days is not None and began is not None else None,
        row.dispute_reason,
        may_dispute=own and open_ and access.has_role(actor, (Role.CLERK, Role.LEAD)),
        may_judge=not own
        and row.status == RatingValidity.UNDER_REVIEW
        and actor.everywhere
        and access.has_role(actor, (Role.SUPERVISOR,)),
    )
