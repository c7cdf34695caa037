"""How are letters issued and kept? Each once per act, numbered without gaps or doubles, checkable by anybody.

A letter keeps what could change later (names, days, telephone numbers) as it was that day, the person's name sealed
under the person's own key, and the edition of its template. Its words are those of the entry, which nobody rewrites.
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from feedback.kernel import crypto, db, identifiers
from feedback.kernel.clock import office_day
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
class Issued:
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
    def row(self) -> letter_types.LetterType:
        return letter_types.BY_CODE[self.code]


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter with what is needed to write it out for whoever opened it."""

    letter: Issued
    file: CaseFile
    entry: EntryView
    person: PersonView | None


async def wants(no: str, seq: int) -> bool:
    """Whether an entry may issue letters: one small look, since most entries issue none."""
    found = await Entry.filter(case__no=no, seq=seq).values("actor", profile="case__profile", kind="case__kind")
    return any(
        row["actor"] not in letter_types.NOT_BY
        and any(row["profile"] in each.profiles and row["kind"] in each.kinds for each in letter_types.LETTERS)
        for row in found
    )


async def issued(no: str, seq: int) -> set[str]:
    """The codes of the letters an entry has issued."""
    return {row["code"] for row in await Letter.filter(case__no=no, seq=seq).values("code")}


async def issue(
    no: str,
    entry: EntryView,
    row: letter_types.LetterType,
    *,
    unit: str,
    mark: str,
    facts: Mapping[str, Any],
    edition: str,
    secret: str,
) -> Issued:
    """Number a letter and write it down, once: a second call finds the first."""
    case = await Case.get(no=no).prefetch_related("person")
    person, master = case.person, crypto.master_key(secret)
    known = {"name": "", "address": ""}
    if person is not None:
        known = {name: crypto.decrypt_for_person(master, person.key, getattr(person, name)) for name in known}
    said = json.dumps(known, ensure_ascii=False, sort_keys=True)
    series = letter_types.series_of(row, mark, confidential=bool(case.confidential))
    source = await Entry.get(case_id=case.id, seq=entry.seq)
    sealed = crypto.encrypt_for_person(master, person.key, said) if person is not None and person.key else ""

    async def write(number: str, token: str) -> Issued:
        digest = _digest(secret, row.code, number, unit, facts, edition, source.digest, said)
        columns = _columns(row, number, token, unit, facts)
        made = await Letter.create(
            case_id=case.id, seq=entry.seq, sealed=sealed, edition=edition, digest=digest, issued_at=entry.at, **columns
        )
        return _issued(made, no)

    async def twin() -> Issued | None:
        found = await Letter.get_or_none(case_id=case.id, seq=entry.seq, code=row.code)
        return _issued(found, no) if found else None

    return await _numbered(series, entry.at, write, twin)


async def issue_between(
    about: str,
    row: letter_types.LetterType,
    *,
    unit: str,
    mark: str,
    facts: Mapping[str, Any],
    edition: str,
    at: datetime,
    secret: str,
) -> Issued:
    """The same for a letter between offices that belongs to no case; `facts` are all it says."""

    async def write(number: str, token: str) -> Issued:
        digest = _digest(secret, row.code, number, unit, facts, edition, about, "")
        columns = _columns(row, number, token, unit, facts)
        made = await UnitLetter.create(about=about, edition=edition, digest=digest, issued_at=at, **columns)
        return _issued_between(made)

    async def twin() -> Issued | None:
        found = await UnitLetter.get_or_none(about=about, code=row.code)
        return _issued_between(found) if found else None

    known = await twin()
    return known or await _numbered(letter_types.series_of(row, mark, confidential=False), at, write, twin)


def _columns(
    row: letter_types.LetterType, number: str, token: str, unit: str, facts: Mapping[str, Any]
) -> dict[str, Any]:
    return {"code": row.code, "number": number, "token": token, "unit": unit, "facts": dict(facts)}


