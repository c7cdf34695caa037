"""What does an actor see? One file, worklists with counts, look-up by code, published replies.

Every query takes the actor and narrows by `access.scope` before anything else; what comes back are values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from tortoise.expressions import Case as SqlCase
from tortoise.expressions import Q, Subquery, When
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from feedback import access, calendars, cases, folding, redact, search
from feedback.access import Actor, Standing
from feedback.cases import clock_of, facts_of, happening_of, standing_of
from feedback.deadlines import RIGHTS, Clock, Light
from feedback.folding import Folded
from feedback.kernel import codes, db, seal
from feedback.kernel.errors import NotFound
from feedback.lifecycle import OPEN, Kind, Profile, Stage, Status, Step
from feedback.models import Attachment, Bar, Case, ClockRow, Entry, Person, PublicReply, ReadLog, TenureRow

PAGE = 50
SEARCH_MOST = 2000


@dataclass(frozen=True, slots=True)
class PersonView:
    """The person as the actor may see them; masked unless they must answer."""

    name: str
    phone: str
    id_number: str
    address: str
    is_masked: bool


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry as the actor may see it."""

    seq: int
    act: str
    at: datetime
    actor_name: str
    role: str
    unit: str
    status: str
    data: Mapping[str, Any]
    public: bool


@dataclass(frozen=True, slots=True)
class FileView:
    """An attachment."""

    id: str
    name: str
    size: int
    type: str
    sha256: str
    seq: int


@dataclass(frozen=True, slots=True)
class TenureView:
    """A unit's hold on the case."""

    unit: str
    lead: bool
    since: datetime
    until: datetime | None
    task: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One case with everything the actor may see of it, and the steps open to them."""

    no: str
    kind: Kind
    profile: Profile
    stage: Stage
    status: Status
    version: int
    title: str
    text: str
    channel: str
    region: str
    address: str
    category: str
    confidence: float
    by_hand: bool
    desk: str
    unit: str
    co_units: tuple[str, ...]
    urgency: int
    confidential: bool
    anonymous: bool
    public_consent: bool
    headcount: int
    link: str
    linked: tuple[str, ...]
    received_at: datetime
    replied_at: datetime | None
    closed_at: datetime | None
    person: PersonView | None
    clocks: tuple[Clock, ...]
    entries: tuple[EntryView, ...]
    attachments: tuple[FileView, ...]
    tenures: tuple[TenureView, ...]
    steps: tuple[Step, ...]
    is_published: bool

    def light(self, now: datetime) -> Light:
        """The worst light of the clocks that bind us."""
        lights = [c.light(now) for c in self.clocks if c.term not in RIGHTS]
        return next((light for light in (Light.RED, Light.AMBER, Light.GREEN) if light in lights), Light.NONE)


@dataclass(frozen=True, slots=True)
class Brief:
    """What the jobs need of a case: its words, where it stands, what happened. Two queries, for the system only."""

    no: str
    kind: Kind
    stage: Stage
    status: Status
    version: int
    title: str
    text: str
    region: str
    address: str
    category: str
    desk: str
    unit: str
    is_named: bool
    entries: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One line of a worklist."""

    no: str
    kind: str
    title: str
    status: str
    stage: str
    unit: str
    desk: str
    category: str
    region: str
    channel: str
    urgency: int
    confidential: bool
    received_at: datetime
    next_due_at: datetime | None
    next_warn_at: datetime | None
    confidence: float

    def light(self, now: datetime) -> Light:
        if self.next_due_at is None or self.next_warn_at is None:
            return Light.NONE
        if now >= self.next_due_at:
            return Light.RED
        return Light.AMBER if now >= self.next_warn_at else Light.GREEN


