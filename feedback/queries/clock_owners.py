"""Whose clock it is: a running duty lights only the unit it binds. Used by board, lists, digests and the overdue page.

A unit's own clock is its own, whoever leads the case. The citizen's clock names no unit: it counts with whoever leads the
case, and with the desk where the case lies while nobody leads it.
"""

from datetime import datetime

from tortoise.expressions import Q, RawSQL
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from feedback.record.models.clocks import ClockRow
from feedback.rules.terms import RIGHTS

OWNER = RawSQL(
    """COALESCE(NULLIF("feedback_clock"."unit", ''), NULLIF("feedback_clock__case"."unit", ''), "feedback_clock__case"."desk")"""
)
"""The unit a clock is counted with, as a column of a query over clocks."""


def owned_by(unit: str) -> Q:
    """The condition that a clock is counted with this unit."""
    return Q(unit=unit) | Q(unit="", case__unit=unit) | Q(unit="", case__unit="", case__desk=unit)


def running_duties() -> QuerySet[ClockRow]:
    """The clocks that run and bind somebody; rights that may lapse make nobody late."""
    return ClockRow.filter(stopped_at__isnull=True).exclude(term__in=sorted(RIGHTS))


async def count_by_owner(duties: QuerySet[ClockRow], now: datetime) -> list[dict[str, int | str]]:
    """Per unit: the cases whose worst clock of that unit is red, amber or green. A case may stand with two units.

    `duties` must be narrowed by some column of their cases: only then does the query join the table `OWNER` looks into.
    """
    counted = duties.annotate(
        owner=OWNER,
        red=Count("case_id", distinct=True, _filter=Q(due_at__lte=now)),
        lit=Count("case_id", distinct=True, _filter=Q(due_at__lte=now) | Q(warn_at__lte=now)),
        running=Count("case_id", distinct=True),
    )
    rows = await counted.group_by("owner").values("owner", "red", "lit", "running")
    return [
        {
            "unit": row["owner"],
            "red": row["red"],
            "amber": row["lit"] - row["red"],
            "green": row["running"] - row["lit"],
        }
        for row in rows
    ]
