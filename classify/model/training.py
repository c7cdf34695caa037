"""How does a release come about? Knowledge, adapted to unlabelled messages, corrected by labelled ones.

Cold: cards and examples of `knowledge/` and the tenant's duty list, nothing else. Adapted and trained: a second
head beside it, see `experience`. Fitting needs scikit-learn, which is imported where it is used; answering does not.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify import taxonomy
from classify.model import local_adaptation, trained_head
from classify.model.linear_heads import Block
from classify.model.release import CARD, FORMAT, WEIGHTS, Model, ReleaseParameters, release_id
from classify.model.ridge import encoded, rarity, ridge
from classify.model.seed_examples import OWN_SOURCES, Example, seed_examples
from classify.text import features
from classify.text.features import Lexicon

__all__ = ["Example", "Fitted", "fit", "save", "seed_examples"]

_STRENGTH: Final = 3.0
_WEIGHT: Final = {"word": 0.3, "example": 3.0}
"""A whole message teaches more than a bare word; other sources count once."""

_MANY: Final = 1500
"""With fewer labels (counted by weight), and messages without any to adapt to, labels correct the adapted release
instead of teaching a head of their own: what they are worth is known from `tests.bench.bench_stream`."""

_FOLDS: Final = 3
_TITLE_SHARE: Final = 0.7
# Chosen once on real messages of another town: with them confidence and hits lay 0.03 apart.
COLD: Final = ReleaseParameters("cold", bar=0.8, bar_fine=0.55, temperature=0.05, doubt=0.08, title_share=_TITLE_SHARE)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted classifier that is not on disk yet; its `model` answers already, with an empty release id."""

    model: Model

    @property
    def kind(self) -> str:
        """cold, adapted or trained."""
        return self.model.settings.kind


def fit(examples: Sequence[Example], *, unlabelled: Sequence[tuple[str, str]] = (), seed: int = 0) -> Fitted:
    """Fit a classifier: cold from knowledge alone, adapted by unlabelled (title, text), trained by labelled examples.

    `seed` only decides which labelled examples calibrate which; everything else is free of chance.
    """
    own = [e for e in examples if e.source in OWN_SOURCES]
    real = [e for e in examples if e.source not in OWN_SOURCES]
    if real and unlabelled and sum(e.weight for e in real) < _MANY:
        return Fitted(_corrected(own, real, unlabelled, seed))
    model = _with_knowledge(own, real)
    if real:
        return Fitted(trained_head.taught(model, own, real, _with_knowledge(own, []), seed))
    return Fitted(trained_head.adapted(model, own, unlabelled) if unlabelled else model)


def _corrected(
    own: Sequence[Example], real: Sequence[Example], unlabelled: Sequence[tuple[str, str]], seed: int
) -> Model:
    """Adapted to the messages, knowing what people filed below a heading, and corrected heading by heading.

    The correction weighs what the release thinks against what people said, so every message is judged by a knowledge
    head that did not learn from it.
    """
    adapted = trained_head.adapted(_with_knowledge(own, []), own, [*unlabelled, *((e.title, e.text) for e in real)])
    if not any(e.category in taxonomy.LEVEL2 for e in real):
        return local_adaptation.corrected(adapted, real, [adapted.opinions(e.title, e.text) for e in real])
    fold = np.random.default_rng(seed).permutation(len(real)) % _FOLDS
    opinions: list[list[NDArray[np.float64]]] = [[] for _ in real]
    for k in range(_FOLDS):
        unseen = _with_knowledge(own, [e for e, place in zip(real, fold, strict=True) if place != k])
        judge = trained_head.knowing(adapted, unseen)
        for i in np.flatnonzero(fold == k).tolist():
            opinions[i] = judge.opinions(real[i].title, real[i].text)
    return local_adaptation.corrected(trained_head.knowing(adapted, _with_knowledge(own, real)), real, opinions)


def _with_knowledge(own: Sequence[Example], real: Sequence[Example]) -> Model:
    """The knowledge head, fitted on what we know and on real messages somebody filed under a level-2 code."""
    fine = [*own, *(e for e in real if e.category in taxonomy.LEVEL2)]
    texts = [f"{features.tidy(e.title)} {features.tidy(e.text)}" for e in fine if e.source != "word"]
    known = features.vocabulary(texts, least=1, most=trained_head.KNOWN_MOST)
    lexicon = Lexicon.of(known)
    blank = Block(np.arange(len(known), dtype=np.int32), rarity(lexicon, texts), np.zeros((0, 0), np.float32))
    rows = [blank.mixed(*encoded(lexicon, e.title, e.text), _TITLE_SHARE) for e in fine]
    targets = np.array([taxonomy.LEVEL2.index(e.category) for e in fine])
    weights, bias = ridge(
        rows,
        len(known),
        targets,
        len(taxonomy.LEVEL2),
        np.array([e.weight * _WEIGHT.get(e.source, 1.0) for e in fine]),
        strength=_STRENGTH,
    )
    duties: dict[str, list[str]] = {}
    for e in own:
        if e.source == "duty":
            duties.setdefault(e.text, []).append(e.category)
    sentences = tuple((sentence, tuple(codes)) for sentence, codes in duties.items())
    return Model("", COLD, lexicon, replace(blank, weights=weights), bias, None, sentences)


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
        "codes": list(taxonomy.LEVEL2),
        "settings": {name: getattr(model.settings, name) for name in ReleaseParameters.__slots__},
        "duties": [[sentence, list(codes)] for sentence, codes in model.duties],
    }
    if model.experience is not None:
        head = model.experience
        arrays["experience_bias"] = head.bias
        for view, block in zip(head.views, head.blocks, strict=True):
            arrays |= _stored(view, block)
        card["experience"] = {
            "views": {view: block.share for view, block in zip(head.views, head.blocks, strict=True)},
            "headings": list(head.headings),
            "is_taught": head.is_taught,
            "temperature": head.temperature,
            "trust": head.trust,
            "doubt": head.doubt,
            "sureness": list(head.sureness),
        }
    if model.local is not None:
        own = model.local
        arrays |= {
            "local_grams": np.frombuffer("\n".join(own.lexicon.number).encode(), dtype=np.uint8),
            "local_bias": own.bias,
            "local_scales": own.scales,
            **_stored("local_title", own.blocks[0]),
            **_stored("local_text", own.blocks[1]),
        }
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
