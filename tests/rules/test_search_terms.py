"""How texts and queries are cut for the search, and what else a query may mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.rules import similar_terms
from feedback.rules.search_terms import QUERY_MOST, Phrase, normalize, query_phrases, tokenize


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


def test_a_run_of_letters_without_a_blank_is_indexed_by_its_beginning() -> None:
    assert tokenize("a" * 5000 + " 路灯") == ["a" * QUERY_MOST, "路灯", "灯"]
    assert max(len(token.encode()) for token in tokenize("𝕏" * 3000 + "한" * 3000 + "7" * 3000)) < 2046
    assert holds("x" * 5000, "x" * 5000)
    assert not holds("x" * 5000, "x" * 10)


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


# ---- what a query may cost ----

COSTLY_QUERIES = (
    "shishi yiyi jiji xixi lili zhizhi qiqi bibi wuwu yuyu",
    "shi" * 13,
    "shishi " * 8,
    "诗石" * 20,
    "拌河站 " * 10,
    "yiyi 狮市屎 拌河站 拖欠工资 噪音 社保 暖气 电剃",
    "拖欠工资 噪音 社保 暖气 电梯 路灯 户口 拆迁 垃圾 停车 学校 医保 " * 3,
    "路灯不亮 电剃 dianti",
)


@pytest.mark.parametrize("query", COSTLY_QUERIES)
def test_no_query_means_more_words_than_a_search_may_cost(query: str) -> None:
    assert_bounded(query)


SYLLABLES = ("shi", "yi", "ji", "xi", "li", "zhi", "qi", "bi", "wu", "yu", "dian", "ti", "nuan")
SYNONYMS = tuple(word for group in similar_terms.load_groups() for word in group)


@given(st.lists(st.sampled_from((*SYLLABLES, *SYNONYMS, " ", "是", "狮", "市", "伊")), max_size=60))
def test_no_combination_of_syllables_and_synonyms_does_either(parts: list[str]) -> None:
    assert_bounded("".join(parts))


def assert_bounded(query: str) -> None:
    """As when no row holds any clue, so that its sounds are tried too."""
    clues = similar_terms.find_clues(query)
    assert sum(not clue.is_listed for clue in clues) <= 1
    clues += similar_terms.find_sound_clues(clues, [0] * len(clues))
    typed = [clue for clue in clues if len(clue.words) == 1]
    words = [word for clue in clues if len(clue.words) > 1 for word in clue.words]
    listed = [word for clue in clues if len(clue.words) > 1 and clue.is_listed for word in clue.words]
    assert len(typed) <= similar_terms.CLUES_MOST
    assert len(listed) <= similar_terms.LISTED_WORDS_MOST
    assert len(words) <= similar_terms.WORDS_MOST


def test_a_known_word_counts_even_where_its_synonyms_have_no_room() -> None:
    words: list[str] = []
    for group in sorted(similar_terms.load_groups(), key=len, reverse=True):
        word = min(group, key=len)
        if len(" ".join([*words, word])) <= 60:
            words.append(word)
    clues = similar_terms.find_clues(" ".join(words))
    assert any(len(clue.words) == 1 for clue in clues)
    assert all(any(word in clue.words for clue in clues) for word in words)


def test_of_two_words_in_letters_the_one_the_table_lacks_is_tried_by_its_characters() -> None:
    clues = similar_terms.find_clues("dianti zhuche")
    assert any("电梯" in clue.words for clue in clues)
    assert any("注册" in clue.words for clue in clues)


def test_the_beginning_of_a_text_is_ranked_however_long_it_is() -> None:
    for query in ("路灯不亮", "zhuche"):
        clues = similar_terms.find_clues(query)
        weights = similar_terms.weigh(clues, [3] * len(clues), 100)
        most = similar_terms.TEXT_MOST
        assert similar_terms.score(clues, weights, "求助", "有" * (most - 6) + "路灯注册") > 0
        assert similar_terms.score(clues, weights, "求助", "有" * most + "路灯注册") == 0