@dataclass(frozen=True, slots=True)
class Filters:
    """What a worklist is narrowed to; empty means all. `category` matches by its beginning."""

    status: str = ""  # a status, or "open"
    light: str = ""
    unit: str = ""
    kind: str = ""
    category: str = ""
    region: str = ""
    q: str = ""
    sort: str = "due"  # due | received | -received
    mine: bool = False  # only what waits for the actor's own unit now


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows out of `total`."""

    items: tuple[Any, ...]
    total: int
    page: int
    pages: int


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
        barred = Bar.filter(Q(unit__in=sorted(s.ancestry)) | Q(staff=s.staff_id)).values("case_id")
        cases_ = cases_.exclude(id__in=Subquery(barred))
    if s.everywhere:
        return cases_
    held = TenureRow.filter(unit__in=sorted(s.units)).values("case_id")
    whose = Q(id__in=Subquery(held))
    return cases_.filter(whose | Q(desk=s.desk) if s.desk else whose)


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
    folded = folding.fold([happening_of(e) for e in entries], facts, await calendars.current())
    clocks = tuple(await cases.clocks_stored(case.id))
    is_owner = bool(actor.case_no)
    shown = [e for e in entries if e.public or not is_owner]
    files = await Attachment.filter(case_id=case.id).order_by("seq", "made_at")
    visible = {e.seq for e in shown}
    if log_at and (case.confidential or access.unmasked(actor, standing)) and not is_owner:
        await log_read(actor, "file", no, now=log_at)
    linked = [c.no for c in await Case.filter(link=no).order_by("id")] if not is_owner else []
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
        confidential=bool(case.confidential),
        anonymous=bool(case.anonymous),
        public_consent=bool(case.public_consent),
        headcount=case.headcount,
        link="" if is_owner else case.link,
        linked=tuple(linked),
        received_at=case.received_at,
        replied_at=case.replied_at,
        closed_at=case.closed_at,
        person=_person_view(case.person, actor, standing, bool(case.anonymous), secret),
        clocks=clocks,
        entries=tuple(_entry_view(e, is_owner) for e in shown),
        attachments=tuple(FileView(f.id, f.name, f.size, f.type, f.sha256, f.seq) for f in files if f.seq in visible),
        tenures=tuple(TenureView(t.unit, t.lead, t.since, t.until, t.task) for t in folded.tenures),
        steps=access.open_steps(actor, folded.state, standing),
        is_published=await PublicReply.exists(case_id=case.id),
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
        entries=tuple(_entry_view(e, False) for e in entries),
    )


async def co_units(no: str) -> list[str]:
    """The co-units of a case now."""
    rows = await TenureRow.filter(case__no=no, lead=False, until__isnull=True)
    return sorted(t.unit for t in rows)


def _entry_view(entry: Entry, is_owner: bool) -> EntryView:
    name = "" if is_owner and entry.role != "citizen" else entry.actor_name
    return EntryView(
        entry.seq, entry.act, entry.at, name, entry.role, entry.unit, entry.status, entry.data, bool(entry.public)
    )


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
    at_desk = actor.unit == standing.desk
    if access.unmasked(actor, standing) and (not anonymous or at_desk or actor.case_no):
        return PersonView(name, phone, redact.masked_id(id_number), address, False)
    if anonymous:
        return PersonView("匿名", "", "", "", True)
    return PersonView(redact.masked_name(name), redact.masked_phone(phone), "", "", True)


async def names_in(actor: Actor, no: str, secret: str) -> list[str]:
    """The names a publication of this case must not hold. For staff who see the case."""
    case = await _scoped(actor).get_or_none(no=no).prefetch_related("person")
    if case is None:
        raise NotFound(no=no)
    if case.person is None:
        return []
    return [name for name in [seal.unseal(seal.master_key(secret), case.person.key, case.person.name)] if name]


async def worklist(actor: Actor, filters: Filters, page: int, *, now: datetime, size: int = PAGE) -> Page:
    """The cases the actor sees, narrowed and sorted, one page of them."""
    found = await _narrowed(actor, filters, now)
    total = await found.count()
    pages = max(1, ceil(total / size))
    page = min(max(1, page), pages)
    rows = await found.order_by(*_ORDERS.get(filters.sort, _ORDERS["due"])).offset((page - 1) * size).limit(size)
    return Page(tuple(_work_row(c) for c in rows), total, page, pages)


_ORDERS: Mapping[str, tuple[str, ...]] = {
    "due": ("open_rank", "next_due_at", "id"),
    "received": ("received_at", "id"),
    "-received": ("-received_at", "-id"),
}


async def export(actor: Actor, filters: Filters, *, now: datetime, most: int) -> list[WorkRow]:
    """The same list without pages, for a file. At most `most` rows."""
    found = await _narrowed(actor, filters, now)
    rows = await found.order_by(*_ORDERS.get(filters.sort, _ORDERS["due"])).limit(most)
    return [_work_row(c) for c in rows]


async def counts(actor: Actor, filters: Filters, *, now: datetime) -> dict[str, int]:
    """How many cases of the list stand in each status and under each light, the filter on these two aside."""
    base = Filters(
        unit=filters.unit,
        kind=filters.kind,
        category=filters.category,
        region=filters.region,
        q=filters.q,
        mine=filters.mine,
    )
    found = await _narrowed(actor, base, now)
    by_status = await found.annotate(n=Count("id")).group_by("status").values("status", "n")
    result = {row["status"]: row["n"] for row in by_status}
    result["open"] = sum(result.get(s.value, 0) for s in OPEN)
    for light in (Light.RED, Light.AMBER, Light.GREEN):
        result[light.value] = await found.filter(_lit(light, now)).count()
    return result


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
    found = _scoped(actor).annotate(open_rank=SqlCase(When(next_due_at__isnull=True, then="1"), default="0"))
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


def _work_row(case: Case) -> WorkRow:
    return WorkRow(
        no=case.no,
        kind=case.kind,
        title=case.title,
        status=case.status,
        stage=case.stage,
        unit=case.unit,
        desk=case.desk,
        category=case.category,
        region=case.region,
        channel=case.channel,
        urgency=case.urgency,
        confidential=bool(case.confidential),
        received_at=case.received_at,
        next_due_at=case.next_due_at,
        next_warn_at=case.next_warn_at,
        confidence=case.confidence,
    )


async def board(actor: Actor, *, now: datetime) -> list[dict[str, Any]]:
    """Per unit (the desk for what has none yet): red, amber, green and open, over the cases the actor sees."""
    open_ = _scoped(actor).filter(status__in=[s.value for s in OPEN])
    found: dict[str, dict[str, Any]] = {}
    for name, narrowed in (
        ("open", open_),
        *((light.value, open_.filter(_lit(light, now))) for light in (Light.RED, Light.AMBER, Light.GREEN)),
    ):
        for row in await narrowed.annotate(n=Count("id")).group_by("unit", "desk").values("unit", "desk", "n"):
            unit = row["unit"] or row["desk"]
            line = found.setdefault(unit, {"unit": unit, "open": 0, "red": 0, "amber": 0, "green": 0})
            line[name] += row["n"]
    return sorted(found.values(), key=lambda r: (-r["red"], -r["amber"], -r["open"], r["unit"]))


async def flow(actor: Actor, since: datetime, until: datetime) -> dict[str, int]:
    """How many cases came, and how many were answered, in a span."""
    seen = _scoped(actor)
    return {
        "received": await seen.filter(received_at__gte=since, received_at__lt=until).count(),
        "replied": await seen.filter(replied_at__gte=since, replied_at__lt=until).count(),
    }


async def by_code(secret: str, code: str, *, no: str = "", phone_tail: str = "") -> str:
    """The number of the case the query code opens, checked against its number or the phone's last four digits.

    Raises NotFound, the same for an unknown code and a wrong second answer.
    """
    found = await Case.get_or_none(code_hash=cases.code_hash(secret, codes.typed_code(code))).prefetch_related("person")
    if found is not None and no and codes.same(found.no, codes.typed_number(no)):
        return found.no
    if found is not None and not no and phone_tail and found.person is not None:
        tail = codes.keyed_hash(secret, "tail", codes.typed_code(phone_tail))
        if codes.same(found.person.tail_hash, tail):
            return found.no
    raise NotFound(code="not_found")


async def receipt_code(no: str, secret: str) -> str:
    """The query code of a case, for the receipt shown to whoever just handed it in."""
    case = await Case.get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    return seal.unseal_house(secret, case.code)


async def public_replies(
    q: str = "", unit: str = "", category: str = "", region: str = "", page: int = 1, size: int = 20
) -> Page:
    """Published, masked questions and answers, best match first (title before text, then newest)."""
    found = PublicReply.all().using_db(db.reading())
    if unit:
        found = found.filter(unit=unit)
    if category:
        found = found.filter(category__startswith=category)
    if region:
        found = found.filter(region__startswith=region.rstrip("0") or "0")
    if q.strip():
        ids = await search.find(search.REPLIES, q, SEARCH_MOST)
        rows = [r for r in await found.filter(id__in=ids) if search.matches(q, r.title, r.question, r.answer)]
        rows.sort(key=lambda r: (not search.matches(q, r.title), -r.id))
        total = len(rows)
        rows = rows[(max(page, 1) - 1) * size : max(page, 1) * size]
    else:
        total = await found.count()
        rows = await found.order_by("-published_at", "-id").offset((max(page, 1) - 1) * size).limit(size)
    return Page(tuple(_reply(r) for r in rows), total, max(page, 1), max(1, ceil(total / size)))


async def public_reply(reply_id: int) -> dict[str, Any]:
    """One published reply.

    Raises NotFound.
    """
    row = await PublicReply.get_or_none(id=reply_id)
    if row is None:
        raise NotFound(reply=reply_id)
    return _reply(row)


def _reply(row: PublicReply) -> dict[str, Any]:
    names = ("id", "title", "question", "answer", "unit", "category", "region", "kind")
    return {name: getattr(row, name) for name in names} | {
        "received_at": row.received_at,
        "replied_at": row.replied_at,
        "published_at": row.published_at,
    }


async def facets() -> dict[str, list[tuple[str, int]]]:
    """How many published replies each unit and category has."""
    rows = PublicReply.all().using_db(db.reading()).annotate(n=Count("id"))
    units = await rows.group_by("unit").values("unit", "n")
    categories = await rows.group_by("category").values("category", "n")
    return {
        "unit": sorted(((r["unit"], r["n"]) for r in units), key=lambda p: -p[1]),
        "category": sorted(((r["category"], r["n"]) for r in categories), key=lambda p: -p[1]),
    }


async def whereabouts(nos: Sequence[str]) -> dict[str, int]:
    """How many of these cases stand in each status: what an import tells at its end."""
    found: dict[str, int] = {}
    for at in range(0, len(nos), PAGE):
        chunk = Case.filter(no__in=list(nos[at : at + PAGE])).annotate(n=Count("id")).group_by("status")
        for row in await chunk.values("status", "n"):
            found[row["status"]] = found.get(row["status"], 0) + row["n"]
    return found


async def words_of(no: str) -> tuple[str, str]:
    """Title and text of a case, for the jobs that read it as the system."""
    case = await Case.get_or_none(no=no)
    if case is None:
        raise NotFound(no=no)
    return case.title, case.text


async def clock_facts(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Every clock that started before `until` and was still running, or due, or stopped at or after `since`.

    For the figures: case number, kind, profile, category, region, channel, the clock's columns. Confidential cases
    are counted like all others; nothing here names a person.
    """
    rows = ClockRow.filter(starts_at__lt=until).filter(
        Q(stopped_at__isnull=True) | Q(stopped_at__gte=since) | Q(due_at__gte=since)
    )
    return list(
        await rows.using_db(db.reading()).values(
            "id",
            "term",
            "holder",
            "unit",
            "starts_at",
            "due_at",
            "stopped_at",
            "stopped_by",
            "kept",
            case_no="case__no",
            kind="case__kind",
            profile="case__profile",
            category="case__category",
            region="case__region",
            channel="case__channel",
            lead="case__unit",
            desk="case__desk",
            status="case__status",
        )
    )


