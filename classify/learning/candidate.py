"""Fit a candidate release in a process of its own and compare it with the release in force.

Runs as a process of its own (`python -m classify.learning.candidate`, an order as JSON in, the outcome as JSON out), at low
priority, so that no request waits for it. It reads and writes release folders and nothing else; whoever asked records
the outcome and puts the candidate in force. Killed at any moment it leaves at most a folder nobody refers to.
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

KEPT_OUT: Final = 5  # one in so many labelled messages is never fitted on
FROZEN_SLACK: Final = 0.1
"""Real labels follow the town's habits, not our examples: so much may be lost on the frozen messages since day one."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message of a labelled file."""

    title: str
    text: str
    label: str
    is_kept_out: bool


@dataclass(frozen=True, slots=True)
class Order:
    """All a candidate is made from. `current` and `anchor` (the release of day one) are folders beside the new one."""

    folder: str
    duties: Sequence[tuple[str, Sequence[str]]]
    lessons: Sequence[WeightedLabel] = ()
    labelled: Sequence[Labelled] = ()
    unlabelled: Sequence[tuple[str, str]] = ()
    current: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class CandidateVerdict:
    """The saved candidate, its figures, and in what it falls behind. `doubts` counts lessons that weigh less, by reason."""

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


async def made_apart(order: Order) -> CandidateVerdict:
    """Make the candidate in a process of its own.

    Raises RuntimeError with what that process complained of.
    """
    return CandidateVerdict(**await subprocess_worker.run("classify.learning.candidate", asdict(order)))


def made(order: Order) -> CandidateVerdict:
    """Fit, save, try and judge."""
    from classify.model import release_files, training

    folder = Path(order.folder)
    current, anchor = _loaded(folder, order.current), _loaded(folder, order.anchor)
    lessons = label_weighting.weigh_labels(order.lessons, _opinion(current) if current else None)
    learnt, tried = _parted(lessons, order.labelled)
    model = training.fit([*seed_examples(order.duties), *learnt], unlabelled=list(order.unlabelled))
    release = release_files.save(model, folder)
    enough = len(tried) >= comparison.MIN_MESSAGES
    frozen = metrics.frozen_accuracy(model)
    before: dict[str, Any] = {}
    compared: dict[str, Any] = {}
    worse: list[str] = []
    if current is not None:
        before = {
            "trial": _figures(current, tried) if enough else {},
            "frozen_accuracy": metrics.frozen_accuracy(current),
        }
        floor = before["frozen_accuracy"] if anchor is None else metrics.frozen_accuracy(anchor)
        compared, worse = _judged(current, model, tried, frozen < floor - FROZEN_SLACK)
    trial = _figures(model, tried) if enough else {}
    doubted = _doubted(lessons)
    return CandidateVerdict(
        release, model.kind, len(learnt), trial, frozen, before, worse, compared, _reasons(lessons), doubted
    )


def _loaded(folder: Path, name: str) -> Model | None:
    if not name:
        return None
    try:
        return load(folder / name)
    except ReleaseDamaged:
        return None


def _opinion(model: Model) -> label_weighting.Opinion:
    def opinion(title: str, text: str) -> tuple[str, float]:
        coarse = sum_by_level1(model.probabilities(title, text))
        return taxonomy.LEVEL1[int(coarse.argmax())], float(coarse.max())

    return opinion


def _parted(lessons: Sequence[WeightedLabel], files: Sequence[Labelled]) -> tuple[list[Example], list[TrialMessage]]:
    """What is fitted on, and what is only tried. Copies of a text lie on one side; only confirmed lessons are tried."""
    leaders: dict[int, WeightedLabel] = {}
    for one in lessons:
        leaders.setdefault(one.group, one)
    learnt = [Example(m.title, m.text, taxonomy.code_of(m.label), "people") for m in files if not m.is_kept_out]
    tried = [TrialMessage(LabelledMessage(m.title, m.text, m.label)) for m in files if m.is_kept_out]
    for one in lessons:
        if one.weight and one.state == CONFIRMED and kept_out(leaders[one.group].title, leaders[one.group].text):
            tried.append(TrialMessage(LabelledMessage(one.title, one.text, one.category), one.unit))
        elif one.weight:
            learnt.append(Example(one.title, one.text, one.category, "people", one.weight))
    return learnt, tried


