"""What does a fitted head say about the grams of a message? Blocks of weights, and the two heads made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify import labels, text
from classify.text import Ids, Values

CHANCE_FLOOR: Final = 1e-3

Floats = NDArray[np.float32]
Vector = tuple[Ids, Values]
"""Rows of a block and their values."""

_LEVEL1: Final = {code: i for i, code in enumerate(labels.LEVEL1)}
HEADING: Final[NDArray[np.intp]] = np.array([_LEVEL1[code[:2]] for code in labels.LEVEL2])
"""The level-1 position of each level-2 position."""


def softmax(scores: NDArray[Any]) -> Floats:
    """Scores -> probabilities."""
    powers = np.exp(scores - scores.max())
    shares: Floats = (powers / powers.sum()).astype(np.float32)
    return shares


def by_heading(fine: NDArray[Any]) -> NDArray[np.float64]:
    """Chances of level 2, added up under their headings."""
    return np.asarray(np.bincount(HEADING, fine, len(labels.LEVEL1)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Block:
    """One bag of grams against the categories: which row a gram has, how rare it is, what it speaks for."""

    rows: Ids  # by number in the lexicon, -1: not in this block
    idf: Values
    weights: Floats  # rows x categories

    def vector(self, ids: Ids) -> Vector:
        """The grams of a text as rows of this block and their values."""
        return text.weigh(self.rows[ids[ids >= 0]], self.idf)

    def mixed(self, title_ids: Ids, body_ids: Ids, title_share: float) -> Vector:
        """Title and text as one vector of length one."""
        title_rows, title_values = self.vector(title_ids)
        rows, values = self.vector(body_ids)
        both, place = np.unique(np.concatenate((title_rows, rows)), return_inverse=True)
        sums = np.bincount(place, np.concatenate((title_share * title_values, values)), len(both))
        length = float(np.sqrt(sums @ sums))
        return both.astype(np.int32), (sums / (length or 1.0)).astype(np.float32)

    def scores(self, vector: Vector) -> Floats:
        """What the vector says for each category."""
        rows, values = vector
        found: Floats = values @ self.weights[rows]
        return found


@dataclass(frozen=True, slots=True)
class Experience:
    """The head fitted on real messages: title and text are blocks of their own.

    It knows only the headings under which there were enough of them, and says only which of *these* it is. How
    likely it is one of these at all remains for the knowledge head to say.
    """

    title: Block
    text: Block
    bias: Floats
    headings: tuple[int, ...]  # positions in labels.LEVEL1, in the order of the columns
    is_taught: bool  # by labels that people gave, in their taxonomy; else by the knowledge head's own answers
    temperature: float
    trust: float  # how much the knowledge head's opinion of the heading still counts
    doubt: float

    def vectors(self, title_ids: Ids, body_ids: Ids) -> tuple[Vector, Vector]:
        """Title and text as the two blocks see them."""
        return self.title.vector(title_ids), self.text.vector(body_ids)

    def chances(self, before: NDArray[np.float64], seen: tuple[Vector, Vector]) -> NDArray[np.float64]:
        """Which of its headings it is, given what the knowledge head thinks of all."""
        scores = self.title.scores(seen[0]) + self.text.scores(seen[1])
        known = before[list(self.headings)]
        prior = np.log(known / float(known.sum()) + CHANCE_FLOOR)
        said = softmax((scores + self.bias) / self.temperature + self.trust * prior)
        return np.asarray((1 - self.doubt) * said + self.doubt / len(said), dtype=np.float64)
