"""Does the sequential test keep its error rate at any number of checks, and is a proof withdrawn when the bound falls?"""

from datetime import timedelta

import numpy as np
import pytest

from classify.automation import gate
from classify.automation.gate import CellState, GateState, add_outcome, compute_lower_bound, replay_outcomes
from tests.moments import MONDAY

TARGET = 0.98
HOUR = timedelta(hours=1)


def _run_outcomes(outcomes: str, before: CellState | None = None, target: float = TARGET) -> CellState:
    cell = before or CellState()
    for i, outcome in enumerate(outcomes):
        cell = add_outcome(cell, outcome == "1", MONDAY + i * HOUR, target)
    return cell


def test_a_new_district_has_no_proven_cell() -> None:
    assert not gate.is_proven({}, "0402", "jiedao-qingbo", "renshe", 0.99)
    assert CellState().bound == 0.0


@pytest.mark.parametrize(("right", "proves"), [(100, False), (162, False), (163, True)])
def test_163_right_outcomes_in_a_row_prove_98_percent(right: int, proves: bool) -> None:
    assert (_run_outcomes("1" * right).state is GateState.PROVEN) is proves


def test_one_mistake_requires_a_hundred_more_right_outcomes() -> None:
    assert _run_outcomes("0" + "1" * 300).state is GateState.GATHERING
    assert _run_outcomes("0" + "1" * 400).state is GateState.PROVEN


@pytest.mark.parametrize(("right", "n"), [(0, 5), (1, 1), (149, 150), (980, 1000), (5000, 5000)])
def test_the_bound_lies_below_the_observed_share(right: int, n: int) -> None:
    assert 0 <= compute_lower_bound(right, n) < right / n or right == 0


def test_right_outcomes_raise_the_bound_and_a_wrong_one_lowers_it() -> None:
    assert compute_lower_bound(50, 50) < compute_lower_bound(51, 51)
    assert compute_lower_bound(51, 52) < compute_lower_bound(51, 51)


@pytest.mark.slow
def test_checking_after_every_outcome_keeps_the_error_rate() -> None:
    """Two hundred cells just below the target, each watched over 1,500 outcomes: few are ever proven."""
    draw = np.random.default_rng(20_261_122)
    deceived = 0
    for _ in range(200):
        right = np.cumsum(draw.random(1500) < TARGET - 0.002)
        deceived += any(compute_lower_bound(int(right[i]), i + 1) >= TARGET for i in range(99, 1500, 7))
    assert deceived / 200 <= gate.RISK


def test_a_cell_is_withdrawn_when_its_bound_falls_below_the_target() -> None:
    proven = _run_outcomes("1" * 170)
    fallen = _run_outcomes("0", proven)
    assert (proven.state, fallen.state) == (GateState.PROVEN, GateState.WITHDRAWN)
    assert fallen.n == 171


def test_a_sudden_change_withdraws_a_cell_of_thousands_and_resets_its_counts() -> None:
    proven = _run_outcomes("1" * 5000)
    outcomes = "10110101010100"
    fallen = _run_outcomes(outcomes, proven)
    assert (
        compute_lower_bound(5000 + outcomes.count("1"), 5000 + len(outcomes)) >= TARGET
    )  # in total nobody would have noticed
    assert fallen.state is GateState.WITHDRAWN
    assert fallen.n < len(outcomes)
    assert fallen.total == 5000 + len(outcomes)


def test_a_withdrawn_cell_must_be_proven_again() -> None:
    fallen = _run_outcomes("0" * 5, _run_outcomes("1" * 1000))
    assert fallen.state is GateState.WITHDRAWN
    assert _run_outcomes("1" * 100, fallen).state is GateState.WITHDRAWN
    assert _run_outcomes("1" * 200, fallen).state is GateState.PROVEN


def test_since_is_the_time_of_the_last_change_of_state() -> None:
    proven = _run_outcomes("1" * 200)
    assert proven.since == MONDAY + 162 * HOUR


def test_a_cell_never_proven_is_not_reset_after_mistakes() -> None:
    assert _run_outcomes("110100101").n == 9


def test_a_message_belongs_to_cells_of_category_street_unit_and_confidence() -> None:
    assert gate.list_cells("0402", "jiedao", "renshe", 0.5) == ("04", "0402", "04@jiedao", "04>renshe")
    assert set(gate.list_cells("04", "", "renshe", 0.93)) == {"04", "04≥0.9", "04>renshe", "04>renshe≥0.9"}
    assert gate.list_cells("04", "", "", 0.992)[-2:] == ("*≥0.97", "*≥0.99")
    assert gate.parse_cell("04>renshe≥0.9") == ("04", "", "renshe", 0.9)
    assert gate.parse_cell("0402@jiedao") == ("0402", "jiedao", "", 0.0)


def test_a_proof_for_confident_messages_does_not_hold_for_others() -> None:
    known = {"04≥0.9": GateState.PROVEN}
    assert gate.is_proven(known, "04", "", "renshe", 0.95)
    assert not gate.is_proven(known, "04", "", "renshe", 0.85)


def test_a_withdrawn_unit_is_not_overridden_by_the_proof_of_its_category() -> None:
    known = {"04": GateState.PROVEN, "04>renshe": GateState.WITHDRAWN}
    assert not gate.is_proven(known, "04", "", "renshe", 0.8)
    assert gate.is_proven(known, "04", "", "zonggonghui", 0.8)


def test_the_pool_holds_for_each_category_that_is_not_withdrawn() -> None:
    known = {"*≥0.99": GateState.PROVEN, "05≥0.97": _run_outcomes("1" * 30 + "0100101").state}
    assert gate.is_proven(known, "04", "", "renshe", 0.995)
    assert not gate.is_proven(known, "04", "", "renshe", 0.98)
    assert not gate.is_proven(known, "05", "", "weijian", 0.995)


def test_mistakes_are_outweighed_by_later_right_outcomes() -> None:
    assert _run_outcomes("1" * 30 + "0000").state is GateState.DOUBTFUL
    assert _run_outcomes("1" * 30 + "0000" + "1" * 60).state is GateState.GATHERING


def test_replaying_all_outcomes_gives_the_same_state() -> None:
    results = "1" * 60 + "0" + "1" * 400 + "00000" + "1" * 30
    outcomes = [(result == "1", MONDAY + i * HOUR) for i, result in enumerate(results)]
    assert replay_outcomes(outcomes, TARGET) == _run_outcomes(results)
