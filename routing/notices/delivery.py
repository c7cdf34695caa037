"""Who exactly hears of it, and when may it leave? Notices planned, kept once each, sent through the port.

A notice is written with the message that sends it, in one transaction: nothing is lost when the process ends, and its
key is unique, so nothing is told twice. In the inbox it stands at once; what goes out by mail waits for the hours of
whoever gets it. It counts as sent only when it left by a channel: whom no channel reaches was not told, and that is
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
from routing import directory
from routing.models import Notice
from routing.notices.catalogue import Audience, Channel, Delivery, Outgoing, Send
from routing.notices.delivery_hours import DeliveryHours, Priority, may_leave, rule_of

_TOGETHER = 50

ROLES: Mapping[Audience, frozenset[Role]] = {
    Audience.UNIT: frozenset({Role.CLERK, Role.LEAD, Role.RECEPTION}),
    Audience.HEAD: frozenset({Role.LEAD}),
    Audience.DESK: frozenset({Role.RECEPTION, Role.CLERK, Role.LEAD}),
    Audience.OVERSEER: frozenset({Role.SUPERVISOR}),
    Audience.SUPERIOR: frozenset({Role.LEAD}),
    Audience.JOINT: frozenset({Role.CLERK, Role.LEAD, Role.RECEPTION, Role.SUPERVISOR}),
}
ABOVE = frozenset({Audience.SUPERIOR, Audience.JOINT})
"""Audiences that hear of a case they need not be able to open; never of a report, nor of one they are shut out of."""


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How this house tells people: in which hours, and who is the joint conference's office."""

    staff: DeliveryHours
    citizens: DeliveryHours
    joint_office: str

    @classmethod
    def of(cls, settings: Settings) -> "DeliveryPolicy":
        return cls(
            rule_of(settings.staff_hours, workdays_only=True),
            rule_of(settings.citizen_hours, workdays_only=False),
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


async def keep(planned: Sequence[PlannedNotice], manner: DeliveryPolicy, now: datetime) -> int:
    """Write down the notices nobody wrote yet, and that they must be sent. Returns how many.

    Raises Conflict when another worker wrote one of them just now.
    """
    wanted = {each.key: each for each in planned}
    known = {row["key"] for row in await Notice.filter(key__in=list(wanted)).values("key")} if wanted else set()
    fresh = [each for key, each in wanted.items() if key not in known]
    if not fresh:
        return 0
    calendar, reached = await calendar_editions.current(), await directory.units_with_mail()
    rows, leaving = list[Notice](), dict[datetime, list[str]]()
    for each in fresh:
        is_gathered = each.push is Priority.DIGEST
        is_pushed = not is_gathered and (each.audience is Audience.CITIZEN or each.unit in reached)
        leaves_at = may_leave(each.push, now, calendar, manner.rule(each.audience))
        if is_pushed:
            leaving.setdefault(leaves_at, []).append(each.key)
            delivery = _QUEUED
        else:
            delivery = _queued_for_digest() if is_gathered else _in_inbox(now)
        rows.append(
            Notice(
                key=each.key,
                case_no=each.no,
                event=each.event,
                audience=each.audience.value,
                unit=each.unit,
                words=each.words,
                push=each.push.value,
                confidential=each.confidential,
                clock=each.clock,
                stage=each.stage,
                made_at=now,
                leaves_at=leaves_at if is_pushed else None,
                **delivery,
            )
        )
    try:
        async with db.transaction():
            await Notice.bulk_create(rows)
            for at, keys in leaving.items():
                for first in range(0, len(keys), _TOGETHER):
                    await _ask_to_send(keys[first : first + _TOGETHER], at)
    except IntegrityError as fault:
        raise Conflict(table="Notice") from fault
    return len(fresh)


async def _ask_to_send(keys: Sequence[str], at: datetime) -> None:
    name = hashlib.sha256("\n".join(keys).encode()).hexdigest()
    await outbox.put("notice.send", name, {"keys": list(keys)}, at)


_QUEUED: Mapping[str, Any] = {"channel": "", "state": Delivery.QUEUED.value, "sent_at": None}


def _queued_for_digest() -> dict[str, Any]:
    return {**_QUEUED, "channel": Channel.DIGEST.value}


def _in_inbox(at: datetime) -> dict[str, Any]:
    return _sent(Channel.INBOX, at)


def _sent(channel: Channel, at: datetime) -> dict[str, Any]:
    return {"channel": channel.value, "state": Delivery.SENT.value, "sent_at": at}


async def send_all(payload: Mapping[str, Any], now: datetime, *, send: Send) -> None:
    """Send what was not sent yet. One that cannot leave now keeps the others from nothing.

    What no channel takes is not sent: staff have it in the inbox, of a citizen the notice says that nobody was told.

    Raises Unavailable when some must be tried again, NotNow when nothing was left.
    """
    chosen = Notice.filter(key__in=payload["keys"]) if "keys" in payload else Notice.filter(id=payload["notice"])
    rows = await chosen.filter(state=Delivery.QUEUED.value).order_by("id")
    if not rows:
        raise NotNow
    later = 0
    for row in rows:
        out = Outgoing(row.key, row.case_no, Audience(row.audience), row.unit, row.words, await _addresses(row))
        channel: Channel | None = None
        if out.audience is Audience.CITIZEN or out.to:
            try:
                channel = await send(out)
            except Unavailable:
                later += 1
                continue
            except (ValueError, LookupError) as fault:  # a wrong address does not get right by trying again
                refused = {"state": Delivery.FAILED.value, "error": str(fault)[:300] or "refused"}
                await Notice.filter(id=row.id).update(**refused)
                continue
        if channel is not None:
            delivery = _sent(channel, now)
        elif out.audience is Audience.CITIZEN:
            delivery = {"state": Delivery.NO_CHANNEL.value}
        else:
            delivery = _in_inbox(row.made_at)
        await Notice.filter(id=row.id).update(**delivery)
    if later:
        raise Unavailable(notices=later)


async def _addresses(row: Notice) -> tuple[str, ...]:
    """The e-mail addresses of those staff of the unit who are meant, and who may know of the case."""
    audience, found = Audience(row.audience), []
    if audience is Audience.CITIZEN:
        return ()
    for username, mail in await directory.mails_of(row.unit):
        actor = await directory.actor_of(username)
        if not actor.roles & ROLES[audience]:
            continue
        if not row.case_no:
            may_know = True
        elif audience in ABOVE and not row.confidential:
            may_know = not await case_queries.shut_of(actor, [row.case_no])
        else:
            may_know = bool(await case_queries.seen_of(actor, [row.case_no]))
        if may_know:
            found.append(mail)
    return tuple(sorted(set(found)))
