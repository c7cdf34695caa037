"""Plan notices, store each once, and send them by channel.

A notice is written with the message that sends it, in one transaction: nothing is lost when the process ends, and its
key is unique, so nothing is sent twice. In the inbox it stands at once; what goes out by mail waits for the hours of
whoever gets it. It counts as sent only when it left by a channel: whom no channel reaches was not notified, and that is
what stands in the record.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from feedback.kernel import db, outbox
from feedback.kernel.errors import Conflict, NotNow, Unavailable
from feedback.kernel.settings import Settings
from feedback.queries import cases as case_queries
from feedback.record import calendar_editions
from feedback.rules.vocabulary import Role
from routing import directory, duty
from routing.models import Notice
from routing.notices import citizen_delivery
from routing.notices.catalogue import Audience, CitizenChannels, Delivery, DeliveryChannel, OutgoingNotice, Send
from routing.notices.delivery_hours import DeliveryHours, Priority, compute_send_time, parse_hours

_NOTICES_PER_MESSAGE = 50

ROLES: Mapping[Audience, frozenset[Role]] = {
    Audience.UNIT: frozenset({Role.CLERK, Role.LEAD, Role.RECEPTION}),
    Audience.HEAD: frozenset({Role.LEAD}),
    Audience.DESK: frozenset({Role.RECEPTION, Role.CLERK, Role.LEAD}),
    Audience.OVERSEER: frozenset({Role.SUPERVISOR}),
    Audience.SUPERIOR: frozenset({Role.LEAD}),
    Audience.JOINT: frozenset({Role.CLERK, Role.LEAD, Role.RECEPTION, Role.SUPERVISOR}),
    Audience.LIKELY: frozenset({Role.CLERK, Role.LEAD}),
    Audience.ON_DUTY: frozenset({Role.RECEPTION, Role.CLERK, Role.LEAD, Role.SUPERVISOR}),
}
OUTSIDE_AUDIENCES = frozenset({Audience.SUPERIOR, Audience.JOINT, Audience.LIKELY, Audience.ON_DUTY})
"""Audiences that hear of a case they need not be able to open; never of a report, nor of one they are shut out of."""


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How this installation notifies people: in which hours, and who is the joint conference's office."""

    staff: DeliveryHours
    citizens: DeliveryHours
    joint_office: str
    rating_days: int = 30
    reaches_citizens: bool = True  # without a channel to them nothing rings at night, so nothing waits for the day

    @classmethod
    def of(cls, settings: Settings) -> "DeliveryPolicy":
        return cls(
            parse_hours(settings.staff_hours, workdays_only=True),
            parse_hours(settings.citizen_hours, workdays_only=False),
            settings.joint_office,
            settings.rating_days,
            bool(settings.citizen_channels),
        )

    def rule(self, audience: Audience) -> DeliveryHours:
        return self.citizens if audience is Audience.CITIZEN else self.staff


@dataclass(frozen=True, slots=True)
class PlannedNotice:
    """One notice to be. `clock` and `stage` say of what it warns."""

    key: str
    no: str
    event: str
    audience: Audience
    unit: str
    words: str
    push: Priority
    confidential: bool = False
    clock: int | None = None
    stage: str = ""
    template: str = ""  # of a notice to a citizen, as are the following
    params: Mapping[str, str] | None = None
    recipient: str = ""
    segments: int = 0
    hours: DeliveryHours | None = None  # the citizen's own; None: the installation's


async def store_notices(notices: Sequence[PlannedNotice], policy: DeliveryPolicy, now: datetime) -> int:
    """Write down the notices nobody wrote yet, and that they must be sent. Returns how many.

    Raises Conflict when another worker wrote one of them just now.
    """
    notices_by_key = {notice.key: notice for notice in notices}
    stored_keys = (
        {row["key"] for row in await Notice.filter(key__in=list(notices_by_key)).values("key")}
        if notices_by_key
        else set()
    )
    new_notices = [notice for key, notice in notices_by_key.items() if key not in stored_keys]
    if not new_notices:
        return 0
    calendar, mail_units = await calendar_editions.load_current_calendar(), await directory.list_units_with_mail()
    rows, keys_by_time = list[Notice](), dict[datetime, list[str]]()
    citizen_messages = list[tuple[str, dict[str, Any], datetime]]()
    for notice in new_notices:
        is_gathered = notice.push is Priority.DIGEST
        is_pushed = not is_gathered and (notice.audience is Audience.CITIZEN or notice.unit in mail_units)
        rings = policy.reaches_citizens or notice.audience is not Audience.CITIZEN
        hours = notice.hours or policy.rule(notice.audience)
        leaves_at = compute_send_time(notice.push, now, calendar, hours) if rings else now
        if is_pushed:
            if notice.audience is Audience.CITIZEN:
                citizen_messages.append((notice.key, {"cases": [notice.no]}, leaves_at))
            else:
                keys_by_time.setdefault(leaves_at, []).append(notice.key)
            delivery = _QUEUED
        else:
            delivery = _queued_for_digest() if is_gathered else _in_inbox(now)
        rows.append(
            Notice(
                key=notice.key,
                case_no=notice.no,
                event=notice.event,
                audience=notice.audience.value,
                unit=notice.unit,
                words=notice.words,
                push=notice.push.value,
                confidential=notice.confidential,
                clock=notice.clock,
                stage=notice.stage,
                made_at=now,
                leaves_at=leaves_at if is_pushed else None,
                template=notice.template,
                params=dict(notice.params) if notice.params is not None else None,
                recipient=notice.recipient,
                segments=notice.segments,
                **delivery,
            )
        )
    try:
        async with db.transaction():
            await Notice.bulk_create(rows)
            for at, keys in keys_by_time.items():
                for offset in range(0, len(keys), _NOTICES_PER_MESSAGE):
                    await _queue_sending(keys[offset : offset + _NOTICES_PER_MESSAGE], at)
            for key, payload, at in citizen_messages:  # each by itself: one that must wait holds up no other case
                await outbox.put("notice.send", hashlib.sha256(key.encode()).hexdigest(), payload, at)
    except IntegrityError as fault:
        raise Conflict(table="Notice") from fault
    return len(new_notices)


