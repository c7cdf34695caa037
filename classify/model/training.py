"""Make a release from examples: knowledge, adapted to unlabelled messages, corrected by labelled ones.

Cold: cards and examples of `knowledge/` and the tenant's duty list, nothing else. Adapted and trained: a second head
beside it (`adaptation`, `pipeline`). Fitting needs scikit-learn, so whoever answers requests does not import this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from sklearn.model_selection import KFold

from classify import taxonomy
from classify.model import adaptation, pipeline
from classify.model.linear_heads import Doubles
from classify.model.release import Model, ReleaseParameters
from classify.model.release_files import save
from classify.model.seed_examples import OWN_SOURCES, Example, seed_examples

__all__ = ["Example", "fit", "save", "seed_examples"]

_MIN_TO_TRAIN: Final = 1500
"""With fewer labels (counted by weight), and messages without any to adapt to, labels correct the adapted release
instead of teaching a head of their own: what they are worth is known from `tests.bench.bench_stream`."""

_FOLDS: Final = 3
# Chosen once on real messages of another town: with them confidence and hits lay 0.03 apart.
COLD: Final = ReleaseParameters(
    "cold",
    threshold=0.8,
    threshold_level2=0.55,
    temperature=0.05,
    label_noise=0.08,
    title_scale=pipeline.TITLE_SCALE,
)
_TRAINED_THRESHOLD: Final = 0.7


def fit(examples: Sequence[Example], *, unlabelled: Sequence[tuple[str, str]] = (), seed: int = 0) -> Model:
    """Fit a release: cold from knowledge alone, adapted by unlabelled (title, text), trained by labelled examples.

    `seed` only decides which labelled examples calibrate which; everything else is free of chance. The release has an
    id once it is saved.
    """
    own = [e for e in examples if e.source in OWN_SOURCES]
    real = [e for e in examples if e.source not in OWN_SOURCES]
    if real and unlabelled and sum(e.weight for e in real) < _MIN_TO_TRAIN:
        return _corrected(own, real, unlabelled, seed)
    if real:
        return _trained(own, real, seed)
    model = _knowledge(own, [])
    return adaptation.adapted(model, own, unlabelled) if unlabelled else model


def _knowledge(own: Sequence[Example], real: Sequence[Example]) -> Model:
    """The knowledge head, fitted on what we know and on real messages somebody filed under a level-2 code."""
    lexicon, block, bias = pipeline.fit_knowledge_head([*own, *(e for e in real if e.category in taxonomy.LEVEL2)])
    duties: dict[str, list[str]] = {}
    for e in own:
        if e.source == "duty":
            duties.setdefault(e.text, []).append(e.category)
    sentences = tuple((sentence, tuple(codes)) for sentence, codes in duties.items())
    return Model("", COLD, lexicon, block, bias, None, sentences)


def _trained(own: Sequence[Example], real: Sequence[Example], seed: int) -> Model:
    """The knowledge head and beside it one that learnt the labels people gave."""
    model = replace(_knowledge(own, real), settings=replace(COLD, kind="trained"))
    untaught = _knowledge(own, [])  # what it thinks of the messages, it did not learn from them
    level1 = np.stack([untaught.opinions(e.title, e.text)[1] for e in real])
    fitted = pipeline.fit_trained_head(real, own, level1, seed)
    if fitted is None:
        return model
    return replace(adaptation.merged(model, *fitted), settings=replace(model.settings, threshold=_TRAINED_THRESHOLD))


def _corrected(
    own: Sequence[Example], real: Sequence[Example], unlabelled: Sequence[tuple[str, str]], seed: int
) -> Model:
    """Adapted to the messages, knowing what people filed at level 2, and corrected at level 1.

    The correction weighs what the release thinks against what people said, so every message is judged by a knowledge
    head that did not learn from it.
    """
    messages = [*unlabelled, *((e.title, e.text) for e in real)]
    adapted = adaptation.adapted(_knowledge(own, []), own, messages)
    if not any(e.category in taxonomy.LEVEL2 for e in real):
        return adaptation.corrected(adapted, real, [adapted.opinions(e.title, e.text) for e in real])
    opinions: list[list[Doubles]] = [[] for _ in real]
    for learnt, unseen in KFold(_FOLDS, shuffle=True, random_state=seed).split(real) if len(real) >= _FOLDS else ():
        judge = adaptation.with_knowledge_of(adapted, _knowledge(own, [real[i] for i in learnt]))
        for i in unseen.tolist():
            opinions[i] = judge.opinions(real[i].title, real[i].text)
    return adaptation.corrected(adaptation.with_knowledge_of(adapted, _knowledge(own, real)), real, opinions)
