"""Who rated what, and how? Five-level ratings of cases and of services, one and one follow-up each.

A case is rated through the one door: the act RATE carries `record` into its transaction. A service at a window or
online has no case and is rated by `rate_service`. Counters are written in the transaction of the rating and can be
rebuilt from the ratings. Whoever works here does not rate.
"""

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q, Subquery
from tortoise.functions import Sum

from evaluation.models import Rating, RatingCount
from evaluation.ratings.counters import count
from evaluation.ratings.submission import PC, RatingView, ServiceRating, faults, id_of
from evaluation.scale import INDICATOR_SET, LEVELS, decode, is_bad, level_row
from feedback.kernel import crypto, identifiers
from feedback.kernel.errors import Conflict, Invalid, NotFound
from feedback.queries import cases as case_queries
from feedback.record.cases import RecordedAct
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.intake import clean_paragraph
from feedback.rules.read_models import Page
from feedback.rules.vocabulary import Act, Kind, Role


async def is_kept(key: str, secret: str) -> bool:
    """Whether the form with this key was taken already."""
    return bool(key) and await Rating.exists(id=id_of(key, secret))


async def record(recorded: RecordedAct, *, pf: str = PC, rating_id: str = "") -> None:
    """The rating of a case, in the transaction of its act: `cases.act(…, Act.RATE, …, also=record)`.

    Raises Invalid, or Conflict when the same form was taken just now, and the act is not recorded either.
    """
    assert recorded.act is Act.RATE  # noqa: S101 - a mistake of ours, not of the person
    data = recorded.data
    said = ServiceRating(
        level=data["level"],
        tags=tuple(dict.fromkeys(data.get("tags", ()))),
        text=clean_paragraph(str(data.get("text", ""))),
        pf=pf,
        anonymous=bool(data.get("anonymous", False)),
    )
    check(said)
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
        await keep(rating_id or identifiers.new_id(), said, place, number, recorded.at)
    except IntegrityError as fault:
        raise Conflict(no=recorded.case_no) from fault


def check(said: ServiceRating, more: Mapping[str, str] | None = None) -> None:
    found = faults(said.level, said.tags, said.text, said.pf) | dict(more or {})
    if found:
        raise Invalid(found)


async def keep(rating_id: str, said: ServiceRating, place: Mapping[str, Any], number: int, now: datetime) -> None:
    rating = await Rating.create(
        id=rating_id,
        level=said.level,
        tags=list(dict.fromkeys(said.tags)),
        text=clean_paragraph(said.text),
        pf=said.pf,
        anonymous=said.anonymous,
        number=number,
        indicator_set=INDICATOR_SET,
        at=now,
        **place,
    )
    await count(rating, 1)


async def total() -> int:
    """How many valid first ratings the counters hold."""
    row = await RatingCount.all().annotate(total=Sum("n")).first().values("total")
    return int((row or {}).get("total") or 0)


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
    items = tuple(view(row, shows_source=_knows_source(actor)) for row in rows)
    return Page(items, total, max(page, 1), max(1, ceil(total / size)))


def seen_by(actor: Actor) -> Q:
    """The ratings the actor may know of: none of a case one is shut out of."""
    if Role.CITIZEN in actor.roles:
        return Q(case_no=actor.case_no) if actor.case_no else Q(id="")
    if Role.SYSTEM in actor.roles:
        return Q()
    if not access.has_role(actor, access.ANY_STAFF - {Role.ADMIN}):
        return Q(id="")
    shut = Subquery(case_queries.barred_from(actor).values("case__no"))
    open_ = Q(case_no__isnull=True) | ~Q(case_no__in=shut)
    open_ &= Q() if actor.cleared else Q(confidential=False)
    if actor.everywhere and access.has_role(actor, access.OVERSEERS):
        return open_
    return open_ & Q(unit__in=sorted(actor.units | {actor.unit}))


def _knows_source(actor: Actor) -> bool:
    return Role.CITIZEN in actor.roles or Role.SYSTEM in actor.roles or actor.everywhere


def view(row: Rating, *, shows_source: bool) -> RatingView:
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
    return view(row, shows_source=True) if is_bad(row.level) and not row.rectify_no else None


async def contact_of(rating_id: str, secret: str) -> str:
    """The telephone number left for the call-back, or ""."""
    row = await Rating.get(id=rating_id)
    return crypto.decrypt_system(secret, row.contact) if row.contact else ""


async def rectified_by(rating_id: str, no: str) -> None:
    """Note which case rectifies the rating. The number left for the call-back is there now, and forgotten here."""
    await Rating.filter(id=rating_id).update(rectify_no=no, contact="")
