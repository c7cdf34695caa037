"""Pages of a list: together they hold every row once, and no number an address may bring breaks them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.kernel.paging import PAGE_SIZE_MOST, parse_page_number, select_range


@given(st.integers(0, 400), st.integers(1, 60))
def test_the_pages_of_a_list_hold_every_row_once(total: int, size: int) -> None:
    rows, pages = range(total), select_range(total, 1, size).pages
    ranges = [select_range(total, number, size) for number in range(1, pages + 1)]
    assert [row for part in ranges for row in rows[part.start : part.stop]] == list(rows)
    assert all(part.size == len(rows[part.start : part.stop]) for part in ranges)
    assert total == 0 or ranges[-1].size


@given(st.integers(0, 400), st.integers(), st.integers(1, 60))
def test_past_the_end_is_an_empty_page_or_the_last_one(total: int, number: int, size: int) -> None:
    plain, clamped = select_range(total, number, size), select_range(total, number, size, is_clamped=True)
    assert 0 <= plain.start <= plain.stop <= total
    assert plain.number == max(1, number)
    assert plain.size == 0 or number <= plain.pages
    assert clamped == select_range(total, min(max(1, number), plain.pages), size)


@pytest.mark.parametrize("size", [0, -1, PAGE_SIZE_MOST + 1])
def test_a_page_is_bounded(size: int) -> None:
    with pytest.raises(ValueError, match="a page holds"):
        select_range(10, 1, size)


@pytest.mark.parametrize(("text", "number"), [("", 1), ("3", 3), ("-2", 1), ("x", 1), ("1e3", 1), ("9" * 7, 1)])
def test_an_address_that_says_nothing_sensible_asks_for_the_first_page(text: str, number: int) -> None:
    assert parse_page_number(text) == number
