"""Are means, shares and hidden cells computed right?"""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import disclosure
from evaluation.disclosure import PROTECTS_ANOTHER, DisclosureRules, Levels, PublishedCell

RULES = DisclosureRules()
FEW, FEW_ANSWERS = "fewer_than_5", "fewer_than_10"
LEVELS = Levels({5: 10, 4: 5, 3: 3, 2: 1, 1: 1})


def test_the_mean_level_is_the_sum_of_levels_over_the_ratings() -> None:
    assert LEVELS.mean() == 4.1  # (50 + 20 + 9 + 2 + 1) / 20


def test_the_ten_point_mean_uses_the_weights_of_the_town() -> None:
    assert LEVELS.score() == 8.05  # (100 + 40 + 18 + 3 + 0) / 20
    assert LEVELS.score({5: 10, 4: 8, 3: 6, 2: 4, 1: 2}) == 8.2


def test_basically_satisfied_is_a_good_rating_and_the_two_levels_below_are_bad() -> None:
    assert (LEVELS.good, LEVELS.bad, LEVELS.total) == (18, 2, 20)


def test_no_ratings_have_no_mean() -> None:
    assert Levels().mean() is None
    assert disclosure.share(0, 0) is None


@pytest.mark.parametrize(
    ("part", "base", "expected"),
    [(2, 3, 0.6667), (1, 3, 0.3333), (1, 32, 0.0313), (0, 7, 0.0), (7, 7, 1.0)],
)
def test_shares_are_rounded_half_up_to_four_places(part: int, base: int, expected: float) -> None:
    assert disclosure.share(part, base) == expected


def test_the_interval_of_nine_in_ten_is_wilsons() -> None:
    assert disclosure.wilson_interval(9, 10) == (0.5958, 0.9821)
    assert disclosure.wilson_interval(900, 1000)[0] > 0.87


@pytest.mark.parametrize(("count", "value"), [(0, 0), (1, None), (4, None), (5, 5), (120, 120)])
def test_counts_from_one_to_four_are_hidden_and_zero_is_not(count: int, value: int | None) -> None:
    assert disclosure.count_cell(count, RULES) == PublishedCell(value, "" if value is not None else FEW)


def values(counts: list[int]) -> tuple[list[float | None], float | None]:
    cells, total = disclosure.suppress_column(counts, RULES)
    return [cell.value for cell in cells], total.value


def test_a_single_hidden_cell_takes_the_smallest_other_one_with_it() -> None:
    assert values([3, 40, 7, 0]) == ([None, 40, None, 0], 50)
    assert disclosure.suppress_column([3, 40, 7, 0], RULES)[0][2].reason == PROTECTS_ANOTHER


def test_two_hidden_cells_protect_each_other() -> None:
    assert values([3, 2, 40]) == ([None, None, 40], 45)


def test_two_hidden_cells_that_can_only_be_one_each_need_a_third() -> None:
    assert values([1, 1, 40, 9]) == ([None, None, 40, None], 51)


def test_two_hidden_cells_that_can_only_be_four_each_need_a_third() -> None:
    assert values([4, 4, 40, 9]) == ([None, None, 40, None], 57)


def test_the_smallest_possible_pair_needs_one_more() -> None:
    assert values([1, 5, 6]) == ([None, None, None], 12)


def test_without_anything_to_hide_behind_the_total_goes() -> None:
    cells, total = disclosure.suppress_column([4, 4, 0], RULES)
    assert [cell.value for cell in cells] == [None, None, 0]
    assert total == PublishedCell(None, PROTECTS_ANOTHER)


def test_a_total_that_is_small_itself_is_hidden() -> None:
    assert values([3, 0, 0]) == ([None, 0, 0], None)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=4))
def test_nobody_can_work_out_a_hidden_cell_from_the_total(rows: list[tuple[int, bool]]) -> None:
    wholes = [PublishedCell(None, FEW) if few and n < 5 else PublishedCell(50) for n, few in rows]
    cells, total = disclosure.suppress_column([n for n, _ in rows], RULES, wholes)
    if not total.value:
        return
    choices = [
        [int(cell.value)]
        if cell.value is not None
        else range(5, 30)
        if cell.reason == PROTECTS_ANOTHER
        else range(0 if whole.reason == FEW else 1, 5)
        for cell, whole in zip(cells, wholes, strict=True)
    ]
    worlds = [world for world in product(*choices) if sum(world) == total.value]
    for i, cell in enumerate(cells):
        if cell.value is None:
            assert len({world[i] for world in worlds}) > 1


