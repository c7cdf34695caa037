"""Which cases share a passage with these words? The prints of all cases in one table of numbers.

A row is a number: the print's bucket above, the case's id below, so one index finds all cases of a bucket, newest
first, and adding a case twice changes nothing. The same on both databases, for any number of processes; what is kept
can be made again from the texts (`classify.repeats.fill`).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from tortoise.backends.base.client import BaseDBAsyncClient

from classify import twins
from classify.models import Passage
from feedback.kernel import db

ID_BITS: Final = 39
EACH_MOST: Final = 200
"""So many cases of a bucket are looked at, the newest; a turn of speech everybody uses has more, and weighs little."""

_TABLE: Final = Passage._meta.db_table
_BATCH: Final = 400


def keys_of(case_id: int, words: str, realm: int) -> list[int]:
    """The rows of a case."""
    return [bucket << ID_BITS | case_id for bucket in twins.prints(words, realm)]


async def keep(keys: Sequence[int]) -> None:
    """Add rows; those already there stay as they are."""
    for at in range(0, len(keys), _BATCH):
        some = keys[at : at + _BATCH]
        marks = ",".join(f"({mark})" for mark in _marks(db.writing(), len(some)))
        sql = f"INSERT INTO {_TABLE} (key) VALUES {marks} ON CONFLICT DO NOTHING"  # noqa: S608 - our table and parameter marks only
        await db.writing().execute_query(sql, list(some))


async def holds(keys: Sequence[int]) -> bool:
    """Whether all these rows are there."""
    return await Passage.filter(key__in=list(keys)).count() == len(set(keys))


async def near(words: str, realm: int, *, most: int = 40) -> list[int]:
    """Ids of the cases that share the most telling passages with a plain text, nearest first. They need a second look."""
    buckets = twins.prints(words, realm)
    if not buckets:
        return []
    found: dict[int, list[int]] = defaultdict(list)
    for key in await _rows([bucket << ID_BITS for bucket in buckets]):
        found[key >> ID_BITS].append(key & ((1 << ID_BITS) - 1))
    weights: dict[int, float] = defaultdict(float)
    for cases in found.values():
        weight = twins.weight_of(len(cases), EACH_MOST)
        for case in cases:
            weights[case] += weight
    return sorted(weights, key=lambda case: (-weights[case], -case))[:most]


async def _rows(starts: Sequence[int]) -> list[int]:
    connection, span = db.reading(), 1 << ID_BITS
    if connection.capabilities.dialect == "sqlite":
        one = (
            f"SELECT key FROM (SELECT key FROM {_TABLE} WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT {EACH_MOST})"  # noqa: S608 - likewise
        )
        sql = " UNION ALL ".join([one] * len(starts))
        rows = await connection.execute_query_dict(sql, [bound for s in starts for bound in (s, s + span)])
    else:
        sql = (
            f"SELECT found.key FROM unnest($1::bigint[]) AS start CROSS JOIN LATERAL (SELECT key FROM {_TABLE} "  # noqa: S608 - likewise
            f"WHERE key >= start AND key < start + {span} ORDER BY key DESC LIMIT {EACH_MOST}) AS found"
        )
        rows = await connection.execute_query_dict(sql, [list(starts)])
    return [int(row["key"]) for row in rows]


def _marks(connection: BaseDBAsyncClient, count: int) -> list[str]:
    return ["?"] * count if connection.capabilities.dialect == "sqlite" else [f"${n + 1}" for n in range(count)]
