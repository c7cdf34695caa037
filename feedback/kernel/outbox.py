"""The transactional outbox: messages that must still be handled after a change was stored.

A message is written in the transaction of its fact. This table is the queue of record in both shapes of the
system: the worker inside drains it, arq workers only receive its ids. Handlers may run twice, or a day late.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

import structlog
from tortoise import fields
from tortoise.expressions import F, Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from feedback.kernel import db
from feedback.kernel.clock import monotonic
from feedback.kernel.errors import Conflict, NotNow

Handler = Callable[[dict[str, Any], datetime], Awaitable[None]]

LEASE = timedelta(seconds=60)
BACK_OFF = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
BATCH_SIZE = 20
LEASE_SAFE_SECONDS = 10  # how long a few messages may take under one lease before the rest is given back
HANDLER_SECONDS = 45
"""How long the handlers of one message may take: less than a lease, so that nobody begins it a second time."""

OLDEST_SHARE = 4
"""One of so many places in a batch belongs to the messages that wait longest, whatever their priority."""

ALERT_AFTER_ATTEMPTS = 3
"""A message that failed this often shows on the supervisor's page."""

_IS_NEW = timedelta(days=1)
# `done_at` is null in all that are open; PostgreSQL takes the order from the index only if it is named.
_BY_AGE = ("done_at", "run_at", "id")
_BY_PRIORITY = ("done_at", "priority", "run_at", "id")
_log = structlog.get_logger("outbox")


class MessagePriority(IntEnum):
    """What is carried out first, the smallest number before the others."""

    NEW_CASE = 0
    """What brings a new case to the unit that answers it."""

    NORMAL = 10
    BULK = 20
    """What comes by the thousand and may wait: recounts after a new calendar, closings, invitations to rate."""


class Message(Model):
    """Messages that must still be carried out, and those that were"""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=60)
    key = fields.CharField(max_length=200)
    payload: dict[str, Any] = fields.JSONField()
    priority = fields.SmallIntField(default=MessagePriority.NORMAL.value, db_default=MessagePriority.NORMAL.value)
    run_at = db.InstantField()
    leased_until = db.InstantField(null=True)
    attempts = fields.IntField(default=0)
    error = fields.TextField(default="")
    done_at = db.InstantField(null=True)

    class Meta:
        table = "kernel_message"
        unique_together = (("kind", "key"),)
        indexes = (("done_at", "run_at"), ("done_at", "priority", "run_at", "id"))


async def put(
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    run_at: datetime,
    priority: MessagePriority = MessagePriority.NORMAL,
) -> None:
    """Write down that `kind` must follow. Call it inside the transaction of the fact.

    `key` names the fact, so that the same consequence is never written twice for it.
    """
    await Message.create(kind=kind, key=key, payload=dict(payload), run_at=run_at, priority=priority.value)


async def put_all(
    kind: str,
    messages: Sequence[tuple[str, Mapping[str, Any]]],
    run_at: datetime,
    priority: MessagePriority = MessagePriority.NORMAL,
) -> None:
    """Write down many of one kind at once, as pairs of key and payload."""
    rows = [
        Message(kind=kind, key=key, payload=dict(payload), run_at=run_at, priority=priority.value)
        for key, payload in messages
    ]
    await Message.bulk_create(rows, batch_size=BATCH_SIZE * 10)


def _open_messages(now: datetime, since: datetime | None = None) -> QuerySet[Message]:
    rows = Message.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lte=now), done_at__isnull=True, run_at__lte=now
    )
    return rows.filter(run_at__gte=since) if since else rows


async def list_due_ids(now: datetime, limit: int = 100) -> list[int]:
    """Ids of the messages that should run now, in the order of `batch`."""
    return [message.id for message in await batch(now, limit)]


