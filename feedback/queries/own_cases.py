"""The cases of a citizen who proved a telephone number: one condition for the list, its count and opening one of them.

`rules.own_cases` says the same for one case, and is asked again before one is opened.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from feedback.kernel import db, identifiers
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import NotFound
from feedback.kernel.paging import Page, select_range
from feedback.queries.cases import scoped_query
from feedback.record import people
from feedback.record.cases import code_hash
from feedback.record.models.case import Case, CasePerson
from feedback.rules import access, own_cases
from feedback.rules.access import Actor
from feedback.rules.own_cases import PhoneHolder
from feedback.rules.parties import PROXY_KINDS, PartyRole
from feedback.rules.vocabulary import Kind

_CONFIRMED_MOST = 50
"""So many older cases one name opens at once."""

_ASKED_MOST = 200
"""In so many cases at once somebody asks for a correction or for erasure."""


@dataclass(frozen=True, slots=True)
class OwnCase:
    """A line of the citizen's own list. A confidential case has neither title nor kind: lists are read over shoulders."""

    no: str
    title: str
    kind: str
    status: str
    unit: str
    is_confidential: bool
    received_at: datetime
    replied_at: datetime | None


async def list_own_cases(holder: PhoneHolder, page: int = 1, size: int = 20) -> Page[OwnCase]:
    """Their cases, newest first."""
    rows = own_cases_query(holder)
    page_range = select_range(await rows.count(), page, size)
    cases = await rows.order_by("-received_at", "-id").offset(page_range.start).limit(page_range.size)
    return page_range.page_of(_own_case(case) for case in cases)


async def require_own_case(holder: PhoneHolder, no: str) -> Actor:
    """The citizen of that case, the same as by its code.

    Raises NotFound, the same for a case of somebody else, an unknown one, and one that still asks for its code or name.
    """
    no = identifiers.normalize_case_number(no)
    row = await own_cases_query(holder).filter(no=no).first()
    if row is None or not own_cases.may_open(holder, row.no, row.kind, row.received_at):
        raise NotFound(no=no)
    return access.citizen(no)


async def find_by_proof(holder: PhoneHolder, vault: Vault, *, code: str = "", name: str = "") -> list[str]:
    """The numbers of older cases with the holder's telephone that the query code or the petitioner's name opens."""
    rows = _with_phone(holder.phone_hash)
    if digits := identifiers.normalize_code(code):
        rows = rows.filter(code_hash=code_hash(vault, digits))
    elif name:
        rows = rows.filter(person__name_hash=people.name_hash(name, vault))
    else:
        return []
    numbers = await rows.order_by("-received_at").limit(_CONFIRMED_MOST).values_list("no", flat=True)
    return [str(no) for no in numbers]


async def list_person_ids(holder: PhoneHolder) -> list[int]:
    """Under which persons the holder stands in cases they may open, also where they only helped to hand one in."""
    own = own_cases_query(holder)
    ids = set(await own.filter(person__phone_hash=holder.phone_hash).values_list("person_id", flat=True))
    beside = CasePerson.filter(_is_open(holder, "case__"), person__phone_hash=holder.phone_hash)
    ids |= set(await beside.exclude(case__kind=Kind.RECTIFY.value).values_list("person_id", flat=True))
    return sorted(int(str(id_)) for id_ in ids if id_)


async def list_petitioned(holder: PhoneHolder, limit: int = _ASKED_MOST) -> list[str]:
    """The numbers of the cases they brought themselves, oldest first."""
    rows = own_cases_query(holder).filter(person__phone_hash=holder.phone_hash).order_by("id")
    return [str(no) for no in await rows.limit(limit).values_list("no", flat=True)]


async def stands_in_a_case(phone_hash: str) -> bool:
    """Whether somebody once gave that number with a message."""
    return await _with_phone(phone_hash).exists()


async def find_for_desk(
    actor: Actor, vault: Vault, *, id_kind: str = "", id_number: str = "", phone: str = "", no: str = ""
) -> list[OwnCase]:
    """The cases of a desk whose petitioner has that document or telephone, or the one with that number; newest first.

    For the counter, where somebody without a telephone shows a document. Only cases the actor sees, of their own desk.
    """
    rows = scoped_query(actor).filter(desk=actor.unit).exclude(kind=Kind.RECTIFY.value)
    if id_number:
        rows = rows.filter(person__id_hash=people.id_hash(id_number, vault, id_kind))
    elif phone:
        rows = rows.filter(person__phone_hash=people.phone_hash(phone, vault))
    elif no:
        rows = rows.filter(no=identifiers.normalize_case_number(no))
    else:
        return []
    return [_own_case(case) for case in await rows.order_by("-received_at").limit(_CONFIRMED_MOST)]


def own_cases_query(holder: PhoneHolder) -> QuerySet[Case]:
    """`own_cases.is_held_by` and `own_cases.may_open` said as a query."""
    return _with_phone(holder.phone_hash).filter(_is_open(holder))


def _is_open(holder: PhoneHolder, prefix: str = "") -> Q:
    since: dict[str, Any] = {f"{prefix}received_at__gte": holder.opens_from}
    numbers: dict[str, Any] = {f"{prefix}no__in": sorted(holder.confirmed_nos)}
    return Q(**since) | Q(**numbers)


def _with_phone(phone_hash: str) -> QuerySet[Case]:
    proxies = [kind.code for kind in PROXY_KINDS if own_cases.is_held_by(PartyRole.PROXY, kind.code)]
    holds = Q(role=PartyRole.REPRESENTATIVE.value) | Q(role=PartyRole.PROXY.value, kind__in=proxies)
    beside = CasePerson.filter(holds, person__phone_hash=phone_hash).values("case_id")
    cases = Case.all().using_db(db.read_connection()).exclude(kind=Kind.RECTIFY.value)
    return cases.filter(Q(person__phone_hash=phone_hash) | Q(id__in=Subquery(beside)))


def _own_case(case: Case) -> OwnCase:
    is_confidential = bool(case.confidential) or case.kind == Kind.REPORT
    return OwnCase(
        no=case.no,
        title="" if is_confidential else case.title,
        kind="" if is_confidential else case.kind,
        status=case.status,
        unit="" if is_confidential else case.unit,
        is_confidential=is_confidential,
        received_at=case.received_at,
        replied_at=case.replied_at,
    )
