"""What an import would make of a file: headings as understood, the first rows, and what was not understood. Pure."""

from collections.abc import Iterator

from feedback.kernel.errors import Refusal
from routing.directory import Directory
from web.imports.history.columns import FIELDS
from web.imports.history.reports import render_refusal
from web.imports.history.rows import HistoryRow, RowReader, SetAsideCell
from web.tables.model import Table
from web.wording import catalogue
from web.wording import imports as words
from web.wording.dates import time_words
from web.wording.imports import tell

_SHOWN_ROWS = 5


def render_preview(table: Table, reader: RowReader, names: Directory) -> list[str]:
    """The sentences of a preview."""
    shown: list[str] = []
    examples: dict[tuple[str, str], list[SetAsideCell]] = {}
    rejected = len(table.faulty_lines)
    for source in table.rows:
        try:
            row = reader.read(source.line, source.cells)
        except Refusal as fault:
            rejected += 1
            sentence = tell("preview_rejected", line=source.line, reason=render_refusal(fault))
        else:
            sentence = _describe_row(row, names)
            for cell in row.set_aside:
                examples.setdefault((cell.field, cell.reason), []).append(cell)
        if len(shown) < _SHOWN_ROWS:
            shown.append(sentence)
    counts = tell(
        "preview_counts",
        read=len(table.rows) + len(table.faulty_lines),
        rejected=rejected,
        set_aside=sum(map(len, examples.values())),
    )
    return [*describe_headings(table), *shown, *_describe_cells(examples), counts]


def describe_headings(table: Table) -> Iterator[str]:
    """How the headings were understood, and what is not read: other sheets, unknown columns, fields without one."""
    if table.sheet and table.other_sheets:
        yield tell("sheet", sheet=table.sheet, line=table.heading_line, others="、".join(table.other_sheets))
    else:
        yield tell("line", line=table.heading_line)
    pairs = [tell("pair", heading=heading, field=words.FIELDS[name]) for name, heading in table.fields.items()]
    yield tell("understood", pairs="，".join(pairs))
    if table.unknown_headings:
        yield tell("unknown_headings", headings="、".join(table.unknown_headings))
    if missing := [words.FIELDS[name] for name in FIELDS if name not in table.fields]:
        yield tell("missing_fields", fields="、".join(missing))


def _describe_row(row: HistoryRow, names: Directory) -> str:
    outcome = tell("preview_open")
    if row.reply:
        replied = time_words(row.replied_at) if row.replied_at else catalogue.UNKNOWN_TIME
        outcome = tell("preview_answered", unit=names.name(row.unit), replied=replied)
    return tell(
        "preview_row",
        line=row.line,
        kind=catalogue.KINDS[row.kind],
        received=time_words(row.received_at),
        title=row.title,
        outcome=outcome,
    )


def _describe_cells(examples: dict[tuple[str, str], list[SetAsideCell]]) -> Iterator[str]:
    for (name, reason), cells in sorted(examples.items()):
        yield tell(
            "preview_cells",
            field=words.FIELDS[name],
            reason=words.reason_words(reason),
            count=len(cells),
            line=cells[0].line,
            value=cells[0].value[:40],
        )
