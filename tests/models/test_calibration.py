"""Does recalibration bring confidence close to accuracy without changing the predicted class?"""

import numpy as np
import pytest

from classify.model.linear_heads import PlattScaling, recalibrated
from classify.model.pipeline import fit_platt

RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("slope", [0.3, 0.7, 1.4])
@pytest.mark.parametrize("offset", [-2.0, 0.0, 0.8])
def test_recalibration_does_not_change_the_predicted_class(offset: float, slope: float) -> None:
    for shares in RANDOM.dirichlet(np.full(7, 0.3), size=200):
        recalibrated_shares = recalibrated(shares, PlattScaling(offset, slope))
        assert recalibrated_shares.sum() == pytest.approx(1.0)
        assert (np.argsort(-recalibrated_shares, kind="stable") == np.argsort(-shares, kind="stable")).all()


def test_a_calibrated_classifier_is_not_changed() -> None:
    shares = np.array([0.6, 0.3, 0.1])
    assert recalibrated(shares, PlattScaling()) is shares
    sure = RANDOM.uniform(0.3, 0.99, 20_000)
    assert fit_platt(sure, RANDOM.random(20_000) < sure) == pytest.approx((0.0, 1.0), abs=0.1)


def test_overconfidence_is_reduced() -> None:
    confidence = RANDOM.uniform(0.5, 0.999, 20_000)
    odds = np.log(confidence / (1 - confidence))
    true = 1 / (1 + np.exp(-(0.4 + 0.6 * odds)))
    offset, slope = fit_platt(confidence, RANDOM.random(20_000) < true)
    assert (offset, slope) == pytest.approx((0.4, 0.6), abs=0.08)
    assert recalibrated(np.array([0.99, 0.006, 0.004]), PlattScaling(offset, slope))[0] < 0.97
    assert recalibrated(np.array([0.5, 0.3, 0.2]), PlattScaling(offset, slope))[0] > 0.5


def test_too_few_predictions_are_not_recalibrated() -> None:
    assert fit_platt(np.array([0.9, 0.8, 0.95]), np.array([True, False, True])) == PlattScaling()
    assert fit_platt(np.full(500, 0.9), np.full(500, True)) == PlattScaling()
