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
from routing.notices.catalogue import Audience, Delivery, DeliveryChannel, OutgoingNotice, Send
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

    @classmethod
    def of(cls, settings: Settings) -> "DeliveryPolicy":
        return cls(
            parse_hours(settings.staff_hours, workdays_only=True),
            parse_hours(settings.citizen_hours, workdays_only=False),
            settings.joint_office,
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
    for notice in new_notices:
        is_gathered = notice.push is Priority.DIGEST
        is_pushed = not is_gathered and (notice.audience is Audience.CITIZEN or notice.unit in mail_units)
        leaves_at = compute_send_time(notice.push, now, calendar, policy.rule(notice.audience))
        if is_pushed:
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
                **delivery,
            )
        )
    try:
        async with db.transaction():
            await Notice.bulk_create(rows)
            for at, keys in keys_by_time.items():
                for offset in range(0, len(keys), _NOTICES_PER_MESSAGE):
                    await _queue_sending(keys[offset : offset + _NOTICES_PER_MESSAGE], at)
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


async def send_all(payload: Mapping[str, Any], now: datetime, *, send: Send) -> None:
    """Send what was not sent yet. One that cannot leave now keeps the others from nothing.

    What no channel takes is not sent: staff have it in the inbox, of a citizen the notice says that nobody was told.

    Raises Unavailable when some must be tried again, NotNow when nothing was left.
    """
    notices = Notice.filter(key__in=payload["keys"]) if "keys" in payload else Notice.filter(id=payload["notice"])
    rows = await notices.filter(state=Delivery.QUEUED.value).order_by("id")
    if not rows:
        raise NotNow
    retry_count = 0
    for row in rows:
        outgoing = OutgoingNotice(
            row.key, row.case_no, Audience(row.audience), row.unit, row.words, await _addresses(row)
        )
        channel: DeliveryChannel | None = None
        if outgoing.audience is Audience.CITIZEN or outgoing.to:
            try:
                channel = await send(outgoing)
            except Unavailable:
                retry_count += 1
                continue
            except (ValueError, LookupError) as fault:  # a wrong address does not get right by trying again
                refused = {"state": Delivery.FAILED.value, "error": str(fault)[:300] or "refused"}
                await Notice.filter(id=row.id).update(**refused)
                continue
        if channel is not None:
            delivery = _sent(channel, now)
        elif outgoing.audience is Audience.CITIZEN:
            delivery = {"state": Delivery.NO_CHANNEL.value}
        else:
            delivery = _in_inbox(row.made_at)
        await Notice.filter(id=row.id).update(**delivery)
    if retry_count:
        raise Unavailable(notices=retry_count)


async def _addresses(row: Notice) -> tuple[str, ...]:
    """The e-mail addresses of those staff of the unit who are meant, and who may know of the case."""
    audience, addresses = Audience(row.audience), []
    if audience is Audience.CITIZEN:
        return ()
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
