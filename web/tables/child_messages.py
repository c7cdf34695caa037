"""What the child process that reads a table is sent, and what it answers: JSON, and the file as it is."""

import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from feedback.kernel.errors import Invalid
from web.tables.model import Expected, FaultyLine, Table, TableLimits, TableRow, refuse_file

_ROOT: Final = Path(__file__).parents[2]
_ENVIRONMENT: Final = {"PYTHONPATH": str(_ROOT), "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
"""Where the program is, and nothing else: no settings and no secret."""
COMMAND: Final = (sys.executable, "-m", "web.tables.child")
PLACE: Final[Any] = {"cwd": _ROOT, "env": _ENVIRONMENT}
_SHOWN_ERRORS: Final = 2_000
_log = structlog.get_logger("web.tables")


def pack_order(content: bytes, name: str, expected: Expected, limits: TableLimits, **options: str | int) -> bytes:
    """What the child reads: a line of JSON, then the file. Raises Invalid for a file larger than the limits allow."""
    if len(content) > limits.content_bytes:
        refuse_file("too_large", name=name)
    headings = {field: list(usual) for field, usual in expected.items()}
    return (
        msgspec.json.encode({"name": name, "expected": headings, "limits": asdict(limits), **options}) + b"\n" + content
    )


def unpack_answer(output: bytes, errors: bytes, return_code: int | None, name: str) -> Table:
    """The table in the child's answer. Raises Invalid as it did, or when it ended without an answer."""
    if return_code == -signal.SIGXCPU:
        refuse_file("reading_took_too_long", name=name)
    if return_code:
        _log.warning(
            "reading a table failed", code=return_code, errors=errors.decode(errors="replace")[-_SHOWN_ERRORS:]
        )
        refuse_file("reading_failed", name=name)
    answer = msgspec.json.decode(output)
    if "fields_of_fault" in answer:
        raise Invalid(answer["fields_of_fault"], answer["code"], **answer["details"])
    names = tuple(answer["headings"])
    rows = [TableRow(line, dict(zip(names, cells, strict=True))) for line, cells in answer["rows"]]
    faulty = tuple(FaultyLine(*parts) for parts in answer["faulty_lines"])
    plain = ("fields", "heading_line", "sheet", "encoding", "separator", "blank_rows")
    return Table(
        headings=names,
        rows=rows,
        faulty_lines=faulty,
        unknown_headings=tuple(answer["unknown_headings"]),
        other_sheets=tuple(answer["other_sheets"]),
        **{field: answer[field] for field in plain},
    )


def pack_table(table: Table) -> bytes:
    return msgspec.json.encode(
        {
            "headings": table.headings,
            "rows": [(row.line, list(row.cells.values())) for row in table.rows],
            "faulty_lines": [(line.line, line.code, line.text) for line in table.faulty_lines],
            "unknown_headings": table.unknown_headings,
            "other_sheets": table.other_sheets,
            "fields": table.fields,
            "heading_line": table.heading_line,
            "sheet": table.sheet,
            "encoding": table.encoding,
            "separator": table.separator,
            "blank_rows": table.blank_rows,
        }
    )


def pack_refusal(fault: Invalid) -> bytes:
    """A refusal as the child's answer."""
    return msgspec.json.encode({"fields_of_fault": fault.fields, "code": fault.code, "details": fault.details})
