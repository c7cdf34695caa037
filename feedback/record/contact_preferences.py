"""How a citizen wants to hear of their cases: channel, hours, plain words, or not at all.

A citizen is the keyed hash of the telephone that stands in their cases (`people.phone_hash`), so that one choice holds
for all of them and nobody's number stands in this table. Addresses are sealed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from feedback.kernel import identifiers
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Conflict, NotFound
from feedback.record.models.preferences import ContactPreferenceRow

_MAC_LENGTH = 20  # hexadecimal digits, 80 bits
_PURPOSE = "notice-settings"


@dataclass(frozen=True, slots=True)
class ContactPreference:
    """One citizen's choice. `channel` and `hours` ("08:00-21:00") are "" where the installation's own hold."""

    id: int = 0
    subject: str = ""
    channel: str = ""
    hours: str = ""
    is_plain: bool = False
    opted_out_at: datetime | None = None
    email: str = ""
    wechat: str = ""


async def load_preference(subject: str, vault: Vault | None = None) -> ContactPreference:
    """The choice of a citizen, the defaults when there is none. Addresses are opened only with the vault."""
    row = await ContactPreferenceRow.get_or_none(subject=subject) if subject else None
    return _to_preference(row, vault) if row else ContactPreference(subject=subject)


async def ensure_preference(subject: str, now: datetime) -> ContactPreference:
    """The same, and a row for it, so that a link can lead to it."""
    if not subject:
        return ContactPreference()
    try:
        row, _ = await ContactPreferenceRow.get_or_create(subject=subject, defaults={"changed_at": now})
    except IntegrityError as fault:
        raise Conflict(table="ContactPreference") from fault
    return _to_preference(row, None)


async def change_preference(subject: str, now: datetime, *, vault: Vault, **changes: Any) -> ContactPreference:
    """Store what changes: channel, hours, is_plain, opted_out_at, email, wechat. Returns the choice as it is now."""
    await ensure_preference(subject, now)
    for name in ("email", "wechat"):
        if name in changes:
            changes[name] = vault.encrypt_system(changes[name]) if changes[name] else ""
    await ContactPreferenceRow.filter(subject=subject).update(**changes, changed_at=now)
    return await load_preference(subject, vault)


def create_link_token(preference_id: int, vault: Vault) -> str:
    """What stands in the link to a citizen's own settings: the row's number and a signature over it."""
    return f"{preference_id}-{vault.keyed_hash(_PURPOSE, str(preference_id))[:_MAC_LENGTH]}"


async def load_by_link(token: str, vault: Vault) -> ContactPreference:
    """The settings a link leads to.

    Raises NotFound for a link that nobody signed.
    """
    number = token.partition("-")[0]
    if not (number.isascii() and number.isdigit() and len(number) < _MAC_LENGTH):
        raise NotFound(link="")
    if not identifiers.constant_time_equal(token, create_link_token(int(number), vault)):
        raise NotFound(link="")
    row = await ContactPreferenceRow.get_or_none(id=int(number))
    if row is None:
        raise NotFound(link="")
    return _to_preference(row, vault)


async def delete_preference(subject: str) -> None:
    """Forget what somebody chose, with their addresses."""
    await ContactPreferenceRow.filter(subject=subject).delete()


def _to_preference(row: ContactPreferenceRow, vault: Vault | None) -> ContactPreference:
    return ContactPreference(
        row.id,
        row.subject,
        row.channel,
        row.hours,
        bool(row.is_plain),
        row.opted_out_at,
        vault.decrypt_system(row.email) if vault and row.email else "",
        vault.decrypt_system(row.wechat) if vault and row.wechat else "",
    )
