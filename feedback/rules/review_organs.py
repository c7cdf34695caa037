"""Which organ may review or lead an appeal: the one above whoever decided last, never who decided, never a committee.

信访工作条例 第三十五条、第三十六条第一款 give review to the next level up of the handling organ; 第二十二条、第三十二条 let
only an organ with power of its own (有权处理的机关、单位) issue an opinion. Who stands above whom, and which units are
committees of residents, comes in as plain values. No I/O.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from feedback.rules.vocabulary import REPLIES, Act, Kind, Stage

NOT_THE_REVIEWING_ORGAN = "not_the_reviewing_organ"
NOT_A_COMPETENT_ORGAN = "not_a_competent_organ"

REVIEW_STAGES = frozenset({Stage.REVIEW, Stage.RE_REVIEW})

_NAMING_ACTS = frozenset({Act.ASSIGN, Act.NAME_UNIT, Act.ANSWER_MERGED, Act.REDO})


@dataclass(frozen=True, slots=True)
class OrganFacts:
    """What the directory knows of a unit that is to lead, and of whoever decided before."""

    superiors: Sequence[str]  # above who decided last, the nearest first
    subordinates: frozenset[str]  # below who decided last
    barred: frozenset[str]
    is_committee: bool


def list_deciders(history: Iterable[tuple[str, Mapping[str, object]]]) -> tuple[str, ...]:
    """The units that answered the case so far, in order; one named afterwards answered what was imported.

    What a review ordered to be done again was annulled: nobody has decided since.
    """
    lead = ""
    deciders: list[str] = []
    for act, data in history:
        if act == Act.REDO:
            deciders = []
        if act in _NAMING_ACTS:
            lead = str(data.get("unit", ""))
        if act == Act.SUCCEED and lead == data.get("from_unit"):
            lead = str(data.get("unit", ""))
        if act in REPLIES or (act == Act.NAME_UNIT and deciders):
            deciders.append(lead)
    return tuple(deciders)


def choose_reviewing_organ(deciders: Sequence[str], superiors: Sequence[str], barred: frozenset[str]) -> str:
    """The nearest organ above whoever decided last that is not barred and never decided, or ""."""
    return next((unit for unit in superiors if unit not in barred and unit not in deciders), "")


def find_organ_fault(kind: Kind, stage: Stage, unit: str, deciders: Sequence[str], facts: OrganFacts) -> str:
    """Why this unit may not lead the case now, as a stable code; "" where it may.

    Where the directory knows nobody above whoever decided last, the desk names the organ, but nobody who stands below.
    """
    if stage in REVIEW_STAGES:
        organ = choose_reviewing_organ(deciders, facts.superiors, facts.barred)
        is_excluded = unit in deciders or unit in facts.subordinates
        if is_excluded or (organ and unit != organ):
            return NOT_THE_REVIEWING_ORGAN
    return NOT_A_COMPETENT_ORGAN if kind is Kind.APPEAL and facts.is_committee else ""