def kept_out(title: str, text: str) -> bool:
    """One message in five, the same ones every time, wherever it comes from."""
    said = hashlib.sha256(f"{title}\n{text}".encode()).digest()
    return said[0] % KEPT_OUT == 0


def _figures(model: Model, tried: Sequence[TrialMessage]) -> dict[str, Any]:
    """The usual figures; where some labels are headings only, all are read as headings."""
    codes = [taxonomy.code_of(one.labelled.label) for one in tried]
    most = 2 if any(len(code) == 2 for code in codes) else 4
    rows = [
        LabelledMessage(one.labelled.title, one.labelled.text, code[:most])
        for one, code in zip(tried, codes, strict=True)
    ]
    return metrics.evaluate(model, rows).as_json()


def _judged(
    current: Model, model: Model, tried: Sequence[TrialMessage], fell: bool
) -> tuple[dict[str, Any], list[str]]:
    """The paired figures, and in what the candidate is worse."""
    frozen_rows = metrics.frozen_messages()
    frozen = comparison.compare(
        [comparison.is_correct_or_also(current, row) for row in frozen_rows],
        [comparison.is_correct_or_also(model, row) for row in frozen_rows],
    )
    old, new = [[comparison.is_correct(each, one.labelled) for one in tried] for each in (current, model)]
    whole = comparison.compare(old, new)
    by_category = comparison.compare_by(tried, old, new, comparison.level1_of)
    by_unit = comparison.compare_by(tried, old, new, lambda one: one.unit)
    worse = ["accuracy"] if whole.is_worse else []
    # A habit of the town may cost frozen messages only where its own messages gain.
    if fell or (frozen.lost > frozen.won and frozen.chance < comparison.P_VALUE and not whole.gains):
        worse.append("frozen_accuracy")
    worse += [f"category:{code}" for code, part in by_category.items() if comparison.is_worse_in_part(part)]
    worse += [f"unit:{unit}" for unit, part in by_unit.items() if comparison.is_worse_in_part(part)]
    told = {
        "all": whole.as_json(),
        "frozen": frozen.as_json(),
        "by_category": _told(by_category),
        "by_unit": _told(by_unit),
    }
    return told, worse


def _told(found: Mapping[str, PairedTest]) -> dict[str, Any]:
    return {name: part.as_json() for name, part in found.items()}


def _reasons(lessons: Sequence[WeightedLabel]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in lessons:
        for why in one.why:
            found[why] = found.get(why, 0) + 1
    return found


def _doubted(lessons: Sequence[WeightedLabel]) -> dict[str, dict[str, int]]:
    """Whose lessons weigh less, and why."""
    found: dict[str, dict[str, int]] = {}
    for one in lessons:
        for why in one.why:
            own = found.setdefault(one.by, {})
            own[why] = own.get(why, 0) + 1
    return found


def _read(told: dict[str, Any]) -> Order:
    return Order(
        told["folder"],
        [(sentence, tuple(codes)) for sentence, codes in told["duties"]],
        [WeightedLabel(**{**one, "why": tuple(one["why"])}) for one in told["lessons"]],
        [Labelled(**one) for one in told["labelled"]],
        [(title, text) for title, text in told["unlabelled"]],
        told["current"],
        told["anchor"],
    )


def _work(told: dict[str, Any]) -> dict[str, Any]:
    return asdict(made(_read(told)))


if __name__ == "__main__":
    subprocess_worker.answer(_work)
