"""Make a release from examples: knowledge, adapted to unlabelled messages, corrected by labelled ones.

Kinds of release. Cold: fitted only on the cards and examples of `knowledge/` and the tenant's duty list. Adapted and
trained: with a second head (`adaptation`, `pipeline`). Fitting needs scikit-learn, so web processes do not import this.
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
"""With fewer labels (counted by weight), and with unlabelled messages to adapt to, the labels correct the adapted release
instead of training a head of their own; `tests.bench.bench_stream` measures both."""

_FOLDS: Final = 3
# Chosen once on real messages of another town: with them the calibration error was 0.03.
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

    `seed` only decides the folds of the labelled examples; everything else is deterministic. The release has an id once
    it is saved.
    """
    own = [e for e in examples if e.source in OWN_SOURCES]
    real = [e for e in examples if e.source not in OWN_SOURCES]
    if real and unlabelled and sum(e.weight for e in real) < _MIN_TO_TRAIN:
        return _fit_corrected(own, real, unlabelled, seed)
    if real:
        return _fit_trained(own, real, seed)
    model = _fit_knowledge(own, [])
    return adaptation.adapt(model, own, unlabelled) if unlabelled else model


def _fit_knowledge(own: Sequence[Example], real: Sequence[Example]) -> Model:
    """Fit the knowledge head on our own examples and on real messages somebody filed under a level-2 code."""
    lexicon, block, bias = pipeline.fit_knowledge_head([*own, *(e for e in real if e.category in taxonomy.LEVEL2)])
    duties: dict[str, list[str]] = {}
    for e in own:
        if e.source == "duty":
            duties.setdefault(e.text, []).append(e.category)
    sentences = tuple((sentence, tuple(codes)) for sentence, codes in duties.items())
    return Model("", COLD, lexicon, block, bias, None, sentences)


def _fit_trained(own: Sequence[Example], real: Sequence[Example], seed: int) -> Model:
    """Fit the knowledge head and a trained head on the labels people gave."""
    model = replace(_fit_knowledge(own, real), settings=replace(COLD, kind="trained"))
    knowledge_only = _fit_knowledge(own, [])  # not fitted on the labelled messages
    level1 = np.stack([knowledge_only.opinions(e.title, e.text)[1] for e in real])
    fitted = pipeline.fit_trained_head(real, own, level1, seed)
    if fitted is None:
        return model
    return replace(
        adaptation.merge_head(model, *fitted), settings=replace(model.settings, threshold=_TRAINED_THRESHOLD)
    )


def _fit_corrected(
    own: Sequence[Example], real: Sequence[Example], unlabelled: Sequence[tuple[str, str]], seed: int
) -> Model:
    """Adapt to the messages, fit knowledge on level-2 labels as well, and correct at level 1.

    The correction compares the predictions of the release with the labels, so every message is predicted by a knowledge
    head that was not fitted on it.
    """
    messages = [*unlabelled, *((e.title, e.text) for e in real)]
    adapted = adaptation.adapt(_fit_knowledge(own, []), own, messages)
    if not any(e.category in taxonomy.LEVEL2 for e in real):
        return adaptation.correct(adapted, real, [adapted.opinions(e.title, e.text) for e in real])
    opinions: list[list[Doubles]] = [[] for _ in real]
    for fold, held_out in KFold(_FOLDS, shuffle=True, random_state=seed).split(real) if len(real) >= _FOLDS else ():
        fold_model = adaptation.replace_knowledge(adapted, _fit_knowledge(own, [real[i] for i in fold]))
        for i in held_out.tolist():
            opinions[i] = fold_model.opinions(real[i].title, real[i].text)
    return adaptation.correct(adaptation.replace_knowledge(adapted, _fit_knowledge(own, real)), real, opinions)
