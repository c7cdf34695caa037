"""What does an actor see? One file, worklists with counts, look-up by code, published replies.

Every query takes the actor and narrows by `access.scope` before anything else; what comes back are values.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from feedback import access, calendars, cases, folding, moves, people, recording, redact, search
from feedback.access import Actor, Standing
from feedback.deadlines import Light
from feedback.kernel import codes, db, seal
from feedback.kernel.clock import from_millis
from feedback.kernel.errors import NotFound
from feedback.models import Attachment, Bar, Case, CasePerson, Entry, Person, PublicReply, TenureRow
from feedback.reads import log_read
from feedback.recording import facts_of, happening_of, standing_of
from feedback.views import (
    BesideView,
    Brief,
    CaseFile,
    EntryView,
    FileView,
    Filters,
    Page,
    PersonView,
    TenureView,
    WorkRow,
)
from feedback.vocabulary import OPEN, Kind, Role, Stage, Status

PAGE = 50
SEARCH_MOST = 2000
_CHUNK = 500
_SLIP = timedelta(days=1)
_NO_MOST = 20


def _scoped(actor: Actor) -> QuerySet[Case]:
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
    return _scoped(actor)


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
    folded = folding.fold([happening_of(e) for e in entries], facts, await calendars.editions())
    clocks = tuple(await recording.clocks_stored(case.id))
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
        moves=tuple(m for m in await moves.of_case(case.id) if m.is_personal or not is_owner),
    )


async def brief(no: str) -> Brief:
    """A case as the jobs read it.

    Raises NotFound.
    """
    case = await Case.get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    entries = await Entry.filter(case_id=case.id).order_by("seq")
    return Brief(
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


def _beside_view(row: CasePerson, actor: Actor, standing: Standing, anonymous: bool, secret: str) -> BesideView:
    seen = _person_view(row.person, actor, standing, anonymous, secret)
    assert seen is not None  # noqa: S101 - the column takes no null
    return BesideView(row.role, row.kind, row.authority, seen)


def _excluded(first: Entry, actor: Actor, standing: Standing, secret: str) -> str:
    """Whom the citizen asked to be kept away (回避): never told to the unit that may be meant."""
    may_know = bool(actor.case_no) or (Role.RECEPTION in actor.roles and actor.unit == standing.desk)
    sealed = first.data.get("exclude")
    return seal.unseal_house(secret, sealed) if sealed and may_know else ""


def _person_view(
    person: Person | None, actor: Actor, standing: Standing, anonymous: bool, secret: str
) -> PersonView | None:
    if person is None:
        return None
    master = seal.master_key(secret)
    name, phone, id_number, address = (
        seal.unseal(master, person.key, sealed)
        for sealed in (person.name, person.phone, person.id_number, person.address)
    )
    if is_unmasked(actor, standing, anonymous):
        return PersonView(name, phone, redact.masked_id(id_number), address, False)
    if anonymous:
        return PersonView("匿名", "", "", "", True)
    return PersonView(redact.masked_name(name), redact.masked_phone(phone), "", "", True)


def is_unmasked(actor: Actor, standing: Standing, anonymous: bool) -> bool:
    """Whether the actor sees who brought a case: those who must answer, unless it is anonymous, and the desk."""
    at_desk = actor.unit == standing.desk
    return access.unmasked(actor, standing) and bool(not anonymous or at_desk or actor.case_no)


async def names_in(actor: Actor, no: str, secret: str) -> list[str]:
    """The names a publication of this case must not hold. For staff who see the case."""
    case = await _scoped(actor).get_or_none(no=no).prefetch_related("person")
    if case is None:
        raise NotFound(no=no)
    beside = await CasePerson.filter(case_id=case.id).prefetch_related("person")
    known = [person for person in (case.person, *(row.person for row in beside)) if person is not None]
    names = [seal.unseal(seal.master_key(secret), person.key, person.name) for person in known]
    return [name for name in names if name]


async def seen_of(actor: Actor, nos: Iterable[str]) -> set[str]:
    """Those of the numbers whose cases the actor may know of: for lists that are kept elsewhere."""
    wanted = sorted({no for no in nos if len(no) <= _NO_MOST})  # what a longer one names is nothing we keep
    rows = await _scoped(actor).filter(no__in=wanted).values("no") if wanted else []
    return {row["no"] for row in rows}


def shut_to(actor: Actor) -> QuerySet[Bar]:
    """The bars (回避) that shut the actor out, by the unit or by name: for lists whose reach is not a case's own."""
    s = access.scope(actor)
    return Bar.filter(Q(unit__in=sorted(s.ancestry)) | Q(staff=s.staff_id))


async def shut_of(actor: Actor, nos: Iterable[str]) -> set[str]:
    """Those of the numbers whose cases the actor is shut out of."""
    wanted = sorted(set(nos))
    rows = await shut_to(actor).filter(case__no__in=wanted).values("case__no") if wanted else []
    return {row["case__no"] for row in rows}


