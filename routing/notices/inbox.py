"""The inbox of a unit: its notices, and which of them were read.

Each person sees what is sent to their roles and only of cases they may know of; a read mark is the unit's, with the name of
whoever made it. Counts hold what the list holds.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import F, Subquery
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from feedback.kernel.errors import NotFound, NotNow
from feedback.kernel.paging import Page, select_range
from feedback.queries import cases as case_queries
from feedback.queries.own_cases import own_cases_query
from feedback.rules.access import Actor
from feedback.rules.own_cases import PhoneHolder
from routing.models import Notice
from routing.notices.catalogue import Audience, Delivery, DeliveryChannel
from routing.notices.delivery import OUTSIDE_AUDIENCES, ROLES
from routing.notices.delivery_hours import Priority

COUNTED_DAYS = 30
COUNT_MOST = 99
_LOOKED = 500
_LOOKS = 10
_COLUMNS = (
    "id",
    "key",
    "case_no",
    "event",
    "audience",
    "words",
    "made_at",
    "read_at",
    "read_by",
    "confidential",
    "push",
)


def _addressed_notices(actor: Actor) -> QuerySet[Notice]:
    """What is sent to the actor's roles in their unit."""
    audiences = [audience.value for audience, roles in ROLES.items() if actor.roles & roles]
    return Notice.filter(unit=actor.unit, audience__in=audiences).exclude(unit="")


