"""Is this the same matter said twice? Prints that find it, likeness that judges it, the passages a person is shown."""

import pytest

from classify.duplicates import near_duplicates
from classify.duplicates.fingerprint_store import ID_BITS, keys_of
from classify.duplicates.link_proposals import judged
from classify.duplicates.near_duplicates import Likeness
from feedback.rules.vocabulary import LinkKind

NOISE = (
    "我住在丽水花园三期，小区东侧的工地每天夜里十一点以后还在打桩浇筑混凝土，机器声一直响到凌晨两三点，"
    "老人心脏不好整夜睡不着，孩子第二天上课打瞌睡。多次打电话给工地负责人都说马上停，结果照样施工。"
)
LIGHT = "建设路与文化路交叉口的路灯坏了两个多星期，晚上一片漆黑，昨天有人骑车摔倒，请尽快派人来修。"


def _alike(one: str, other: str) -> Likeness:
    return near_duplicates.likeness(
        near_duplicates.shape(near_duplicates.plain("", one)), near_duplicates.shape(near_duplicates.plain("", other))
    )


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(NOISE, id="copied"),
        pytest.param("您好！" + NOISE.replace("，", "。 ") + "谢谢", id="greeting and other marks"),
        pytest.param(NOISE[20:70], id="a part of it"),
        pytest.param(NOISE.replace("丽水花园", "麗水花园").replace("工地", "工　地"), id="a letter changed, blanks"),
        pytest.param(LIGHT + NOISE, id="inside a longer one"),
    ],
)
def test_what_says_the_same_shares_a_print_and_is_the_same(again: str) -> None:
    one, other = near_duplicates.plain("", NOISE), near_duplicates.plain("", again)
    assert set(near_duplicates.prints(one)) & set(near_duplicates.prints(other))
    assert _alike(NOISE, again).is_same


def test_another_matter_is_not_the_same() -> None:
    assert not _alike(NOISE, LIGHT).is_same
    assert _alike("", NOISE) == Likeness(0.0, 0.0)


def test_reports_share_no_print_with_the_same_words_said_openly() -> None:
    words = near_duplicates.plain("", NOISE)
    assert not set(near_duplicates.prints(words)) & set(near_duplicates.prints(words, 1))


def test_a_row_says_print_and_case_and_the_same_case_makes_the_same_rows() -> None:
    keys = keys_of(77, near_duplicates.plain("", NOISE), 0)
    assert keys == keys_of(77, near_duplicates.plain("", NOISE), 0)
    assert {key & ((1 << ID_BITS) - 1) for key in keys} == {77}
    assert all(0 <= key < 2**63 for key in keys) and len(keys) <= near_duplicates.PRINTS_MOST


def test_the_longest_passages_are_shown_once() -> None:
    found = near_duplicates.shared(
        near_duplicates.plain("", NOISE), near_duplicates.plain("", "又来反映：" + NOISE[12:50])
    )
    assert len(found[0]) > 20 and not any(a != b and a in b for a in found for b in found)


@pytest.mark.parametrize(
    ("alike", "known_by", "one_heading", "kind"),
    [
        (Likeness(0.9, 0.9), (), False, LinkKind.CAMPAIGN),
        (Likeness(0.9, 0.9), ("name",), False, LinkKind.REPEAT_OF),
        (Likeness(0.2, 0.1), ("phone",), False, LinkKind.REPEAT_OF),
        (Likeness(0.1, 0.1), ("id",), True, LinkKind.REPEAT_OF),
        (Likeness(0.1, 0.1), ("id",), False, None),
        (Likeness(0.2, 0.1), ("name",), True, None),
        (Likeness(0.2, 0.1), (), True, None),
    ],
)
def test_one_person_needs_less_likeness_and_a_name_alone_shows_little(
    alike: Likeness, known_by: tuple[str, ...], one_heading: bool, kind: LinkKind | None
) -> None:
    assert judged(alike, known_by, one_heading=one_heading) is kind
