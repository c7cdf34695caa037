"""Rows that are nearest to a query which few rows hold word by word: for the second block of a search.

The same on both databases: the database only tells how many rows hold each clue and which rows hold a rare one; they are
ranked here. Bounded: so many clues, so many rows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from feedback.record import search
from feedback.record.search import Matching, WordIndex
from feedback.rules import similar_terms
from feedback.rules.similar_terms import Clue

FEW_HITS = 5  # fewer hits than these are followed by the nearest ones
COUNTED_MOST = 5000  # rows that are counted for a clue
_EXPECTED = 1500  # rows that the chosen clues should lead to
CANDIDATES_MOST = 400  # rows that are ranked
_RANKED_AT_ONCE = 20

Load = Callable[[Matching, int], Awaitable[Sequence[Mapping[str, Any]]]]
"""The newest rows somebody may see that meet a condition, at most so many, with `id`, `title` and `text`."""


async def rank_nearest(index: WordIndex, query: str, load: Load, most: int) -> list[int]:
    """Ids of the rows nearest to the query, the nearest first."""
    clues, counts, rows = await _count_clues(index, query)
    chosen = _choose(clues, counts)
    if not chosen:
        return []
    weights = similar_terms.weigh(clues, counts, rows)
    condition = [[phrase for clue in chosen for phrase in clue.phrases]]
    scores: list[tuple[float, int]] = []
    for place, row in enumerate(await load(Matching(index, condition), CANDIDATES_MOST), 1):
        scores.append((similar_terms.score(clues, weights, row["title"], row["text"]), int(row["id"])))
        if place % _RANKED_AT_ONCE == 0:
            await asyncio.sleep(0)  # others have their turn: long texts take half a millisecond each
    return [id_ for value, id_ in sorted(scores, reverse=True) if value][:most]


async def _count_clues(index: WordIndex, query: str) -> tuple[list[Clue], list[int], int]:
    """The clues of a query, how many rows hold each, and how many rows there are."""
    clues = similar_terms.find_clues(query)
    if not clues:
        return [], [], 0
    rows, counts = await search.count_matches(index, [clue.phrases for clue in clues], COUNTED_MOST)
    sound_clues = similar_terms.find_sound_clues(clues, counts)
    if sound_clues:
        clues += sound_clues
        counts += (await search.count_matches(index, [clue.phrases for clue in sound_clues], COUNTED_MOST))[1]
    return clues, counts, rows


def _choose(clues: Sequence[Clue], counts: Sequence[int]) -> list[Clue]:
    """The rarest clues that any row holds, until they lead to enough rows."""
    chosen: list[Clue] = []
    total = 0
    for count, place in sorted((count, place) for place, count in enumerate(counts) if count):
        if chosen and total + count > _EXPECTED:
            break
        chosen.append(clues[place])
        total += count
    return chosen
