"""Paired statistical test of a candidate against the release in force, on the same messages.

McNemar's exact test gives the probability of such a difference by chance; the interval is a bootstrap over the messages.
Figures per category and per unit show losses that the mean would hide. No I/O.
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
"""With fewer messages a difference is not judged."""

MIN_MESSAGES_IN_PART: Final = 8
MAX_LOSS: Final = 0.02  # a smaller loss of accuracy is accepted
P_VALUE: Final = 0.05
P_VALUE_IN_PART: Final = 0.01  # stricter, because many categories and units are tested


@dataclass(frozen=True, slots=True)
class TrialMessage:
    """A message whose label is known, and the unit that answered it, if any."""

    labelled: LabelledMessage
    unit: str = ""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """`won`: messages only the candidate predicts right; `lost`: those only the release in force predicts right."""

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
        """Significantly worse, or worse by more than `MAX_LOSS`."""
        if self.n < MIN_MESSAGES:
            return False
        return (self.lost > self.won and self.chance < P_VALUE) or self.difference < -MAX_LOSS

    @property
    def is_gain(self) -> bool:
        """Better on enough messages, significant or not."""
        return self.n >= MIN_MESSAGES and self.won > self.lost

    def as_json(self) -> dict[str, Any]:
        """The figures, as they are stored with the release."""
        return {**asdict(self), "difference": round(self.difference, 4)}


def is_correct(model: Model, row: LabelledMessage) -> bool:
    """Whether the release predicts the label, at the level of the label."""
    code = taxonomy.code_of(row.label)
    fine = model.probabilities(row.title, row.text)
    if len(code) == 2:
        return taxonomy.LEVEL1[int(sum_by_level1(fine).argmax())] == code
    return taxonomy.LEVEL2[int(fine.argmax())] == code


def is_correct_or_also(model: Model, row: LabelledMessage) -> bool:
    """Whether the level-1 category is that of the label, or that of another taxonomy: for the frozen messages."""
    code = taxonomy.LEVEL1[int(model.top_level(row.title, row.text).argmax())]
    return code == taxonomy.level1(row.label) or code in dict(taxonomy.category(row.label).also)


def compare(before: Sequence[bool], after: Sequence[bool]) -> PairedTest:
    """Compare which messages two releases predict right."""
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
    """The p-value of McNemar's exact two-sided test."""
    from scipy.stats import binomtest  # 0.5 s to import, and needed only where releases are compared

    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def compare_by(
    messages: Sequence[TrialMessage], before: Sequence[bool], after: Sequence[bool], key: Callable[[TrialMessage], str]
) -> dict[str, PairedTest]:
    """The figures for each category, or for each unit, the largest first."""
    places: dict[str, list[int]] = {}
    for place, message in enumerate(messages):
        if name := key(message):
            places.setdefault(name, []).append(place)
    ordered = sorted(places.items(), key=lambda item: (-len(item[1]), item[0]))
    return {name: compare([before[i] for i in part], [after[i] for i in part]) for name, part in ordered}


def level1_of(message: TrialMessage) -> str:
    """The level-1 code of the label."""
    return taxonomy.level1(taxonomy.code_of(message.labelled.label))


def is_worse_in_part(part: PairedTest) -> bool:
    """Whether a category or a unit is significantly worse, whatever the mean is."""
    return part.n >= MIN_MESSAGES_IN_PART and part.lost > part.won and part.chance < P_VALUE_IN_PART
