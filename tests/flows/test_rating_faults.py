"""Are all faults of a rating reported before anything is written?"""

import pytest

from evaluation.ratings import submission

pytestmark = pytest.mark.one_database


def test_tags_belong_to_the_level_that_was_chosen() -> None:
    assert submission.find_tags_fault(5, ["510", "517"]) == ""
    assert submission.find_tags_fault(5, ["510", "214"]) == "not_of_this_level"
    assert submission.find_tags_fault(5, ["999"]) == "unknown"
    assert submission.find_tags_fault(5, ["501"]) == "unknown"
    assert submission.find_tags_fault(1, []) == ""


def test_every_fault_of_a_rating_is_named() -> None:
    assert submission.find_rating_faults(6, [], "") == {"level": "out_of_range"}
    assert submission.find_rating_faults(True, [], "") == {"level": "out_of_range"}
    assert submission.find_rating_faults(2, ["510"], "长" * 501, "9") == {
        "tags": "not_of_this_level",
        "text": "too_long",
        "pf": "unknown",
    }
    assert submission.find_rating_faults(2, ["214"], "长" * 500) == {}
