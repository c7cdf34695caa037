"""Which cases belong together, who says so, and who may know? Proposed links with their evidence, and what people decided.

A link is told only to whoever may see both of its cases, and that two cases are of one person only to whoever sees the
person in both: else a unit would learn who wrote an anonymous one. Reports (检举控告) are compared with reports alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from feedback.kernel import db
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from feedback.queries import cases as case_queries
from feedback.queries import worklist as case_worklist
from feedback.record.models.case import Case, CasePerson, Link, Person
from feedback.record.people import id_hash, name_hash, person_of, phone_hash
from feedback.record.persistence import standing_of
from feedback.rules.access import Actor
from feedback.rules.parties import PartyRole
from feedback.rules.read_models import LinkView, WorkRow
from feedback.rules.vocabulary import OPEN, Kind, LinkKind, LinkState, Role

PERSONS_MOST = 200
PENDING_MOST = 100
GROUP_MOST = 500
_OPEN = [s.value for s in OPEN]
_ORDINARY, _REPORTS = 0, 1
_HASHES = ("phone", "id", "name")


@dataclass(frozen=True, slots=True)
class ComparedCase:
    """A case as it is compared with others: for the system only."""

    id: int
    no: str
    title: str
    text: str
    category: str
    realm: int  # reports are a world of their own
    region: str
    address: str
    received_at: datetime
    is_compared: bool  # a rectification grows out of its case and repeats nothing


@dataclass(frozen=True, slots=True)
class LinkProposal:
    """A link somebody or something thinks there is."""

    earlier_id: int
    kind: LinkKind
    score: float
    same_person: bool
    evidence: Mapping[str, Any] = field(default_factory=dict)


def realm_of(is_report: bool) -> int:
    """In which world a case is compared."""
    return _REPORTS if is_report else _ORDINARY


async def said(ids: Iterable[int] = (), *, no: str = "") -> list[ComparedCase]:
    """Cases as they are compared: this number, or these ids. For the system."""
    return await _said(Case.filter(no=no) if no else Case.filter(id__in=list(ids)))


async def said_before(case_id: int | None, most: int) -> list[ComparedCase]:
    """The newest cases before an id, or of all, newest first. For the system."""
    rows = Case.all() if case_id is None else Case.filter(id__lt=case_id)
    return await _said(rows.order_by("-id").limit(most))


async def first_said() -> ComparedCase | None:
    """The oldest case there is. For the system."""
    return next(iter(await _said(Case.all().order_by("id").limit(1))), None)


_SAID = ("id", "no", "title", "text", "category", "confidential", "region", "address", "received_at", "kind")


async def _said(rows: QuerySet[Case]) -> list[ComparedCase]:
    """Only the columns that are compared: whole rows would take longer than the comparison."""
    return [
        ComparedCase(
            id_, no, title, text, category, realm_of(bool(confidential)), region, address, at, kind != Kind.RECTIFY
        )
        for id_, no, title, text, category, confidential, region, address, at, kind in await rows.values_list(*_SAID)
    ]


async def earlier_of_person(case_id: int) -> dict[int, list[str]]:
    """Earlier cases of the petitioner or a representative, in the same realm, and by what each is known: phone, id, name."""
    case = await Case.get(id=case_id)
    besides = await CasePerson.filter(case_id=case_id, role=PartyRole.REPRESENTATIVE.value)
    ids = [person_of(case), *(row.person_id for row in besides)]  # type: ignore[attr-defined] # added at run time
    hashes = [(p.phone_hash, p.id_hash, p.name_hash) for p in await Person.filter(id__in=[i for i in ids if i])]
    found = await _cases_of(hashes)
    rows = await Case.filter(id__in=list(found), id__lt=case_id, confidential=case.confidential).values("id")
    return {row["id"]: found[row["id"]] for row in rows}


async def _cases_of(hashes: Sequence[tuple[str, str, str]]) -> dict[int, list[str]]:
    """Ids of the cases of whoever has one of these hashes as petitioner or representative, and which it is."""
    wanted = {
        column: {each for each in values if each}
        for column, values in zip(_HASHES, zip(*hashes, strict=True) if hashes else ((), (), ()), strict=True)
    }
    persons: dict[int, list[str]] = {}
    for column, values in wanted.items():
        how: dict[str, Any] = {f"{column}_hash__in": sorted(values)}
        for row in await Person.filter(**how).order_by("-id").limit(PERSONS_MOST) if values else ():
            known = {"phone": row.phone_hash, "id": row.id_hash, "name": row.name_hash}
            persons[row.id] = [what for what, value in known.items() if value in wanted[what]]
    found = {}
    for case in await Case.filter(person_id__in=list(persons)).values("id", "person_id"):
        found[case["id"]] = persons[case["person_id"]]
    besides = CasePerson.filter(person_id__in=list(persons), role=PartyRole.REPRESENTATIVE.value)
    for beside in await besides.values("case_id", "person_id"):
        found.setdefault(beside["case_id"], persons[beside["person_id"]])
    return found


async def roots(ids: Sequence[int], kinds: Sequence[LinkKind]) -> dict[int, int]:
    """To which earlier case each of these already belongs by such a link that nobody dismissed."""
    rows = Link.filter(case_id__in=list(ids), kind__in=[k.value for k in kinds]).exclude(
        state=LinkState.DISMISSED.value
    )
    return {row["case_id"]: row["earlier_id"] for row in await rows.order_by("id").values("case_id", "earlier_id")}


async def propose(case_id: int, proposals: Iterable[LinkProposal], now: datetime) -> None:
    """Keep proposals; a pair that is linked, or was judged not to be, stays as it is."""
    fresh = [
        Link(
            case_id=case_id,
            earlier_id=p.earlier_id,
            kind=p.kind.value,
            state=LinkState.PROPOSED.value,
            score=p.score,
            same_person=p.same_person,
            evidence=dict(p.evidence),
            made_at=now,
            made_by="system",
        )
        for p in proposals
    ]
    if fresh:
        await Link.bulk_create(fresh, ignore_conflicts=True)


async def of_case(actor: Actor, no: str) -> list[LinkView]:
    """The links of a case that the actor may know of, undecided and nearest first.

    Raises NotFound.
    """
    case = await case_queries.scoped(actor).get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    rows = await Link.filter(Q(case_id=case.id) | Q(earlier_id=case.id)).order_by("-score", "-id").limit(PENDING_MOST)
    return await _views(actor, rows, own=case.id)


async def one(actor: Actor, link_id: int) -> LinkView | None:
    """A link, if the actor may know of it, told from its newer case."""
    row = await Link.get_or_none(id=link_id)
    return next(iter(await _views(actor, [row])), None) if row else None


async def pending(actor: Actor, *, campaigns: bool = False) -> list[LinkView]:
    """Undecided proposals about open cases of the actor's desk, newest first."""
    kinds = [LinkKind.CAMPAIGN.value] if campaigns else [LinkKind.REPEAT_OF.value]
    seen = case_queries.scoped(actor)
    at_desk = seen.filter(status__in=_OPEN, desk=actor.unit)
    rows = Link.filter(state=LinkState.PROPOSED.value, kind__in=kinds)
    rows = rows.filter(case_id__in=Subquery(at_desk.values("id")), earlier_id__in=Subquery(seen.values("id")))
    return await _views(actor, await rows.using_db(db.reading()).order_by("-id").limit(PENDING_MOST))


