"""Is the demo town consistent? Every code in its data exists, every category has a unit that answers."""

import tomllib
from typing import Any

import pytest

from classify import taxonomy
from feedback.rules.vocabulary import Kind
from routing import assignment_rules
from routing.assignment_rules import DESK, STREET, AssignmentRule, CaseFacts
from web.demo.seed import TOWN

LEVELS = ["province", "city", "district", "street", "village"]


def _rows(name: str, key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads((TOWN / f"{name}.toml").read_text("utf-8"))[key]
    return rows


REGIONS = {row["code"]: row for row in _rows("regions", "region")}
UNITS = {row["code"]: row for row in _rows("units", "unit")}
ROUTES = [
    AssignmentRule(i, r["category"], r["kind"], r["region"], r["lead"], tuple(r["co"]), r["reason"])
    for i, r in enumerate(_rows("routes", "route"))
]
MESSAGES = _rows("messages", "message")


def _answers(category: str, kind: str, region: str = "990102001001") -> str:
    chain = {region, region[:9] + "000", "990102000000", "990100000000", "990000000000"}
    facts = CaseFacts(category, kind, region, "rexian", street=STREET, region_chain=frozenset(chain))
    return assignment_rules.decide_unit(facts, ROUTES).unit


def test_every_region_and_unit_hangs_below_one_that_exists() -> None:
    assert all(r["parent"] in REGIONS for r in REGIONS.values() if r["level"] != "province")
    for unit in UNITS.values():
        assert unit["region"] in REGIONS
        if unit["level"] == "province":
            assert unit["parent"] == ""
        else:
            assert LEVELS.index(UNITS[unit["parent"]]["level"]) <= LEVELS.index(unit["level"])


def test_the_town_has_all_five_levels() -> None:
    assert {row["level"] for row in REGIONS.values()} == set(LEVELS)
    assert {row["level"] for row in UNITS.values()} == set(LEVELS)


def test_every_category_is_somebodys_duty() -> None:
    duties = [duty for unit in UNITS.values() if unit["kind"] != "superior" for duty in unit["duties"]]
    assert {code for duty in duties for code in duty["categories"]} == set(taxonomy.LEVEL2)


def test_every_routing_row_names_units_categories_and_its_reason() -> None:
    for row in ROUTES:
        assert row.lead in UNITS or row.lead in (STREET, DESK)
        assert all(code in UNITS for code in row.co)
        assert not row.category or taxonomy.has_code(row.category)
        assert not row.region or row.region in REGIONS
        assert row.reason.startswith("为什么：")


def test_the_last_row_fits_everything() -> None:
    last = ROUTES[-1]
    assert (last.category, last.kind, last.region, last.lead) == ("", "", "", DESK)


@pytest.mark.parametrize("category", ["", *taxonomy.LEVEL1, *taxonomy.LEVEL2])
def test_a_report_goes_to_the_discipline_organ_whatever_it_is_about(category: str) -> None:
    assert _answers(category, "report") == "jiwei"
    assert _answers(category, "report", "990102101001") == "jiwei"


def test_a_town_looks_after_its_own_streets_and_the_district_after_the_city() -> None:
    assert _answers("0305", "complaint", "990102101001") == STREET
    assert _answers("0305", "complaint") == "chengguan"


def test_the_messages_speak_of_everything_and_each_has_a_unit() -> None:
    assert {m["category"] for m in MESSAGES} == set(taxonomy.LEVEL2)
    assert all(m["unit"] in UNITS or m["unit"] == STREET for m in MESSAGES)
    assert all(m["kind"] in set(Kind) for m in MESSAGES)
    assert all(m["unit"] == "jiwei" for m in MESSAGES if m["kind"] == "report")


def test_the_held_out_messages_are_in_no_other_file() -> None:
    held = _rows("holdout", "item")
    assert {item["category"][:2] for item in held} == set(taxonomy.LEVEL1)
    training_texts = {text for m in MESSAGES for text in (m["title"], m["text"])}
    assert not training_texts & {text for item in held for text in (item["title"], item["text"])}
