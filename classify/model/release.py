"""A release in memory: predict category and confidence and explain them, from plain arrays.

A release has two heads. The knowledge head was fitted on the files in `knowledge/` and predicts every level-2 category.
The trained head, absent in the first release, was fitted on real messages and predicts level 1; it corrects the
knowledge head at level 1, and the knowledge head decides level 2. `release_files` stores and reads a release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify import taxonomy
from classify.model import explanation
from classify.model.linear_heads import (
    LEVEL1_OF_LEVEL2,
    Doubles,
    FeatureBlock,
    Floats,
    LocalCorrection,
    TrainedHead,
    Vector,
    encode_views,
    softmax,
    sum_by_level1,
)
from classify.text import features
from classify.text.features import Ids, Lexicon, Values

ALTERNATIVES: Final = 4
MIN_COVERAGE: Final = 0.2
"""A message with a smaller share of known character pairs is not classified."""

MIN_CONFIDENCE_PER_MATTER: Final = 0.6
"""A text with a change of topic has two matters when each part has at least this confidence."""

_MIN_PROBABILITY: Final = 1e-6  # added to every probability, so that no level-1 category has probability zero

_WHY_NOT: Final = {
    "empty": "没有填写内容",
    "short": "内容太短，看不出是什么事情",
    "foreign": "大部分不是中文，系统还不会分辨",
    "unknown": "说法与已知的各类事情都不相近",
    "abuse": "只有情绪，没有说是什么事情",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for the category (positive weight) or against it (negative)."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another likely category."""

    category: str
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The prediction: level 2 when confident enough, else level 1. `abstained`: a person should decide."""

    category: str
    label: str
    confidence: float
    abstained: bool
    reasons: tuple[Reason, ...]
    alternatives: tuple[Alternative, ...]
    release: str
    coverage: float = 0.0  # share of the message's character pairs that are in the lexicon


@dataclass(frozen=True, slots=True)
class ReleaseParameters:
    """The scalars of a release."""

    kind: str  # cold, adapted or trained
    threshold: float  # a level-1 category below this confidence is left to a person
    threshold_level2: float  # level 2 is named from this confidence on
    temperature: float  # of the knowledge head
    label_noise: float  # share of messages whose label follows local practice that no model knows
    title_scale: float  # how much the title counts beside the text, knowledge head


@dataclass(frozen=True)
class Model:
    """One release in memory. Immutable, safe to share between threads."""

    release: str
    settings: ReleaseParameters
    lexicon: Lexicon
    knowledge: FeatureBlock
    bias: Floats
    trained_head: TrainedHead | None
    duties: tuple[tuple[str, tuple[str, ...]], ...]
    correction: LocalCorrection | None = None

    @property
    def kind(self) -> str:
        """cold, adapted or trained."""
        return self.settings.kind

    @property
    def threshold(self) -> float:
        """Below this confidence a person decides."""
        return self.settings.threshold

    def probabilities(self, title: str, body: str) -> Floats:
        """How likely each level-2 category is, in the order of taxonomy.LEVEL2."""
        return self._analyze(title, body).probabilities

    def distributions(self, title: str, body: str) -> tuple[NDArray[Any], ...]:
        """How likely each level-2 category is: by the whole release and, if it has more heads, by the knowledge head."""
        analysis = self._analyze(title, body)
        has_other_heads = self.trained_head is not None or self.correction is not None
        return (analysis.probabilities, analysis.by_knowledge) if has_other_heads else (analysis.probabilities,)

    def top_level(self, title: str, body: str) -> Doubles:
        """How likely each level-1 category is, in the order of taxonomy.LEVEL1."""
        return sum_by_level1(self.probabilities(title, body))

    def opinions(self, title: str, body: str) -> list[Doubles]:
        """Level-1 probabilities by the whole release and by the knowledge head alone, before any local correction."""
        return self._analyze(title, body).opinions

    def restricted_to(self, title: str, body: str, choices: Sequence[str]) -> Doubles:
        """How likely each of these categories is, given that it is one of them.

        The probability of a category outside the choices goes to those under which other taxonomies file it. The
        classes of a supervised trained head need no such translation.
        """
        analysis = self._analyze(title, body)
        head = self.trained_head
        if head is not None and head.is_supervised and analysis.trained is not None and self.correction is None:
            column = {taxonomy.LEVEL1[level1]: i for i, level1 in enumerate(head.classes)}
            if all(choice in column for choice in choices):
                chosen = analysis.trained[[column[choice] for choice in choices]]
                return np.asarray(chosen / chosen.sum())
        shared = analysis.probabilities @ _overlap_shares(tuple(choices)) + 1e-9
        return np.asarray(shared / shared.sum())

    def predict(self, title: str, body: str) -> Verdict:
        """The best category with its reasons; abstains below the threshold or when the message cannot be judged."""
        why_not = features.explain_unreadable(title, body)
        if why_not:
            return self._abstain(why_not)
        analysis = self._analyze(title, body)
        if analysis.coverage < MIN_COVERAGE:
            return self._abstain("unknown")
        level2 = analysis.probabilities
        level1 = sum_by_level1(level2)
        top = int(level1.argmax())
        order = np.argsort(-level2, kind="stable")
        below = int(np.where(top == LEVEL1_OF_LEVEL2, level2, -1.0).argmax())
        if level2[below] >= self.settings.threshold_level2:
            category, confidence = taxonomy.LEVEL2[below], float(level2[below])
        else:
            category, confidence = taxonomy.LEVEL1[top], float(level1[top])
        second = self._find_second_matter(title, body, top)
        ranked = [
            *([second] if second is not None else []),
            *(int(i) for i in order[: ALTERNATIVES + 2] if i != second),
        ]
        others = [i for i in ranked if taxonomy.LEVEL2[i] != category][:ALTERNATIVES]
        why = (
            ()
            if second is None
            else (Reason(f"像是两件事，另一件：{taxonomy.path_name(taxonomy.LEVEL2[second])}", 0.0),)
        )
        return Verdict(
            category,
            taxonomy.path_name(category),
            confidence,
            second is not None or float(level1[top]) < self.settings.threshold,
            (*self._explain(analysis, below, top), *why),
            tuple(
                Alternative(taxonomy.LEVEL2[i], taxonomy.path_name(taxonomy.LEVEL2[i]), float(level2[i]))
                for i in others
            ),
            self.release,
            analysis.coverage,
        )

    def _find_second_matter(self, title: str, body: str, level1: int) -> int | None:
        """The category of a second matter under another level-1 category, when the text announces one."""
        parts = features.split_matters(body)
        if len(parts) < 2:
            return None
        level2, tops = [], []
        for part in zip((title, ""), parts, strict=True):
            level2.append(self._analyze(*part).probabilities)
            tops.append(sum_by_level1(level2[-1]))
            if tops[-1].max() < MIN_CONFIDENCE_PER_MATTER:
                return None
        if tops[0].argmax() == tops[1].argmax():
            return None
        other = next((i for i, top in enumerate(tops) if top.argmax() != level1), 1)
        return int(level2[other].argmax())

    def _abstain(self, why_not: str) -> Verdict:
        return Verdict("", "", 0.0, True, (Reason(_WHY_NOT[why_not], 0.0),), (), self.release)

    def _analyze(self, title: str, body: str) -> _Analysis:
        title, body = features.tidy(title, features.TITLE_LIMIT, 0), features.tidy(body)
        title_ids, body_ids = self.lexicon.encode(title), self.lexicon.encode(body)
        vector = self.knowledge.combined(title_ids, body_ids, self.settings.title_scale)
        first = softmax((self.knowledge.scores(vector) + self.bias) / self.settings.temperature)
        first = (first + _MIN_PROBABILITY) / (1 + _MIN_PROBABILITY * len(first))
        before = sum_by_level1(first)
        after = (1 - self.settings.label_noise) * before + self.settings.label_noise / len(before)
        trained, vectors = None, None
        if self.trained_head is not None:
            view_ids = encode_views(self.trained_head.views, self.lexicon, title, body, title_ids, body_ids)
            vectors = self.trained_head.vectors(view_ids)
            trained = self.trained_head.probabilities(before, vectors)
            classes = list(self.trained_head.classes)
            after[classes] = after[classes].sum() * trained
        opinions = [after / after.sum(), before]
        if self.correction is not None:
            after = self.correction.probabilities(opinions, title, body)
        level2 = (first * (after / before)[LEVEL1_OF_LEVEL2]).astype(np.float32)
        pairs = np.concatenate((title_ids[len(title) :], body_ids[len(body) :]))
        coverage = float((pairs >= 0).mean()) if len(pairs) else 0.0
        return _Analysis(title, body, title_ids, body_ids, vector, level2, first, trained, vectors, coverage, opinions)

    def _explain(self, analysis: _Analysis, below: int, level1: int) -> tuple[Reason, ...]:
        rows, values = analysis.vector
        row_contributions = np.zeros(len(self.knowledge.idf), dtype=np.float32)
        row_contributions[rows] = values * self.knowledge.weights[rows, below]
        contributions = [
            explanation.attribute_to_characters(
                analysis.title_ids, len(analysis.title), self.knowledge.rows, row_contributions
            ),
            explanation.attribute_to_characters(
                analysis.body_ids, len(analysis.body), self.knowledge.rows, row_contributions
            ),
        ]
        head = self.trained_head
        if head is not None and analysis.vectors is not None and level1 in head.classes:
            column = head.classes.index(level1)
            for i, ids in enumerate((analysis.title_ids, analysis.body_ids)):
                block, (own_rows, own_values) = head.blocks[i], analysis.vectors[i]
                own = np.zeros(len(block.idf), dtype=np.float32)
                own[own_rows] = own_values * block.weights[own_rows, column]
                contributions[i] = contributions[i] + explanation.attribute_to_characters(
                    ids, len(contributions[i]), block.rows, own
                )
        words = explanation.attribute_to_words(((analysis.title, contributions[0]), (analysis.body, contributions[1])))
        duty = self._find_nearest_duty(analysis.vector, taxonomy.LEVEL2[below])
        return (*(Reason(word, round(weight, 3)) for word, weight in words), *duty)

    def _find_nearest_duty(self, vector: Vector, code: str) -> tuple[Reason, ...]:
        """The sentence of the category's duty list that is most similar to the message."""
        rows, values = vector
        message = np.zeros(len(self.knowledge.idf), dtype=np.float32)
        message[rows] = values
        best, nearest = "", 0.0
        for sentence, own_rows, own_values in self._duties_by_code.get(code, ()):
            similarity = float(own_values @ message[own_rows])
            if similarity > nearest:
                best, nearest = sentence, similarity
        return (Reason(f"职责相近：{best}", round(nearest, 3)),) if best else ()

    @cached_property
    def _duties_by_code(self) -> Mapping[str, Sequence[tuple[str, Ids, Values]]]:
        duties: dict[str, list[tuple[str, Ids, Values]]] = {}
        for sentence, codes in self.duties:
            rows, values = self.knowledge.vector(self.lexicon.encode(features.tidy(sentence)))
            for code in codes:
                duties.setdefault(code, []).append((sentence, rows, values))
        return duties


@dataclass(frozen=True, slots=True)
class _Analysis:
    """A message with its features and the probabilities computed from them."""

    title: str
    body: str
    title_ids: Ids
    body_ids: Ids
    vector: Vector
    probabilities: Floats
    by_knowledge: Floats
    trained: Doubles | None  # probabilities of the classes of the trained head
    vectors: tuple[Vector, ...] | None  # features of the trained head
    coverage: float
    opinions: list[Doubles]


@lru_cache(maxsize=8)
def _overlap_shares(choices: tuple[str, ...]) -> Doubles:
    """How much of each level-2 category falls under each choice."""
    shares = np.zeros((len(taxonomy.LEVEL2), len(choices)))
    for i, code in enumerate(taxonomy.LEVEL2):
        elsewhere = dict(taxonomy.category(code).also)
        for j, choice in enumerate(choices):
            shares[i, j] = 1.0 if code.startswith(choice) else elsewhere.get(choice, 0.0)
    return shares
