"""Ratings of services at a window or online, which have no case, and the list of service matters.

Whoever works here does not rate.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from evaluation.models import Matter, Rating
from evaluation.ratings import handlings
from evaluation.ratings.cases import check_rating, store_rating, to_view
from evaluation.ratings.submission import (
    FOLLOW_UP_NUMBER,
    HANDLING_MOST,
    MATTER_MOST,
    UNVERIFIED,
    RatingView,
    ServiceRating,
    compute_rating_id,
)
from evaluation.ratings.tokens import Occasion, parse_token
from evaluation.scale import find_level, is_bad
from feedback.kernel import db, outbox
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Conflict, Forbidden, Invalid, NotNow
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.intake import PersonSubmission, clean_line, normalize_phone, person_faults


@dataclass(frozen=True, slots=True)
class MatterRow:
    """A service matter (事项). `kind`: 1 即办件, 2 承诺件 (GB/T 39046-2020 A.6); the promise is in working days."""

    code: str
    name: str
    unit: str
    kind: str = "2"
    promise_days: int = 0


async def rate_service(rating: ServiceRating, actor: Actor | None, *, now: datetime, vault: Vault) -> RatingView:
    """Keep the rating of a service that has no case; of somebody who does not prove to have been served, apart.

    Raises Forbidden for staff, Invalid, or NotNow when rating and follow-up are both given.
    """
    if actor is not None and access.has_role(actor, access.ANY_STAFF):
        raise Forbidden(code="staff_may_not_rate")
    rating_id = compute_rating_id(rating.key, vault)
    if rating.key and (existing := await Rating.get_or_none(id=rating_id)):
        return to_view(existing, shows_source=True)
    signed = parse_token(vault, rating.token) if rating.token else Occasion()
    occasion = replace(
        signed,
        matter=signed.matter or clean_line(rating.matter),
        handling_no=signed.handling_no or clean_line(rating.handling_no),
    )
    check_rating(rating, _occasion_faults(occasion, rating))
    columns = await _load_columns(occasion)
    reason = None
    if not signed.handling_no:  # a token that names a handling was signed when that was registered
        reason = await handlings.find_missing_proof(columns["matter"], rating, vault)
    if reason:
        await handlings.store_unverified(rating_id, rating, columns, reason, now)
        return _unverified_view(rating_id, rating, columns, now)
    if rating.token:
        columns["token_hash"] = vault.keyed_hash("rating-token", rating.token)
    if rating.phone and is_bad(rating.level):
        columns["contact"] = vault.encrypt_system(normalize_phone(rating.phone))
    earlier_count = await Rating.filter(matter=columns["matter"], handling_no=occasion.handling_no).count()
    if earlier_count >= FOLLOW_UP_NUMBER:
        raise NotNow(code="already_rated", matter=columns["matter"])
    try:
        async with db.transaction():
            await store_rating(rating_id, rating, columns, earlier_count + 1, now)
            await outbox.put("rating.service", rating_id, {"rating": rating_id}, now)
    except IntegrityError as fault:
        raise Conflict(matter=columns["matter"], handling_no=occasion.handling_no) from fault
    return to_view(await Rating.get(id=rating_id), shows_source=True)


def _unverified_view(rating_id: str, rating: ServiceRating, columns: Mapping[str, Any], now: datetime) -> RatingView:
    """What the giver of an unverified rating learns: that it was kept, not why it does not count."""
    where = {name: columns[name] or "" for name in ("matter", "matter_name", "handling_no", "unit", "window")}
    return RatingView(
        **where,
        id=rating_id,
        level=rating.level,
        level_text=find_level(rating.level).text,
        tags=(),
        text=rating.text,
        case_no="",
        pf=rating.pf,
        anonymous=rating.anonymous,
        number=0,
        at=now,
        status=UNVERIFIED,
        set_aside="",
        rectify_no="",
    )


async def _load_columns(occasion: Occasion) -> dict[str, Any]:
    """Where the rating belongs.

    Raises Invalid for a matter nobody offers.
    """
    matter = (
        await Matter.filter(Q(code=occasion.matter) | Q(name=occasion.matter), closed_at__isnull=True)
        .order_by("code")
        .first()
    )
    if matter is None:
        raise Invalid({"matter": "unknown"})
    return {
        "matter": matter.code,
        "matter_name": matter.name,
        "unit": matter.unit,
        "handling_no": occasion.handling_no or None,
        "window": occasion.window,
    }


def _occasion_faults(occasion: Occasion, rating: ServiceRating) -> dict[str, str]:
    if occasion.case_no:
        return {"token": "opens_a_case"}  # the page sends it to the act RATE instead
    faults = {} if occasion.matter else {"matter": "missing"}
    if len(occasion.matter) > MATTER_MOST:
        faults["matter"] = "unknown"
    if not occasion.handling_no and not rating.token:
        faults["handling_no"] = "missing"
    elif len(occasion.handling_no) > HANDLING_MOST:
        faults["handling_no"] = "too_long"
    if rating.phone and person_faults(PersonSubmission(phone=normalize_phone(rating.phone))):
        faults["phone"] = "not_a_phone"
    return faults


async def hand_over_matters(unit: str, successor: str) -> int:
    """Let the successor of a closed unit be rated for its matters from now on; ratings there are stay where they fell."""
    return int(await Matter.filter(unit=unit, closed_at__isnull=True).update(unit=successor))


async def list_matters(unit: str = "") -> list[MatterRow]:
    """The service matters that can be rated, of one unit or all."""
    rows = Matter.filter(closed_at__isnull=True)
    rows = rows.filter(unit=unit) if unit else rows
    return [
        MatterRow(matter.code, matter.name, matter.unit, matter.kind, matter.promise_days)
        for matter in await rows.order_by("code")
    ]


_MATTER_FIELDS = ("code", "name", "unit", "kind", "promise_days")


async def store_matters(rows: Iterable[Mapping[str, Any]]) -> None:
    """Put service matters in place, over what was there under the same code."""
    await Matter.bulk_create(
        [Matter(**{name: row[name] for name in _MATTER_FIELDS if name in row}) for row in rows],
        on_conflict=["code"],
        update_fields=["name", "unit", "kind", "promise_days"],
    )
