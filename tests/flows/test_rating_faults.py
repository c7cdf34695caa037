"""Is everything wrong with a rating named, before anything is written?"""

import pytest

from evaluation.ratings import submission

pytestmark = pytest.mark.one_database


def test_tags_belong_to_the_level_that_was_chosen() -> None:
    assert submission.tags_fault(5, ["510", "517"]) == ""
    assert submission.tags_fault(5, ["510", "214"]) == "not_of_this_level"
    assert submission.tags_fault(5, ["999"]) == "unknown"
    assert submission.tags_fault(5, ["501"]) == "unknown"
    assert submission.tags_fault(1, []) == ""


def test_every_fault_of_a_rating_is_named() -> None:
    assert submission.faults(6, [], "") == {"level": "out_of_range"}
    assert submission.faults(True, [], "") == {"level": "out_of_range"}
    assert submission.faults(2, ["510"], "长" * 501, "9") == {
        "tags": "not_of_this_level",
        "text": "too_long",
        "pf": "unknown",
    }
    assert submission.faults(2, ["214"], "长" * 500) == {}
