"""What do real messages add to knowledge? A second head, adapted to unlabelled messages or taught by labelled ones.

Adapted: the knowledge head labels the messages and the second head learns from its surest answers, round after
round. Taught: it learns the labels people gave. Either way it learns only headings with enough messages under them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from classify import taxonomy
from classify.model.linear_heads import CHANCE_FLOOR, OPENING, VIEWS, Block, Experience, by_heading, seen_by
from classify.model.release import Model
from classify.model.ridge import Row, rarity, ridge
from classify.model.seed_examples import Example
from classify.text import copies as text_copies
from classify.text import features
from classify.text.features import Lexicon

KNOWN_MOST: Final = 40_000
_STRENGTH: Final = 0.5
_EMPHASIS: Final = 0.4  # how much of a gram's value follows from how unevenly it is spread over the headings
_ENOUGH: Final = 30
"""A heading with fewer real messages is not learnt: knowledge says more about it than they do."""

_OWN: Final = 0.03  # weight of an example of our own beside a real message
_ROUNDS: Final = 2
_SURE: Final = 0.5  # an answer of one's own below this teaches nothing
_SOUND: Final = 0.95
_SOUND_IN_PART: Final = 0.8
"""Of the messages of our own, so many must still go right after adapting, in all and under each heading. The messages of
two other towns left .985 and .997 of them right, the worst heading .96; a flood of 600 contrived ones as much."""

_ADAPTED: Final = (0.25, 0.3, 0.05)  # temperature, trust, doubt, where there are no labels to choose them by
_FOLDS: Final = 5
_TEMPERATURES: Final = (0.1, 0.12, 0.14, 0.17, 0.2, 0.24, 0.28, 0.33, 0.4)
_TRUSTS: Final = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4)
_DOUBTS: Final = (0.0, 0.01, 0.02, 0.03, 0.05, 0.08)
_SURENESS_RIDGE: Final = 1.0
_NEWTON: Final = 25
_ADAPTED_BAR: Final = 0.75
_TAUGHT_BAR: Final = 0.7


@dataclass(frozen=True, slots=True)
class _View:
    """How one view is made: of title or text, cut how, how many of its grams are kept, and how much it counts."""

    of_title: bool
    cut: Callable[[str], list[str]]
    least: int
    most: int
    share: float


# Cross-validated on another town's messages, macro-F1 of title and text alone .9252, with opening .9271, with words
# .9272, with both .9283 (standard error .0006); three characters in a row, a nearest-neighbour vote, a support vector
# machine beside the ridge, more weight for rare headings, and less for doubtful labels added nothing.
_VIEWS: Final[Mapping[str, _View]] = {
    "title": _View(True, features.grams, 1, 40_000, 1.0),
    "text": _View(False, features.grams, 2, 80_000, 1.0),
    "opening": _View(False, features.grams, 2, 30_000, 0.5),
    "title_words": _View(True, features.words, 1, 20_000, 0.5),
    "text_words": _View(False, features.words, 2, 30_000, 0.5),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """The grams of real messages: one lexicon, and a block without weights yet for each view."""

    lexicon: Lexicon
    views: tuple[str, ...]
    blocks: tuple[Block, ...]
    own: Sequence[Example]

    @classmethod
    def of(cls, messages: Sequence[tuple[str, str]], own: Sequence[Example], views: Sequence[str]) -> Frame:
        titles = [features.tidy(title, features.TITLE_LIMIT, 0) for title, _ in messages]
        bodies = [features.tidy(body) for _, body in messages]
        own = [e for e in own if e.source != "word"]
        grams: dict[str, list[str]] = {}
        texts: dict[str, list[str]] = {}
        for name in views:
            view = _VIEWS[name]
            said = titles if view.of_title else [body[:OPENING] for body in bodies] if name == "opening" else bodies
            beside = [(e.title if view.of_title else e.text) for e in own] if view.cut is features.grams else []
            grams[name] = features.vocabulary([*said, *beside], least=view.least, most=view.most, cut=view.cut)
            texts[name] = said
        known = features.vocabulary([f"{e.title} {e.text}" for e in own], least=1, most=KNOWN_MOST)
        lexicon = Lexicon.of(dict.fromkeys([*known, *(gram for name in views for gram in grams[name])]))

        def block(name: str) -> Block:
            rows = np.full(len(lexicon.number), -1, dtype=np.int32)
            rows[[lexicon.number[gram] for gram in grams[name]]] = np.arange(len(grams[name]))
            idf = rarity(Lexicon.of(grams[name]), texts[name], _VIEWS[name].cut)
            return Block(rows, idf, np.zeros((0, 0), np.float32), _VIEWS[name].share)

        return cls(lexicon, tuple(views), tuple(block(name) for name in views), own)

    def row(self, title: str, body: str) -> Row:
        """One message as a row over all blocks."""
        title, body = features.tidy(title, features.TITLE_LIMIT, 0), features.tidy(body)
        encode = self.lexicon.encode
        seen = seen_by(self.views, self.lexicon, title, body, encode(title), encode(body))
        vectors = [block.vector(ids) for block, ids in zip(self.blocks, seen, strict=True)]
        ids = np.concatenate([rows + start for (rows, _), start in zip(vectors, self._starts(), strict=False)])
        return ids.astype(np.int32), np.concatenate([values for _, values in vectors])

    def _starts(self) -> list[int]:
        """The first column of each block, and the number of all."""
        return [0, *np.cumsum([len(block.idf) for block in self.blocks]).tolist()]

    def head(
        self, rows: Sequence[Row], targets: NDArray[np.intp], weights: NDArray[np.float64], headings: tuple[int, ...]
    ) -> tuple[tuple[Block, ...], NDArray[np.float32]]:
        """Fit the headings on messages given as rows, with our own examples lightly beside them."""
        column = {heading: i for i, heading in enumerate(headings)}
        beside = [e for e in self.own if taxonomy.LEVEL1.index(e.category[:2]) in column]
        kept = [i for i, target in enumerate(targets) if int(target) in column]
        starts = self._starts()
        found, bias = ridge(
            [*(rows[i] for i in kept), *(self.row(e.title, e.text) for e in beside)],
            starts[-1],
            np.array(
                [
                    *(column[int(targets[i])] for i in kept),
                    *(column[taxonomy.LEVEL1.index(e.category[:2])] for e in beside),
                ]
            ),
            len(headings),
            np.concatenate((weights[kept], [_OWN * e.weight for e in beside])),
            strength=_STRENGTH,
            emphasis=_EMPHASIS,
        )
        cuts = pairwise(starts)
        blocks = [replace(block, weights=found[a:b]) for block, (a, b) in zip(self.blocks, cuts, strict=True)]
        return tuple(blocks), bias


def _moved(lexicon: Lexicon, model: Model) -> Block:
    """The model's knowledge block with its rows found through a larger lexicon."""
    rows = np.full(len(lexicon.number), -1, dtype=np.int32)
    for gram, number in model.lexicon.number.items():
        if gram in lexicon.number:
            rows[lexicon.number[gram]] = model.knowledge.rows[number]
    return replace(model.knowledge, rows=rows)


