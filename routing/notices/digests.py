"""What does a unit hear every working morning? Its digest: what is late, due today, nearly due and newly assigned.

One per unit and day, however often the job runs. Reports (检举控告) are never part of a digest or its figures.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tortoise.exceptions import IntegrityError

from feedback.kernel import db, outbox
from feedback.kernel.clock import office_day
from feedback.queries import statistics as case_statistics
from feedback.record import calendar_editions
from routing.models import Notice
from routing.notices.catalogue import Audience, Delivery
from routing.notices.delivery import DeliveryPolicy, PlannedNotice, keep
from routing.notices.delivery_hours import Priority, last_digest, next_moment

EVENT = "digest"
_FIRST = timedelta(days=1)


async def ask(manner: DeliveryPolicy, now: datetime) -> bool:
    """Timer: see that this morning's digest is made. Returns whether it was asked for just now."""
    calendar = await calendar_editions.current()
    at = last_digest(now, calendar, manner.staff)
    key = office_day(at).isoformat()
    if next_moment(now, calendar, manner.staff) != now:
        return False  # nobody is there to read it: the next working morning tells all of it
    if await outbox.Message.exists(kind="notice.digest", key=key):
        return False
    try:
        async with db.transaction():
            await outbox.put("notice.digest", key, {"day": key}, at)
    except IntegrityError:
        return False
    return True


async def make(payload: Mapping[str, Any], now: datetime, *, manner: DeliveryPolicy) -> None:
    """Handler: one notice for each unit that has something to hear."""
    day = str(payload["day"])
    newest = await Notice.filter(event=EVENT).exclude(key__endswith=day).order_by("-made_at").first()
    since = newest.made_at if newest else now - _FIRST
    loads = await case_statistics.unit_loads(now, since, office_day(now))
    pending = await _pending()
    planned = [_of_unit(unit, load, day) for unit, load in loads.items()]
    planned += [_of_overseers(unit, rows, day) for (unit, whose), rows in pending.items() if whose]
    await keep([each for each in planned if each.words], manner, now)
    await _gather(pending, day)


async def _pending() -> dict[tuple[str, bool], list[int]]:
    """The notices that wait for a digest, by unit and by whether overseers are meant."""
    found: dict[tuple[str, bool], list[int]] = {}
    waiting = Notice.filter(push=Priority.DIGEST.value, digest__isnull=True, state=Delivery.QUEUED.value)
    for row in await waiting.values("id", "unit", "audience"):
        found.setdefault((row["unit"], row["audience"] == Audience.OVERSEER), []).append(row["id"])
    return found


async def _gather(pending: Mapping[tuple[str, bool], Sequence[int]], day: str) -> None:
    """Note in which digest each waiting notice was told; what has none waits for the next morning."""
    made = {
        (row["unit"], row["audience"] == Audience.OVERSEER): row
        for row in await Notice.filter(key__endswith=f":{day}", event=EVENT).values("id", "unit", "audience", "made_at")
    }
    for whose, ids in pending.items():
        if row := made.get(whose):
            for at in range(0, len(ids), 500):
                part = Notice.filter(id__in=list(ids[at : at + 500]), digest__isnull=True)
                await part.update(digest=row["id"], sent_at=row["made_at"], state=Delivery.SENT.value)


_PARTS = (("late", "超期"), ("today", "今天到期"), ("amber", "临期"), ("new", "新派"))


def _of_unit(unit: str, load: Mapping[str, int], day: str) -> PlannedNotice:
    said = "、".join(f"{words} {load[name]} 件" for name, words in _PARTS if load.get(name))
    words = f"今日提醒：{said}，请安排办理。" if said else ""
    return PlannedNotice(
        f"{EVENT}:{Audience.UNIT}:{unit}:{day}", "", EVENT, Audience.UNIT, unit, words, Priority.WORKING
    )


def _of_overseers(unit: str, rows: Sequence[int], day: str) -> PlannedNotice:
    words = f"督办汇总：有 {len(rows)} 条超期提醒，点开查看各件。"
    key = f"{EVENT}:{Audience.OVERSEER}:{unit}:{day}"
    return PlannedNotice(key, "", EVENT, Audience.OVERSEER, unit, words, Priority.WORKING)
