"""What became of a file, in words and in files beside it: rows sent back, cells set aside, names of unknown units.

Each file is written as a whole when the import is through, and anew by the next run.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from feedback.kernel import spreadsheets
from feedback.kernel.errors import Invalid, Refusal
from feedback.kernel.spreadsheets import Cell
from web.imports.history.rows import SetAsideCell
from web.tables.model import FaultyLine, Table, TableRow
from web.wording import catalogue
from web.wording import imports as words
from web.wording.imports import tell


@dataclass(slots=True)
class ImportSummary:
    """What became of a file: read = fresh + known + rejected."""

    read: int = 0
    fresh: int = 0
    known: int = 0
    rejected: int = 0
    answered: int = 0
    undated: int = 0  # fresh answers whose time is not known
    unknown_unit: int = 0  # fresh answers of a unit that is not known
    named_since: int = 0  # answers taken in earlier whose unit is known by now
    assigned: int = 0
    waiting: int = 0
    set_aside: int = 0
    seconds: float = 0.0

    @property
    def line(self) -> str:
        speed = self.read / self.seconds if self.seconds else 0
        values = {name: getattr(self, name) for name in self.__slots__}
        line = tell("summary", speed=speed, **values)
        return f"{line}；{tell('named_since', count=self.named_since)}" if self.named_since else line


@dataclass(slots=True)
class ImportReport:
    """The rows and cells of one file that somebody has to look at."""

    table: Table
    units: Mapping[str, str] = field(default_factory=dict)  # names that a map already explains
    rejected: list[tuple[int, Sequence[str], str]] = field(default_factory=list)  # line, cells, reason
    set_aside: list[SetAsideCell] = field(default_factory=list)
    unknown_units: Counter[str] = field(default_factory=Counter)

    def reject(self, row: TableRow, reason: str) -> None:
        """Send a row back as it came."""
        self.rejected.append((row.line, [row.cells.get(heading, "") for heading in self.table.headings], reason))

    def reject_faulty(self, faulty: FaultyLine) -> None:
        """Send back a line that is no row: its text stands in the first column."""
        blank = [""] * (len(self.table.headings) - 1)
        self.rejected.append((faulty.line, [faulty.text, *blank], catalogue.fault_words("file", faulty.code)))

    def write(self, file: Path, data_folder: Path) -> list[str]:
        """Write the files, or remove those of an earlier run that have nothing to say. Returns what to tell."""
        folder = file.parent if os.access(file.parent, os.W_OK) else data_folder
        sentences = []
        headings = [*self.table.headings, words.TOLD["line_heading"], words.TOLD["reason_heading"]]
        rows: list[list[Cell]] = [
            [*cells, line, reason] for line, cells, reason in sorted(self.rejected, key=lambda entry: entry[0])
        ]
        if path := _write_csv(folder / f"{file.name}.rejected.csv", headings, rows):
            sentences.append(tell("rejected_file", path=path))
        aside = [_describe_cell(cell) for cell in self.set_aside]
        if path := _write_csv(folder / f"{file.name}.set-aside.csv", words.TOLD["set_aside_headings"], aside):
            sentences.append(tell("set_aside_file", path=path))
        units = {name or words.TOLD["unit_not_given"]: count for name, count in self.unknown_units.most_common()}
        named = {name: count for name, count in self.unknown_units.most_common() if name}
        if named:  # a map that somebody filled in is never removed, and its lines stay
            path = _write_text(folder / f"{file.name}.units.toml", _render_units(named, self.units))
            sentences.append(tell("units_file", path=path, count=len(named)))
        sentences += [f"  {name}：{tell('unit_rows', count=count)}" for name, count in units.items()]
        return sentences


def render_refusal(fault: Refusal) -> str:
    """Why a row or a file is sent back: a sentence and the code of each fault."""
    if isinstance(fault, Invalid):
        parts = [
            f"{words.FIELDS.get(name, name)}：{catalogue.fault_words(name, code, fault.details)} ({code})"
            for name, code in fault.fields.items()
        ]
        return "；".join(parts)
    return catalogue.error_words(fault.code, count=1)


def _describe_cell(cell: SetAsideCell) -> Sequence[Cell]:
    return (cell.line, words.FIELDS.get(cell.field, cell.field), cell.value, words.reason_words(cell.reason))


def _render_units(counts: Mapping[str, int], explained: Mapping[str, str]) -> str:
    """A map to fill in: every unknown name with how many rows bear it, below those that are explained."""
    filled = [f"{_quote(name)} = {_quote(unit)}" for name, unit in explained.items() if unit and name not in counts]
    blank = [f'{_quote(name)} = ""  # {tell("unit_rows", count=count)}' for name, count in counts.items()]
    return tell("units_comment") + "[units]\n" + "\n".join([*filled, *blank]) + "\n"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _write_csv(path: Path, headings: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> Path | None:
    rows = list(rows)
    return _write_text(path, spreadsheets.to_csv([headings, *rows]) if rows else "")


def _write_text(path: Path, text: str) -> Path | None:
    """Write a file in one step, readable by its owner only: it holds what people wrote. None when there is no text."""
    if not text:
        path.unlink(missing_ok=True)
        return None
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as output:
        output.write(text)
    partial.replace(path)
    return path
