"""Writing the words of old rows anew after the tokens of the search have changed, in slices, while people go on working.

Until a row is rewritten it is found by the table of the version before; when all are, that table is emptied. A slice is
one transaction and may be repeated: what stands in the new table already is left alone.
"""

from tortoise.queryset import QuerySet

from feedback.kernel import db
from feedback.record import search
from feedback.record.models.case import Case, PublicReply
from feedback.record.search import WordIndex

SLICE = 200  # rows


async def rebuild_some(position: str) -> tuple[int, str]:
    """Write the words of the next rows. Returns how many, and where the next slice goes on; "" at the end.

    `position`: table and last id of the slice before, e.g. "feedback_case_words_2:400"; "" begins.
    """
    table, _, last = position.partition(":")
    for index in search.INDEXES:
        if table not in ("", index.table) or not await search.has_former(index):
            continue
        count, next_id = await _rebuild_slice(index, int(last or 0))
        if next_id:
            return count, f"{index.table}:{next_id}"
        await search.clear_former(index)
        return count, f"{search.INDEXES[-1].table}:0" if index is not search.INDEXES[-1] else ""
    return 0, ""


async def _rebuild_slice(index: WordIndex, behind: int) -> tuple[int, int]:
    async with db.transaction():
        words = await _load_words(index, behind)
        if not words:
            return 0, 0
        indexed_ids = await search.list_indexed_ids(index, min(words), max(words))
        for id_ in words.keys() - indexed_ids:
            await search.index(index, id_, words[id_])
    return len(words.keys() - indexed_ids), max(words)


async def _load_words(index: WordIndex, behind: int) -> dict[int, str]:
    """What the next rows are found by, by id."""
    if index is search.REPLIES:
        replies: QuerySet[PublicReply] = PublicReply.filter(id__gt=behind).order_by("id").limit(SLICE)
        return {row.id: search.reply_words(row.title, row.question, row.answer) for row in await replies}
    cases = Case.filter(id__gt=behind).order_by("id").limit(SLICE).values("id", "title", "address", "text")
    return {row["id"]: search.case_words(row["title"], row["address"], row["text"]) for row in await cases}
