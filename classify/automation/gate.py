"""Sequential test that decides when a category may be routed without a person, from this district's own outcomes.

Every confirmed outcome (see `proposal_outcome`) is right or wrong and belongs to several cells: the heading, the category, the
heading in one street, the heading sent to one unit, each again for the surer messages alone; and, where it is very
sure, the pool of all headings, since most headings are too small to prove anything for years. A cell is proven when a
lower confidence bound of its precision reaches the target. A new district has no outcome, so nothing is proven. What
the pool proves does not hold for a cell whose own last outcomes say otherwise.

The bound is watched after every outcome and acted upon the first time it passes. An exact interval for a fixed number
of outcomes (Clopper and Pearson, Biometrika 26, 1934) would promise too much then: looked at for ever, it crosses by
chance some day. So the bound holds at all times at once. For a precision p at most q the product of the likelihood
ratios of any r > q against q, in the outcomes so far, is a supermartingale of mean at most 1, and so is a mixture of
them; by Ville's inequality it ever exceeds 1/RISK with chance at most RISK (Robbins, Ann. Math. Statist. 41, 1970;
Howard, Ramdas, McAuliffe, Sekhon, Ann. Statist. 49, 2021). The bound is the smallest q that is not refuted so. Towards
98 % it asks for 163 right outcomes in a row, where Clopper and Pearson would be content with 149.
RISK is per cell, not for all cells together.

Withdrawn by itself: when the bound falls below the target (total), or when the last outcomes alone hold more mistakes
than the target allows (window). When the window withdrew a proven cell, what was earlier no longer counts. No I/O.
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
"""So improbable must the mistakes among the last outcomes be, if the target were kept, to withdraw a cell at once."""

BARS: Final = (0.0, 0.9, 0.97)
"""Cells of surer messages: their outcomes may prove what those of all messages do not."""

POOL: Final = "*"
POOL_BARS: Final = (0.97, 0.99, 0.995)
"""From so much confidence on a message counts whatever it is about. Below, headings differ too much to answer for one
another."""

_MIXTURE: Final = ((0.0, 0.6), (0.1, 0.1), (0.25, 0.1), (0.5, 0.1), (0.75, 0.1))
"""Rates of mistakes the bound is tested against, as parts of what is allowed, and how much each counts."""

_HALVINGS: Final = 40


class GateState(StrEnum):
    """How a cell stands."""

    GATHERING = "gathering"  # not enough outcomes yet
    DOUBTFUL = "doubtful"  # never proven, and the last outcomes hold more mistakes than the target allows
    PROVEN = "proven"
    WITHDRAWN = "withdrawn"  # was proven once, is not any more


@dataclass(frozen=True, slots=True)
class CellState:
    """One cell: what its outcomes were and what follows. `n`, `right`: those that count since the last new start."""

    n: int = 0
    right: int = 0
    recent: str = ""  # the last outcomes, oldest first: "1" right, "0" wrong
    state: GateState = GateState.GATHERING
    since: datetime | None = None
    total: int = 0

    @property
    def bound(self) -> float:
        """The lower bound of the precision."""
        return lower_bound(self.right, self.n)


def lower_bound(right: int, n: int, risk: float = RISK) -> float:
    """The precision that n outcomes, `right` of them right, prove at whatever moment one looks."""
    low, high = 0.0, 1.0
    if not right:
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _evidence(right, n - right, middle) >= -math.log(risk):
            low = middle
        else:
            high = middle
    return low


def _evidence(right: int, wrong: int, against: float) -> float:
    """The logarithm of the mixture of likelihood ratios against a precision of at most `against`."""
    parts = [
        math.log(share) + right * math.log((1 - part) / against + part) + (wrong * math.log(part) if wrong else 0.0)
        for part, share in _MIXTURE
        if part or not wrong
    ]
    most = max(parts)
    return most + math.log(sum(math.exp(one - most) for one in parts))


def is_alarming(recent: str, target: float) -> bool:
    """Whether so many mistakes among the last outcomes would be a rare accident if the target were kept."""
    n, wrong = len(recent), recent.count("0")
    if not wrong:
        return False
    fewer = sum(math.comb(n, k) * (1 - target) ** k * target ** (n - k) for k in range(wrong))
    return 1 - fewer <= WINDOW_RISK


def after(before: CellState, is_right: bool, at: datetime, target: float) -> CellState:
    """The cell after one more outcome."""
    recent = (before.recent + "01"[is_right])[-WINDOW:]
    found = replace(before, n=before.n + 1, right=before.right + is_right, recent=recent, total=before.total + 1)
    is_bad = is_alarming(recent, target)
    if not is_bad and found.bound >= target:
        state = GateState.PROVEN
    elif before.state in (GateState.PROVEN, GateState.WITHDRAWN):
        state = GateState.WITHDRAWN
    else:
        state = GateState.DOUBTFUL if is_bad else GateState.GATHERING
    if is_bad and before.state is GateState.PROVEN:  # only then: who starts anew after every bad day proves anything
        found = replace(found, n=0, right=0, recent="")
    is_news = state is not before.state or before.since is None
    return replace(found, state=state, since=at if is_news else before.since)


def folded(outcomes: Iterable[tuple[bool, datetime]], target: float) -> CellState:
    """A cell from all its outcomes, oldest first."""
    standing = CellState()
    for is_right, at in outcomes:
        standing = after(standing, is_right, at, target)
    return standing


def cells(category: str, street: str, unit: str, confidence: float) -> tuple[str, ...]:
    """The cells an outcome (or a message) belongs to."""
    own = [cell for scope in scopes(category, street, unit) for cell in _of_scope(scope, BARS, confidence)]
    return (*own, *_of_scope(POOL, POOL_BARS, confidence))


def scopes(category: str, street: str, unit: str) -> tuple[str, ...]:
    """Heading, category, heading in a street, heading to a unit."""
    heading = category[:2]
    found = [heading, category] if len(category) > len(heading) else [heading]
    return (*found, *([f"{heading}@{street}"] if street else []), *([f"{heading}>{unit}"] if unit else []))


def parts(cell: str) -> tuple[str, str, str, float]:
    """Category, street, unit and bar of a cell; what it does not name is empty."""
    scope, _, bar = cell.partition("≥")
    scope, _, unit = scope.partition(">")
    category, _, street = scope.partition("@")
    return category, street, unit, float(bar or 0)


def is_proven(known: Mapping[str, GateState], category: str, street: str, unit: str, confidence: float) -> bool:
    """Whether such a message may go without a person: some cell or the pool says so, and none nearer to it objects."""
    proven = GateState.PROVEN in [known.get(cell) for cell in _of_scope(POOL, POOL_BARS, confidence)]
    for scope in scopes(category, street, unit):
        own = [known.get(cell) for cell in _of_scope(scope, BARS, confidence)]
        if own[-1] in (GateState.WITHDRAWN, GateState.DOUBTFUL):
            return False
        proven = proven or GateState.PROVEN in own
    return proven


def _of_scope(scope: str, bars: Sequence[float], confidence: float) -> list[str]:
    return [scope if not bar else f"{scope}≥{bar:g}" for bar in bars if confidence >= bar]
