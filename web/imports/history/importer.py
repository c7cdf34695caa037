"""Taking in a file, or showing beforehand what would become of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tqdm import tqdm

from feedback.kernel.clock import monotonic
from feedback.kernel.errors import Invalid, Refusal
from feedback.queries import statistics as case_statistics
from routing import directory
from routing.directory import Directory
from web.context import AppContext
from web.imports.history.columns import ColumnMap, check_columns, load_column_map
from web.imports.history.preview import describe_headings, render_preview
from web.imports.history.reports import ImportReport, ImportSummary, render_refusal
from web.imports.history.row_recorder import RowRecorder, is_unit_unknown
from web.imports.history.rows import HistoryRow, RowReader
from web.tables.model import Table, TableRow
from web.tables.reader import read_table_in_child

_LOOK_UP_ROWS = 200
"""How many rows are compared with what is there in one statement."""


async def import_history(
    context: AppContext, file: Path, map_files: Sequence[Path] = (), columns: Sequence[str] = (), *, sheet: str = ""
) -> tuple[ImportSummary, list[str]]:
    """Take in a file, carry out what follows, and write beside it what somebody has to look at.

    Returns the summary, and sentences about how the headings were understood and about the files. Raises Invalid when the file or a map cannot be read.
    """
    start, summary = monotonic(), ImportSummary()
    column_map, table, names = await _open(file, map_files, columns, sheet)
    reader = RowReader(table.fields, column_map, names, context.clock.now())
    recorder, report = RowRecorder(context, names), ImportReport(table, column_map.units)
    fresh_nos: list[str] = []
    for faulty in table.faulty_lines:
        report.reject_faulty(faulty)
    summary.read = summary.rejected = len(table.faulty_lines)
    with tqdm(total=len(table.rows), unit="行", desc=file.name, disable=None) as progress:
        async for source, row in _read_rows(table, reader, recorder, report, summary):
            try:
                recorded = await recorder.record(row)
            except Refusal as fault:
                _reject(report, summary, source, fault)
            else:
                if recorded.is_new:
                    fresh_nos.append(recorded.no)
                _count(summary, report, row, is_new=recorded.is_new, is_unit_named=recorded.is_unit_named)
            progress.update(summary.read - len(table.faulty_lines) - progress.n)
    sentences = report.write(file, context.settings.data)
    await context.drain()
    counts = await case_statistics.count_by_status(fresh_nos)
    summary.assigned, summary.waiting = counts.get("assigned", 0), counts.get("received", 0)
    summary.seconds = monotonic() - start
    return summary, [*describe_headings(table), *sentences]


async def preview_history(
    context: AppContext, file: Path, map_files: Sequence[Path] = (), columns: Sequence[str] = (), *, sheet: str = ""
) -> list[str]:
    """What would become of a file, in sentences. Nothing is written. Raises what `import_history` raises."""
    column_map, table, names = await _open(file, map_files, columns, sheet)
    return render_preview(table, RowReader(table.fields, column_map, names, context.clock.now()), names)


async def _open(
    file: Path, map_files: Sequence[Path], columns: Sequence[str], sheet: str
) -> tuple[ColumnMap, Table, Directory]:
    column_map = load_column_map(map_files, columns)
    try:
        content = await asyncio.to_thread(file.read_bytes)
    except OSError as fault:
        raise Invalid({"file": "unreadable"}, file=str(file), fault=str(fault)) from fault
    table = await read_table_in_child(content, file.name, expected=column_map.expected, sheet=sheet)
    check_columns(column_map, table)
    return column_map, table, await directory.load_directory()


async def _read_rows(
    table: Table, reader: RowReader, recorder: RowRecorder, report: ImportReport, summary: ImportSummary
) -> AsyncIterator[tuple[TableRow, HistoryRow]]:
    """The rows that could be read, each beside its source; the others are rejected on the way."""
    for offset in range(0, len(table.rows), _LOOK_UP_ROWS):
        rows: list[tuple[TableRow, HistoryRow]] = []
        for source in table.rows[offset : offset + _LOOK_UP_ROWS]:
            try:
                rows.append((source, reader.read(source.line, source.cells)))
            except Refusal as fault:
                summary.read += 1
                _reject(report, summary, source, fault)
        await recorder.look_up([row for _, row in rows])
        for source, row in rows:
            summary.read += 1
            yield source, row


def _reject(report: ImportReport, summary: ImportSummary, source: TableRow, fault: Refusal) -> None:
    summary.rejected += 1
    report.reject(source, render_refusal(fault))


def _count(summary: ImportSummary, report: ImportReport, row: HistoryRow, *, is_new: bool, is_unit_named: bool) -> None:
    report.set_aside += row.set_aside
    summary.set_aside += len(row.set_aside)
    summary.named_since += is_unit_named
    if is_unit_unknown(row):
        report.unknown_units += Counter([row.unit_name])
    if not is_new:
        summary.known += 1
        return
    summary.fresh += 1
    summary.answered += bool(row.reply)
    summary.undated += bool(row.reply) and row.replied_at is None
    summary.unknown_unit += is_unit_unknown(row)