async def rows_of(actor: Actor, nos: Iterable[str], most: int = SEARCH_MOST) -> list[WorkRow]:
    """Those of the numbers whose cases the actor sees, newest first: the list behind a figure."""
    wanted = sorted(set(nos), reverse=True)
    found: list[WorkRow] = []
    for at in range(0, len(wanted), _CHUNK):
        if len(found) < most:
            found += await _rows(_scoped(actor).filter(no__in=wanted[at : at + _CHUNK]).order_by("-received_at", "-id"))
    return found[:most]


async def worklist(actor: Actor, filters: Filters, page: int, *, now: datetime, size: int = PAGE) -> Page:
    """The cases the actor sees, narrowed and sorted, one page of them."""
    found = await _narrowed(actor, filters, now)
    counted = (await found.annotate(total=Count("id"), running=Count("next_due_at")).values("total", "running"))[0]
    total, running = int(counted["total"]), int(counted["running"])
    pages = max(1, ceil(total / size))
    page = min(max(1, page), pages)
    offset = (page - 1) * size
    rows = await _sorted(found, filters.sort, offset, min(size, total - offset), running)
    return Page(tuple(rows), total, page, pages)


async def export(actor: Actor, filters: Filters, *, now: datetime, most: int) -> list[WorkRow]:
    """The same list without pages, for a file. At most `most` rows."""
    return await _sorted(await _narrowed(actor, filters, now), filters.sort, 0, most, most)


_ORDERS: Mapping[str, tuple[str, ...]] = {
    "received": ("received_at", "id"),
    "-received": ("-received_at", "-id"),
}
_LONG_AGO = from_millis(0)  # later than this is any time: SQLite seeks for `>`, but scans for `NOT … IS NULL`
COLUMNS = tuple(each.name for each in fields(WorkRow))


async def _sorted(found: QuerySet[Case], sort: str, offset: int, limit: int, running: int) -> list[WorkRow]:
    """A stretch of the list. By default what has the least time left comes first, then what waits for nobody."""
    if sort in _ORDERS:
        return await _rows(found.order_by(*_ORDERS[sort]).offset(offset).limit(limit))
    # Two statements, since an index gives either half in order; together they would be sorted whole for every page.
    rows: list[WorkRow] = []
    if offset < running:
        half = found.filter(next_due_at__gt=_LONG_AGO).order_by("next_due_at", "id")
        rows = await _rows(half.offset(offset).limit(limit))
    if missing := limit - len(rows):
        half = found.filter(next_due_at__isnull=True).order_by("id")
        rows += await _rows(half.offset(max(0, offset - running)).limit(missing))
    return rows


async def _rows(found: QuerySet[Case]) -> list[WorkRow]:
    return [WorkRow(**row) for row in await found.values(*COLUMNS)]


async def counts(actor: Actor, filters: Filters, *, now: datetime) -> dict[str, int]:
    """How many cases of the list stand in each status and under each light, the filter on these two aside."""
    base = Filters(
        unit=filters.unit,
        kind=filters.kind,
        category=filters.category,
        region=filters.region,
        q=filters.q,
        flag=filters.flag,
        mine=filters.mine,
    )
    found = await _narrowed(actor, base, now)
    by_status = await _lights(found, now).group_by("status").values("status", "open", *_LIGHTS)
    result = {row["status"]: row["open"] for row in by_status}
    result["open"] = sum(result.get(s.value, 0) for s in OPEN)
    return result | {light: sum(row[light] for row in by_status) for light in _LIGHTS}


_LIGHTS = (Light.RED.value, Light.AMBER.value, Light.GREEN.value)


def _lights(found: QuerySet[Case], now: datetime) -> QuerySet[Case]:
    """Counts them, `open` in all and under each light, in one statement."""
    return found.annotate(open=Count("id"), **{light: Count("id", _filter=_lit(light, now)) for light in _LIGHTS})


def _lit(light: str, now: datetime) -> Q:
    match light:
        case Light.RED:
            return Q(next_due_at__lte=now)
        case Light.AMBER:
            return Q(next_due_at__gt=now, next_warn_at__lte=now)
        case Light.GREEN:
            return Q(next_warn_at__gt=now)
        case _:
            return Q(next_due_at__isnull=True)


