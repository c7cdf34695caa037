"""Store text fingerprints of all cases, and find the cases that share a passage with a text.

A row is a number: the print's bucket above, the case's id below, so one index finds all cases of a bucket, newest
first, and adding a case twice changes nothing. The same on both databases, for any number of processes; what is kept
can be made again from the texts (`classify.duplicates.link_proposals.fill`).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tortoise.backends.base.client import BaseDBAsyncClient

from classify.duplicates import near_duplicates
from classify.models import Passage
from feedback.kernel import db

ID_BITS: Final = 39
EACH_MOST: Final = 64
"""So many cases of a bucket are looked at, the newest; a turn of speech everybody uses has more, and weighs little."""

FAINT: Final = 0.25
"""A case that shares so small a part of what the nearest one shares is not looked at again."""

_NONE: Final = np.empty(0, dtype=np.int64)
_TABLE: Final = Passage._meta.db_table
_BATCH: Final = 400


def keys_of(case_id: int, words: str, realm: int) -> list[int]:
    """The rows of a case."""
    return [bucket << ID_BITS | case_id for bucket in near_duplicates.prints(words, realm)]


async def keep(keys: Sequence[int]) -> None:
    """Add rows; those already there stay as they are."""
    for at in range(0, len(keys), _BATCH):
        some = keys[at : at + _BATCH]
        marks = ",".join(f"({mark})" for mark in _marks(db.write_connection(), len(some)))
        sql = f"INSERT INTO {_TABLE} (key) VALUES {marks} ON CONFLICT DO NOTHING"  # noqa: S608 - our table and parameter marks only
        await db.write_connection().execute_query(sql, list(some))


async def holds(keys: Sequence[int]) -> bool:
    """Whether all these rows are there."""
    return await Passage.filter(key__in=list(keys)).count() == len(set(keys))


async def near(words: str, realm: int, *, most: int = 40) -> list[int]:
    """Ids of the cases that share the most telling passages with a plain text, nearest first. They need a second look."""
    buckets = near_duplicates.prints(words, realm)
    keys = await _rows([bucket << ID_BITS for bucket in buckets]) if buckets else _NONE
    if not len(keys):
        return []
    _, where, counts = np.unique(keys >> ID_BITS, return_inverse=True, return_counts=True)
    telling = np.array([near_duplicates.weight_of(int(count), EACH_MOST) for count in counts])
    cases, place = np.unique(keys & ((1 << ID_BITS) - 1), return_inverse=True)
    weights = np.bincount(place, telling[where])
    best = np.lexsort((-cases, -weights))[:most]
    return [int(case) for case in cases[best[weights[best] >= FAINT * weights[best[0]]]]]


async def _rows(starts: Sequence[int]) -> NDArray[np.int64]:
    connection, span = db.read_connection(), 1 << ID_BITS
    if connection.capabilities.dialect == "sqlite":
        one = (
            f"SELECT key FROM (SELECT key FROM {_TABLE} WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT {EACH_MOST})"  # noqa: S608 - likewise
        )
        sql = " UNION ALL ".join([one] * len(starts))
        _, rows = await connection.execute_query(sql, [bound for s in starts for bound in (s, s + span)])
    else:
        sql = (
            f"SELECT found.key FROM unnest($1::bigint[]) AS start CROSS JOIN LATERAL (SELECT key FROM {_TABLE} "  # noqa: S608 - likewise
            f"WHERE key >= start AND key < start + {span} ORDER BY key DESC LIMIT {EACH_MOST}) AS found"
        )
        _, rows = await connection.execute_query(sql, [list(starts)])
    return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))


def _marks(connection: BaseDBAsyncClient, count: int) -> list[str]:
    return ["?"] * count if connection.capabilities.dialect == "sqlite" else [f"${n + 1}" for n in range(count)]
