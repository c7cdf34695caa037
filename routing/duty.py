"""The roster (值班表): who is on duty in which unit, from when until when. Urgent matters are told to whoever is now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback.kernel import db
from routing.models import DutySpan


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody's turn, from `since` up to `until`. `staff` is the account, "" for who has none."""

    unit: str
    name: str
    since: datetime
    until: datetime
    staff: str = ""
    phone: str = ""


async def store_roster(duties: Sequence[Duty]) -> int:
    """Take in turns; one of the same unit, name and beginning is replaced. Returns how many there are in the file."""
    async with db.transaction():
        for duty in duties:
            await DutySpan.update_or_create(
                unit=duty.unit,
                name=duty.name,
                since=duty.since,
                defaults={"until": duty.until, "staff": duty.staff, "phone": duty.phone},
            )
    return len(duties)


async def list_on_duty(now: datetime) -> list[Duty]:
    """Whose turn it is now, by unit and name."""
    rows = DutySpan.filter(since__lte=now, until__gt=now).order_by("unit", "name")
    return [Duty(row.unit, row.name, row.since, row.until, row.staff, row.phone) for row in await rows]


async def has_roster() -> bool:
    """Whether a roster is kept at all: where none is, that nobody is on duty says nothing."""
    return await DutySpan.exists()
