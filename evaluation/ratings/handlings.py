"""The register of service handlings (办件), and the proofs by which somebody may rate one.

A rating of a handling counts with the signed token of the handling, with the code on its slip, or with the telephone
number that stands in it (国办发〔2019〕51号: 误评、恶意差评不计; GB/T 39734-2020 一次一评、一事一评). Whoever brings none of
them may be anybody: such a rating is kept apart, counts nowhere and opens nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from evaluation.models import Handling, Matter, UnverifiedRating
from evaluation.ratings import rating_access
from evaluation.ratings.submission import HANDLING_MOST, ServiceRating, clean_tags
from evaluation.ratings.tokens import Occasion, create_token
from feedback.kernel import db, identifiers, paging
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Forbidden, Invalid, NotFound
from feedback.kernel.paging import Page
from feedback.queries.cases import build_unit_filter
from feedback.record.people import phone_hash
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.intake import PersonSubmission, clean_line, normalize_phone, person_faults

SLIP_CODE_DIGITS = 6
WRONG_PROOFS_MOST = 5
"""Codes and numbers that may be tried for one handling; after them only its token is believed."""
WINDOW_MOST = 40


class Node(StrEnum):
    """The point of a handling at which it may be rated (GB/T 39734-2020 第 7 章)."""

    ACCEPTED = "accepted"
    CONCLUDED = "concluded"


class Unverified(StrEnum):
    """Why a rating counts nowhere."""

    NO_HANDLING = "no_handling"  # it names no handling, as from the code printed at a window
    UNKNOWN_HANDLING = "unknown_handling"
    NO_PROOF = "no_proof"
    WRONG_PROOF = "wrong_proof"


@dataclass(frozen=True, slots=True)
class HandlingDraft:
    """A handling as somebody registers it. `matter` is a code, `phone` the applicant's, "" where none is known."""

    handling_no: str
    matter: str
    window: str = ""
    phone: str = ""
    node: Node = Node.CONCLUDED


@dataclass(frozen=True, slots=True)
class HandlingView:
    """A registered handling. `code` is what its slip shows, `token` what its link and its QR code hold."""

    id: int
    handling_no: str
    matter: str
    matter_name: str
    unit: str
    window: str
    node: Node
    at: datetime
    has_phone: bool
    token: str
    code: str


async def register(draft: HandlingDraft, actor: Actor, *, now: datetime, vault: Vault) -> tuple[HandlingView, bool]:
    """Put a handling into the register. Returns it and whether it is new: the same number again is the same handling.

    Raises Invalid, or Forbidden for whoever does not work at the unit of the matter.
    """
    draft = HandlingDraft(
        clean_line(draft.handling_no),
        clean_line(draft.matter),
        clean_line(draft.window),
        normalize_phone(draft.phone),
        draft.node,
    )
    matter = await Matter.get_or_none(code=draft.matter, closed_at__isnull=True)
    faults = _find_faults(draft) | ({} if matter or not draft.matter else {"matter": "unknown"})
    if faults or matter is None:
        raise Invalid(faults)
    if not rating_access.may_register_handlings(actor, matter.unit):
        raise Forbidden(matter=matter.code)
    columns: dict[str, Any] = {
        "unit": matter.unit,
        "window": draft.window,
        "node": draft.node.value,
        "at": now,
        "phone_hash": phone_hash(draft.phone, vault),
        "registered_by": actor.id,
        "registered_at": now,
    }
    try:
        async with db.transaction():
            row = await Handling.create(handling_no=draft.handling_no, matter=matter.code, **columns)
        return _to_view(row, matter.name, vault), True
    except IntegrityError:
        row = await Handling.get(handling_no=draft.handling_no, matter=matter.code)
        return _to_view(row, matter.name, vault), False


def _find_faults(draft: HandlingDraft) -> dict[str, str]:
    faults = {name: "missing" for name in ("handling_no", "matter") if not getattr(draft, name)}
    if len(draft.handling_no) > HANDLING_MOST:
        faults["handling_no"] = "too_long"
    if len(draft.window) > WINDOW_MOST:
        faults["window"] = "too_long"
    if draft.phone and person_faults(PersonSubmission(phone=draft.phone)):
        faults["phone"] = "not_a_phone"
    return faults


async def list_registered(actor: Actor, *, vault: Vault, page: int = 1, size: int = 50) -> Page[HandlingView]:
    """The handlings of the actor's own unit, newest first; of nobody else's, since their codes stand in the list."""
    rows = Handling.filter(unit=actor.unit if rating_access.may_register_handlings(actor, actor.unit) else "")
    page_range = paging.select_range(await rows.count(), page, size)
    listed = await rows.order_by("-registered_at", "-id").offset(page_range.start).limit(size)
    names = await _load_matter_names(row.matter for row in listed)
    return page_range.page_of(_to_view(row, names.get(row.matter, row.matter), vault) for row in listed)


