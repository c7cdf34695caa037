"""How do acts become rows, and rows become values again? The columns, clocks, tenures and side rows of a case.

Only `feedback.cases` calls what writes here, inside its transaction.
"""

from feedback.kernel import crypto, identifiers
from feedback.record.models.case import Case, CasePerson, Person
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.parties import PartyRole


async def keep_person(draft: Submission, secret: str) -> Person | None:
    return await _kept(draft.person, secret) if draft.person else None


async def keep_people(case_id: int, draft: Submission, secret: str) -> None:
    """Those beside the petitioner, each sealed with a key of their own."""
    for each in draft.representatives:
        person = await _kept(each, secret)
        await CasePerson.create(case_id=case_id, person_id=person.id, role=PartyRole.REPRESENTATIVE.value)
    if proxy := draft.proxy:
        person = await _kept(proxy.person, secret)
        await CasePerson.create(
            case_id=case_id,
            person_id=person.id,
            role=PartyRole.PROXY.value,
            kind=proxy.kind,
            authority=proxy.authority,
        )


def is_person(stored: Person | None, said: PersonSubmission | None, secret: str) -> bool:
    """Whether that is the very person: the same telephone or identity number, and the same name."""
    if stored is None or said is None or not (said.phone or said.id_number):
        return False
    hashes = (phone_hash(said.phone, secret), id_hash(said.id_number, secret))
    name = crypto.decrypt_for_person(crypto.master_key(secret), stored.key, stored.name)
    return (stored.phone_hash, stored.id_hash) == hashes and identifiers.constant_time_equal(name, said.name)


def id_hash(id_number: str, secret: str) -> str:
    """What somebody is found by through the identity number, or ""."""
    return identifiers.keyed_hash(secret, "id", id_number) if id_number else ""


def phone_hash(phone: str, secret: str) -> str:
    """What somebody is found by through the telephone, or ""."""
    return identifiers.keyed_hash(secret, "phone", phone) if phone else ""


def name_hash(name: str, secret: str) -> str:
    """What somebody is found by through the name, or ""; many people may have it."""
    return identifiers.keyed_hash(secret, "name", name) if name else ""


async def _kept(p: PersonSubmission, secret: str) -> Person:
    master = crypto.master_key(secret)
    key = crypto.new_key(master)
    return await Person.create(
        key=key,
        name=crypto.encrypt_for_person(master, key, p.name),
        phone=crypto.encrypt_for_person(master, key, p.phone),
        id_number=crypto.encrypt_for_person(master, key, p.id_number),
        address=crypto.encrypt_for_person(master, key, p.address),
        phone_hash=phone_hash(p.phone, secret),
        id_hash=id_hash(p.id_number, secret),
        tail_hash=identifiers.keyed_hash(secret, "tail", p.phone[-4:]) if p.phone else "",
        name_hash=name_hash(p.name, secret),
    )


def person_of(case: Case) -> int | None:
    found: int | None = case.person_id  # type: ignore[attr-defined] # Tortoise adds the column attribute at run time
    return found


async def has_somebody_of(case: Case, other: Case) -> bool:
    """Whether one who brought the first, as petitioner or representative, brought the second too: 同一信访人或群体."""
    known: list[set[tuple[str, str]]] = []
    for each in (case, other):
        besides = CasePerson.filter(case_id=each.id, role=PartyRole.REPRESENTATIVE.value)
        ids = [person_of(each), *await besides.values_list("person_id", flat=True)]
        persons = await Person.filter(id__in=[id_ for id_ in ids if id_])
        marks = ((how, mark) for p in persons for how, mark in (("phone", p.phone_hash), ("id", p.id_hash)))
        known.append({(how, mark) for how, mark in marks if mark})
    return bool(known[0] & known[1])