def test_where_hardly_anybody_answered_it_is_not_told_that_nobody_complained() -> None:
    cells, total = disclosure.suppress_column(
        [0, 0, 7], RULES, [PublishedCell(None, FEW), PublishedCell(20), PublishedCell(40)]
    )
    assert [cell.value for cell in cells] == [None, 0, None]
    assert total.value == 7
    assert disclosure.suppress_column([0, 0], RULES, [PublishedCell(None, FEW), PublishedCell(20)])[0] == [
        PublishedCell(0),
        PublishedCell(0),
    ]


def test_a_share_needs_ten_answers() -> None:
    assert disclosure.share_cell(PublishedCell(9), PublishedCell(9), RULES) == PublishedCell(None, FEW_ANSWERS)
    assert disclosure.share_cell(PublishedCell(9), PublishedCell(10), RULES).value == 0.9


def test_a_share_of_a_hidden_part_is_given_by_bounds_anybody_can_find() -> None:
    assert disclosure.share_cell(PublishedCell(None, FEW), PublishedCell(20), RULES) == PublishedCell(
        None, FEW, (0.05, 0.2)
    )
    assert disclosure.complement_cell(PublishedCell(None, FEW), PublishedCell(20), RULES) == PublishedCell(
        None, FEW, (0.8, 0.95)
    )


def test_the_good_share_is_what_is_not_bad() -> None:
    assert disclosure.complement_cell(PublishedCell(6), PublishedCell(40), RULES).value == 0.85
    assert disclosure.complement_cell(PublishedCell(0), PublishedCell(12), RULES).value == 1.0


def test_timeliness_is_on_time_over_on_time_and_late() -> None:
    assert disclosure.timeliness_cell(PublishedCell(45), PublishedCell(5), RULES).value == 0.9
    assert disclosure.timeliness_cell(PublishedCell(20), PublishedCell(0), RULES).value == 1.0


def test_a_hidden_number_of_late_clocks_leaves_timeliness_between_bounds() -> None:
    assert disclosure.timeliness_cell(PublishedCell(96), PublishedCell(None, FEW), RULES) == PublishedCell(
        None, FEW, (0.96, 0.9897)
    )


def test_whether_there_are_ten_clocks_does_not_tell_a_hidden_number() -> None:
    """Eight on time and two late are ten, but showing that would say that the hidden number is not one."""
    assert disclosure.timeliness_cell(PublishedCell(8), PublishedCell(None, FEW), RULES) == PublishedCell(
        None, FEW_ANSWERS
    )


def test_the_mean_needs_ten_answers() -> None:
    assert disclosure.mean_cell(Levels({5: 9}), PublishedCell(9), PublishedCell(0), RULES) == PublishedCell(
        None, FEW_ANSWERS
    )
    assert disclosure.mean_cell(Levels({5: 10}), PublishedCell(10), PublishedCell(0), RULES) == PublishedCell(5.0)


def test_beside_a_hidden_number_of_bad_ratings_the_mean_is_given_in_half_steps() -> None:
    assert disclosure.mean_cell(LEVELS, PublishedCell(20), PublishedCell(None, FEW), RULES) == PublishedCell(
        None, FEW, (4.0, 4.5)
    )
    assert disclosure.mean_cell(
        Levels({3: 12, 1: 4}), PublishedCell(16), PublishedCell(None, FEW), RULES
    ) == PublishedCell(None, FEW, (1.0, 3.0))
    assert disclosure.mean_cell(
        Levels({5: 10, 2: 1}), PublishedCell(11), PublishedCell(None, FEW), RULES
    ) == PublishedCell(None, PROTECTS_ANOTHER)


def test_no_half_step_tells_the_number_of_bad_ratings() -> None:
    for n in range(12, 40):
        seen: dict[float, set[int]] = {}
        for bad in range(1, 5):
            for missing in range(3 * bad, 4 * bad + 2 * (n - bad) + 1):
                low = (5 * n - missing) * 2 // n / 2
                seen.setdefault(low if low >= 3 else 1.0, set()).add(bad)
        assert all(len(bads) > 1 for bads in seen.values())


def test_a_single_protected_mean_takes_another_with_it() -> None:
    means = [PublishedCell(4.5), PublishedCell(None, FEW, (4.0, 4.5)), PublishedCell(4.8)]
    assert [cell.value for cell in disclosure.guard_means(means, [30, 20, 12], RULES)] == [4.5, None, None]
    alone = [PublishedCell(4.5), PublishedCell(None, FEW_ANSWERS), PublishedCell(4.8)]
    assert disclosure.guard_means(alone, [30, 6, 12], RULES) == alone
