"""Who rated what, and how? Five-level ratings of cases and of services, one and one follow-up each.

A case is rated through the one door: the act RATE carries `record` into its transaction. A service at a window or
online has no case and is rated by `rate_service`. Counters are written in the transaction of the rating and can be
rebuilt from the ratings. Whoever works here does not rate.
"""

from datetime import date
from typing import Any

from tortoise.expressions import F
from tortoise.functions import Count, Sum

from evaluation.disclosure import Levels
from evaluation.models import Rating, RatingCount
from evaluation.periods import Period
from evaluation.ratings.submission import FOLLOW_UP, RatingValidity
from feedback.kernel import db
from feedback.kernel.clock import office_day


async def count(rating: Rating, by: int) -> None:
    """Move the counter of first ratings. Make the row, then add: both databases do each step in one statement.

    Ratings of reports (检举控告) are in no counter, since counters are published.
    """
    if rating.number != 1 or rating.is_default or rating.confidential:
        return
    key = {"unit": rating.unit, "day": office_day(rating.at), "level": rating.level}
    await RatingCount.bulk_create([RatingCount(**key, n=0)], ignore_conflicts=True)
    await RatingCount.filter(**key).update(n=F("n") + by)


async def recount() -> int:
    """Make the counters anew from the ratings. Returns how many were wrong."""
    true: dict[tuple[str, date, int], int] = {}
    async with db.transaction():
        await RatingCount.filter(n=0).delete()
        for unit, level, at in await _counting().values_list("unit", "level", "at"):
            key = (unit, office_day(at), level)
            true[key] = true.get(key, 0) + 1
        kept = {(row.unit, row.day, row.level): row.n for row in await RatingCount.all()}
        wrong = {key for key in {*true, *kept} if true.get(key, 0) != kept.get(key, 0)}
        for unit, day, level in sorted(wrong):
            n = true.get((unit, day, level), 0)
            await RatingCount.bulk_create([RatingCount(unit=unit, day=day, level=level, n=0)], ignore_conflicts=True)
            await RatingCount.filter(unit=unit, day=day, level=level).update(n=n)
    return len(wrong)


def _counting() -> Any:
    return Rating.filter(number=1, is_default=False, confidential=False).exclude(status=RatingValidity.INVALID.value)


async def levels_in(period: Period) -> dict[str, Levels]:
    """Per unit: how many valid first ratings of each level the period brought."""
    rows = RatingCount.filter(day__gte=period.first_day, day__lte=period.last_day, n__gt=0)
    found: dict[str, dict[int, int]] = {}
    for row in await rows.annotate(total=Sum("n")).group_by("unit", "level").values("unit", "level", "total"):
        found.setdefault(row["unit"], {})[row["level"]] = int(row["total"])
    return {unit: Levels(counts) for unit, counts in found.items()}


async def follow_ups_in(period: Period) -> dict[str, int]:
    """Per unit: how many follow-ups (追加评价) the period brought."""
    rows = Rating.filter(number=FOLLOW_UP, confidential=False, at__gte=period.since, at__lt=period.until)
    rows = rows.exclude(status=RatingValidity.INVALID.value)
    return {r["unit"]: r["n"] for r in await rows.annotate(n=Count("id")).group_by("unit").values("unit", "n")}
