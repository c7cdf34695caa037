"""Handler of what a review decided: what is to be done again goes back to whoever decided first (责令重新办理)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from feedback.kernel.errors import NotNow
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.rules import review_organs
from feedback.rules.access import SYSTEM
from feedback.rules.decision_grounds import REDO
from feedback.rules.vocabulary import Act

_REASON = "复查、复核机关责令重新办理，见复查、复核意见书。"


async def send_back_to_be_redone(payload: Mapping[str, Any], now: datetime) -> None:
    """Handler of an answer: a review that orders the matter to be done again sends it to the first organ.

    Raises NotNow for every other answer, and where the petitioner asked for the next review in between.
    """
    case = await case_queries.load_summary(payload["no"])
    answer = next(entry for entry in case.entries if entry.seq == payload["seq"])
    if answer.data.get("outcome") != REDO:
        raise NotNow(no=case.no)
    deciders = review_organs.list_deciders((entry.act, entry.data) for entry in case.entries)
    data = {"unit": deciders[0], "reason": _REASON}
    await cases.act(case.no, Act.REDO, SYSTEM, data, now=now)
