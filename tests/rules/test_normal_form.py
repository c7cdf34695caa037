"""Two spellings of one text are equal in their normal form, and every character keeps its place where it must."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.rules import normal_form

_TABLES = (normal_form._FOLDED, normal_form._SCRIPT, normal_form._SIMPLIFIED, normal_form._COMPARED)
HARD_CHARACTERS = "·‧−⁻₋ー･ｰ薴苧𝚨АЕ⼾⻔⒈㎡ßİﬁ１٣１️⃣\u200b\u00ad\u3164戶遷裡臺𠮷 　\t"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("戶口遷移", "户口迁移"),
        ("請問戶口遷移需要什麼材料", "请问户口迁移需要什么材料"),
        ("臺灣居民居住證", "台湾居民居住证"),
        ("ＡＢＣ　１２３", "abc 123"),
        ("自\u200b杀", "自杀"),
        ("⼾⼝迁移", "户口迁移"),
        ("⻔⻋⻅", "门车见"),
        ("138·0000—1111", "138.0000-1111"),
        ("浙А12345", "浙a12345"),
        ("8㎡", "8m2"),
        ("  两个  空格 ", "两个 空格"),
        ("𠮷祥", "𠮷祥"),
        ("ǰ", "ǰ"),
        ("У", "y"),
    ],
)
def test_two_spellings_have_one_comparison_form(text: str, plain: str) -> None:
    assert normal_form.comparison_form(text) == plain


@given(st.text(max_size=200) | st.text(alphabet=HARD_CHARACTERS, max_size=40))
def test_normal_forms_are_final_and_some_keep_every_character_in_its_place(text: str) -> None:
    for fold in (normal_form.fold, normal_form.fold_script):
        plain = fold(text)
        assert len(plain) == len(text)
        assert fold(plain) == plain
    plain = normal_form.comparison_form(text)
    assert normal_form.comparison_form(plain) == plain


@given(st.text(max_size=200) | st.text(alphabet=HARD_CHARACTERS, max_size=40))
def test_offsets_say_where_each_visible_character_stood(text: str) -> None:
    plain, places = normal_form.with_offsets(text)
    assert len(plain) == len(places)
    assert list(places) == sorted(places)
    assert set(range(len(text))) - set(places) == {i for i, char in enumerate(text) if normal_form.is_invisible(char)}


def test_what_nobody_sees_stands_in_no_way() -> None:
    plain, places = normal_form.with_offsets("电话138\u200b0000⒈1️⃣11")
    assert plain == "电话13800001.111"
    assert [places[i] for i in (2, 5, 9, 10, 11)] == [2, 6, 10, 10, 11]


def test_characters_are_simplified_one_by_one_whatever_stands_beside_them() -> None:
    """乾 is 干 also in 乾隆: a longer text never reads its parts otherwise than they read alone."""
    assert normal_form.fold_script("乾隆著作") == "".join(map(normal_form.fold_script, "乾隆著作"))


def test_every_letter_of_the_alphabets_has_a_form_that_is_final() -> None:
    """Some have no small form of one character: ǰ is put together again by NFKC, and went round for ever."""
    for code in range(0x3000):
        plain = normal_form.comparison_form(chr(code))
        assert normal_form.comparison_form(plain) == plain


def test_codes_that_stand_for_no_character_are_not_remembered() -> None:
    codes = [chr(code) for code in range(0xE000, 0xE400)]
    before = sum(len(table) for table in _TABLES)
    for fold in (normal_form.fold, normal_form.fold_script, normal_form.simplify, normal_form.comparison_form):
        fold("".join(codes))
    assert sum(len(table) for table in _TABLES) == before
