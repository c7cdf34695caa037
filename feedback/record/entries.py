"""Plan and write entries: what somebody does, as it is recorded and chained to the entry before.

Only `feedback.record.cases` calls what writes here, inside its transaction.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedback.kernel import outbox
from feedback.kernel.outbox import MessagePriority
from feedback.record.models.case import Case, Entry
from feedback.rules import entry_texts, projection
from feedback.rules.access import Actor
from feedback.rules.imported_history import IMPORTER
from feedback.rules.projection import CaseProjection
from feedback.rules.vocabulary import Act, Role

_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class ActCommand:
    """Something somebody wants to do to a case."""

    act: Act
    actor: Actor
    data: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """A command as it will be recorded."""

    command: ActCommand
    after: CaseProjection
    public: bool
    seq: int
    digest: str
    salt: str
    digests: Mapping[str, str]


def chain_entry(
    before: str, no: str, seq: int, command: ActCommand, after: CaseProjection, is_public: bool
) -> PlannedEntry:
    """The entry with its digest over that of the one before; its texts are covered by salted digests of their own."""
    role, status = _acting_role(command.actor), after.state.status.value
    actor, salt = command.actor, secrets.token_hex(_SALT_BYTES)
    digests = entry_texts.compute_text_digests(salt, command.data)
    digest = projection.compute_entry_digest(
        before, no, seq, command.act.value, command.at, actor.id, role, actor.unit, command.data, status, digests
    )
    return PlannedEntry(command, after, is_public, seq, digest, salt, digests)


async def write_entry(case: Case, entry: PlannedEntry) -> None:
    """The entry, chained to the one before, and the message that it happened.

    Nothing follows today from what another system did: no notice, no letter, no request for a rating, no check.
    """
    command = entry.command
    await Entry.create(
        case_id=case.id,
        seq=entry.seq,
        act=command.act.value,
        at=command.at,
        actor=command.actor.id,
        actor_name=command.actor.name,
        role=_acting_role(command.actor),
        unit=command.actor.unit,
        data=dict(command.data),
        status=entry.after.state.status.value,
        public=entry.public,
        digest=entry.digest,
        salt=entry.salt,
        digests=dict(entry.digests),
    )
    if command.actor.id == IMPORTER:
        return
    payload = {"no": case.no, "seq": entry.seq, "by": command.actor.id}
    await outbox.put(f"case.{command.act.value}", f"{case.no}:{entry.seq}", payload, command.at, _priority(command))


_ROUTING = frozenset({Act.SUBMIT, Act.CLASSIFY, Act.ASSIGN, Act.RETURN, Act.REVIEW, Act.RE_REVIEW})


def _priority(command: ActCommand) -> MessagePriority:
    """What follows first: the way of a case to its unit. Last: what the system closes by itself, thousands in a night."""
    if command.act in _ROUTING:
        return MessagePriority.NEW_CASE
    return (
        MessagePriority.BULK
        if command.act is Act.CLOSE and Role.SYSTEM in command.actor.roles
        else MessagePriority.NORMAL
    )


def _acting_role(actor: Actor) -> str:
    return min(actor.roles, key=list(Role).index).value
