"""Send notices to citizens: in the order of their case, by one channel after the other, never twice by the same.

An attempt is a row for each notice and channel, written before the provider is asked. What was accepted is never sent
again; what broke off in between is asked again only where it cannot be sent twice (`Unavailable`), else its receipt is
waited for (`Unconfirmed`). Whom no channel reached is listed for a telephone call.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tortoise.exceptions import IntegrityError

from feedback.kernel import db, outbox
from feedback.kernel.errors import Conflict, NotNow, Unavailable
from feedback.record import contact_preferences
from routing.models import Notice, NoticeAttempt
from routing.notices.catalogue import (
    Audience,
    CitizenChannels,
    Delivery,
    DeliveryChannel,
    OutgoingMessage,
    Unconfirmed,
)
from routing.notices.citizen_catalogue import STATUTORY

MOST_TRIES = 5
"""So often a channel is tried; with the pauses of the outbox for more than an hour. Then the next one is."""

ABANDONED_AFTER = timedelta(minutes=2)
"""An attempt that began so long ago and did not end belonged to a process that was killed."""

RECEIPT_WAIT = timedelta(minutes=10)
"""So long the receipt of an attempt is waited for of which nobody knows whether it arrived."""


_LAST = 1_000_000


class AttemptState(StrEnum):
    """How far an attempt got."""

    SENDING = "sending"
    WAITING = "waiting"  # the provider was away: it is tried again
    UNCONFIRMED = "unconfirmed"  # nobody knows, its receipt is waited for
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    REFUSED = "refused"
    UNDELIVERED = "undelivered"  # accepted, but the receipt says that it did not arrive


_ARRIVES = frozenset({AttemptState.ACCEPTED, AttemptState.DELIVERED})
_ENDED = frozenset({AttemptState.REFUSED, AttemptState.UNDELIVERED})


async def send_due(case_no: str, channels: CitizenChannels, now: datetime) -> None:
    """Send what is due of one case, the oldest first; a later one never overtakes one that is still being tried.

    Raises Unavailable when one must be tried again, NotNow when nothing was left.
    """
    rows = await Notice.filter(
        case_no=case_no, audience=Audience.CITIZEN.value, state=Delivery.QUEUED.value, leaves_at__lte=now
    ).order_by("id")
    if not rows:
        raise NotNow(case=case_no)
    for row in sorted(rows, key=_sequence):
        await _send_notice(row, channels, now)


def _sequence(row: Notice) -> tuple[int, int]:
    """The place of a notice in its case: that of the act, since after an outage acts are not followed up in order."""
    event, _, about = (*row.key.split(":"), "", "")[:3]
    return (int(about) if event.startswith("case.") and about.isdecimal() else _LAST, row.id)


async def _send_notice(row: Notice, channels: CitizenChannels, now: datetime) -> None:
    preference = await contact_preferences.load_preference(row.recipient)
    if preference.opted_out_at and row.template not in STATUTORY:
        await _settle(row, state=Delivery.OPTED_OUT.value)
        return
    names = await channels.list_channels(row.case_no, preference.channel)
    attempts = {attempt.channel: attempt for attempt in await NoticeAttempt.filter(notice_id=row.id)}
    last_error = ""
    for name in names:
        attempt = attempts.get(name.value)
        if attempt is not None and attempt.state in _ENDED:
            last_error = attempt.error
            continue
        if attempt is not None and attempt.state in _ARRIVES:  # accepted by a process that was killed right afterwards
            await _settle(row, state=Delivery.SENT.value, channel=name.value, sent_at=attempt.ended_at or now)
            return
        try:
            error = await _try_channel(row, name, attempt, channels, now)
        except Conflict as fault:
            raise Unavailable(notice=row.id) from fault
        if not error:
            return
        last_error = error
    if names:
        await _settle(row, state=Delivery.FAILED.value, error=last_error or "refused")
        return
    await channels.note_unreached(_to_message(row, now, DeliveryChannel.SMS))
    await _settle(row, state=Delivery.NO_CHANNEL.value)


async def _try_channel(
    row: Notice, name: DeliveryChannel, attempt: NoticeAttempt | None, channels: CitizenChannels, now: datetime
) -> str:
    """Send by one channel. Returns "" when it was accepted, else why this channel is given up.

    Raises Unavailable when it must be tried again, Conflict when another worker has it.
    """
    if attempt is not None and attempt.state == AttemptState.UNCONFIRMED:
        if now - attempt.begun_at < RECEIPT_WAIT:
            raise Unavailable(notice=row.id)
        return await _end(attempt.id, AttemptState.REFUSED, now, "no receipt")
    if attempt is not None and _is_abandoned(attempt, now) and not channels.may_repeat(name):
        await NoticeAttempt.filter(id=attempt.id).update(state=AttemptState.UNCONFIRMED.value)
        raise Unavailable(notice=row.id)
    attempt = await _begin(row, name, attempt, now)
    try:
        await channels.send(name, _to_message(row, now, name))
    except Unavailable as fault:
        if isinstance(fault, Unconfirmed) and not channels.may_repeat(name):
            await NoticeAttempt.filter(id=attempt.id).update(state=AttemptState.UNCONFIRMED.value)
            raise
        if attempt.tries >= MOST_TRIES:
            return await _end(attempt.id, AttemptState.REFUSED, now, "unavailable")
        await NoticeAttempt.filter(id=attempt.id).update(state=AttemptState.WAITING.value)
        raise
    except (ValueError, LookupError) as fault:  # a wrong number does not get right by trying again
        return await _end(attempt.id, AttemptState.REFUSED, now, str(fault)[:300] or "refused")
    async with db.transaction():
        await NoticeAttempt.filter(id=attempt.id, state=AttemptState.SENDING.value).update(
            state=AttemptState.ACCEPTED.value, ended_at=now
        )
        await _settle(row, state=Delivery.SENT.value, channel=name.value, sent_at=now)
    return ""


async def _begin(row: Notice, name: DeliveryChannel, attempt: NoticeAttempt | None, now: datetime) -> NoticeAttempt:
    """Write down that this channel is tried now. Raises Conflict when another worker is at it."""
    if attempt is None:
        try:
            return await NoticeAttempt.create(
                notice_id=row.id,
                channel=name.value,
                state=AttemptState.SENDING.value,
                begun_at=now,
                reference=make_reference(row.key, name),
            )
        except IntegrityError as fault:
            raise Conflict(table="NoticeAttempt") from fault
    if attempt.state != AttemptState.WAITING and not _is_abandoned(attempt, now):
        raise Conflict(table="NoticeAttempt")
    claimed = await NoticeAttempt.filter(id=attempt.id, state=attempt.state, tries=attempt.tries).update(
        state=AttemptState.SENDING.value, tries=attempt.tries + 1, begun_at=now
    )
    if not claimed:
        raise Conflict(table="NoticeAttempt")
    attempt.tries += 1
    return attempt


def _is_abandoned(attempt: NoticeAttempt, now: datetime) -> bool:
    return attempt.state == AttemptState.SENDING and now - attempt.begun_at >= ABANDONED_AFTER


async def _end(attempt_id: int, state: AttemptState, now: datetime, error: str) -> str:
    await NoticeAttempt.filter(id=attempt_id).update(state=state.value, ended_at=now, error=error)
    return error


async def _settle(row: Notice, **columns: Any) -> None:
    await Notice.filter(id=row.id, state=Delivery.QUEUED.value).update(**columns)


def make_reference(key: str, channel: DeliveryChannel) -> str:
    """By what provider and platform speak of one message by one channel; the same whenever it is tried again."""
    return hashlib.sha256(f"{channel.value}:{key}".encode()).hexdigest()[:32]


def _to_message(row: Notice, now: datetime, channel: DeliveryChannel) -> OutgoingMessage:
    values: Mapping[str, str] = row.params or {}
    reference = make_reference(row.key, channel)
    return OutgoingMessage(reference, row.case_no, row.template or row.event, values, row.words, now)


async def store_receipt(
    channel: DeliveryChannel, reference: str, now: datetime, *, arrived: bool, error: str = ""
) -> bool:
    """What a provider says became of a message it accepted. Returns whether it was news; the same twice changes nothing.

    What did not arrive goes out by the next channel, or is listed for a telephone call.
    """
    open_states = [AttemptState.ACCEPTED.value, AttemptState.UNCONFIRMED.value, AttemptState.SENDING.value]
    attempt = await NoticeAttempt.filter(channel=channel.value, reference=reference).order_by("-id").first()
    if attempt is None or not reference:
        return False
    state = AttemptState.DELIVERED if arrived else AttemptState.UNDELIVERED
    async with db.transaction():
        changed = await NoticeAttempt.filter(id=attempt.id, state__in=open_states).update(
            state=state.value, ended_at=now, error="" if arrived else error[:300] or "undelivered"
        )
        if not changed:
            return False
        notice = Notice.filter(id=attempt.notice_id)  # type: ignore[attr-defined] # Tortoise adds the column at run time
        if arrived:
            await notice.update(state=Delivery.SENT.value, channel=channel.value, delivered_at=now)
            return True
        row = await notice.first().values("case_no")
        await notice.update(state=Delivery.QUEUED.value, channel="", sent_at=None)
        if row:
            await outbox.put("notice.send", f"undelivered:{reference}", {"cases": [row["case_no"]]}, now)
    return True
