"""Sequential test that decides when a category may be routed without a person, from this district's own outcomes.

Every confirmed outcome (see `proposal_outcome`) is right or wrong and counts in several cells: the level-1 category,
the category, the level-1 category in one street, the level-1 category sent to one unit; each of these again for
messages above a confidence threshold; and, for very confident messages, the pool of all categories, since most
categories are too small to prove anything for years. A cell is proven when a lower confidence bound of its precision
reaches the target. A new district has no outcomes, so nothing is proven. The pool does not override a cell whose own
last outcomes contain too many mistakes.

The bound is checked after every outcome and acted upon the first time it passes. An exact interval for a fixed number
of outcomes (Clopper and Pearson, Biometrika 26, 1934) is not valid for that: checked repeatedly without end, it passes
by chance at some time. So the bound used here holds at all times at once. For a precision p at most q the product of
the likelihood ratios of any r > q against q, in the outcomes so far, is a supermartingale of mean at most 1, and so is
a mixture of them; by Ville's inequality it ever exceeds 1/RISK with a probability of at most RISK (Robbins, Ann. Math.
Statist. 41, 1970; Howard, Ramdas, McAuliffe, Sekhon, Ann. Statist. 49, 2021). The bound is the smallest q that is not
refuted in this way. For 98 % it requires 163 right outcomes in a row; Clopper and Pearson would require 149.
RISK is per cell, not for all cells together.

A proof is withdrawn automatically: when the bound falls below the target (total), or when the last outcomes alone hold
more mistakes than the target allows (window). When the window withdrew a proven cell, its earlier outcomes no longer
count. No I/O.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

RISK: Final = 0.05
WINDOW: Final = 50
WINDOW_RISK: Final = 0.01
"""A cell is withdrawn at once when the mistakes among its last outcomes are this improbable under the target."""

THRESHOLDS: Final = (0.0, 0.9, 0.97)
"""Confidence thresholds of the cells: the outcomes of confident messages may prove what those of all messages do not."""

POOL: Final = "*"
POOL_THRESHOLDS: Final = (0.97, 0.99, 0.995)
"""Confidence thresholds of the pool. Below them the precision of the categories differs too much to be pooled."""

_MIXTURE: Final = ((0.0, 0.6), (0.1, 0.1), (0.25, 0.1), (0.5, 0.1), (0.75, 0.1))
"""Rates of mistakes the bound is tested against, as fractions of the allowed rate, and the weight of each."""

_HALVINGS: Final = 40


class GateState(StrEnum):
    """Whether a cell is proven."""

    GATHERING = "gathering"  # not enough outcomes yet
    DOUBTFUL = "doubtful"  # never proven, and the last outcomes hold more mistakes than the target allows
    PROVEN = "proven"
    WITHDRAWN = "withdrawn"  # was proven once, is not any more


@dataclass(frozen=True, slots=True)
class CellState:
    """The outcomes of one cell and its state. `n`, `right`: the outcomes counted since the last reset."""

    n: int = 0
    right: int = 0
    recent: str = ""  # the last outcomes, oldest first: "1" right, "0" wrong
    state: GateState = GateState.GATHERING
    since: datetime | None = None
    total: int = 0

    @property
    def bound(self) -> float:
        """The lower bound of the precision."""
        return compute_lower_bound(self.right, self.n)


def compute_lower_bound(right: int, n: int, risk: float = RISK) -> float:
    """The precision that n outcomes, `right` of them right, prove, valid at every moment it is computed."""
    low, high = 0.0, 1.0
    if not right:
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _log_evidence(right, n - right, middle) >= -math.log(risk):
            low = middle
        else:
            high = middle
    return low


def _log_evidence(right: int, wrong: int, against: float) -> float:
    """The logarithm of the mixture of likelihood ratios against a precision of at most `against`."""
    parts = [
        math.log(share) + right * math.log((1 - part) / against + part) + (wrong * math.log(part) if wrong else 0.0)
        for part, share in _MIXTURE
        if part or not wrong
    ]
    most = max(parts)
    return most + math.log(sum(math.exp(term - most) for term in parts))


def is_alarming(recent: str, target: float) -> bool:
    """Whether the mistakes among the last outcomes are too many to be chance at the target precision."""
    n, wrong = len(recent), recent.count("0")
    if not wrong:
        return False
    fewer = sum(math.comb(n, k) * (1 - target) ** k * target ** (n - k) for k in range(wrong))
    return 1 - fewer <= WINDOW_RISK


def add_outcome(before: CellState, is_right: bool, at: datetime, target: float) -> CellState:
    """The cell after one more outcome."""
    recent = (before.recent + "01"[is_right])[-WINDOW:]
    cell = replace(before, n=before.n + 1, right=before.right + is_right, recent=recent, total=before.total + 1)
    is_bad = is_alarming(recent, target)
    if not is_bad and cell.bound >= target:
        state = GateState.PROVEN
    elif before.state in (GateState.PROVEN, GateState.WITHDRAWN):
        state = GateState.WITHDRAWN
    else:
        state = GateState.DOUBTFUL if is_bad else GateState.GATHERING
    if is_bad and before.state is GateState.PROVEN:  # only then: resetting after every mistake would prove any cell
        cell = replace(cell, n=0, right=0, recent="")
    is_changed = state is not before.state or before.since is None
    return replace(cell, state=state, since=at if is_changed else before.since)


def replay_outcomes(outcomes: Iterable[tuple[bool, datetime]], target: float) -> CellState:
    """A cell from all its outcomes, oldest first."""
    cell = CellState()
    for is_right, at in outcomes:
        cell = add_outcome(cell, is_right, at, target)
    return cell


def list_cells(category: str, street: str, unit: str, confidence: float) -> tuple[str, ...]:
    """The cells an outcome (or a message) belongs to."""
    own = [
        cell
        for scope in list_scopes(category, street, unit)
        for cell in _list_cells_of_scope(scope, THRESHOLDS, confidence)
    ]
    return (*own, *_list_cells_of_scope(POOL, POOL_THRESHOLDS, confidence))


def list_scopes(category: str, street: str, unit: str) -> tuple[str, ...]:
    """Names of the scopes: level-1 category, category, level-1 category in a street, level-1 category to a unit."""
    level1 = category[:2]
    names = [level1, category] if len(category) > len(level1) else [level1]
    return (*names, *([f"{level1}@{street}"] if street else []), *([f"{level1}>{unit}"] if unit else []))


def parse_cell(cell: str) -> tuple[str, str, str, float]:
    """Category, street, unit and threshold of a cell by its name; what the name does not contain is empty."""
    scope, _, threshold = cell.partition("≥")
    scope, _, unit = scope.partition(">")
    category, _, street = scope.partition("@")
    return category, street, unit, float(threshold or 0)


def is_proven(known: Mapping[str, GateState], category: str, street: str, unit: str, confidence: float) -> bool:
    """Whether such a message may be routed without a person: a cell or the pool is proven and no cell is withdrawn."""
    proven = GateState.PROVEN in [known.get(cell) for cell in _list_cells_of_scope(POOL, POOL_THRESHOLDS, confidence)]
    for scope in list_scopes(category, street, unit):
        own = [known.get(cell) for cell in _list_cells_of_scope(scope, THRESHOLDS, confidence)]
        if own[-1] in (GateState.WITHDRAWN, GateState.DOUBTFUL):
            return False
        proven = proven or GateState.PROVEN in own
    return proven


def _list_cells_of_scope(scope: str, thresholds: Sequence[float], confidence: float) -> list[str]:
    return [scope if not threshold else f"{scope}≥{threshold:g}" for threshold in thresholds if confidence >= threshold]
