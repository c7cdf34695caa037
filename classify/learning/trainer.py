"""Train a new release: collect examples, have a candidate made, promote it unless it is worse.

A new release must not be worse than the one in force: on the labelled messages kept out of its fit, in any category
or unit of them, and on the frozen messages of `knowledge/frozen.toml`, which nobody may fit on. The last keeps out
what wrong labels teach. See `classify.learning.candidate` for how it is judged.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tortoise.queryset import QuerySet

from classify import taxonomy
from classify.learning import candidate
from classify.learning.candidate import CandidateVerdict, Labelled, Order
from classify.learning.label_weighting import WeightedLabel
from classify.learning.training_labels import CONFIRMED, SAID, TrainingLabel
from classify.model import metrics, registry
from classify.model.metrics import LabelledMessage
from classify.model.release import Model
from classify.models import LearntExample
from classify.text.features import tidy
from feedback.kernel.errors import Conflict, Invalid
from feedback.rules.redaction import mask_text

FOLDER: Final = "taught"  # what was taught by files is kept, masked, so that later candidates do not forget it
_COLUMNS: Final = ("subject", "text", "label")
Making = Callable[[Order], Awaitable[CandidateVerdict]]


def trial(model: Model, file: Path, *, restrict: bool = False, split: str = "") -> dict[str, Any]:
    """The figures of a release on a labelled CSV; `split` takes only the rows whose column `split` says so.

    Raises Invalid when the file cannot be read, holds no row, or names a label the tree does not hold.
    """
    rows = [LabelledMessage(one.title, one.text, one.label) for one in _labelled(file, split)]
    if not rows:
        raise Invalid({"file": "empty"})
    return metrics.evaluate(model, rows, restrict=restrict).as_json()


async def train(
    files: Sequence[Path],
    unlabelled: Sequence[Path],
    duties: Iterable[tuple[str, Sequence[str]]],
    data: Path,
    *,
    said: Iterable[tuple[str, str]] = (),
    force: bool = False,
    now: datetime,
    by: str = "command",
    making: Making | None = None,
) -> dict[str, Any]:
    """Fit on knowledge, files (those of earlier trainings too) and people's decisions; put in force unless worse.

    `said`: titles and texts of the district's own messages, to which it adapts without any label, persons masked and
    no longer than the classifier reads. `making` may make the candidate in another process. What is returned, and kept with the release, is its outcome.
    """
    given, kept = await asyncio.to_thread(_files_read, files, data / FOLDER)
    messages = [(row["subject"], row["text"]) for file in unlabelled for row in _rows(file, _COLUMNS[:2])]
    messages += await asyncio.to_thread(lambda: [(mask_text(title), mask_text(tidy(body))) for title, body in said])
    present = await registry.current_id()
    order = Order(
        folder=str(data / registry.FOLDER),
        duties=[(sentence, tuple(codes)) for sentence, codes in duties],
        lessons=await lessons(),
        labelled=[*given, *kept],
        unlabelled=messages,
        current=present,
        anchor=await registry.anchor(),
    )
    made = await (making or _here)(order)
    outcome = asdict(made)
    outcome["promoted"] = force or not made.worse_because
    await registry.record(made.release, made.kind, outcome, by=by, refused=made.worse_because, now=now)
    if outcome["promoted"]:
        try:
            await registry.promote(made.release, by=by, now=now, instead_of=present)
        except Conflict:  # somebody put another one in force meanwhile, against which this one was not tried
            outcome["promoted"] = False
        else:
            await asyncio.to_thread(_keep, given, data / FOLDER)
    await registry.forget_folders(data)
    return outcome


async def _here(order: Order) -> CandidateVerdict:
    return await asyncio.to_thread(candidate.made, order)


async def remember(
    title: str,
    text: str,
    category: str,
    *,
    case_no: str,
    by: str,
    now: datetime,
    unit: str = "",
    source: str = "classify",
    state: str = SAID,
    confirmed_by: str = "",
    was: str = "",
) -> None:
    """Keep what people decided about a case, with persons masked; a later decision replaces an earlier one.

    Raises Invalid for a category the tree does not hold.
    """
    if not taxonomy.exists(category):
        raise Invalid({"category": "unknown"})
    said: dict[str, Any] = {
        "title": mask_text(title)[:200],
        "text": mask_text(text),
        "category": category,
        "unit": unit,
        "source": source,
        "by": by[:80],
        "at": now,
        "state": state,
        "confirmed_by": confirmed_by[:80],
        "was": was,
    }
    if not await LearntExample.filter(case_no=case_no).update(**said):
        await LearntExample.create(case_no=case_no, **said)


async def keep(title: str, text: str, case_no: str, lesson: TrainingLabel) -> None:
    """Keep what a case teaches as it stands."""
    await remember(
        title,
        text,
        lesson.category,
        case_no=case_no,
        by=lesson.by,
        now=lesson.at,
        unit=lesson.unit,
        source=lesson.source,
        state=lesson.state,
        confirmed_by=lesson.confirmed_by,
        was=lesson.was,
    )


async def lessons() -> list[WeightedLabel]:
    """What people decided so far, oldest first, not yet weighed."""
    names = ("title", "text", "category", "unit", "by", "state", "case_no")
    return [WeightedLabel(**row) for row in await LearntExample.all().order_by("id").values(*names)]


async def answered(most: int) -> list[tuple[str, str, str]]:
    """The newest cases a unit took on, oldest first: title, text, unit."""
    rows = _answered().order_by("-at", "-id").limit(most).values_list("title", "text", "unit")
    return [(str(title), str(text), str(unit)) for title, text, unit in reversed(await rows)]


async def answered_count() -> int:
    """How many such cases there are."""
    return int(await _answered().count())


def _answered() -> QuerySet[LearntExample]:
    return LearntExample.filter(state=CONFIRMED, unit__not="")


async def corrections() -> list[LabelledMessage]:
    """The same as messages with their labels."""
    return [LabelledMessage(one.title, one.text, one.category) for one in await lessons()]


async def counts(since: datetime | None = None) -> dict[str, int]:
    """How many examples there are in each state; `since`: only those taught later."""
    found = LearntExample.all() if since is None else LearntExample.filter(at__gt=since)
    told: dict[str, int] = {}
    for state in await found.values_list("state", flat=True):
        told[str(state)] = told.get(str(state), 0) + 1
    return told


def _files_read(files: Sequence[Path], folder: Path) -> tuple[list[Labelled], list[Labelled]]:
    """The given messages, and those of earlier trainings that are not among them."""
    given = [one for file in files for one in _labelled(file, "")]
    known = {_digest(one) for one in given}
    earlier = [one for file in sorted(folder.glob("*.csv")) for one in _labelled(file, "")]
    return given, [one for one in earlier if _digest(one) not in known]


def _digest(one: Labelled) -> str:
    return hashlib.sha256(f"{mask_text(one.title)}\n{mask_text(one.text)}".encode()).hexdigest()


def _keep(given: Sequence[Labelled], folder: Path) -> None:
    """Keep what files taught, without persons, for the candidates to come."""
    if not given:
        return
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256("".join(sorted(_digest(one) for one in given)).encode()).hexdigest()[:16]
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow([*_COLUMNS, "split"])
        for one in given:
            writer.writerow(
                [mask_text(one.title), mask_text(one.text), one.label, "kept" if one.is_kept_out else "train"]
            )


def _labelled(file: Path, split: str) -> list[Labelled]:
    """The rows of a labelled CSV. A column `split` decides what is kept out (all but "train"), else the text does."""
    found = []
    for line, row in enumerate(_rows(file, _COLUMNS), start=2):
        if split and row.get("split") != split:
            continue
        title, text, label = row["subject"], row["text"], row["label"]
        try:
            taxonomy.code_of(label)
        except KeyError:
            raise Invalid({"label": "unknown"}, file=file.name, line=line, label=label) from None
        is_kept_out = row["split"] != "train" if row.get("split") else candidate.kept_out(title, text)
        found.append(Labelled(title, text, label, is_kept_out))
    return found


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
