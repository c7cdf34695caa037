"""What does an actor see? One file, worklists with counts, look-up by code, published replies.

Every query takes the actor and narrows by `access.scope` before anything else; what comes back are values.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from feedback.kernel import crypto, db
from feedback.kernel.errors import NotFound
from feedback.record import calendar_editions, cases, deadline_changes, persistence
from feedback.record.access_log import log_read
from feedback.record.models.case import AccessBar, Attachment, Case, CasePerson, Entry, Person, PublicReply, TenureRow
from feedback.record.persistence import facts_of, happening_of, standing_of
from feedback.rules import access, projection, redaction
from feedback.rules.access import Actor, CaseAccess
from feedback.rules.read_models import CaseFile, CaseSummary, EntryView, FileView, PartyView, PersonView, TenureView
from feedback.rules.vocabulary import Kind, Role, Stage, Status

SLIP = timedelta(days=1)
_NO_MOST = 20


def scoped_query(actor: Actor) -> QuerySet[Case]:
    """The cases the actor sees: `access.scope` said as a query. A test holds it equal to `access.sees`."""
    s = access.scope(actor)
    cases_ = Case.all().using_db(db.reading())
    if s.everything:
        return cases_
    if s.nothing:
        return cases_.filter(id=-1)
    if s.case_no:
        return cases_.filter(no=s.case_no)
    if not s.confidential:
        cases_ = cases_.filter(confidential=False)
    if s.ancestry or s.staff_id:
        cases_ = cases_.exclude(id__in=Subquery(shut_to(actor).values("case_id")))
    if s.everywhere:
        return cases_
    held = TenureRow.filter(unit__in=sorted(s.units)).values("case_id")
    whose = Q(id__in=Subquery(held))
    return cases_.filter(whose | Q(desk=s.desk) if s.desk else whose)


def scoped(actor: Actor) -> QuerySet[Case]:
    """The cases the actor sees, for the other questions about several cases (`feedback.links`)."""
    return scoped_query(actor)


async def file(actor: Actor, no: str, *, secret: str, log_at: datetime | None = None) -> CaseFile:
    """The case as `actor` sees it. `log_at`: write down that staff read it.

    Raises NotFound, also for a case the actor may not see.
    """
    case = await Case.get_or_none(no=no[: cases.NO_MOST]).prefetch_related("person")
    if case is None:
        raise NotFound(no=no)
    standing = await standing_of(case)
    if not access.sees(actor, standing):
        raise NotFound(no=no)
    entries = await Entry.filter(case_id=case.id).order_by("seq")
    facts = facts_of(case)
    folded = projection.project([happening_of(e) for e in entries], facts, await calendar_editions.editions())
    clocks = tuple(await persistence.clocks_stored(case.id))
    is_owner = bool(actor.case_no)
    shown = [e for e in entries if e.public or not is_owner]
    files = await Attachment.filter(case_id=case.id).order_by("seq", "made_at")
    beside = await CasePerson.filter(case_id=case.id).order_by("id").prefetch_related("person")
    visible = {e.seq for e in shown}
    if log_at and (case.confidential or access.unmasked(actor, standing)) and not is_owner:
        await log_read(actor, "file", no, now=log_at)
    linked = [c.no for c in await Case.filter(link=no).order_by("id")]
    told = await seen_of(actor, filter(None, (case.link, *linked, *(e.data.get("case", "") for e in shown))))
    return CaseFile(
        no=case.no,
        kind=facts.kind,
        profile=facts.profile,
        stage=folded.state.stage,
        status=Status(case.status),
        version=case.version,
        title=case.title,
        text=case.text,
        channel=case.channel,
        region=case.region,
        address=case.address,
        category=case.category,
        confidence=case.confidence,
        by_hand=bool(case.by_hand),
        desk=case.desk,
        unit=case.unit,
        co_units=tuple(sorted(standing.co)),
        urgency=case.urgency,
        flags="" if is_owner else case.flags,
        confidential=bool(case.confidential),
        anonymous=bool(case.anonymous),
        public_consent=bool(case.public_consent),
        headcount=case.headcount,
        link=case.link if case.link in told else "",
        linked=tuple(each for each in linked if each in told),
        received_at=case.received_at,
        replied_at=case.replied_at,
        closed_at=case.closed_at,
        person=_person_view(case.person, actor, standing, bool(case.anonymous), secret),
        beside=tuple([_beside_view(row, actor, standing, bool(case.anonymous), secret) for row in beside]),
        clocks=clocks,
        entries=tuple(_entry_view(e, is_owner, told) for e in shown),
        attachments=tuple(FileView(f.id, f.name, f.size, f.type, f.sha256, f.seq) for f in files if f.seq in visible),
        tenures=tuple(TenureView(t.unit, t.lead, t.since, t.until, t.task) for t in folded.tenures),
        allowed=access.open_steps(actor, folded.state, standing),
        is_published=await PublicReply.exists(case_id=case.id),
        recused=frozenset() if is_owner else standing.recused,
        exclude=_excluded(entries[0], actor, standing, secret),
        moves=tuple(m for m in await deadline_changes.of_case(case.id) if m.is_personal or not is_owner),
    )


async def brief(no: str) -> CaseSummary:
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
        is_named=facts_of(case).named,
        urgency=case.urgency,
        entries=tuple(_entry_view(e, False) for e in entries),
    )


async def co_units(no: str) -> list[str]:
    """The co-units of a case now."""
    rows = await TenureRow.filter(case__no=no, lead=False, until__isnull=True)
    return sorted(t.unit for t in rows)


_OF_ANOTHER = frozenset({"case", "link"})
"""What an entry may hold that is the number of another case."""


def _entry_view(entry: Entry, is_owner: bool, told: set[str] | None = None) -> EntryView:
    """`told`: the other cases the reader may know of; None for the system, which knows all."""
    name = "" if is_owner and entry.role != "citizen" else entry.actor_name
    data = {
        name: value
        for name, value in entry.data.items()
        # What the desk noted down beside the words, a threat for one, is not for the citizen's page.
        if not (is_owner and name == "particulars") and (told is None or name not in _OF_ANOTHER or value in told)
    }
    return EntryView(
        entry.seq, entry.act, entry.at, name, entry.role, entry.unit, entry.status, data, bool(entry.public)
    )


def _beside_view(row: CasePerson, actor: Actor, standing: CaseAccess, anonymous: bool, secret: str) -> PartyView:
    seen = _person_view(row.person, actor, standing, anonymous, secret)
    assert seen is not None  # noqa: S101 - the column takes no null
    return PartyView(row.role, row.kind, row.authority, seen)


def _excluded(first: Entry, actor: Actor, standing: CaseAccess, secret: str) -> str:
    """Whom the citizen asked to be kept away (回避): never told to the unit that may be meant."""
    may_know = bool(actor.case_no) or (Role.RECEPTION in actor.roles and actor.unit == standing.desk)
    sealed = first.data.get("exclude")
    return crypto.decrypt_system(secret, sealed) if sealed and may_know else ""


def _person_view(
    person: Person | None, actor: Actor, standing: CaseAccess, anonymous: bool, secret: str
) -> PersonView | None:
    if person is None:
        return None
    master = crypto.master_key(secret)
    name, phone, id_number, address = (
        crypto.decrypt_for_person(master, person.key, sealed)
        for sealed in (person.name, person.phone, person.id_number, person.address)
    )
    if is_unmasked(actor, standing, anonymous):
        return PersonView(name, phone, redaction.masked_id(id_number), address, False)
    if anonymous:
        return PersonView("匿名", "", "", "", True)
    return PersonView(redaction.masked_name(name), redaction.masked_phone(phone), "", "", True)


def is_unmasked(actor: Actor, standing: CaseAccess, anonymous: bool) -> bool:
    """Whether the actor sees who brought a case: those who must answer, unless it is anonymous, and the desk."""
    at_desk = actor.unit == standing.desk
    return access.unmasked(actor, standing) and bool(not anonymous or at_desk or actor.case_no)


async def names_in(actor: Actor, no: str, secret: str) -> list[str]:
    """The names a publication of this case must not hold. For staff who see the case."""
    case = await scoped_query(actor).get_or_none(no=no).prefetch_related("person")
    if case is None:
        raise NotFound(no=no)
    beside = await CasePerson.filter(case_id=case.id).prefetch_related("person")
    known = [person for person in (case.person, *(row.person for row in beside)) if person is not None]
    names = [crypto.decrypt_for_person(crypto.master_key(secret), person.key, person.name) for person in known]
    return [name for name in names if name]


async def seen_of(actor: Actor, nos: Iterable[str]) -> set[str]:
    """Those of the numbers whose cases the actor may know of: for lists that are kept elsewhere."""
    wanted = sorted({no for no in nos if len(no) <= _NO_MOST})  # what a longer one names is nothing we keep
    rows = await scoped_query(actor).filter(no__in=wanted).values("no") if wanted else []
    return {row["no"] for row in rows}


async def count_seen(actor: Actor, rows: QuerySet[Any]) -> int:
    """How many cases the actor sees of those that rows of another package name in their column `case_no`."""
    return await scoped_query(actor).filter(no__in=Subquery(rows.values("case_no"))).count()


def shut_to(actor: Actor) -> QuerySet[AccessBar]:
    """The bars (回避) that shut the actor out, by the unit or by name: for lists whose reach is not a case's own."""
    s = access.scope(actor)
    return AccessBar.filter(Q(unit__in=sorted(s.ancestry)) | Q(staff=s.staff_id))


async def shut_of(actor: Actor, nos: Iterable[str]) -> set[str]:
    """Those of the numbers whose cases the actor is shut out of."""
    wanted = sorted(set(nos))
    rows = await shut_to(actor).filter(case__no__in=wanted).values("case__no") if wanted else []
    return {row["case__no"] for row in rows}


async def cases_by_source(beginning: str) -> dict[str, tuple[str, Status]]:
    """Number and status of every case whose source id begins so, by source id: who brought them in finds them again."""
    rows = Case.filter(source_id__startswith=beginning)
    return {
        row["source_id"]: (row["no"], Status(row["status"])) for row in await rows.values("source_id", "no", "status")
    }