async def _views(actor: Actor, rows: Sequence[Link], own: int = 0) -> list[LinkView]:
    """Links as the actor may know them. `own`: the case whose page it is; else each is told of its newer case."""
    ends = {end for row in rows for end in _ends(row)}
    cases = {case.id: case for case in await case_queries.scoped(actor).filter(id__in=list(ends))}
    shows = {case.id: await shows_person(actor, case) for case in cases.values()}
    found = []
    for row in rows:
        newer, earlier = _ends(row)
        if newer not in cases or earlier not in cases:
            continue
        knows_person = shows[newer] and shows[earlier]
        if not knows_person and not row.evidence.get("alike", True):
            continue  # the words alone would not have told: only that it is one person did
        here, there = (earlier, newer) if earlier == own else (newer, earlier)
        found.append(_view(row, cases[here], cases[there], knows_person))
    return found


def _ends(row: Link) -> tuple[int, int]:
    return row.case_id, row.earlier_id  # type: ignore[attr-defined] # Tortoise adds the column attributes at run time


def _view(row: Link, here: Case, there: Case, knows_person: bool) -> LinkView:
    said_ = row.evidence
    kind = row.kind
    if not knows_person and kind in (LinkKind.REPEAT_OF, LinkKind.CAMPAIGN, LinkKind.NEW_FACTS_OF):
        kind = "same_matter"
    return LinkView(
        id=row.id,
        kind=kind,
        state=row.state,
        here=_work_row(here),
        there=_work_row(there),
        is_later=_ends(row)[0] == here.id,
        cosine=float(said_.get("cosine", 0)),
        held=float(said_.get("held", 0)),
        passages=tuple(said_.get("passages", ())),
        days=int(said_.get("days", 0)),
        same_place=bool(said_.get("place")),
        person=tuple(said_.get("person", ())) if knows_person else (),
        same_person=row.same_person and knows_person,
        decided_name=row.decided_name,
        decided_at=row.decided_at,
    )


def _work_row(case: Case) -> WorkRow:
    return WorkRow(**{name: getattr(case, name) for name in case_worklist.COLUMNS})


async def shows_person(actor: Actor, case: Case) -> bool:
    """Whether the actor sees who brought the case."""
    return case_queries.is_unmasked(actor, await standing_of(case), bool(case.anonymous))


async def others_of_person(actor: Actor, no: str) -> list[WorkRow]:
    """The other cases of whoever brought this one, as far as the actor sees both and the person in both; newest first."""
    case = await case_queries.scoped(actor).get_or_none(no=no).prefetch_related("person")
    if case is None:
        raise NotFound(no=no)
    if case.person is None or not await shows_person(actor, case):
        return []
    return await _seen_of_person(actor, [(case.person.phone_hash, case.person.id_hash, "")], without=case.id)


