"""Proposed supervision orders: made by timers, decided once each by a person.

A proposal names one fact: dismissed, the same fact is not proposed again; without its fact, it lapses by itself.
Proposals about a report (检举控告) are seen by those who may see the report.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from feedback.kernel.clock import office_day
from feedback.kernel.errors import NotFound, NotNow
from feedback.queries import cases as case_queries
from feedback.queries import supervision
from feedback.record import calendar_editions
from feedback.rules.access import Actor
from feedback.rules.vocabulary import Profile
from feedback.rules.workdays import Calendar
from routing.models import Proposal
from routing.oversight import triggers
from routing.oversight.triggers import LateClock, ProposedOrder, SupervisionFacts

OPEN, ISSUED, DISMISSED, LAPSED = "open", "issued", "dismissed", "lapsed"
REASON_MOST = 500
_CHUNK = 200
_CASES_PART, _OPEN_PART = "cases", "open"
_COLUMNS = (
    "id",
    "key",
    "case_no",
    "unit",
    "trigger",
    "rule",
    "evidence",
    "made_at",
    "status",
    "decided_by",
    "decided_at",
    "reason",
)


async def update_proposals(now: datetime) -> int:
    """Write down all that the rules propose, and let lapse what no longer holds. Returns how many are new."""
    made, position = 0, ""
    while True:
        new, position = await propose_some(now, position)
        made += new
        if not position:
            return made


async def propose_some(now: datetime, position: str) -> tuple[int, str]:
    """A slice of `propose`: first every case that may be supervised, then every open proposal, by their ids.

    `position`: where to go on, "" at the beginning. Returns how many proposals are new and the next position, "" at the
    end. All of them: at night, since a clock that is late by another working day changes nothing in the case itself.
    """
    part, _, last = position.partition(":")
    if part != _OPEN_PART:
        ids = await supervision.supervised_after(int(last or 0), _CHUNK)
        made = await _settle(ids, now)
        return made, f"{_CASES_PART}:{ids[-1]}" if len(ids) == _CHUNK else f"{_OPEN_PART}:0"
    rows = await Proposal.filter(status=OPEN, id__gt=int(last)).order_by("id").limit(_CHUNK).values("id", "case_no")
    await _settle(await supervision.ids_of(sorted({row["case_no"] for row in rows})), now)
    return 0, f"{_OPEN_PART}:{rows[-1]['id']}" if len(rows) == _CHUNK else ""


async def propose_changed(now: datetime, position: str) -> tuple[int, str, bool]:
    """The same for the cases in which something was done since the entry `position`: by day, every few minutes.

    Returns how many proposals are new, the last entry looked at, and whether that was the newest. Without a position
    only the newest entry is noted: what came before is found at night.
    """
    if not position:
        return 0, str(await supervision.last_entry()), True
    ids, last = await supervision.changed_after(int(position), _CHUNK)
    made = await _settle(ids, now) if ids else 0
    return made, str(last), last == int(position)


async def _settle(cases: Sequence[int], now: datetime) -> int:
    """Propose what speaks for an order in these cases now, and let lapse what no longer does. Returns how many are new."""
    if not cases:
        return 0
    wanted = await _propose_now(cases, now)
    rows = Proposal.filter(status=OPEN, case_no__in=await supervision.numbers_of(cases))
    open_rows = await rows.values("key", "id", "unit")
    # What was proposed to another unit than the one the fact is about was never that unit's.
    standing = {row["key"]: row["id"] for row in open_rows}
    for row in open_rows:
        if (order := wanted.get(row["key"])) and order.unit != row["unit"]:
            await Proposal.filter(id=row["id"], status=OPEN).update(unit=order.unit)
    if gone := [standing[key] for key in standing.keys() - wanted.keys()]:
        lapsing = Proposal.filter(id__in=gone, status=OPEN)
        await lapsing.update(status=LAPSED, decided_at=now, decided_by="system")
    return await _store_proposals([proposed for key, proposed in wanted.items() if key not in standing], now)


async def _propose_now(cases: Sequence[int], now: datetime) -> dict[str, ProposedOrder]:
    """What the rules propose in these cases now, by key."""
    calendar = await calendar_editions.load_current_calendar()
    facts = [
        record
        for row in await supervision.load_supervision_facts(now, cases)
        for record in _to_facts(row, calendar, now)
    ]
    return {order.key: order for record in facts for order in triggers.propose_orders(record)}


async def _store_proposals(orders: list[ProposedOrder], now: datetime) -> int:
    count = 0
    for offset in range(0, len(orders), _CHUNK):
        batch = orders[offset : offset + _CHUNK]
        stored_keys = {
            row["key"] for row in await Proposal.filter(key__in=[order.key for order in batch]).values("key")
        }
        rows = [
            Proposal(
                key=order.key,
                case_no=order.no,
                unit=order.unit,
                trigger=order.trigger,
                rule=order.rule,
                evidence=list(order.evidence),
                made_at=now,
            )
            for order in batch
            if order.key not in stored_keys
        ]
        try:
            await Proposal.bulk_create(rows)
        except IntegrityError:
            continue  # another worker proposes the same just now
        count += len(rows)
    return count


def _to_facts(row: dict[str, Any], calendar: Calendar, now: datetime) -> list[SupervisionFacts]:
    """The facts of a case by the unit an order would go to: who leads it, and whoever else has a late clock."""
    today = office_day(now)
    holder = row["unit"] or row["desk"]
    late_by_unit: dict[str, list[LateClock]] = {holder: []}
    for clock in row["late"]:
        due_day, unit = clock["due_legal_day"], clock["unit"] or holder
        workdays = calendar.workdays_between(due_day, today)
        late_by_unit.setdefault(unit, []).append(
            LateClock(clock["id"], clock["term"], clock["label"], unit, due_day, workdays)
        )
    return [
        SupervisionFacts(
            no=row["no"],
            profile=Profile(row["profile"]),
            unit=unit,
            is_lead=unit == holder,
            orders=row["orders"],
            order_open=unit in row["ordered"],
            late=tuple(late_clocks),
            extended=row["extended"] and unit == holder,  # only the lead has a term that can be extended
            returns=row["returned_by"][unit],
            urges=row["urges"],
            unsatisfied=office_day(row["unsatisfied"]) if row["unsatisfied"] else None,
            supported=row["supported"],
            rated_badly=office_day(row["rated_badly"]) if row["rated_badly"] else None,
        )
        for unit, late_clocks in late_by_unit.items()
        if unit in {holder, row["desk"], *row["co"]}  # who has nothing to do with it any more could not answer
    ]


async def list_proposals(actor: Actor, now: datetime, *, most: int = 300) -> list[dict[str, Any]]:
    """The open proposals about cases the actor may see, oldest first, addressed and proven as of `now`."""
    rows = await Proposal.filter(status=OPEN).order_by("made_at", "id").limit(most).values(*_COLUMNS)
    visible_rows = await _filter_visible(actor, rows)
    orders = await _propose_now(await supervision.ids_of(sorted({row["case_no"] for row in visible_rows})), now)
    return [
        row | {"unit": order.unit, "evidence": list(order.evidence)}
        for row in visible_rows
        if (order := orders.get(row["key"]))  # without its fact it lapses with the next look of the timer
    ]


async def list_decided(actor: Actor, status: str, *, most: int) -> list[dict[str, Any]]:
    """The proposals about cases the actor may see that became so, those decided last first."""
    rows = await Proposal.filter(status=status).order_by("-decided_at", "-id").limit(most).values(*_COLUMNS)
    return await _filter_visible(actor, rows)


async def _filter_visible(actor: Actor, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    visible_nos = await case_queries.filter_visible(actor, (row["case_no"] for row in rows))
    return [row for row in rows if row["case_no"] in visible_nos]


async def load_open_proposal(actor: Actor, proposal_id: int, now: datetime) -> dict[str, Any]:
    """An open proposal about a case the actor may see, addressed and proven as of `now`.

    Raises NotFound, or NotNow when it was decided, or its fact is gone.
    """
    rows = await Proposal.filter(id=proposal_id).values(*_COLUMNS)
    if not rows or rows[0]["case_no"] not in await case_queries.filter_visible(actor, [rows[0]["case_no"]]):
        raise NotFound(proposal=proposal_id)
    if rows[0]["status"] != OPEN:
        raise NotNow(proposal=proposal_id)
    proposal: dict[str, Any] = rows[0]
    order = (await _propose_now(await supervision.ids_of([proposal["case_no"]]), now)).get(proposal["key"])
    if order is None:
        raise NotNow(proposal=proposal_id)
    return proposal | {"unit": order.unit, "evidence": list(order.evidence)}


async def decide_proposal(actor: Actor, proposal: Mapping[str, Any], status: str, reason: str, now: datetime) -> None:
    """Write down what became of a proposal, once, with the evidence it was decided on.

    Raises NotNow when somebody else decided it.
    """
    columns = {"status": status, "decided_by": actor.id, "decided_at": now, "reason": reason[:REASON_MOST]}
    shown = {name: proposal[name] for name in ("unit", "evidence")}
    if not await Proposal.filter(id=proposal["id"], status=OPEN).update(**columns, **shown):
        raise NotNow(proposal=proposal["id"])
