"""A small model that flags dangerous messages where no rule of `classify.signals.flags` matches a word.

Rules cannot contain every way to describe danger. The model is five ridge regressions, one per flag, on characters,
pairs and counts of the concepts of `flags`. They are fitted on our own sentences in `knowledge/attention.toml` and on
the neutral messages of `knowledge/examples.toml`; this takes seconds and is deterministic. They are fitted when the
database is migrated or a process starts (`prepare`), never during a request, and stored in the data folder under the
digest of everything they were made from, so that a later start only reads them and a new version fits them again. A
long message is scored piece by piece, so that one dangerous sentence is not averaged out. A flag of the model is shown
as a suspicion for a person to check and has no other effect.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
import structlog
from numpy.typing import NDArray

from classify.model import seed_examples
from classify.signals import flags
from classify.text import features
from classify.text.features import Lexicon
from feedback.rules import normal_form

KNOWLEDGE: Final = Path(__file__).parents[1] / "knowledge" / "attention.toml"
LEARNT_FLAGS: Final = (flags.SELF_HARM, flags.LIFE, flags.MINOR, flags.GROUP, flags.ACCUSE)
TARGET_RECALL: Final = 0.96
"""The share of our own sentences above the threshold of each flag, in leave-one-out predictions."""

THRESHOLD_MARGIN: Final = {
    flags.SELF_HARM: 0.15,
    flags.LIFE: 0.2,
    flags.MINOR: 0.25,
    flags.GROUP: 0.35,
    flags.ACCUSE: 0.3,
}
"""How much the threshold is lowered: the concepts were written with our own sentences, so these score higher than others.
Chosen on sentences written after the concepts, at a precision of 0.6 to 0.7 there. A false alarm costs a moment; a
missed one may cost a life."""

MULTIPLE_TEST_PENALTY: Final = 0.15
"""The maximum over many pieces is higher by chance, so the threshold rises with the logarithm of their number."""

_RIDGE: Final = 0.3
_CONCEPT_WEIGHT: Final = 0.25
"""The weight of one mention of a concept relative to the grams, whose vector has length one."""

_MAX_MENTIONS: Final = 2
_MAX_FEATURES: Final = 12_000
_MAX_CHARACTERS: Final = 400
_NEUTRAL_STEP: Final = 2  # every second neutral message is enough, and the fit takes a quarter of the time
_CHILD_CONCEPT: Final = "child"  # but all messages that mention children, since most messages about schools are neutral
_PIECE_LENGTH: Final = 60
_MAX_PIECES: Final = 60
_ARRAYS: Final = ("idf", "weights", "thresholds")
_READ_ERRORS: Final = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
_log = structlog.get_logger("flag_model")
_SENTENCE_END = re.compile(r"(?<=[。！!？?；;\n])")
_CLAUSE_END = re.compile(r"(?<=[，,、：: ])")


@dataclass(frozen=True, slots=True)
class FlagModel:
    """The fitted model."""

    lexicon: Lexicon
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]  # grams and concepts x flags
    thresholds: NDArray[np.float64]

    def predict(self, message: str) -> tuple[str, ...]:
        """The suspected flags of a message."""
        rows = np.stack([_feature_vector(self.lexicon, self.idf, piece) for piece in split_message(message)])
        scores = (rows @ self.weights).max(axis=0) - MULTIPLE_TEST_PENALTY * np.log(len(rows))
        return tuple(
            flag
            for flag, score, threshold in zip(LEARNT_FLAGS, scores, self.thresholds, strict=True)
            if score >= threshold
        )


def predict_flags(title: str, body: str) -> tuple[str, ...]:
    """The suspected flags of a message, in no order."""
    return load().predict(f"{title}\n{body}")


def split_message(message: str) -> list[str]:
    """Split a message into pieces of about `_PIECE_LENGTH` characters, at ends of sentences, or clauses of long ones."""
    parts = [""]
    for sentence in _SENTENCE_END.split(message):
        for clause in _CLAUSE_END.split(sentence) if len(sentence) > _PIECE_LENGTH else [sentence]:
            if parts[-1] and len(parts[-1]) + len(clause) > _PIECE_LENGTH:
                parts.append("")
            parts[-1] += clause
    return parts[:_MAX_PIECES]


def load_training_sentences() -> list[tuple[frozenset[str], str]]:
    """Our own sentences with their flags."""
    rows: list[Any] = tomllib.loads(KNOWLEDGE.read_text(encoding="utf-8"))["messages"]
    return [(frozenset(codes.split()), sentence) for codes, sentence in rows]


@dataclass
class _ProcessState:
    """The model of this process, and how often it was fitted here."""

    model: FlagModel | None = None
    fits: int = 0


_STATE: Final = _ProcessState()
_PREPARING: Final = Lock()


def load() -> FlagModel:
    """The model of this process. Never fits it.

    Raises RuntimeError before `prepare`.
    """
    if _STATE.model is None:
        raise RuntimeError("the flag model is not ready: call flag_model.prepare(folder) first")
    return _STATE.model


def is_ready() -> bool:
    """Whether the model of this process is ready."""
    return _STATE.model is not None


def count_fits() -> int:
    """How often this process fitted the model: at most once, and never when the file existed."""
    return _STATE.fits


def prepare(folder: Path) -> None:
    """Make the model ready: read it from the folder, or fit it and store it there for the next process.

    A damaged file is replaced. When the folder cannot be written to, the next start fits the model again.
    """
    file = folder / file_name()
    with _PREPARING:
        if _STATE.model is None:
            _STATE.model = read(file) or _fit_and_count()
        if not file.is_file():
            _store(_STATE.model, file)


def file_name() -> str:
    """The name of this version's model in the data folder."""
    return f"hunches-{_digest()}.npz"


