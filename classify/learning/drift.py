"""Detect drift: are today's messages still like those the release was judged on? Compared with the weeks before.

Three signs: what is written about (population stability index of the headings the classifier saw), how much of the
words is new to the release, and how sure it still is. Each sign has the bound from which it matters, and counts only
when chance alone would rarely reach it: with few messages every index is large. No I/O.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FEWEST: Final = 50
"""With fewer messages on either side nothing is said."""

WATCH: Final = 0.1
SHIFTED: Final = 0.25
"""The bounds by which the index is read wherever it is used (Siddiqi, Credit Risk Scorecards, 2006)."""

NEW_WORDS: Final = 0.05  # so much more of the words unknown
LESS_SURE: Final = 0.05  # so much less confidence on the average
_ERRORS: Final = 3.0  # standard errors a difference must exceed
_FLOOR: Final = 0.5  # a heading nobody wrote about counts half a message


class DriftMeasure(StrEnum):
    """What is compared."""

    TOPICS = "topics"
    WORDS = "words"
    SURENESS = "sureness"


class DriftLevel(StrEnum):
    """What follows."""

    CALM = "calm"
    WATCH = "watch"
    SHIFTED = "shifted"
    UNKNOWN = "unknown"  # too few messages to say


@dataclass(frozen=True, slots=True)
class Look:
    """What the classifier thought of one message. `known`: share of its words the release had seen, -1 when not kept."""

    heading: str
    confidence: float
    known: float = -1.0


@dataclass(frozen=True, slots=True)
class DriftFinding:
    """One sign: before, now, how far apart, and the bound."""

    sign: DriftMeasure
    before: float
    now: float
    distance: float
    bound: float
    level: DriftLevel


def detect_drift(before: Sequence[Look], now: Sequence[Look]) -> tuple[DriftFinding, ...]:
    """All signs."""
    return (_topics(before, now), _words(before, now), _sureness(before, now))


def stability(before: Sequence[str], now: Sequence[str]) -> float:
    """The population stability index of two samples of headings."""
    old, new = Counter(before), Counter(now)
    headings = sorted(old.keys() | new.keys())

    def shares(counts: Counter[str]) -> list[float]:
        filled = [max(counts[heading], _FLOOR) for heading in headings]
        return [one / sum(filled) for one in filled]

    return sum((b - a) * math.log(b / a) for a, b in zip(shares(old), shares(new), strict=True))


def _topics(before: Sequence[Look], now: Sequence[Look]) -> DriftFinding:
    old, new = [look.heading for look in before], [look.heading for look in now]
    if min(len(old), len(new)) < FEWEST:
        return DriftFinding(DriftMeasure.TOPICS, 0.0, 0.0, 0.0, SHIFTED, DriftLevel.UNKNOWN)
    index = stability(old, new)
    freedom = len(set(old) | set(new)) - 1
    # Without any shift the index, times this, is chi-square: mean `freedom`, variance twice that.
    size = len(old) * len(new) / (len(old) + len(new))
    by_chance = (freedom + _ERRORS * math.sqrt(2 * freedom)) / size
    level = (
        DriftLevel.CALM
        if index <= max(WATCH, by_chance)
        else DriftLevel.SHIFTED
        if index > SHIFTED
        else DriftLevel.WATCH
    )
    return DriftFinding(DriftMeasure.TOPICS, 0.0, index, index, max(SHIFTED, by_chance), level)


def _words(before: Sequence[Look], now: Sequence[Look]) -> DriftFinding:
    old, new = ([1 - look.known for look in looks if look.known >= 0] for looks in (before, now))
    return _means(DriftMeasure.WORDS, old, new, NEW_WORDS, worse=1)


def _sureness(before: Sequence[Look], now: Sequence[Look]) -> DriftFinding:
    old, new = ([look.confidence for look in looks] for looks in (before, now))
    return _means(DriftMeasure.SURENESS, old, new, LESS_SURE, worse=-1)


def _means(sign: DriftMeasure, old: Sequence[float], new: Sequence[float], bound: float, worse: int) -> DriftFinding:
    if min(len(old), len(new)) < FEWEST:
        return DriftFinding(sign, 0.0, 0.0, 0.0, bound, DriftLevel.UNKNOWN)
    (a, error_a), (b, error_b) = _mean(old), _mean(new)
    distance = (b - a) * worse
    is_real = distance > _ERRORS * math.hypot(error_a, error_b)
    level = DriftLevel.CALM if not is_real else DriftLevel.SHIFTED if distance > bound else DriftLevel.WATCH
    return DriftFinding(sign, a, b, distance, bound, level)


def _mean(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error."""
    mean = sum(values) / len(values)
    spread = sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1)
    return mean, math.sqrt(spread / len(values))
