"""Disputes about bad ratings: the rated unit objects (mistaken or malicious), somebody else decides.

An invalid rating stays stored and leaves the figures; the reason is shown to whoever gave it (国办发〔2019〕51号:
申诉复核, 排除误评和恶意差评). While a dispute is open the rating counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from evaluation.models import Edition, Rating
from evaluation.ratings import bad_reviews, counters, rating_access
from evaluation.ratings import cases as case_ratings
from evaluation.ratings.bad_reviews import DISPUTE_DAYS, RectificationFacts, RectificationState
from evaluation.ratings.submission import RatingValidity, RatingView, clean_reason
from evaluation.scale import is_bad
from feedback.kernel import db
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Forbidden, NotFound, NotNow
from feedback.kernel.paging import Page
from feedback.queries import cases as case_queries
from feedback.record import calendar_editions, cases
from feedback.record.cases import RecordedAct
from feedback.rules.access import SYSTEM, Actor
from feedback.rules.vocabulary import Act


async def dispute_rating(rating_id: str, actor: Actor, reason: str, *, now: datetime) -> None:
    """The rated unit holds a bad rating for mistaken or malicious (误评、恶意差评). It counts until judged otherwise.

    Raises NotFound, Invalid, or NotNow.
    """
    row = await Rating.get_or_none(Q(id=rating_id) & case_ratings.visible_ratings(actor))
    if row is None or not rating_access.may_speak_for(actor, row.unit):
        raise NotFound(rating=rating_id)
    if not is_bad(row.level):
        raise NotNow(code="not_a_bad_rating")
    if row.disputed_at is not None:
        raise NotNow(code="disputed_before")
    if now >= bad_reviews.compute_due_at(DISPUTE_DAYS, row.at, await calendar_editions.load_current_calendar()):
        raise NotNow(code="dispute_lapsed")
    columns = {"dispute_reason": clean_reason(reason), "disputed_by": actor.id, "disputed_at": now}
    await _change_validity(row, RatingValidity.VALID, RatingValidity.UNDER_REVIEW, columns)


async def decide_dispute(rating_id: str, actor: Actor, *, is_valid: bool, reason: str, now: datetime) -> None:
    """A supervisor who does not belong to the rated unit decides a dispute; the reason is shown to the rater.

    The file that rectifies an invalid rating ends with it, and leaves the figures.

    Raises NotFound, Forbidden, Invalid, or NotNow.
    """
    row = await Rating.get_or_none(Q(id=rating_id) & case_ratings.visible_ratings(actor))
    if row is None:
        raise NotFound(rating=rating_id)
    if not rating_access.may_decide_dispute(actor, row.unit):
        raise Forbidden(code="not_by_the_rated_unit")
    columns = {"set_aside": clean_reason(reason), "judged_by": actor.id, "judged_at": now}
    after = RatingValidity.VALID if is_valid else RatingValidity.INVALID
    if is_valid or not row.rectify_no:
        await _change_validity(row, RatingValidity.UNDER_REVIEW, after, columns)
        return

    async def judge(_: RecordedAct) -> None:
        await _store_validity(row, RatingValidity.UNDER_REVIEW, after, columns)

    why = {"reason": f"差评经复核认定无效：{columns['set_aside']}"}
    await cases.act(row.rectify_no, Act.WITHDRAW, SYSTEM, why, now=now, in_transaction=judge)


async def find_invalid(nos: Sequence[str]) -> frozenset[tuple[str, int]]:
    """The ratings of these cases that were judged invalid: case number and entry."""
    rows = Rating.filter(status=RatingValidity.INVALID.value, case_no__in=list(nos))
    return frozenset((str(no), int(seq)) for no, seq in await rows.values_list("case_no", "seq"))


async def _change_validity(
    row: Rating, before: RatingValidity, after: RatingValidity, columns: Mapping[str, Any]
) -> None:
    async with db.transaction():
        await _store_validity(row, before, after, columns)


async def _store_validity(
    row: Rating, before: RatingValidity, after: RatingValidity, columns: Mapping[str, Any]
) -> None:
    """The change, inside a transaction."""
    if row.status != before:
        raise NotNow(rating=row.id, status=row.status)
    await db.compare_and_set(row, {"status": before.value}, {"status": after.value, **columns})
    if after is RatingValidity.INVALID:
        await counters.add_to_counter(row, -1)


@dataclass(frozen=True, slots=True)
class BadReviewView:
    """A bad rating with its stage, how long that may last, and what the actor may do about it."""

    rating: RatingView
    stage: RectificationState
    due_at: datetime | None
    dispute_reason: str
    may_dispute: bool
    may_judge: bool


async def list_bad_reviews(actor: Actor, *, now: datetime, page: int = 1, size: int = 20) -> Page[BadReviewView]:
    """The bad ratings the actor sees, newest first, each with its stage."""
    ratings = await case_ratings.list_ratings(actor, bad_only=True, page=page, size=size)
    rows = {row.id: row for row in await Rating.filter(id__in=[view.id for view in ratings.items])}
    published_months = set(await Edition.filter(provisional=False).distinct().values_list("period", flat=True))
    items = [await _to_bad_review(view, rows[view.id], actor, now, published_months) for view in ratings.items]
    return Page(tuple(items), ratings.total, ratings.number, ratings.pages)


async def _to_bad_review(
    view: RatingView, row: Rating, actor: Actor, now: datetime, published_months: set[Any]
) -> BadReviewView:
    summary = await case_queries.load_summary(row.rectify_no) if row.rectify_no else None
    entries = summary.entries if summary else ()
    outcomes = [str(entry.data.get("outcome", "")) for entry in entries if entry.act == Act.CALL_BACK]
    stage = bad_reviews.compute_state(
        RectificationFacts(
            standing=row.status,
            was_disputed=row.disputed_at is not None,
            acts=tuple(entry.act for entry in entries),
            status=summary.status.value if summary else "",
            outcome=outcomes[-1] if outcomes else "",
            is_published=f"{office_day(row.at):%Y-%m}" in published_months,
        )
    )
    calendar, days = await calendar_editions.load_current_calendar(), bad_reviews.STAGE_BY_STATE[stage].days
    since = row.disputed_at if stage is RectificationState.INVALID_PROPOSED else entries[-1].at if entries else row.at
    in_time = now < bad_reviews.compute_due_at(DISPUTE_DAYS, row.at, calendar)
    is_open = row.status == RatingValidity.VALID and row.disputed_at is None and in_time
    return BadReviewView(
        view,
        stage,
        bad_reviews.compute_due_at(days, since, calendar) if days is not None and since is not None else None,
        row.dispute_reason,
        may_dispute=is_open and rating_access.may_speak_for(actor, row.unit),
        may_judge=row.status == RatingValidity.UNDER_REVIEW and rating_access.may_decide_dispute(actor, row.unit),
    )
