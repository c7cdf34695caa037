"""What does an actor see? One file, worklists with counts, look-up by code, published replies.

Every query takes the actor and narrows by `access.scope` before anything else; what comes back are values.
"""

from datetime import datetime

from feedback.kernel import crypto, identifiers
from feedback.kernel.errors import NotFound
from feedback.queries.cases import SLIP
from feedback.record import cases
from feedback.record.models.case import Case, CasePerson, Entry
from feedback.rules import parties
from feedback.rules.access import Actor


async def by_code(secret: str, code: str, *, no: str = "", phone_tail: str = "") -> str:
    """The number of the case the query code opens, checked against its number or the phone's last four digits.

    Raises NotFound, the same for an unknown code and a wrong second answer.
    """
    found = await Case.get_or_none(code_hash=cases.code_hash(secret, identifiers.typed_code(code))).prefetch_related(
        "person"
    )
    if found is not None and no and identifiers.constant_time_equal(found.no, identifiers.typed_number(no)):
        return found.no
    if found is not None and not no and phone_tail:
        tail = identifiers.keyed_hash(secret, "tail", identifiers.typed_code(phone_tail))
        beside = await CasePerson.filter(case_id=found.id).prefetch_related("person")
        known = [found.person, *(row.person for row in beside if parties.may_look_up(row.role, row.kind))]
        if any(identifiers.constant_time_equal(person.tail_hash, tail) for person in known if person is not None):
            return found.no
    raise NotFound(code="not_found")


async def is_known_source(channel: str, source_id: str) -> bool:
    """Whether something was handed in under this source id: a form sent twice is no second message."""
    return bool(source_id) and await Case.exists(channel=channel, source_id=source_id)


async def taken_in(actor: Actor, no: str, *, now: datetime) -> str:
    """The desk of a case the actor took in within the last day, also where it was a report they may not open.

    Raises NotFound for everybody else: they get no slip.
    """
    entry = await Entry.get_or_none(case__no=no, seq=1, actor=actor.id, at__gt=now - SLIP)
    if entry is None:
        raise NotFound(no=no)
    return str((await Case.get(no=no)).desk)


async def receipt_code(no: str, secret: str) -> str:
    """The query code of a case, for the receipt shown to whoever just handed it in."""
    case = await Case.get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    return crypto.decrypt_system(secret, case.code)
