"""How good is the classifier away from home, as it stands and as a stream in time order with the loop on?

python -m tests.bench.bench_stream ROUTING.csv FILE.csv COLUMN [--releases cold adapted trained] [--every 25]
python -m tests.bench.bench_stream - FILE.csv COLUMN --units     the answering unit itself, no release has an opinion on it

ROUTING: columns subject, text, label: what the releases (b) and (c) are made from, without the texts that occur in
FILE. FILE: the same and time; COLUMN names who answered, rows without it or without a time are left out.

Stream: every message is predicted and, where the proof allows it, sent on before its outcome is known; then the outcome
is learnt (`classify.local`, refitted from all outcomes so far every few messages) and counted (`classify.proof`).
"""

import argparse
import csv
import sys
import tomllib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify import labels, local, proof, text, training
from classify.model import Model
from classify.proof import Standing, State
from classify.training import Example
from feedback.kernel.clock import OFFICE

TOWN = Path(__file__).parents[2] / "web" / "town"
WINDOWS = 5
TARGET = 0.98
BARS = (0.7, 0.9, 0.97)
_NOW = datetime(2026, 1, 1, tzinfo=OFFICE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("routing")
    parser.add_argument("file", type=Path)
    parser.add_argument("column")
    parser.add_argument("--releases", nargs="*", default=["cold", "adapted", "trained"])
    parser.add_argument("--every", type=int, default=25)
    parser.add_argument("--units", action="store_true")
    asked = parser.parse_args()
    rows = sorted((r for r in _rows(asked.file) if r[asked.column] and r["time"]), key=lambda r: r["time"])
    if asked.units:
        _units(rows, asked.column, asked.every)
        return 0
    known = {"".join(row["text"].split()) for row in rows}
    home = [row for row in _rows(Path(asked.routing)) if "".join(row["text"].split()) not in known]
    choices = tuple(sorted({labels.code_of(row[asked.column]) for row in rows}))
    targets = [choices.index(labels.code_of(row[asked.column])) for row in rows]
    cold = _release("cold", home)
    for kind in asked.releases:
        model = cold if kind == "cold" else _release(kind, home)
        seen = [_opinions(model, cold, row, choices) for row in rows]
        _tell(f"{kind}, as it stands", np.stack([opinions[0] for opinions in seen]), targets)
        stream(f"{kind}, loop on", rows, seen, targets, choices, asked.every)
    return 0


def _opinions(model: Model, cold: Model, row: dict[str, str], choices: Sequence[str]) -> list[NDArray[np.float64]]:
    found = [model.among(row["subject"], row["text"], choices)]
    return found if model is cold else [*found, cold.among(row["subject"], row["text"], choices)]


def _tidied(row: dict[str, str]) -> tuple[str, str]:
    return text.tidy(row["subject"], text.TITLE_LIMIT, 0), text.tidy(row["text"])


def stream(
    what: str,
    rows: Sequence[dict[str, str]],
    seen: Sequence[Sequence[NDArray[np.float64]]],
    targets: Sequence[int],
    choices: Sequence[str],
    every: int,
) -> None:
    """Predict, send or suggest, then learn: message after message."""
    learnt: local.Local | None = None
    standings: dict[str, Standing] = {}
    found, automatic = [], []
    for i, row in enumerate(rows):
        chances = learnt.chances(seen[i], *_tidied(row)) if learnt else seen[i][0]
        best, sure = int(chances.argmax()), float(chances.max())
        found.append(chances)
        states = {cell: standing.state for cell, standing in standings.items()}
        automatic.append(proof.is_proven(states, choices[best], "", "", sure))
        if sure >= BARS[0]:
            for cell in proof.cells(choices[best], "", "", sure):
                standings[cell] = proof.after(standings.get(cell, Standing()), best == targets[i], _NOW, TARGET)
        if (i + 1) % every == 0:
            past = [(row["subject"], row["text"]) for row in rows[: i + 1]]
            learnt = local.fitted(past, seen[: i + 1], targets[: i + 1], len(choices))
    _tell(what, np.stack(found), targets, np.array(automatic))
    proven = [cell for cell, standing in standings.items() if standing.state is State.PROVEN]
    best_of = sorted(standings, key=lambda cell: -standings[cell].bound)[:3]
    print(
        "  proven:",
        proven,
        "nearest:",
        [(c, standings[c].right, standings[c].n, round(standings[c].bound, 3)) for c in best_of],
    )


def _units(rows: Sequence[dict[str, str]], column: str, every: int) -> None:
    """The answering unit among all that ever answered so far; a unit never seen before is a miss."""
    codes = sorted({row[column] for row in rows})
    targets = [codes.index(row[column]) for row in rows]
    counts, found = np.zeros(len(codes)), []
    learnt: local.Local | None = None
    usual: list[list[NDArray[np.float64]]] = []
    for i, row in enumerate(rows):
        usual.append([(counts + 0.02) / (counts + 0.02).sum()])
        found.append(learnt.chances(usual[i], *_tidied(row)) if learnt else usual[i][0])
        counts *= 0.995  # offices are renamed and duties move: the latest hundreds say most
        counts[targets[i]] += 1
        if (i + 1) % every == 0:
            past = [(row["subject"], row["text"]) for row in rows[: i + 1]]
            learnt = local.fitted(past, usual, targets[: i + 1], len(codes))
    _tell("units, always the commonest lately", np.stack([one[0] for one in usual]), targets)
    _tell("units, loop on", np.stack(found), targets)
    fresh = [target not in targets[:i] for i, target in enumerate(targets)]
    print(f"  {len(codes)} units; {np.mean(fresh):.3f} of the messages were the first for their unit")


def _tell(
    what: str, chances: NDArray[np.float64], goal: Sequence[int], automatic: NDArray[np.bool_] | None = None
) -> None:
    order = np.argsort(-chances, axis=1, kind="stable")
    hits = order[:, :3] == np.array(goal)[:, None]
    right, sure = hits[:, 0], chances.max(axis=1)
    half = len(right) // 2
    print(
        f"{what}: n {len(right)} accuracy {right.mean():.4f} last half {right[half:].mean():.4f} "
        f"top-2 {hits[:, :2].any(axis=1).mean():.4f} top-3 {hits.any(axis=1).mean():.4f} "
        f"last half {hits[half:].any(axis=1).mean():.4f}"
    )
    for bar in BARS:
        print(f"  confidence ≥ {bar}: share {(sure >= bar).mean():.3f} precision {_share(right[sure >= bar])}")
    if automatic is not None:
        parts = np.array_split(np.arange(len(right)), WINDOWS)
        told = [f"{automatic[p].mean():.3f}/{_share(right[p][automatic[p]])}" for p in parts]
        accuracy = " ".join(f"{right[p].mean():.3f}" for p in parts)
        print(f"  by window: accuracy {accuracy}; automatic share/precision {' '.join(told)}", flush=True)


def _share(right: NDArray[np.bool_]) -> str:
    return f"{right.mean():.3f} ({len(right)})" if len(right) else "-"


def _release(kind: str, home: Sequence[dict[str, str]]) -> Model:
    units = tomllib.loads((TOWN / "units.toml").read_text(encoding="utf-8"))["unit"]
    seeds = training.seed_examples([(duty["text"], duty["categories"]) for unit in units for duty in unit["duties"]])
    real = [Example(r["subject"], r["text"], labels.code_of(r["label"]), "file") for r in home]
    messages = [(r["subject"], r["text"]) for r in home]
    if kind == "trained":
        return training.fit([*seeds, *real]).model
    return training.fit(seeds, unlabelled=messages if kind == "adapted" else ()).model


def _rows(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


if __name__ == "__main__":
    sys.exit(main())
