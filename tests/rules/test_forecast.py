"""Probability that a running clock ends late, computed from past clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from routing.oversight.forecast import PRIOR_SHARE, PRIOR_WEIGHT, History, PastClock, compute_calibration, used_share

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=300)
DAY = timedelta(days=1)


def make_past_clocks(unit: str, *ended_after_days: float, term: str = "resolve") -> list[PastClock]:
    """Clocks of ten days that ended so many days after they began."""
    return [PastClock(unit, term, "appeal", START, START + 10 * DAY, START + days * DAY) for days in ended_after_days]


def test_without_history_a_small_probability_is_assumed_until_the_term_ends() -> None:
    nothing = History.of([], NOW)
    assert nothing.forecast("a", "resolve", "appeal", 0.5).chance == pytest.approx(PRIOR_SHARE)
    assert nothing.forecast("a", "resolve", "appeal", 1.0).chance == 1.0


def test_the_chance_is_the_share_of_those_still_running_that_became_late_leaning_on_all_units() -> None:
    history = History.of([*make_past_clocks("a", 2, 4, 6, 8, 12, 14), *make_past_clocks("b", *[1] * 10, 5, 5)], NOW)
    forecast = history.forecast("a", "resolve", "appeal", 0.5)
    assert (forecast.unit_n, forecast.unit_late, forecast.all_n, forecast.all_late) == (4, 2, 6, 2)
    chance = PRIOR_SHARE
    for n in (6, 6, 6, 4):  # all terms, this term, this term and kind, the unit's own: two of each became late
        chance = (2 + PRIOR_WEIGHT * chance) / (n + PRIOR_WEIGHT)
    assert forecast.chance == pytest.approx(chance)


def test_the_longer_a_clock_runs_the_likelier_it_is_late() -> None:
    history = History.of(make_past_clocks("a", 1, 2, 3, 4, 5, 6, 7, 8, 12), NOW)
    chances = [history.forecast("a", "resolve", "appeal", used / 10).chance for used in range(11)]
    assert chances == sorted(chances)


def test_another_term_or_kind_has_its_own_history() -> None:
    history = History.of(make_past_clocks("a", *[20] * 50), NOW)
    assert history.forecast("a", "notify", "appeal", 0.5).unit_n == 0
    other = history.forecast("a", "resolve", "consult", 0.5)
    assert (other.unit_n, other.all_n) == (0, 0)
    assert other.chance < history.forecast("a", "resolve", "appeal", 0.5).chance


def test_a_running_late_clock_counts_as_late() -> None:
    history = History.of([PastClock("a", "resolve", "appeal", START, START + 10 * DAY, None)], NOW)
    assert history.count_unended(("a", "resolve", "appeal"), 0.5) == (1, 1)


def test_expected_lateness_is_chance_times_days() -> None:
    history = History.of(make_past_clocks("a", *[14] * 40), NOW)
    forecast = history.forecast("a", "resolve", "appeal", 0.9)
    assert forecast.days_if_late == pytest.approx(4)
    assert forecast.expected_days == pytest.approx(forecast.chance * 4)


def test_the_share_of_time_of_a_clock_without_length_is_whole() -> None:
    assert used_share(START, START, START) == 1.0


def test_a_calibrated_forecast_is_reported_as_calibrated() -> None:
    calibration = compute_calibration([(0.25, n % 4 == 0) for n in range(400)], bins=1)
    assert calibration["bins"] == [{"n": 400, "foretold": 0.25, "happened": 0.25}]
