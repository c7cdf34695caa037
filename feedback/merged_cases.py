"""Handlers for merged cases (并案): they get the answer of the leading case, or their own way again if it gives none."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from feedback.kernel.errors import Invalid, NotNow
from feedback.queries import cases as case_queries
from feedback.record import cases
from feedback.record.models.case import Link
from feedback.rules.access import SYSTEM
from feedback.rules.read_models import CaseSummary
from feedback.rules.vocabulary import REPLIES, Act, Status

_ENDED_UNANSWERED = frozenset({Status.DECLINED, Status.DIVERTED, Status.WITHDRAWN, Status.TERMINATED})
_SHARED_DATA = ("text", "outcome", "facts", "basis")
"""What an answer says, to everybody whose case it answers."""


def build_handlers() -> dict[str, list[Callable[[dict[str, Any], datetime], Awaitable[None]]]]:
    """What merged cases do on which message. Twice changes nothing more."""
    leading = (*REPLIES, Act.DECLINE, Act.DIVERT, Act.WITHDRAW, Act.TERMINATE)
    return {
        **{f"case.{act}": [follow_leading_case] for act in leading},
        f"case.{Act.MERGE}": [follow_what_ended_meanwhile],
    }


async def follow_leading_case(payload: Mapping[str, Any], now: datetime) -> None:
    """Handler: a case was answered or ended, so whatever was merged into it follows."""
    lead = await case_queries.load_summary(payload["no"])
    links = Link.filter(earlier__no=lead.no, case__status=Status.MERGED.value).order_by("id")
    for row in await links.values("case__no"):
        await _follow(await case_queries.load_summary(row["case__no"]), lead, now)


async def follow_what_ended_meanwhile(payload: Mapping[str, Any], now: datetime) -> None:
    """Handler of a merge: the leading case may have been answered, or have ended, at the same moment."""
    case = await case_queries.load_summary(payload["no"])
    if case.status is not Status.MERGED:
        raise NotNow(no=case.no)
    await _follow(case, await case_queries.load_summary(_leading_case_no(case)), now)


async def _follow(case: CaseSummary, lead: CaseSummary, now: datetime) -> None:
    if case.status is not Status.MERGED or _leading_case_no(case) != lead.no:
        return  # it was merged into another since
    answer = next((entry for entry in reversed(lead.entries) if entry.act in REPLIES), None)
    if answer is not None:
        unit = answer.unit or lead.unit
        shared = {name: answer.data[name] for name in _SHARED_DATA if name in answer.data}
        if files := answer.data.get("attachments"):
            shared["shared_files"] = files
        data = {"case": lead.no, "unit": unit, **shared}
        try:
            # In the name of the unit that answered: it signs the letter, and a review goes to the organ above it.
            await cases.act(case.no, Act.ANSWER_MERGED, replace(SYSTEM, unit=unit), data, now=now)
        except Invalid:  # the unit that answered must not know of this one
            await _undo(case, "承办先件的单位应当回避本件，单独办理", now)
    elif lead.status in _ENDED_UNANSWERED:
        await _undo(case, "先件没有答复就结束了，本件单独办理", now)


async def _undo(case: CaseSummary, reason: str, now: datetime) -> None:
    await cases.act(case.no, Act.UNMERGE, SYSTEM, {"reason": reason}, now=now)


def _leading_case_no(case: CaseSummary) -> str:
    merge = next(entry for entry in reversed(case.entries) if entry.act == Act.MERGE)
    return str(merge.data["case"])
