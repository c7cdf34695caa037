"""How texts and queries are cut for the search, and what else a query may mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.rules import similar_terms
from feedback.rules.search_terms import Phrase, normalize, query_phrases, tokenize


def holds(text: str, query: str) -> bool:
    """What the databases are asked: do the tokens of each phrase follow each other in the text?"""
    tokens = tokenize(text)
    return all(
        any(_stands_at(tokens, at, phrase) for at in range(len(tokens) - len(phrase.tokens) + 1))
        for phrase in query_phrases(query)
    )


def _stands_at(tokens: list[str], at: int, phrase: Phrase) -> bool:
    part = tokens[at : at + len(phrase.tokens)]
    if phrase.is_open:
        return part[:-1] == list(phrase.tokens[:-1]) and part[-1].startswith(phrase.tokens[-1])
    return part == list(phrase.tokens)


def test_a_text_is_cut_into_pairs_and_whole_words_in_their_order() -> None:
    assert tokenize("路灯坏了，3号楼 ABC") == ["路灯", "灯坏", "坏了", "了", "3", "号楼", "楼", "abc"]


@pytest.mark.parametrize(
    ("query", "text", "is_hit"),
    [
        ("路灯坏", "小区路灯坏了", True),
        ("路灯坏", "路灯没坏，电灯坏了", False),  # every pair is there, the word is not
        ("3号楼2单元", "清河路3号楼2单元", True),
        ("3号楼2单元", "2号楼3单元", False),
        ("灯", "路灯", True),
        ("灯", "灯泡", True),
        ("路灯 坏了", "坏了的路灯", True),
        ("ＡＢＣ１２", "编号abc12", True),
        ("路燈", "路灯", True),
        ("戶口遷移", "户口迁移", True),
        ("路灯，坏", "路灯坏了", False),
        ("楼3", "2号楼3单元", True),
        ("%", "百分之百", True),  # asks for nothing: the caller sees that there are no phrases
    ],
)
def test_a_word_is_a_hit_where_it_stands_in_the_text(query: str, text: str, is_hit: bool) -> None:
    assert holds(text, query) is is_hit


@pytest.mark.parametrize("query", ["", " ", "%", "*", "'\"()", "_", "、。"])
def test_signs_alone_ask_for_nothing(query: str) -> None:
    assert query_phrases(query) == []


@given(
    st.text(alphabet="路灯坏了楼道a1b ，。％", max_size=12), st.text(alphabet="路灯坏了楼道", min_size=1, max_size=4)
)
def test_a_chinese_word_is_a_hit_exactly_where_it_is_part_of_the_text(text: str, query: str) -> None:
    assert holds(text, query) is (normalize(query) in normalize(text))


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("路灯不亮了好几天", "路灯"),
        ("拖欠工资", "欠薪"),
        ("欠薪", "拖欠工资"),
        ("暖气不热", "供热"),
        ("噪声", "噪音"),
        ("夜里施工吵", "噪音"),
        ("夜里施工吵", "夜间"),
        ("社宝", "社保"),
        ("社寶", "社保"),
        ("电剃", "电梯"),
        ("dianti", "电梯"),
        ("nuanqi", "暖气"),
        ("zhuche", "注册"),
        ("戶口", "户口"),
    ],
)
def test_a_query_also_means_other_words_for_the_same(query: str, word: str) -> None:
    assert any(word in clue.words for clue in similar_terms.find_clues(query))


def test_pairs_nobody_uses_are_tried_by_their_sound() -> None:
    clues = similar_terms.find_clues("拌和站")
    (alike, *_) = similar_terms.find_sound_clues(clues, [0] * len(clues))
    assert "拌合" in alike.words


def test_what_a_question_has_for_grammars_sake_is_no_clue() -> None:
    assert [clue.words for clue in similar_terms.find_clues("请问怎么办理")] == []


def test_a_row_with_a_rare_word_in_its_title_is_nearer_than_one_with_a_common_word() -> None:
    clues = similar_terms.find_clues("路灯不亮")
    weights = similar_terms.weigh(clues, [3, 40], 100)
    near = similar_terms.score(clues, weights, "路灯坏了", "请修")
    less_near = similar_terms.score(clues, weights, "楼道", "楼道照明坏了")
    assert near > less_near > 0


def test_one_common_pair_of_many_is_not_near() -> None:
    clues = similar_terms.find_clues("孩子上学报名材料清单")
    weights = similar_terms.weigh(clues, [5] * len(clues), 100)
    assert similar_terms.score(clues, weights, "房产证怎么办", "要什么材料") == 0


def test_a_word_stands_in_one_row_of_the_table_only() -> None:
    groups = similar_terms.load_groups()
    words = [word for group in groups for word in group]
    assert sorted(words) == sorted(set(words))
