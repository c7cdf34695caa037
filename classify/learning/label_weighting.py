"""Weight training labels by how far they can be trusted, so that no person and no campaign decides alone.

A label confirmed by somebody else has weight 1, an unconfirmed one a half, a returned one 0. Then the weights are
reduced: copies of a text together have at most the weight of a few messages; a label that contradicts the confirmed
label of a copy has no weight; unconfirmed labels of a person who often contradicts the release in force have little
weight; and the labels of one person have a maximal weight. Every reduction is listed with its reason. No I/O.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from classify.learning.training_labels import CONFIRMED, RETURNED, UNCONFIRMED
from classify.text.copies import MAX_COPIES_WEIGHT, group_copies

WEIGHT_BY_STATE: Final[Mapping[str, float]] = {CONFIRMED: 1.0, UNCONFIRMED: 0.5, RETURNED: 0.0}

MAX_UNCONFIRMED_PER_PERSON: Final = 40.0
"""Maximal weight of one person's unconfirmed labels; or a tenth of all confirmed weight, if that is more."""

UNCONFIRMED_SHARE_PER_PERSON: Final = 0.1
CONFIRMED_SHARE_PER_PERSON: Final = (
    0.5  # maximal share of one person's labels, confirmed by others, in all confirmed weight
)
MAX_CONFIRMED_PER_PERSON: Final = 400.0
MIN_CONFIDENCE: Final = 0.8  # the release in force contradicts a label only from this confidence on
MIN_LABELS_OF_SUSPECT: Final = 20
MAX_CONTRARY_SHARE: Final = (
    0.5  # a person who contradicts the release in more than this share of many labels is suspect
)
CONTRARY_FACTOR: Final = 0.1


@dataclass(frozen=True, slots=True)
class WeightedLabel:
    """One label with its weight in the fit. `why` names every reduction."""

    title: str
    text: str
    category: str
    unit: str
    by: str
    state: str
    case_no: str = ""
    weight: float = 0.0
    group: int = 0
    why: tuple[str, ...] = ()


PredictLevel1 = Callable[[str, str], tuple[str, float]]
"""The level-1 category the release in force predicts for a title and text, and its confidence."""


def weigh_labels(labels: Sequence[WeightedLabel], predict: PredictLevel1 | None) -> list[WeightedLabel]:
    """The labels in the same order with their weights, groups of copies, and the reasons for each reduction."""
    groups = group_copies([f"{label.title} {label.text}" for label in labels])
    weighted = [
        replace(
            label,
            weight=WEIGHT_BY_STATE[label.state],
            group=group,
            why=("returned",) if label.state == RETURNED else (),
        )
        for label, group in zip(labels, groups, strict=True)
    ]
    weighted = _reduce_contradictions(weighted)
    weighted = _reduce_contrary_labels(weighted, predict) if predict else weighted
    weighted = _cap_weights(weighted, lambda label: label.group, lambda _: MAX_COPIES_WEIGHT, "campaign")
    confirmed = sum(label.weight for label in weighted if label.state == CONFIRMED)
    most = max(MAX_UNCONFIRMED_PER_PERSON, UNCONFIRMED_SHARE_PER_PERSON * confirmed)
    weighted = _cap_weights(
        weighted, lambda label: label.by if label.state == UNCONFIRMED else None, lambda _: most, "clerk"
    )
    most = max(MAX_CONFIRMED_PER_PERSON, CONFIRMED_SHARE_PER_PERSON * confirmed)
    return _cap_weights(weighted, lambda label: label.by if label.state == CONFIRMED else None, lambda _: most, "clerk")


def _reduce_contradictions(labels: Sequence[WeightedLabel]) -> list[WeightedLabel]:
    """Set the weight of labels that contradict a confirmed copy of the text to 0, and halve that of disputed copies."""
    outcomes: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for label in labels:
        outcomes[label.group][label.category[:2]] += label.weight * (10 if label.state == CONFIRMED else 1)
    weighted = []
    for label in labels:
        others = outcomes[label.group]
        best = max(others.values())
        if label.weight and others[label.category[:2]] < best:
            weighted.append(replace(label, weight=0.0, why=(*label.why, "contradicted")))
        elif label.weight and list(others.values()).count(best) > 1:
            weighted.append(replace(label, weight=label.weight / 2, why=(*label.why, "disputed")))
        else:
            weighted.append(label)
    return weighted


def _reduce_contrary_labels(labels: Sequence[WeightedLabel], predict: PredictLevel1) -> list[WeightedLabel]:
    """Reduce unconfirmed labels that contradict the release in force, and all of persons who often contradict it."""
    contrary_places: dict[int, bool] = {}
    per_clerk: Counter[str] = Counter()
    contrary: Counter[str] = Counter()
    for place, label in enumerate(labels):
        if label.state == UNCONFIRMED:
            level1, confidence = predict(label.title, label.text)
            contrary_places[place] = confidence >= MIN_CONFIDENCE and level1 != label.category[:2]
            per_clerk[label.by] += 1
            contrary[label.by] += contrary_places[place]
    suspects = {
        by for by, n in per_clerk.items() if n >= MIN_LABELS_OF_SUSPECT and contrary[by] > MAX_CONTRARY_SHARE * n
    }
    return [
        replace(label, weight=label.weight * CONTRARY_FACTOR, why=(*label.why, "unlike"))
        if label.state == UNCONFIRMED and (label.by in suspects or contrary_places[place])
        else label
        for place, label in enumerate(labels)
    ]


def _cap_weights(
    labels: Sequence[WeightedLabel], key: Callable[[WeightedLabel], object], most: Callable[[object], float], why: str
) -> list[WeightedLabel]:
    """Scale the weights down so that their sum per key is at most the maximum; labels with key None stay as they are."""
    sums: dict[object, float] = defaultdict(float)
    for label in labels:
        sums[key(label)] += label.weight
    capped = []
    for label in labels:
        over = sums[key(label)] / most(key(label)) if key(label) is not None else 0.0
        capped.append(
            replace(label, weight=label.weight / over, why=(*label.why, why)) if over > 1 and label.weight else label
        )
    return capped