def knowing(model: Model, better: Model) -> Model:
    """The model with the knowledge head of another one in the place of its own."""
    lexicon = Lexicon.of(dict.fromkeys([*model.lexicon.number, *better.lexicon.number]))
    head = model.experience
    if head is not None:
        new = np.full(len(lexicon.number) - len(model.lexicon.number), -1, dtype=np.int32)
        blocks = tuple(replace(block, rows=np.concatenate((block.rows, new))) for block in head.blocks)
        head = replace(head, blocks=blocks)
    knowledge = _moved(lexicon, better)
    return replace(model, lexicon=lexicon, knowledge=knowledge, bias=better.bias, experience=head)


def _crowded(targets: NDArray[np.intp], weights: NDArray[np.float64]) -> tuple[int, ...]:
    """The headings with enough messages under them."""
    counts = np.bincount(targets, weights, len(taxonomy.LEVEL1))
    return tuple(int(i) for i in np.flatnonzero(counts >= _ENOUGH))


def adapted(model: Model, own: Sequence[Example], unlabelled: Sequence[tuple[str, str]]) -> Model:
    """The model with a head that learnt from the model's own surest answers; the model itself where that spoils it.

    Such answers are wrong together where knowledge is, or where one campaign fills the post. So copies of a text weigh
    no more than a few, and the messages of our own, whose category is beyond doubt, must still go right.
    """
    frame = Frame.of(unlabelled, own, VIEWS[:2])  # the other views only help where people gave the labels
    first = replace(
        model,
        settings=replace(model.settings, kind="adapted", bar=_ADAPTED_BAR),
        lexicon=frame.lexicon,
        knowledge=_moved(frame.lexicon, model),
    )
    rows = [frame.row(title, body) for title, body in unlabelled]
    groups = np.array(text_copies.copies(f"{title} {body}" for title, body in unlabelled), dtype=np.intp)
    copies = np.bincount(groups)[groups]
    found = first
    for _ in range(_ROUNDS):
        coarse = np.stack([by_heading(found.probabilities(title, body)) for title, body in unlabelled])
        targets, sure = coarse.argmax(axis=1), coarse.max(axis=1)
        weights = np.where(sure >= _SURE, sure**2, 0.0) * np.minimum(1.0, text_copies.CAMPAIGN_MOST / copies)
        headings = _crowded(targets, weights)
        if len(headings) < 2:
            return model
        blocks, bias = frame.head(rows, targets, weights, headings)
        found = replace(first, experience=Experience(frame.views, blocks, bias, headings, False, *_ADAPTED))
    return found if _is_sound(found, own) else model


