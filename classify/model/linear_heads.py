"""What does a fitted head say about the grams of a message? Blocks of weights, and the two heads made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify import taxonomy
from classify.text import features
from classify.text.features import Ids, Lexicon, Values

CHANCE_FLOOR: Final = 1e-3

Floats = NDArray[np.float32]
Vector = tuple[Ids, Values]
"""Rows of a block and their values."""

_LEVEL1: Final = {code: i for i, code in enumerate(taxonomy.LEVEL1)}
HEADING: Final[NDArray[np.intp]] = np.array([_LEVEL1[code[:2]] for code in taxonomy.LEVEL2])
"""The level-1 position of each level-2 position."""


def softmax(scores: NDArray[Any]) -> Floats:
    """Scores -> probabilities."""
    powers = np.exp(scores - scores.max())
    shares: Floats = (powers / powers.sum()).astype(np.float32)
    return shares


def by_heading(fine: NDArray[Any]) -> NDArray[np.float64]:
    """Chances of level 2, added up under their headings."""
    return np.asarray(np.bincount(HEADING, fine, len(taxonomy.LEVEL1)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Block:
    """One bag of grams against the categories: which row a gram has, how rare it is, what it speaks for."""

    rows: Ids  # by number in the lexicon, -1: not in this block
    idf: Values
    weights: Floats  # rows x categories
    share: float = 1.0  # how long its vectors are

    def vector(self, ids: Ids) -> Vector:
        """The grams of a text as rows of this block and their values."""
        rows, values = features.weigh(self.rows[ids[ids >= 0]], self.idf)
        return (rows, values) if self.share == 1.0 else (rows, values * np.float32(self.share))

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


OPENING: Final = 80
"""The first characters of a text mostly say what it is about."""

VIEWS: Final = ("title", "text", "opening", "title_words", "text_words")
"""What a message is looked at by: characters and pairs of title, text and opening, and words of title and text."""


def seen_by(views: Iterable[str], lexicon: Lexicon, title: str, body: str, title_ids: Ids, body_ids: Ids) -> list[Ids]:
    """The grams of a tidied message for each view."""

    def seen(view: str) -> Ids:
        match view:
            case "title":
                return title_ids
            case "text":
                return body_ids
            case "opening":  # the characters come first, then the pairs
                upto = min(OPENING, len(body))
                return np.concatenate((body_ids[:upto], body_ids[len(body) :][: max(upto - 1, 0)]))
            case _:
                return lexicon.encode_words(title if view == "title_words" else body)

    return [seen(view) for view in views]


@dataclass(frozen=True, slots=True)
class Local:
    """What a district's own outcomes add (see `local`). `scales`: how much each opinion of the release counts."""

    lexicon: Lexicon
    blocks: tuple[Block, ...]
    bias: NDArray[np.float64]
    scales: NDArray[np.float64]

    def chances(self, opinions: Sequence[NDArray[np.float64]], title: str, body: str) -> NDArray[np.float64]:
        """How likely each choice is, given what the heads of the release think of them. Title and body are tidied."""
        scores = self.bias.copy()
        for scale, opinion in zip(self.scales, opinions, strict=True):
            scores += scale * np.log(opinion + CHANCE_FLOOR)
        for block, said in zip(self.blocks, (title, body), strict=True):
            scores += block.scores(block.vector(self.lexicon.encode(said)))
        powers = np.exp(scores - scores.max())
        return np.asarray(powers / powers.sum())


@dataclass(frozen=True, slots=True)
class Experience:
    """The head fitted on real messages: each view of a message is a block of its own.

    It knows only the headings under which there were enough of them, and says only which of *these* it is. How
    likely it is one of these at all remains for the knowledge head to say.
    """

    views: tuple[str, ...]
    blocks: tuple[Block, ...]  # one per view
    bias: Floats
    headings: tuple[int, ...]  # positions in labels.LEVEL1, in the order of the columns
    is_taught: bool  # by labels that people gave, in their taxonomy; else by the knowledge head's own answers
    temperature: float
    trust: float  # how much the knowledge head's opinion of the heading still counts
    doubt: float
    sureness: tuple[float, float] = (0.0, 1.0)  # how the log odds of its best guess are read: offset, slope

    def vectors(self, seen: Sequence[Ids]) -> tuple[Vector, ...]:
        """A message as the blocks see it."""
        return tuple(block.vector(ids) for block, ids in zip(self.blocks, seen, strict=True))

    def chances(self, before: NDArray[np.float64], seen: Sequence[Vector]) -> NDArray[np.float64]:
        """Which of its headings it is, given what the knowledge head thinks of all."""
        scores = sum(block.scores(vector) for block, vector in zip(self.blocks, seen, strict=True))
        known = before[list(self.headings)]
        prior = np.log(known / float(known.sum()) + CHANCE_FLOOR)
        said = softmax((scores + self.bias) / self.temperature + self.trust * prior)
        found = np.asarray((1 - self.doubt) * said + self.doubt / len(said), dtype=np.float64)
        return sobered(found, *self.sureness)


def sobered(shares: NDArray[np.float64], offset: float, slope: float) -> NDArray[np.float64]:
    """The shares with the best one as sure as such guesses turned out to be; it stays the best, the rest keep their order."""
    if (offset, slope) == (0.0, 1.0):
        return shares
    best = int(shares.argmax())
    rest = np.delete(shares, best)
    others = max(float(rest.sum()), 1e-12)
    odds = max(offset + slope * np.log(shares[best] / others), np.log(rest.max() / others) + 1e-6)
    top = 1 / (1 + np.exp(-odds))
    found = np.asarray(shares * ((1 - top) / others), dtype=np.float64)
    found[best] = top
    return found
