"""Fit a candidate release in a process of its own and compare it with the release in force.

`python -m classify.learning.candidate` reads an order as JSON and writes the verdict as JSON. It runs at low priority, so
that no request waits for it. It reads and writes release folders and nothing else; the caller stores the verdict and
puts the candidate in force. When it is killed, it leaves at most a folder that no row refers to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from classify import taxonomy
from classify.learning import label_weighting, subprocess_worker
from classify.learning.label_weighting import WeightedLabel
from classify.learning.training_labels import CONFIRMED
from classify.model import comparison, metrics
from classify.model.comparison import PairedTest, TrialMessage
from classify.model.linear_heads import sum_by_level1
from classify.model.metrics import LabelledMessage
from classify.model.release import Model
from classify.model.release_files import ReleaseDamaged, load
from classify.model.seed_examples import Example, seed_examples

HELD_OUT_EVERY: Final = 5  # one in this many labelled messages is never fitted on
MAX_FROZEN_LOSS: Final = 0.1
"""How much accuracy on the frozen messages a release may lose against the first one: real labels follow local practice."""


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A message of a labelled file."""

    title: str
    text: str
    label: str
    is_held_out: bool


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """All a candidate is made from. `current` and `first` (the first release ever) are folders beside the new one."""

    folder: str
    duties: Sequence[tuple[str, Sequence[str]]]
    labels: Sequence[WeightedLabel] = ()
    labelled: Sequence[LabelledRow] = ()
    unlabelled: Sequence[tuple[str, str]] = ()
    current: str = ""
    first: str = ""


@dataclass(frozen=True, slots=True)
class CandidateVerdict:
    """The saved candidate, its figures, and in what it is worse. `doubts` counts labels of reduced weight by reason.

    It is stored with the release, so its fields keep their names.
    """

    release: str
    kind: str
    learnt: int
    trial: dict[str, Any]
    frozen_accuracy: float
    before: dict[str, Any]
    worse_because: list[str]
    paired: dict[str, Any] = field(default_factory=dict)
    doubts: dict[str, int] = field(default_factory=dict)
    doubted: dict[str, dict[str, int]] = field(default_factory=dict)


async def make_candidate_in_subprocess(order: TrainingOrder) -> CandidateVerdict:
    """Make the candidate in a process of its own.

    Raises RuntimeError with the error output of that process.
    """
    return CandidateVerdict(**await subprocess_worker.run_module("classify.learning.candidate", asdict(order)))


def make_candidate(order: TrainingOrder) -> CandidateVerdict:
    """Fit and save a candidate, evaluate it and compare it with the release in force."""
    from classify.model import release_files, training

    folder = Path(order.folder)
    current, first = _load_or_none(folder, order.current), _load_or_none(folder, order.first)
    labels = label_weighting.weigh_labels(order.labels, _level1_predictor(current) if current else None)
    training_examples, test_messages = _split(labels, order.labelled)
    model = training.fit([*seed_examples(order.duties), *training_examples], unlabelled=list(order.unlabelled))
    release = release_files.save(model, folder)
    has_enough = len(test_messages) >= comparison.MIN_MESSAGES
    frozen = metrics.frozen_accuracy(model)
    before: dict[str, Any] = {}
    compared: dict[str, Any] = {}
    worse: list[str] = []
    if current is not None:
        before = {
            "trial": _measure(current, test_messages) if has_enough else {},
            "frozen_accuracy": metrics.frozen_accuracy(current),
        }
        floor = before["frozen_accuracy"] if first is None else metrics.frozen_accuracy(first)
        compared, worse = _compare(current, model, test_messages, frozen < floor - MAX_FROZEN_LOSS)
    trial = _measure(model, test_messages) if has_enough else {}
    doubted = _count_reasons_by_person(labels)
    return CandidateVerdict(
        release,
        model.kind,
        len(training_examples),
        trial,
        frozen,
        before,
        worse,
        compared,
        _count_reasons(labels),
        doubted,
    )


def _load_or_none(folder: Path, name: str) -> Model | None:
    if not name:
        return None
    try:
        return load(folder / name)
    except ReleaseDamaged:
        return None


def _level1_predictor(model: Model) -> label_weighting.PredictLevel1:
    def predict(title: str, text: str) -> tuple[str, float]:
        coarse = sum_by_level1(model.probabilities(title, text))
        return taxonomy.LEVEL1[int(coarse.argmax())], float(coarse.max())

    return predict


