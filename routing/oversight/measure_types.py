"""Types of oversight measures on a unit, by what right, and what may happen to one. The table MEASURES.

Four measures of the joint conference (信访工作条例 第三十九条) and the three suggestions (第十四条第六项、第四十条), each
with the answer it wants and by when. The Regulation wants the answer to a suggestion in writing and names no number;
thirty days stood in the Regulation of 2005 and stand in Shandong's. No I/O.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from feedback.rules import access
from feedback.rules.access import Actor, UnitScope
from feedback.rules.vocabulary import Role

TITLE_MOST = 100
TEXT_MOST = 5000
CASES_MOST = 50
DAYS_MOST = 365


class MeasureStatus(StrEnum):
    """Where a measure stands."""

    ISSUED = "issued"
    ANSWERED = "answered"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class MeasureStep(StrEnum):
    """What is done about a measure."""

    ISSUE = "issue"
    ANSWER = "answer"
    SEND_BACK = "send_back"
    REMIND = "remind"
    CLOSE = "close"
    WITHDRAW = "withdraw"


_ADDRESSED_ROLES = frozenset({Role.CLERK, Role.LEAD, Role.RECEPTION})
ADOPTIONS: Mapping[str, str] = {"adopted": "采纳", "partly": "部分采纳", "not": "不采纳"}


@dataclass(frozen=True, slots=True)
class MeasureType:
    """One row: a measure, its article, what answer it wants and by when (0: the issuer says the day)."""

    code: str
    label: str
    law: str
    wants: str  # what the answer in writing must say
    adoption: bool = False  # whether the answer says if it was adopted
    days: int = 0
    remark: str = ""
    meets: bool = False  # whether people must come: then it says when, where and who


MEETING_FIELDS: Mapping[str, str] = {"meeting_at": "约谈时间", "place": "约谈地点", "attendees": "参加人员"}
MEETING_MOST = 100
"""How long each of them may be."""


_SAYS = "采纳情况；部分采纳或者不采纳的说明理由"
_LAW = "信访工作条例 第十四条第六项、第四十条第四款"
_DAYS = "条例未定天数；平台默认 30 日，可以设置"

# fmt: off
MEASURES: tuple[MeasureType, ...] = (
    MeasureType("interview",  "约谈",     "信访工作条例 第三十九条", "约谈后的整改安排", meets=True, remark="到期日为反馈整改安排的最后一天"),
    MeasureType("circular",   "通报",     "信访工作条例 第三十九条", "整改情况"),
    MeasureType("listed",     "挂牌督办", "信访工作条例 第三十九条", "办结的结果"),
    MeasureType("rectify_by", "限期整改", "信访工作条例 第三十九条", "限期整改的结果"),
    MeasureType("improve",    "改进工作建议", _LAW, _SAYS, adoption=True, days=30, remark=_DAYS),
    MeasureType("policy",     "完善政策建议", _LAW, _SAYS, adoption=True, days=30, remark=_DAYS),
    MeasureType("hold_liable", "追究责任建议", _LAW, _SAYS, adoption=True, days=30, remark=_DAYS),
)

MEASURE_STEPS: Mapping[MeasureStep, tuple[frozenset[MeasureStatus], MeasureStatus]] = {
    # what may happen                  from                                             to
    MeasureStep.ANSWER:    (frozenset({MeasureStatus.ISSUED}),                     MeasureStatus.ANSWERED),
    MeasureStep.SEND_BACK: (frozenset({MeasureStatus.ANSWERED}),                   MeasureStatus.ISSUED),
    MeasureStep.REMIND:    (frozenset({MeasureStatus.ISSUED}),                     MeasureStatus.ISSUED),
    MeasureStep.CLOSE:     (frozenset({MeasureStatus.ANSWERED}),                   MeasureStatus.CLOSED),
    MeasureStep.WITHDRAW:  (frozenset({MeasureStatus.ISSUED, MeasureStatus.ANSWERED}),    MeasureStatus.WITHDRAWN),
}
# fmt: on


def find_measure_type(code: str) -> MeasureType | None:
    return next((row for row in MEASURES if row.code == code), None)


def may_read(actor: Actor) -> bool:
    """Whether measures concern the actor at all."""
    return access.has_role(actor, access.OVERSEERS | _ADDRESSED_ROLES)


def measure_scope(actor: Actor) -> UnitScope:
    """Overseers see what was issued to units they oversee, a unit what was issued to it."""
    if access.has_role(actor, access.OVERSEERS):
        return access.unit_scope(actor)
    return UnitScope(units=frozenset({actor.unit})) if may_read(actor) and actor.unit else UnitScope()


def may_see(actor: Actor, unit: str) -> bool:
    """Whether the actor may know of a measure issued to that unit."""
    return measure_scope(actor).covers(unit)


def may_issue(actor: Actor, unit: str = "") -> bool:
    """Supervisors, to the units they oversee; without a unit: whether to any at all."""
    return Role.SUPERVISOR in actor.roles and (not unit or may_see(actor, unit))


def may_perform(actor: Actor, step: MeasureStep, unit: str) -> bool:
    """Who may do what: the addressed unit's head answers, whoever may issue does the rest."""
    if not may_see(actor, unit):
        return False
    if step is MeasureStep.ANSWER:
        return Role.LEAD in actor.roles and actor.unit == unit
    return step is not MeasureStep.REMIND and may_issue(actor, unit)


