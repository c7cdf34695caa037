"""Are forms and JSON parsed into the same values, and is every fault reported?"""

from typing import Any

import pytest
from starlette.datastructures import FormData

from feedback.kernel.errors import Invalid
from feedback.rules.lifecycle import STEPS, Step, check_needs
from feedback.rules.needs import NEEDS
from feedback.rules.vocabulary import Act
from routing.directory import Directory, UnitRow
from web.forms import parsing

UNITS = ("jiaoyu", "chengguan")


def town() -> Directory:
    def unit(code: str) -> UnitRow:
        return UnitRow(code, code, code, "department", "district", "", "", "", "", (), ())

    return Directory(1, {code: unit(code) for code in UNITS}, {}, ())


def step_of(act: Act) -> Step:
    return next(step for step in STEPS if step.act is act)


FORMS: tuple[tuple[Act, list[tuple[str, str]], dict[str, Any]], ...] = (
    (Act.EXTEND, [("days", " １０ "), ("reason", "疑难\r\n复杂")], {"days": 10, "reason": "疑难\n复杂"}),
    (Act.RATE, [("level", "2"), ("tags", "207"), ("tags", "213"), ("anonymous", "on")], {"level": 2, "tags": ["207", "213"], "anonymous": True}),
    (Act.RATE, [("level", "二"), ("tags", ""), ("anonymous", "0")], {"level": "二", "anonymous": False}),
    (Act.CO_ASSIGN, [("units", "jiaoyu"), ("units", ""), ("task", "查\x00实")], {"units": ["jiaoyu"], "task": "查实"}),
    (Act.REPLY, [("text", "一\r\n\r\n\r\n\r\n二 ")], {"text": "一\n\n二"}),
    (Act.MERGE, [("case", "２０２６０９１４ 123456"), ("reason", "同一件事")], {"case": "20260914-123456", "reason": "同一件事"}),
    (Act.ACCEPT, [("text", ""), ("nobody_knows", "x")], {}),
)  # fmt: skip


@pytest.mark.parametrize(("act", "pairs", "wanted"), FORMS)
def test_a_form_becomes_values_by_the_sorts_of_its_needs(
    act: Act, pairs: list[tuple[str, str]], wanted: dict[str, Any]
) -> None:
    values = parsing.parse_form(FormData([*pairs]), parsing.list_needs(act))
    assert {name: value for name, value in values.items() if value is not False or name in wanted} == wanted


def test_json_keeps_its_types_and_is_tidied() -> None:
    body = {"level": 5, "tags": ["510\x00"], "text": " 很好\r\n ", "anonymous": False, "x": 1}
    values = parsing.parse_json(body, parsing.list_needs(Act.RATE))
    assert values == {"level": 5, "tags": ["510"], "text": "很好", "anonymous": False}


def test_json_of_the_wrong_type_stays_as_it_is_and_is_named() -> None:
    body = {"level": "5", "tags": "510", "text": 7, "anonymous": 1}
    data = parsing.parse_json(body, parsing.list_needs(Act.RATE))
    assert data == body
    faults = parsing.find_faults(step_of(Act.RATE), data, town(), 9)
    assert faults == {"level": "not_a_number", "tags": "not_a_list", "text": "not_text", "anonymous": "not_a_switch"}


@pytest.mark.parametrize(
    ("act", "data", "wanted"),
    [
        (Act.ASSIGN, {"unit": "nowhere"}, {"unit": "unknown_unit"}),
        (Act.ASSIGN, {"unit": "jiaoyu", "units": ["nowhere"]}, {"units": "unknown_unit"}),
        (Act.ASSIGN, {"unit": "jiaoyu", "units": ["jiaoyu"] * 51}, {"units": "too_many"}),
        (Act.CLASSIFY, {"category": "0199"}, {"category": "unknown"}),
        (Act.CLASSIFY, {}, {"category": "missing"}),
        (Act.HOLD, {"reason": "待拨款", "target_day": "2026-02-30"}, {"target_day": "not_a_day"}),
        (Act.HOLD, {"reason": "待拨款", "target_day": "20260301"}, {"target_day": "not_a_day"}),
        (Act.SUPPLEMENT, {"text": "x", "attachments": ["a"] * 10}, {"attachments": "too_many"}),
        (Act.EXTEND, {"days": 0}, {"reason": "missing", "days": "out_of_range"}),
        (Act.EXTEND, {"days": True, "reason": "x"}, {"days": "not_a_number"}),
        (Act.ASSIGN, {"unit": "jiaoyu", "units": ["chengguan"], "reason": "x"}, {}),
    ],
)
def test_every_fault_is_named_by_its_need(act: Act, data: dict[str, Any], wanted: dict[str, str]) -> None:
    assert parsing.find_faults(step_of(act), data, town(), 9) == wanted


def test_only_the_system_speaks_for_the_machine() -> None:
    names = {need.name for act in Act for need in parsing.list_needs(act)}
    assert names.isdisjoint(parsing.SYSTEM_NEEDS)
    assert names | parsing.SYSTEM_NEEDS <= set(NEEDS)


@pytest.mark.parametrize("step", [step for step in STEPS if step.needs], ids=lambda step: step.act)
def test_the_parser_keeps_all_values_the_rules_require(step: Step) -> None:
    typical = {
        "number": "3",
        "level": "3",
        "units": "jiaoyu",
        "unit": "jiaoyu",
        "desk": "jiaoyu",
        "category": "0101",
        "day": "2026-09-30",
    }
    form = FormData([(need.name, typical.get(need.sort, (*need.choices, "文字")[0])) for need in step.needs])
    data = parsing.parse_form(form, parsing.list_needs(step.act))
    assert parsing.find_faults(step, data, town(), 9) == {}
    check_needs(step, data)
    with pytest.raises(Invalid):
        check_needs(step, parsing.parse_form(FormData([]), parsing.list_needs(step.act)))
