"""Links between cases (repeats, campaigns, merges): proposals with evidence, decisions, and who may see them.

A link is shown only to whoever may see both of its cases, and that two cases are of one person only to whoever sees the
person in both: else a unit would learn who wrote an anonymous one. Reports (检举控告) are compared with reports alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from feedback.kernel import db
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from feedback.queries import cases as case_queries
from feedback.queries import minors
from feedback.queries import worklist as case_worklist
from feedback.record.models.case import Case, CasePerson, Link, Person
from feedback.record.people import has_common_petitioner, id_hash, id_tail_hash, name_hash, person_id_of, phone_hash
from feedback.record.persistence import load_case_accesses
from feedback.rules import identity_documents
from feedback.rules.access import Actor
from feedback.rules.intake import PersonSubmission
from feedback.rules.parties import PartyRole
from feedback.rules.read_models import LinkView, WorkRow
from feedback.rules.vocabulary import OPEN, Kind, LinkKind, LinkState, RestrictionScope, Role, Stage, Status

PERSONS_MOST = 200
PENDING_MOST = 100
GROUP_MOST = 500
_OPEN = [s.value for s in OPEN]
_ANSWERED = [Status.REPLIED.value, Status.CLOSED.value]
_ORDINARY, _REPORTS = 0, 1
_HASHES = ("phone", "id", "name", "id_tail")
PersonHashes = tuple[str, str, str, str]  # in the order of _HASHES, "" for what is not looked for


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
    is_compared: bool  # not a rectification, which repeats nothing, nor what was erased or a person refused


@dataclass(frozen=True, slots=True)
class LinkProposal:
    """A link somebody or something thinks there is."""

    earlier_id: int
    kind: LinkKind
    score: float
    same_person: bool
    evidence: Mapping[str, Any] = field(default_factory=dict)


def realm_number(is_report: bool) -> int:
    """In which world a case is compared."""
    return _REPORTS if is_report else _ORDINARY


async def load_compared_cases(ids: Iterable[int] = (), *, no: str = "") -> list[ComparedCase]:
    """Cases as they are compared: this number, or these ids. For the system."""
    return await _to_compared_cases(Case.filter(no=no) if no else Case.filter(id__in=list(ids)))


async def load_earlier_compared_cases(case_id: int | None, most: int) -> list[ComparedCase]:
    """The newest cases before an id, or of all, newest first. For the system."""
    rows = _compared_rows() if case_id is None else _compared_rows().filter(id__lt=case_id)
    return await _to_compared_cases(rows.order_by("-id").limit(most))


async def load_oldest_compared_case() -> ComparedCase | None:
    """The oldest case there is. For the system."""
    return next(iter(await _to_compared_cases(_compared_rows().order_by("id").limit(1))), None)


def _compared_rows() -> QuerySet[Case]:
    """Cases a program may read: not what was erased, nor where the person refused it (个人信息保护法 第四十四条)."""
    return Case.exclude(restrictions__contains=RestrictionScope.MACHINE.value).exclude(text="")


_COMPARED_COLUMNS = (
    *("id", "no", "title", "text", "category", "confidential", "region", "address", "received_at", "kind"),
    "restrictions",
)


async def _to_compared_cases(rows: QuerySet[Case]) -> list[ComparedCase]:
    """Only the columns that are compared: whole rows would take longer than the comparison."""
    return [
        ComparedCase(
            **{
                name: row[name]
                for name in ("id", "no", "title", "text", "category", "region", "address", "received_at")
            },
            realm=realm_number(bool(row["confidential"])),
            is_compared=_may_compare(row),
        )
        for row in await rows.values(*_COMPARED_COLUMNS)
    ]


def _may_compare(row: Mapping[str, Any]) -> bool:
    is_refused = RestrictionScope.MACHINE.value in row["restrictions"].split()
    return row["kind"] != Kind.RECTIFY and not is_refused and row["text"] != ""


async def find_earlier_of_person(case_id: int) -> dict[int, list[str]]:
    """Earlier cases of the petitioner or a representative, in the same realm, and by what each is known: phone, id, name."""
    case = await Case.get(id=case_id)
    parties = await CasePerson.filter(case_id=case_id, role=PartyRole.REPRESENTATIVE.value)
    ids = [person_id_of(case), *(row.person_id for row in parties)]  # type: ignore[attr-defined] # added at run time
    hashes = [(p.phone_hash, p.id_hash, p.name_hash, "") for p in await Person.filter(id__in=[i for i in ids if i])]
    matches = await _find_cases_by_hash(hashes)
    rows = await Case.filter(id__in=list(matches), id__lt=case_id, confidential=case.confidential).values("id")
    return {row["id"]: matches[row["id"]] for row in rows}


async def _find_cases_by_hash(hashes: Sequence[PersonHashes]) -> dict[int, list[str]]:
    """Ids of the cases of whoever has one of these hashes as petitioner or representative, and which it is."""
    values_by_column = {
        column: {digest for digest in values if digest}
        for column, values in zip(_HASHES, zip(*hashes, strict=True) if hashes else ((),) * len(_HASHES), strict=True)
    }
    persons: dict[int, list[str]] = {}
    for column, values in values_by_column.items():
        condition: dict[str, Any] = {f"{column}_hash__in": sorted(values)}
        for row in await Person.filter(**condition).order_by("-id").limit(PERSONS_MOST) if values else ():
            row_hashes = {name: getattr(row, f"{name}_hash") for name in _HASHES}
            persons[row.id] = [name for name, value in row_hashes.items() if value in values_by_column[name]]
    matches = {}
    for case in await Case.filter(person_id__in=list(persons)).values("id", "person_id"):
        matches[case["id"]] = persons[case["person_id"]]
    parties = CasePerson.filter(person_id__in=list(persons), role=PartyRole.REPRESENTATIVE.value)
    for party in await parties.values("case_id", "person_id"):
        matches.setdefault(party["case_id"], persons[party["person_id"]])
    return matches


async def find_roots(ids: Sequence[int], kinds: Sequence[LinkKind]) -> dict[int, int]:
    """To which earlier case each of these already belongs by such a link that nobody dismissed."""
    rows = Link.filter(case_id__in=list(ids), kind__in=[k.value for k in kinds]).exclude(
        state=LinkState.DISMISSED.value
    )
    return {row["case_id"]: row["earlier_id"] for row in await rows.order_by("id").values("case_id", "earlier_id")}


async def store_proposals(case_id: int, proposals: Iterable[LinkProposal], now: datetime) -> None:
    """Keep proposals; a pair that is linked, or was judged not to be, stays as it is."""
    rows = [
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
    if rows:
        await Link.bulk_create(rows, ignore_conflicts=True)


async def may_be_one_matter(no: str, other_no: str) -> bool:
    """Whether one person brought both cases, or somebody confirmed that they belong to one campaign."""
    case, other = await Case.get(no=no), await Case.get(no=other_no)
    if await has_common_petitioner(case, other):
        return True
    kind, state = LinkKind.CAMPAIGN.value, LinkState.CONFIRMED.value
    confirmed = Link.filter(kind=kind, state=state)
    if await confirmed.filter(case_id=case.id, earlier_id=other.id).exists():
        return True
    roots = await confirmed.filter(case_id__in=[case.id, other.id]).values_list("case_id", "earlier_id")
    groups = {id_: {root for case_id, root in roots if case_id == id_} for id_ in (case.id, other.id)}
    return bool(groups[case.id] & groups[other.id])


async def list_links(actor: Actor, no: str) -> list[LinkView]:
    """The links of a case that the actor may know of, undecided and nearest first.

    Raises NotFound.
    """
    case = await case_queries.scoped_query(actor).get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    rows = await Link.filter(Q(case_id=case.id) | Q(earlier_id=case.id)).order_by("-score", "-id").limit(PENDING_MOST)
    return await _views(actor, rows, own_id=case.id)


async def load_link(actor: Actor, link_id: int) -> LinkView | None:
    """A link, if the actor may know of it, told from its newer case."""
    row = await Link.get_or_none(id=link_id)
    return next(iter(await _views(actor, [row])), None) if row else None


async def list_pending(actor: Actor, *, campaigns: bool = False) -> list[LinkView]:
    """Undecided proposals about open cases of the actor's desk, newest first."""
    kinds = [LinkKind.CAMPAIGN.value] if campaigns else [LinkKind.REPEAT_OF.value]
    visible_cases = case_queries.scoped_query(actor)
    desk_cases = visible_cases.filter(status__in=_OPEN, desk=actor.unit)
    rows = Link.filter(state=LinkState.PROPOSED.value, kind__in=kinds)
    rows = rows.filter(
        case_id__in=Subquery(desk_cases.values("id")), earlier_id__in=Subquery(visible_cases.values("id"))
    )
    return await _views(actor, await rows.using_db(db.read_connection()).order_by("-id").limit(PENDING_MOST))


