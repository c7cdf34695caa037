"""When one case may be merged into another (并案): no petitioner loses a date, an answer or a right by it.

The later goes into the earlier, both in their first handling, both of one person or of one confirmed campaign, and the
one that leads must promise its answer no later than the one that follows (信访工作条例 第二十二条、第二十三条、第三十四条、
第三十五条 give every petitioner a written answer and a review). No I/O.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from feedback.rules.clocks import Clock
from feedback.rules.vocabulary import OPEN, Profile, Stage, Status

_ANSWER_TERM = "answer"


@dataclass(frozen=True, slots=True)
class MergeCandidate:
    """What the rule looks at of a case: the one to be merged, or the one to lead."""

    status: Status
    stage: Stage
    profile: Profile
    confidential: bool
    received_at: datetime
    clocks: Iterable[Clock]


def find_merge_fault(case: MergeCandidate, lead: MergeCandidate, is_shared: bool) -> str:
    """Why a case may not be merged into another, as a stable code; "" where it may.

    `is_shared`: one person brought both, or somebody confirmed that both belong to one campaign.
    """
    if lead.confidential is not case.confidential:
        return "confidential"
    if case.profile is Profile.PETITION and lead.profile is not Profile.PETITION:
        return "merge_of_a_petition_into_an_order"
    if lead.received_at > case.received_at:
        return "merge_into_a_later_case"
    if lead.stage is not Stage.FIRST:
        return "merge_into_a_review"
    if lead.status not in OPEN:
        return "merge_into_an_ended_case"
    if not is_shared:
        return "merge_of_strangers"
    own, leading = _find_answer_due(case), _find_answer_due(lead)
    return "merge_answers_later" if own and (leading is None or leading > own) else ""


def _find_answer_due(case: MergeCandidate) -> datetime | None:
    dues = (clock.due_at for clock in case.clocks if clock.term == _ANSWER_TERM and clock.stopped_at is None)
    return min(dues, default=None)
