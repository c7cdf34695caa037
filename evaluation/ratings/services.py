"""Who rated what, and how? Five-level ratings of cases and of services, one and one follow-up each.

A case is rated through the one door: the act RATE carries `record` into its transaction. A service at a window or
online has no case and is rated by `rate_service`. Counters are written in the transaction of the rating and can be
rebuilt from the ratings. Whoever works here does not rate.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from evaluation.models import Matter, Rating
from evaluation.ratings.cases import check, keep, view
from evaluation.ratings.submission import FOLLOW_UP, HANDLING_MOST, MATTER_MOST, RatingView, ServiceRating, id_of
from evaluation.ratings.tokens import Occasion, occasion_of
from evaluation.scale import is_bad
from feedback.kernel import crypto, db, identifiers, outbox
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


async def rate_service(said: ServiceRating, actor: Actor | None, *, now: datetime, secret: str) -> RatingView:
    """Keep the rating of a service that has no case.

    Raises Forbidden for staff, Invalid, or NotNow when rating and follow-up are both given.
    """
    if actor is not None and access.has_role(actor, access.ANY_STAFF):
        raise Forbidden(code="staff_may_not_rate")
    rating_id = id_of(said.key, secret)
    if said.key and (known := await Rating.get_or_none(id=rating_id)):
        return view(known, shows_source=True)
    on = (
        occasion_of(secret, said.token)
        if said.token
        else Occasion("", clean_line(said.matter), clean_line(said.handling_no))
    )
    check(said, _occasion_faults(on, said))
    place = await _place(on)
    if said.token:
        place["token_hash"] = identifiers.keyed_hash(secret, "rating-token", said.token)
    if said.phone and is_bad(said.level):
        place["contact"] = crypto.encrypt_system(secret, normalize_phone(said.phone))
    before = await Rating.filter(matter=place["matter"], handling_no=on.handling_no).count() if on.handling_no else 0
    if before >= FOLLOW_UP:
        raise NotNow(code="already_rated", matter=place["matter"])
    try:
        async with db.transaction():
            await keep(rating_id, said, place, before + 1, now)
            await outbox.put("rating.service", rating_id, {"rating": rating_id}, now)
    except IntegrityError as fault:
        raise Conflict(matter=place["matter"], handling_no=on.handling_no) from fault
    return view(await Rating.get(id=rating_id), shows_source=True)


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
    if said.phone and person_faults(PersonSubmission(phone=normalize_phone(said.phone))):
        found["phone"] = "not_a_phone"
    return found


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
