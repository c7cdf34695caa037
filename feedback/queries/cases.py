"""Load one case file as an actor may see it.

Every query takes the actor and narrows by `access.scope` before anything else; what comes back are values.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from feedback.kernel import db, identifiers
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import NotFound
from feedback.queries import minors
from feedback.record import calendar_editions, deadline_changes, people, persistence
from feedback.record.access_log import log_read
from feedback.record.models.case import AccessBar, Attachment, Case, CasePerson, Entry, Person, PublicReply, TenureRow
from feedback.record.persistence import load_case_access, to_clock_facts, to_event
from feedback.rules import access, entry_texts, projection, redaction
from feedback.rules.access import Actor, CaseAccess, UnitScope
from feedback.rules.geography import Location, read_location
from feedback.rules.imported_history import IMPORTER, list_unknown_times
from feedback.rules.intake import PersonSubmission
from feedback.rules.read_models import CaseFile, CaseSummary, EntryView, FileView, PartyView, PersonView, TenureView
from feedback.rules.vocabulary import OPEN, Act, Channel, Kind, Profile, Role, Stage, Status

SLIP_LIFETIME = timedelta(days=1)


def scoped_query(actor: Actor) -> QuerySet[Case]:
    """The cases the actor sees: `access.scope` said as a query. A test holds it equal to `access.may_see`."""
    access_scope = access.scope(actor)
    cases_ = Case.all().using_db(db.read_connection())
    if access_scope.everything:
        return cases_
    if access_scope.nothing:
        return cases_.filter(id=-1)
    if access_scope.case_no:
        return cases_.filter(no=access_scope.case_no)
    if not access_scope.confidential:
        cases_ = cases_.filter(confidential=False)
    if access_scope.ancestry or access_scope.staff_id:
        cases_ = cases_.exclude(id__in=Subquery(barred_from(actor).values("case_id")))
    if access_scope.everywhere:
        return cases_
    tenures = TenureRow.filter(unit__in=sorted(access_scope.units)).values("case_id")
    in_tenure = Q(id__in=Subquery(tenures))
    return cases_.filter(in_tenure | Q(desk=access_scope.desk) if access_scope.desk else in_tenure)


def build_unit_filter(unit_scope: UnitScope) -> Q:
    """`access.UnitScope` said as a condition on a column `unit`, for the tables of every package."""
    return Q() if unit_scope.everywhere else Q(unit__in=sorted(unit_scope.units))


async def load_file(actor: Actor, no: str, *, vault: Vault, log_at: datetime | None = None) -> CaseFile:
    """The case as `actor` sees it. `log_at`: write down that staff read it.

    Raises NotFound, also for a case the actor may not see.
    """
    case = await Case.get_or_none(no=no[: identifiers.CASE_NUMBER_MOST]).prefetch_related("person")
    if case is None:
        raise NotFound(no=no)
    case_access = await load_case_access(case)
    if not access.may_see(actor, case_access):
        raise NotFound(no=no)
    entries = await Entry.filter(case_id=case.id).order_by("seq")
    facts = to_clock_facts(case)
    case_projection = projection.project([to_event(e) for e in entries], facts, await calendar_editions.load_editions())
    clocks = tuple(await persistence.load_stored_clocks(case.id))
    is_owner = bool(actor.case_no)
    unknown_times = list_unknown_times([to_event(e) for e in entries])
    visible_entries = [e for e in entries if e.public or not is_owner]
    shared_seqs = {id_: e.seq for e in visible_entries for id_ in e.data.get("shared_files", ())}
    files = await Attachment.filter(Q(case_id=case.id) | Q(id__in=sorted(shared_seqs))).order_by("seq", "made_at")
    parties = await CasePerson.filter(case_id=case.id).order_by("id").prefetch_related("person")
    visible_seqs = {e.seq for e in visible_entries}
    if log_at and (case.confidential or access.may_see_person(actor, case_access)) and not is_owner:
        await log_read(actor, "file", no, now=log_at)
    linked_nos = [c.no for c in await Case.filter(link=no).order_by("id")]
    visible_nos = await filter_visible(
        actor, filter(None, (case.link, *linked_nos, *(e.data.get("case", "") for e in visible_entries)))
    )
    if is_owner:  # whoever's case was merged is told into which; its number opens nothing without its own code
        visible_nos |= {e.data["case"] for e in visible_entries if e.act in _MERGED_BY}
    shows_person = is_unmasked(actor, case_access, bool(case.anonymous))
    entry_views = [
        _with_correction(_entry_view(e, is_owner, unknown_times, visible_nos), e, case, shows_person, vault)
        for e in visible_entries
    ]
    beside = tuple([_party_view(row, actor, case_access, bool(case.anonymous), vault) for row in parties])
    redactor = None
    if minors.is_kept_from(actor, case_access, case_projection.markers):
        persons = [p for p in (case.person, *(row.person for row in parties)) if p is not None]
        redactor = redaction.Redactor(tuple(filter(None, (vault.decrypt_for_person(p.key, p.name) for p in persons))))
        beside = tuple(replace(party, person=minors.CHILD) for party in beside)
    return CaseFile(
        no=case.no,
        kind=facts.kind,
        profile=facts.profile,
        stage=case_projection.state.stage,
        status=Status(case.status),
        version=case.version,
        title=redactor.mask(case.title) if redactor else case.title,
        text=redactor.mask(case.text) if redactor else case.text,
        channel=case.channel,
        region=case.region,
        address="" if redactor else case.address,
        category=case.category,
        confidence=case.confidence,
        by_hand=bool(case.by_hand),
        desk=case.desk,
        unit=case.unit,
        co_units=tuple(sorted(case_access.co)),
        urgency=case.urgency,
        flags="" if is_owner else case.flags,
        confidential=bool(case.confidential),
        anonymous=bool(case.anonymous),
        public_consent=bool(case.public_consent),
        headcount=case.headcount,
        link=case.link if case.link in visible_nos else "",
        linked=tuple(other_no for other_no in linked_nos if other_no in visible_nos),
        received_at=case.received_at,
        replied_at=case.replied_at,
        closed_at=case.closed_at,
        person=minors.withhold(
            _person_view(case.person, actor, case_access, bool(case.anonymous), vault),
            actor,
            case_access,
            case_projection.markers,
            is_guarded=minors.has_guardian(beside),
        ),
        beside=beside,
        clocks=tuple(clock for clock in clocks if clock.is_personal or not is_owner),
        entries=tuple(minors.mask_entry(e, redactor) if redactor else e for e in entry_views),
        attachments=tuple(
            FileView(f.id, f.name, f.size, f.type, seq, f.scan)
            for f in files
            if (seq := shared_seqs.get(f.id, f.seq)) in visible_seqs
        ),
        tenures=tuple(TenureView(t.unit, t.lead, t.since, t.until, t.task) for t in case_projection.tenures),
        allowed=access.open_steps(
            actor, case_projection.state, replace(case_access, ordered=case_projection.ordered_units)
        ),
        is_published=await PublicReply.exists(case_id=case.id),
        markers=() if is_owner else case_projection.markers,
        is_own=is_owner,
        location=None if redactor else _read_location(entries[0]),
        recused=frozenset() if is_owner else case_access.recused,
        exclude=_decrypt_exclusion(entries[0], actor, case_access, vault),
        set_aside=_open_set_aside(entries[0], case, actor, case_access, vault),
        restrictions=tuple(case_projection.restrictions.split()),
        deadline_changes=tuple(
            m for m in await deadline_changes.list_case_changes(case.id) if m.is_personal or not is_owner
        ),
    )


async def load_summary(no: str) -> CaseSummary:
    """A case as the jobs read it.

    Raises NotFound.
    """
    case = await Case.get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    entries = await Entry.filter(case_id=case.id).order_by("seq")
    return CaseSummary(
        no=case.no,
        kind=Kind(case.kind),
        stage=Stage(case.stage),
        status=Status(case.status),
        version=case.version,
        title=case.title,
        text=case.text,
        region=case.region,
        address=case.address,
        category=case.category,
        desk=case.desk,
        unit=case.unit,
        is_named=to_clock_facts(case).named,
        urgency=case.urgency,
        profile=Profile(case.profile),
        link=case.link,
        flags=tuple(case.flags.split()),
        is_left_open_history=case.channel == Channel.IMPORT and case.next_due_at is None,
        entries=tuple(_entry_view(e, False, list_unknown_times([to_event(e) for e in entries])) for e in entries),
    )


async def list_unfinished(unit: str, after: int, limit: int) -> list[tuple[int, str]]:
    """Cases (id and number) a unit leads, helps in or took in, and that may still ask something of it. For the system."""
    held = TenureRow.filter(unit=unit, until__isnull=True).values("case_id")
    rows = Case.filter(Q(unit=unit) | Q(desk=unit) | Q(id__in=Subquery(held)), id__gt=after)
    rows = rows.filter(status__in=[status.value for status in (*OPEN, Status.REPLIED)]).order_by("id").limit(limit)
    return [(row["id"], row["no"]) for row in await rows.values("id", "no")]


async def list_attachment_ids(no: str) -> list[str]:
    """The files that the entries of a case name, whether they are still there or not. For the system."""
    rows = await Entry.filter(case__no=no).order_by("seq").values_list("data", flat=True)
    return [id_ for data in rows for id_ in data.get("attachments", ())]  # type: ignore[attr-defined] # flat: no tuples


async def list_unerased_rectifications(no: str) -> list[str]:
    """Rectifications that grew out of a case and still hold its words. For the system."""
    rows = Case.filter(link=no, kind=Kind.RECTIFY.value).exclude(title=entry_texts.ERASED_TITLE).order_by("id")
    return list(await rows.values_list("no", flat=True))  # type: ignore[arg-type] # flat: no tuples


async def list_co_units(no: str) -> list[str]:
    """The co-units of a case now."""
    rows = await TenureRow.filter(case__no=no, lead=False, until__isnull=True)
    return sorted(t.unit for t in rows)


_MERGED_BY = frozenset({Act.MERGE, Act.ANSWER_MERGED})
"""The acts that name the case another was merged into."""

_CASE_NUMBER_KEYS = frozenset({"case", "link"})
"""What an entry may hold that is the number of another case."""


_HIDDEN_KEYS = frozenset({"set_aside", "correction", entry_texts.ERASED})
"""What an entry holds sealed, read by functions of its own, or for `xinqiao verify` only: never passed on."""


def _entry_view(
    entry: Entry, is_owner: bool, unknown_times: frozenset[int], visible_nos: set[str] | None = None
) -> EntryView:
    """`visible_nos`: the other cases the reader may know of; None for the system, which knows all."""
    name = "" if is_owner and entry.role != "citizen" else entry.actor_name
    data = {
        name: value
        for name, value in entry.data.items()
        # What the desk noted down beside the words, a threat for one, is not for the citizen's page.
        if not (is_owner and name == "particulars")
        and name not in _HIDDEN_KEYS
        and (visible_nos is None or name not in _CASE_NUMBER_KEYS or value in visible_nos)
    }
    return EntryView(
        entry.seq,
        entry.act,
        entry.at,
        name,
        entry.role,
        entry.unit,
        entry.status,
        data,
        bool(entry.public),
        by_import=entry.actor == IMPORTER,
        time_unknown=entry.seq in unknown_times,
    )


def _with_correction(view: EntryView, entry: Entry, case: Case, is_open: bool, vault: Vault) -> EntryView:
    """The entry with what a person says is right, as long as it waits for the desk, for those who see who they are."""
    sealed = entry.data.get("correction")
    if not sealed or not is_open or case.person is None:
        return view
    values: dict[str, str] = json.loads(vault.decrypt_for_person(case.person.key, sealed) or "{}")
    if "address" in values:
        values["home_address"] = values.pop("address")
    return replace(view, data={**view.data, **values})


def _read_location(first: Entry) -> Location | None:
    """Where it happened, as the first entry holds it; an erased case holds it no more."""
    return read_location(first.data["location"]) if first.data.get("location") else None


def _party_view(row: CasePerson, actor: Actor, case_access: CaseAccess, anonymous: bool, vault: Vault) -> PartyView:
    person_view = _person_view(row.person, actor, case_access, anonymous, vault)
    assert person_view is not None  # noqa: S101 - the column takes no null
    return PartyView(row.role, row.kind, row.authority, person_view, row.seq)


def _decrypt_exclusion(first: Entry, actor: Actor, case_access: CaseAccess, vault: Vault) -> str:
    """Whom the citizen asked to be kept away (回避): never told to the unit that may be meant."""
    may_know = bool(actor.case_no) or (Role.RECEPTION in actor.roles and actor.unit == case_access.desk)
    ciphertext = first.data.get("exclude")
    return vault.decrypt_system(ciphertext) if ciphertext and may_know else ""


def _open_set_aside(
    first: Entry, case: Case, actor: Actor, case_access: CaseAccess, vault: Vault
) -> tuple[tuple[str, str], ...]:
    """What an import could not understand, for those who see who brought the case: a telephone may be among it."""
    if actor.case_no or not is_unmasked(actor, case_access, bool(case.anonymous)):
        return ()
    return tuple(people.open_set_aside(str(first.data.get("set_aside", "")), case.person, vault).items())


def _person_view(
    person: Person | None, actor: Actor, case_access: CaseAccess, anonymous: bool, vault: Vault
) -> PersonView | None:
    if person is None:
        return None
    sealed = (
        person.name,
        person.phone,
        person.id_number,
        person.address,
        person.email,
        person.org_name,
        person.org_code,
    )
    parts = [vault.decrypt_for_person(person.key, ciphertext) for ciphertext in sealed]
    name, phone, id_number, address, email, org_name, org_code = parts
    if is_unmasked(actor, case_access, anonymous):
        id_number = redaction.mask_id_number(id_number)
        view = PersonView(name, phone, id_number, address, is_masked=False, id_kind=person.id_kind)
        return replace(view, email=email, org_name=org_name, org_code=org_code)
    if anonymous:
        return PersonView("匿名", "", "", "", True)
    return PersonView(redaction.mask_name(name), redaction.mask_phone(phone), "", "", True)


def is_unmasked(actor: Actor, case_access: CaseAccess, anonymous: bool) -> bool:
    """Whether the actor sees who brought a case: those who must answer, unless it is anonymous, and the desk."""
    at_desk = actor.unit == case_access.desk
    return access.may_see_person(actor, case_access) and bool(not anonymous or at_desk or actor.case_no)


async def load_petitioner(no: str, vault: Vault) -> PersonSubmission | None:
    """Who brought a case, for a file that follows from it; None where they left no name, or hide it from the unit."""
    case = await Case.get(no=no).select_related("person")
    if case.person is None or case.anonymous:
        return None
    name, phone = (vault.decrypt_for_person(case.person.key, text) for text in (case.person.name, case.person.phone))
    return PersonSubmission(name, phone)


async def list_names(actor: Actor, no: str, vault: Vault) -> list[str]:
    """The names a publication of this case must not hold. For staff who see the case."""
    names = await list_names_by_case(actor, [no], vault)
    if no not in names:
        raise NotFound(no=no)
    return names[no]


async def list_names_by_case(actor: Actor, nos: Iterable[str], vault: Vault) -> dict[str, list[str]]:
    """The names of the persons of each of these cases that the actor sees, by number, to mask them: two statements."""
    cases = await scoped_query(actor).filter(no__in=sorted(set(nos))).select_related("person")
    names: dict[str, list[str]] = {case.no: [] for case in cases}
    parties = CasePerson.filter(case_id__in=[case.id for case in cases]).select_related("person", "case")
    persons = [(case.no, case.person) for case in cases]
    persons += [(row.case.no, row.person) for row in await parties] if cases else []
    for no, person in persons:
        if person is not None and (name := vault.decrypt_for_person(person.key, person.name)):
            names[no].append(name)
    return names


async def filter_visible(actor: Actor, nos: Iterable[str]) -> set[str]:
    """Those of the numbers whose cases the actor may know of: for lists that are kept elsewhere."""
    valid_nos = sorted(
        {no for no in nos if len(no) <= identifiers.CASE_NUMBER_MOST}
    )  # what a longer one names is nothing we keep
    rows = await scoped_query(actor).filter(no__in=valid_nos).values("no") if valid_nos else []
    return {row["no"] for row in rows}


async def count_seen(actor: Actor, rows: QuerySet[Any]) -> int:
    """How many cases the actor sees of those that rows of another package name in their column `case_no`."""
    return await scoped_query(actor).filter(no__in=Subquery(rows.values("case_no"))).count()


def barred_from(actor: Actor) -> QuerySet[AccessBar]:
    """The bars (回避) that shut the actor out, by the unit or by name: for lists whose reach is not a case's own."""
    access_scope = access.scope(actor)
    return AccessBar.filter(Q(unit__in=sorted(access_scope.ancestry)) | Q(staff=access_scope.staff_id))


