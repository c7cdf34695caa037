"""Which fingerprints are stored for a message, and when are two messages proposed as one matter?"""

import pytest

from classify.duplicates import near_duplicates
from classify.duplicates.fingerprint_store import ID_BITS, make_keys
from classify.duplicates.link_proposals import decide_link_kind
from classify.duplicates.near_duplicates import Similarity
from feedback.rules.vocabulary import LinkKind
from tests.rules.test_near_duplicates import NOISE

pytestmark = pytest.mark.one_database


def test_a_row_holds_fingerprint_and_case_and_the_same_case_makes_the_same_rows() -> None:
    keys = make_keys(77, near_duplicates.normalize("", NOISE), 0)
    assert keys == make_keys(77, near_duplicates.normalize("", NOISE), 0)
    assert {key & ((1 << ID_BITS) - 1) for key in keys} == {77}
    assert all(0 <= key < 2**63 for key in keys) and len(keys) <= near_duplicates.MAX_FINGERPRINTS


@pytest.mark.parametrize(
    ("alike", "known_by", "one_heading", "kind"),
    [
        (Similarity(0.9, 0.9), (), False, LinkKind.CAMPAIGN),
        (Similarity(0.9, 0.9), ("name",), False, LinkKind.REPEAT_OF),
        (Similarity(0.2, 0.1), ("phone",), False, LinkKind.REPEAT_OF),
        (Similarity(0.1, 0.1), ("id",), True, LinkKind.REPEAT_OF),
        (Similarity(0.1, 0.1), ("id",), False, None),
        (Similarity(0.2, 0.1), ("name",), True, None),
        (Similarity(0.2, 0.1), (), True, None),
    ],
)
def test_cases_of_one_person_need_less_similarity_and_a_name_alone_is_weak(
    alike: Similarity, known_by: tuple[str, ...], one_heading: bool, kind: LinkKind | None
) -> None:
    assert decide_link_kind(alike, known_by, is_same_category=one_heading) is kind
