"""Texts of an entry, their salted digests, and what is left of an entry whose texts were erased.

The chain covers a salted digest of each text instead of the text, so that a text can be destroyed with its salt and the
chain stays whole: nobody can try out texts against a digest whose salt is gone. No I/O.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from feedback.kernel.clock import to_millis

TEXT_KEYS = frozenset(
    {
        *(
            "title",
            "text",
            "address",
            "location",
            "particulars",
            "question",
            "answer",
            "reason",
            "cause",
            "facts",
            "basis",
        ),
        *("where_instead", "task", "exclude", "set_aside", "correction"),
    }
)
"""What an entry holds in somebody's words. All else are codes, numbers and days, which stay: the file needs them."""

ERASED = "erased"
"""The key under which a decision names the entries whose texts it erased, each with the digest of what is left of it."""

ERASED_TITLE = "个人信息已依法删除"
"""What stands in lists for the title of an erased case."""


def without_texts(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data without its texts."""
    return {name: value for name, value in data.items() if name not in TEXT_KEYS}


def compute_text_digests(salt: str, data: Mapping[str, Any]) -> dict[str, str]:
    """The salted digest of each text, by its key."""
    return {name: hash_json([salt, name, value]) for name, value in data.items() if name in TEXT_KEYS}


def compute_remainder(
    seq: int,
    act: str,
    at: datetime,
    actor: str,
    role: str,
    unit: str,
    data: Mapping[str, Any],
    status: str,
    digest: str,
) -> str:
    """The digest of what is left of an entry without its texts, its place in the chain included."""
    return hash_json([seq, act, to_millis(at), actor, role, unit, without_texts(data), status, digest])


def hash_json(value: object) -> str:
    """SHA-256 of a value as JSON, written in one way only."""
    payload = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()
