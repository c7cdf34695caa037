"""How does a release come about? Knowledge, adapted to unlabelled messages, corrected by labelled ones.

Cold: cards and examples of `knowledge/` and the tenant's duty list, nothing else. Adapted: the cold model labels
real messages and learns from its surest answers, round after round. Trained: labelled files and the corrections of
clerks. All fits are ridge regressions on +-1 targets: closed, fast, the same numbers every time.
"""

from __future__ import annotations

import hashlib
import io
import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify import labels, text
from classify.model import CARD, CHANCE_FLOOR, FORMAT, HEADING, WEIGHTS, Block, Experience, Model, Settings, release_id
from classify.text import Ids, Lexicon

KNOWLEDGE: Final = Path(__file__).with_name("knowledge")
OWN_SOURCES: Final = frozenset({"word", "card", "example", "duty"})

_KNOWLEDGE_MOST: Final = 40_000
_TITLE_MOST: Final = 40_000
_TEXT_MOST: Final = 80_000
_RIDGE: Final = 3.0  # strength of the knowledge fit
_RIDGE_REAL: Final = 1.0  # strength of the fit on real messages
_TITLE_SHARE: Final = 0.7
_ROUNDS: Final = 4

# Chosen once on real messages of another town: with them confidence and hits lay 0.03 apart.
COLD: Final = Settings("cold", bar=0.8, bar_fine=0.55, temperature=0.06, doubt=0.1, title_share=_TITLE_SHARE)
_FOLDS: Final = 3
_TEMPERATURES: Final = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
_TRUSTS: Final = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6)


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what it is about: a level-2 code or, when nobody said more, a level-1 code."""

    title: str
    text: str
    category: str
    source: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted classifier that is not on disk yet; its `model` answers already, with an empty release id."""

    model: Model

    @property
    def kind(self) -> str:
        """cold, adapted or trained."""
        return self.model.settings.kind


def seed_examples(duties: Iterable[tuple[str, Sequence[str]]]) -> list[Example]:
    """What is known before the first real message: cards, examples of our own, the tenant's duty sentences."""
    found: list[Example] = []
    for code, card in _read("cards").items():
        known = card["words"].split()
        found.append(Example("", " ".join(known), code, "card"))
        found.extend(Example("", word, code, "word") for word in known)
    for code, own in _read("examples").items():
        found.extend(Example(title, body, code, "example") for title, body in own["messages"])
    for sentence, codes in duties:
        known_codes = [code for code in codes if code in labels.LEVEL2]
        found.extend(Example("", sentence, code, "duty", 1 / len(known_codes)) for code in known_codes)
    return found


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((KNOWLEDGE / f"{name}.toml").read_text(encoding="utf-8"))


def fit(examples: Sequence[Example], *, unlabelled: Sequence[tuple[str, str]] = (), seed: int = 0) -> Fitted:
    """Fit a classifier: cold from knowledge alone, adapted by unlabelled (title, text), trained by labelled examples.

    `seed` only decides which labelled examples calibrate which; everything else is free of chance.
    """
    real = [e for e in examples if e.source not in OWN_SOURCES and e.category]
    own = [e for e in examples if e.source in OWN_SOURCES]
    model = _with_knowledge(own, real)
    if not real and not unlabelled:
        return Fitted(model)
    frame = _Frame.of([*((e.title, e.text) for e in real), *unlabelled], own)
    model = replace(model, lexicon=frame.lexicon, knowledge=frame.moved(model))
    if not real:
        return Fitted(_adapted(model, frame, unlabelled))
    return Fitted(_trained(model, frame, real, _with_knowledge(own, []), seed))


def _with_knowledge(own: Sequence[Example], real: Sequence[Example]) -> Model:
    """The knowledge head, fitted on what we know and on real messages somebody filed under a level-2 code."""
    fine = [*own, *(e for e in real if e.category in labels.LEVEL2)]
    texts = [f"{text.tidy(e.title)} {text.tidy(e.text)}" for e in fine if e.source != "word"]
    known = text.vocabulary(texts, least=1, most=_KNOWLEDGE_MOST)
    lexicon = Lexicon.of(known)
    blank = Block(np.arange(len(known), dtype=np.int32), _idf(lexicon, texts), np.zeros((0, 0), np.float32))
    rows = [blank.mixed(*_encoded(lexicon, e.title, e.text), _TITLE_SHARE) for e in fine]
    targets = np.array([labels.LEVEL2.index(e.category) for e in fine])
    weights, bias = _ridge(rows, len(known), targets, len(labels.LEVEL2), [e.weight for e in fine], _RIDGE)
    duties: dict[str, list[str]] = {}
    for e in own:
        if e.source == "duty":
            duties.setdefault(e.text, []).append(e.category)
    sentences = tuple((sentence, tuple(codes)) for sentence, codes in duties.items())
    return Model("", COLD, lexicon, replace(blank, weights=weights), bias, None, sentences)


