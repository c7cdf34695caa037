"""Closing a unit that was merged or dissolved (分立、合并、撤销): its successor takes its place in the directory."""

from datetime import datetime

from feedback.kernel import db
from feedback.kernel.errors import Invalid
from routing.models import DirectoryEdition, RoutingRow, Staff, Unit


async def close_unit(code: str, successor: str, *, author: str, now: datetime) -> None:
    """Let nothing new reach a unit: its routing rows name the successor, and what stood below it stands below that.

    Once closed, the same again changes nothing. Raises Invalid for units that are not there, or are one.
    """
    unit, heir = await Unit.get_or_none(code=code), await Unit.get_or_none(code=successor, closed_at__isnull=True)
    faults = {name: "unknown_unit" for name, row in (("unit", unit), ("successor", heir)) if row is None}
    if faults or unit is None or heir is None:
        raise Invalid(faults)
    if code == successor:
        raise Invalid({"successor": "not_its_own_successor"})
    if unit.closed_at is not None:
        if unit.successor != successor:
            raise Invalid({"successor": "another_successor"})
        return
    async with db.transaction():
        await DirectoryEdition.create(made_at=now, made_by=author, remark=f"unit {code} closed, {successor} succeeds")
        await Unit.filter(code=code).update(closed_at=now, successor=successor)
        await Unit.filter(parent=code).exclude(code=successor).update(parent=successor)
        await Unit.filter(code=successor, parent=code).update(parent=unit.parent)
        await _rename_in_rows(code, successor, author, now)


async def _rename_in_rows(code: str, successor: str, author: str, now: datetime) -> None:
    """The rows that name the unit, anew with its successor; the old ones stay, inactive."""
    for row in await RoutingRow.filter(active=True).order_by("id"):
        if code not in (row.lead, *row.co):
            continue
        lead = successor if row.lead == code else row.lead
        co = [unit for unit in dict.fromkeys(successor if unit == code else unit for unit in row.co) if unit != lead]
        await RoutingRow.filter(id=row.id).update(active=False)
        await RoutingRow.create(
            category=row.category,
            kind=row.kind,
            region=row.region,
            lead=lead,
            co=co,
            reason=row.reason,
            author=author,
            made_at=now,
        )


async def move_posts(code: str, successor: str, *, is_ended: bool) -> int:
    """Let the people of a closed unit go on in its successor, or end their posts. Returns how many there were."""
    posts = Staff.filter(unit=code, active=True)
    return int(await (posts.update(active=False) if is_ended else posts.update(unit=successor)))
