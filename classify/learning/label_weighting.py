"""Weight training labels by how far they can be trusted, so that no person and no campaign decides alone.

A label somebody else confirmed weighs whole, one that was only said half, one that came back nothing. Then, each as a
row below: near-identical texts weigh together no more than a few; a label that contradicts what such texts were
confirmed to be weighs nothing; who says much that the release in force is sure is otherwise needs a second person;
and what one person said stays below a cap. Every reduction is listed with its reason. No I/O.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from classify.learning.training_labels import CONFIRMED, RETURNED, SAID
from classify.text.copies import CAMPAIGN_MOST, copies

WEIGHT_OF: Final[Mapping[str, float]] = {CONFIRMED: 1.0, SAID: 0.5, RETURNED: 0.0}

CLERK_MOST: Final = 40.0
"""What one person may weigh with lessons nobody else confirmed; or a tenth of all that is confirmed, if that is more."""

CLERK_SHARE: Final = 0.1
PAIR_SHARE: Final = 0.5  # what one person may weigh with lessons others confirmed, among all
PAIR_MOST: Final = 400.0
SURE: Final = 0.8  # from here on the release in force has an opinion
ODD_LEAST: Final = 20
ODD_SHARE: Final = 0.5  # who contradicts it in more than this share of many lessons
ODD_FACTOR: Final = 0.1


@dataclass(frozen=True, slots=True)
class WeightedLabel:
    """One lesson as the fit will see it. `why` names every reduction."""

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


Opinion = Callable[[str, str], tuple[str, float]]
"""The heading the release in force sees in a title and text, and how sure it is."""


def weigh_labels(lessons: Sequence[WeightedLabel], opinion: Opinion | None) -> list[WeightedLabel]:
    """The lessons in the same order with their weights, groups of copies, and the reasons for each reduction."""
    groups = copies([f"{one.title} {one.text}" for one in lessons])
    found = [
        replace(one, weight=WEIGHT_OF[one.state], group=group, why=("returned",) if one.state == RETURNED else ())
        for one, group in zip(lessons, groups, strict=True)
    ]
    found = _without_contradictions(found)
    found = _without_odd_ones(found, opinion) if opinion else found
    found = _capped(found, lambda one: one.group, lambda _: CAMPAIGN_MOST, "campaign")
    confirmed = sum(one.weight for one in found if one.state == CONFIRMED)
    most = max(CLERK_MOST, CLERK_SHARE * confirmed)
    found = _capped(found, lambda one: one.by if one.state == SAID else None, lambda _: most, "clerk")
    most = max(PAIR_MOST, PAIR_SHARE * confirmed)
    return _capped(found, lambda one: one.by if one.state == CONFIRMED else None, lambda _: most, "clerk")


def _without_contradictions(lessons: Sequence[WeightedLabel]) -> list[WeightedLabel]:
    """Copies of a text that was confirmed to be something else weigh nothing; copies at odds count for half."""
    outcomes: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for one in lessons:
        outcomes[one.group][one.category[:2]] += one.weight * (10 if one.state == CONFIRMED else 1)
    found = []
    for one in lessons:
        others = outcomes[one.group]
        best = max(others.values())
        if one.weight and others[one.category[:2]] < best:
            found.append(replace(one, weight=0.0, why=(*one.why, "contradicted")))
        elif one.weight and list(others.values()).count(best) > 1:
            found.append(replace(one, weight=one.weight / 2, why=(*one.why, "disputed")))
        else:
            found.append(one)
    return found


def _without_odd_ones(lessons: Sequence[WeightedLabel], opinion: Opinion) -> list[WeightedLabel]:
    """Much said by one person that the release in force is sure is otherwise: a tenth, until somebody confirms it."""
    odd: dict[int, bool] = {}
    per_clerk: Counter[str] = Counter()
    contrary: Counter[str] = Counter()
    for place, one in enumerate(lessons):
        if one.state == SAID:
            heading, sure = opinion(one.title, one.text)
            odd[place] = sure >= SURE and heading != one.category[:2]
            per_clerk[one.by] += 1
            contrary[one.by] += odd[place]
    suspects = {by for by, n in per_clerk.items() if n >= ODD_LEAST and contrary[by] > ODD_SHARE * n}
    return [
        replace(one, weight=one.weight * ODD_FACTOR, why=(*one.why, "unlike"))
        if one.state == SAID and (one.by in suspects or odd[place])
        else one
        for place, one in enumerate(lessons)
    ]


def _capped(
    lessons: Sequence[WeightedLabel], key: Callable[[WeightedLabel], object], most: Callable[[object], float], why: str
) -> list[WeightedLabel]:
    """The lessons with the weight of each key scaled down to what it may be at most; those with key None as they are."""
    sums: dict[object, float] = defaultdict(float)
    for one in lessons:
        sums[key(one)] += one.weight
    found = []
    for one in lessons:
        over = sums[key(one)] / most(key(one)) if key(one) is not None else 0.0
        found.append(replace(one, weight=one.weight / over, why=(*one.why, why)) if over > 1 and one.weight else one)
    return found
