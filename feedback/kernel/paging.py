"""Pagination: which rows a page of a list takes, and how many pages there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
OtherT = TypeVar("OtherT")

PAGE_SIZE = 50
PAGE_SIZE_MOST = 1000
_NUMBER_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """One page of rows out of `total`. `number` counts from 1; there is always at least one page, though an empty one."""

    items: tuple[ItemT, ...]
    total: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class PageRange:
    """Where a page lies among `total` rows: from `start` on, at most `size`."""

    total: int
    number: int
    pages: int
    start: int
    size: int

    @property
    def stop(self) -> int:
        return self.start + self.size

    def page_of(self, items: Iterable[ItemT]) -> Page[ItemT]:
        """The page that holds these rows."""
        return Page(tuple(items), self.total, self.number, self.pages)


def select_range(total: int, number: int, size: int = PAGE_SIZE, *, is_clamped: bool = False) -> PageRange:
    """The range of page `number`. Past the end it is empty, or with `is_clamped` that of the last page.

    Raises ValueError for a size outside 1 to `PAGE_SIZE_MOST`.
    """
    if not 1 <= size <= PAGE_SIZE_MOST:
        raise ValueError(f"a page holds 1 to {PAGE_SIZE_MOST} rows, not {size}")
    pages = max(1, ceil(total / size))
    number = max(1, number)
    if is_clamped:
        number = min(number, pages)
    start = min((number - 1) * size, total)  # no offset is too large for the database, however large the number
    return PageRange(total, number, pages, start, min(size, total - start))


def parse_page_number(text: str) -> int:
    """The page an address asks for; the first when it says nothing sensible."""
    return int(text) if text.isdecimal() and len(text) <= _NUMBER_DIGITS else 1
