"""Plan and write entries: what somebody does, as it is recorded and chained to the entry before.

Only `feedback.record.cases` calls what writes here, inside its transaction.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedback.kernel import outbox
from feedback.record.models.case import Case, Entry
from feedback.record.persistence import message_priority
from feedback.rules import entry_texts, projection
from feedback.rules.access import Actor
from feedback.rules.imported_history import IMPORTER
from feedback.rules.intake import PersonSubmission
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
    party: PersonSubmission | None = None  # who joins with it: sealed beside the entry, never in it


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
    await outbox.put(
        f"case.{command.act.value}",
        f"{case.no}:{entry.seq}",
        payload,
        command.at,
        message_priority(command.act, command.actor),
    )


def _acting_role(actor: Actor) -> str:
    return min(actor.roles, key=list(Role).index).value
