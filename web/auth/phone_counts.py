"""Counting what may be done so and so often in a span of time, in the database and by one conditional statement each.

A hundred at once are no more than the limit, whatever the number of processes, and Redis is not needed for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from feedback.kernel import db
from feedback.kernel.errors import Refusal
from web.auth.models import PhoneCount
from web.context import AppContext


class TooOften(Refusal):
    """It was done as often as may be within the span; the details hold the seconds to wait."""

    code = "too_many"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many within a span, which begins with the first of them."""

    name: str
    most: int
    span: timedelta


async def count(context: AppContext, limit: Limit, subject: str) -> int:
    """Count one more of `subject`. Returns 0 when there was room, else the seconds until there is again."""
    now = context.clock.now()
    key = context.settings.vault.keyed_hash("phone-count", f"{limit.name} {subject}")
    rows = PhoneCount.filter(key=key)
    if await rows.filter(until__gt=now, count__lt=limit.most).update(count=F("count") + 1):
        return 0
    if await rows.filter(until__lte=now).update(count=1, until=now + limit.span):
        return 0
    try:
        async with db.transaction():  # PostgreSQL gives up the transaction in which an insert fails
            await PhoneCount.create(key=key, count=1, until=now + limit.span)
    except IntegrityError:  # full, or made a moment ago by another
        if await rows.filter(until__gt=now, count__lt=limit.most).update(count=F("count") + 1):
            return 0
        row = await rows.first()
        return max(1, int((row.until - now).total_seconds())) if row else 1
    return 0


async def forget(context: AppContext, limit: Limit, subject: str) -> None:
    """Begin anew for `subject`."""
    key = context.settings.vault.keyed_hash("phone-count", f"{limit.name} {subject}")
    await PhoneCount.filter(key=key).delete()


async def delete_old(now: datetime, limit: int = 1000) -> int:
    """Delete counts of spans that are over. Returns how many: 0 when none is left."""
    rows = PhoneCount.filter(until__lt=now)
    keys = list(await rows.limit(limit).values_list("key", flat=True))
    return await PhoneCount.filter(key__in=keys).delete() if keys else 0
