"""How good is the classifier on a stream in time order, at home, away, and on the answering unit, with the loop on?

python -m tests.bench.bench_stream ROUTING.csv NAME=FILE.csv:COLUMN[:topic|:department|:unit] ...
    [--releases cold adapted trained] [--every 25]

ROUTING: columns subject, text, label: what the releases (b) and (c) are made from, without the texts that occur in any
stream. FILE: the same and time; COLUMN holds what became of a message: a topic (a heading of the tree, chosen as in
`trial --restrict`), a department (named by its heading; a category counts for whoever the demo town's routing rows
send it to), or a unit of any name (no release has an opinion on it but by what such topics led to so far). Rows
without it or without a time are left out. ROUTING itself may be a stream: then its messages without a time teach.

Stream: every message is predicted and, where the proof allows it, sent on before its outcome is known; then the outcome
is learnt (topics by `classify.model.adaptation`, departments and units by `classify.recommend.unit_recommender`, refitted from the outcomes so far
every few messages) and counted (`classify.automation.gate`).
"""

import argparse
import csv
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classify import taxonomy
from classify.automation import gate
from classify.automation.gate import CellState, GateState
from classify.model import adaptation, seed_examples, training
from classify.model.linear_heads import LocalCorrection
from classify.model.release import Model
from classify.model.seed_examples import Example
from classify.recommend.unit_recommender import CandidateUnit, UnitRecommender
from classify.text import features
from feedback.kernel.clock import OFFICE_TIMEZONE

TOWN = Path(__file__).parents[2] / "web" / "demo" / "town"
WINDOWS = 5
TARGET = 0.98
BAR = 0.7  # what is less sure is never proposed, so it is not counted
BARS = (0.9, 0.97, 0.99)
OWN_HEADING = 0.3  # a department elsewhere may still follow the tree
NEWEST = 1500
"""So many outcomes a correction is learnt from: the kernel of all would not fit."""

GROUPS = {
    "03": ("zhujian", "chengguan", "zhengshou", "fangguan"),
    "04": ("renshe", "shebao", "yibao"),
    "05": ("weijian",),
    "06": ("jiaoyu",),
    "10": ("jiaotong", "gongjiao", "youzheng"),
    "11": ("shijian", "shangwu"),
    "13": ("shengtai",),
}
"""The departments of the public sets, by the heading that names them, and the units of the demo town under each."""

_NOW = datetime(2026, 1, 1, tzinfo=OFFICE_TIMEZONE)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stream:
    """Messages in time order with what became of each."""

    name: str
    sort: str
    rows: list[dict[str, Any]]
    choices: tuple[str, ...]
    targets: list[int]

    @classmethod
    def read(cls, argument: str) -> "Stream":
        name, _, place = argument.partition("=")
        file, column, *sort = place.split(":")
        rows = sorted((r for r in _rows(Path(file)) if r[column] and r["time"]), key=lambda r: r["time"])
        what = sort[0] if sort else "topic"
        labels = [r[column] if what == "unit" else taxonomy.code_of(r[column]) for r in rows]
        choices = tuple(sorted(set(labels)))
        return cls(name, what, rows, choices, [choices.index(label) for label in labels])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("routing", type=Path)
    parser.add_argument("streams", nargs="+")
    parser.add_argument("--releases", nargs="*", default=["cold", "adapted", "trained"])
    parser.add_argument("--every", type=int, default=25)
    asked = parser.parse_args()
    streams = [Stream.read(argument) for argument in asked.streams]
    known = {_plain(row) for stream in streams for row in stream.rows}
    home = [row for row in _rows(asked.routing) if _plain(row) not in known]
    cold = release("cold", home)
    print(f"releases from {len(home)} messages; automatic: share/precision (number) by fifth of the stream", flush=True)
    for kind in asked.releases:
        model = cold if kind == "cold" else release(kind, home)
        for stream in streams:
            tell(stream, kind, *live(stream, model, cold, asked.every))
    return 0


