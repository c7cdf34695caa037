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
    """The figures. `auto_*` are about the messages above the threshold, which need no person."""

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
        raise ValueError("no rows to evaluate")
    truth = [taxonomy.code_of(row.label) for row in rows]
    codes_of_level = taxonomy.LEVEL1 if all(len(code) == 2 for code in truth) else taxonomy.LEVEL2
    choices = tuple(sorted(set(truth))) if restrict else codes_of_level
    if restrict:
        probabilities = np.stack([model.restricted_to(row.title, row.text, choices) for row in rows])
    else:
        is_coarse = codes_of_level is taxonomy.LEVEL1
        distributions = (model.probabilities(row.title, row.text) for row in rows)
        probabilities = np.array(
            [sum_by_level1(fine) if is_coarse else fine for fine in distributions], dtype=np.float64
        )
    targets = np.array([choices.index(code) if code in choices else -1 for code in truth])
    return _figures(probabilities, targets, model.threshold, _measure_time(model, rows))


def frozen_messages() -> list[LabelledMessage]:
    """The messages of our own that nobody may fit on."""
    knowledge = tomllib.loads((KNOWLEDGE / "frozen.toml").read_text(encoding="utf-8"))
    return [LabelledMessage(title, body, code) for code, title, body in knowledge["messages"]]


def frozen_accuracy(model: Model) -> float:
    """The share of frozen messages whose level-1 category is right, or that of another taxonomy."""
    right = 0
    for row in frozen_messages():
        level1 = taxonomy.LEVEL1[int(sum_by_level1(model.probabilities(row.title, row.text)).argmax())]
        right += level1 == taxonomy.level1(row.label) or level1 in dict(taxonomy.category(row.label).also)
    return _round(right / len(frozen_messages()))


def _figures(
    probabilities: NDArray[np.float64], targets: NDArray[np.intp], threshold: float, microseconds: float
) -> ModelFigures:
    order = np.argsort(-probabilities, axis=1, kind="stable")
    hits = order[:, :3] == targets[:, None]
    is_right, confidence = hits[:, 0], probabilities.max(axis=1)
    auto = confidence >= threshold
    return ModelFigures(
        n=len(targets),
        accuracy=_round(is_right.mean()),
        macro_f1=_round(_macro_f1(order[:, 0], targets)),
        top2_accuracy=_round(hits[:, :2].any(axis=1).mean()),
        top3_accuracy=_round(hits.any(axis=1).mean()),
        ece=_round(calibration_error(confidence, is_right)),
        auto_share=_round(auto.mean()),
        auto_precision=_round(is_right[auto].mean() if auto.any() else 0.0),
        us_per_item=round(microseconds, 1),
    )


def _round(value: float) -> float:
    return round(float(value), 4)


def _macro_f1(predictions: NDArray[np.intp], targets: NDArray[np.intp]) -> float:
    """The mean F1 over the labels that occur."""
    from sklearn.metrics import f1_score  # 1.5 s to import, and needed only where a release is judged

    return float(f1_score(targets, predictions, labels=np.unique(targets), average="macro", zero_division=0.0))


def calibration_error(confidence: NDArray[np.float64], is_right: NDArray[np.bool_]) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over ten equal bins of confidence.

    scikit-learn's calibration_curve gives the bins without their sizes, so the mean is taken here.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [
        abs(float(confidence[bins == b].mean() - is_right[bins == b].mean())) * int((bins == b).sum())
        for b in set(bins)
    ]
    return sum(gaps) / len(confidence)


def _measure_time(model: Model, rows: Sequence[LabelledMessage], most: int = 200) -> float:
    """Processor microseconds per message of the full answer, reasons included: the best of three rounds."""
    sample = rows[:most]
    rounds = []
    for _ in range(3):
        start = time.thread_time()
        for row in sample:
            model.predict(row.title, row.text)
        rounds.append((time.thread_time() - start) / len(sample) * 1e6)
    return min(rounds)
