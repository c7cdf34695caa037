"""How the citizen of a case can be reached: for the system only, which sends notices."""

from dataclasses import dataclass

from feedback.kernel.crypto import Vault
from feedback.record.models.case import Case


@dataclass(frozen=True, slots=True)
class Contact:
    """The addresses of one citizen, in plain text. `subject` is the keyed hash by which preferences are stored."""

    subject: str
    phone: str


NOBODY = Contact("", "")
"""Whom nothing reaches: no name was left, no telephone, or the person was erased."""


async def load_contact(no: str, vault: Vault) -> Contact:
    """Where whoever brought the case wants to be told of it; `NOBODY` when there is no way."""
    case = await Case.get_or_none(no=no).prefetch_related("person")
    person = case.person if case else None
    if person is None or person.forgotten_at is not None or not person.phone_hash:
        return NOBODY
    return Contact(person.phone_hash, vault.decrypt_for_person(person.key, person.phone))