async def _views(actor: Actor, rows: Sequence[Link], own_id: int = 0) -> list[LinkView]:
    """Links as the actor may know them. `own`: the case whose page it is; else each is told of its newer case."""
    case_ids = {case_id for row in rows for case_id in _case_ids(row)}
    cases = {case.id: case for case in await case_queries.scoped_query(actor).filter(id__in=list(case_ids))}
    person_visible = await find_person_visible(actor, list(cases.values()))
    views = []
    for row in rows:
        newer, earlier = _case_ids(row)
        if newer not in cases or earlier not in cases:
            continue
        knows_person = newer in person_visible and earlier in person_visible
        if not knows_person and not row.evidence.get("alike", True):
            continue  # the words alone would not have told: only that it is one person did
        here, there = (earlier, newer) if earlier == own_id else (newer, earlier)
        views.append(_view(row, cases[here], cases[there], knows_person))
    return views


def _case_ids(row: Link) -> tuple[int, int]:
    return row.case_id, row.earlier_id  # type: ignore[attr-defined] # Tortoise adds the column attributes at run time


def _view(row: Link, here: Case, there: Case, knows_person: bool) -> LinkView:
    evidence = row.evidence
    kind = row.kind
    if not knows_person and kind in (LinkKind.REPEAT_OF, LinkKind.CAMPAIGN, LinkKind.NEW_FACTS_OF):
        kind = "same_matter"
    return LinkView(
        id=row.id,
        kind=kind,
        state=row.state,
        here=_work_row(here),
        there=_work_row(there),
        is_later=_case_ids(row)[0] == here.id,
        cosine=float(evidence.get("cosine", 0)),
        held=float(evidence.get("held", 0)),
        passages=tuple(evidence.get("passages", ())),
        days=int(evidence.get("days", 0)),
        same_place=bool(evidence.get("place")),
        person=tuple(evidence.get("person", ())) if knows_person else (),
        same_person=row.same_person and knows_person,
        decided_name=row.decided_name,
        decided_at=row.decided_at,
    )


