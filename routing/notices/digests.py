"""Daily digest for each unit: what is late, due today, nearly due and newly assigned.

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
from routing.notices.delivery import DeliveryPolicy, PlannedNotice, store_notices
from routing.notices.delivery_hours import Priority, last_digest_time, next_open_moment

EVENT = "digest"
_FIRST_SPAN = timedelta(days=1)


async def request_digest(policy: DeliveryPolicy, now: datetime) -> bool:
    """Timer: see that this morning's digest is made. Returns whether it was asked for just now."""
    calendar = await calendar_editions.load_current_calendar()
    at = last_digest_time(now, calendar, policy.staff)
    key = office_day(at).isoformat()
    if next_open_moment(now, calendar, policy.staff) != now:
        return False  # nobody is there to read it: the next working morning tells all of it
    if await outbox.Message.exists(kind="notice.digest", key=key):
        return False
    try:
        async with db.transaction():
            await outbox.put("notice.digest", key, {"day": key}, at)
    except IntegrityError:
        return False
    return True


async def create_digests(payload: Mapping[str, Any], now: datetime, *, policy: DeliveryPolicy) -> None:
    """Handler: one notice for each unit that has something to hear."""
    day = str(payload["day"])
    newest = await Notice.filter(event=EVENT).exclude(key__endswith=day).order_by("-made_at").first()
    since = newest.made_at if newest else now - _FIRST_SPAN
    loads = await case_statistics.count_unit_loads(now, since, office_day(now))
    pending = await _list_pending()
    notices = [_unit_digest(unit, load, day) for unit, load in loads.items()]
    notices += [_overseer_digest(unit, rows, day) for (unit, for_overseers), rows in pending.items() if for_overseers]
    await store_notices([notice for notice in notices if notice.words], policy, now)
    await _link_notices(pending, day)


async def _list_pending() -> dict[tuple[str, bool], list[int]]:
    """The notices that wait for a digest, by unit and by whether overseers are meant."""
    groups: dict[tuple[str, bool], list[int]] = {}
    notices = Notice.filter(push=Priority.DIGEST.value, digest__isnull=True, state=Delivery.QUEUED.value)
    for row in await notices.values("id", "unit", "audience"):
        groups.setdefault((row["unit"], row["audience"] == Audience.OVERSEER), []).append(row["id"])
    return groups


async def _link_notices(pending: Mapping[tuple[str, bool], Sequence[int]], day: str) -> None:
    """Note in which digest each waiting notice was told; what has none waits for the next morning."""
    digest_rows = {
        (row["unit"], row["audience"] == Audience.OVERSEER): row
        for row in await Notice.filter(key__endswith=f":{day}", event=EVENT).values("id", "unit", "audience", "made_at")
    }
    for recipient, ids in pending.items():
        if row := digest_rows.get(recipient):
            for offset in range(0, len(ids), 500):
                batch = Notice.filter(id__in=list(ids[offset : offset + 500]), digest__isnull=True)
                await batch.update(digest=row["id"], sent_at=row["made_at"], state=Delivery.SENT.value)


_PARTS = (("late", "超期"), ("today", "今天到期"), ("amber", "临期"), ("new", "新派"))


def _unit_digest(unit: str, load: Mapping[str, int], day: str) -> PlannedNotice:
    summary = "、".join(f"{words} {load[name]} 件" for name, words in _PARTS if load.get(name))
    words = f"今日提醒：{summary}，请安排办理。" if summary else ""
    return PlannedNotice(
        f"{EVENT}:{Audience.UNIT}:{unit}:{day}", "", EVENT, Audience.UNIT, unit, words, Priority.WORKING
    )


def _overseer_digest(unit: str, rows: Sequence[int], day: str) -> PlannedNotice:
    words = f"督办汇总：有 {len(rows)} 条超期提醒，点开查看各件。"
    key = f"{EVENT}:{Audience.OVERSEER}:{unit}:{day}"
    return PlannedNotice(key, "", EVENT, Audience.OVERSEER, unit, words, Priority.WORKING)
