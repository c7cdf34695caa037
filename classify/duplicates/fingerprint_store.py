"""Store text fingerprints of all cases, and find the cases that share a passage with a text.

A row is one number: the bucket of a fingerprint in the high bits, the id of the case in the low bits. So one index finds
all cases of a bucket, newest first, and adding a case twice changes nothing. It works the same on both databases and for
any number of processes. The rows can be made again from the texts (`classify.duplicates.link_proposals.backfill`).
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
MAX_PER_BUCKET: Final = 64
"""Only the newest cases of a bucket are read, up to this number. A common phrase has more, and little weight."""

MIN_RELATIVE_WEIGHT: Final = 0.25
"""A case whose weight is below this fraction of the nearest one's weight is not compared."""

_NO_ROWS: Final = np.empty(0, dtype=np.int64)
_TABLE: Final = Passage._meta.db_table
_BATCH: Final = 400


def make_keys(case_id: int, words: str, realm: int) -> list[int]:
    """The rows of a case."""
    return [bucket << ID_BITS | case_id for bucket in near_duplicates.fingerprint(words, realm)]


async def add_keys(keys: Sequence[int]) -> None:
    """Add rows; existing rows stay as they are."""
    for at in range(0, len(keys), _BATCH):
        some = keys[at : at + _BATCH]
        placeholders = ",".join(f"({placeholder})" for placeholder in _placeholders(db.write_connection(), len(some)))
        sql = f"INSERT INTO {_TABLE} (key) VALUES {placeholders} ON CONFLICT DO NOTHING"  # noqa: S608 - our table and parameter placeholders only
        await db.write_connection().execute_query(sql, list(some))


async def has_keys(keys: Sequence[int]) -> bool:
    """Whether all these rows exist."""
    return await Passage.filter(key__in=list(keys)).count() == len(set(keys))


async def find_near(words: str, realm: int, *, most: int = 40) -> list[int]:
    """Ids of the cases that share the rarest passages with a normalized text, nearest first: candidates to compare."""
    buckets = near_duplicates.fingerprint(words, realm)
    keys = await _load_rows([bucket << ID_BITS for bucket in buckets]) if buckets else _NO_ROWS
    if not len(keys):
        return []
    _, where, counts = np.unique(keys >> ID_BITS, return_inverse=True, return_counts=True)
    bucket_weights = np.array([near_duplicates.weigh_bucket(int(count), MAX_PER_BUCKET) for count in counts])
    cases, place = np.unique(keys & ((1 << ID_BITS) - 1), return_inverse=True)
    weights = np.bincount(place, bucket_weights[where])
    best = np.lexsort((-cases, -weights))[:most]
    return [int(case) for case in cases[best[weights[best] >= MIN_RELATIVE_WEIGHT * weights[best[0]]]]]


async def _load_rows(starts: Sequence[int]) -> NDArray[np.int64]:
    connection, span = db.read_connection(), 1 << ID_BITS
    if connection.capabilities.dialect == "sqlite":
        query = f"SELECT key FROM (SELECT key FROM {_TABLE} WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT {MAX_PER_BUCKET})"  # noqa: S608 - likewise
        sql = " UNION ALL ".join([query] * len(starts))
        _, rows = await connection.execute_query(sql, [bound for s in starts for bound in (s, s + span)])
    else:
        sql = (
            f"SELECT found.key FROM unnest($1::bigint[]) AS start CROSS JOIN LATERAL (SELECT key FROM {_TABLE} "  # noqa: S608 - likewise
            f"WHERE key >= start AND key < start + {span} ORDER BY key DESC LIMIT {MAX_PER_BUCKET}) AS found"
        )
        _, rows = await connection.execute_query(sql, [list(starts)])
    return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))


def _placeholders(connection: BaseDBAsyncClient, count: int) -> list[str]:
    return ["?"] * count if connection.capabilities.dialect == "sqlite" else [f"${n + 1}" for n in range(count)]
