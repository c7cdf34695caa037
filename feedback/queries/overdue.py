"""Running and overdue clocks and supervision orders, as overseers and units see them. Every function takes the actor."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from feedback.kernel import db
from feedback.queries import cases as case_queries
from feedback.queries import clock_owners
from feedback.record.models.case import Entry
from feedback.record.models.clocks import ClockRow
from feedback.rules.access import Actor
from feedback.rules.terms import RIGHTS
from feedback.rules.vocabulary import Act

REPORT_TITLE = "检举控告件"
"""What stands for a report's title wherever it is not read in its own file."""

_CLOCK_COLUMNS = (
    "id",
    "term",
    "label",
    "unit",
    "seq",
    "starts_at",
    "due_at",
    "due_legal_day",
    "stopped_at",
    "kept",
    "law",
    "length",
)


def _visible_clocks(actor: Actor) -> QuerySet[ClockRow]:
    """The clocks of the cases the actor sees, rights that may lapse left out."""
    visible_ids = Subquery(case_queries.scoped_query(actor).values("id"))
    return ClockRow.filter(case_id__in=visible_ids).exclude(term__in=sorted(RIGHTS)).using_db(db.read_connection())


def _with_case(clocks: QuerySet[ClockRow]) -> Any:
    return clocks.values(
        *_CLOCK_COLUMNS,
        no="case__no",
        title="case__title",
        kind="case__kind",
        status="case__status",
        lead="case__unit",
        desk="case__desk",
        confidential="case__confidential",
    )


async def list_late_clocks(actor: Actor, *, now: datetime, unit: str = "", most: int = 300) -> list[dict[str, Any]]:
    """The clocks that are late now in the cases the actor sees, those that wait longest first."""
    clocks = _visible_clocks(actor).filter(stopped_at__isnull=True, due_at__lte=now)
    if unit:
        clocks = clocks.filter(clock_owners.owned_by(unit))
    return list(await _with_case(clocks.order_by("due_at", "id").limit(most)))


async def list_running_clocks(actor: Actor, *, now: datetime, most: int = 5000) -> list[dict[str, Any]]:
    """The clocks that run and are not late yet in the cases the actor sees, a unit's own and the desk's."""
    clocks = _visible_clocks(actor).filter(stopped_at__isnull=True, due_at__gt=now).exclude(unit="")
    return list(await _with_case(clocks.order_by("due_at", "id").limit(most)))


async def list_supervision_orders(actor: Actor, *, most: int = 300) -> list[dict[str, Any]]:
    """The supervision orders in the cases the actor sees with their answers: those still open first."""
    clocks = _visible_clocks(actor).filter(term="supervision")
    open_rows = list(await _with_case(clocks.filter(stopped_at__isnull=True).order_by("due_at", "id").limit(most)))
    closed_rows = list(
        await _with_case(clocks.filter(stopped_at__isnull=False).order_by("-stopped_at", "-id").limit(most))
    )
    rows = open_rows + closed_rows
    entries_by_case: dict[str, list[dict[str, Any]]] = {}
    acts = [Act.SUPERVISE.value, Act.ANSWER_SUPERVISION.value]
    numbers = sorted({row["no"] for row in rows})
    entries = Entry.filter(case__no__in=numbers, act__in=acts).using_db(db.read_connection()).order_by("seq")
    for entry in await entries.values("act", "seq", "at", "data", "actor_name", no="case__no") if numbers else []:
        entries_by_case.setdefault(entry["no"], []).append(entry)
    for row in rows:
        case_entries = entries_by_case.get(row["no"], [])
        row["order"] = next((e for e in case_entries if e["seq"] == row["seq"]), None)
        answers = [e for e in case_entries if e["act"] == Act.ANSWER_SUPERVISION and e["seq"] > row["seq"]]
        row["answer"] = answers[0] if answers and row["kept"] and row["stopped_at"] else None
    return rows


async def load_titles(actor: Actor, nos: Iterable[str]) -> dict[str, str]:
    """The titles of those of the cases the actor may know of; a report's is not repeated elsewhere."""
    unique_nos = sorted(set(nos))
    rows = (
        await case_queries.scoped_query(actor).filter(no__in=unique_nos).values("no", "title", "confidential")
        if unique_nos
        else []
    )
    return {row["no"]: REPORT_TITLE if row["confidential"] else row["title"] for row in rows}
