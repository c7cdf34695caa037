"""Is a proposal of the classifier right only when people left it unchanged?"""

from typing import Any

import pytest

from classify.automation.proposal_outcome import find_proposal_outcome
from feedback.rules.read_models import EntryView
from tests.moments import MONDAY

PROPOSED = {"category": "0402", "confidence": 0.97, "release": "r", "abstained": False, "proposed": "renshe"}
Line = tuple[str, str, str, dict[str, Any]]
CLASSIFIED: Line = ("classify", "system", "", PROPOSED)
BY_SYSTEM: Line = ("assign", "system", "", {"unit": "renshe"})
ACCEPTED: Line = ("accept", "clerk", "renshe", {})
RETURNED: Line = ("return", "clerk", "renshe", {"reason": "不归我们管"})


def _by_desk(unit: str) -> Line:
    return ("assign", "reception", "rexian", {"unit": unit})


def _entries(*lines: Line) -> list[EntryView]:
    return [
        EntryView(i, act, MONDAY, "", role, unit, "", data, False) for i, (act, role, unit, data) in enumerate(lines, 1)
    ]


@pytest.mark.parametrize(
    ("lines", "is_right"),
    [
        pytest.param([CLASSIFIED], None, id="nobody has said anything yet"),
        pytest.param([CLASSIFIED, BY_SYSTEM], None, id="the system does not confirm itself"),
        pytest.param([CLASSIFIED, BY_SYSTEM, ACCEPTED], True, id="the unit accepted"),
        pytest.param([CLASSIFIED, _by_desk("renshe")], True, id="reception followed the suggestion"),
        pytest.param([CLASSIFIED, _by_desk("jiaoyu")], False, id="reception chose another unit"),
        pytest.param([CLASSIFIED, BY_SYSTEM, RETURNED], False, id="the unit gave it back"),
        pytest.param(
            [CLASSIFIED, BY_SYSTEM, RETURNED, _by_desk("renshe"), ACCEPTED], True, id="reception insisted, the unit accepted"
        ),
        pytest.param(
            [CLASSIFIED, _by_desk("renshe"), ("classify", "reception", "rexian", {"category": "0401"})],
            False,
            id="the category was corrected",
        ),
        pytest.param(
            [CLASSIFIED, ("classify", "reception", "rexian", {"category": "04"}), _by_desk("renshe")],
            True,
            id="the heading alone says the same with less words",
        ),
        pytest.param(
            [("classify", "system", "", {**PROPOSED, "abstained": True}), _by_desk("renshe")],
            None,
            id="what it did not dare is not counted",
        ),
        pytest.param(
            [("classify", "reception", "rexian", PROPOSED), _by_desk("renshe")], None, id="a person's category is no proposal"
        ),
    ],
)  # fmt: skip
def test_a_proposal_is_right_only_when_people_left_it_unchanged(lines: list[Line], is_right: bool | None) -> None:
    outcome = find_proposal_outcome(_entries(("submit", "citizen", "", {}), *lines))
    assert (outcome.is_right if outcome else None) is is_right
    if outcome:
        assert (outcome.category, outcome.unit, outcome.confidence, outcome.release) == ("0402", "renshe", 0.97, "r")
