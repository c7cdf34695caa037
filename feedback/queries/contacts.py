"""How the citizen of a case can be reached, and which dates are theirs: for the system only, which sends notices."""

from dataclasses import dataclass
from datetime import date, datetime

from feedback.kernel.crypto import Vault
from feedback.record import contact_preferences
from feedback.record.contact_preferences import ContactPreference
from feedback.record.models.case import Case, Person
from feedback.record.models.clocks import ClockRow
from feedback.rules.terms import parse_length


@dataclass(frozen=True, slots=True)
class Contact:
    """The addresses of one citizen, in plain text. `subject` is the keyed hash by which preferences are stored."""

    subject: str = ""
    phone: str = ""
    email: str = ""
    wechat: str = ""
    preference: ContactPreference = ContactPreference()


NOBODY = Contact()
"""Whom nothing reaches: no name was left, no telephone, or the person was erased."""


async def _find_person(no: str) -> Person | None:
    case = await Case.get_or_none(no=no).prefetch_related("person")
    person: Person | None = case.person if case else None
    return person if person and person.forgotten_at is None and person.phone_hash else None


async def load_subject(no: str) -> str:
    """The keyed hash of the telephone of whoever brought the case, "" when there is none."""
    person = await _find_person(no)
    return person.phone_hash if person else ""


async def load_contact(no: str, vault: Vault) -> Contact:
    """Where whoever brought the case wants to be told of it; `NOBODY` when there is no way."""
    person = await _find_person(no)
    if person is None:
        return NOBODY
    preference = await contact_preferences.load_preference(person.phone_hash, vault)
    phone = vault.decrypt_for_person(person.key, person.phone)
    return Contact(person.phone_hash, phone, preference.email, preference.wechat, preference)


async def load_running_dates(no: str) -> dict[str, tuple[date, datetime | None]]:
    """The last days of the clocks that run, by term, with the moment for those that run in hours.

    Of several clocks of one term the newest counts.
    """
    rows = await ClockRow.filter(case__no=no, stopped_at__isnull=True).order_by("seq", "id")
    return {row.term: (row.due_legal_day, row.due_at if parse_length(row.length).unit.runs else None) for row in rows}
