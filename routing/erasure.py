"""Forget the words that notices and proposals took from a case (个人信息保护法 第四十七条)."""

from feedback.rules.entry_texts import ERASED_TITLE
from routing.models import Notice, Proposal


async def forget_case(no: str) -> None:
    """Destroy the words; who was notified when stays. Call it in the transaction that erases the case."""
    await Notice.filter(case_no=no).update(words=ERASED_TITLE)
    await Proposal.filter(case_no=no).update(reason="")
