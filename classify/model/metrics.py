"""Quality figures of a release on messages whose category is known.

This measures the classifier. How well units serve is measured in the package `evaluation`.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify import taxonomy
from classify.model.linear_heads import sum_by_level1
from classify.model.release import Model

BINS: Final = 10
KNOWLEDGE: Final = Path(__file__).parents[1] / "knowledge"


@dataclass(frozen=True, slots=True)
class LabelledMessage:
    """A message and the label somebody gave it: a category's code or name, of either level."""

    title: str
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """The figures. `auto_*` are about those the release did not leave to a person."""

    n: int
    accuracy: float
    macro_f1: float
    top2_accuracy: float
    top3_accuracy: float
    ece: float
    auto_share: float
    auto_precision: float
    us_per_item: float

    def as_json(self) -> dict[str, Any]:
        """The figures as the command prints them."""
        return asdict(self)


def evaluate(model: Model, rows: Sequence[LabelledMessage], *, restrict: bool = False) -> ModelFigures:
    """Score a release. `restrict` lets it choose only among the labels that occur in the rows.

    Raises KeyError for a label the tree does not hold, ValueError when there are no rows.
    """
    if not rows:
        raise ValueError("no rows to try on")
    truth = [taxonomy.code_of(row.label) for row in rows]
    everything = taxonomy.LEVEL1 if all(len(code) == 2 for code in truth) else taxonomy.LEVEL2
    choices = tuple(sorted(set(truth))) if restrict else everything
    if restrict:
        chances = np.stack([model.restricted_to(row.title, row.text, choices) for row in rows])
    else:
        is_coarse = everything is taxonomy.LEVEL1
        found = (model.probabilities(row.title, row.text) for row in rows)
        chances = np.array([sum_by_level1(fine) if is_coarse else fine for fine in found], dtype=np.float64)
    goal = np.array([choices.index(code) if code in choices else -1 for code in truth])
    return _figures(chances, goal, model.threshold, _pace(model, rows))


def frozen_messages() -> list[LabelledMessage]:
    """The messages of our own that nobody may fit on."""
    told = tomllib.loads((KNOWLEDGE / "frozen.toml").read_text(encoding="utf-8"))
    return [LabelledMessage(title, body, code) for code, title, body in told["messages"]]


def frozen_accuracy(model: Model) -> float:
    """The share of frozen messages put under the right heading, or under one where other taxonomies file them."""
    right = 0
    for row in frozen_messages():
        heading = taxonomy.LEVEL1[int(sum_by_level1(model.probabilities(row.title, row.text)).argmax())]
        right += heading == taxonomy.level1(row.label) or heading in dict(taxonomy.category(row.label).also)
    return _rounded(right / len(frozen_messages()))


def _figures(chances: NDArray[np.float64], goal: NDArray[np.intp], bar: float, pace: float) -> ModelFigures:
    order = np.argsort(-chances, axis=1, kind="stable")
    hit = order[:, :3] == goal[:, None]
    right, sure = hit[:, 0], chances.max(axis=1)
    auto = sure >= bar
    return ModelFigures(
        n=len(goal),
        accuracy=_rounded(right.mean()),
        macro_f1=_rounded(_macro_f1(order[:, 0], goal)),
        top2_accuracy=_rounded(hit[:, :2].any(axis=1).mean()),
        top3_accuracy=_rounded(hit.any(axis=1).mean()),
        ece=_rounded(calibration_error(sure, right)),
        auto_share=_rounded(auto.mean()),
        auto_precision=_rounded(right[auto].mean() if auto.any() else 0.0),
        us_per_item=round(pace, 1),
    )


def _rounded(value: float) -> float:
    return round(float(value), 4)


def _macro_f1(guess: NDArray[np.intp], goal: NDArray[np.intp]) -> float:
    """The mean F1 over the labels that occur."""
    from sklearn.metrics import f1_score  # 1.5 s to import, and needed only where a release is judged

    return float(f1_score(goal, guess, labels=np.unique(goal), average="macro", zero_division=0.0))


def calibration_error(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error: how far confidence and hits lie apart, over ten equal bins of confidence.

    scikit-learn's calibration_curve gives the bins without their sizes, so the mean is taken here.
    """
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(float(sure[bins == b].mean() - right[bins == b].mean())) * int((bins == b).sum()) for b in set(bins)]
    return sum(gaps) / len(sure)


def _pace(model: Model, rows: Sequence[LabelledMessage], most: int = 200) -> float:
    """Processor microseconds per message of the full answer, reasons included: the best of three rounds."""
    some = rows[:most]
    rounds = []
    for _ in range(3):
        start = time.thread_time()
        for row in some:
            model.predict(row.title, row.text)
        rounds.append((time.thread_time() - start) / len(some) * 1e6)
    return min(rounds)
