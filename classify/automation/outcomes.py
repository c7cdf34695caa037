"""Store confirmed outcomes of the classifier's proposals, and what they prove for each cell.

Outcomes are facts, one per case; the standing of each cell is computed from them and kept up to date in the same transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from classify.automation import gate
from classify.automation.gate import POOL, POOL_BARS, CellState, GateState
from classify.automation.proposal_outcome import Confirmed
from classify.models import Outcome, Proof
from feedback.kernel import db
from feedback.kernel.errors import Conflict

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class CategoryOutcomes:
    """A cell with its standing."""

    name: str
    standing: CellState


async def record(case_no: str, street: str, said: Confirmed, target: float) -> bool:
    """Keep the outcome of a case, or change it when people changed their minds. Returns whether anything changed.

    Raises Conflict when another worker counted into the same cells meanwhile.
    """
    known = await Outcome.get_or_none(case_no=case_no)
    if known is not None and known.is_right == said.is_right:
        return False
    own = gate.cells(said.category, street, said.unit, said.confidence)
    if known is not None:
        return await _corrected(known, own, said, target)
    before = {row.cell: row for row in await Proof.filter(cell__in=own)}
    async with db.transaction():
        await Outcome.create(
            case_no=case_no,
            heading=said.category[:2],
            category=said.category,
            street=street,
            unit=said.unit,
            confidence=said.confidence,
            release=said.release,
            is_right=said.is_right,
            at=said.at,
        )
        for cell in sorted(own):
            row = before.get(cell)
            await _keep(cell, row, gate.after(_standing(row), said.is_right, said.at, target))
    return True


async def _corrected(known: Outcome, own: Iterable[str], said: Confirmed, target: float) -> bool:
    """The outcome turned round: its cells are computed anew from all their outcomes, in the order they came in."""
    async with db.transaction():
        await db.compare_and_set(known, {"is_right": known.is_right}, {"is_right": said.is_right, "at": said.at})
        rows = await Proof.filter(cell__in=list(own))
        found: dict[str, CellState] = {}
        for heading in {known.heading, *(POOL for row in rows if _heading(row.cell) == POOL)}:
            found |= await _folded(heading, {row.cell for row in rows if _heading(row.cell) == heading}, target)
        for row in sorted(rows, key=lambda row: row.cell):
            await _keep(row.cell, row, found[row.cell])
    return True


async def _folded(heading: str, wanted: set[str], target: float) -> dict[str, CellState]:
    """The cells of a heading, or of the pool, from all their outcomes."""
    found = dict.fromkeys(wanted, CellState())
    rows = Outcome.filter(heading=heading) if heading != POOL else Outcome.filter(confidence__gte=min(POOL_BARS))
    columns, last = ("category", "street", "unit", "confidence", "is_right", "at", "id"), 0
    while some := await rows.filter(id__gt=last).order_by("id").limit(_BATCH).values_list(*columns):
        for *where, is_right, at, last in some:  # noqa: B007 - the last id is where the next batch begins
            for cell in wanted.intersection(gate.cells(*where)):
                found[cell] = gate.after(found[cell], is_right, at, target)
    return found


async def _keep(cell: str, row: Proof | None, standing: CellState) -> None:
    columns: dict[str, Any] = {
        "n": standing.n,
        "right": standing.right,
        "total": standing.total,
        "recent": standing.recent,
        "state": standing.state.value,
        "since": standing.since,
    }
    if row is None:
        await Proof.create(cell=cell, **columns)
    elif not await Proof.filter(cell=cell, version=row.version).update(version=row.version + 1, **columns):
        raise Conflict(cell=cell)


def _heading(cell: str) -> str:
    """Whose outcomes make the cell: those of a heading, or all."""
    return POOL if cell.startswith(POOL) else cell[:2]


def _standing(row: Proof | None) -> CellState:
    if row is None:
        return CellState()
    return CellState(row.n, row.right, row.recent, GateState(row.state), row.since, row.total)


async def is_proven(category: str, street: str, unit: str, confidence: float) -> bool:
    """Whether the district's outcomes prove that such a message may go without a person."""
    own = gate.cells(category, street, unit, confidence)
    known = {row.cell: GateState(row.state) for row in await Proof.filter(cell__in=own).only("cell", "state")}
    return gate.is_proven(known, category, street, unit, confidence)


async def standings() -> list[CategoryOutcomes]:
    """Every cell with its standing, by name."""
    return [CategoryOutcomes(row.cell, _standing(row)) for row in await Proof.all().order_by("cell")]


async def refold(target: float) -> list[str]:
    """Fold every cell anew, as after a change of the target. Returns the cells whose standing was another before."""
    changed, after = list[str](), ""
    while True:
        some, after = await refold_some(target, after)
        changed += some
        if not after:
            return changed


async def refold_some(target: float, after: str) -> tuple[list[str], str]:
    """A slice of `refold`: the cells of the next heading after that one, "" at the beginning.

    Returns the cells whose standing was another before, and the heading, "" at the end.
    """
    stored: dict[str, dict[str, Proof]] = {}
    for row in await Proof.all():
        stored.setdefault(_heading(row.cell), {})[row.cell] = row
    heading = min((name for name in stored if name > after), default="")
    if not heading:
        return [], ""
    rows, changed = stored[heading], []
    for cell, standing in (await _folded(heading, set(rows), target)).items():
        if standing != _standing(rows[cell]):
            changed.append(cell)
            await _keep(cell, rows[cell], standing)
    return changed, heading