def _is_sound(model: Model, own: Sequence[Example]) -> bool:
    """Whether the messages of our own still come under their headings: nearly all, and most of each heading."""
    right: dict[str, list[bool]] = {}
    for e in own:
        if e.source == "example":
            heading = taxonomy.LEVEL1[int(by_heading(model.probabilities(e.title, e.text)).argmax())]
            right.setdefault(e.category[:2], []).append(heading == e.category[:2])
    everything = [one for found in right.values() for one in found]
    return bool(np.mean(everything) >= _SOUND) and all(np.mean(found) >= _SOUND_IN_PART for found in right.values())


def taught(model: Model, own: Sequence[Example], real: Sequence[Example], untaught: Model, seed: int) -> Model:
    """The model with a head that learnt the labels people gave.

    Its temperature, trust and doubt are chosen on messages the fit did not see; `untaught` is the knowledge head
    without any of them, for the same reason.
    """
    frame = Frame.of([(e.title, e.text) for e in real], own, VIEWS)
    model = replace(
        model,
        settings=replace(model.settings, kind="trained"),
        lexicon=frame.lexicon,
        knowledge=_moved(frame.lexicon, model),
    )
    targets = np.array([taxonomy.LEVEL1.index(e.category[:2]) for e in real], dtype=np.intp)
    weights = np.array([e.weight for e in real])
    headings = _crowded(targets, weights)
    if len(headings) < 2:
        return model
    inside = np.flatnonzero(np.isin(targets, headings))
    real = [real[i] for i in inside.tolist()]
    targets, weights = targets[inside], weights[inside]
    rows = [frame.row(e.title, e.text) for e in real]
    fold = np.random.default_rng(seed).permutation(len(real)) % _FOLDS
    unseen = np.zeros((len(real), len(headings)))
    for k in range(_FOLDS):
        kept, left = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        blocks, bias = frame.head([rows[i] for i in kept], targets[kept], weights[kept], headings)
        both = np.concatenate([block.weights for block in blocks])
        unseen[left] = np.stack([rows[i][1] @ both[rows[i][0]] + bias for i in left])
    before = np.stack([untaught.opinions(e.title, e.text)[1] for e in real])[:, list(headings)]
    prior = np.log(before / np.maximum(before.sum(axis=1, keepdims=True), 1e-9) + CHANCE_FLOOR)
    scalars = _calibrated(unseen, prior, np.searchsorted(headings, targets))
    blocks, bias = frame.head(rows, targets, weights, headings)
    settings = replace(model.settings, bar=_TAUGHT_BAR)
    experience = Experience(frame.views, blocks, bias, headings, True, *scalars)
    return replace(model, settings=settings, experience=experience)


def _calibrated(
    scores: NDArray[np.float64], before: NDArray[np.float64], targets: NDArray[np.intp]
) -> tuple[float, float, float, tuple[float, float]]:
    """The temperature, trust in knowledge and doubt under which unseen labels were least surprising, and the sureness.

    One temperature makes the surest guesses too sure and the others not sure enough; so the odds of the best guess are
    read anew, by a logistic regression of whether it was right.
    """

    def shares(temperature: float, trust: float, doubt: float) -> NDArray[np.float64]:
        powers = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature + trust * before)
        return np.asarray((1 - doubt) * powers / powers.sum(axis=1, keepdims=True) + doubt / scores.shape[1])

    rows = np.arange(len(targets))
    best = min(
        product(_TEMPERATURES, _TRUSTS, _DOUBTS),
        key=lambda scalars: float(-np.log(shares(*scalars)[rows, targets]).mean()),
    )
    found = shares(*best)
    return *best, _sureness(found.max(axis=1), found.argmax(axis=1) == targets)


def _sureness(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Offset and slope of the log odds under which the guesses are right as often as they say; by Newton's steps."""
    sure = np.clip(sure, 1e-6, 1 - 1e-6)
    sides = np.stack([np.ones_like(sure), np.log(sure / (1 - sure))], axis=1)
    usual = np.array([0.0, 1.0])
    found = usual
    for _ in range(_NEWTON):
        told = 1 / (1 + np.exp(-sides @ found))
        slope = sides.T @ (told - right) + _SURENESS_RIDGE * (found - usual)
        found = found - np.linalg.solve((sides.T * (told * (1 - told))) @ sides + _SURENESS_RIDGE * np.eye(2), slope)
    return round(float(found[0]), 4), round(float(found[1]), 4)
