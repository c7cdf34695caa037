"""What became of a bad rating, for whoever gave it: it is mended in a case of its own, to which they have no code.

国办发〔2019〕51号: the result is fed back to the rater.
"""

from dataclasses import dataclass
from datetime import datetime

from evaluation.ratings import disputes
from evaluation.ratings.bad_reviews import RectificationState
from evaluation.scale import is_bad
from feedback.kernel.crypto import Vault
from feedback.queries import cases as case_queries
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.read_models import CaseFile, EntryView
from feedback.rules.vocabulary import Act
from routing.directory import Directory
from web.wording import catalogue, own_case
from web.wording.dates import time_words

_OVER = frozenset(
    {
        RectificationState.INVALID,
        RectificationState.SATISFIED,
        RectificationState.CLOSED,
        RectificationState.PUBLISHED,
    }
)
"""The states in which nothing more is to come."""


@dataclass(frozen=True, slots=True)
class RectificationStep:
    """One line of the mending: what was done by whom, in their words."""

    title: str
    unit: str
    when: str
    text: str


@dataclass(frozen=True, slots=True)
class RectificationView:
    """How far the mending of one bad rating is. `reason` says why a rating does not count."""

    level_text: str
    rated_when: str
    state_text: str
    is_open: bool
    reason: str
    steps: tuple[RectificationStep, ...]


async def load_rectifications(
    citizen: Actor, file: CaseFile, names: Directory, vault: Vault, now: datetime
) -> list[RectificationView]:
    """The bad ratings of one's own case, oldest first. No statement is made for a case without one."""
    levels = [entry.data.get("level") for entry in file.entries if entry.act == Act.RATE]
    if not any(isinstance(level, int) and is_bad(level) for level in levels):
        return []
    reviews = (await disputes.list_bad_reviews(citizen, now=now)).items
    return [await _build_rectification(review, names, vault) for review in reversed(reviews)]


async def _build_rectification(review: disputes.BadReviewView, names: Directory, vault: Vault) -> RectificationView:
    entries: tuple[EntryView, ...] = ()
    if no := review.rating.rectify_no:
        # What its rater may read is what anybody would read who held a code of that case.
        entries = (await case_queries.load_file(access.citizen(no), no, vault=vault)).entries
    return RectificationView(
        level_text=review.rating.level_text,
        rated_when=time_words(review.rating.at),
        state_text=own_case.RECTIFICATIONS[review.stage.value],
        is_open=review.stage not in _OVER,
        reason=review.rating.set_aside if review.stage is RectificationState.INVALID else "",
        steps=tuple(_build_step(entry, names) for entry in entries if entry.act in own_case.RECTIFYING),
    )


def _build_step(entry: EntryView, names: Directory) -> RectificationStep:
    text = str(entry.data.get("text") or entry.data.get("reason") or "")
    title = own_case.RECTIFYING[entry.act]
    if outcome := str(entry.data.get("outcome", "")):
        title = f"{title}：{catalogue.OUTCOMES.get(outcome, outcome)}"
    return RectificationStep(title, names.name(entry.unit) if entry.unit else "", time_words(entry.at), text)