def _work_row(case: Case) -> WorkRow:
    return minors.mask_row(WorkRow(**{name: getattr(case, name) for name in case_worklist.COLUMNS}))


async def find_person_visible(actor: Actor, cases: Sequence[Case]) -> set[int]:
    """Ids of the cases in which the actor sees who brought them."""
    accesses = await load_case_accesses(cases)
    return {case.id for case in cases if case_queries.is_unmasked(actor, accesses[case.id], bool(case.anonymous))}


async def list_others_of_person(actor: Actor, no: str) -> list[WorkRow]:
    """The other cases of whoever brought this one, as far as the actor sees both and the person in both; newest first."""
    case = await case_queries.scoped_query(actor).get_or_none(no=no).prefetch_related("person")
    if case is None:
        raise NotFound(no=no)
    if case.person is None or not await find_person_visible(actor, [case]):
        return []
    return await _list_visible_of_person(
        actor, [(case.person.phone_hash, case.person.id_hash, "", "")], excluded_id=case.id
    )


async def list_cases_of_person(
    actor: Actor, phone: str, id_number: str, vault: Vault, id_kind: str = ""
) -> list[WorkRow]:
    """The cases of whoever has this telephone or identity document, as far as the actor sees them and the person.

    Of a document the last six places are enough; others may end alike.
    """
    is_tail = len(id_number) == identity_documents.TAIL
    hashes = ("", id_tail_hash(id_number, vault)) if is_tail else (id_hash(id_number, vault, id_kind), "")
    return await _list_visible_of_person(actor, [(phone_hash(phone, vault), hashes[0], "", hashes[1])])


async def list_concluded_of_person(person: PersonSubmission, vault: Vault) -> list[ComparedCase]:
    """The matters of whoever has this telephone or identity document that a re-review (复核) concluded. For the system."""
    hashes = (phone_hash(person.phone, vault), id_hash(person.id_number, vault, person.id_kind), "", "")
    matches = await _find_cases_by_hash([hashes])
    concluded = Case.filter(id__in=list(matches), stage=Stage.RE_REVIEW.value, status__in=_ANSWERED)
    return await _to_compared_cases(concluded)


