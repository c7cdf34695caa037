"""What is this message about, how sure are we, and why? One release, read from disk, answering.

A release is two files: `weights.npz` (plain arrays, never pickle) and `release.json`, which names the digest of the
first; the release's id is the digest of both. Prediction needs numpy only.

Two heads look at a message. The *knowledge* head was fitted on what is written in `knowledge/` and knows every
level-2 category. The *experience* head, absent on day one, was fitted on real messages and knows level 1; it
corrects the first one's choice of heading and leaves it the choice below the heading.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify import taxonomy
from classify.model import reasons
from classify.model.linear_heads import (
    HEADING,
    VIEWS,
    Block,
    Experience,
    Floats,
    Local,
    Vector,
    by_heading,
    seen_by,
    softmax,
)
from classify.text import features
from classify.text.features import Ids, Lexicon, Values

FORMAT: Final = 2
"""1: a release did not name the categories of its columns, those the tree held before `_SINCE_FORMAT_2`."""

_SINCE_FORMAT_2: Final = frozenset({"0310", "1004"})
_UNKNOWN_BIAS: Final = -3.0  # below any score a fit gives
WEIGHTS: Final = "weights.npz"
CARD: Final = "release.json"
ALTERNATIVES: Final = 4
LEAST_KNOWN: Final = 0.2
"""A message of whose character pairs fewer than this share were ever seen is about something we never learnt."""

TWO_MATTERS: Final = 0.6
"""From so much confidence in each part on, a text that turns to something else tells of two matters."""

_LEAST_CHANCE: Final = 1e-6  # nothing is impossible, and no heading divides by nothing
_LEVEL2: Final = {code: i for i, code in enumerate(taxonomy.LEVEL2)}

_WHY_NOT: Final = {
    "empty": "没有填写内容",
    "short": "内容太短，看不出是什么事情",
    "foreign": "大部分不是中文，系统还不会分辨",
    "unknown": "说法与已知的各类事情都不相近",
    "abuse": "只有情绪，没有说是什么事情",
}


class ReleaseDamaged(Exception):
    """The files of a release are missing, incomplete, or not what their digest says."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that spoke for the category (positive weight) or against it (negative)."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another category it could be."""

    category: str
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The best guess: level 2 when sure enough of it, else level 1. `abstained`: a person should decide."""

    category: str
    label: str
    confidence: float
    abstained: bool
    reasons: tuple[Reason, ...]
    alternatives: tuple[Alternative, ...]
    release: str
    known: float = 0.0  # share of its character pairs that the release has ever seen


@dataclass(frozen=True, slots=True)
class ReleaseParameters:
    """The scalars of a release."""

    kind: str
    bar: float  # a heading below this confidence is left to a person
    bar_fine: float  # level 2 is named from this confidence on
    temperature: float
    doubt: float  # share of messages that are filed by habits no model of ours can know
    title_share: float


