"""Is a row, an answer or a light lost or made up when an import is killed again and again and then run to its end?

    python -m tests.stress.import_kill FILE [--kills 10] [--seed 1] [--json]

Makes a database of its own, imports FILE with `xinqiao import`, kills the process with SIGKILL after a random number
of rows, lets it run to its end, and runs it once more. Then everything is counted: rows read, the answers
word for word, clocks that are late. Exit 1 when something falls short.
"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from feedback.kernel.errors import Refusal
from feedback.kernel.settings import Settings
from feedback.queries import statistics as case_statistics
from feedback.record import persistence
from feedback.record.models.case import Case, Entry
from feedback.record.models.clocks import ClockRow
from feedback.rules.clocks import Light
from feedback.rules.intake import clean_paragraph
from routing import directory
from tests.stress.servers import clean_environment, install
from web import bootstrap
from web.context import AppContext
from web.imports.history.columns import ColumnMap
from web.imports.history.rows import RowReader
from web.tables.reader import read_table

_NUMBERS = re.compile(r"\d+")
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Outcome:
    """What was there after it all."""

    rows: int
    kills: int
    kills_half_way: int  # some rows were there, and not all
    cases: int
    sources: int
    answers_expected: int
    answers: int
    late_clocks: int
    red_cases: int
    broken_chains: int
    stored_otherwise: int
    last_run: tuple[int, int, int, int]  # read, fresh, known, rejected
    repeated: tuple[int, int, int, int]

    @property
    def is_clean(self) -> bool:
        adds_up = all(
            read == fresh + known + rejected for read, fresh, known, rejected in (self.last_run, self.repeated)
        )
        is_whole = self.cases == self.sources and self.answers == self.answers_expected
        is_calm = not (self.late_clocks or self.red_cases or self.broken_chains or self.stored_otherwise)
        return adds_up and is_whole and is_calm and self.repeated[1] == 0 and self.repeated[0] == self.rows


def _command(file: Path) -> list[str]:
    return [sys.executable, "-m", "web", "import", str(file)]


def _run(file: Path, environment: dict[str, str]) -> tuple[int, int, int, int]:
    """Import to the end. Returns the first four numbers of the summary: read, fresh, known, rejected."""
    done = subprocess.run(_command(file), env=environment, capture_output=True, text=True, check=True)
    read, fresh, known, rejected = map(int, _NUMBERS.findall(done.stdout.strip().splitlines()[-1])[:4])
    print(done.stdout.strip().splitlines()[-1], flush=True)
    return read, fresh, known, rejected


def _kill(file: Path, environment: dict[str, str], database: Path, rows: int) -> None:
    """Start an import and kill it as soon as so many rows are there, or when it is through."""
    process = subprocess.Popen(
        _command(file), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while process.poll() is None and _count_cases(database) < rows:
        time.sleep(_POLL_SECONDS)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _count_cases(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM feedback_case").fetchone()[0])


Operation = Callable[[AppContext], Awaitable[Any]]


async def _with_context(settings: Settings, operation: Operation) -> Any:
    async with bootstrap.open_context(settings) as context:
        return await operation(context)


async def _load_expected(context: AppContext, file: Path) -> tuple[int, dict[str, str]]:
    """How many rows the file has, and the answer of each source id that can be taken in."""
    column_map = ColumnMap()
    table = read_table(await asyncio.to_thread(file.read_bytes), file.name, expected=column_map.expected)
    reader = RowReader(table.fields, column_map, await directory.load_directory(), context.clock.now())
    answers: dict[str, str] = {}
    for source in table.rows:
        try:
            row = reader.read(source.line, source.cells)
        except Refusal:
            continue
        answers.setdefault(row.source_id, clean_paragraph(row.reply))
    return len(table.rows) + len(table.faulty_lines), answers


async def _judge(context: AppContext, file: Path) -> dict[str, int]:
    rows, answers = await _load_expected(context, file)
    now = context.clock.now()
    matching = broken = otherwise = red = cases = 0
    sources = set[str]()
    async for case in Case.all().order_by("id"):
        cases += 1
        sources.add(case.source_id or "")
        entries = await Entry.filter(case_id=case.id).order_by("seq")
        replies = [str(entry.data["text"]) for entry in entries if entry.act == "reply"]
        matching += replies == [answers.get(case.source_id or "")]
        broken += bool(persistence.find_chain_break(case, entries))
        case_projection, stored_clocks, _ = await case_statistics.load_projection(case.no)
        otherwise += list(case_projection.clocks) != stored_clocks
        red += any(clock.light(now) is Light.RED for clock in stored_clocks)
    return {
        "rows": rows,
        "cases": cases,
        "sources": len(sources),
        "answers_expected": sum(bool(answer) for answer in answers.values()),
        "answers": matching,
        "late_clocks": await ClockRow.filter(stopped_at__isnull=True, due_at__lte=now).count(),
        "red_cases": red,
        "broken_chains": broken,
        "stored_otherwise": otherwise,
    }


def run(file: Path, kills: int, seed: int, folder: Path) -> Outcome:
    """The whole story on a database in `folder`."""
    environment = {**clean_environment(), "XINQIAO_DATA": str(folder), "XINQIAO_ENV": "dev"}
    settings = Settings.read(environment)
    asyncio.run(install(settings))
    rng, half_way = random.Random(seed), 0
    total, _ = asyncio.run(_with_context(settings, lambda context: _load_expected(context, file)))
    database = next(folder.glob("*.sqlite3"))
    for _ in range(kills):
        before = _count_cases(database)
        _kill(file, environment, database, before + rng.randint(1, max(1, total // (kills + 1))))
        after = _count_cases(database)
        half_way += before < after < total
        print(f"killed: {before} -> {after} of {total}", flush=True)
    last_run, repeated = _run(file, environment), _run(file, environment)
    counts = asyncio.run(_with_context(settings, lambda context: _judge(context, file)))
    return Outcome(kills=kills, kills_half_way=half_way, last_run=last_run, repeated=repeated, **counts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xinqiao-import-") as folder:
        copy = Path(folder) / arguments.file.name  # what is written beside a file stays in the folder of the run
        copy.write_bytes(arguments.file.read_bytes())
        outcome = run(copy, arguments.kills, arguments.seed, Path(folder) / "data")
    print(json.dumps(asdict(outcome)) if arguments.json else outcome)
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
