"""Look a case up by query code, by source or by receipt."""

from datetime import datetime

from feedback.kernel import identifiers
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import NotFound
from feedback.queries.cases import SLIP_LIFETIME
from feedback.record import cases
from feedback.record.models.case import Case, CasePerson, Entry
from feedback.rules import parties
from feedback.rules.access import Actor


async def find_by_code(vault: Vault, code: str, *, no: str = "", phone_tail: str = "") -> str:
    """The number of the case the query code opens, checked against its number or the phone's last four digits.

    Raises NotFound, the same for an unknown code and a wrong second answer.
    """
    case = await Case.get_or_none(code_hash=cases.code_hash(vault, identifiers.normalize_code(code))).prefetch_related(
        "person"
    )
    if case is not None and no and identifiers.constant_time_equal(case.no, identifiers.normalize_case_number(no)):
        return case.no
    if case is not None and not no and phone_tail:
        tail_hash = vault.keyed_hash("tail", identifiers.normalize_code(phone_tail))
        case_people = await CasePerson.filter(case_id=case.id).prefetch_related("person")
        persons = [case.person, *(row.person for row in case_people if parties.may_look_up(row.role, row.kind))]
        if any(
            identifiers.constant_time_equal(person.tail_hash, tail_hash) for person in persons if person is not None
        ):
            return case.no
    raise NotFound(code="not_found")


async def is_known_source(channel: str, source_id: str) -> bool:
    """Whether something was handed in under this source id: a form sent twice is no second message."""
    return bool(source_id) and await Case.exists(channel=channel, source_id=source_id)


async def find_desk_of_intake(actor: Actor, no: str, *, now: datetime) -> str:
    """The desk of a case the actor took in within the last day, also where it was a report they may not open.

    Raises NotFound for everybody else: they get no slip.
    """
    entry = await Entry.get_or_none(case__no=no, seq=1, actor=actor.id, at__gt=now - SLIP_LIFETIME)
    if entry is None:
        raise NotFound(no=no)
    return str((await Case.get(no=no)).desk)


async def load_receipt_code(no: str, vault: Vault) -> str:
    """The query code of a case, for the receipt shown to whoever just handed it in."""
    case = await Case.get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    return vault.decrypt_system(case.code)
