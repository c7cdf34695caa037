"""Forget what was written with the ratings of a case (个人信息保护法 第四十七条)."""

from evaluation.models import Exclusion, Rating


async def forget_case(no: str) -> None:
    """Destroy the words and the number left for a call; levels stay. Call it in the transaction that erases the case."""
    await Rating.filter(case_no=no).update(text="", contact="", dispute_reason="", set_aside="")
    await Exclusion.filter(case_no=no).update(reason="", answer="")
