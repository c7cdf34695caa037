"""Store confirmed outcomes of the classifier's proposals, and the state of each cell computed from them.

There is one outcome per case. The state of each cell is updated in the transaction that stores the outcome.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from classify.automation import gate
from classify.automation.gate import POOL, POOL_THRESHOLDS, CellState, GateState
from classify.automation.proposal_outcome import ProposalOutcome
from classify.models import Outcome, Proof
from feedback.kernel import db
from feedback.kernel.errors import Conflict

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class NamedCell:
    """A cell under its name, with the results of its outcomes."""

    name: str
    results: CellState


async def record(case_no: str, street: str, outcome: ProposalOutcome, target: float) -> bool:
    """Store the outcome of a case, or change it after a later decision. Returns whether anything changed.

    Raises Conflict when another worker updated the same cells meanwhile.
    """
    known = await Outcome.get_or_none(case_no=case_no)
    if known is not None and known.is_right == outcome.is_right:
        return False
    own = gate.list_cells(outcome.category, street, outcome.unit, outcome.confidence)
    if known is not None:
        return await _change_outcome(known, own, outcome, target)
    before = {row.cell: row for row in await Proof.filter(cell__in=own)}
    async with db.transaction():
        await Outcome.create(
            case_no=case_no,
            heading=outcome.category[:2],
            category=outcome.category,
            street=street,
            unit=outcome.unit,
            confidence=outcome.confidence,
            release=outcome.release,
            is_right=outcome.is_right,
            at=outcome.at,
        )
        for cell in sorted(own):
            row = before.get(cell)
            await _store_cell(cell, row, gate.add_outcome(_read_state(row), outcome.is_right, outcome.at, target))
    return True


async def _change_outcome(known: Outcome, own: Iterable[str], outcome: ProposalOutcome, target: float) -> bool:
    """Reverse a stored outcome: its cells are recomputed from all their outcomes, in the order they came in."""
    async with db.transaction():
        await db.compare_and_set(known, {"is_right": known.is_right}, {"is_right": outcome.is_right, "at": outcome.at})
        rows = await Proof.filter(cell__in=list(own))
        states: dict[str, CellState] = {}
        for heading in {known.heading, *(POOL for row in rows if _heading(row.cell) == POOL)}:
            states |= await _recompute_cells(
                heading, {row.cell for row in rows if _heading(row.cell) == heading}, target
            )
        for row in sorted(rows, key=lambda row: row.cell):
            await _store_cell(row.cell, row, states[row.cell])
    return True


async def _recompute_cells(heading: str, wanted: set[str], target: float) -> dict[str, CellState]:
    """The cells of a level-1 category, or of the pool, from all their outcomes."""
    states = dict.fromkeys(wanted, CellState())
    rows = Outcome.filter(heading=heading) if heading != POOL else Outcome.filter(confidence__gte=min(POOL_THRESHOLDS))
    columns, last = ("category", "street", "unit", "confidence", "is_right", "at", "id"), 0
    while some := await rows.filter(id__gt=last).order_by("id").limit(_BATCH).values_list(*columns):
        for *where, is_right, at, last in some:  # noqa: B007 - the last id is where the next batch begins
            for cell in wanted.intersection(gate.list_cells(*where)):
                states[cell] = gate.add_outcome(states[cell], is_right, at, target)
    return states


async def _store_cell(cell: str, row: Proof | None, cell_state: CellState) -> None:
    columns: dict[str, Any] = {
        "n": cell_state.n,
        "right": cell_state.right,
        "total": cell_state.total,
        "recent": cell_state.recent,
        "state": cell_state.state.value,
        "since": cell_state.since,
    }
    if row is None:
        await Proof.create(cell=cell, **columns)
    elif not await Proof.filter(cell=cell, version=row.version).update(version=row.version + 1, **columns):
        raise Conflict(cell=cell)


def _heading(cell: str) -> str:
    """Whose outcomes count in the cell: those of a level-1 category, or all (the pool)."""
    return POOL if cell.startswith(POOL) else cell[:2]


def _read_state(row: Proof | None) -> CellState:
    if row is None:
        return CellState()
    return CellState(row.n, row.right, row.recent, GateState(row.state), row.since, row.total)


async def is_proven(category: str, street: str, unit: str, confidence: float) -> bool:
    """Whether the district's outcomes prove that such a message may be routed without a person."""
    own = gate.list_cells(category, street, unit, confidence)
    known = {row.cell: GateState(row.state) for row in await Proof.filter(cell__in=own).only("cell", "state")}
    return gate.is_proven(known, category, street, unit, confidence)


async def list_cell_states() -> list[NamedCell]:
    """Every cell with its state, by name."""
    return [NamedCell(row.cell, _read_state(row)) for row in await Proof.all().order_by("cell")]


async def recompute_cells(target: float) -> list[str]:
    """Recompute every cell, as after a change of the target. Returns the cells whose state changed."""
    changed, after = list[str](), ""
    while True:
        some, after = await recompute_some_cells(target, after)
        changed += some
        if not after:
            return changed


async def recompute_some_cells(target: float, after: str) -> tuple[list[str], str]:
    """A slice of `recompute_cells`: the cells of the next level-1 category after that one, "" at the beginning.

    Returns the cells whose state changed, and the level-1 category, "" at the end.
    """
    stored: dict[str, dict[str, Proof]] = {}
    for row in await Proof.all():
        stored.setdefault(_heading(row.cell), {})[row.cell] = row
    heading = min((name for name in stored if name > after), default="")
    if not heading:
        return [], ""
    rows, changed = stored[heading], []
    for cell, cell_state in (await _recompute_cells(heading, set(rows), target)).items():
        if cell_state != _read_state(rows[cell]):
            changed.append(cell)
            await _store_cell(cell, rows[cell], cell_state)
    return changed, heading
