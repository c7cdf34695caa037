"""Stages of handling a bad rating until its file is closed (差评闭环). One table with their limits.

The rated unit may hold it for mistaken or malicious; somebody else decides. What stands is verified with the rater, put
right at once or by a day, or explained; somebody else calls back, and who is not satisfied is heard once more.
A stage is never stored: it follows from the rating and from the acts in the file that rectifies it. No I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feedback.kernel.clock import end_of_day, office_day
from feedback.rules.vocabulary import Act, Status
from feedback.rules.workdays import Calendar


class RectificationState(StrEnum):
    """How far the loop is."""

    RECEIVED = "received"
    INVALID_PROPOSED = "invalid_proposed"
    INVALID = "invalid"
    VALID = "valid"
    VERIFYING = "verifying"
    RECTIFY_NOW = "rectify_now"
    RECTIFY_LATER = "rectify_later"
    EXPLAINED = "explained"
    REPLIED = "replied"
    REOPENED = "reopened"
    SATISFIED = "satisfied"
    CLOSED = "closed"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class RectificationStage:
    """A stage: what it is called, how many working days it may last, what may follow, and where that is written."""

    stage: RectificationState
    name: str
    days: int | None
    after: frozenset[RectificationState]
    law: str
    clock: str = ""  # the term of the file that counts the days, where one does


State = RectificationState
_RATING_NOTICE = "国办发〔2019〕51号"


def _stage(
    stage: RectificationState,
    name: str,
    days: int | None,
    after: set[RectificationState],
    law: str = _RATING_NOTICE,
    clock: str = "",
) -> RectificationStage:
    return RectificationStage(stage, name, days, frozenset(after), law, clock)


# fmt: off
RECTIFICATION_STAGES: tuple[RectificationStage, ...] = (
    _stage(State.RECEIVED, "收到差评，等待签收", 1, {State.INVALID_PROPOSED, State.VERIFYING, State.RECTIFY_NOW, State.CLOSED}, clock="sign"),
    _stage(State.INVALID_PROPOSED, "申诉误评，等待复核", 5, {State.INVALID, State.VALID}, _RATING_NOTICE + "（申诉复核）；平台约定 5个工作日"),
    _stage(State.INVALID, "认定无效，不计入好评率", None, {State.PUBLISHED}, _RATING_NOTICE + "（排除误评和恶意差评）"),
    _stage(State.VALID, "申诉不成立，评价有效", 1, {State.VERIFYING, State.RECTIFY_NOW, State.RECTIFY_LATER, State.EXPLAINED, State.REPLIED}, _RATING_NOTICE + "（申诉复核）", clock="verify"),
    _stage(State.VERIFYING, "已联系核实", 5, {State.RECTIFY_NOW, State.RECTIFY_LATER, State.INVALID_PROPOSED}, _RATING_NOTICE + "（回访核实）", clock="rectify"),
    _stage(State.RECTIFY_NOW, "立行立改", 5, {State.VERIFYING, State.RECTIFY_LATER, State.REPLIED, State.EXPLAINED, State.INVALID_PROPOSED}, _RATING_NOTICE + "（立行立改）；平台承诺 5个工作日", clock="rectify"),
    _stage(State.RECTIFY_LATER, "限期整改（经批准）", 15, {State.REPLIED, State.EXPLAINED, State.INVALID_PROPOSED}, _RATING_NOTICE + "（限期整改）；平台承诺 15个工作日", clock="rectify"),
    _stage(State.EXPLAINED, "已解释说明，等待回访", 3, {State.REOPENED, State.SATISFIED, State.CLOSED}, _RATING_NOTICE + "（解释说明）", clock="call_back"),
    _stage(State.REPLIED, "已反馈整改，等待回访", 3, {State.REOPENED, State.SATISFIED, State.CLOSED}, _RATING_NOTICE + "（回访整改）；平台承诺 3个工作日", clock="call_back"),
    _stage(State.REOPENED, "回访不认可，重新整改", 5, {State.REPLIED, State.EXPLAINED, State.RECTIFY_LATER}, _RATING_NOTICE + "；只重新整改一次", clock="rectify"),
    _stage(State.SATISFIED, "回访认可", None, {State.PUBLISHED}),
    _stage(State.CLOSED, "已回访，评价人未认可或者联系不上", None, {State.PUBLISHED}),
    _stage(State.PUBLISHED, "整改结果已计入公示", None, set(), _RATING_NOTICE + "（公布评价和整改情况）"),
)
# fmt: on
STAGE_BY_STATE: Mapping[RectificationState, RectificationStage] = {row.stage: row for row in RECTIFICATION_STAGES}
DISPUTE_DAYS = 5
"""Working days from the rating in which the unit may hold it for mistaken: as long as it has to put it right."""


@dataclass(frozen=True, slots=True)
class RectificationFacts:
    """What the stage follows from: how the rating stands, and the acts of the file that rectifies it, in order."""

    standing: str  # valid | under_review | invalid
    was_disputed: bool
    acts: tuple[str, ...] = ()
    status: str = ""
    outcome: str = ""  # of the last call-back
    is_published: bool = False


def compute_state(facts: RectificationFacts) -> RectificationState:
    """The stage of a bad rating."""
    if facts.is_published and (facts.standing == "invalid" or facts.status == Status.CLOSED):
        return RectificationState.PUBLISHED
    if facts.standing == "invalid":
        return RectificationState.INVALID
    if facts.standing == "under_review":
        return RectificationState.INVALID_PROPOSED
    if facts.status == Status.CLOSED:
        return RectificationState.SATISFIED if facts.outcome == "satisfied" else RectificationState.CLOSED
    stage_acts = [act for act in facts.acts if act in _STATE_BY_ACT]
    if not stage_acts:
        return RectificationState.VALID if facts.was_disputed else RectificationState.RECEIVED
    return _STATE_BY_ACT[stage_acts[-1]]


_STATE_BY_ACT: Mapping[str, RectificationState] = {
    Act.ACCEPT: RectificationState.RECTIFY_NOW,
    Act.CONTACT: RectificationState.VERIFYING,
    Act.EXTEND: RectificationState.RECTIFY_LATER,
    Act.RECTIFY: RectificationState.REPLIED,
    Act.EXPLAIN: RectificationState.EXPLAINED,
    Act.REOPEN: RectificationState.REOPENED,
}


def compute_due_at(days: int, since: datetime, calendar: Calendar) -> datetime:
    """The first instant too late for something that may last so many working days."""
    return end_of_day(calendar.add_workdays(office_day(since), days))
