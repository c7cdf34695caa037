"""Are the figures of a trial computed right?"""

import numpy as np
import pytest

from classify.model.metrics import LabelledMessage, calibration_error, evaluate, frozen_messages
from tests.models.classifier import cold


def test_the_figures_have_the_names_of_the_contract() -> None:
    names = "n accuracy macro_f1 top2_accuracy top3_accuracy ece auto_share auto_precision us_per_item"
    assert list(evaluate(cold(), frozen_messages()[:10]).as_json()) == names.split()


def test_labels_may_be_codes_or_names_of_either_level() -> None:
    title, body = "停水两天没有人管", "我们楼从前天开始停水，自来水公司的电话打不通。"
    for label in ("0305", "03", "城乡建设", "城市建设和市政管理"):
        assert evaluate(cold(), [LabelledMessage(title, body, label)]).accuracy == 1


def test_a_wrong_label_lowers_the_accuracy_and_the_precision() -> None:
    title, body = "停水两天没有人管", "我们楼从前天开始停水，自来水公司的电话打不通。"
    figures = evaluate(cold(), [LabelledMessage(title, body, "03"), LabelledMessage(title, body, "06")])
    assert figures.accuracy == 0.5
    assert figures.auto_precision == 0.5


def test_a_restricted_choice_is_never_worse_on_labels_of_the_file() -> None:
    rows = [row for row in frozen_messages() if row.label[:2] in ("04", "05", "06")]
    free = evaluate(cold(), rows)
    assert evaluate(cold(), rows, restrict=True).accuracy >= free.accuracy


def test_top_k_accuracy_grows_with_k() -> None:
    figures = evaluate(cold(), frozen_messages())
    assert figures.accuracy <= figures.top2_accuracy <= figures.top3_accuracy <= 1


def test_no_rows_and_unknown_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="no rows"):
        evaluate(cold(), [])
    with pytest.raises(KeyError):
        evaluate(cold(), [LabelledMessage("停水", "小区停水三天", "天文航海")])


def test_calibration_error_is_the_distance_of_confidence_and_accuracy() -> None:
    assert calibration_error(np.array([0.9, 0.9]), np.array([True, True])) == pytest.approx(0.1)
    assert calibration_error(np.array([0.5, 0.5]), np.array([True, False])) == pytest.approx(0)
    assert calibration_error(np.array([1.0, 1.0]), np.array([False, False])) == pytest.approx(1)
