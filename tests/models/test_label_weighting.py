"""Can one person, or one campaign, decide what the classifier learns? And are labels weighted by their state?"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from classify.learning import label_weighting, training_labels
from classify.learning.label_weighting import WeightedLabel
from classify.learning.training_labels import CONFIRMED, RETURNED, UNCONFIRMED
from classify.model import comparison
from classify.model.metrics import LabelledMessage
from classify.text import copies
from feedback.rules.read_models import EntryView
from feedback.rules.vocabulary import Act, Role
from tests.messages import messages
from tests.moments import MONDAY

TEXTS = list(messages(300))


def _make_labels(
    number: int, category: str = "0609", by: str = "rexian/甲", state: str = UNCONFIRMED
) -> list[WeightedLabel]:
    return [WeightedLabel(title, text, category, "wenlv", by, state) for title, text in TEXTS[:number]]


def _sum_weights(labels: list[WeightedLabel], **which: str) -> float:
    return sum(label.weight for label in labels if all(getattr(label, name) == value for name, value in which.items()))


def _predict_nothing(title: str, text: str) -> tuple[str, float]:
    return "06", 0.0


def _predict_sport(title: str, text: str) -> tuple[str, float]:
    return "06", 0.95


def test_two_hundred_labels_of_one_clerk_weigh_no_more_than_the_cap() -> None:
    assert (
        _sum_weights(label_weighting.weigh_labels(_make_labels(200), _predict_nothing))
        <= label_weighting.MAX_UNCONFIRMED_PER_PERSON + 0.01
    )


def test_labels_confirmed_by_a_second_person_have_full_weight() -> None:
    labels = label_weighting.weigh_labels(_make_labels(200, state=CONFIRMED), _predict_nothing)
    assert _sum_weights(labels) > 190
    assert {why for label in labels for why in label.why} <= {"campaign"}


def test_a_returned_label_has_no_weight() -> None:
    assert _sum_weights(label_weighting.weigh_labels(_make_labels(5, state=RETURNED), _predict_nothing)) == 0


def test_a_hundred_copies_of_one_text_weigh_as_three() -> None:
    title, text = TEXTS[0]
    copies = [WeightedLabel(title, f"{text}第{i}户", "0609", "wenlv", f"rexian/{i}", CONFIRMED) for i in range(100)]
    assert 2.99 <= _sum_weights(label_weighting.weigh_labels(copies, _predict_nothing)) <= 3.01


def test_a_label_that_contradicts_a_confirmed_copy_has_no_weight() -> None:
    title, text = TEXTS[0]
    good = WeightedLabel(title, text, "0609", "wenlv", "rexian/甲", CONFIRMED)
    labels = label_weighting.weigh_labels(
        [good, replace(good, category="0804", by="rexian/乙", state=UNCONFIRMED)], _predict_nothing
    )
    assert [label.weight for label in labels] == [1.0, 0.0]
    assert labels[1].why == ("contradicted",)


def test_two_contradicting_labels_have_half_the_weight_each() -> None:
    title, text = TEXTS[0]
    label = WeightedLabel(title, text, "0609", "wenlv", "rexian/甲", UNCONFIRMED)
    labels = label_weighting.weigh_labels([label, replace(label, category="0804", by="rexian/乙")], _predict_nothing)
    assert [weighted.weight for weighted in labels] == [0.25, 0.25]


def test_a_person_who_often_contradicts_the_release_has_little_weight() -> None:
    labels = label_weighting.weigh_labels(_make_labels(100, category="0804"), _predict_sport)
    assert all("unlike" in label.why for label in labels)
    assert _sum_weights(labels) <= 100 * 0.5 * label_weighting.CONTRARY_FACTOR + 0.01
    confirmed = label_weighting.weigh_labels(_make_labels(100, category="0804", state=CONFIRMED), _predict_sport)
    assert _sum_weights(confirmed) > 90


def test_varied_texts_are_not_taken_for_copies_and_edited_ones_are() -> None:
    texts = [f"{title} {text}" for title, text in TEXTS[:100]]
    assert len(set(copies.group_copies(texts))) > 90
    edited = [f"{text}以上情况属实" for text in texts]
    groups = copies.group_copies([*texts, *edited])
    assert sum(groups[i] == groups[i + 100] for i in range(100)) > 95


# ---- what a case teaches


def _entry(act: Act, by: str, hour: int, **data: Any) -> EntryView:
    unit, _, name = by.partition("/")
    role = Role.SYSTEM if by == "system" else Role.CLERK
    return EntryView(hour, act.value, MONDAY + timedelta(hours=hour), name, role.value, unit, "", data, False)


GUESSED = _entry(Act.CLASSIFY, "system", 1, category="0108", release="r")
SENT = _entry(Act.ASSIGN, "system", 2, unit="shuili")


def test_a_category_only_from_the_classifier_is_no_label_until_a_unit_accepts() -> None:
    assert training_labels.derive_label([GUESSED, SENT]) is None
    lesson = training_labels.derive_label([GUESSED, SENT, _entry(Act.ACCEPT, "shuili/丙", 3)])
    assert lesson is not None
    assert (lesson.category, lesson.state, lesson.source, lesson.by) == ("0108", CONFIRMED, "accept", "shuili/丙")


def test_after_a_return_the_label_is_what_the_second_unit_confirms() -> None:
    story = [
        GUESSED,
        SENT,
        _entry(Act.RETURN, "shuili/丙", 3, reason="不属于本单位"),
        _entry(Act.CLASSIFY, "rexian/甲", 4, category="0609"),
        _entry(Act.ASSIGN, "rexian/甲", 5, unit="wenlv"),
        _entry(Act.ACCEPT, "wenlv/丁", 6),
    ]
    returned, unconfirmed, confirmed = (training_labels.derive_label(story[:n]) for n in (3, 5, 6))
    assert returned is not None and (returned.category, returned.state) == ("0108", RETURNED)
    assert unconfirmed is not None and (unconfirmed.category, unconfirmed.state, unconfirmed.was) == (
        "0609",
        UNCONFIRMED,
        "0108",
    )
    assert confirmed is not None and (confirmed.state, confirmed.confirmed_by) == (CONFIRMED, "wenlv/丁")
    assert (confirmed.by, confirmed.unit, confirmed.source) == ("rexian/甲", "wenlv", "classify")


def test_nobody_confirms_their_own_label() -> None:
    own = [
        _entry(Act.CLASSIFY, "rexian/甲", 1, category="0609"),
        _entry(Act.ASSIGN, "rexian/甲", 2, unit="rexian"),
        _entry(Act.ACCEPT, "rexian/甲", 3),
    ]
    lesson = training_labels.derive_label(own)
    assert lesson is not None and lesson.state == UNCONFIRMED


# ---- pairs


def test_an_equal_release_is_not_worse_and_a_losing_one_is() -> None:
    same = comparison.compare([True, False] * 50, [True, False] * 50)
    assert not same.is_worse and (same.low, same.high, same.chance) == (0.0, 0.0, 1.0)
    worse = comparison.compare([True] * 100, [True] * 85 + [False] * 15)
    assert worse.is_worse and worse.high < 0
    luck = comparison.compare([True] * 100, [True] * 99 + [False])
    assert not luck.is_worse


def test_the_exact_test_of_mcnemar() -> None:
    assert comparison.mcnemar(0, 5) == 0.0625
    assert comparison.mcnemar(3, 3) == 1.0
    assert comparison.mcnemar(0, 0) == 1.0


def test_a_category_that_lost_significantly_is_reported_whatever_the_mean() -> None:
    tried = [comparison.TrialMessage(LabelledMessage("", "", "0804"))] * 12 + [
        comparison.TrialMessage(LabelledMessage("", "", "0609"))
    ] * 100
    before = [True] * 12 + [False] * 100
    after = [False] * 12 + [True] * 100
    assert not comparison.compare(before, after).is_worse
    tests = comparison.compare_by(tried, before, after, comparison.level1_of)
    assert [name for name, part in tests.items() if comparison.is_worse_in_part(part)] == ["08"]
