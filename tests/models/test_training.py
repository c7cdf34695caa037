"""Is fitting deterministic, does it learn from labels, and does it leave other categories unchanged?"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from classify import taxonomy
from classify.learning.candidate import MAX_FROZEN_LOSS
from classify.model import adaptation, release_files, seed_examples, training
from classify.model.metrics import LabelledMessage, evaluate, frozen_accuracy
from classify.model.release import Model
from classify.model.release_files import load
from classify.model.seed_examples import Example
from tests.models.classifier import DUTIES, cold, cold_folder

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("training")]  # two fits serve two tests each

OWN = seed_examples.seed_examples(DUTIES)
MESSAGES = [e for e in OWN if e.source == "example"]


def _label_own_examples(headings: tuple[str, ...], every: int = 1) -> list[Example]:
    """Our own messages as if people had filed them, under their headings only."""
    mine = [e for e in MESSAGES if e.category[:2] in headings]
    return [replace(e, category=e.category[:2], source="people") for e in mine[::every]]


@cache
def _fit_again() -> Model:
    return training.fit(seed_examples.seed_examples(DUTIES))


@cache
def _fit_three_categories() -> Model:
    return training.fit([*OWN, *_label_own_examples(("03", "04", "06"))])


def test_the_same_knowledge_gives_the_same_release(tmp_path: Path) -> None:
    assert release_files.save(_fit_again(), tmp_path) == cold_folder().name


def test_other_duties_give_another_release(tmp_path: Path) -> None:
    other = training.fit(seed_examples.seed_examples(DUTIES[:1]))
    assert release_files.save(other, tmp_path) != cold_folder().name


def test_a_saved_release_answers_exactly_as_the_fitted_one() -> None:
    fitted = _fit_again()
    for e in MESSAGES[::50]:
        assert (fitted.probabilities(e.title, e.text) == cold().probabilities(e.title, e.text)).all()


def test_real_labels_turn_a_cold_release_into_a_trained_one() -> None:
    taught = _fit_three_categories()
    assert taught.settings.kind == "trained"
    assert taught.trained_head is not None
    assert [taxonomy.LEVEL1[i] for i in taught.trained_head.classes] == ["03", "04", "06"]


def test_labels_of_three_categories_do_not_spoil_the_other_fourteen() -> None:
    assert frozen_accuracy(_fit_three_categories()) >= frozen_accuracy(cold()) - 0.03


def test_what_people_file_differently_is_learnt() -> None:
    """Here the town files what we call agriculture under commerce and the other way round."""
    swapped = {"01": "11", "11": "01"}
    examples = [replace(e, category=swapped[e.category]) for e in _label_own_examples(("01", "11"))]
    taught = training.fit([*OWN, *examples, *examples])
    rows = [LabelledMessage(e.title, e.text, e.category) for e in examples]
    assert evaluate(cold(), rows, restrict=True).accuracy < 0.2
    assert evaluate(taught, rows, restrict=True).accuracy > 0.8


def test_too_few_labels_train_no_head() -> None:
    fitted = training.fit([*OWN, *_label_own_examples(("03", "04"), every=20)])
    assert fitted.trained_head is None


def test_a_level_2_label_teaches_level_2() -> None:
    lines = [f"第{i}号楼的鸽子棚又扩大了，羽毛飞进窗户" for i in range(12)]
    examples = [Example("鸽子棚", line, "0801", "people") for line in lines]
    before = cold().probabilities("鸽子棚", "楼上的鸽子棚羽毛乱飞")
    after = training.fit([*OWN, *examples]).probabilities("鸽子棚", "楼上的鸽子棚羽毛乱飞")
    place = taxonomy.LEVEL2.index("0801")
    assert after[place] > max(0.5, before[place])


def test_adapting_to_unlabelled_messages_removes_no_category() -> None:
    messages = [(e.title, e.text) for e in MESSAGES[::4]]
    fitted = training.fit(OWN, unlabelled=messages)
    assert fitted.kind == "adapted"
    assert fitted.trained_head is not None
    assert not fitted.trained_head.is_supervised
    assert frozen_accuracy(fitted) >= frozen_accuracy(cold()) - MAX_FROZEN_LOSS


def test_a_few_labels_beside_unlabelled_messages_correct_the_adapted_release(tmp_path: Path) -> None:
    """This town files telecoms under transport; so few labels could not have taught a head of their own."""
    messages = [(e.title, e.text) for e in MESSAGES[::4]]
    others = [e for e in _label_own_examples(taxonomy.LEVEL1, every=9) if e.category != "12"]
    examples = [replace(e, category="10", source="people") for e in _label_own_examples(("12",))][:25]
    fitted = training.fit([*OWN, *others, *examples], unlabelled=messages)
    assert fitted.kind == "trained"
    rows = [LabelledMessage(e.title, e.text, "10") for e in _label_own_examples(("12",))[25:]]
    assert evaluate(fitted, rows).accuracy > evaluate(cold(), rows).accuracy + 0.3
    assert frozen_accuracy(fitted) >= frozen_accuracy(cold()) - MAX_FROZEN_LOSS
    loaded = load(tmp_path / release_files.save(fitted, tmp_path))
    for e in MESSAGES[::50]:
        assert (loaded.probabilities(e.title, e.text) == fitted.probabilities(e.title, e.text)).all()


def test_level_2_labels_are_learnt_beside_unlabelled_messages() -> None:
    lines = [f"第{i}号楼的鸽子棚又扩大了，羽毛飞进窗户" for i in range(12)]
    examples = [Example("鸽子棚", line, "0801", "people") for line in lines]
    asked = "鸽子棚", "楼上的鸽子棚羽毛乱飞"
    after = training.fit([*OWN, *examples], unlabelled=[(e.title, e.text) for e in MESSAGES[::4]]).probabilities(*asked)
    place = taxonomy.LEVEL2.index("0801")
    assert after[place] > max(0.5, cold().probabilities(*asked)[place])


def test_a_release_with_wrong_knowledge_is_not_adapted() -> None:
    """Knowledge that takes every matter for another one would teach itself so; the messages of our own tell."""
    rolled = [replace(e, category=taxonomy.LEVEL2[taxonomy.LEVEL2.index(e.category) - 9]) for e in OWN]
    seed = training.fit(rolled)
    assert adaptation.adapt(seed, OWN, [(e.title, e.text) for e in MESSAGES[::4]]) is seed


def test_a_thousand_copies_of_one_message_do_not_adapt_a_release() -> None:
    copies = [(f"欠薪{i % 7}", "老板拖欠工资三个月，要回家过年了") for i in range(300)]
    copies += [(f"停水{i % 7}", "小区停水三天了没有人管，电话打不通") for i in range(300)]
    assert training.fit(OWN, unlabelled=copies).kind == "cold"


@pytest.mark.parametrize("unlabelled", [[], [("停水", "小区停水三天")]])
def test_too_few_messages_leave_the_release_cold(unlabelled: list[tuple[str, str]]) -> None:
    assert training.fit(OWN, unlabelled=unlabelled).trained_head is None
