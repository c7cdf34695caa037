"""A public utility that a message names answers what is its duty, beside the department of the category."""

import tomllib
from typing import Any

import pytest

from feedback.rules.vocabulary import Kind
from routing.assignment import decide_for_message
from routing.assignment_rules import AssignmentRule, CaseFacts
from routing.directory import Directory, UnitRow
from web.demo.seed import TOWN

CITY_WORKS = "0305"
LEAK = "厨房燃气管道漏气，燃气公司不来修"


def _town() -> Directory:
    units: list[dict[str, Any]] = tomllib.loads((TOWN / "units.toml").read_text("utf-8"))["unit"]
    texts = ("code", "name", "short", "kind", "level", "parent", "region")
    rows = {
        unit["code"]: UnitRow(
            **{name: unit[name] for name in texts},
            phone="",
            address="",
            aliases=tuple(unit.get("aliases", ())),
            duties=tuple((duty["text"], tuple(duty["categories"])) for duty in unit["duties"]),
        )
        for unit in units
    }
    rule = AssignmentRule(1, CITY_WORKS, "", "", "chengguan", (), "职责")
    return Directory(1, rows, {}, (rule,))


def _decide(text: str, kind: str = Kind.COMPLAINT, **facts: Any) -> tuple[str, tuple[str, ...], str]:
    decision = decide_for_message(CaseFacts(CITY_WORKS, kind, "", "desk", **facts), text, _town())
    return decision.unit, decision.co, decision.reason


def test_the_company_that_does_not_come_gets_the_leak_and_its_reason_names_the_duty() -> None:
    """Finding R30."""
    unit, co, reason = _decide(LEAK)
    assert (unit, co) == ("ranqi", ("chengguan",))
    assert reason.startswith("燃气公司：闻到煤气味、燃气泄漏抢修、软管老化安检；")


def test_the_company_is_recognised_in_traditional_characters() -> None:
    assert _decide("廚房燃氣管道漏氣，燃氣公司不來修")[0] == "ranqi"


@pytest.mark.parametrize(
    ("text", "kind", "facts"),
    [
        pytest.param("路灯不亮", Kind.COMPLAINT, {}, id="nobody is named"),
        pytest.param(f"{LEAK}，供电公司也不来", Kind.COMPLAINT, {}, id="two are named"),
        pytest.param(LEAK, Kind.APPEAL, {}, id="an appeal goes to an organ"),
        pytest.param(LEAK, Kind.REPORT, {}, id="a report goes to an organ"),
        pytest.param(LEAK, Kind.COMPLAINT, {"barred": frozenset({"ranqi"})}, id="it may not know of the case"),
    ],
)
def test_otherwise_the_routing_row_decides(text: str, kind: str, facts: dict[str, Any]) -> None:
    assert _decide(text, kind, **facts)[0] == "chengguan"


def test_a_person_decides_what_the_classifier_is_not_sure_of() -> None:
    assert _decide(LEAK, is_sure=False)[0] == ""
