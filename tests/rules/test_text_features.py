"""Are messages normalized and turned into features the same way for any input?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.text import features
from classify.text.features import Lexicon


def test_wide_letters_capitals_and_spaces_are_normalized() -> None:
    assert features.tidy("  ＡＴＭ\n\t吞卡　了 ") == "atm 吞卡 了"


def test_the_middle_of_a_very_long_message_is_left_out() -> None:
    tidied = features.tidy("头" * 5000 + "尾" * 5000)
    assert len(tidied) == features.TEXT_HEAD + 1 + features.TEXT_TAIL
    assert tidied.startswith("头")
    assert tidied.endswith("尾")


@given(st.text(max_size=200))
def test_tidying_is_idempotent(text: str) -> None:
    assert features.tidy(features.tidy(text)) == features.tidy(text)


@given(st.text(max_size=200))
def test_every_message_has_its_characters_and_its_pairs(text: str) -> None:
    tidied = features.tidy(text)
    assert len(features.grams(tidied)) == len(tidied) + max(len(tidied) - 1, 0)


def test_a_rare_character_outside_the_basic_plane_is_one_gram() -> None:
    assert features.grams("𠮷野") == ["𠮷", "野", "𠮷野"]


def test_unknown_grams_are_marked_and_known_ones_numbered_in_order() -> None:
    lexicon = Lexicon.of(["停", "水", "停水"])
    assert lexicon.encode("停水了").tolist() == [0, 1, -1, 2, -1]


def test_weights_have_length_one_and_repeats_count_less_than_twice() -> None:
    idf = np.ones(3, dtype=np.float32)
    ids, values = features.compute_tfidf(np.array([0, 0, 2, -1], dtype=np.int32), idf)
    assert ids.tolist() == [0, 2]
    assert float(values @ values) == pytest.approx(1)
    assert 1 < values[0] / values[1] < 2


def test_a_text_without_known_grams_has_no_weights() -> None:
    ids, values = features.compute_tfidf(np.array([-1, -1], dtype=np.int32), np.ones(2, dtype=np.float32))
    assert len(ids) == len(values) == 0


def test_the_vocabulary_keeps_the_most_frequent_grams_in_a_stable_order() -> None:
    assert features.build_vocabulary(["停水", "停电", "停"], least=1, most=2) == ["停", "停水"]


@pytest.mark.parametrize(
    ("title", "body", "why"),
    [
        ("", "  \n", "empty"),
        ("？？？", "。。。", "short"),
        ("hello", "the water is off since monday, please help", "foreign"),
        ("停水", "", "short"),
        ("小区停水三天了", "", ""),
        ("ATM吞卡", "银行的ATM机吞了我的卡", ""),
    ],
)
def test_an_unreadable_message_gets_its_reason(title: str, body: str, why: str) -> None:
    assert features.explain_unreadable(title, body) == why