async def _filter_visible(actor: Actor, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those the actor may know of, each with whether its case can be opened."""
    open_nos = await case_queries.filter_visible(actor, (row["case_no"] for row in rows if row["case_no"]))
    outside_nos = {
        row["case_no"] for row in rows if Audience(row["audience"]) in OUTSIDE_AUDIENCES and not row["confidential"]
    } - open_nos
    barred_nos = await case_queries.filter_barred(actor, outside_nos)
    visible_rows = []
    for row in rows:
        row["opens"] = row["case_no"] in open_nos
        is_outside = Audience(row["audience"]) in OUTSIDE_AUDIENCES and row["case_no"] in outside_nos - barred_nos
        if not row["case_no"] or row["opens"] or is_outside:
            visible_rows.append(row)
    return visible_rows


async def list_notices(actor: Actor, *, most: int = 100) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The unread and the read notices, newest first. What is told in a digest stands in the digest."""
    notices = _addressed_notices(actor).exclude(push=Priority.DIGEST.value).order_by("-made_at", "-id").limit(most)
    unread_rows = await notices.filter(read_at__isnull=True).values(*_COLUMNS)
    read_rows = await notices.filter(read_at__isnull=False).values(*_COLUMNS)
    return await _filter_visible(actor, list(unread_rows)), await _filter_visible(actor, list(read_rows))


async def count_unread(actor: Actor, now: datetime) -> int:
    """How many of the last month are unread; counted up to a hundred."""
    if not actor.unit:
        return 0
    notices = _addressed_notices(actor).filter(read_at__isnull=True, made_at__gte=now - timedelta(days=COUNTED_DAYS))
    rows = (
        await notices.exclude(push=Priority.DIGEST.value).order_by("-made_at").limit(COUNT_MOST + 1).values(*_COLUMNS)
    )
    return len(await _filter_visible(actor, list(rows)))


async def mark_read(actor: Actor, ids: Iterable[int] | None, now: datetime) -> int:
    """Mark notices read (all that are listed when `ids` is None). Returns how many were unread."""
    unread_ids = {row["id"] for row in (await list_notices(actor))[0]}
    marked_ids = unread_ids if ids is None else unread_ids & set(ids)
    if not marked_ids:
        return 0
    columns = {"read_at": now, "read_by": actor.id}
    await Notice.filter(digest__in=sorted(marked_ids), read_at__isnull=True).update(**columns)  # a digest's own lines
    return await Notice.filter(id__in=sorted(marked_ids), read_at__isnull=True).update(**columns)


async def mark_read_before(until: datetime) -> int:
    """Mark as read what was told before a moment, as if each unit had read it on the day: for a history that is made.

    Returns how many were unread.
    """
    notices = Notice.filter(read_at__isnull=True, made_at__lt=until).exclude(unit="")
    return await notices.update(read_at=F("made_at"))


async def load_digest(actor: Actor, notice_id: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A digest and the notices it stands for.

    Raises NotFound, also for another unit's.
    """
    rows = await _addressed_notices(actor).filter(id=notice_id, event="digest").values(*_COLUMNS)
    if not rows:
        raise NotFound(notice=notice_id)
    notices = await _addressed_notices(actor).filter(digest=notice_id).order_by("made_at", "id").values(*_COLUMNS)
    return {**rows[0], "opens": False}, await _filter_visible(actor, list(notices))


async def list_clock_notices(clocks: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """Who was told of each clock, and when: for whoever may see the clocks' cases."""
    columns = (
        "clock",
        "audience",
        "unit",
        "stage",
        "made_at",
        "sent_at",
        "read_at",
        "read_by",
        "error",
        "push",
        "channel",
    )
    notices_by_clock: dict[int, list[dict[str, Any]]] = {}
    for row in await Notice.filter(clock__in=list(clocks)).order_by("made_at", "id").values(*columns):
        notices_by_clock.setdefault(row["clock"], []).append(row)
    return notices_by_clock


async def list_undelivered(limit: int = 50) -> list[dict[str, Any]]:
    """Notices that could not leave the installation, for supervisors."""
    rows = Notice.filter(error__gt="").order_by("-id").limit(limit)  # not `<>`, which no index answers
    return list(await rows.values("id", "case_no", "words", "error"))


def _untold(now: datetime) -> QuerySet[Notice]:
    """The notices of the last month that reached no citizen, for want of a channel or because it was refused."""
    states = [Delivery.NO_CHANNEL.value, Delivery.FAILED.value]
    since = now - timedelta(days=COUNTED_DAYS)
    return Notice.filter(audience=Audience.CITIZEN.value, state__in=states, made_at__gte=since)


async def untold_count(now: datetime, actor: Actor | None = None) -> int:
    """Of how many cases the citizen was not told something in the last month.

    With `actor` of the cases they see, without of all but reports (检举控告).
    """
    if actor is not None:
        return await case_queries.count_seen(actor, _untold(now))
    counted = _untold(now).filter(confidential=False).annotate(n=Count("case_no", distinct=True))
    return int((await counted.values("n"))[0]["n"])


async def untold(actor: Actor, now: datetime, most: int) -> list[dict[str, Any]]:
    """What citizens were not told in the last month, of the cases the actor sees, newest first.

    Rows of id, case_no, event, words, made_at, state, error. At most `most`, out of the newest few thousand.
    """
    unsent: list[dict[str, Any]] = []
    rows = _untold(now).order_by("-id").limit(_LOOKED)
    for _ in range(_LOOKS):
        batch = await rows.values("id", "case_no", "event", "words", "made_at", "state", "error")
        seen = await case_queries.filter_visible(actor, {row["case_no"] for row in batch})
        unsent += [row for row in batch if row["case_no"] in seen]
        if len(unsent) >= most or len(batch) < _LOOKED:
            break
        rows = _untold(now).filter(id__lt=batch[-1]["id"]).order_by("-id").limit(_LOOKED)
    return unsent[:most]


async def record_phone_call(actor: Actor, notice_id: int, now: datetime) -> None:
    """Somebody of the staff called the citizen and told them what no channel carried: who, and when.

    Raises NotFound for a notice of a case the actor may not see, NotNow when it was told meanwhile.
    """
    notice = await Notice.filter(id=notice_id, audience=Audience.CITIZEN.value).first()
    if notice is None or not await case_queries.filter_visible(actor, [notice.case_no]):
        raise NotFound(notice=notice_id)
    by_phone = {"state": Delivery.SENT.value, "channel": DeliveryChannel.PHONE.value}
    if not await _untold(now).filter(id=notice_id).update(**by_phone, sent_at=now, informed_by=actor.id, error=""):
        raise NotNow(notice=notice_id)


async def forget_recipients(before: datetime, limit: int = 2000) -> int:
    """Cut the tie between old notices and the telephones they went to, so that no list of a person outlives them.

    Returns how many were cut; at most so many at once.
    """
    rows = Notice.filter(made_at__lt=before).exclude(recipient="").order_by("id").limit(limit)
    ids = await rows.values_list("id", flat=True)
    return await Notice.filter(id__in=list(ids)).update(recipient="", params=None) if ids else 0


async def list_own_notices(holder: PhoneHolder, page: int = 1, size: int = 20) -> Page[dict[str, Any]]:
    """What a citizen was told of the cases they may open, newest first: words, case_no, made_at, state, channel."""
    own = own_cases_query(holder).values("no")
    rows = Notice.filter(audience=Audience.CITIZEN.value, case_no__in=Subquery(own))
    page_range = select_range(await rows.count(), page, size)
    columns = ("case_no", "words", "made_at", "state", "channel")
    values = rows.order_by("-made_at", "-id").offset(page_range.start).limit(page_range.size).values(*columns)
    return page_range.page_of(await values)
