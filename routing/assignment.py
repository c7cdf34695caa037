"""Choose the unit or reviewer for a case, and list the units that must not get it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from feedback.rules import review_organs
from feedback.rules.read_models import CaseFile, CaseSummary
from feedback.rules.review_organs import OrganFacts
from feedback.rules.vocabulary import Act, Kind, Stage, Status
from routing.assignment_rules import CaseFacts, Decision, decide_unit
from routing.directory import Directory

_SERVICE_KINDS = frozenset({"", Kind.COMPLAINT, Kind.HELP, Kind.CONSULT})
"""What a public utility may answer by itself; "" while the kind is not known."""


ACCUSATION_FLAG = "accusation"
"""What a case keeps among its flags when its words certainly accuse somebody in office."""


CONCLUDED_FLAG = "concluded"
"""What a case keeps among its flags when a re-review (复核) concluded the same matter of the same person before."""


def is_concluded(flags: Iterable[str]) -> bool:
    """Whether the desk has to look first if the matter is to be taken up at all (信访工作条例 第三十六条第三款)."""
    return CONCLUDED_FLAG in flags


def is_accusation(flags: Iterable[str]) -> bool:
    """Whether the words certainly accuse an official (信访工作条例 第三十条), whatever kind the writer chose."""
    return ACCUSATION_FLAG in flags


def must_be_assigned_by_person(case: CaseSummary, directory: Directory) -> bool:
    """Whether no rule may send the case to a unit: reports (检举控告), what accuses an official under another kind, and
    what names somebody who must be kept away (回避), and what a re-review concluded.

    A machine decides about none of them. Only what accuses its own desk is sent on by the rows: nobody there may see it,
    so nobody there could decide.
    """
    if case.desk in list_barred_units(case, directory):
        return False
    if case.kind is Kind.REPORT:
        return True
    is_for_person = is_accusation(case.flags) or is_concluded(case.flags) or "exclude" in case.entries[0].data
    return case.stage is Stage.FIRST and is_for_person


def list_likely_units(case: CaseSummary, directory: Directory) -> tuple[str, ...]:
    """The units an urgent case will probably go to while a person has yet to send it: they may get ready meanwhile."""
    if case.status is not Status.RECEIVED or must_be_assigned_by_person(case, directory):
        return ()
    proposed = [str(entry.data.get("proposed", "")) for entry in case.entries if entry.act == Act.CLASSIFY]
    utilities = directory.find_urgent_utilities(f"{case.title}\n{case.text}")
    return tuple(dict.fromkeys(unit for unit in (*proposed[-1:], *utilities) if unit))


def assignment_data(decision: Decision) -> dict[str, Any]:
    """What the entry keeps of a decision: who, with whom, by which row and why."""
    return {"unit": decision.unit, "units": list(decision.co), "reason": decision.reason, "rule": decision.rule}


def choose_unit(case: CaseFile | CaseSummary, directory: Directory) -> Decision:
    """Who answers this case now, and why."""
    barred_codes = list_barred_units(case, directory)
    requested_unit = str(case.entries[0].data.get("unit", ""))
    if requested_unit and case.kind == "rectify":
        return Decision(directory.current(requested_unit), (), "rectify", "差评由被评价的单位整改（谁办理、谁负责）")
    if case.stage is not Stage.FIRST:
        return _choose_reviewer(case, directory, barred_codes)
    region = case.region or directory.place_of(f"{case.address}\n{case.title}\n{case.text}")
    facts = CaseFacts(
        category=case.category,
        # An accusation never follows its topic, whatever kind its writer chose (信访工作条例 第三十条).
        kind=Kind.REPORT if is_accusation(case.flags) else case.kind.value,
        region=region,
        desk=case.desk,
        urgency=case.urgency,
        is_sure=is_sure(case),
        street=directory.street_of(region),
        region_chain=directory.region_chain(region),
        barred=barred_codes,
    )
    decision = decide_for_message(facts, f"{case.title}\n{case.text}", directory)
    if find_organ_fault(case, decision.unit, directory):
        return Decision("", (), decision.rule, "不是有权处理的机关，由受理窗口指定")
    return decision


def decide_for_message(facts: CaseFacts, text: str, directory: Directory) -> Decision:
    """The unit by the routing rows, or the utility that must come, with the department of the category beside it.

    A utility comes that a message names, if it has the category among its duties, and to an urgent matter the one whose
    duties cover it. Only for service requests: appeals and reports go to organs (信访工作条例 第二十二条).
    """
    decision = decide_unit(facts, directory.rows)
    if facts.kind not in _SERVICE_KINDS or not facts.is_sure or not facts.category or not decision.unit:
        return decision
    duties = dict([directory.find_utility_duty(text, facts.category)])
    if facts.urgency:
        duties |= directory.find_urgent_utilities(text)
    utilities = [unit for unit in duties if unit and unit not in facts.barred]
    if not utilities:
        return decision
    lead = decision.unit if decision.unit in utilities else utilities[0]
    co = tuple(dict.fromkeys(unit for unit in (decision.unit, *utilities, *decision.co) if unit != lead))
    if lead == decision.unit:
        return replace(decision, co=co)
    return Decision(lead, co, decision.rule, f"{directory.short(lead)}：{duties[lead]}；{decision.reason}")


def is_sure(case: CaseFile | CaseSummary) -> bool:
    """Whether the category was given by a person, or by the classifier, sure of it and free to act on it."""
    last = next((e for e in reversed(case.entries) if e.act == Act.CLASSIFY), None)
    return last is not None and not last.data.get("abstained", False) and not last.data.get("held")


def list_barred_units(case: CaseFile | CaseSummary, directory: Directory) -> frozenset[str]:
    """The units a report names, and all below them."""
    entries = [entry for entry in case.entries if entry.act in (Act.SUBMIT, Act.CHANGE_KIND)]
    unit_codes: Iterable[str] = entries[-1].data.get("bars", ())
    return frozenset[str]().union(*(directory.subtree(unit) for unit in unit_codes))


def find_organ_fault(case: CaseFile | CaseSummary, unit: str, directory: Directory) -> str:
    """Why a unit may not lead the case in its stage, as a stable code; "" where it may."""
    deciders = _list_deciders(case, directory)
    last_decider = deciders[-1] if deciders else ""
    facts = OrganFacts(
        superiors=directory.list_superiors(last_decider),
        subordinates=directory.subtree(last_decider) if last_decider else frozenset(),
        barred=list_barred_units(case, directory),
        is_committee=directory.is_committee(unit),
    )
    return review_organs.find_organ_fault(case.kind, case.stage, unit, deciders, facts)


def _list_deciders(case: CaseFile | CaseSummary, directory: Directory) -> tuple[str, ...]:
    """Who answered the case so far; for a unit that is closed now, the one that took its place."""
    deciders = review_organs.list_deciders((entry.act, entry.data) for entry in case.entries)
    return tuple(map(directory.current, deciders))


def _choose_reviewer(case: CaseFile | CaseSummary, directory: Directory, barred_codes: frozenset[str]) -> Decision:
    """复查 and 复核 go to the unit one level above whoever decided last."""
    deciders = _list_deciders(case, directory)
    superiors = directory.list_superiors(deciders[-1]) if deciders else ()
    superior_unit = review_organs.choose_reviewing_organ(deciders, superiors, barred_codes)
    if not superior_unit:
        return Decision("", (), "review", "没有上一级机关，由受理窗口指定")
    law = "信访工作条例 第三十五条" if case.stage is Stage.REVIEW else "信访工作条例 第三十六条"
    return Decision(superior_unit, (), "review", f"由原办理机关的上一级机关办理({law})")
