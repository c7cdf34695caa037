"""Carry out what a person may ask of their own data: seal a correction, correct, erase (个人信息保护法 第四十六条、第四十七条).

Only `feedback.record.cases` calls what writes here, inside its transaction.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Conflict, NotNow
from feedback.record import people, search
from feedback.record.models.case import Attachment, Case, CasePerson, Entry, Link, Person, TenureRow
from feedback.record.models.letters import Letter
from feedback.record.models.logs import ReadLog
from feedback.record.people import person_id_of
from feedback.record.persistence import compute_remainder, find_chain_break
from feedback.rules import entry_texts, preconditions
from feedback.rules.intake import PersonSubmission
from feedback.rules.projection import ENDED
from feedback.rules.vocabulary import Act, Kind

Complete = Callable[[Act, Mapping[str, Any]], dict[str, Any]]
"""What an act brings -> what its entry keeps of it."""

DECIDING_ACTS = frozenset({Act.CORRECT, Act.REFUSE_CORRECTION, Act.ERASE})
"""Acts that erase texts: those of the request for a correction, or all there are."""
_ACTS = DECIDING_ACTS | {Act.ASK_CORRECTION}
_CORRECTION_KEYS = ("name", "phone", "id_kind", "id_number", "home_address")


def _keep_all(act: Act, data: Mapping[str, Any]) -> dict[str, Any]:
    return dict(data)


async def prepare(case: Case, acts: Iterable[Act], vault: Vault | None) -> Complete:
    """How the entries of these acts keep what they bring: a correction sealed, a decision with what it erases.

    Raises NotNow when nobody is held who could be corrected, when a rectification of the case still runs, or
    (`record_damaged`) when the chain is broken: what cannot be verified is not erased before somebody looked.
    """
    wanted = set(acts) & _ACTS
    if not wanted:
        return _keep_all
    if vault is None:
        raise TypeError("an act on personal data needs the vault")
    open_vault = vault
    person = await Person.get_or_none(id=person_id_of(case) or 0)
    if wanted & {Act.ASK_CORRECTION, Act.CORRECT} and (person is None or not person.key):
        raise NotNow(code="no_person_held", no=case.no)
    entries = await Entry.filter(case_id=case.id).order_by("seq")
    if find_chain_break(case, entries):
        raise NotNow(code="record_damaged", no=case.no)
    if Act.ERASE in wanted and await _list_running_rectifications(case):
        raise NotNow(code="case_unfinished", no=case.no)

    def complete(act: Act, data: Mapping[str, Any]) -> dict[str, Any]:
        if act is Act.ASK_CORRECTION and person is not None:
            correction = preconditions.build_correction(data)
            values = {name: value for name, value in asdict(correction).items() if value}
            sealed = open_vault.encrypt_for_person(person.key, json.dumps(values, ensure_ascii=False))
            rest = {name: value for name, value in data.items() if name not in _CORRECTION_KEYS}
            fields = sorted("home_address" if name == "address" else name for name in values)
            return {**rest, "fields": fields, "correction": sealed}
        if act in DECIDING_ACTS:
            erased = {str(e.seq): compute_remainder(e) for e in _select_erased(act, entries)}
            return {**data, entry_texts.ERASED: erased}
        return dict(data)

    return complete


def _select_erased(act: Act, entries: Iterable[Entry]) -> list[Entry]:
    """The entries whose texts a decision erases."""
    return [e for e in entries if act is Act.ERASE or (e.act == Act.ASK_CORRECTION and "correction" in e.data)]


async def carry_out(case: Case, act: Act, data: Mapping[str, Any], now: datetime, vault: Vault | None) -> None:
    """What a decision does beside its entry. Nothing for other acts."""
    if act not in DECIDING_ACTS or vault is None:
        return
    entries = await Entry.filter(case_id=case.id, seq__in=[int(seq) for seq in data[entry_texts.ERASED]])
    if act is Act.CORRECT:
        await _correct(case, max(entries, key=lambda e: e.seq), vault)
    if act is Act.ERASE:
        await _erase(case, now)
    for e in entries:
        await Entry.filter(id=e.id).update(data=entry_texts.without_texts(e.data), salt="")


async def _correct(case: Case, request: Entry, vault: Vault) -> None:
    person = await Person.get(id=person_id_of(case))
    values = json.loads(vault.decrypt_for_person(person.key, request.data["correction"]))
    await people.correct_person(person.id, PersonSubmission(**values), vault)


async def _erase(case: Case, now: datetime) -> None:
    """Destroy the keys of all people of a case, its words, what was made of them, and the rows of its files.

    The files lie outside the database and are deleted by who follows the act up.
    """
    party_ids: list[int] = list(await CasePerson.filter(case_id=case.id).values_list("person_id", flat=True))  # type: ignore[arg-type] # flat: no tuples
    await people.forget_persons([id_ for id_ in (person_id_of(case), *party_ids) if id_], now)
    await TenureRow.filter(case_id=case.id).update(task="")
    await Letter.filter(case_id=case.id).update(sealed="")
    await ReadLog.filter(case_no=case.no).update(detail="")
    await Attachment.filter(case_id=case.id).update(case_id=None, seq=0, name="", held_until=None)
    for link in [*await Link.filter(case_id=case.id), *await Link.filter(earlier_id=case.id)]:
        await Link.filter(id=link.id).update(evidence={**link.evidence, "passages": []})
    words = {"title": entry_texts.ERASED_TITLE, "text": "", "address": "", "flags": "", "sender_hash": ""}
    if not await Case.filter(id=case.id, title=case.title, text=case.text).update(**words):
        raise Conflict(no=case.no)
    # The words come last: SQLite counts what FTS5 flushes as rows changed by the next statement.
    await search.remove(search.CASES, case.id, search.case_words(case.title, case.address, case.text))


async def _list_running_rectifications(case: Case) -> list[int]:
    ended = [status.value for status in ENDED]
    rows = Case.filter(link=case.no, kind=Kind.RECTIFY.value).exclude(status__in=ended)
    return list(await rows.values_list("id", flat=True))  # type: ignore[arg-type] # flat: no tuples
