"""Is the category tree consistent, and does the knowledge cover all of it?"""

import pytest

from classify import taxonomy
from classify.model.metrics import frozen_messages
from classify.model.seed_examples import seed_examples


def test_codes_follow_their_position_in_the_tree() -> None:
    for heading in taxonomy.LEVEL1:
        codes = taxonomy.children(heading)
        assert codes == tuple(f"{heading}{i:02d}" for i in range(1, len(codes) + 1))


def test_the_tree_has_seventeen_level_1_and_a_hundred_and_fourteen_level_2_categories() -> None:
    assert (len(taxonomy.LEVEL1), len(taxonomy.LEVEL2)) == (17, 114)


def test_every_category_can_be_found_by_code_by_name_and_by_path() -> None:
    for code in (*taxonomy.LEVEL1, *taxonomy.LEVEL2):
        assert taxonomy.code_of(code) == code
        assert taxonomy.code_of(taxonomy.path_name(code)) == code
        assert taxonomy.name_of(taxonomy.code_of(taxonomy.name_of(code))) == taxonomy.name_of(code)


def test_a_name_of_both_levels_means_level_1() -> None:
    assert taxonomy.code_of("其他") == "17"
    assert taxonomy.code_of("其他 › 其他") == "1703"


def test_a_label_the_tree_does_not_hold_is_refused() -> None:
    with pytest.raises(KeyError):
        taxonomy.code_of("天文航海")


def test_a_path_name_starts_with_level_1() -> None:
    assert taxonomy.path_name("0305") == "城乡建设 › 城市建设和市政管理"
    assert taxonomy.path_name("03") == "城乡建设"


def test_every_category_names_its_words_and_its_law() -> None:
    for code in (*taxonomy.LEVEL1, *taxonomy.LEVEL2):
        assert taxonomy.category(code).words
        assert taxonomy.category(code).law


def test_overlaps_name_other_level_1_categories_of_the_tree() -> None:
    for code in taxonomy.LEVEL2:
        for heading, share in taxonomy.category(code).also:
            assert heading in taxonomy.LEVEL1
            assert heading != taxonomy.level1(code)
            assert 0 < share <= 1


def test_every_category_has_a_card_and_at_least_six_examples() -> None:
    seeds = seed_examples([])
    for code in taxonomy.LEVEL2:
        mine = [e for e in seeds if e.category == code]
        assert sum(e.source == "card" for e in mine) == 1
        assert sum(e.source == "word" for e in mine) >= 25
        assert sum(e.source == "example" for e in mine) >= 6


def test_no_example_is_a_duplicate() -> None:
    texts = [(e.title, e.text) for e in seed_examples([]) if e.source == "example"]
    assert len(texts) == len(set(texts))


def test_frozen_messages_cover_the_tree_and_are_never_fitted_on() -> None:
    assert [row.label for row in frozen_messages()] == list(taxonomy.LEVEL2)
    fitted_on = {e.text for e in seed_examples([])}
    assert not [row.text for row in frozen_messages() if row.text in fitted_on]


def test_a_duty_is_an_example_of_each_category_it_names_with_total_weight_one() -> None:
    seeds = [e for e in seed_examples([("停水停气报修", ("0305", "0907", "9999"))]) if e.source == "duty"]
    assert [(e.category, e.weight) for e in seeds] == [("0305", 0.5), ("0907", 0.5)]
