"""Issue, number, store and verify official letters: each once per act, without gaps, checkable by anybody.

A letter keeps what could change later (names, days, telephone numbers) as it was that day, the person's name encrypted
with the person's own key, and the edition of its template. Its words are those of the entry, which nobody rewrites.
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from feedback.kernel import db, identifiers
from feedback.kernel.clock import office_day
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import NotFound
from feedback.queries import cases as case_queries
from feedback.record.access_log import log_read
from feedback.record.models.case import Case, Entry
from feedback.record.models.letters import Letter, LetterSeries, UnitLetter
from feedback.rules import access, letter_types
from feedback.rules.access import Actor
from feedback.rules.read_models import CaseFile, EntryView, PersonView

TOKEN_DIGITS = 20  # about 66 bits: printed as digits, so that who has no camera can type it
_TRIES = 5


@dataclass(frozen=True, slots=True)
class IssuedLetter:
    """A letter as it was issued."""

    id: int
    no: str
    seq: int
    code: str
    number: str
    token: str
    unit: str
    facts: Mapping[str, Any]
    edition: str
    digest: str
    issued_at: datetime

    @property
    def letter_type(self) -> letter_types.LetterType:
        return letter_types.BY_CODE[self.code]


@dataclass(frozen=True, slots=True)
class LetterView:
    """A letter with what is needed to write it out for whoever opened it."""

    letter: IssuedLetter
    file: CaseFile
    entry: EntryView
    person: PersonView | None


async def may_issue_letters(no: str, seq: int) -> bool:
    """Whether an entry may issue letters: one small look, since most entries issue none."""
    entries = await Entry.filter(case__no=no, seq=seq).values("actor", profile="case__profile", kind="case__kind")
    return any(
        entry["actor"] not in letter_types.NON_ISSUING_ACTORS
        and any(
            entry["profile"] in letter_type.profiles and entry["kind"] in letter_type.kinds
            for letter_type in letter_types.LETTERS
        )
        for entry in entries
    )


async def list_issued_codes(no: str, seq: int) -> set[str]:
    """The codes of the letters an entry has issued."""
    return {row["code"] for row in await Letter.filter(case__no=no, seq=seq).values("code")}


async def issue_letter(
    no: str,
    entry: EntryView,
    letter_type: letter_types.LetterType,
    *,
    unit: str,
    mark: str,
    facts: Mapping[str, Any],
    edition: str,
    vault: Vault,
) -> IssuedLetter:
    """Number a letter and write it down, once: a second call finds the first."""
    case = await Case.get(no=no).prefetch_related("person")
    person = case.person
    addressee = {"name": "", "address": ""}
    if person is not None:
        addressee = {name: vault.decrypt_for_person(person.key, getattr(person, name)) for name in addressee}
    addressee_json = json.dumps(addressee, ensure_ascii=False, sort_keys=True)
    series = letter_types.series_name(letter_type, mark, confidential=bool(case.confidential))
    source = await Entry.get(case_id=case.id, seq=entry.seq)
    sealed = vault.encrypt_for_person(person.key, addressee_json) if person is not None and person.key else ""

    async def write(number: str, token: str) -> IssuedLetter:
        digest = _digest(vault, letter_type.code, number, unit, facts, edition, source.digest, addressee_json)
        columns = _columns(letter_type, number, token, unit, facts)
        letter = await Letter.create(
            case_id=case.id, seq=entry.seq, sealed=sealed, edition=edition, digest=digest, issued_at=entry.at, **columns
        )
        return _to_letter(letter, no)

    async def find_existing() -> IssuedLetter | None:
        existing = await Letter.get_or_none(case_id=case.id, seq=entry.seq, code=letter_type.code)
        return _to_letter(existing, no) if existing else None

    return await _create_numbered(series, entry.at, write, find_existing)


async def issue_unit_letter(
    about: str,
    letter_type: letter_types.LetterType,
    *,
    unit: str,
    mark: str,
    facts: Mapping[str, Any],
    edition: str,
    at: datetime,
    vault: Vault,
) -> IssuedLetter:
    """The same for a letter between offices that belongs to no case; `facts` are all it says."""

    async def write(number: str, token: str) -> IssuedLetter:
        digest = _digest(vault, letter_type.code, number, unit, facts, edition, about, "")
        columns = _columns(letter_type, number, token, unit, facts)
        letter = await UnitLetter.create(about=about, edition=edition, digest=digest, issued_at=at, **columns)
        return _to_unit_letter(letter)

    async def find_existing() -> IssuedLetter | None:
        existing = await UnitLetter.get_or_none(about=about, code=letter_type.code)
        return _to_unit_letter(existing) if existing else None

    existing_letter = await find_existing()
    return existing_letter or await _create_numbered(
        letter_types.series_name(letter_type, mark, confidential=False), at, write, find_existing
    )


def _columns(
    letter_type: letter_types.LetterType, number: str, token: str, unit: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    return {"code": letter_type.code, "number": number, "token": token, "unit": unit, "facts": dict(facts)}


async def _create_numbered(
    series: str,
    at: datetime,
    write: Callable[[str, str], Awaitable[IssuedLetter]],
    find_existing: Callable[[], Awaitable[IssuedLetter | None]],
) -> IssuedLetter:
    """Write a letter under the next number of its series; if somebody just wrote the same one, theirs."""
    day = office_day(at)
    for _ in range(_TRIES):
        token = "".join(str(secrets.randbelow(10)) for _ in range(TOKEN_DIGITS))
        try:
            async with db.transaction():
                return await write(letter_types.letter_number(series, day, await _next_number(series, day.year)), token)
        except IntegrityError:
            if (existing := await find_existing()) is not None:
                return existing  # else somebody opened the series at the same moment
    raise AssertionError


def _digest(vault: Vault, *parts: Any) -> str:
    """Keyed, since the words of a letter could be tried out against a plain digest until they fit."""
    return vault.keyed_hash("letter", json.dumps(parts, ensure_ascii=False, sort_keys=True))


async def _next_number(series: str, year: int) -> int:
    """The next number of a series: the row stays ours until the transaction ends, and is given back if it fails."""
    counter = LetterSeries.filter(series=series, year=year)
    if not await counter.update(given=F("given") + 1):
        await LetterSeries.create(series=series, year=year, given=1)
        return 1
    return int((await counter.values("given"))[0]["given"])


def _to_letter(row: Letter, no: str) -> IssuedLetter:
    return IssuedLetter(
        row.id,
        no,
        row.seq,
        row.code,
        row.number,
        row.token,
        row.unit,
        row.facts,
        row.edition,
        row.digest,
        row.issued_at,
    )


def _to_unit_letter(row: UnitLetter) -> IssuedLetter:
    return IssuedLetter(
        row.id, "", 0, row.code, row.number, row.token, row.unit, row.facts, row.edition, row.digest, row.issued_at
    )


async def list_letters(actor: Actor, file: CaseFile) -> list[IssuedLetter]:
    """The letters of a file that whoever sees it may read, oldest first."""
    rows = await Letter.filter(case__no=file.no).order_by("seq", "id")
    letters = [_to_letter(row, file.no) for row in rows]
    return [letter for letter in letters if access.may_read_letter(actor, internal=letter.letter_type.internal)]


async def open_letter(
    actor: Actor, no: str, letter_id: str, *, vault: Vault, log_at: datetime | None = None
) -> LetterView:
    """A letter as the actor may read it. `log_at`: write down that staff read it.

    Raises NotFound, also for a letter the actor may not read.
    """
    file = await case_queries.load_file(actor, no, vault=vault)
    row = (
        await Letter.get_or_none(id=int(letter_id), case__no=file.no).prefetch_related("case__person")
        if _is_id(letter_id)
        else None
    )
    if row is None or not access.may_read_letter(actor, internal=letter_types.BY_CODE[row.code].internal):
        raise NotFound(letter=letter_id)
    full_file = file if not actor.case_no else await case_queries.load_file(access.SYSTEM, no, vault=vault)
    entry = next(e for e in full_file.entries if e.seq == row.seq)
    if log_at and not actor.case_no and (file.confidential or (file.person and not file.person.is_masked)):
        await log_read(actor, "letter", no, row.number, now=log_at)
    return LetterView(_to_letter(row, no), file, entry, _person_as_addressed(row, file.person, vault))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _person_as_addressed(row: Letter, person: PersonView | None, vault: Vault) -> PersonView | None:
    """The person as the letter was addressed; masked for whom they are masked, gone once they were forgotten."""
    stored_person = row.case.person
    if person is None or person.is_masked or stored_person is None or not row.sealed or not stored_person.key:
        return person
    addressee = json.loads(vault.decrypt_for_person(stored_person.key, row.sealed))
    return PersonView(addressee["name"], person.phone, person.id_number, addressee["address"], False, person.id_kind)


async def find_by_token(token: str) -> IssuedLetter | None:
    """The letter of a printed code, or None."""
    digits = identifiers.normalize_code(token[:80])
    if len(digits) != TOKEN_DIGITS:
        return None
    if row := await Letter.get_or_none(token=digits).prefetch_related("case"):
        return _to_letter(row, row.case.no)
    unit_letter = await UnitLetter.get_or_none(token=digits)
    return _to_unit_letter(unit_letter) if unit_letter else None
