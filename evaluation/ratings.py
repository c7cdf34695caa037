"""Who rated what, and how? Five-level ratings of cases and of services, one and one follow-up each.

A case is rated through the one door: the act RATE carries `record` into its transaction. A service at a window or
online has no case and is rated by `rate_service`. Counters are written in the transaction of the rating and can be
rebuilt from the ratings. Whoever works here does not rate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from math import ceil
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F, Q, Subquery
from tortoise.functions import Count, Sum

from evaluation.indicators import INDICATOR_SET, INDICATORS, LEVELS, PF, decode, is_bad, level_row
from evaluation.invitations import Occasion, occasion_of
from evaluation.models import Matter, Rating, RatingCount
from evaluation.scores import Levels
from evaluation.timeliness import Period
from feedback import access, queries
from feedback.access import Actor
from feedback.cases import Recorded
from feedback.intake import PersonDraft, line, paragraph, person_faults, phone_digits
from feedback.kernel import codes, db, outbox, seal
from feedback.kernel.clock import office_day
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotNow
from feedback.views import Page
from feedback.vocabulary import Act, Kind, Role

TEXT_MOST = 500
HANDLING_MOST = 60
MATTER_MOST = 40
FOLLOW_UP = 2
PC = "1"
_ID = 32  # as many digits as a fresh id has


class Standing(StrEnum):
    """Whether a rating counts. While a dispute is looked into it still does."""

    VALID = "valid"
    UNDER_REVIEW = "under_review"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class ServiceRating:
    """What somebody says of a service: by token, or by matter (code or name) and the number of the handling.

    `phone` is for the call-back after a bad rating; after a good one it is not kept.
    """

    level: int
    tags: tuple[str, ...] = ()
    text: str = ""
    pf: str = PC
    anonymous: bool = False
    matter: str = ""
    handling_no: str = ""
    token: str = ""
    phone: str = ""
    key: str = ""  # of the form it came with


@dataclass(frozen=True, slots=True)
class RatingView:
    """A rating as the actor may see it. An anonymous one does not tell the rated unit which case or handling."""

    id: str
    level: int
    level_text: str
    tags: tuple[tuple[str, str], ...]
    text: str
    unit: str
    case_no: str
    matter: str
    matter_name: str
    handling_no: str
    window: str
    pf: str
    anonymous: bool
    number: int
    at: datetime
    status: str
    set_aside: str
    rectify_no: str


@dataclass(frozen=True, slots=True)
class MatterRow:
    """A service matter (事项). `kind`: 1 即办件, 2 承诺件 (GB/T 39046-2020 A.6); the promise is in working days."""

    code: str
    name: str
    unit: str
    kind: str = "2"
    promise_days: int = 0


def tags_fault(level: int, tags: Sequence[str]) -> str:
    """What is wrong with the tags of a rating of that level, or ""."""
    if any(tag not in _OFFERED for tag in tags):
        return "unknown"
    return "" if all(_OFFERED[tag] == level for tag in tags) else "not_of_this_level"


_OFFERED = {indicator.code: indicator.level for indicator in INDICATORS}


def faults(level: object, tags: Sequence[str], text: str, pf: str = PC) -> dict[str, str]:
    """What is wrong with a rating, by field. Pure, so that a door can ask before it acts."""
    found = {}
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= len(LEVELS):
        return {"level": "out_of_range"}
    if fault := tags_fault(level, tags):
        found["tags"] = fault
    if len(text) > TEXT_MOST:
        found["text"] = "too_long"
    if pf not in PF:
        found["pf"] = "unknown"
    return found


def id_of(key: str, secret: str) -> str:
    """The id of the rating a form brings: pressed twice, the same form is the same rating. Without a key a fresh one."""
    return codes.keyed_hash(secret, "rating-form", key)[:_ID] if key else codes.fresh_id()


async def is_kept(key: str, secret: str) -> bool:
    """Whether the form with this key was taken already."""
    return bool(key) and await Rating.exists(id=id_of(key, secret))


async def record(recorded: Recorded, *, pf: str = PC, rating_id: str = "") -> None:
    """The rating of a case, in the transaction of its act: `cases.act(…, Act.RATE, …, also=record)`.

    Raises Invalid, or Conflict when the same form was taken just now, and the act is not recorded either.
    """
    assert recorded.act is Act.RATE  # noqa: S101 - a mistake of ours, not of the person
    data = recorded.data
    said = ServiceRating(
        level=data["level"],
        tags=tuple(dict.fromkeys(data.get("tags", ()))),
        text=paragraph(str(data.get("text", ""))),
        pf=pf,
        anonymous=bool(data.get("anonymous", False)),
    )
    _check(said)
    number = await Rating.filter(case_no=recorded.case_no).count() + 1
    place = {
        "case_no": recorded.case_no,
        "seq": recorded.seq,
        "unit": recorded.unit,
        "profile": recorded.profile.value,
        "region": recorded.region,
        "desk": recorded.desk,
        "desk_level": data.get("desk_level"),
        "confidential": recorded.kind is Kind.REPORT,
    }
    try:
        await _keep(rating_id or codes.fresh_id(), said, place, number, recorded.at)
    except IntegrityError as fault:
        raise Conflict(no=recorded.case_no) from fault


async def rate_service(said: ServiceRating, actor: Actor | None, *, now: datetime, secret: str) -> RatingView:
    """Keep the rating of a service that has no case.

    Raises Forbidden for staff, Invalid, or NotNow when rating and follow-up are both given.
    """
    if actor is not None and access.has(actor, access.ANY_STAFF):
        raise Forbidden(code="staff_may_not_rate")
    rating_id = id_of(said.key, secret)
    if said.key and (known := await Rating.get_or_none(id=rating_id)):
        return _view(known, shows_source=True)
    on = occasion_of(secret, said.token) if said.token else Occasion("", line(said.matter), line(said.handling_no))
    _check(said, _occasion_faults(on, said))
    place = await _place(on)
    if said.token:
        place["token_hash"] = codes.keyed_hash(secret, "rating-token", said.token)
    if said.phone and is_bad(said.level):
        place["contact"] = seal.seal_house(secret, phone_digits(said.phone))
    before = await Rating.filter(matter=place["matter"], handling_no=on.handling_no).count() if on.handling_no else 0
    if before >= FOLLOW_UP:
        raise NotNow(code="already_rated", matter=place["matter"])
    try:
        async with db.transaction():
            await _keep(rating_id, said, place, before + 1, now)
            await outbox.put("rating.service", rating_id, {"rating": rating_id}, now)
    except IntegrityError as fault:
        raise Conflict(matter=place["matter"], handling_no=on.handling_no) from fault
    return _view(await Rating.get(id=rating_id), shows_source=True)


async def _place(on: Occasion) -> dict[str, Any]:
    """Where the rating belongs.

    Raises Invalid for a matter nobody offers.
    """
    matter = await Matter.filter(Q(code=on.matter) | Q(name=on.matter), closed_at__isnull=True).order_by("code").first()
    if matter is None:
        raise Invalid({"matter": "unknown"})
    return {
        "matter": matter.code,
        "matter_name": matter.name,
        "unit": matter.unit,
        "handling_no": on.handling_no or None,
        "window": on.window,
    }


def _occasion_faults(on: Occasion, said: ServiceRating) -> dict[str, str]:
    if on.case_no:
        return {"token": "opens_a_case"}  # the door sends it to the act RATE instead
    found = {} if on.matter else {"matter": "missing"}
    if len(on.matter) > MATTER_MOST:
        found["matter"] = "unknown"
    if not on.handling_no and not said.token:
        found["handling_no"] = "missing"
    elif len(on.handling_no) > HANDLING_MOST:
        found["handling_no"] = "too_long"
    if said.phone and person_faults(PersonDraft(phone=phone_digits(said.phone))):
        found["phone"] = "not_a_phone"
    return found


def _check(said: ServiceRating, more: Mapping[str, str] | None = None) -> None:
    found = faults(said.level, said.tags, said.text, said.pf) | dict(more or {})
    if found:
        raise Invalid(found)


async def _keep(rating_id: str, said: ServiceRating, place: Mapping[str, Any], number: int, now: datetime) -> None:
    rating = await Rating.create(
        id=rating_id,
        level=said.level,
        tags=list(dict.fromkeys(said.tags)),
        text=paragraph(said.text),
        pf=said.pf,
        anonymous=said.anonymous,
        number=number,
        indicator_set=INDICATOR_SET,
        at=now,
        **place,
    )
    await count(rating, 1)


async def count(rating: Rating, by: int) -> None:
    """Move the counter of first ratings. Make the row, then add: both databases do each step in one statement.

    Ratings of reports (检举控告) are in no counter, since counters are published.
    """
    if rating.number != 1 or rating.is_default or rating.confidential:
        return
    key = {"unit": rating.unit, "day": office_day(rating.at), "level": rating.level}
    await RatingCount.bulk_create([RatingCount(**key, n=0)], ignore_conflicts=True)
    await RatingCount.filter(**key).update(n=F("n") + by)


async def recount() -> int:
    """Make the counters anew from the ratings. Returns how many were wrong."""
    true: dict[tuple[str, date, int], int] = {}
    async with db.transaction():
        await RatingCount.filter(n=0).delete()
        for unit, level, at in await _counting().values_list("unit", "level", "at"):
            key = (unit, office_day(at), level)
            true[key] = true.get(key, 0) + 1
        kept = {(row.unit, row.day, row.level): row.n for row in await RatingCount.all()}
        wrong = {key for key in {*true, *kept} if true.get(key, 0) != kept.get(key, 0)}
        for unit, day, level in sorted(wrong):
            n = true.get((unit, day, level), 0)
            await RatingCount.bulk_create([RatingCount(unit=unit, day=day, level=level, n=0)], ignore_conflicts=True)
            await RatingCount.filter(unit=unit, day=day, level=level).update(n=n)
    return len(wrong)


def _counting() -> Any:
    return Rating.filter(number=1, is_default=False, confidential=False).exclude(status=Standing.INVALID.value)


async def levels_in(period: Period) -> dict[str, Levels]:
    """Per unit: how many valid first ratings of each level the period brought."""
    rows = RatingCount.filter(day__gte=period.first_day, day__lte=period.last_day, n__gt=0)
    found: dict[str, dict[int, int]] = {}
    for row in await rows.annotate(total=Sum("n")).group_by("unit", "level").values("unit", "level", "total"):
        found.setdefault(row["unit"], {})[row["level"]] = int(row["total"])
    return {unit: Levels(counts) for unit, counts in found.items()}


async def follow_ups_in(period: Period) -> dict[str, int]:
    """Per unit: how many follow-ups (追加评价) the period brought."""
    rows = Rating.filter(number=FOLLOW_UP, confidential=False, at__gte=period.since, at__lt=period.until)
    rows = rows.exclude(status=Standing.INVALID.value)
    return {r["unit"]: r["n"] for r in await rows.annotate(n=Count("id")).group_by("unit").values("unit", "n")}


async def ratings_of(
    actor: Actor, *, unit: str = "", case_no: str = "", bad_only: bool = False, page: int = 1, size: int = 50
) -> Page:
    """The ratings the actor sees, newest first: a citizen those of the case, a unit its own, an overseer all."""
    found = Rating.filter(seen_by(actor))
    if unit:
        found = found.filter(unit=unit)
    if case_no:
        found = found.filter(case_no=case_no)
    if bad_only:
        found = found.filter(level__in=[row.level for row in LEVELS if is_bad(row.level)])
    total = await found.count()
    rows = await found.order_by("-at", "id").offset((max(page, 1) - 1) * size).limit(size)
    items = tuple(_view(row, shows_source=_knows_source(actor)) for row in rows)
    return Page(items, total, max(page, 1), max(1, ceil(total / size)))


def seen_by(actor: Actor) -> Q:
    """The ratings the actor may know of: none of a case one is shut out of."""
    if Role.CITIZEN in actor.roles:
        return Q(case_no=actor.case_no) if actor.case_no else Q(id="")
    if Role.SYSTEM in actor.roles:
        return Q()
    if not access.has(actor, access.ANY_STAFF - {Role.ADMIN}):
        return Q(id="")
    shut = Subquery(queries.shut_to(actor).values("case__no"))
    open_ = Q(case_no__isnull=True) | ~Q(case_no__in=shut)
    open_ &= Q() if actor.cleared else Q(confidential=False)
    if actor.everywhere and access.has(actor, access.OVERSEERS):
        return open_
    return open_ & Q(unit__in=sorted(actor.units | {actor.unit}))


def _knows_source(actor: Actor) -> bool:
    return Role.CITIZEN in actor.roles or Role.SYSTEM in actor.roles or actor.everywhere


def _view(row: Rating, *, shows_source: bool) -> RatingView:
    hides = bool(row.anonymous) and not shows_source
    tags = [(tag, found.text if (found := decode(tag)) else tag) for tag in row.tags]
    return RatingView(
        id=row.id,
        level=row.level,
        level_text=level_row(row.level).text,
        tags=tuple(tags),
        text=row.text,
        unit=row.unit,
        case_no="" if hides else row.case_no or "",
        matter=row.matter,
        matter_name=row.matter_name,
        handling_no="" if hides else row.handling_no or "",
        window=row.window,
        pf=row.pf,
        anonymous=bool(row.anonymous),
        number=row.number,
        at=row.at,
        status=row.status,
        set_aside=row.set_aside,
        rectify_no=row.rectify_no,
    )


async def awaiting_rectification(*, rating_id: str = "", case_no: str = "", seq: int = 0) -> RatingView | None:
    """The rating a message speaks of, if it is a bad one whose rectification is not open yet.

    Raises NotFound when there is no such rating: then somebody rated past `record`.
    """
    row = await (Rating.get_or_none(id=rating_id) if rating_id else Rating.get_or_none(case_no=case_no, seq=seq))
    if row is None:
        raise NotFound(rating=rating_id, case_no=case_no)
    return _view(row, shows_source=True) if is_bad(row.level) and not row.rectify_no else None


async def contact_of(rating_id: str, secret: str) -> str:
    """The telephone number left for the call-back, or ""."""
    row = await Rating.get(id=rating_id)
    return seal.unseal_house(secret, row.contact) if row.contact else ""


async def rectified_by(rating_id: str, no: str) -> None:
    """Note which case rectifies the rating. The number left for the call-back is there now, and forgotten here."""
    await Rating.filter(id=rating_id).update(rectify_no=no, contact="")


async def matters(unit: str = "") -> list[MatterRow]:
    """The service matters that can be rated, of one unit or all."""
    rows = Matter.filter(closed_at__isnull=True)
    rows = rows.filter(unit=unit) if unit else rows
    return [MatterRow(m.code, m.name, m.unit, m.kind, m.promise_days) for m in await rows.order_by("code")]


_MATTER = ("code", "name", "unit", "kind", "promise_days")


async def add_matters(rows: Iterable[Mapping[str, Any]]) -> None:
    """Put service matters in place, over what was there under the same code."""
    await Matter.bulk_create(
        [Matter(**{name: row[name] for name in _MATTER if name in row}) for row in rows],
        on_conflict=["code"],
        update_fields=["name", "unit", "kind", "promise_days"],
    )