async def load_handling(actor: Actor, handling_id: int, *, vault: Vault) -> HandlingView:
    """One handling of the actor's own unit.

    Raises NotFound for any other.
    """
    row = await Handling.get_or_none(id=handling_id)
    if row is None or not rating_access.may_register_handlings(actor, row.unit):
        raise NotFound(handling=handling_id)
    return _to_view(row, (await _load_matter_names([row.matter])).get(row.matter, row.matter), vault)


async def find_missing_proof(matter: str, rating: ServiceRating, vault: Vault) -> Unverified | None:
    """Why a rating without a signed token cannot be believed, None when its giver proved to have been served.

    Codes and numbers are counted before they are compared, wrong and right alike, so that many at once try no more of
    them than one after the other.
    """
    handling_no = clean_line(rating.handling_no)
    if not handling_no:
        return Unverified.NO_HANDLING
    row = await Handling.get_or_none(handling_no=handling_no, matter=matter)
    code, phone = identifiers.normalize_code(rating.slip_code), normalize_phone(rating.phone)
    if row is None:
        return Unverified.UNKNOWN_HANDLING
    if not code and not (phone and row.phone_hash):
        return Unverified.NO_PROOF
    tried = Handling.filter(id=row.id, wrong_proofs__lt=WRONG_PROOFS_MOST)
    if not await tried.update(wrong_proofs=F("wrong_proofs") + 1):
        return Unverified.WRONG_PROOF
    is_code = identifiers.constant_time_equal(code, _slip_code(row, vault))
    is_phone = bool(row.phone_hash) and identifiers.constant_time_equal(phone_hash(phone, vault), row.phone_hash)
    if not (is_code or is_phone):
        return Unverified.WRONG_PROOF
    await Handling.filter(id=row.id).update(wrong_proofs=F("wrong_proofs") - 1)
    return None


async def store_unverified(
    rating_id: str, rating: ServiceRating, columns: Mapping[str, Any], reason: Unverified, now: datetime
) -> None:
    """Keep a rating that counts nowhere; the same form again is the same one. The number left with it is not kept."""
    row = UnverifiedRating(
        id=rating_id,
        matter=columns["matter"],
        matter_name=columns["matter_name"],
        unit=columns["unit"],
        handling_no=columns["handling_no"] or "",
        window=columns["window"],
        pf=rating.pf,
        level=rating.level,
        tags=clean_tags(rating.tags),
        text=rating.text,
        reason=reason.value,
        at=now,
    )
    await UnverifiedRating.bulk_create([row], ignore_conflicts=True)


@dataclass(frozen=True, slots=True)
class UnverifiedView:
    """A rating that counts nowhere, as those read it who look after honest ratings."""

    matter_name: str
    handling_no: str
    window: str
    unit: str
    pf: str
    level: int
    text: str
    reason: Unverified
    at: datetime


async def list_unverified(actor: Actor, *, page: int = 1, size: int = 50) -> Page[UnverifiedView]:
    """The ratings that count nowhere, of units the actor oversees, newest first."""
    rows = UnverifiedRating.filter(build_unit_filter(access.unit_scope(actor)))
    page_range = paging.select_range(await rows.count(), page, size)
    listed = await rows.order_by("-at", "id").offset(page_range.start).limit(size)
    columns = ("matter_name", "handling_no", "window", "unit", "pf", "level", "text")
    return page_range.page_of(
        UnverifiedView(**{name: getattr(row, name) for name in columns}, reason=Unverified(row.reason), at=row.at)
        for row in listed
    )


def _slip_code(row: Handling, vault: Vault) -> str:
    """The code on the slip: computed, so that it can be printed again and stands in no table."""
    digest = vault.keyed_hash("rating-slip", f"{row.matter}\x1f{row.handling_no}")
    return str(int(digest[:15], 16) % 10**SLIP_CODE_DIGITS).zfill(SLIP_CODE_DIGITS)


async def _load_matter_names(codes: Any) -> dict[str, str]:
    return dict(await Matter.filter(code__in=sorted(set(codes))).values_list("code", "name"))


def _to_view(row: Handling, matter_name: str, vault: Vault) -> HandlingView:
    return HandlingView(
        id=row.id,
        handling_no=row.handling_no,
        matter=row.matter,
        matter_name=matter_name,
        unit=row.unit,
        window=row.window,
        node=Node(row.node),
        at=row.at,
        has_phone=bool(row.phone_hash),
        token=create_token(vault, Occasion(matter=row.matter, handling_no=row.handling_no, window=row.window)),
        code=_slip_code(row, vault),
    )
