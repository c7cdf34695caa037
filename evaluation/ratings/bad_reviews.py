"""Where does a bad rating stand between the star and the closed file (差评闭环)? One table of stages with their limits.

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


S = RectificationState
_51 = "国办发〔2019〕51号"


def _row(
    stage: RectificationState,
    name: str,
    days: int | None,
    after: set[RectificationState],
    law: str = _51,
    clock: str = "",
) -> RectificationStage:
    return RectificationStage(stage, name, days, frozenset(after), law, clock)


# fmt: off
ROWS: tuple[RectificationStage, ...] = (
    _row(S.RECEIVED, "收到差评，等待签收", 1, {S.INVALID_PROPOSED, S.VERIFYING, S.RECTIFY_NOW, S.CLOSED}, clock="sign"),
    _row(S.INVALID_PROPOSED, "申诉误评，等待复核", 5, {S.INVALID, S.VALID}, _51 + "（申诉复核）；平台约定 5个工作日"),
    _row(S.INVALID, "认定无效，不计入好评率", None, {S.PUBLISHED}, _51 + "（排除误评和恶意差评）"),
    _row(S.VALID, "申诉不成立，评价有效", 1, {S.VERIFYING, S.RECTIFY_NOW, S.RECTIFY_LATER, S.EXPLAINED, S.REPLIED}, _51 + "（申诉复核）", clock="verify"),
    _row(S.VERIFYING, "已联系核实", 5, {S.RECTIFY_NOW, S.RECTIFY_LATER, S.INVALID_PROPOSED}, _51 + "（回访核实）；上海市优化营商环境条例 第三十条", clock="rectify"),
    _row(S.RECTIFY_NOW, "立行立改", 5, {S.VERIFYING, S.RECTIFY_LATER, S.REPLIED, S.EXPLAINED, S.INVALID_PROPOSED}, _51 + "（立行立改）；平台承诺 5个工作日", clock="rectify"),
    _row(S.RECTIFY_LATER, "限期整改（经批准）", 15, {S.REPLIED, S.EXPLAINED, S.INVALID_PROPOSED}, _51 + "（限期整改）；平台承诺 15个工作日", clock="rectify"),
    _row(S.EXPLAINED, "已解释说明，等待回访", 3, {S.REOPENED, S.SATISFIED, S.CLOSED}, _51 + "（解释说明）", clock="call_back"),
    _row(S.REPLIED, "已反馈整改，等待回访", 3, {S.REOPENED, S.SATISFIED, S.CLOSED}, _51 + "（回访整改）；平台承诺 3个工作日", clock="call_back"),
    _row(S.REOPENED, "回访不认可，重新整改", 5, {S.REPLIED, S.EXPLAINED, S.RECTIFY_LATER}, _51 + "；只重新整改一次", clock="rectify"),
    _row(S.SATISFIED, "回访认可", None, {S.PUBLISHED}),
    _row(S.CLOSED, "已回访，评价人未认可或者联系不上", None, {S.PUBLISHED}),
    _row(S.PUBLISHED, "整改结果已计入公示", None, set(), _51 + "（公布评价和整改情况）"),
)
# fmt: on
ROW: Mapping[RectificationState, RectificationStage] = {row.stage: row for row in ROWS}
DISPUTE_DAYS = 5
"""Working days from the rating in which the unit may hold it for mistaken: as long as it has to put it right."""


@dataclass(frozen=True, slots=True)
class Loop:
    """What the stage follows from: how the rating stands, and the acts of the file that rectifies it, in order."""

    standing: str  # valid | under_review | invalid
    was_disputed: bool
    acts: tuple[str, ...] = ()
    status: str = ""
    outcome: str = ""  # of the last call-back
    is_published: bool = False


def stage_of(loop: Loop) -> RectificationState:
    """The stage of a bad rating."""
    if loop.is_published and (loop.standing == "invalid" or loop.status == Status.CLOSED):
        return RectificationState.PUBLISHED
    if loop.standing == "invalid":
        return RectificationState.INVALID
    if loop.standing == "under_review":
        return RectificationState.INVALID_PROPOSED
    if loop.status == Status.CLOSED:
        return RectificationState.SATISFIED if loop.outcome == "satisfied" else RectificationState.CLOSED
    done = [act for act in loop.acts if act in _TELLING]
    if not done:
        return RectificationState.VALID if loop.was_disputed else RectificationState.RECEIVED
    return _TELLING[done[-1]]


_TELLING: Mapping[str, RectificationState] = {
    Act.ACCEPT: RectificationState.RECTIFY_NOW,
    Act.CONTACT: RectificationState.VERIFYING,
    Act.EXTEND: RectificationState.RECTIFY_LATER,
    Act.RECTIFY: RectificationState.REPLIED,
    Act.EXPLAIN: RectificationState.EXPLAINED,
    Act.REOPEN: RectificationState.REOPENED,
}


def due_at(days: int, since: datetime, calendar: Calendar) -> datetime:
    """The first instant too late for something that may last so many working days."""
    return end_of_day(calendar.add_workdays(office_day(since), days))