async def find_cases_by_name(actor: Actor, name: str, vault: Vault) -> set[int]:
    """Ids of the cases of somebody of that name, as far as the actor sees them and the person."""
    matches = await _find_cases_by_hash([("", "", name_hash(name, vault), "")])
    rows = await case_queries.scoped_query(actor).filter(id__in=list(matches))
    return await find_person_visible(actor, rows)


async def _list_visible_of_person(actor: Actor, hashes: Sequence[PersonHashes], excluded_id: int = 0) -> list[WorkRow]:
    matches = await _find_cases_by_hash(hashes)
    matches.pop(excluded_id, None)
    rows = await case_queries.scoped_query(actor).filter(id__in=list(matches)).order_by("-received_at", "-id").limit(50)
    person_visible = await find_person_visible(actor, rows)
    return [_work_row(row) for row in rows if row.id in person_visible]


async def load_visible_cases(actor: Actor, ids: Iterable[int]) -> dict[int, tuple[WorkRow, str]]:
    """Those of the cases that the actor sees, with their texts: what a search among all cases may tell."""
    rows = await case_queries.scoped_query(actor).filter(id__in=list(ids))
    return {row.id: (_work_row(row), row.text) for row in rows}


async def load_campaign(actor: Actor, no: str) -> tuple[WorkRow, list[WorkRow]]:
    """The first case of a campaign and all that follow it, as far as the actor sees them.

    Raises NotFound.
    """
    case = await case_queries.scoped_query(actor).get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    head_id = (await find_roots([case.id], [LinkKind.CAMPAIGN])).get(case.id, case.id)
    head = await case_queries.scoped_query(actor).get_or_none(id=head_id) or case
    campaign_links = Link.filter(earlier_id=head_id, kind=LinkKind.CAMPAIGN.value).exclude(
        state=LinkState.DISMISSED.value
    )
    rows = case_queries.scoped_query(actor).filter(id__in=Subquery(campaign_links.values("case_id")))
    return _work_row(head), [_work_row(row) for row in await rows.order_by("received_at", "id").limit(GROUP_MOST)]


async def decide_link(
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
    row, view = await Link.get_or_none(id=link_id), await load_link(actor, link_id)
    if row is None or view is None:
        raise NotFound(id=link_id)
    no, desk = view.here.no, view.here.desk
    if Role.RECEPTION not in actor.roles or actor.unit != desk:
        raise Forbidden(no=no)
    final_kind = kind or LinkKind(row.kind)
    count = await Link.filter(id=link_id, kind=row.kind, state=expect or row.state).update(
        state=state.value,
        kind=final_kind.value,
        # Whoever says that it is a repeat says that it is the same person, though only the name told.
        same_person=row.same_person or (final_kind is LinkKind.REPEAT_OF and state is LinkState.CONFIRMED),
        decided_at=now,
        decided_by=actor.id,
        decided_name=actor.name,
    )
    if not count:
        raise Conflict(link=link_id)
    return no


async def add_link(actor: Actor, no: str, other: str, kind: LinkKind, *, now: datetime) -> None:
    """The desk links two cases it sees.

    Raises NotFound, Forbidden, or Invalid when they are one and the same or one is a report and the other is not.
    """
    rows = {row.no: row for row in await case_queries.scoped_query(actor).filter(no__in=[no, other])}
    if no not in rows:
        raise NotFound(no=no)
    if Role.RECEPTION not in actor.roles or actor.unit != rows[no].desk:
        raise Forbidden(no=no)
    if other not in rows or other == no:
        raise Invalid({"case": "unknown"})
    if rows[no].confidential != rows[other].confidential:
        raise Invalid({"case": "confidential"})
    case_ids = {"case_id": rows[no].id, "earlier_id": rows[other].id}
    decision = {
        "kind": kind.value,
        "state": LinkState.CONFIRMED.value,
        "decided_at": now,
        "decided_by": actor.id,
        "decided_name": actor.name,
    }
    if not await Link.filter(**case_ids).update(**decision):
        is_same_person = (
            bool(set(await find_earlier_of_person(rows[no].id)) & {rows[other].id}) or kind is LinkKind.REPEAT_OF
        )
        columns: dict[str, Any] = {
            **case_ids,
            **decision,
            "same_person": is_same_person,
            "made_at": now,
            "made_by": actor.id,
        }
        await Link(**columns, evidence={}).save(force_create=True)
