"""What to do first when the words of a message tell of danger to life, and by when such a message is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from classify.signals import urgency
from feedback.rules import terms
from feedback.rules.terms import Length
from feedback.rules.vocabulary import PROFILE_OF, Kind
from web.presentation import flags as flag_views
from web.wording import catalogue, dates

_WORDS: Mapping[str, Any] = catalogue.load_tables("dangers.toml")
_TEXT_MOST = 20_000  # characters that are looked at; no message is longer
CALM_KINDS = frozenset({Kind.SUGGEST, Kind.PRAISE})
"""Kinds whose messages are never urgent."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One danger: what to do first, and whom to ring, as number and words, the first one first."""

    title: str
    first: str
    numbers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DangerBox:
    """What stands above the button: advice for each danger, between two sentences."""

    head: str
    tail: str
    advice: tuple[Advice, ...]


async def find_dangers(title: str, text: str) -> DangerBox | None:
    """What to do first, by the signs that shorten a message's clocks; for self-harm a prediction of the model is enough."""
    title, text = title[:_TEXT_MOST], text[:_TEXT_MOST]
    if not (title.strip() or text.strip()):
        return None
    signs = urgency.detect_signs(title, text)
    reasons = {sign.why for sign in signs if sign.level == 1}
    if await flag_views.find_help_line(title, text):
        reasons |= {sign.why for sign in urgency.SIGNS if sign.is_self_harm}
    advice = tuple(_advice(row) for why, row in _WORDS["advice"].items() if why in reasons)
    return DangerBox(_WORDS["box"]["head"], _WORDS["box"]["tail"], advice) if advice else None


def _advice(row: Mapping[str, Any]) -> Advice:
    numbers = tuple((str(number), str(_WORDS["numbers"][str(number)])) for number in row["ring"])
    return Advice(row["title"], row["first"], numbers)


def urgent_promise(kind: str, title: str, text: str, day: date) -> str:
    """By when an urgent message of that kind is answered, in words; "" when it is not urgent or its kind has no such term."""
    level = 0 if kind in CALM_KINDS else urgency.detect_level(title, text)
    length = _find_answer_length(Kind(kind), level, day) if level and kind in set(Kind) else None
    words = length and dates.length_words(length.count, length.unit.value)
    return str(_WORDS["box"]["term"]).format(length=words) if words else ""


def _find_answer_length(kind: Kind, level: int, day: date) -> Length | None:
    return next(
        (
            term.length
            for term in terms.list_terms_in_force(day)
            if term.code == "answer"
            and PROFILE_OF[kind] in term.profiles
            and kind in term.kinds
            and level in term.urgent
            and 0 not in term.urgent
        ),
        None,
    )