async def batch(now: datetime, limit: int = 100, since: datetime | None = None) -> list[Message]:
    """The messages to run now: by priority and age, and a share of those that wait longest of all.

    The share is what keeps a steady stream of urgent messages from starving the others: with `limit` places the message
    that is n-th in age runs in batch n / (limit / OLDEST_SHARE) at the latest, however many come before it by priority.
    """
    reserved = max(1, limit // OLDEST_SHARE)
    messages: dict[int, Message] = {}
    for rows in _ranges(now, since):
        if (wanted := limit - reserved - len(messages)) > 0:
            messages |= {row.id: row for row in await rows.order_by(*_BY_PRIORITY).limit(wanted)}
    for row in await _open_messages(now, since).order_by(*_BY_AGE).limit(limit):
        if len(messages) == limit:
            break
        messages.setdefault(row.id, row)
    return list(messages.values())


def _ranges(now: datetime, not_before: datetime | None) -> list[QuerySet[Message]]:
    """The order of priorities. Each is one range of the index, so that what is due later is not walked over.

    A case is new for a day. What an imported history leaves to do is older and comes after today's work.
    """
    new, since = _open_messages(now, not_before).filter(priority=MessagePriority.NEW_CASE.value), now - _IS_NEW
    rest = [
        _open_messages(now, not_before).filter(priority=priority.value)
        for priority in (MessagePriority.NORMAL, MessagePriority.BULK)
    ]
    return [new.filter(run_at__gt=since), rest[0], new.filter(run_at__lte=since), rest[1]]


async def run_message(message_id: int, handlers: Mapping[str, Handler], now: datetime) -> bool:
    """Run one message if nobody else does. Returns whether it is done.

    A failing one backs off, keeps its error, and stays until it succeeds: nothing is swallowed.
    """
    message = await Message.get_or_none(id=message_id, done_at__isnull=True)
    if message is None or (message.leased_until and message.leased_until > now):
        return False
    count = await Message.filter(id=message_id, attempts=message.attempts, done_at__isnull=True).update(
        attempts=message.attempts + 1, leased_until=now + LEASE
    )
    if not count or not await _handle(message, handlers, now):
        return False
    await _mark_done([message_id], now)
    return True


async def _handle(message: Message, handlers: Mapping[str, Handler], now: datetime) -> bool:
    """Whether the handler did what a message asks for; if not, the error is kept and the message waits."""
    try:
        async with asyncio.timeout(HANDLER_SECONDS):
            await handlers[message.kind](message.payload, now)
    except NotNow:
        pass  # already done, or no longer wanted: both are what the message wished for
    except Exception as fault:  # the one place where everything is caught: the error is kept and shown
        pause = timedelta(0) if isinstance(fault, Conflict) else BACK_OFF[min(message.attempts, len(BACK_OFF) - 1)]
        _log.warning("message failed", kind=message.kind, key=message.key, attempt=message.attempts + 1, exc_info=fault)
        await Message.filter(id=message.id).update(
            run_at=now + pause,
            leased_until=None,
            error="".join(traceback.format_exception_only(fault))[:2000],
        )
        return False
    return True


async def _mark_done(ids: Sequence[int], now: datetime) -> None:
    if ids:
        await Message.filter(id__in=list(ids)).update(done_at=now, leased_until=None, error="")


async def run_due(
    handlers: Mapping[str, Handler], now: datetime, limit: int = 100, *, since: datetime | None = None
) -> int:
    """Run what is due now (and was not due before `since`), once each. Returns how many are done.

    After some seconds no more are begun: what came in meanwhile may be more urgent than what is left.
    """
    messages, started, done = await batch(now, limit, since), monotonic(), 0
    for offset in range(0, len(messages), BATCH_SIZE):
        if offset and monotonic() - started > LEASE_SAFE_SECONDS:
            break
        done += await _run_batch(messages[offset : offset + BATCH_SIZE], handlers, now)
    return done


async def _run_batch(messages: Sequence[Message], handlers: Mapping[str, Handler], now: datetime) -> int:
    """Run a few messages under one lease, and set their state together. Returns how many are done.

    Killed in between, those already carried out run once more, which every handler bears.
    """
    if not await _lease(messages, now):  # somebody else took one of them: each for itself, then
        return sum([await run_message(message.id, handlers, now) for message in messages])
    start, done_ids, queue = monotonic(), list[int](), list(messages)
    try:
        while queue and monotonic() - start < LEASE_SAFE_SECONDS:
            message = queue.pop(0)
            if await _handle(message, handlers, now):
                done_ids.append(message.id)
    finally:
        await _mark_done(done_ids, now)
        if queue:  # slow ones came first: the rest is anybody's again, before the lease runs out
            unstarted = Message.filter(id__in=[message.id for message in queue])
            await unstarted.update(leased_until=None, attempts=F("attempts") - 1)
    return len(done_ids)


async def _lease(messages: Sequence[Message], now: datetime) -> bool:
    """Lease all of them or none: a compare-and-set over several rows."""
    try:
        async with db.transaction():
            count = (
                await _open_messages(now)
                .filter(id__in=[m.id for m in messages])
                .update(leased_until=now + LEASE, attempts=F("attempts") + 1)
            )
            if count != len(messages):
                raise Conflict(table="Message")
    except Conflict:
        return False
    return True


async def drain(handlers: Mapping[str, Handler], now: datetime) -> int:
    """Run what is due until a round gets nothing done: what follows from what follows included."""
    total = 0
    while count := await run_due(handlers, now):
        total += count
    return total


async def release_leases() -> None:
    """Take up at once what a killed process left half done. For a start with the worker inside only."""
    await Message.filter(done_at__isnull=True, leased_until__isnull=False).update(leased_until=None)


async def count_messages(now: datetime) -> dict[str, int]:
    """How it stands with the messages.

    Keys: `waiting` (due and not done), `failing` (so often that somebody must look), `oldest_seconds` (for how long the
    oldest one is due; 0 when none is).
    """
    messages = Message.filter(done_at__isnull=True)
    oldest = await messages.filter(run_at__lte=now).order_by(*_BY_AGE).first().values("run_at")
    return {
        "waiting": await messages.filter(run_at__lte=now).count(),
        "failing": await messages.filter(attempts__gte=ALERT_AFTER_ATTEMPTS).count(),
        "oldest_seconds": int((now - oldest["run_at"]).total_seconds()) if oldest else 0,
    }


async def list_failing(limit: int = 50) -> list[dict[str, Any]]:
    """The messages somebody must look at."""
    rows = Message.filter(done_at__isnull=True, attempts__gte=ALERT_AFTER_ATTEMPTS).order_by("-attempts").limit(limit)
    return list(await rows.values("id", "kind", "key", "attempts", "error", "run_at"))


async def delete_done(before: datetime, limit: int = 2000) -> int:
    """Delete at most so many that were carried out before that moment: the facts themselves stay in the case files.

    Returns how many were deleted.
    """
    done = Message.filter(done_at__lt=before).order_by("done_at").limit(limit)
    ids = await done.values_list("id", flat=True)
    return await Message.filter(id__in=list(ids)).delete() if ids else 0
