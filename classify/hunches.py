"""What does a message sound like, where no rule's words stand in it? A small model beside the rows of `flags`.

People tell of the worst in words no table foresees. Five ridge regressions on characters and pairs, fitted when first
asked on our own sentences of `knowledge/attention.toml` and on the calm ones of `knowledge/examples.toml`: a second, no
file to keep, the same numbers every time. A hunch is shown as one and lets a person look; it is never more than that.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify import flags, text
from classify.examples import seed_examples
from classify.fitting import rarity
from classify.text import Lexicon

KNOWLEDGE: Final = Path(__file__).with_name("knowledge") / "attention.toml"
LEARNT: Final = (flags.SELF_HARM, flags.LIFE, flags.MINOR, flags.GROUP, flags.ACCUSE)
CAUGHT: Final = {flags.SELF_HARM: 0.8, flags.LIFE: 0.9, flags.MINOR: 0.85, flags.GROUP: 0.8, flags.ACCUSE: 0.7}
"""The share of our own sentences the bar of each flag lets through when they are left out of the fit: the rarer and
the graver, the lower the bar. More would flag every tenth message."""

_STRENGTH: Final = 0.3
_MOST: Final = 12_000
_READ: Final = 400
_EVERY: Final = 2  # every second calm one is enough, and the fit a quarter of the time


@dataclass(frozen=True, slots=True)
class Ear:
    """The fitted model."""

    lexicon: Lexicon
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]  # grams x flags
    bars: NDArray[np.float64]

    def heard(self, message: str) -> tuple[str, ...]:
        """The flags a message sounds like."""
        scores = _row(self.lexicon, self.idf, message) @ self.weights
        return tuple(flag for flag, score, bar in zip(LEARNT, scores, self.bars, strict=True) if score >= bar)


def hunches_of(title: str, body: str) -> tuple[str, ...]:
    """The flags a message sounds like, in no order."""
    return ear().heard(f"{title} {body}"[:_READ])


def told() -> list[tuple[frozenset[str], str]]:
    """Our own sentences with their flags."""
    rows: list[Any] = tomllib.loads(KNOWLEDGE.read_text(encoding="utf-8"))["messages"]
    return [(frozenset(codes.split()), said) for codes, said in rows]


@cache
def ear() -> Ear:
    """The model, fitted once in a process."""
    own = told()
    calm = [f"{e.title} {e.text}" for e in seed_examples([]) if e.source == "example"]
    calm = [message for message in calm[::_EVERY] if not set(flags.codes_in("", message)) - {flags.PERSONAL}]
    messages = [text.tidy(said) for _, said in own] + [text.tidy(message[:_READ]) for message in calm]
    lexicon = Lexicon.of(text.vocabulary(messages, least=2, most=_MOST))
    idf = rarity(lexicon, messages)
    rows = np.stack([_row(lexicon, idf, message) for message in messages])
    alike = (rows @ rows.T).astype(np.float64)
    weights, bars = [], []
    for flag in LEARNT:
        wanted = np.array([flag in codes for codes, _ in own] + [False] * len(calm))
        target = np.where(wanted, 1.0, -1.0)
        rare = np.where(wanted, 1.0, wanted.sum() / (~wanted).sum())  # both sides weigh the same
        inverse = np.linalg.inv(alike + 1.0 + np.diag(_STRENGTH / rare))
        dual = inverse @ target
        left_out = target - dual / np.diag(inverse)  # what each would get were it not among the examples
        weights.append((rows.T @ dual).astype(np.float32))
        # The constant of the fit is the same for all messages, so it is part of the bar.
        bars.append(float(np.quantile(left_out[wanted], 1 - CAUGHT[flag]) - dual.sum()))
    return Ear(lexicon, idf, np.stack(weights, axis=1), np.array(bars))


def _row(lexicon: Lexicon, idf: NDArray[np.float32], message: str) -> NDArray[np.float32]:
    found = np.zeros(len(idf), dtype=np.float32)
    columns, values = text.weigh(lexicon.encode(text.tidy(message)), idf)
    found[columns] = values
    return found


def measured(
    messages: Sequence[tuple[frozenset[str], str]], found: Sequence[frozenset[str]]
) -> dict[str, dict[str, float]]:
    """Recall and precision of each flag."""
    told_: dict[str, dict[str, float]] = {}
    for flag in flags.FLAGS:
        wanted = [flag in codes for codes, _ in messages]
        given = [flag in codes for codes in found]
        hits = sum(w and g for w, g in zip(wanted, given, strict=True))
        told_[flag] = {
            "n": sum(wanted),
            "recall": round(hits / max(1, sum(wanted)), 3),
            "precision": round(hits / max(1, sum(given)), 3),
            "flagged": sum(given),
        }
    return told_
