"""What do `xinqiao train` and `xinqiao trial` do? Read files and corrections, fit, try, put in force unless worse.

A new release must not be worse than the one in force in two ways: on the labelled messages kept out of its fit, and
on the frozen messages of `knowledge/frozen.toml`, which nobody may fit on. The second keeps out what wrong labels teach.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from classify import labels, releases, training
from classify import trial as trials
from classify.model import Model
from classify.models import LearntExample
from classify.training import Example, Fitted
from classify.trial import Row
from feedback.kernel.errors import Invalid
from feedback.redact import masked

KEPT_OUT: Final = 5  # one in so many labelled messages is never fitted on
FEWEST_TRIED: Final = 20
"""With fewer kept-out messages a difference says nothing, and only the frozen ones decide."""

FROZEN_SLACK: Final = 0.1
"""Real labels follow the town's habits, not our examples: so much may be lost on the frozen messages."""

_COLUMNS: Final = ("subject", "text", "label")


@dataclass(frozen=True, slots=True)
class _Labelled:
    row: Row
    is_kept_out: bool


def trial(model: Model, file: Path, *, restrict: bool = False, split: str = "") -> dict[str, Any]:
    """The figures of a release on a labelled CSV; `split` takes only the rows whose column `split` says so.

    Raises Invalid when the file cannot be read, holds no row, or names a label the tree does not hold.
    """
    rows = [labelled.row for labelled in _labelled(file, split)]
    if not rows:
        raise Invalid({"file": "empty"})
    return trials.trial(model, rows, restrict=restrict).as_json()


async def train(
    files: Sequence[Path],
    unlabelled: Sequence[Path],
    duties: Iterable[tuple[str, Sequence[str]]],
    data: Path,
    *,
    force: bool = False,
    now: datetime,
) -> dict[str, Any]:
    """Fit on knowledge, labelled files, unlabelled files and clerks' corrections; put in force unless worse."""
    given = await corrections()
    current = await releases.current(data, None)
    outcome, fitted = await asyncio.to_thread(_fit, files, unlabelled, list(duties), given, current)
    outcome["promoted"] = force or not outcome["worse_because"]
    folder = data / releases.FOLDER
    outcome["release"] = await asyncio.to_thread(training.save, fitted, folder)
    if outcome["promoted"]:
        await releases.register(outcome["release"], fitted.kind, outcome["trial"], now=now)
    return outcome


async def remember(title: str, text: str, category: str, *, case_no: str, by: str, now: datetime) -> None:
    """Keep what a person decided about a case, with persons masked; a later decision replaces an earlier one.

    Raises Invalid for a category the tree does not hold.
    """
    if not labels.exists(category):
        raise Invalid({"category": "unknown"})
    said: dict[str, Any] = {
        "title": masked(title)[:200],
        "text": masked(text),
        "category": category,
        "by": by,
        "at": now,
    }
    if not await LearntExample.filter(case_no=case_no).update(**said):
        await LearntExample.create(source="person", case_no=case_no, **said)


async def corrections() -> list[Row]:
    """What people decided so far, oldest first."""
    learnt = await LearntExample.all().order_by("id").values("title", "text", "category")
    return [Row(str(e["title"]), str(e["text"]), str(e["category"])) for e in learnt]


def _fit(
    files: Sequence[Path],
    unlabelled: Sequence[Path],
    duties: list[tuple[str, Sequence[str]]],
    given: Sequence[Row],
    current: Model | None,
) -> tuple[dict[str, Any], Fitted]:
    everything = [labelled for file in files for labelled in _labelled(file, "")]
    everything += [_Labelled(row, _kept_out(row)) for row in given]
    tried = [labelled.row for labelled in everything if labelled.is_kept_out]
    learnt = [
        Example(row.title, row.text, labels.code_of(row.label), "people")
        for row in (labelled.row for labelled in everything if not labelled.is_kept_out)
    ]
    messages = [(row["subject"], row["text"]) for file in unlabelled for row in _rows(file, _COLUMNS[:2])]
    fitted = training.fit([*training.seed_examples(duties), *learnt], unlabelled=messages)
    enough = len(tried) >= FEWEST_TRIED
    outcome: dict[str, Any] = {
        "kind": fitted.kind,
        "learnt": len(learnt),
        "trial": trials.trial(fitted.model, tried).as_json() if enough else {},
        "frozen_accuracy": trials.frozen_accuracy(fitted.model),
        "before": {},
        "worse_because": [],
    }
    if current is not None:
        before = trials.trial(current, tried).as_json() if enough else {}
        outcome["before"] = {"trial": before, "frozen_accuracy": trials.frozen_accuracy(current)}
        outcome["worse_because"] = _worse(outcome)
    return outcome, fitted


def _worse(outcome: dict[str, Any]) -> list[str]:
    """In which figures the new release falls behind the one in force."""
    before, found = outcome["before"], []
    if before["trial"] and outcome["trial"]["macro_f1"] < before["trial"]["macro_f1"]:
        found.append("macro_f1")
    if outcome["frozen_accuracy"] < before["frozen_accuracy"] - FROZEN_SLACK:
        found.append("frozen_accuracy")
    return found


def _labelled(file: Path, split: str) -> list[_Labelled]:
    """The rows of a labelled CSV. A column `split` decides what is kept out (all but "train"), else the text does."""
    found = []
    for line, row in enumerate(_rows(file, _COLUMNS), start=2):
        if split and row.get("split") != split:
            continue
        one = Row(row["subject"], row["text"], row["label"])
        try:
            labels.code_of(one.label)
        except KeyError:
            raise Invalid({"label": "unknown"}, file=file.name, line=line, label=one.label) from None
        found.append(_Labelled(one, row["split"] != "train" if row.get("split") else _kept_out(one)))
    return found


def _kept_out(row: Row) -> bool:
    """One message in five, the same ones every time, wherever it comes from."""
    said = hashlib.sha256(f"{row.title}\n{row.text}".encode()).digest()
    return said[0] % KEPT_OUT == 0


def _rows(file: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise Invalid(dict.fromkeys(missing, "missing"), file=file.name)
            return [{key: value or "" for key, value in row.items() if isinstance(key, str)} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise Invalid({"file": "unreadable"}, file=file.name, fault=str(fault)) from fault