@dataclass(frozen=True)
class Model:
    """One release, ready to answer. Immutable, safe to share between threads."""

    release: str
    settings: ReleaseParameters
    lexicon: Lexicon
    knowledge: Block
    bias: Floats
    experience: Experience | None
    duties: tuple[tuple[str, tuple[str, ...]], ...]
    local: Local | None = None

    @property
    def bar(self) -> float:
        """Below this confidence a person decides."""
        return self.settings.bar

    def probabilities(self, title: str, body: str) -> Floats:
        """How likely each level-2 category is, in the order of labels.LEVEL2."""
        return self._look(title, body).probabilities

    def views(self, title: str, body: str) -> tuple[NDArray[Any], ...]:
        """How likely each level-2 category is: by the whole release and, where it is more than that, by knowledge alone."""
        look = self._look(title, body)
        has_more = self.experience is not None or self.local is not None
        return (look.probabilities, look.by_knowledge) if has_more else (look.probabilities,)

    def headings(self, title: str, body: str) -> NDArray[np.float64]:
        """How likely each heading is, in the order of labels.LEVEL1."""
        return by_heading(self.probabilities(title, body))

    def opinions(self, title: str, body: str) -> list[NDArray[np.float64]]:
        """What the whole release and its knowledge alone think of each heading, before any local correction."""
        return self._look(title, body).opinions

    def among(self, title: str, body: str, choices: Sequence[str]) -> NDArray[np.float64]:
        """How likely each of these categories is, when it must be one of them.

        A category that is not among the choices counts for those under which other taxonomies file it. Headings that
        people taught by their own labels need no such translation.
        """
        look = self._look(title, body)
        taught = self.experience if self.experience is not None and self.experience.is_taught else None
        if taught is not None and look.among is not None and self.local is None:
            column = {taxonomy.LEVEL1[heading]: i for i, heading in enumerate(taught.headings)}
            if all(choice in column for choice in choices):
                chosen = look.among[[column[choice] for choice in choices]]
                return np.asarray(chosen / chosen.sum())
        shared = look.probabilities @ _shares(tuple(choices)) + 1e-9
        return np.asarray(shared / shared.sum())

    def predict(self, title: str, body: str) -> Verdict:
        """The best guess with its reasons; abstains when unsure or when the message cannot be judged."""
        why_not = features.unreadable(title, body)
        if why_not:
            return self._nothing(why_not)
        look = self._look(title, body)
        if look.known < LEAST_KNOWN:
            return self._nothing("unknown")
        fine = look.probabilities
        coarse = by_heading(fine)
        heading = int(coarse.argmax())
        order = np.argsort(-fine, kind="stable")
        below = int(np.where(heading == HEADING, fine, -1.0).argmax())
        if fine[below] >= self.settings.bar_fine:
            category, confidence = taxonomy.LEVEL2[below], float(fine[below])
        else:
            category, confidence = taxonomy.LEVEL1[heading], float(coarse[heading])
        second = self._another(title, body, heading)
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
            second is not None or float(coarse[heading]) < self.settings.bar,
            (*self._reasons(look, below, heading), *why),
            tuple(
                Alternative(taxonomy.LEVEL2[i], taxonomy.path_name(taxonomy.LEVEL2[i]), float(fine[i])) for i in others
            ),
            self.release,
            look.known,
        )

    def _another(self, title: str, body: str, heading: int) -> int | None:
        """The category of a second matter under another heading, when the text says by itself that it turns to one."""
        parts = features.matters(body)
        if len(parts) < 2:
            return None
        looks, headings = [], []
        for said, part in zip((title, ""), parts, strict=True):
            looks.append(self._look(said, part).probabilities)
            headings.append(by_heading(looks[-1]))
            if headings[-1].max() < TWO_MATTERS:
                return None
        if headings[0].argmax() == headings[1].argmax():
            return None
        other = next((i for i, each in enumerate(headings) if each.argmax() != heading), 1)
        return int(looks[other].argmax())

    def _nothing(self, why_not: str) -> Verdict:
        return Verdict("", "", 0.0, True, (Reason(_WHY_NOT[why_not], 0.0),), (), self.release)

    def _look(self, title: str, body: str) -> _Look:
        title, body = features.tidy(title, features.TITLE_LIMIT, 0), features.tidy(body)
        title_ids, body_ids = self.lexicon.encode(title), self.lexicon.encode(body)
        vector = self.knowledge.mixed(title_ids, body_ids, self.settings.title_share)
        first = softmax((self.knowledge.scores(vector) + self.bias) / self.settings.temperature)
        first = (first + _LEAST_CHANCE) / (1 + _LEAST_CHANCE * len(first))
        before = by_heading(first)
        after = (1 - self.settings.doubt) * before + self.settings.doubt / len(before)
        among, seen = None, None
        if self.experience is not None:
            seen_ids = seen_by(self.experience.views, self.lexicon, title, body, title_ids, body_ids)
            seen = self.experience.vectors(seen_ids)
            among = self.experience.chances(before, seen)
            known_ones = list(self.experience.headings)
            after[known_ones] = after[known_ones].sum() * among
        opinions = [after / after.sum(), before]
        if self.local is not None:
            after = self.local.chances(opinions, title, body)
        fine = (first * (after / before)[HEADING]).astype(np.float32)
        pairs = np.concatenate((title_ids[len(title) :], body_ids[len(body) :]))
        known = float((pairs >= 0).mean()) if len(pairs) else 0.0
        return _Look(title, body, title_ids, body_ids, vector, fine, first, among, seen, known, opinions)

    def _reasons(self, look: _Look, below: int, heading: int) -> tuple[Reason, ...]:
        rows, values = look.vector
        spoken = np.zeros(len(self.knowledge.idf), dtype=np.float32)
        spoken[rows] = values * self.knowledge.weights[rows, below]
        heats = [
            reasons.heat(look.title_ids, len(look.title), self.knowledge.rows, spoken),
            reasons.heat(look.body_ids, len(look.body), self.knowledge.rows, spoken),
        ]
        head = self.experience
        if head is not None and look.seen is not None and heading in head.headings:
            column = head.headings.index(heading)
            for i, ids in enumerate((look.title_ids, look.body_ids)):
                block, (own_rows, own_values) = head.blocks[i], look.seen[i]
                own = np.zeros(len(block.idf), dtype=np.float32)
                own[own_rows] = own_values * block.weights[own_rows, column]
                heats[i] = heats[i] + reasons.heat(ids, len(heats[i]), block.rows, own)
        told = reasons.words(((look.title, heats[0]), (look.body, heats[1])))
        found = [Reason(word, round(weight, 3)) for word, weight in told]
        duty = self._duty(look.vector, taxonomy.LEVEL2[below])
        return (*found, *duty)

    def _duty(self, vector: Vector, code: str) -> tuple[Reason, ...]:
        """The sentence of the duty list that comes nearest, among those of the category."""
        rows, values = vector
        said = np.zeros(len(self.knowledge.idf), dtype=np.float32)
        said[rows] = values
        best, nearest = "", 0.0
        for sentence, own_rows, own_values in self._duties_of.get(code, ()):
            likeness = float(own_values @ said[own_rows])
            if likeness > nearest:
                best, nearest = sentence, likeness
        return (Reason(f"职责相近：{best}", round(nearest, 3)),) if best else ()

    @cached_property
    def _duties_of(self) -> Mapping[str, Sequence[tuple[str, Ids, Values]]]:
        found: dict[str, list[tuple[str, Ids, Values]]] = {}
        for sentence, codes in self.duties:
            rows, values = self.knowledge.vector(self.lexicon.encode(features.tidy(sentence)))
            for code in codes:
                found.setdefault(code, []).append((sentence, rows, values))
        return found