def _split(labels: Sequence[WeightedLabel], files: Sequence[LabelledRow]) -> tuple[list[Example], list[TrialMessage]]:
    """Split into training examples and test messages. Copies of a text stay together; only confirmed labels are tested."""
    leaders: dict[int, WeightedLabel] = {}
    for label in labels:
        leaders.setdefault(label.group, label)
    training_examples = [
        Example(m.title, m.text, taxonomy.code_of(m.label), "people") for m in files if not m.is_held_out
    ]
    test_messages = [TrialMessage(LabelledMessage(m.title, m.text, m.label)) for m in files if m.is_held_out]
    for label in labels:
        if (
            label.weight
            and label.state == CONFIRMED
            and is_held_out(leaders[label.group].title, leaders[label.group].text)
        ):
            test_messages.append(TrialMessage(LabelledMessage(label.title, label.text, label.category), label.unit))
        elif label.weight:
            training_examples.append(Example(label.title, label.text, label.category, "people", label.weight))
    return training_examples, test_messages


def is_held_out(title: str, text: str) -> bool:
    """Whether a message belongs to the test set: one in five, decided by a hash of the text."""
    digest = hashlib.sha256(f"{title}\n{text}".encode()).digest()
    return digest[0] % HELD_OUT_EVERY == 0


def _measure(model: Model, test_messages: Sequence[TrialMessage]) -> dict[str, Any]:
    """The usual figures; when some labels are of level 1, all are compared at level 1."""
    codes = [taxonomy.code_of(message.labelled.label) for message in test_messages]
    most = 2 if any(len(code) == 2 for code in codes) else 4
    rows = [
        LabelledMessage(message.labelled.title, message.labelled.text, code[:most])
        for message, code in zip(test_messages, codes, strict=True)
    ]
    return metrics.evaluate(model, rows).as_json()


def _compare(
    current: Model, model: Model, test_messages: Sequence[TrialMessage], has_fallen: bool
) -> tuple[dict[str, Any], list[str]]:
    """The paired figures, and in what the candidate is worse."""
    frozen_rows = metrics.frozen_messages()
    frozen = comparison.compare(
        [comparison.is_correct_or_also(current, row) for row in frozen_rows],
        [comparison.is_correct_or_also(model, row) for row in frozen_rows],
    )
    old, new = [
        [comparison.is_correct(release, message.labelled) for message in test_messages] for release in (current, model)
    ]
    whole = comparison.compare(old, new)
    by_category = comparison.compare_by(test_messages, old, new, comparison.level1_of)
    by_unit = comparison.compare_by(test_messages, old, new, lambda message: message.unit)
    worse = ["accuracy"] if whole.is_worse else []
    # Frozen messages may be lost only when the town's own messages gain.
    if has_fallen or (frozen.lost > frozen.won and frozen.chance < comparison.P_VALUE and not whole.is_gain):
        worse.append("frozen_accuracy")
    worse += [f"category:{code}" for code, part in by_category.items() if comparison.is_worse_in_part(part)]
    worse += [f"unit:{unit}" for unit, part in by_unit.items() if comparison.is_worse_in_part(part)]
    figures = {
        "all": whole.as_json(),
        "frozen": frozen.as_json(),
        "by_category": _as_json(by_category),
        "by_unit": _as_json(by_unit),
    }
    return figures, worse


def _as_json(tests: Mapping[str, PairedTest]) -> dict[str, Any]:
    return {name: part.as_json() for name, part in tests.items()}


def _count_reasons(labels: Sequence[WeightedLabel]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for label in labels:
        for why in label.why:
            counts[why] = counts.get(why, 0) + 1
    return counts


def _count_reasons_by_person(labels: Sequence[WeightedLabel]) -> dict[str, dict[str, int]]:
    """How many labels of each person have reduced weight, by reason."""
    counts: dict[str, dict[str, int]] = {}
    for label in labels:
        for why in label.why:
            own = counts.setdefault(label.by, {})
            own[why] = own.get(why, 0) + 1
    return counts


def _parse_order(payload: dict[str, Any]) -> TrainingOrder:
    return TrainingOrder(
        payload["folder"],
        [(sentence, tuple(codes)) for sentence, codes in payload["duties"]],
        [WeightedLabel(**{**row, "why": tuple(row["why"])}) for row in payload["labels"]],
        [LabelledRow(**row) for row in payload["labelled"]],
        [(title, text) for title, text in payload["unlabelled"]],
        payload["current"],
        payload["first"],
    )


def _carry_out(payload: dict[str, Any]) -> dict[str, Any]:
    return asdict(make_candidate(_parse_order(payload)))


if __name__ == "__main__":
    subprocess_worker.run_order(_carry_out)