def live(stream: Stream, model: Model, cold: Model, every: int) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Message after message: what the release says as it stands, what the loop says, and what went by itself."""
    loop = Headings(stream, model, cold) if stream.sort == "topic" else Units(stream, model)
    standings: dict[str, CellState] = {}
    stands: list[Array] = []
    distributions: list[Array] = []
    automatic: list[bool] = []
    for i, row in enumerate(stream.rows):
        alone, chances = loop.judged(row)
        stands.append(alone)
        distributions.append(chances)
        best, sure = int(chances.argmax()), float(chances.max())
        what = f"{best:02d}" if stream.sort == "unit" else stream.choices[best]
        states = {cell: standing.state for cell, standing in standings.items()}
        automatic.append(gate.is_proven(states, what, "", "", sure))
        if sure >= BAR:
            for cell in gate.list_cells(what, "", "", sure):
                before = standings.get(cell, CellState())
                standings[cell] = gate.add_outcome(before, best == stream.targets[i], _NOW, TARGET)
        loop.learn(stream.targets[i], refit=(i + 1) % every == 0)
    _nearest(standings)
    return np.stack(stands), np.stack(distributions), np.array(automatic)


class Headings:
    """The loop of headings: `classify.model.adaptation`, fitted on the newest outcomes every few of them."""

    def __init__(self, stream: Stream, model: Model, cold: Model) -> None:
        self._stream = stream
        self._models = (model,) if model is cold else (model, cold)
        self._fitted: LocalCorrection | None = None
        self._seen: list[list[Array]] = []

    def judged(self, row: dict[str, Any]) -> tuple[Array, Array]:
        """What the release says alone, and with the correction."""
        seen = [m.restricted_to(row["subject"], row["text"], self._stream.choices) for m in self._models]
        self._seen.append(seen)
        return seen[0], self._fitted.probabilities(seen, *_tidied(row)) if self._fitted else seen[0]

    def learn(self, target: int, *, refit: bool) -> None:
        """One more outcome."""
        if refit:
            some = slice(max(0, len(self._seen) - NEWEST), len(self._seen))
            past = [(row["subject"], row["text"]) for row in self._stream.rows[some]]
            choices = len(self._stream.choices)
            self._fitted = adaptation.fit_correction(past, self._seen[some], self._stream.targets[some], choices)


class Units:
    """The loop of units and departments: `classify.recommend.unit_recommender`, its weights fitted every few outcomes."""

    def __init__(self, stream: Stream, model: Model) -> None:
        self._model = model
        self._routes = None if stream.sort == "unit" else departments(stream.choices)
        units = [CandidateUnit(name) for name in stream.choices] if stream.sort == "unit" else ()
        self._answering = UnitRecommender(model, len(stream.choices), units, self._routes)

    def judged(self, row: dict[str, Any]) -> tuple[Array, Array]:
        """What the release says alone (nothing, without rows), and with what was learnt."""
        self._now = self._answering.score(row["subject"], row["text"])
        shares = self._answering.predict_proba(self._now)
        fine = self._model.probabilities(row["subject"], row["text"])
        return (shares if self._routes is None else _normed(fine @ self._routes)), shares

    def learn(self, target: int, *, refit: bool) -> None:
        """One more outcome."""
        self._answering.add_answer(self._now, target)
        if refit:
            self._answering.fit()


def departments(choices: Sequence[str]) -> Array:
    """How much of each level-2 category goes to each department: to whom the routing rows send it, else by the tree."""
    routes = tomllib.loads((TOWN / "routes.toml").read_text(encoding="utf-8"))["route"]
    group = {unit: heading for heading, units in GROUPS.items() for unit in units}
    lead = {r["category"]: group.get(r["lead"], "") for r in routes if not r["kind"] and not r["region"]}
    shares = np.zeros((len(taxonomy.LEVEL2), len(choices)))
    for i, code in enumerate(taxonomy.LEVEL2):
        elsewhere = dict(taxonomy.category(code).also)
        heading = lead.get(code, "")
        for j, choice in enumerate(choices):
            by_tree = 1.0 if code.startswith(choice) else elsewhere.get(choice, 0.0)
            shares[i, j] = by_tree if not heading else 1.0 if heading == choice else OWN_HEADING * by_tree
    return shares


def tell(stream: Stream, kind: str, stands: Array, loop: Array, automatic: NDArray[np.bool_]) -> None:
    """The figures of one stream with one release."""
    goal = np.array(stream.targets)
    half = len(goal) // 2
    print(f"{stream.name}, {kind}: {len(goal)} messages, {len(stream.choices)} choices")
    for what, chances in (("as it stands", stands), ("loop on", loop)):
        hits = np.argsort(-chances, axis=1, kind="stable")[:, :3] == goal[:, None]
        right, top = hits[:, 0], hits.any(axis=1)
        sure = "  ".join(f"≥{bar}: {_share(right[chances.max(axis=1) >= bar], len(goal))}" for bar in BARS)
        print(
            f"  {what}: accuracy {right.mean():.3f}, last half {right[half:].mean():.3f}; "
            f"top-3 {top.mean():.3f}, last half {top[half:].mean():.3f}; sure {sure}"
        )
    parts = np.array_split(np.arange(len(goal)), WINDOWS)
    right = loop.argmax(axis=1) == goal
    print("  accuracy by fifth", " ".join(f"{right[part].mean():.3f}" for part in parts))
    print("  automatic", "  ".join(_share(right[part][automatic[part]], len(part)) for part in parts), flush=True)
    if stream.sort == "unit":
        fresh = [target not in stream.targets[:i] for i, target in enumerate(stream.targets)]
        print(f"  first message of its unit: {np.mean(fresh):.3f}, in the last half {np.mean(fresh[half:]):.3f}")


def _nearest(standings: dict[str, CellState]) -> None:
    proven = [cell for cell, standing in standings.items() if standing.state is GateState.PROVEN]
    best = sorted(standings, key=lambda cell: -standings[cell].bound)[:3]
    lines = [f"{cell} {standings[cell].right}/{standings[cell].n} bound {standings[cell].bound:.3f}" for cell in best]
    print("proven at the end:", proven, "nearest:", lines)


def _share(right: NDArray[np.bool_], of: int) -> str:
    return f"{len(right) / of:.3f}/{right.mean():.3f} ({len(right)})" if len(right) else "0"


def _normed(shared: NDArray[Any]) -> Array:
    return np.asarray((shared + 1e-9) / (shared + 1e-9).sum())


def _tidied(row: dict[str, Any]) -> tuple[str, str]:
    return features.tidy(row["subject"], features.TITLE_LIMIT, 0), features.tidy(row["text"])


def _plain(row: dict[str, Any]) -> str:
    return "".join(row["text"].split())


def release(kind: str, home: Sequence[dict[str, Any]]) -> Model:
    """A release of that kind made from the messages of home."""
    units = tomllib.loads((TOWN / "units.toml").read_text(encoding="utf-8"))["unit"]
    seeds = seed_examples.seed_examples(
        [(duty["text"], duty["categories"]) for unit in units for duty in unit["duties"]]
    )
    real = [Example(r["subject"], r["text"], taxonomy.code_of(r["label"]), "file") for r in home]
    messages = [(r["subject"], r["text"]) for r in home]
    if kind == "trained":
        return training.fit([*seeds, *real])
    return training.fit(seeds, unlabelled=messages if kind == "adapted" else ())


def _rows(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


if __name__ == "__main__":
    sys.exit(main())
