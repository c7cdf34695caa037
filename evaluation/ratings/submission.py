"""A submitted rating as a value, and what may be wrong with it. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evaluation.scale import CASE_REASONS, INDICATORS, LEVELS, RATING_CHANNELS
from feedback.kernel import identifiers
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Invalid
from feedback.rules.intake import clean_line

TEXT_MOST = 500
REASON_MOST = 300
HANDLING_MOST = 60
MATTER_MOST = 40
FOLLOW_UP_NUMBER = 2
PC_CHANNEL = "1"
_ID_LENGTH = 32  # as many digits as a fresh id has


class RatingValidity(StrEnum):
    """Whether a rating counts. While a dispute is looked into it still does."""

    VALID = "valid"
    UNDER_REVIEW = "under_review"
    INVALID = "invalid"


UNVERIFIED = "unverified"
"""How a rating stands that nobody proved to be from somebody who was served: it is in no list of ratings."""


@dataclass(frozen=True, slots=True)
class ServiceRating:
    """What somebody says of a service: by token, or by matter (code or name) and the number of the handling.

    `slip_code` is the code on the slip of the handling. `phone` proves the same where it stands in the handling, and is
    for the call-back after a bad rating; after a good one it is not kept.
    """

    level: int
    tags: tuple[str, ...] = ()
    text: str = ""
    pf: str = PC_CHANNEL
    anonymous: bool = False
    matter: str = ""
    handling_no: str = ""
    token: str = ""
    phone: str = ""
    slip_code: str = ""
    key: str = ""  # of the form it came with


@dataclass(frozen=True, slots=True)
class RatingView:
    """A rating as the actor may see it. An anonymous one does not tell the rated unit which case or handling."""

    id: str
    level: int
    level_text: str
    tags: tuple[tuple[str, str], ...]
    text: str
    unit: str
    case_no: str
    matter: str
    matter_name: str
    handling_no: str
    window: str
    pf: str
    anonymous: bool
    number: int
    at: datetime
    status: str
    set_aside: str
    rectify_no: str


def find_tags_fault(level: int, tags: Sequence[str], *, is_case: bool = False) -> str:
    """What is wrong with the tags of a rating of that level, or "". `is_case`: reasons of our own are taken, too."""
    levels_by_code = _CASE_LEVELS if is_case else _SERVICE_LEVELS
    if any(tag not in levels_by_code for tag in tags):
        return "unknown"
    return "" if all(level in levels_by_code[tag] for tag in tags) else "not_of_this_level"


_SERVICE_LEVELS = {indicator.code: frozenset({indicator.level}) for indicator in INDICATORS}
_CASE_LEVELS = _SERVICE_LEVELS | {reason.code: reason.levels for reason in CASE_REASONS}


def find_rating_faults(
    level: object, tags: Sequence[str], text: str, pf: str = PC_CHANNEL, *, is_case: bool = False
) -> dict[str, str]:
    """What is wrong with a rating of a service, or of a case, by field. Pure, so that a page can check before it acts."""
    faults = {}
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= len(LEVELS):
        return {"level": "out_of_range"}
    if fault := find_tags_fault(level, tags, is_case=is_case):
        faults["tags"] = fault
    if len(text) > TEXT_MOST:
        faults["text"] = "too_long"
    if pf not in RATING_CHANNELS:
        faults["pf"] = "unknown"
    return faults


def clean_tags(tags: Sequence[str]) -> list[str]:
    """The tags without doubles, in the order they were chosen."""
    return list(dict.fromkeys(tags))


def clean_reason(text: str) -> str:
    """The reason of a dispute, of an exclusion, or of a decision on either, as one line.

    Raises Invalid when there is none, or one too long.
    """
    text = clean_line(text)
    if not text or len(text) > REASON_MOST:
        raise Invalid({"reason": "too_long" if text else "missing"})
    return text


def compute_rating_id(key: str, vault: Vault) -> str:
    """The id of the rating a form brings: pressed twice, the same form is the same rating. Without a key a fresh one."""
    return vault.keyed_hash("rating-form", key)[:_ID_LENGTH] if key else identifiers.new_id()