@dataclass(frozen=True, slots=True)
class _Look:
    """A message as the model saw it."""

    title: str
    body: str
    title_ids: Ids
    body_ids: Ids
    vector: Vector
    probabilities: Floats
    by_knowledge: Floats
    among: NDArray[np.float64] | None  # of the headings experience knows
    seen: tuple[Vector, ...] | None  # by experience
    known: float
    opinions: list[NDArray[np.float64]]


@lru_cache(maxsize=8)
def _shares(choices: tuple[str, ...]) -> NDArray[np.float64]:
    """How much of each level-2 category falls under each choice."""
    found = np.zeros((len(taxonomy.LEVEL2), len(choices)))
    for i, code in enumerate(taxonomy.LEVEL2):
        elsewhere = dict(taxonomy.category(code).also)
        for j, choice in enumerate(choices):
            found[i, j] = 1.0 if code.startswith(choice) else elsewhere.get(choice, 0.0)
    return found


def release_id(card: Mapping[str, Any]) -> str:
    """The id that belongs to a release card: the digest of all it says, the digest of the weights included."""
    said = {key: value for key, value in card.items() if key != "id"}
    whole = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def load(folder: Path) -> Model:
    """Read and verify the release in a folder.

    Raises ReleaseDamaged when a file is missing, unreadable, or differs from its digest by a single bit.
    """
    try:
        card = json.loads((folder / CARD).read_bytes())
        packed = (folder / WEIGHTS).read_bytes()
        if card["format"] not in (1, FORMAT):
            raise ReleaseDamaged(f"format {card['format']} is not {FORMAT}")
        if hashlib.sha256(packed).hexdigest() != card["weights"] or release_id(card) != card["id"]:
            raise ReleaseDamaged("the digest does not match the files")
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            return _assemble(card, arrays)
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ReleaseDamaged(f"{folder.name}: {fault}") from fault


def _assemble(card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Model:
    lexicon = Lexicon.of(arrays["grams"].tobytes().decode().split("\n"))

    def block(name: str, share: float = 1.0) -> Block:
        weights = arrays[f"{name}_weights"].astype(np.float32)
        return Block(arrays[f"{name}_rows"], arrays[f"{name}_idf"], weights, share)

    scalars = card["settings"]
    experience = None
    if "experience" in card:
        said = {**card["experience"], "headings": tuple(card["experience"]["headings"])}
        views: dict[str, float] = said.pop("views", dict.fromkeys(VIEWS[:2], 1.0))
        said["sureness"] = tuple(said.get("sureness", (0.0, 1.0)))
        blocks = tuple(block(view, share) for view, share in views.items())
        experience = Experience(tuple(views), blocks, arrays["experience_bias"], **said)
    knowledge, bias = _columns(block("knowledge"), arrays["knowledge_bias"], card.get("codes"))
    return Model(
        card["id"],
        ReleaseParameters(**scalars),
        lexicon,
        knowledge,
        bias,
        experience,
        tuple((sentence, tuple(codes)) for sentence, codes in card["duties"]),
        _local(arrays) if "local_grams" in arrays else None,
    )


def _columns(knowledge: Block, bias: Floats, codes: Sequence[str] | None) -> tuple[Block, Floats]:
    """The knowledge head with a column for every category of today's tree; it knows nothing of those that came later."""
    own = codes or [code for code in taxonomy.LEVEL2 if code not in _SINCE_FORMAT_2]
    if tuple(own) == taxonomy.LEVEL2:
        return knowledge, bias
    weights = np.zeros((len(knowledge.weights), len(taxonomy.LEVEL2)), dtype=np.float32)
    places = [taxonomy.LEVEL2.index(code) for code in own]
    weights[:, places] = knowledge.weights
    all_bias = np.full(len(taxonomy.LEVEL2), _UNKNOWN_BIAS, dtype=np.float32)
    all_bias[places] = bias
    return replace(knowledge, weights=weights), all_bias


def _local(arrays: Mapping[str, NDArray[Any]]) -> Local:
    lexicon = Lexicon.of(arrays["local_grams"].tobytes().decode().split("\n"))
    blocks = tuple(
        Block(arrays[f"{name}_rows"], arrays[f"{name}_idf"], arrays[f"{name}_weights"].astype(np.float32))
        for name in ("local_title", "local_text")
    )
    return Local(lexicon, blocks, arrays["local_bias"], arrays["local_scales"])
