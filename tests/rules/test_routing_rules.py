"""Who answers a category that has no routing row of its own?"""

from routing import assignment_rules
from routing.assignment_rules import AssignmentRule, CaseFacts

TREE = ("03", "0301", "0302", "0303", "10", "1001", "1002")


def row(number: int, category: str, lead: str, region: str = "") -> AssignmentRule:
    return AssignmentRule(number, category, "", region, lead, (), "职责")


BY_CATEGORY = (row(1, "", "xinfang"), row(2, "03", "zhujian"), row(3, "0301", "guihua"), row(4, "0302", "zhengshou"))


def test_a_category_without_a_row_goes_where_its_heading_goes() -> None:
    decision = assignment_rules.decide_unit(CaseFacts("0303", "", "", "desk"), BY_CATEGORY)
    assert (decision.unit, decision.rule) == ("zhujian", "row:2")


def test_a_category_whose_sisters_have_rows_waits_for_one() -> None:
    assert assignment_rules.list_unrouted_categories(TREE, BY_CATEGORY) == ["0303"]


def test_a_row_for_one_street_only_is_not_enough() -> None:
    assert assignment_rules.list_unrouted_categories(
        TREE, (*BY_CATEGORY, row(5, "0303", "zhen", region="990102101000"))
    ) == ["0303"]


def test_who_routes_by_headings_only_has_nothing_to_do() -> None:
    assert assignment_rules.list_unrouted_categories(TREE, (row(1, "03", "zhujian"), row(2, "10", "jiaotong"))) == []


def test_nothing_waits_once_the_row_is_there() -> None:
    assert assignment_rules.list_unrouted_categories(TREE, (*BY_CATEGORY, row(5, "0303", "zhujian"))) == []
