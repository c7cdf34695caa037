"""Ratings of cases: store one and one follow-up each, list them, and link what rectifies them.

The act RATE (`feedback.record.cases`) carries `record_rating` into its transaction. Whoever works here does not rate.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q, Subquery
from tortoise.functions import Sum

from evaluation.models import Rating, RatingCount
from evaluation.ratings import rating_access
from evaluation.ratings.counters import add_to_counter
from evaluation.ratings.submission import (
    PC_CHANNEL,
    RatingValidity,
    RatingView,
    ServiceRating,
    clean_tags,
    compute_rating_id,
    find_rating_faults,
)
from evaluation.scale import INDICATOR_SET, LEVELS, describe_tag, find_level, is_bad
from feedback.kernel import identifiers, paging
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Conflict, Invalid, NotFound
from feedback.kernel.paging import Page
from feedback.queries import cases as case_queries
from feedback.record.cases import RecordedAct
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.intake import clean_paragraph
from feedback.rules.vocabulary import Act, Kind


async def is_submitted(key: str, vault: Vault) -> bool:
    """Whether the form with this key was taken already."""
    return bool(key) and await Rating.exists(id=compute_rating_id(key, vault))


async def record_rating(recorded_act: RecordedAct, *, pf: str = PC_CHANNEL, rating_id: str = "") -> None:
    """The rating of a case, in the transaction of its act: `cases.act(…, Act.RATE, …, also=record)`.

    Raises Invalid, or Conflict when the same form was taken just now, and the act is not recorded either.
    """
    assert recorded_act.act is Act.RATE  # noqa: S101 - a mistake of ours, not of the person
    data = recorded_act.data
    rating = ServiceRating(
        level=data["level"],
        tags=tuple(clean_tags(data.get("tags", ()))),
        text=clean_paragraph(str(data.get("text", ""))),
        pf=pf,
        anonymous=bool(data.get("anonymous", False)),
    )
    check_rating(rating, is_case=True)
    number = await Rating.filter(case_no=recorded_act.case_no).count() + 1
    columns = {
        "case_no": recorded_act.case_no,
        "seq": recorded_act.seq,
        "unit": recorded_act.unit,
        "profile": recorded_act.profile.value,
        "region": recorded_act.region,
        "desk": recorded_act.desk,
        "desk_level": data.get("desk_level"),
        "confidential": recorded_act.kind is Kind.REPORT,
    }
    try:
        await store_rating(rating_id or identifiers.new_id(), rating, columns, number, recorded_act.at)
    except IntegrityError as fault:
        raise Conflict(no=recorded_act.case_no) from fault


def check_rating(
    rating: ServiceRating, extra_faults: Mapping[str, str] | None = None, *, is_case: bool = False
) -> None:
    faults = find_rating_faults(rating.level, rating.tags, rating.text, rating.pf, is_case=is_case)
    field_faults = faults | dict(extra_faults or {})
    if field_faults:
        raise Invalid(field_faults)


async def store_rating(
    rating_id: str, rating: ServiceRating, columns: Mapping[str, Any], number: int, now: datetime
) -> None:
    row = await Rating.create(
        id=rating_id,
        level=rating.level,
        tags=clean_tags(rating.tags),
        text=clean_paragraph(rating.text),
        pf=rating.pf,
        anonymous=rating.anonymous,
        number=number,
        indicator_set=INDICATOR_SET,
        at=now,
        **columns,
    )
    await add_to_counter(row, 1)


async def total() -> int:
    """How many valid first ratings the counters hold."""
    row = await RatingCount.all().annotate(total=Sum("n")).first().values("total")
    return int((row or {}).get("total") or 0)


async def list_ratings(
    actor: Actor, *, unit: str = "", case_no: str = "", bad_only: bool = False, page: int = 1, size: int = 50
) -> Page[RatingView]:
    """The ratings the actor sees, newest first: a citizen those of the case, a unit its own, an overseer all."""
    ratings = Rating.filter(visible_ratings(actor))
    if unit:
        ratings = ratings.filter(unit=unit)
    if case_no:
        ratings = ratings.filter(case_no=case_no)
    if bad_only:
        ratings = ratings.filter(level__in=[row.level for row in LEVELS if is_bad(row.level)])
    page_range = paging.select_range(await ratings.count(), page, size)
    rows = await ratings.order_by("-at", "id").offset(page_range.start).limit(size)
    return page_range.page_of(to_view(row, shows_source=rating_access.may_know_source(actor)) for row in rows)


def visible_ratings(actor: Actor) -> Q:
    """The ratings the actor may know of: none of a case one is shut out of."""
    access_scope = access.scope(actor)
    if access_scope.everything:
        return Q()
    if access_scope.nothing:
        return Q(id="")
    if access_scope.case_no:
        return Q(case_no=access_scope.case_no)
    barred_nos = Subquery(case_queries.barred_from(actor).values("case__no"))
    visible = Q(case_no__isnull=True) | ~Q(case_no__in=barred_nos)
    visible &= Q() if access_scope.confidential else Q(confidential=False)
    return visible & case_queries.build_unit_filter(access.unit_scope(actor))


def to_view(row: Rating, *, shows_source: bool) -> RatingView:
    hides_source = bool(row.anonymous) and not shows_source
    tags = [(tag, describe_tag(tag)) for tag in row.tags]
    return RatingView(
        id=row.id,
        level=row.level,
        level_text=find_level(row.level).text,
        tags=tuple(tags),
        text=row.text,
        unit=row.unit,
        case_no="" if hides_source else row.case_no or "",
        matter=row.matter,
        matter_name=row.matter_name,
        handling_no="" if hides_source else row.handling_no or "",
        window=row.window,
        pf=row.pf,
        anonymous=bool(row.anonymous),
        number=row.number,
        at=row.at,
        status=row.status,
        set_aside=row.set_aside,
        rectify_no=row.rectify_no,
    )


async def find_unrectified(*, rating_id: str = "", case_no: str = "", seq: int = 0) -> RatingView | None:
    """The rating a message speaks of, if it is a bad one whose rectification is not open yet.

    Raises NotFound when there is no such rating: then somebody rated past `record_rating`.
    """
    row = await (Rating.get_or_none(id=rating_id) if rating_id else Rating.get_or_none(case_no=case_no, seq=seq))
    if row is None:
        raise NotFound(rating=rating_id, case_no=case_no)
    is_due = is_bad(row.level) and not row.rectify_no and row.status != RatingValidity.INVALID
    return to_view(row, shows_source=True) if is_due else None


async def load_contact(rating_id: str, vault: Vault) -> str:
    """The telephone number left for the call-back, or ""."""
    row = await Rating.get(id=rating_id)
    return vault.decrypt_system(row.contact) if row.contact else ""


async def store_rectification(rating_id: str, no: str) -> None:
    """Note which case rectifies the rating. The number left for the call-back is there now, and forgotten here."""
    await Rating.filter(id=rating_id).update(rectify_no=no, contact="")
