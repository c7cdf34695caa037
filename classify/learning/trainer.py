"""Train a new release: collect examples, have a candidate made, promote it unless it is worse.

A new release must not be worse than the one in force: on the labelled messages held out of its fit, in any category or
unit of them, and on the frozen messages of `knowledge/frozen.toml`, which are never fitted on. The last test detects
what wrong labels would teach. `classify.learning.candidate` makes the comparison.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tortoise.queryset import QuerySet

from classify import taxonomy
from classify.learning import candidate
from classify.learning.candidate import CandidateVerdict, LabelledRow, TrainingOrder
from classify.learning.label_weighting import WeightedLabel
from classify.learning.training_labels import CONFIRMED, UNCONFIRMED, TrainingLabel
from classify.model import metrics, registry
from classify.model.metrics import LabelledMessage
from classify.model.release import Model
from classify.models import LearntExample
from classify.text.features import tidy
from feedback.kernel.errors import Conflict, Invalid
from feedback.rules.redaction import mask_text

FOLDER: Final = "taught"  # rows of labelled files are stored here, masked, and used for later candidates as well
_COLUMNS: Final = ("subject", "text", "label")
MakeCandidate = Callable[[TrainingOrder], Awaitable[CandidateVerdict]]


@dataclass(frozen=True, slots=True)
class MessageFile:
    """A table of messages that was read: the line and the columns `subject`, `text`, perhaps `label` and `split`."""

    name: str
    rows: Sequence[tuple[int, Mapping[str, str]]]


def evaluate_file(model: Model, file: MessageFile, *, restrict: bool = False, split: str = "") -> dict[str, Any]:
    """The figures of a release on a labelled table; with `split`, only of the rows with that value in the column `split`.

    Raises Invalid when the file holds no row, lacks a column, or names a label the tree does not hold.
    """
    rows = [LabelledMessage(message.title, message.text, message.label) for message in _read_labelled(file, split)]
    if not rows:
        raise Invalid({"file": "empty"})
    return metrics.evaluate(model, rows, restrict=restrict).as_json()


async def train(
    files: Sequence[MessageFile],
    unlabelled: Sequence[MessageFile],
    duties: Iterable[tuple[str, Sequence[str]]],
    data: Path,
    *,
    own_messages: Iterable[tuple[str, str]] = (),
    force: bool = False,
    now: datetime,
    by: str = "command",
    make: MakeCandidate | None = None,
) -> dict[str, Any]:
    """Fit on knowledge, files (those of earlier trainings too) and people's decisions; put in force unless worse.

    `own_messages`: titles and texts of the district's own messages, to which the release adapts without labels; they
    are masked and cut to the length the classifier reads. `make` may make the candidate in another process. Returns
    the verdict, which is also stored with the release.
    """
    new_rows, earlier = await asyncio.to_thread(_read_files, files, data / FOLDER)
    messages = [(row["subject"], row["text"]) for file in unlabelled for _, row in _check_columns(file, _COLUMNS[:2])]
    messages += await asyncio.to_thread(
        lambda: [(mask_text(title), mask_text(tidy(body))) for title, body in own_messages]
    )
    current = await registry.load_current_id()
    order = TrainingOrder(
        folder=str(data / registry.FOLDER),
        duties=[(sentence, tuple(codes)) for sentence, codes in duties],
        labels=await load_labels(),
        labelled=[*new_rows, *earlier],
        unlabelled=messages,
        current=current,
        first=await registry.load_first_folder(),
    )
    made = await (make or _make_in_thread)(order)
    outcome = asdict(made)
    outcome["promoted"] = force or not made.worse_because
    await registry.store_candidate(made.release, made.kind, outcome, by=by, refused=made.worse_because, now=now)
    if outcome["promoted"]:
        try:
            await registry.promote(made.release, by=by, now=now, instead_of=current)
        except Conflict:  # somebody put another one in force meanwhile, against which this one was not tried
            outcome["promoted"] = False
        else:
            await asyncio.to_thread(_store_rows, new_rows, data / FOLDER)
    await registry.delete_old_folders(data)
    return outcome


async def _make_in_thread(order: TrainingOrder) -> CandidateVerdict:
    return await asyncio.to_thread(candidate.make_candidate, order)


async def store_label(
    title: str,
    text: str,
    category: str,
    *,
    case_no: str,
    by: str,
    now: datetime,
    unit: str = "",
    source: str = "classify",
    state: str = UNCONFIRMED,
    confirmed_by: str = "",
    was: str = "",
) -> None:
    """Store what people decided about a case, with personal data masked; a later decision replaces an earlier one.

    Raises Invalid for a category the tree does not hold.
    """
    if not taxonomy.has_code(category):
        raise Invalid({"category": "unknown"})
    columns: dict[str, Any] = {
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
    if not await LearntExample.filter(case_no=case_no).update(**columns):
        await LearntExample.create(case_no=case_no, **columns)


async def store_training_label(title: str, text: str, case_no: str, label: TrainingLabel) -> None:
    """Store the training label derived from a case."""
    await store_label(
        title,
        text,
        label.category,
        case_no=case_no,
        by=label.by,
        now=label.at,
        unit=label.unit,
        source=label.source,
        state=label.state,
        confirmed_by=label.confirmed_by,
        was=label.was,
    )


async def load_labels() -> list[WeightedLabel]:
    """The labels people gave so far, oldest first, not yet weighted."""
    names = ("title", "text", "category", "unit", "by", "state", "case_no")
    return [WeightedLabel(**row) for row in await LearntExample.all().order_by("id").values(*names)]


async def load_answered_cases(most: int) -> list[tuple[str, str, str]]:
    """The newest cases a unit accepted, oldest first: title, text, unit."""
    rows = _select_answered().order_by("-at", "-id").limit(most).values_list("title", "text", "unit")
    return [(str(title), str(text), str(unit)) for title, text, unit in reversed(await rows)]


async def count_answered_cases() -> int:
    """How many cases a unit accepted."""
    return int(await _select_answered().count())


def _select_answered() -> QuerySet[LearntExample]:
    return LearntExample.filter(state=CONFIRMED, unit__not="")


async def load_labelled_messages() -> list[LabelledMessage]:
    """All stored messages with their labels."""
    return [LabelledMessage(label.title, label.text, label.category) for label in await load_labels()]


async def count_labels_by_state(since: datetime | None = None) -> dict[str, int]:
    """How many labels there are in each state; `since`: only later ones."""
    rows = LearntExample.all() if since is None else LearntExample.filter(at__gt=since)
    state_counts: dict[str, int] = {}
    for state in await rows.values_list("state", flat=True):
        state_counts[str(state)] = state_counts.get(str(state), 0) + 1
    return state_counts


def _read_files(files: Sequence[MessageFile], folder: Path) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """The given messages, and those of earlier trainings that are not among them."""
    new_rows = [message for file in files for message in _read_labelled(file, "")]
    known = {_digest(message) for message in new_rows}
    stored = map(_read_stored, sorted(folder.glob("*.csv")))
    earlier = [message for file in stored for message in _read_labelled(file, "")]
    return new_rows, [message for message in earlier if _digest(message) not in known]


def _digest(message: LabelledRow) -> str:
    return hashlib.sha256(f"{mask_text(message.title)}\n{mask_text(message.text)}".encode()).hexdigest()


def _store_rows(new_rows: Sequence[LabelledRow], folder: Path) -> None:
    """Store the rows of labelled files, masked, for later candidates."""
    if not new_rows:
        return
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256("".join(sorted(_digest(message) for message in new_rows)).encode()).hexdigest()[:16]
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow([*_COLUMNS, "split"])
        for message in new_rows:
            writer.writerow(
                [
                    mask_text(message.title),
                    mask_text(message.text),
                    message.label,
                    "kept" if message.is_held_out else "train",
                ]
            )


def _read_labelled(file: MessageFile, split: str) -> list[LabelledRow]:
    """The rows of a labelled table. A column `split` decides what is held out (all but "train"), else a hash of the text."""
    messages = []
    for line, row in _check_columns(file, _COLUMNS):
        if split and row.get("split") != split:
            continue
        title, text, label = row["subject"], row["text"], row["label"]
        try:
            taxonomy.code_of(label)
        except KeyError:
            raise Invalid({"label": "unknown"}, file=file.name, line=line, label=label) from None
        is_held_out = row["split"] != "train" if row.get("split") else candidate.is_held_out(title, text)
        messages.append(LabelledRow(title, text, label, is_held_out))
    return messages


def _check_columns(file: MessageFile, columns: Sequence[str]) -> Sequence[tuple[int, Mapping[str, str]]]:
    if missing := [column for column in columns if file.rows and column not in file.rows[0][1]]:
        raise Invalid(dict.fromkeys(missing, "missing"), file=file.name)
    return file.rows


def _read_stored(path: Path) -> MessageFile:
    """The rows that `_store_rows` wrote."""
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return MessageFile(path.name, list(enumerate(csv.DictReader(lines), 2)))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise Invalid({"file": "unreadable"}, file=path.name, fault=str(fault)) from fault
