"""Counters of ratings by level, written in the transaction of the rating and rebuilt from the ratings."""

from datetime import date
from typing import Any

from tortoise.expressions import F
from tortoise.functions import Count, Sum

from evaluation.disclosure import Levels
from evaluation.models import Rating, RatingCount
from evaluation.periods import Period
from evaluation.ratings.submission import FOLLOW_UP_NUMBER, RatingValidity
from feedback.kernel import db
from feedback.kernel.clock import office_day


async def add_to_counter(rating: Rating, difference: int) -> None:
    """Move the counter of first ratings. Make the row, then add: both databases do each step in one statement.

    Ratings of reports (检举控告) are in no counter, since counters are published.
    """
    if rating.number != 1 or rating.is_default or rating.confidential:
        return
    key = {"unit": rating.unit, "day": office_day(rating.at), "level": rating.level}
    await RatingCount.bulk_create([RatingCount(**key, n=0)], ignore_conflicts=True)
    await RatingCount.filter(**key).update(n=F("n") + difference)


async def rebuild_counters() -> int:
    """Make the counters anew from the ratings. Returns how many were wrong."""
    counts: dict[tuple[str, date, int], int] = {}
    async with db.transaction():
        await RatingCount.filter(n=0).delete()
        for unit, level, at in await _counted_ratings().values_list("unit", "level", "at"):
            key = (unit, office_day(at), level)
            counts[key] = counts.get(key, 0) + 1
        stored_counts = {(row.unit, row.day, row.level): row.n for row in await RatingCount.all()}
        wrong_keys = {key for key in {*counts, *stored_counts} if counts.get(key, 0) != stored_counts.get(key, 0)}
        for unit, day, level in sorted(wrong_keys):
            n = counts.get((unit, day, level), 0)
            await RatingCount.bulk_create([RatingCount(unit=unit, day=day, level=level, n=0)], ignore_conflicts=True)
            await RatingCount.filter(unit=unit, day=day, level=level).update(n=n)
    return len(wrong_keys)


def _counted_ratings() -> Any:
    return Rating.filter(number=1, is_default=False, confidential=False).exclude(status=RatingValidity.INVALID.value)


async def load_levels(period: Period) -> dict[str, Levels]:
    """Per unit: how many valid first ratings of each level the period brought."""
    rows = RatingCount.filter(day__gte=period.first_day, day__lte=period.last_day, n__gt=0)
    levels_by_unit: dict[str, dict[int, int]] = {}
    for row in await rows.annotate(total=Sum("n")).group_by("unit", "level").values("unit", "level", "total"):
        levels_by_unit.setdefault(row["unit"], {})[row["level"]] = int(row["total"])
    return {unit: Levels(counts) for unit, counts in levels_by_unit.items()}


async def count_follow_ups(period: Period) -> dict[str, int]:
    """Per unit: how many follow-ups (追加评价) the period brought."""
    rows = Rating.filter(number=FOLLOW_UP_NUMBER, confidential=False, at__gte=period.since, at__lt=period.until)
    rows = rows.exclude(status=RatingValidity.INVALID.value)
    return {row["unit"]: row["n"] for row in await rows.annotate(n=Count("id")).group_by("unit").values("unit", "n")}