async def case_facts(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Cases received in a span, without words or persons, for the figures."""
    rows = Case.filter(received_at__gte=since, received_at__lt=until).exclude(kind=Kind.RECTIFY.value)
    return list(
        await rows.using_db(db.reading()).values(
            "no",
            "kind",
            "profile",
            "category",
            "region",
            "channel",
            "unit",
            "desk",
            "status",
            "received_at",
            "replied_at",
        )
    )


async def due_clocks(now: datetime, stage: str, limit: int = 500) -> Sequence[Mapping[str, Any]]:
    """Clocks that turned amber or red and of which nobody was told: `stage` is "amber" or "late"."""
    running = ClockRow.filter(stopped_at__isnull=True).exclude(term__in=sorted(RIGHTS))
    if stage == "late":
        running = running.filter(told_late_at__isnull=True, due_at__lte=now).order_by("due_at")
    else:
        running = running.filter(told_amber_at__isnull=True, warn_at__lte=now, due_at__gt=now).order_by("warn_at")
    return list(await running.limit(limit).values("id", "term", "label", "unit", "holder", "due_at", no="case__no"))


async def log_read(actor: Actor, what: str, case_no: str = "", detail: str = "", *, now: datetime) -> None:
    """Write down that somebody looked at personal or confidential data, or took a list away."""
    await ReadLog.create(at=now, actor=actor.id, unit=actor.unit, what=what, case_no=case_no, detail=detail[:300])


async def read_log(case_no: str = "", limit: int = 200) -> list[dict[str, Any]]:
    """The latest reads, of one case or all. For auditors."""
    rows = ReadLog.filter(case_no=case_no) if case_no else ReadLog.all()
    return list(await rows.order_by("-id").limit(limit).values())


async def folded(no: str) -> tuple[Folded, list[Clock], Case]:
    """A case folded anew, its stored clocks and its row: for `xinqiao verify`."""
    case = await Case.get(no=no)
    history = [happening_of(e) for e in await Entry.filter(case_id=case.id).order_by("seq")]
    rows = await ClockRow.filter(case_id=case.id).order_by("seq", "id")
    return folding.fold(history, facts_of(case), await calendars.current()), [clock_of(r) for r in rows], case


async def tenure_facts(since: datetime, until: datetime) -> list[dict[str, Any]]:
    """The spans in which units led cases and that touch a period, for the figures: case_no, unit, since, until."""
    rows = TenureRow.filter(Q(until__isnull=True) | Q(until__gte=since), lead=True, since__lt=until)
    return list(
        await rows.using_db(db.reading()).order_by("since", "id").values("unit", "since", "until", case_no="case__no")
    )
