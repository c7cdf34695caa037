"""Choose the unit by the most specific routing row that fits, with its reason. The last resort is the desk.

Specific means: a row for the kind before one for all kinds (检举控告 must never follow its topic), then the longer
category, then the region. A row whose unit is barred is passed over. No I/O.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

STREET = "@street"
DESK = "@desk"
HEADING_DIGITS = 2
"""So many digits of a category name its heading."""


@dataclass(frozen=True, slots=True)
class AssignmentRule:
    """One routing row; empty means any."""

    id: int
    category: str
    kind: str
    region: str
    lead: str
    co: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What decides who answers. `streets`: the street or town unit by region, `barred`: who must never get it."""

    category: str
    kind: str
    region: str
    desk: str
    urgency: int = 0
    is_sure: bool = True  # False: a person must confirm the category, so only rows by kind alone hold
    street: str = ""
    region_chain: frozenset[str] = field(default_factory=frozenset)
    barred: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class UrgentService:
    """One row: what an urgent message says, and how the duties of the utility are worded that must come."""

    words: re.Pattern[str]
    duties: re.Pattern[str]


def _service(words: str, duties: str) -> UrgentService:
    return UrgentService(re.compile(words), re.compile(duties))


URGENT_SERVICES: tuple[UrgentService, ...] = (
    _service("燃气|煤气|天然气|液化气", "燃气|煤气|天然气"),
    _service("停电|断电|没有?电|没来电|触电|漏电|电线|电缆|高压线|变压器", "停电|供电"),
    _service("停水|断水|没有?(?:自来)?水[用喝吃了]|没来水|自来水|供水管|水管", "停水|供水|自来水"),
    _service("暖气|供暖|供热|地暖", "暖气|供暖|供热"),
)
"""The public utilities that repair what endangers people; which one that is here says its own list of duties."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who answers and why. `unit` is "" when a person at the desk must decide."""

    unit: str
    co: tuple[str, ...]
    rule: str
    reason: str


def decide_unit(facts: CaseFacts, rows: Iterable[AssignmentRule]) -> Decision:
    """The lead unit and co-units for a case."""
    for row in list_matching_rules(facts, rows):
        lead = facts.street if row.lead == STREET else row.lead
        if row.lead == DESK:
            return Decision("", (), f"row:{row.id}", row.reason)
        if not lead or lead in facts.barred:
            continue
        co = tuple(c for c in _units(row.co, facts) if c != lead and c not in facts.barred)
        return Decision(lead, co, f"row:{row.id}", row.reason)
    return Decision("", (), "none", "没有合适的派单规则，由受理窗口人工分派")


def list_matching_rules(facts: CaseFacts, rows: Iterable[AssignmentRule]) -> list[AssignmentRule]:
    """The rows that fit, the most specific first."""
    return sorted((row for row in rows if _fits(row, facts)), key=_rank, reverse=True)


def _fits(row: AssignmentRule, facts: CaseFacts) -> bool:
    if row.kind and row.kind != facts.kind:
        return False
    if not facts.is_sure and (row.category or not row.kind):
        return False
    if row.category and not facts.category.startswith(row.category):
        return False
    return not row.region or row.region in facts.region_chain


def _rank(row: AssignmentRule) -> tuple[bool, int, int, int]:
    return bool(row.kind), len(row.category), len(row.region.rstrip("0")), -row.id


def _units(co: Iterable[str], facts: CaseFacts) -> Iterable[str]:
    for code in co:
        unit = facts.street if code == STREET else code
        if unit:
            yield unit


def list_unrouted_categories(categories: Iterable[str], rows: Iterable[AssignmentRule]) -> list[str]:
    """The categories that wait for a row of their own, in the order given; the row of their heading serves meanwhile.

    A table that routes by headings only has nothing to do: a category waits where most of its sisters have a row.
    """
    routed_categories = {row.category for row in rows if not row.kind and not row.region}
    subcategories = [code for code in categories if len(code) > HEADING_DIGITS]
    siblings = {
        code: [other for other in subcategories if other[:HEADING_DIGITS] == code[:HEADING_DIGITS]]
        for code in subcategories
    }
    return [
        code
        for code in subcategories
        if code not in routed_categories
        and 2 * len(routed_categories.intersection(siblings[code])) > len(siblings[code])
    ]


def find_rule_faults(
    row: Mapping[str, object], is_unit: Callable[[str], bool], is_category: Callable[[str], bool]
) -> dict[str, str]:
    """What is wrong with a row a person typed, by field; empty when it may be kept."""
    faults: dict[str, str] = {}
    lead = str(row.get("lead", ""))
    if lead not in (STREET, DESK) and not is_unit(lead):
        faults["lead"] = "unknown_unit"
    co = row.get("co", ())
    if isinstance(co, list | tuple) and any(c != STREET and not is_unit(str(c)) for c in co):
        faults["co"] = "unknown_unit"
    category = str(row.get("category", ""))
    if category and not is_category(category):
        faults["category"] = "unknown"
    if not str(row.get("reason", "")).strip():
        faults["reason"] = "missing"
    return faults
