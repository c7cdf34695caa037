"""Does a district's correction learn from its outcomes, and only from enough of them?"""

import numpy as np
from numpy.typing import NDArray

from classify.model import adaptation
from classify.model.linear_heads import LocalCorrection

WATER = [("停水", f"清波小区{i}栋停水两天没有人来修") for i in range(30)]
WAGES = [("欠薪", f"第{i}工地老板拖欠工资不给") for i in range(30)]
MESSAGES = [*WATER, *WAGES]
THINKS: list[NDArray[np.float64]] = [np.array([0.9, 0.1])] * 30 + [np.array([0.1, 0.9])] * 30
OPINIONS = [[distribution] for distribution in THINKS]


def _probabilities(learnt: LocalCorrection, title: str, body: str, thought: NDArray[np.float64]) -> NDArray[np.float64]:
    return learnt.probabilities([thought], title, body)


def test_a_correction_learns_a_town_that_swaps_two_categories() -> None:
    learnt = adaptation.fit_correction(MESSAGES, OPINIONS, [1] * 30 + [0] * 30, 2)
    assert learnt is not None
    assert _probabilities(learnt, "停水", "清波小区又停水了", THINKS[0]).argmax() == 1
    assert _probabilities(learnt, "欠薪", "老板不给工资", THINKS[-1]).argmax() == 0


def test_a_correction_follows_a_release_that_is_right() -> None:
    learnt = adaptation.fit_correction(MESSAGES, OPINIONS, [0] * 30 + [1] * 30, 2)
    assert learnt is not None
    assert _probabilities(learnt, "别的事", "从来没有写过的话", THINKS[0]).argmax() == 0
    assert learnt.scales[0] > 0


def test_with_too_few_outcomes_there_is_no_correction() -> None:
    few = adaptation.MIN_OUTCOMES - 1
    assert adaptation.fit_correction(MESSAGES[:few], OPINIONS[:few], [0] * few, 2) is None


def test_corrected_probabilities_add_up_to_one_for_any_text() -> None:
    learnt = adaptation.fit_correction(MESSAGES, OPINIONS, [0] * 30 + [1] * 30, 2)
    assert learnt is not None
    for title, body in (("", ""), ("鼊", "龘"), ("a", "b" * 5000)):
        assert abs(float(_probabilities(learnt, title, body, THINKS[0]).sum()) - 1) < 1e-6


def test_the_same_outcomes_give_the_same_correction() -> None:
    first, two = (adaptation.fit_correction(MESSAGES, OPINIONS, [1] * 30 + [0] * 30, 2) for _ in range(2))
    assert first is not None
    assert two is not None
    assert (first.bias == two.bias).all()
    assert all((a.weights == b.weights).all() for a, b in zip(first.blocks, two.blocks, strict=True))
