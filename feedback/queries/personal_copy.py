"""The copy of everything held about a person (个人信息保护法 第四十五条): who they are, and their cases as they see them.

What is left out is what they may not see either: notes between offices, who else brought the case, and letters between
units. Plain values that JSON takes; times are ISO 8601 with the office's offset.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from feedback.kernel.clock import OFFICE_TIMEZONE
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import NotFound
from feedback.queries import cases as case_queries
from feedback.record import people
from feedback.record.models.case import Case, CasePerson, Person
from feedback.record.models.letters import Letter
from feedback.rules import access, letter_types, parties, redaction
from feedback.rules.access import Actor
from feedback.rules.read_models import CaseFile, EntryView

_PETITIONER = "petitioner"


async def copy_of_person(person_ids: Sequence[int], *, vault: Vault) -> dict[str, Any]:
    """Everything held about these persons, who are one and have proven it (a verified telephone): `persons` and `cases`.

    Ids that are not there are left out. Who only helped to hand a case in (a volunteer, a window) gets its number and
    their own role, not its words: those are the petitioner's (第六条).
    """
    ids = sorted(set(person_ids))
    persons = await Person.filter(id__in=ids).order_by("id") if ids else []
    roles = await _list_roles(ids) if ids else []
    return {
        "persons": [_person(person, vault) for person in persons],
        "cases": [await _case_of(no, role, kind, vault) for no, role, kind in roles],
    }


async def load_persons(person_ids: Sequence[int], *, vault: Vault) -> list[dict[str, Any]]:
    """Who somebody said they were, each different statement once: for their own page."""
    persons = [_person(person, vault) for person in await Person.filter(id__in=list(person_ids)).order_by("-id")]
    return [row for index, row in enumerate(persons) if row not in persons[:index]]


async def copy_of_case(actor: Actor, no: str, *, vault: Vault) -> dict[str, Any]:
    """The same of one case for whoever holds its query code; the number of a document is masked: a code can be lent.

    Raises NotFound when the actor is not the case's citizen: staff read the case, they take no copy of a person.
    """
    case = await Case.get_or_none(no=no).prefetch_related("person")
    if case is None or not actor.case_no or actor.case_no != no:
        raise NotFound(no=no)
    person = None if case.person is None else _person(case.person, vault, is_masked=True)
    return {
        "persons": [person] if person else [],
        "cases": [{"role": _PETITIONER, **await _copy(no, vault)}],
    }


async def _list_roles(person_ids: Sequence[int]) -> list[tuple[str, str, str]]:
    """Number, role and sort of proxy, of every case that these persons have to do with, the oldest first."""
    own = await Case.filter(person_id__in=person_ids).values_list("id", "no")
    beside = await CasePerson.filter(person_id__in=person_ids).values_list("case_id", "case__no", "role", "kind")
    roles = {id_: (no, role, kind) for id_, no, role, kind in beside} | {id_: (no, _PETITIONER, "") for id_, no in own}
    return [roles[id_] for id_ in sorted(roles)]


async def _case_of(no: str, role: str, kind: str, vault: Vault) -> dict[str, Any]:
    if role != _PETITIONER and not parties.may_look_up(role, kind):
        return {"role": role, "no": no}
    return {"role": role, **await _copy(no, vault)}


async def _copy(no: str, vault: Vault) -> dict[str, Any]:
    file = await case_queries.load_file(access.citizen(no), no, vault=vault)
    return {
        "no": file.no,
        "kind": file.kind.value,
        "profile": file.profile.value,
        "stage": file.stage.value,
        "status": file.status.value,
        "channel": file.channel,
        "title": file.title,
        "text": file.text,
        "region": file.region,
        "address": file.address,
        "location": file.location.as_data() if file.location else None,
        "category": file.category,
        "desk": file.desk,
        "unit": file.unit,
        "anonymous": file.anonymous,
        "confidential": file.confidential,
        "public_consent": file.public_consent,
        "is_published": file.is_published,
        "headcount": file.headcount,
        "exclude": file.exclude,
        "received_at": _iso(file.received_at),
        "replied_at": _iso(file.replied_at),
        "closed_at": _iso(file.closed_at),
        "clocks": _clocks(file),
        "entries": [_entry(entry) for entry in file.entries],
        "attachments": [
            {"id": row.id, "name": row.name, "size": row.size, "type": row.type} for row in file.attachments
        ],
        "letters": await _letters(no),
    }


def _person(person: Person, vault: Vault, *, is_masked: bool = False) -> dict[str, Any]:
    held = people.open_person(person, vault)
    return {
        "name": held.name,
        "phone": held.phone,
        "id_kind": held.id_kind,
        "id_number": redaction.mask_id_number(held.id_number) if is_masked else held.id_number,
        "address": held.address,
        "email": held.email,
        "org": {"name": held.org_name, "uscc": held.org_code} if held.org_name else None,
        "erased_at": _iso(person.forgotten_at),
    }


def _clocks(file: CaseFile) -> list[dict[str, Any]]:
    return [
        {
            "term": clock.term,
            "starts_at": _iso(clock.starts_at),
            "due_day": clock.due_legal_day.isoformat(),
            "stopped_at": _iso(clock.stopped_at),
        }
        for clock in file.clocks
    ]


def _entry(entry: EntryView) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "act": entry.act,
        "at": _iso(entry.at),
        "unit": entry.unit,
        "status": entry.status,
        "data": dict(entry.data),
    }


async def _letters(no: str) -> list[dict[str, Any]]:
    """The letters that were written to the petitioner; their words stand in the entries they follow from."""
    rows = await Letter.filter(case__no=no).order_by("id").values("code", "number", "issued_at")
    return [
        {"code": row["code"], "number": row["number"], "issued_at": _iso(row["issued_at"])}
        for row in rows
        if not letter_types.BY_CODE[row["code"]].internal
    ]


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(OFFICE_TIMEZONE).isoformat(timespec="seconds") if moment else ""
