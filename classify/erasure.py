"""Forget what the classifier keeps of a case: training examples, text fingerprints and topics (个人信息保护法 第四十七条)."""

from datetime import date

from classify.duplicates import fingerprint_store, near_duplicates
from classify.models import LearntExample, Passage, TopicRow


async def forget_case(case_id: int, no: str, title: str, text: str, realm: int, since: date) -> None:
    """Delete everything that was made of the words of a case. Call it in the transaction that destroys or bars them.

    `since`: the office day on which the case came. A day's topic that counted it goes as a whole, since its title and
    words may be the case's; today's is made again.
    """
    await LearntExample.filter(case_no=no).delete()
    words = near_duplicates.normalize(title, text)
    await Passage.filter(key__in=fingerprint_store.make_keys(case_id, words, realm)).delete()
    rows = await TopicRow.filter(day__gte=since).values("id", "members")
    ids = [row["id"] for row in rows if any(member[0] == no for member in row["members"])]
    await TopicRow.filter(id__in=ids).delete()
