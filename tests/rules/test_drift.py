"""Is drift reported when there is some, and never when it is only chance?"""

import random

import pytest

from classify.learning import drift
from classify.learning.drift import ClassifiedMessage, DriftLevel, DriftMeasure

HEADINGS = ("03", "04", "06", "10", "13")


def _messages(
    n: int, weights: tuple[int, ...] = (4, 3, 2, 1, 1), sure: float = 0.85, known: float = 0.9, seed: int = 1
) -> list[ClassifiedMessage]:
    draw = random.Random(seed)
    return [
        ClassifiedMessage(draw.choices(HEADINGS, weights)[0], min(1, draw.gauss(sure, 0.1)), min(1, draw.gauss(known, 0.04)))
        for _ in range(n)
    ]  # fmt: skip


def _detect_levels(before: list[ClassifiedMessage], now: list[ClassifiedMessage]) -> dict[DriftMeasure, DriftLevel]:
    return {finding.measure: finding.level for finding in drift.detect_drift(before, now)}


def test_the_same_town_a_month_later_has_no_drift() -> None:
    assert set(_detect_levels(_messages(400), _messages(200, seed=2)).values()) == {DriftLevel.CALM}


@pytest.mark.parametrize("seed", range(3, 23))
def test_few_messages_are_not_taken_for_drift(seed: int) -> None:
    assert set(_detect_levels(_messages(300), _messages(60, seed=seed)).values()) == {DriftLevel.CALM}


@pytest.mark.parametrize(
    ("now", "sign"),
    [
        (_messages(200, weights=(1, 1, 1, 1, 12), seed=4), DriftMeasure.TOPICS),
        (_messages(200, known=0.78, seed=5), DriftMeasure.WORDS),
        (_messages(200, sure=0.7, seed=6), DriftMeasure.CONFIDENCE),
    ],
    ids=["another topic", "new words", "less sure"],
)
def test_each_drift_is_reported_by_its_own_measure_only(now: list[ClassifiedMessage], sign: DriftMeasure) -> None:
    levels = _detect_levels(_messages(400), now)
    assert levels[sign] is DriftLevel.SHIFTED
    assert {level for other, level in levels.items() if other is not sign} == {DriftLevel.CALM}


def test_more_known_words_and_more_confidence_are_no_drift() -> None:
    assert set(_detect_levels(_messages(300, sure=0.6, known=0.7), _messages(300, seed=7)).values()) == {
        DriftLevel.CALM
    }


def test_with_too_few_messages_drift_is_unknown() -> None:
    assert set(_detect_levels(_messages(400), _messages(drift.MIN_MESSAGES - 1, seed=8)).values()) == {
        DriftLevel.UNKNOWN
    }
    old = [ClassifiedMessage("03", 0.9) for _ in range(100)]  # kept before the share of known words was
    assert _detect_levels(old, _messages(100))[DriftMeasure.WORDS] is DriftLevel.UNKNOWN


def test_the_index_of_two_equal_samples_is_zero() -> None:
    assert drift.population_stability_index(["03", "04"] * 50, ["04", "03"] * 20) == pytest.approx(0)
