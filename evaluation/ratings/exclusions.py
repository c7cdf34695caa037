"""Exclusions of cases from the satisfaction rates (剔除): who asked, and who decided.

Demands proved unreasonable may be left out with a reason (12345 practice); the unit that answered asks, an overseer of
another unit decides. A case that is left out is counted apart and stays in every other figure.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Case, Subquery, When

from evaluation.models import Exclusion
from evaluation.ratings import rating_access
from evaluation.ratings.submission import clean_reason
from feedback.kernel import db
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Forbidden, NotFound, NotNow
from feedback.queries import cases as case_queries
from feedback.rules.access import Actor

MAX_EXCLUSIONS = 5000
_REQUEST_COLUMNS = ("case_no", "unit", "reason", "status", "answer")


class ExclusionState(StrEnum):
    """How far an exclusion is."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"


async def list_approved() -> list[str]:
    """The cases that are left out."""
    rows = (
        Exclusion.filter(status=ExclusionState.APPROVED.value)
        .using_db(db.read_connection())
        .order_by("id")
        .limit(MAX_EXCLUSIONS)
    )
    return [row["case_no"] for row in await rows.values("case_no")]


async def request_exclusion(no: str, actor: Actor, reason: str, *, now: datetime, vault: Vault) -> None:
    """The unit that leads a case asks to leave it out.

    Raises NotFound, Forbidden, Invalid, or NotNow when that was asked before.
    """
    file = await case_queries.load_file(actor, no, vault=vault)
    if file.confidential or not rating_access.may_speak_for(actor, file.unit):
        raise Forbidden(no=no)
    columns: dict[str, Any] = {
        "unit": file.unit,
        "reason": clean_reason(reason),
        "asked_by": actor.id,
        "asked_at": now,
    }
    try:
        await Exclusion.create(case_no=no, status=ExclusionState.ASKED.value, **columns)
    except IntegrityError as fault:
        raise NotNow(code="asked_before", no=no) from fault


async def decide_exclusion(no: str, actor: Actor, *, is_approved: bool, answer: str, now: datetime) -> None:
    """An overseer who does not belong to the unit approves or refuses.

    Raises NotFound, Forbidden, Invalid, or NotNow when it is decided.
    """
    row = await Exclusion.get_or_none(case_no=no)
    if row is None or no not in await case_queries.filter_visible(actor, [no]):
        raise NotFound(no=no)
    if not rating_access.may_decide_exclusion(actor, row.unit):
        raise Forbidden(code="not_by_the_rated_unit")
    if row.status != ExclusionState.ASKED:
        raise NotNow(no=no, status=row.status)
    status = ExclusionState.APPROVED if is_approved else ExclusionState.REFUSED
    columns = {"status": status.value, "decided_by": actor.id, "decided_at": now, "answer": clean_reason(answer)}
    async with db.transaction():
        await db.compare_and_set(row, {"status": ExclusionState.ASKED.value}, columns)


async def list_requests(actor: Actor, most: int = 100) -> Sequence[Mapping[str, Any]]:
    """What was asked of the cases the actor sees, open ones first, then the decided ones, newest first."""
    visible_nos = Subquery(case_queries.scoped_query(actor).values("no"))
    is_decided = Case(When(status=ExclusionState.ASKED.value, then="0"), default="1")
    requests = Exclusion.filter(case_no__in=visible_nos).annotate(is_decided=is_decided)
    return await requests.order_by("is_decided", "-status", "-asked_at").limit(most).values(*_REQUEST_COLUMNS)
