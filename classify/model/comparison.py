"""Paired statistical test of a candidate against the release in force, on the same messages.

The exact test of McNemar says how likely so uneven a difference is by chance; the interval is a bootstrap over the
messages. Figures per category and per unit show what a mean would hide. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from classify import taxonomy
from classify.model.linear_heads import sum_by_level1
from classify.model.metrics import LabelledMessage
from classify.model.release import Model

BOOTSTRAP_ROUNDS: Final = 2000
MIN_MESSAGES: Final = 20
"""With fewer messages a difference says nothing."""

MIN_MESSAGES_IN_PART: Final = 8
MAX_LOSS: Final = 0.02  # a smaller difference of the means is chance, or a matter of taste
P_VALUE: Final = 0.05
P_VALUE_IN_PART: Final = 0.01  # there are many categories and units, so each must be surer


@dataclass(frozen=True, slots=True)
class TrialMessage:
    """A message whose label is known, and the unit that answered it, where one did."""

    labelled: LabelledMessage
    unit: str = ""


@dataclass(frozen=True, slots=True)
class PairedTest:
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
        if self.n < MIN_MESSAGES:
            return False
        return (self.lost > self.won and self.chance < P_VALUE) or self.difference < -MAX_LOSS

    @property
    def gains(self) -> bool:
        """Better on enough messages, be it by chance."""
        return self.n >= MIN_MESSAGES and self.won > self.lost

    def as_json(self) -> dict[str, Any]:
        """The figures, as they are kept with the release."""
        return {**asdict(self), "difference": round(self.difference, 4)}


def is_correct(model: Model, row: LabelledMessage) -> bool:
    """Whether the first choice is the label, at the level of the label."""
    code = taxonomy.code_of(row.label)
    fine = model.probabilities(row.title, row.text)
    if len(code) == 2:
        return taxonomy.LEVEL1[int(sum_by_level1(fine).argmax())] == code
    return taxonomy.LEVEL2[int(fine.argmax())] == code


def is_correct_or_also(model: Model, row: LabelledMessage) -> bool:
    """Whether the level-1 category is the label's, or one where other taxonomies file it: for the frozen messages."""
    code = taxonomy.LEVEL1[int(model.top_level(row.title, row.text).argmax())]
    return code == taxonomy.level1(row.label) or code in dict(taxonomy.category(row.label).also)


def compare(before: Sequence[bool], after: Sequence[bool]) -> PairedTest:
    """What two releases put right, message by message."""
    n = len(before)
    won = sum(new and not old for old, new in zip(before, after, strict=True))
    lost = sum(old and not new for old, new in zip(before, after, strict=True))
    if not n:
        return PairedTest(0, 0.0, 0.0, 0, 0, 1.0, 0.0, 0.0)
    drawn = np.random.default_rng(0).multinomial(n, [won / n, lost / n, (n - won - lost) / n], BOOTSTRAP_ROUNDS)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / n, [2.5, 97.5])
    return PairedTest(
        n,
        round(sum(before) / n, 4),
        round(sum(after) / n, 4),
        won,
        lost,
        round(mcnemar(won, lost), 5),
        round(float(low), 4),
        round(float(high), 4),
    )


def mcnemar(won: int, lost: int) -> float:
    """How likely so uneven a split is when both are equally good (McNemar, exact, two-sided)."""
    from scipy.stats import binomtest  # 0.5 s to import, and needed only where releases are compared

    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def compare_by(
    tried: Sequence[TrialMessage], before: Sequence[bool], after: Sequence[bool], key: Callable[[TrialMessage], str]
) -> dict[str, PairedTest]:
    """The same figures for each category, or for each unit, the largest first."""
    places: dict[str, list[int]] = {}
    for place, message in enumerate(tried):
        if name := key(message):
            places.setdefault(name, []).append(place)
    ordered = sorted(places.items(), key=lambda item: (-len(item[1]), item[0]))
    return {name: compare([before[i] for i in part], [after[i] for i in part]) for name, part in ordered}


def level1_of(message: TrialMessage) -> str:
    """The level-1 code of the label."""
    return taxonomy.level1(taxonomy.code_of(message.labelled.label))


def is_worse_in_part(part: PairedTest) -> bool:
    """A category or a unit that surely lost, whatever the mean says."""
    return part.n >= MIN_MESSAGES_IN_PART and part.lost > part.won and part.chance < P_VALUE_IN_PART
