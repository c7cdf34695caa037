"""Fields that a step asks for, and what may be wrong with their values. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from feedback.rules import case_markers, parties
from feedback.rules.vocabulary import PUBLIC_KINDS


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a step must (or may) bring: its name, sort and limits."""

    name: str
    sort: str = (
        "text"  # text line number decimal unit units desk staff category level case tags switch day files choice
    )
    optional: bool = False
    most: int = 5000
    least: int = 1
    choices: tuple[
        str, ...
    ] = ()  # of a choice; empty: the rows of feedback.rules.decision_grounds that hold for the case
    is_sealed: bool = False  # who somebody is: stored with the person, never in the entry


def must(*names: str) -> tuple[Need, ...]:
    return tuple(NEEDS[name] for name in names)


def may(*names: str) -> tuple[Need, ...]:
    return tuple(replace(need, optional=True) for need in must(*names))


NEEDS: Mapping[str, Need] = MappingProxyType(
    {
        need.name: need
        for need in (
            Need("title", "line", most=100),
            Need("text", most=20000),
            Need("question", most=20000),
            Need("answer", most=20000),
            Need("reason", most=1000),
            Need("where_instead", "line", most=300),
            Need("unit", "unit", most=60),
            Need("from_unit", "unit", most=60),
            Need("units", "units"),
            Need("addressee", "unit", most=60),
            Need("task", most=1000),
            Need("days", "number", most=365),
            Need("category", "category", most=4),
            Need("confidence", "decimal", most=1),
            Need("release", "line", most=100),
            Need("rule", "line", most=300),
            Need("level", "level", most=5),
            Need("desk_level", "level", most=5),
            Need("tags", "tags"),
            Need("case", "case", most=20),  # no number is longer, and the database refuses to compare one that is
            Need("outcome", "line", most=60),
            Need("contacted", "line", most=60),
            Need("solved", "line", most=60),
            Need("target_day", "day"),
            Need("public", "switch"),
            Need("abstained", "switch"),
            Need("proposed", "line", most=60),
            Need("held", "line", most=20),
            Need("known", "decimal", most=1),
            Need("attachments", "files"),
            Need("shared_files", "files"),
            Need("anonymous", "switch"),
            Need("legal_route", "choice"),
            Need("ground", "choice"),
            Need("trigger", "choice"),
            Need("mode", "choice", choices=("forward", "commission")),
            Need("designated", "switch"),
            Need("facts", most=20000),
            Need("basis", most=5000),
            Need("desk", "desk", most=60),
            Need("staff", "staff", most=80),
            Need("day", "day"),
            Need("received_day", "day"),
            Need("time_unknown", "switch"),
            Need("kind", "choice", choices=tuple(kind.value for kind in PUBLIC_KINDS)),
            Need("bars", "units"),
            Need("urgency", "number", most=2, least=0),
            Need("scope", "choice", choices=("publication", "contact", "machine")),
            Need("name", "line", most=60),
            Need("phone", "line", most=30),
            Need("id_kind", "choice", choices=("111", "516", "511", "414", "553", "999")),
            Need("id_number", "line", most=40),
            Need("home_address", "line", most=200),
            Need("marker", "choice", choices=case_markers.CODES),
            Need("leader_name", "line", most=50),
            Need("leader_post", "line", most=60),
            Need("since_day", "day"),
            Need("party_kind", "choice", choices=parties.ADDED_LATER),
            Need("authority", "choice", choices=tuple(authority.value for authority in parties.Authority)),
            Need("party_name", "line", most=50, is_sealed=True),
            Need("party_phone", "line", most=20, is_sealed=True),
            Need("party_id_number", "line", most=40, is_sealed=True),
            Need("relation", "line", most=40),
            Need("proof", "line", most=200),
            Need("procedure", "choice", choices=("ordinary", "simple")),
            Need("way", "choice", choices=("direct", "post", "electronic", "left", "notice")),
        )
    }
)


SOLVED = Need("solved", "choice", optional=True, choices=("solved", "partly", "unsolved"))
"""What a citizen says when they rate: whether it was solved."""
CONCLUSION = Need("outcome", "choice")
"""What an opinion concludes: one of the three outcomes of 第三十二条."""


def find_need_fault(need: Need, value: object) -> str | None:
    is_missing = value is None or value == "" or value == [] or value == ()
    if is_missing:
        return None if need.optional else "missing"
    match need.sort:
        case "number" | "level":
            if isinstance(value, bool) or not isinstance(value, int):
                return "not_a_number"
            return None if need.least <= value <= need.most else "out_of_range"
        case "decimal":
            if isinstance(value, bool) or not isinstance(value, int | float):
                return "not_a_number"
            return None if 0 <= value <= need.most else "out_of_range"
        case "switch":
            return None if isinstance(value, bool) else "not_a_switch"
        case "units" | "tags" | "files":
            if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
                return "not_a_list"
            return "too_long" if any(len(item) > NEEDS["unit"].most for item in value) else None
        case "choice" if need.choices:
            return None if isinstance(value, str) and value in need.choices else "unknown"
        case _:
            if not isinstance(value, str):
                return "not_text"
            if not value.strip():
                return None if need.optional else "missing"
            return "too_long" if len(value) > need.most else None
