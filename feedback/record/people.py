"""Store persons encrypted, and match them by keyed hashes.

Only `feedback.record.cases` calls what writes here, inside its transaction.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from feedback.kernel import identifiers
from feedback.kernel.crypto import Vault
from feedback.record.models.case import Case, CasePerson, Person
from feedback.rules import identity_documents
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.parties import PartyRole

_BATCH = 500
_MORE_SEALED = ("email", "org_name", "org_code")


async def store_person(submission: Submission, vault: Vault, key: str = "") -> Person | None:
    """The petitioner, if there is one, sealed with `key` or a fresh one."""
    return await _create_person(submission.person, vault, key) if submission.person else None


async def store_parties(case_id: int, submission: Submission, vault: Vault) -> None:
    """Those beside the petitioner, each sealed with a key of their own."""
    for representative in submission.representatives:
        person = await _create_person(representative, vault)
        await CasePerson.create(case_id=case_id, person_id=person.id, role=PartyRole.REPRESENTATIVE.value)
    if proxy := submission.proxy:
        person = await _create_person(proxy.person, vault)
        await CasePerson.create(
            case_id=case_id,
            person_id=person.id,
            role=PartyRole.PROXY.value,
            kind=proxy.kind,
            authority=proxy.authority,
        )


def seal_set_aside(cells: Mapping[str, str], person_key: str, vault: Vault) -> str:
    """What an import could not understand, sealed: with the key of the petitioner, if there is one, so that it is
    erased with them."""
    text = json.dumps(dict(cells), ensure_ascii=False)
    return vault.encrypt_for_person(person_key, text) if person_key else vault.encrypt_system(text)


def open_set_aside(ciphertext: str, person: Person | None, vault: Vault) -> dict[str, str]:
    """The same again by field; empty when there was nothing or it was erased."""
    if not ciphertext:
        return {}
    text = vault.decrypt_for_person(person.key, ciphertext) if person else vault.decrypt_system(ciphertext)
    return dict(json.loads(text)) if text else {}


def is_same_person(person: Person | None, submission: PersonSubmission | None, vault: Vault) -> bool:
    """Whether that is the very person: the same telephone or identity number, and the same name."""
    if person is None or submission is None or not (submission.phone or submission.id_number):
        return False
    hashes = (phone_hash(submission.phone, vault), id_hash(submission.id_number, vault, submission.id_kind))
    name = vault.decrypt_for_person(person.key, person.name)
    return (person.phone_hash, person.id_hash) == hashes and identifiers.constant_time_equal(name, submission.name)


def is_other_person(person: Person | None, submission: PersonSubmission | None, vault: Vault) -> bool:
    """Whether whoever hands it in again names somebody else than the first time: one name, nobody, another number."""
    if person is None or submission is None:
        return person is not None or submission is not None
    hashes = (phone_hash(submission.phone, vault), id_hash(submission.id_number, vault, submission.id_kind))
    if (person.phone_hash, person.id_hash) != hashes:
        return True
    return person.name_hash != name_hash(submission.name, vault)


def id_hash(id_number: str, vault: Vault, id_kind: str = "") -> str:
    """What somebody is found by through the number of an identity document, or "". Two kinds may have one number."""
    is_resident = id_kind in ("", identity_documents.RESIDENT)
    return vault.keyed_hash("id", id_number if is_resident else f"{id_kind}:{id_number}") if id_number else ""


def id_tail_hash(id_number: str, vault: Vault) -> str:
    """What somebody is found by through the last six places of any document, or ""; others may have them too."""
    tail = id_number[-identity_documents.TAIL :]
    return vault.keyed_hash("id_tail", tail) if len(tail) == identity_documents.TAIL else ""


async def fill_id_tails(vault: Vault) -> None:
    """Make those of older versions be found by the last six places too. Running it again does nothing."""
    last_id = 0
    while rows := await Person.filter(id__gt=last_id, id_tail_hash="").exclude(id_hash="").order_by("id").limit(_BATCH):
        last_id = rows[-1].id
        for person in rows:
            digest = id_tail_hash(vault.decrypt_for_person(person.key, person.id_number), vault)
            await Person.filter(id=person.id, forgotten_at__isnull=True).update(id_tail_hash=digest)


def phone_hash(phone: str, vault: Vault) -> str:
    """What somebody is found by through the telephone, or ""."""
    return vault.keyed_hash("phone", phone) if phone else ""


def name_hash(name: str, vault: Vault) -> str:
    """What somebody is found by through the name, or ""; many people may have it."""
    return vault.keyed_hash("name", name) if name else ""


async def store_party(
    case_id: int, seq: int, role: PartyRole, kind: str, authority: str, submission: PersonSubmission, vault: Vault
) -> None:
    """Somebody who joins a case that runs, with the entry `seq`."""
    person = await _create_person(submission, vault)
    await CasePerson.create(
        case_id=case_id, person_id=person.id, role=role.value, kind=kind, authority=authority, seq=seq
    )


async def _create_person(submission: PersonSubmission, vault: Vault, key: str = "") -> Person:
    key = key or vault.new_person_key()
    return await Person.create(key=key, **_person_columns(submission, vault, key))


async def correct_person(person_id: int, correction: PersonSubmission, vault: Vault) -> None:
    """Write what the correction names over what was held: nothing of it is left, neither sealed nor as a hash."""
    person = await Person.get(id=person_id)
    current = open_person(person, vault)
    values = {name: value for name, value in asdict(correction).items() if value}
    columns = _person_columns(replace(current, **values), vault, person.key)
    await Person.filter(id=person_id, forgotten_at__isnull=True).update(**columns)


def open_person(person: Person, vault: Vault) -> PersonSubmission:
    """Who a stored person is; all empty once they were forgotten."""
    sealed = (person.name, person.phone, person.id_number, person.address)
    name, phone, id_number, address = (vault.decrypt_for_person(person.key, text) for text in sealed)
    more = {name: vault.decrypt_for_person(person.key, getattr(person, name)) for name in _MORE_SEALED}
    return PersonSubmission(name, phone, id_number, address, person.id_kind, **more)


async def forget_persons(person_ids: Sequence[int], now: datetime) -> int:
    """Destroy the keys of these people and all they can be found by. Returns how many there were."""
    names = ("key", "name", "phone", "id_kind", "id_number", "address", *_MORE_SEALED)
    hashes = ("phone_hash", "id_hash", "id_tail_hash", "tail_hash", "name_hash")
    empty = dict.fromkeys((*names, *hashes), "")
    return await Person.filter(id__in=list(person_ids), forgotten_at__isnull=True).update(**empty, forgotten_at=now)


def _person_columns(submission: PersonSubmission, vault: Vault, key: str) -> dict[str, Any]:
    return {
        "name": vault.encrypt_for_person(key, submission.name),
        "phone": vault.encrypt_for_person(key, submission.phone),
        "id_number": vault.encrypt_for_person(key, submission.id_number),
        "address": vault.encrypt_for_person(key, submission.address),
        **{name: vault.encrypt_for_person(key, getattr(submission, name)) for name in _MORE_SEALED},
        "phone_hash": phone_hash(submission.phone, vault),
        "id_kind": submission.id_kind,
        "id_hash": id_hash(submission.id_number, vault, submission.id_kind),
        "id_tail_hash": id_tail_hash(submission.id_number, vault),
        "tail_hash": vault.keyed_hash("tail", submission.phone[-4:]) if submission.phone else "",
        "name_hash": name_hash(submission.name, vault),
    }


def person_id_of(case: Case) -> int | None:
    person_id: int | None = case.person_id  # type: ignore[attr-defined] # Tortoise adds the column attribute at run time
    return person_id


async def has_common_petitioner(case: Case, other: Case) -> bool:
    """Whether one who brought the first, as petitioner or representative, brought the second too: 同一信访人或群体."""
    identities: list[set[tuple[str, str]]] = []
    for subject in (case, other):
        parties = CasePerson.filter(case_id=subject.id, role=PartyRole.REPRESENTATIVE.value)
        ids = [person_id_of(subject), *await parties.values_list("person_id", flat=True)]
        persons = await Person.filter(id__in=[id_ for id_ in ids if id_])
        hashes = ((column, digest) for p in persons for column, digest in (("phone", p.phone_hash), ("id", p.id_hash)))
        identities.append({(column, digest) for column, digest in hashes if digest})
    return bool(identities[0] & identities[1])