def _encoded(lexicon: Lexicon, title: str, body: str) -> tuple[Ids, Ids]:
    return lexicon.encode(text.tidy(title, text.TITLE_LIMIT, 0)), lexicon.encode(text.tidy(body))


def _idf(lexicon: Lexicon, texts: Sequence[str]) -> NDArray[np.float32]:
    counts = np.zeros(len(lexicon.number))
    for told in texts:
        ids = lexicon.encode(told)
        counts[np.unique(ids[ids >= 0])] += 1
    return np.asarray(np.log((1 + len(texts)) / (1 + counts)) + 1, dtype=np.float32)


def _ridge(
    rows: Sequence[tuple[Ids, NDArray[np.float32]]],
    width: int,
    targets: NDArray[np.intp],
    classes: int,
    weights: Sequence[float],
    strength: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Ridge regression of sparse rows on +-1 targets -> weights (rounded as they are stored) and intercepts."""
    from scipy.sparse import csr_matrix  # with scikit-learn 1.5 s to import, and needed here only
    from sklearn.linear_model import Ridge

    starts = np.cumsum([0, *(len(ids) for ids, _ in rows)])
    matrix = csr_matrix(
        (np.concatenate([v for _, v in rows]), np.concatenate([i for i, _ in rows]), starts), shape=(len(rows), width)
    )
    wanted = np.full((len(rows), classes), -1.0, dtype=np.float32)
    wanted[np.arange(len(rows)), targets] = 1.0
    fitted = Ridge(alpha=strength, solver="sparse_cg").fit(matrix, wanted, sample_weight=np.asarray(weights))
    return fitted.coef_.T.astype(np.float16).astype(np.float32), fitted.intercept_.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The grams of real messages: one lexicon, a title block and a text block without weights yet."""

    lexicon: Lexicon
    title: Block
    text: Block
    own: Sequence[Example]

    @classmethod
    def of(cls, messages: Sequence[tuple[str, str]], own: Sequence[Example]) -> _Frame:
        titles = [text.tidy(title, text.TITLE_LIMIT, 0) for title, _ in messages]
        bodies = [text.tidy(body) for _, body in messages]
        own = [e for e in own if e.source != "word"]
        in_titles = text.vocabulary([*titles, *(e.title for e in own)], least=1, most=_TITLE_MOST)
        in_texts = text.vocabulary([*bodies, *(e.text for e in own)], least=2, most=_TEXT_MOST)
        known = text.vocabulary([f"{e.title} {e.text}" for e in own], least=1, most=_KNOWLEDGE_MOST)
        lexicon = Lexicon.of(dict.fromkeys([*known, *in_titles, *in_texts]))

        def block(grams: Sequence[str], texts: Sequence[str]) -> Block:
            rows = np.full(len(lexicon.number), -1, dtype=np.int32)
            rows[[lexicon.number[gram] for gram in grams]] = np.arange(len(grams))
            return Block(rows, _idf(Lexicon.of(grams), texts), np.zeros((0, 0), np.float32))

        return cls(lexicon, block(in_titles, titles), block(in_texts, bodies), own)

    def moved(self, model: Model) -> Block:
        """The model's knowledge block with its rows found through the frame's larger lexicon."""
        rows = np.full(len(self.lexicon.number), -1, dtype=np.int32)
        for gram, number in model.lexicon.number.items():
            if gram in self.lexicon.number:
                rows[self.lexicon.number[gram]] = model.knowledge.rows[number]
        return replace(model.knowledge, rows=rows)

    def rows(self, title: str, body: str) -> tuple[Ids, NDArray[np.float32]]:
        """One message as a row over both blocks."""
        title_ids, body_ids = _encoded(self.lexicon, title, body)
        left, right = self.title.vector(title_ids), self.text.vector(body_ids)
        ids = np.concatenate((left[0], right[0] + len(self.title.idf)))
        return ids.astype(np.int32), np.concatenate((left[1], right[1]))

    def head(
        self,
        rows: Sequence[tuple[Ids, NDArray[np.float32]]],
        targets: NDArray[np.intp],
        weights: Sequence[float],
    ) -> tuple[Block, Block, NDArray[np.float32]]:
        """Fit the headings on messages given as rows, with what we know beside them."""
        own = [self.rows(e.title, e.text) for e in self.own]
        goals = np.concatenate((targets, [labels.LEVEL1.index(e.category[:2]) for e in self.own])).astype(np.intp)
        heavy = [*weights, *(e.weight for e in self.own)]
        width = len(self.title.idf) + len(self.text.idf)
        found, bias = _ridge([*rows, *own], width, goals, len(labels.LEVEL1), heavy, _RIDGE_REAL)
        cut = len(self.title.idf)
        return replace(self.title, weights=found[:cut]), replace(self.text, weights=found[cut:]), bias


def _adapted(model: Model, frame: _Frame, unlabelled: Sequence[tuple[str, str]]) -> Model:
    """Learn from one's own surest answers, round after round."""
    rows = [frame.rows(title, body) for title, body in unlabelled]
    fine = np.array([model.probabilities(title, body) for title, body in unlabelled])
    settings = replace(model.settings, kind="adapted", bar=0.6)
    for _ in range(_ROUNDS):
        coarse = np.stack([np.bincount(HEADING, row, len(labels.LEVEL1)) for row in fine])
        sure = coarse.max(axis=1)
        title, body, bias = frame.head(rows, coarse.argmax(axis=1), [float(p) ** 2 for p in sure])
        model = replace(model, settings=settings, experience=Experience(title, body, bias, 0.3, 0.3))
        fine = np.array([model.probabilities(one, other) for one, other in unlabelled])
    return model


def _trained(model: Model, frame: _Frame, real: Sequence[Example], cold: Model, seed: int) -> Model:
    """Learn from labelled messages; temperature and trust are chosen on messages the fit did not see."""
    rows = [frame.rows(e.title, e.text) for e in real]
    targets = np.array([labels.LEVEL1.index(e.category[:2]) for e in real])
    weights = [e.weight for e in real]
    fold = np.random.default_rng(seed).permutation(len(real)) % _FOLDS
    unseen = np.zeros((len(real), len(labels.LEVEL1)))
    for k in range(_FOLDS):
        kept, left = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        if not len(kept) or not len(left):
            continue
        title, body, bias = frame.head([rows[i] for i in kept], targets[kept], [weights[i] for i in kept])
        both = np.concatenate((title.weights, body.weights))
        for i in left:
            unseen[i] = rows[i][1] @ both[rows[i][0]] + bias
    before = np.stack([np.bincount(HEADING, cold.probabilities(e.title, e.text), len(labels.LEVEL1)) for e in real])
    temperature, trust = _calibrated(unseen, np.log(before + CHANCE_FLOOR), targets)
    title, body, bias = frame.head(rows, targets, weights)
    settings = replace(model.settings, kind="trained", bar=0.7)
    return replace(model, settings=settings, experience=Experience(title, body, bias, temperature, trust))


def _calibrated(
    scores: NDArray[np.float64], before: NDArray[np.float64], targets: NDArray[np.intp]
) -> tuple[float, float]:
    """The temperature and the trust in knowledge under which unseen labels were least surprising."""

    def surprise(temperature: float, trust: float) -> float:
        told = scores / temperature + trust * before
        told = told - told.max(axis=1, keepdims=True)
        chosen = told[np.arange(len(told)), targets]
        return float((np.log(np.exp(told).sum(axis=1)) - chosen).mean())

    return min(((t, b) for t in _TEMPERATURES for b in _TRUSTS), key=lambda pair: surprise(*pair))


def save(fitted: Fitted, folder: Path) -> str:
    """Write the release into `folder`/<id> and return the id, which is the digest of what was written."""
    model = fitted.model
    arrays: dict[str, NDArray[Any]] = {
        "grams": np.frombuffer("\n".join(model.lexicon.number).encode(), dtype=np.uint8),
        "knowledge_bias": model.bias,
        **_stored("knowledge", model.knowledge),
    }
    card: dict[str, Any] = {
        "format": FORMAT,
        "settings": {name: getattr(model.settings, name) for name in Settings.__slots__},
        "duties": [[sentence, list(codes)] for sentence, codes in model.duties],
    }
    if model.experience is not None:
        head = model.experience
        arrays |= {"experience_bias": head.bias, **_stored("title", head.title), **_stored("text", head.text)}
        card["experience"] = {"temperature": head.temperature, "trust": head.trust}
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    card["weights"] = hashlib.sha256(packed.getvalue()).hexdigest()
    card["id"] = release_id(card)
    place = folder / card["id"]
    place.mkdir(parents=True, exist_ok=True)
    (place / WEIGHTS).write_bytes(packed.getvalue())
    (place / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=1), encoding="utf-8")
    return str(card["id"])


def _stored(name: str, block: Block) -> dict[str, NDArray[Any]]:
    return {
        f"{name}_rows": block.rows,
        f"{name}_idf": block.idf,
        f"{name}_weights": block.weights.astype(np.float16),
    }
