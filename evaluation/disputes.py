"""Does a bad rating stand? The rated unit may hold it for mistaken or malicious, somebody else decides.

An invalid rating stays stored and leaves the figures; the reason is shown to whoever gave it (国办发〔2019〕51号:
申诉复核, 排除误评和恶意差评). While a dispute is open the rating counts.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tortoise.expressions import Q

from evaluation import ratings
from evaluation.indicators import is_bad
from evaluation.models import Rating
from evaluation.ratings import Standing
from feedback import access
from feedback.access import Actor
from feedback.intake import line
from feedback.kernel import db
from feedback.kernel.errors import Forbidden, Invalid, NotFound, NotNow
from feedback.lifecycle import Role

REASON_MOST = 300


async def dispute(rating_id: str, actor: Actor, reason: str, *, now: datetime) -> None:
    """The rated unit holds a bad rating for mistaken or malicious (误评、恶意差评). It counts until judged otherwise.

    Raises NotFound, Invalid, or NotNow.
    """
    row = await Rating.get_or_none(Q(id=rating_id) & Q(unit=actor.unit))
    if row is None or not access.has(actor, (Role.CLERK, Role.LEAD)):
        raise NotFound(rating=rating_id)
    if not is_bad(row.level):
        raise NotNow(code="not_a_bad_rating")
    said = {"dispute_reason": _reason(reason), "disputed_by": actor.id, "disputed_at": now}
    await _judged(row, Standing.VALID, Standing.UNDER_REVIEW, said)


async def judge(rating_id: str, actor: Actor, *, is_valid: bool, reason: str, now: datetime) -> None:
    """A supervisor who does not belong to the rated unit decides a dispute; the reason is shown to the rater.

    Raises NotFound, Forbidden, Invalid, or NotNow.
    """
    row = await Rating.get_or_none(id=rating_id)
    if row is None:
        raise NotFound(rating=rating_id)
    if not access.has(actor, (Role.SUPERVISOR,)) or not actor.everywhere or actor.unit == row.unit:
        raise Forbidden(code="not_by_the_rated_unit")
    said = {"set_aside": _reason(reason), "judged_by": actor.id, "judged_at": now}
    await _judged(row, Standing.UNDER_REVIEW, Standing.VALID if is_valid else Standing.INVALID, said)


def _reason(text: str) -> str:
    text = line(text)
    if not text or len(text) > REASON_MOST:
        raise Invalid({"reason": "too_long" if text else "missing"})
    return text


async def _judged(row: Rating, before: Standing, after: Standing, said: Mapping[str, Any]) -> None:
    if row.status != before:
        raise NotNow(rating=row.id, status=row.status)
    change = {"status": after.value, **said}
    async with db.transaction():
        await db.compare_and_set(row, {"status": before.value}, change)
        if after is Standing.INVALID:
            await ratings.count(row, -1)