async def filter_barred(actor: Actor, nos: Iterable[str]) -> set[str]:
    """Those of the numbers whose cases the actor is shut out of."""
    unique_nos = sorted(set(nos))
    rows = await barred_from(actor).filter(case__no__in=unique_nos).values("case__no") if unique_nos else []
    return {row["case__no"] for row in rows}


@dataclass(frozen=True, slots=True)
class ImportedCase:
    """A case that an import took in earlier."""

    no: str
    title: str
    text: str
    status: Status
    unit: str
    replies: tuple[str, ...] = ()  # every answer it was given, in order


async def load_imported_cases(source_ids: Sequence[str]) -> dict[str, ImportedCase]:
    """Those of the source ids that an import took in, in two statements: for the import only."""
    columns = ("source_id", "id", "no", "title", "text", "status", "unit")
    query = Case.filter(channel=Channel.IMPORT.value, source_id__in=sorted(set(source_ids)))
    rows = await query.values_list(*columns)
    replies: dict[int, list[str]] = {case_id: [] for _, case_id, *_ in rows}
    entries = Entry.filter(case_id__in=sorted(replies), act=Act.REPLY.value).order_by("case_id", "seq")
    for case_id, data in await entries.values_list("case_id", "data") if replies else []:
        replies[case_id].append(str(data.get("text", "")))
    return {
        source_id: ImportedCase(no, title, text, Status(status), unit, tuple(replies[case_id]))
        for source_id, case_id, no, title, text, status, unit in rows
    }


async def cases_by_source(beginning: str) -> dict[str, tuple[str, Status]]:
    """Number and status of every case whose source id begins so, by source id: who brought them in finds them again."""
    rows = Case.filter(source_id__startswith=beginning)
    return {
        row["source_id"]: (row["no"], Status(row["status"])) for row in await rows.values("source_id", "no", "status")
    }