async def _queue_sending(keys: Sequence[str], at: datetime) -> None:
    digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()
    await outbox.put("notice.send", digest, {"keys": list(keys)}, at)


_QUEUED: Mapping[str, Any] = {"channel": "", "state": Delivery.QUEUED.value, "sent_at": None}


def _queued_for_digest() -> dict[str, Any]:
    return {**_QUEUED, "channel": DeliveryChannel.DIGEST.value}


def _in_inbox(at: datetime) -> dict[str, Any]:
    return _sent(DeliveryChannel.INBOX, at)


def _sent(channel: DeliveryChannel, at: datetime) -> dict[str, Any]:
    return {"channel": channel.value, "state": Delivery.SENT.value, "sent_at": at}


async def send_all(payload: Mapping[str, Any], now: datetime, *, send: Send, channels: CitizenChannels) -> None:
    """Send what was not sent yet, to staff by `send`, to citizens by `channels` in the order of their case.

    One that cannot leave now keeps no other from leaving. What no channel takes is not sent: staff have it in the inbox.

    Raises Unavailable when some must be tried again, NotNow when nothing was left.
    """
    if "cases" in payload:
        notices = Notice.filter(case_no__in=payload["cases"], audience=Audience.CITIZEN.value)
    elif "keys" in payload:
        notices = Notice.filter(key__in=payload["keys"])
    else:
        notices = Notice.filter(id=payload["notice"])
    rows = await notices.filter(state=Delivery.QUEUED.value).order_by("id")
    if not rows:
        raise NotNow
    retry_count = 0
    for row in rows:
        if row.audience != Audience.CITIZEN:
            retry_count += not await _send_to_staff(row, send, now)
    for case_no in dict.fromkeys(row.case_no for row in rows if row.audience == Audience.CITIZEN):
        try:
            await citizen_delivery.send_due(case_no, channels, now)
        except NotNow:
            continue  # it waits for its hours, which a message of its own remembers
        except Unavailable:
            retry_count += 1
    if retry_count:
        raise Unavailable(notices=retry_count)


async def _send_to_staff(row: Notice, send: Send, now: datetime) -> bool:
    """Send one notice to staff. Returns False when it must be tried again."""
    outgoing = OutgoingNotice(row.key, row.case_no, Audience(row.audience), row.unit, row.words, await _addresses(row))
    channel: DeliveryChannel | None = None
    if outgoing.to:
        try:
            channel = await send(outgoing)
        except Unavailable:
            return False
        except (ValueError, LookupError) as fault:  # a wrong address does not get right by trying again
            refused = {"state": Delivery.FAILED.value, "error": str(fault)[:300] or "refused"}
            await Notice.filter(id=row.id).update(**refused)
            return True
    delivery = _in_inbox(row.made_at) if channel is None else _sent(channel, now)
    await Notice.filter(id=row.id).update(**delivery)
    return True


async def _addresses(row: Notice) -> tuple[str, ...]:
    """The e-mail addresses of those staff of the unit who are meant, and who may know of the case."""
    audience, addresses = Audience(row.audience), []
    on_duty = {turn.staff for turn in await duty.list_on_duty(row.made_at) if turn.unit == row.unit}
    for username, mail in await directory.list_mails(row.unit):
        if audience is Audience.ON_DUTY and username not in on_duty and on_duty != {""}:
            continue  # the roster names somebody: the others have their evening
        actor = await directory.load_actor(username)
        if not actor.roles & ROLES[audience]:
            continue
        if not row.case_no:
            may_know = True
        elif audience in OUTSIDE_AUDIENCES and not row.confidential:
            may_know = not await case_queries.filter_barred(actor, [row.case_no])
        else:
            may_know = bool(await case_queries.filter_visible(actor, [row.case_no]))
        if may_know:
            addresses.append(mail)
    return tuple(sorted(set(addresses)))
