"""A small model that flags dangerous messages where no rule of `classify.signals.flags` matches a word.

People tell of the worst in words no table foresees. Five ridge regressions on characters, pairs and the concepts of
`flags` (which concepts stand there, not whether a row holds), fitted on our own sentences of `knowledge/attention.toml`
and on the calm ones of `knowledge/examples.toml`: seconds, and the same numbers every time. They are fitted when the
database is migrated or a process starts (`prepare`), never while somebody waits for an answer, and kept in the data
folder under the digest of everything they were made from, so that a later start only reads them and a new version fits
anew. A long story is read piece by piece, so that the danger in its middle is not drowned. A flag of the model is shown as such and
lets a person look; it is never more than that.
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

KNOWLEDGE: Final = Path(__file__).parents[1] / "knowledge" / "attention.toml"
LEARNT: Final = (flags.SELF_HARM, flags.LIFE, flags.MINOR, flags.GROUP, flags.ACCUSE)
CAUGHT: Final = 0.96
"""The share of our own sentences the bar of each flag lets through when they are left out of the fit."""

MARGIN: Final = {flags.SELF_HARM: 0.15, flags.LIFE: 0.2, flags.MINOR: 0.25, flags.GROUP: 0.35, flags.ACCUSE: 0.3}
"""So much lower is the bar: the concepts know our own sentences, so those look surer than others'. Chosen on sentences
written after the concepts and only then added, at a precision of 0.6 to 0.7 there. A person who looks once too often
loses a moment; what nobody looks at may be lost."""

MULTIPLE_TEST_PENALTY: Final = 0.15
"""Who listens to many pieces hears something by chance: the bar rises with the logarithm of their number."""

_STRENGTH: Final = 0.3
_CONCEPT: Final = 0.25
"""How much one mention of a concept counts beside the grams, whose vector has length one."""

_MENTIONS: Final = 2
_MOST: Final = 12_000
_READ: Final = 400
_EVERY: Final = 2  # every second calm one is enough, and the fit a quarter of the time
_CHILD: Final = "child"  # but all that tell of children: most of what is said of schools is calm
_PIECE: Final = 60
_PIECES: Final = 60
_PARTS: Final = ("idf", "weights", "bars")
_UNREADABLE: Final = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
_log = structlog.get_logger("flag_model")
_STOP = re.compile(r"(?<=[。！!？?；;\n])")
_PAUSE = re.compile(r"(?<=[，,、：: ])")


@dataclass(frozen=True, slots=True)
class FlagModel:
    """The fitted model."""

    lexicon: Lexicon
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]  # grams and concepts x flags
    bars: NDArray[np.float64]

    def heard(self, message: str) -> tuple[str, ...]:
        """The flags a message sounds like."""
        rows = np.stack([_row(self.lexicon, self.idf, piece) for piece in pieces(message)])
        scores = (rows @ self.weights).max(axis=0) - MULTIPLE_TEST_PENALTY * np.log(len(rows))
        return tuple(flag for flag, score, bar in zip(LEARNT, scores, self.bars, strict=True) if score >= bar)


def predict_flags(title: str, body: str) -> tuple[str, ...]:
    """The flags a message sounds like, in no order."""
    return load().heard(f"{title}\n{body}")


def pieces(message: str) -> list[str]:
    """A message in pieces of about `_PIECE` characters, cut where a sentence ends, or pauses when it is very long."""
    found = [""]
    for sentence in _STOP.split(message):
        for clause in _PAUSE.split(sentence) if len(sentence) > _PIECE else [sentence]:
            if found[-1] and len(found[-1]) + len(clause) > _PIECE:
                found.append("")
            found[-1] += clause
    return found[:_PIECES]


def training_sentences() -> list[tuple[frozenset[str], str]]:
    """Our own sentences with their flags."""
    rows: list[Any] = tomllib.loads(KNOWLEDGE.read_text(encoding="utf-8"))["messages"]
    return [(frozenset(codes.split()), said) for codes, said in rows]


@dataclass
class _Process:
    """What this process has: its model, and how often it fitted one."""

    model: FlagModel | None = None
    fits: int = 0


_PROCESS: Final = _Process()
_PREPARING: Final = Lock()


def load() -> FlagModel:
    """The model of this process. Never fits it.

    Raises RuntimeError before `prepare`.
    """
    if _PROCESS.model is None:
        raise RuntimeError("the flag model is not ready: hunches.prepare(folder) comes first")
    return _PROCESS.model


def is_ready() -> bool:
    """Whether this process can say what a message sounds like."""
    return _PROCESS.model is not None


def fit_count() -> int:
    """How often this process fitted the model: once at most, and not at all where a file was there."""
    return _PROCESS.fits


def prepare(folder: Path) -> None:
    """Have the model ready: the one kept in the folder, or a fresh one, which is kept there for the next process.

    A file that is damaged is made anew. A folder that cannot be written to costs the next start a few seconds.
    """
    file = folder / file_name()
    with _PREPARING:
        if _PROCESS.model is None:
            _PROCESS.model = read(file) or _fitted_here()
        if not file.is_file():
            _keep(_PROCESS.model, file)


def file_name() -> str:
    """What the model of this version is called in the data folder."""
    return f"hunches-{_digest()}.npz"


def _fitted_here() -> FlagModel:
    _PROCESS.fits += 1
    return fitted()


def _digest() -> str:
    """Of the words and the code the model is made from."""
    made_from = (
        *(KNOWLEDGE.with_name(name) for name in ("attention.toml", "examples.toml", "signs.toml")),
        *(Path(str(module.__file__)) for module in (seed_examples, flags, features)),
        Path(__file__),
    )
    return hashlib.sha256(b"".join(path.read_bytes() for path in made_from)).hexdigest()[:16]


def _keep(model: FlagModel, file: Path) -> None:
    """Write the model whole or not at all, and remove what older versions left."""
    fresh = file.with_name(f"{file.stem}-{os.getpid()}.fresh")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as out:
            np.savez(out, grams=np.array(list(model.lexicon.number)), **{part: getattr(model, part) for part in _PARTS})
        fresh.replace(file)
        for older in set(file.parent.glob("hunches-*.npz")) - {file}:
            older.unlink(missing_ok=True)
    except OSError as fault:
        _log.warning("the flag model could not be kept, the next start fits it again", fault=str(fault))


def read(file: Path) -> FlagModel | None:
    """The model a process kept. None where there is none, or it is damaged and was therefore removed."""
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as parts:
            return FlagModel(Lexicon.of(parts["grams"].tolist()), *(parts[part] for part in _PARTS))
    except _UNREADABLE as fault:
        _log.warning("the flag model that was kept is damaged and made anew", fault=str(fault))
        file.unlink(missing_ok=True)
        return None


def fitted() -> FlagModel:
    """The model, fitted on our own sentences."""
    own = training_sentences()
    calm = [f"{e.title} {e.text}" for e in seed_examples.seed_examples([]) if e.source == "example"]
    calm = [m for at, m in enumerate(calm) if at % _EVERY == 0 or flags.signs().concepts[_CHILD].search(m)]
    calm = [m for m in calm if not set(flags.codes_in("", m)) - {flags.PERSONAL}]
    messages = [features.tidy(said) for _, said in own] + [features.tidy(message[:_READ]) for message in calm]
    lexicon = Lexicon.of(features.vocabulary(messages, least=2, most=_MOST))
    idf = features.rarity(lexicon, messages)
    rows = np.stack([_row(lexicon, idf, message) for message in messages])
    alike = (rows @ rows.T).astype(np.float64)
    weights, bars = [], []
    for flag in LEARNT:
        wanted = np.array([flag in codes for codes, _ in own] + [False] * len(calm))
        target = np.where(wanted, 1.0, -1.0)
        rare = np.where(wanted, 1.0, wanted.sum() / (~wanted).sum())  # both sides weigh the same
        inverse = np.linalg.inv(alike + 1.0 + np.diag(_STRENGTH / rare))
        dual = inverse @ target
        left_out = target - dual / np.diag(inverse)  # what each would get were it not among the examples
        weights.append((rows.T @ dual).astype(np.float32))
        # The constant of the fit is the same for all messages, so it is part of the bar.
        bars.append(float(np.quantile(left_out[wanted], 1 - CAUGHT) - MARGIN[flag] - dual.sum()))
    return FlagModel(lexicon, idf, np.stack(weights, axis=1), np.array(bars))


def _row(lexicon: Lexicon, idf: NDArray[np.float32], message: str) -> NDArray[np.float32]:
    """Grams, then concepts."""
    found = np.zeros(len(idf), dtype=np.float32)
    columns, values = features.weigh(lexicon.encode(features.tidy(message)), idf)
    found[columns] = values
    mentions = np.minimum(flags.mentions(message), _MENTIONS).astype(np.float32)
    return np.concatenate((found, _CONCEPT * mentions))


def measured(
    messages: Sequence[tuple[frozenset[str], str]], found: Sequence[frozenset[str]]
) -> dict[str, dict[str, float]]:
    """Recall and precision of each flag."""
    told_: dict[str, dict[str, float]] = {}
    for flag in flags.FLAGS:
        wanted = [flag in codes for codes, _ in messages]
        given = [flag in codes for codes in found]
        hits = sum(w and g for w, g in zip(wanted, given, strict=True))
        told_[flag] = {
            "n": sum(wanted),
            "recall": round(hits / max(1, sum(wanted)), 3),
            "precision": round(hits / max(1, sum(given)), 3),
            "flagged": sum(given),
        }
    return told_