async def cases_of(actor: Actor, phone: str, id_number: str, secret: str) -> list[WorkRow]:
    """The cases of whoever has this telephone or identity number, as far as the actor sees them and the person."""
    return await _seen_of_person(actor, [(phone_hash(phone, secret), id_hash(id_number, secret), "")])


async def cases_of_name(actor: Actor, name: str, secret: str) -> set[int]:
    """Ids of the cases of somebody of that name, as far as the actor sees them and the person."""
    found = await _cases_of([("", "", name_hash(name, secret))])
    rows = await case_queries.scoped(actor).filter(id__in=list(found))
    return {row.id for row in rows if await shows_person(actor, row)}


async def _seen_of_person(actor: Actor, hashes: Sequence[tuple[str, str, str]], without: int = 0) -> list[WorkRow]:
    found = await _cases_of(hashes)
    found.pop(without, None)
    rows = await case_queries.scoped(actor).filter(id__in=list(found)).order_by("-received_at", "-id").limit(50)
    return [_work_row(row) for row in rows if await shows_person(actor, row)]


async def seen(actor: Actor, ids: Iterable[int]) -> dict[int, tuple[WorkRow, str]]:
    """Those of the cases that the actor sees, with their texts: what a search among all cases may tell."""
    rows = await case_queries.scoped(actor).filter(id__in=list(ids))
    return {row.id: (_work_row(row), row.text) for row in rows}


async def group(actor: Actor, no: str) -> tuple[WorkRow, list[WorkRow]]:
    """The first case of a campaign and all that follow it, as far as the actor sees them.

    Raises NotFound.
    """
    case = await case_queries.scoped(actor).get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    head_id = (await roots([case.id], [LinkKind.CAMPAIGN])).get(case.id, case.id)
    head = await case_queries.scoped(actor).get_or_none(id=head_id) or case
    members = Link.filter(earlier_id=head_id, kind=LinkKind.CAMPAIGN.value).exclude(state=LinkState.DISMISSED.value)
    rows = case_queries.scoped(actor).filter(id__in=Subquery(members.values("case_id")))
    return _work_row(head), [_work_row(row) for row in await rows.order_by("received_at", "id").limit(GROUP_MOST)]


async def decide(
    actor: Actor,
    link_id: int,
    state: LinkState,
    *,
    now: datetime,
    kind: LinkKind | None = None,
    expect: str = "",
) -> str:
    """The desk says what a link is, or that it is none. Returns the number of the newer case.

    `expect`: the state the desk looked at. Raises NotFound also for a link the actor may not know of, Forbidden for
    whoever is not at its desk, and Conflict when somebody decided meanwhile.
    """
    row, view = await Link.get_or_none(id=link_id), await one(actor, link_id)
    if row is None or view is None:
        raise NotFound(id=link_id)
    no, desk = view.here.no, view.here.desk
    if Role.RECEPTION not in actor.roles or actor.unit != desk:
        raise Forbidden(no=no)
    final = kind or LinkKind(row.kind)
    changed = await Link.filter(id=link_id, kind=row.kind, state=expect or row.state).update(
        state=state.value,
        kind=final.value,
        # Whoever says that it is a repeat says that it is the same person, though only the name told.
        same_person=row.same_person or (final is LinkKind.REPEAT_OF and state is LinkState.CONFIRMED),
        decided_at=now,
        decided_by=actor.id,
        decided_name=actor.name,
    )
    if not changed:
        raise Conflict(link=link_id)
    return no


async def add(actor: Actor, no: str, other: str, kind: LinkKind, *, now: datetime) -> None:
    """The desk links two cases it sees.

    Raises NotFound, Forbidden, or Invalid when they are one and the same or one is a report and the other is not.
    """
    rows = {row.no: row for row in await case_queries.scoped(actor).filter(no__in=[no, other])}
    if no not in rows:
        raise NotFound(no=no)
    if Role.RECEPTION not in actor.roles or actor.unit != rows[no].desk:
        raise Forbidden(no=no)
    if other not in rows or other == no:
        raise Invalid({"case": "unknown"})
    if rows[no].confidential != rows[other].confidential:
        raise Invalid({"case": "confidential"})
    ends = {"case_id": rows[no].id, "earlier_id": rows[other].id}
    decided = {
        "kind": kind.value,
        "state": LinkState.CONFIRMED.value,
        "decided_at": now,
        "decided_by": actor.id,
        "decided_name": actor.name,
    }
    if not await Link.filter(**ends).update(**decided):
        same = bool(set(await earlier_of_person(rows[no].id)) & {rows[other].id}) or kind is LinkKind.REPEAT_OF
        kept: dict[str, Any] = {**ends, **decided, "same_person": same, "made_at": now, "made_by": actor.id}
        await Link(**kept, evidence={}).save(force_create=True)