async def _narrowed(actor: Actor, filters: Filters, now: datetime) -> QuerySet[Case]:
    found = _scoped(actor)
    if filters.status == "open":
        found = found.filter(status__in=[s.value for s in OPEN])
    elif filters.status:
        found = found.filter(status=filters.status)
    if filters.light:
        found = found.filter(_lit(filters.light, now))
    if filters.unit:
        # What no unit leads yet lies with its desk: the board counts it there, so the list behind must hold it.
        found = found.filter(Q(unit=filters.unit) | Q(unit="", desk=filters.unit))
    if filters.kind:
        found = found.filter(kind=filters.kind)
    if filters.category:
        found = found.filter(category__startswith=filters.category)
    if filters.region:
        found = found.filter(region__startswith=filters.region.rstrip("0") or "0")
    if filters.flag:
        found = found.filter(flags__contains=filters.flag)
    if filters.mine:
        at_desk = Q(desk=actor.unit, status=Status.RECEIVED.value)
        held = TenureRow.filter(unit=actor.unit, until__isnull=True).values("case_id")
        found = found.filter(at_desk | Q(id__in=Subquery(held)))
    if filters.q:
        found = found.filter(await _found(filters.q))
    return found


async def _found(query: str) -> Q:
    """Cases whose number, title or text hold the query."""
    number = codes.typed_number(query)
    ids = await search.find(search.CASES, query, SEARCH_MOST)
    rows = await Case.filter(id__in=ids).using_db(db.reading()).values("id", "title", "text", "address") if ids else []
    sure = [row["id"] for row in rows if search.matches(query, row["title"], row["text"], row["address"])]
    return Q(no=number) | Q(id__in=sure) if sure else Q(no=number)


async def board(actor: Actor, *, now: datetime) -> list[dict[str, Any]]:
    """Per unit (the desk for what has none yet): red, amber, green and open, over the cases the actor sees."""
    open_ = _scoped(actor).filter(status__in=[s.value for s in OPEN])
    found: dict[str, dict[str, Any]] = {}
    for row in await _lights(open_, now).group_by("unit", "desk").values("unit", "desk", "open", *_LIGHTS):
        unit = row["unit"] or row["desk"]
        line = found.setdefault(unit, {"unit": unit, "open": 0, "red": 0, "amber": 0, "green": 0})
        for name in ("open", *_LIGHTS):
            line[name] += row[name]
    return sorted(found.values(), key=lambda r: (-r["red"], -r["amber"], -r["open"], r["unit"]))


async def flow(actor: Actor, since: datetime, until: datetime) -> dict[str, int]:
    """How many cases came, and how many were answered, in a span."""
    return (await flows(actor, [since, until]))[0]


async def flows(actor: Actor, bounds: Sequence[datetime]) -> list[dict[str, int]]:
    """The same for each span between two bounds that follow each other."""
    spans = list(pairwise(bounds))
    found: list[dict[str, int]] = [{} for _ in spans]
    for name in ("received", "replied"):
        seen = _scoped(actor).filter(**_within(name, bounds[0], bounds[-1]))
        each = {f"n{place}": Count("id", _filter=Q(**_within(name, *span))) for place, span in enumerate(spans)}
        counted = (await seen.annotate(**each).values(*each))[0]
        for place, row in enumerate(found):
            row[name] = int(counted[f"n{place}"])
    return found


def _within(name: str, since: datetime, until: datetime) -> dict[str, Any]:
    return {f"{name}_at__gte": since, f"{name}_at__lt": until}


async def by_code(secret: str, code: str, *, no: str = "", phone_tail: str = "") -> str:
    """The number of the case the query code opens, checked against its number or the phone's last four digits.

    Raises NotFound, the same for an unknown code and a wrong second answer.
    """
    found = await Case.get_or_none(code_hash=cases.code_hash(secret, codes.typed_code(code))).prefetch_related("person")
    if found is not None and no and codes.same(found.no, codes.typed_number(no)):
        return found.no
    if found is not None and not no and phone_tail:
        tail = codes.keyed_hash(secret, "tail", codes.typed_code(phone_tail))
        beside = await CasePerson.filter(case_id=found.id).prefetch_related("person")
        known = [found.person, *(row.person for row in beside if people.may_look_up(row.role, row.kind))]
        if any(codes.same(person.tail_hash, tail) for person in known if person is not None):
            return found.no
    raise NotFound(code="not_found")


async def is_known_source(channel: str, source_id: str) -> bool:
    """Whether something was handed in under this source id: a form sent twice is no second message."""
    return bool(source_id) and await Case.exists(channel=channel, source_id=source_id)


async def taken_in(actor: Actor, no: str, *, now: datetime) -> str:
    """The desk of a case the actor took in within the last day, also where it was a report they may not open.

    Raises NotFound for everybody else: they get no slip.
    """
    entry = await Entry.get_or_none(case__no=no, seq=1, actor=actor.id, at__gt=now - _SLIP)
    if entry is None:
        raise NotFound(no=no)
    return str((await Case.get(no=no)).desk)


async def receipt_code(no: str, secret: str) -> str:
    """The query code of a case, for the receipt shown to whoever just handed it in."""
    case = await Case.get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    return seal.unseal_house(secret, case.code)
