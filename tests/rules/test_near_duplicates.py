"""Near-duplicate texts: fingerprints that find them, similarity that decides, and the shared passages that are shown."""

import pytest
from opencc import OpenCC

from classify.duplicates import near_duplicates
from classify.duplicates.near_duplicates import Similarity

NOISE = (
    "我住在丽水花园三期，小区东侧的工地每天夜里十一点以后还在打桩浇筑混凝土，机器声一直响到凌晨两三点，"
    "老人心脏不好整夜睡不着，孩子第二天上课打瞌睡。多次打电话给工地负责人都说马上停，结果照样施工。"
)
LIGHT = "建设路与文化路交叉口的路灯坏了两个多星期，晚上一片漆黑，昨天有人骑车摔倒，请尽快派人来修。"


def _similarity(text: str, other: str) -> Similarity:
    return near_duplicates.measure_similarity(
        near_duplicates.vectorize(near_duplicates.normalize("", text)),
        near_duplicates.vectorize(near_duplicates.normalize("", other)),
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
def test_similar_texts_share_a_fingerprint_and_are_the_same_matter(again: str) -> None:
    first, other = near_duplicates.normalize("", NOISE), near_duplicates.normalize("", again)
    assert set(near_duplicates.fingerprint(first)) & set(near_duplicates.fingerprint(other))
    assert _similarity(NOISE, again).is_same


def test_a_copy_in_traditional_characters_is_the_same_text() -> None:
    traditional = OpenCC("s2t").convert(NOISE)
    assert traditional != NOISE
    assert near_duplicates.normalize("", traditional) == near_duplicates.normalize("", NOISE)


def test_another_matter_is_not_the_same() -> None:
    assert not _similarity(NOISE, LIGHT).is_same
    assert _similarity("", NOISE) == Similarity(0.0, 0.0)


def test_a_report_shares_no_fingerprint_with_an_ordinary_case() -> None:
    words = near_duplicates.normalize("", NOISE)
    assert not set(near_duplicates.fingerprint(words)) & set(near_duplicates.fingerprint(words, 1))


def test_the_longest_passages_are_shown_once() -> None:
    passages = near_duplicates.find_shared_passages(
        near_duplicates.normalize("", NOISE), near_duplicates.normalize("", "又来反映：" + NOISE[12:50])
    )
    assert len(passages[0]) > 20 and not any(a != b and a in b for a in passages for b in passages)