def open_measure_steps(actor: Actor, status: MeasureStatus, unit: str) -> tuple[MeasureStep, ...]:
    """What the actor may do about a measure now."""
    return tuple(
        step for step, (sources, _) in MEASURE_STEPS.items() if status in sources and may_perform(actor, step, unit)
    )


def issue_faults(values: Mapping[str, object], today: date, cases: Sequence[str]) -> dict[str, str]:
    """What is wrong with a measure somebody wants to issue."""
    faults = _text_fault("title", values, TITLE_MOST) | _text_fault("text", values, TEXT_MOST)
    if find_measure_type(str(values.get("kind", ""))) is None:
        faults["kind"] = "unknown"
    if not values.get("unit"):
        faults["unit"] = "missing"
    faults |= _meeting_faults(values)
    day = values.get("due_day")
    if not isinstance(day, date):
        faults["due_day"] = "missing" if day == "" else "not_a_day"
    elif not 0 < (day - today).days <= DAYS_MOST:
        faults["due_day"] = "not_a_future_day"
    if len(cases) > CASES_MOST:
        faults["cases"] = "too_many"
    return faults


def _meeting_faults(values: Mapping[str, object]) -> dict[str, str]:
    """What is wrong with when, where and who of a meeting. A program that knows nothing of them writes them in its text."""
    row, brought = find_measure_type(str(values.get("kind", ""))), [name for name in MEETING_FIELDS if name in values]
    if row is None or not row.meets:
        return {}
    return {code: fault for name in brought for code, fault in _text_fault(name, values, MEETING_MOST).items()}


def compose_text(values: Mapping[str, object]) -> str:
    """The measure's words, and when, where and who must come."""
    row = find_measure_type(str(values.get("kind", "")))
    lines = [f"{label}：{values[name]}" for name, label in MEETING_FIELDS.items() if values.get(name)]
    return "\n".join([str(values["text"]), *(lines if row is not None and row.meets else [])])


def measure_step_faults(
    step: MeasureStep, row: MeasureType, values: Mapping[str, object], today: date
) -> dict[str, str]:
    """What is wrong with what a deed brings: an answer its words (and whether it was adopted), the rest a reason."""
    if step is MeasureStep.CLOSE:
        return {}
    faults = _text_fault("text", values, TEXT_MOST)
    if step is MeasureStep.ANSWER and row.adoption and values.get("adoption") not in ADOPTIONS:
        faults["adoption"] = "unknown"
    if step is MeasureStep.SEND_BACK:
        day = values.get("due_day")
        if not isinstance(day, date) or not 0 < (day - today).days <= DAYS_MOST:
            faults["due_day"] = "not_a_future_day"
    return faults


def _text_fault(name: str, values: Mapping[str, object], most: int) -> dict[str, str]:
    text = values.get(name)
    if not isinstance(text, str) or not text.strip():
        return {name: "missing"}
    return {name: "too_long"} if len(text) > most else {}
