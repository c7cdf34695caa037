"""Whose is a case, and since when is a telephone number somebody's?"""

from datetime import timedelta

import pytest

from feedback.rules.own_cases import NUMBER_REST, PETITIONER, PhoneHolder, first_use, is_held_by, may_open
from tests.moments import MONDAY

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("role", "kind", "is_theirs"),
    [
        (PETITIONER, "", True),
        ("representative", "", True),
        ("proxy", "guardian", True),
        ("proxy", "family", True),
        ("proxy", "lawyer", True),
        ("proxy", "volunteer", False),
        ("proxy", "cadre", False),
        ("proxy", "window", False),
    ],
)
def test_it_is_the_matter_of_who_stands_in_the_petitioners_place(role: str, kind: str, is_theirs: bool) -> None:
    assert is_held_by(role, kind) is is_theirs


def test_uses_without_a_gap_are_one_persons() -> None:
    assert first_use(MONDAY, MONDAY + 10 * DAY, MONDAY + 10 * DAY + NUMBER_REST) == MONDAY
    later = MONDAY + 10 * DAY + NUMBER_REST + DAY
    assert first_use(MONDAY, MONDAY + 10 * DAY, later) == later


def test_a_case_opens_that_nobody_else_can_have_brought_from_the_number() -> None:
    holder = PhoneHolder("hash", MONDAY, frozenset({"20260101-000001"}))
    assert may_open(holder, "1", "complaint", MONDAY - NUMBER_REST)
    assert not may_open(holder, "1", "complaint", MONDAY - NUMBER_REST - DAY)
    assert may_open(holder, "20260101-000001", "complaint", MONDAY - 900 * DAY)
    assert not may_open(holder, "1", "rectify", MONDAY)
