"""Detect drift: compare today's messages with those of the weeks before.

Three measures: the distribution of topics (population stability index of the level-1 categories the classifier chose),
the share of words unknown to the release, and its mean confidence. Each measure has a bound from which it matters, and
counts only when it is unlikely to be chance: with few messages every index is large. No I/O.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MIN_MESSAGES: Final = 50
"""With fewer messages in either sample no drift is reported."""

WATCH_BOUND: Final = 0.1
SHIFTED_BOUND: Final = 0.25
"""The customary bounds of the index (Siddiqi, Credit Risk Scorecards, 2006)."""

MAX_NEW_WORDS: Final = 0.05  # increase of the share of unknown words
MAX_CONFIDENCE_LOSS: Final = 0.05  # decrease of the mean confidence
_STANDARD_ERRORS: Final = 3.0  # standard errors a difference must exceed
_EMPTY_CATEGORY_COUNT: Final = 0.5  # a category without messages counts as half a message


class DriftMeasure(StrEnum):
    """What is compared."""

    TOPICS = "topics"
    WORDS = "words"
    CONFIDENCE = "confidence"


class DriftLevel(StrEnum):
    """How strong the drift is."""

    CALM = "calm"
    WATCH = "watch"
    SHIFTED = "shifted"
    UNKNOWN = "unknown"  # too few messages to say


@dataclass(frozen=True, slots=True)
class ClassifiedMessage:
    """How the classifier judged one message. `coverage`: share of its words known to the release, -1 when not stored."""

    category: str
    confidence: float
    coverage: float = -1.0


@dataclass(frozen=True, slots=True)
class DriftFinding:
    """One measure: its value before and now, the distance, and the bound."""

    measure: DriftMeasure
    before: float
    now: float
    distance: float
    bound: float
    level: DriftLevel


def detect_drift(before: Sequence[ClassifiedMessage], now: Sequence[ClassifiedMessage]) -> tuple[DriftFinding, ...]:
    """The findings of all measures."""
    return (_compare_topics(before, now), _compare_words(before, now), _compare_confidence(before, now))


def population_stability_index(before: Sequence[str], now: Sequence[str]) -> float:
    """The population stability index of two samples of categories."""
    old, new = Counter(before), Counter(now)
    categories = sorted(old.keys() | new.keys())

    def shares(counts: Counter[str]) -> list[float]:
        filled = [max(counts[category], _EMPTY_CATEGORY_COUNT) for category in categories]
        return [count / sum(filled) for count in filled]

    return sum((b - a) * math.log(b / a) for a, b in zip(shares(old), shares(new), strict=True))


def _compare_topics(before: Sequence[ClassifiedMessage], now: Sequence[ClassifiedMessage]) -> DriftFinding:
    old, new = [message.category for message in before], [message.category for message in now]
    if min(len(old), len(new)) < MIN_MESSAGES:
        return DriftFinding(DriftMeasure.TOPICS, 0.0, 0.0, 0.0, SHIFTED_BOUND, DriftLevel.UNKNOWN)
    index = population_stability_index(old, new)
    degrees_of_freedom = len(set(old) | set(new)) - 1
    # Without drift the index times this size is chi-square distributed: mean `degrees_of_freedom`, variance twice that.
    size = len(old) * len(new) / (len(old) + len(new))
    by_chance = (degrees_of_freedom + _STANDARD_ERRORS * math.sqrt(2 * degrees_of_freedom)) / size
    level = (
        DriftLevel.CALM
        if index <= max(WATCH_BOUND, by_chance)
        else DriftLevel.SHIFTED
        if index > SHIFTED_BOUND
        else DriftLevel.WATCH
    )
    return DriftFinding(DriftMeasure.TOPICS, 0.0, index, index, max(SHIFTED_BOUND, by_chance), level)


def _compare_words(before: Sequence[ClassifiedMessage], now: Sequence[ClassifiedMessage]) -> DriftFinding:
    old, new = ([1 - message.coverage for message in messages if message.coverage >= 0] for messages in (before, now))
    return _compare_means(DriftMeasure.WORDS, old, new, MAX_NEW_WORDS, worse=1)


def _compare_confidence(before: Sequence[ClassifiedMessage], now: Sequence[ClassifiedMessage]) -> DriftFinding:
    old, new = ([message.confidence for message in messages] for messages in (before, now))
    return _compare_means(DriftMeasure.CONFIDENCE, old, new, MAX_CONFIDENCE_LOSS, worse=-1)


def _compare_means(
    measure: DriftMeasure, old: Sequence[float], new: Sequence[float], bound: float, worse: int
) -> DriftFinding:
    if min(len(old), len(new)) < MIN_MESSAGES:
        return DriftFinding(measure, 0.0, 0.0, 0.0, bound, DriftLevel.UNKNOWN)
    (a, error_a), (b, error_b) = _mean_and_error(old), _mean_and_error(new)
    distance = (b - a) * worse
    is_real = distance > _STANDARD_ERRORS * math.hypot(error_a, error_b)
    level = DriftLevel.CALM if not is_real else DriftLevel.SHIFTED if distance > bound else DriftLevel.WATCH
    return DriftFinding(measure, a, b, distance, bound, level)


def _mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error."""
    mean = sum(values) / len(values)
    spread = sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1)
    return mean, math.sqrt(spread / len(values))
