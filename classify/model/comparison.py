"""Is a candidate worse than the release in force? Both read the same messages, and only where they differ counts.

The exact test of McNemar says how likely so uneven a difference is by chance; the interval is a bootstrap over the
messages. Figures per category and per unit show what a mean would hide. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import comb
from typing import Any, Final

import numpy as np

from classify import taxonomy
from classify.model.linear_heads import by_heading
from classify.model.metrics import LabelledMessage
from classify.model.release import Model

ROUNDS: Final = 2000
ENOUGH: Final = 20
"""With fewer messages a difference says nothing."""

ENOUGH_IN_PART: Final = 8
SLACK: Final = 0.02  # a smaller difference of the means is chance, or a matter of taste
CHANCE: Final = 0.05
CHANCE_IN_PART: Final = 0.01  # there are many categories and units, so each must be surer


@dataclass(frozen=True, slots=True)
class TestCase:
    """A message whose label is known, and the unit that answered it, where one did."""

    row: LabelledMessage
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Paired:
    """`won` are messages only the candidate put right, `lost` those only the release in force did."""

    n: int
    before: float
    after: float
    won: int
    lost: int
    chance: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.after - self.before

    @property
    def is_worse(self) -> bool:
        """Surely worse, or worse by more than anybody should accept."""
        if self.n < ENOUGH:
            return False
        return (self.lost > self.won and self.chance < CHANCE) or self.difference < -SLACK

    @property
    def gains(self) -> bool:
        """Better on enough messages, be it by chance."""
        return self.n >= ENOUGH and self.won > self.lost

    def as_json(self) -> dict[str, Any]:
        """The figures, as they are kept with the release."""
        return {**asdict(self), "difference": round(self.difference, 4)}


def right(model: Model, row: LabelledMessage) -> bool:
    """Whether the first choice is the label, at the level of the label."""
    code = taxonomy.code_of(row.label)
    fine = model.probabilities(row.title, row.text)
    if len(code) == 2:
        return taxonomy.LEVEL1[int(by_heading(fine).argmax())] == code
    return taxonomy.LEVEL2[int(fine.argmax())] == code


def right_or_also(model: Model, row: LabelledMessage) -> bool:
    """Whether the heading is the label's, or one where other taxonomies file it: for the frozen messages."""
    heading = taxonomy.LEVEL1[int(by_heading(model.probabilities(row.title, row.text)).argmax())]
    return heading == taxonomy.level1(row.label) or heading in dict(taxonomy.category(row.label).also)


def compared(before: Sequence[bool], after: Sequence[bool]) -> Paired:
    """What two releases put right, message by message."""
    n = len(before)
    won = sum(new and not old for old, new in zip(before, after, strict=True))
    lost = sum(old and not new for old, new in zip(before, after, strict=True))
    if not n:
        return Paired(0, 0.0, 0.0, 0, 0, 1.0, 0.0, 0.0)
    drawn = np.random.default_rng(0).multinomial(n, [won / n, lost / n, (n - won - lost) / n], ROUNDS)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / n, [2.5, 97.5])
    return Paired(
        n,
        round(sum(before) / n, 4),
        round(sum(after) / n, 4),
        won,
        lost,
        round(by_chance(won, lost), 5),
        round(float(low), 4),
        round(float(high), 4),
    )


def by_chance(won: int, lost: int) -> float:
    """How likely so uneven a split is when both are equally good (McNemar, exact, two-sided)."""
    differ = won + lost
    return min(1.0, 2 * sum(comb(differ, k) for k in range(min(won, lost) + 1)) / 2**differ) if differ else 1.0


def parts(
    tried: Sequence[TestCase], before: Sequence[bool], after: Sequence[bool], key: Callable[[TestCase], str]
) -> dict[str, Paired]:
    """The same figures for each category, or for each unit, the largest first."""
    places: dict[str, list[int]] = {}
    for place, one in enumerate(tried):
        if name := key(one):
            places.setdefault(name, []).append(place)
    ordered = sorted(places.items(), key=lambda item: (-len(item[1]), item[0]))
    return {name: compared([before[i] for i in found], [after[i] for i in found]) for name, found in ordered}


def heading_of(one: TestCase) -> str:
    return taxonomy.level1(taxonomy.code_of(one.row.label))


def is_worse_in_part(part: Paired) -> bool:
    """A category or a unit that surely lost, whatever the mean says."""
    return part.n >= ENOUGH_IN_PART and part.lost > part.won and part.chance < CHANCE_IN_PART