def _fit_and_count() -> FlagModel:
    _STATE.fits += 1
    return fit()


def _digest() -> str:
    """A digest of the sentences and the code the model is made from."""
    made_from = (
        *(KNOWLEDGE.with_name(name) for name in ("attention.toml", "examples.toml", "signs.toml")),
        *(Path(str(module.__file__)) for module in (seed_examples, flags, features, normal_form)),
        Path(__file__),
    )
    return hashlib.sha256(b"".join(path.read_bytes() for path in made_from)).hexdigest()[:16]


def _store(model: FlagModel, file: Path) -> None:
    """Write the model atomically, and delete the files of older versions."""
    fresh = file.with_name(f"{file.stem}-{os.getpid()}.fresh")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as out:
            np.savez(
                out, grams=np.array(list(model.lexicon.number)), **{part: getattr(model, part) for part in _ARRAYS}
            )
        fresh.replace(file)
        for older in set(file.parent.glob("hunches-*.npz")) - {file}:
            older.unlink(missing_ok=True)
    except OSError as fault:
        _log.warning("the flag model could not be kept, the next start fits it again", fault=str(fault))


def read(file: Path) -> FlagModel | None:
    """Read a stored model. None when there is none, or when it was damaged and therefore deleted."""
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as parts:
            return FlagModel(Lexicon.of(parts["grams"].tolist()), *(parts[part] for part in _ARRAYS))
    except _READ_ERRORS as fault:
        _log.warning("the flag model that was kept is damaged and made anew", fault=str(fault))
        file.unlink(missing_ok=True)
        return None


def fit() -> FlagModel:
    """Fit the model on our own sentences."""
    own = load_training_sentences()
    neutral = [f"{e.title} {e.text}" for e in seed_examples.seed_examples([]) if e.source == "example"]
    neutral = [
        message
        for place, message in enumerate(neutral)
        if place % _NEUTRAL_STEP == 0 or flags.load_flag_knowledge().concepts[_CHILD_CONCEPT].search(message)
    ]
    neutral = [message for message in neutral if not set(flags.detect_flag_codes("", message)) - {flags.PERSONAL}]
    messages = [features.tidy(sentence) for _, sentence in own] + [
        features.tidy(message[:_MAX_CHARACTERS]) for message in neutral
    ]
    lexicon = Lexicon.of(features.build_vocabulary(messages, least=2, most=_MAX_FEATURES))
    idf = features.compute_idf(lexicon, messages)
    rows = np.stack([_feature_vector(lexicon, idf, message) for message in messages])
    kernel = (rows @ rows.T).astype(np.float64)
    weights, thresholds = [], []
    for flag in LEARNT_FLAGS:
        has_flag = np.array([flag in codes for codes, _ in own] + [False] * len(neutral))
        target = np.where(has_flag, 1.0, -1.0)
        balance = has_flag.sum() / (~has_flag).sum()
        sample_weights = np.where(has_flag, 1.0, balance)  # both classes have the same total weight
        inverse = np.linalg.inv(kernel + 1.0 + np.diag(_RIDGE / sample_weights))
        dual = inverse @ target
        left_out = target - dual / np.diag(inverse)  # leave-one-out predictions
        weights.append((rows.T @ dual).astype(np.float32))
        # The intercept of the fit is the same for all messages, so it is part of the threshold.
        thresholds.append(
            float(np.quantile(left_out[has_flag], 1 - TARGET_RECALL) - THRESHOLD_MARGIN[flag] - dual.sum())
        )
    return FlagModel(lexicon, idf, np.stack(weights, axis=1), np.array(thresholds))


def _feature_vector(lexicon: Lexicon, idf: NDArray[np.float32], message: str) -> NDArray[np.float32]:
    """The features of a message: grams, then counts of concepts."""
    vector = np.zeros(len(idf), dtype=np.float32)
    columns, values = features.compute_tfidf(lexicon.encode(features.tidy(message)), idf)
    vector[columns] = values
    mentions = np.minimum(flags.count_mentions(message), _MAX_MENTIONS).astype(np.float32)
    return np.concatenate((vector, _CONCEPT_WEIGHT * mentions))


def measure(
    messages: Sequence[tuple[frozenset[str], str]], predicted: Sequence[frozenset[str]]
) -> dict[str, dict[str, float]]:
    """Recall and precision of each flag."""
    told_: dict[str, dict[str, float]] = {}
    for flag in flags.FLAGS:
        has_flag = [flag in codes for codes, _ in messages]
        is_predicted = [flag in codes for codes in predicted]
        hits = sum(w and g for w, g in zip(has_flag, is_predicted, strict=True))
        told_[flag] = {
            "n": sum(has_flag),
            "recall": round(hits / max(1, sum(has_flag)), 3),
            "precision": round(hits / max(1, sum(is_predicted)), 3),
            "flagged": sum(is_predicted),
        }
    return told_