async def _numbered(
    series: str,
    at: datetime,
    write: Callable[[str, str], Awaitable[Issued]],
    twin: Callable[[], Awaitable[Issued | None]],
) -> Issued:
    """Write a letter under the next number of its series; if somebody just wrote the same one, theirs."""
    day = office_day(at)
    for _ in range(_TRIES):
        token = "".join(str(secrets.randbelow(10)) for _ in range(TOKEN_DIGITS))
        try:
            async with db.transaction():
                return await write(letter_types.number_of(series, day, await _next(series, day.year)), token)
        except IntegrityError:
            if (known := await twin()) is not None:
                return known  # else somebody opened the series at the same moment
    raise AssertionError


def _digest(secret: str, *whole: Any) -> str:
    """Keyed, since the words of a letter could be tried out against a plain digest until they fit."""
    return identifiers.keyed_hash(secret, "letter", json.dumps(whole, ensure_ascii=False, sort_keys=True))


async def _next(series: str, year: int) -> int:
    """The next number of a series: the row stays ours until the transaction ends, and is given back if it fails."""
    counted = LetterSeries.filter(series=series, year=year)
    if not await counted.update(given=F("given") + 1):
        await LetterSeries.create(series=series, year=year, given=1)
        return 1
    return int((await counted.values("given"))[0]["given"])


def _issued(row: Letter, no: str) -> Issued:
    return Issued(
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


def _issued_between(row: UnitLetter) -> Issued:
    return Issued(
        row.id, "", 0, row.code, row.number, row.token, row.unit, row.facts, row.edition, row.digest, row.issued_at
    )


async def letters_of(actor: Actor, file: CaseFile) -> list[Issued]:
    """The letters of a file that whoever sees it may read, oldest first."""
    rows = await Letter.filter(case__no=file.no).order_by("seq", "id")
    found = [_issued(row, file.no) for row in rows]
    return [letter for letter in found if access.reads_letter(actor, internal=letter.row.internal)]


async def opened(actor: Actor, no: str, letter_id: str, *, secret: str, log_at: datetime | None = None) -> Opened:
    """A letter as the actor may read it. `log_at`: write down that staff read it.

    Raises NotFound, also for a letter the actor may not read.
    """
    file = await case_queries.file(actor, no, secret=secret)
    row = (
        await Letter.get_or_none(id=int(letter_id), case__no=file.no).prefetch_related("case__person")
        if _is_id(letter_id)
        else None
    )
    if row is None or not access.reads_letter(actor, internal=letter_types.BY_CODE[row.code].internal):
        raise NotFound(letter=letter_id)
    whole = file if not actor.case_no else await case_queries.file(access.SYSTEM, no, secret=secret)
    entry = next(e for e in whole.entries if e.seq == row.seq)
    if log_at and not actor.case_no and (file.confidential or (file.person and not file.person.is_masked)):
        await log_read(actor, "letter", no, row.number, now=log_at)
    return Opened(_issued(row, no), file, entry, _as_of_that_day(row, file.person, secret))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _as_of_that_day(row: Letter, person: PersonView | None, secret: str) -> PersonView | None:
    """The person as the letter was addressed; masked for whom they are masked, gone once they were forgotten."""
    kept = row.case.person
    if person is None or person.is_masked or kept is None or not row.sealed or not kept.key:
        return person
    known = json.loads(crypto.decrypt_for_person(crypto.master_key(secret), kept.key, row.sealed))
    return PersonView(known["name"], person.phone, person.id_number, known["address"], False)


async def verified(token: str) -> Issued | None:
    """The letter of a printed code, or None."""
    digits = identifiers.typed_code(token[:80])
    if len(digits) != TOKEN_DIGITS:
        return None
    if row := await Letter.get_or_none(token=digits).prefetch_related("case"):
        return _issued(row, row.case.no)
    between = await UnitLetter.get_or_none(token=digits)
    return _issued_between(between) if between else None
