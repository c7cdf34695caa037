"""Reading CSV of any usual separator and line end, in which an unclosed quotation mark costs one line and no more.

A record that cannot be right (its quotation mark is never closed, or something follows the closing one) is given back
as a faulty line, and reading goes on at the next line of the file. Python's csv module would put all rows up to the
next quotation mark into one cell.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from web.tables.encodings import REPLACEMENT
from web.tables.headings import count_matches
from web.tables.model import CellBudget, Expected, FaultyLine, RawRow, RawSheet, TableLimits

SEPARATORS: Final = (",", "\t", ";", "，", "|", "；")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_HINT: Final = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)
_QUOTED_BODY: Final = re.compile(r'[^"]*+(?:""[^"]*+)*+')
_GUARDED: Final = re.compile(r"'[=+\-@\t\r]")
_SAMPLE_LINES: Final = 60
_MEASURED_LINES: Final = 300


@dataclass(frozen=True, slots=True)
class _Record:
    """A record that was parsed: its cells, and the number of the line after it. `code` is set when it cannot be right."""

    cells: list[str]
    next_line: int
    code: str = ""


class _Lines:
    """The physical lines of a text and where each begins, without its line end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: list[int] = [0]
        self.ends: list[int] = []
        for match in _LINE_END.finditer(text):
            self.ends.append(match.start())
            self.starts.append(match.end())
        self.ends.append(len(text))
        if self.starts[-1] == len(text):  # a file that ends with a line end has no line after it
            self.starts.pop()
            self.ends.pop()

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, index: int) -> str:
        return self.text[self.starts[index] : self.ends[index]]


def read_delimited(text: str, encoding: str, expected: Expected, limits: TableLimits) -> RawSheet:
    """The lines of a text with separators. Raises Invalid when it holds more than the limits allow."""
    lines = _Lines(text)
    first, separator = 0, ""
    if len(lines) and (hint := _HINT.fullmatch(lines.line(0))):
        first, separator = 1, hint[1]
    separator = separator or find_separator([lines.line(i) for i in range(min(len(lines), _SAMPLE_LINES))], expected)
    sheet = RawSheet("", [], encoding=encoding, separator=separator)
    _read_records(lines, first, sheet, limits)
    return sheet


def find_separator(sample: Sequence[str], expected: Expected) -> str:
    """The separator by which a line shows most of the expected headings, or which divides the lines most evenly."""

    def rate(separator: str) -> tuple[int, float, int]:
        divided = [line.replace('"', "").split(separator) for line in sample if line.strip()]
        matches = max((count_matches(cells, expected) for cells in divided), default=0)
        widths = Counter(len(cells) for cells in divided if len(cells) > 1)
        width, lines = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        return matches, lines / max(1, len(divided)), width

    best = max(SEPARATORS, key=rate)
    return best if rate(best)[1] else ","


def _read_records(lines: _Lines, first: int, sheet: RawSheet, limits: TableLimits) -> None:
    budget = CellBudget(limits)
    width = _usual_width(lines, first, sheet.separator, limits)
    index, doubtful_until = first, 0
    while index < len(lines):
        number = index + 1
        record = _parse_record(lines, index, sheet.separator, limits)
        if not record.code and record.next_line > number and len(record.cells) < width:
            record = _Record([], record.next_line, "unclosed_quote")
        if record.code:
            doubtful_until = max(doubtful_until, record.next_line)
            record = _parse_alone(lines.line(index), index, sheet.separator, width, record.code)
        elif index < doubtful_until and len(record.cells) < width and any(record.cells):
            # A piece of a cell whose quotation marks are wrong must not pass for a row.
            record = _Record([], record.next_line, "after_unclosed_quote")
        code = record.code or _find_cell_fault(record.cells, limits)
        if code:
            source = lines.text[lines.starts[index] : lines.ends[record.next_line - 1]]
            sheet.faulty_lines.append(FaultyLine(number, code, source))
            budget.spend(number, 1)
        else:
            budget.spend(number, len(record.cells))
            sheet.rows.append(RawRow(number, record.cells))
        index = record.next_line


def _usual_width(lines: _Lines, first: int, separator: str, limits: TableLimits) -> int:
    """How many cells most records have that stand on one line; the other lines of a record are none of their own."""
    widths: Counter[int] = Counter()
    index, end = first, min(len(lines), first + _MEASURED_LINES)
    while index < end:
        record = _parse_record(lines, index, separator, limits)
        is_whole = not record.code and len(record.cells) > 1
        if is_whole and record.next_line == index + 1 and any(record.cells):
            widths[len(record.cells)] += 1
        index = record.next_line if is_whole else index + 1
    return max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))[0]


def _find_cell_fault(cells: Sequence[str], limits: TableLimits) -> str:
    if any(len(cell) > limits.cell_characters for cell in cells):
        return "cell_too_long"
    return "undecodable" if any(REPLACEMENT in cell for cell in cells) else ""


def _parse_record(lines: _Lines, index: int, separator: str, limits: TableLimits) -> _Record:
    """The record that begins on a line, which may go on over several lines inside quotation marks."""
    line = lines.line(index)
    if '"' not in line:
        return _Record([_remove_guard(cell) for cell in line.split(separator)], index + 1)
    text, position, current = lines.text, lines.starts[index], index
    cells: list[str] = []
    while True:
        end = lines.ends[current]
        if position < end and text[position] == '"':
            match = _QUOTED_BODY.match(text, position + 1, min(len(text), position + limits.cell_characters * 2))
            close = match.end() if match else position
            if close >= len(text) or text[close] != '"':
                return _Record([], len(lines), "unclosed_quote")
            body = text[position + 1 : close].replace('""', '"')
            position = close + 1
            while current < len(lines) - 1 and lines.starts[current + 1] <= close:
                current += 1
            if current - index > limits.quoted_lines:
                return _Record([], current + 1, "unclosed_quote")
            end = lines.ends[current]
            while position < end and text[position] in " \u3000" and separator != text[position]:
                position += 1
            if position < end and text[position] != separator:
                return _Record([], current + 1, "unclosed_quote")
            cells.append(_remove_guard(body))
        else:
            stop = text.find(separator, position, end)
            stop = end if stop < 0 else stop
            cells.append(_remove_guard(text[position:stop]))
            position = stop
        if position >= end:
            return _Record(cells, current + 1)
        position += 1


def _parse_alone(line: str, index: int, separator: str, width: int, code: str) -> _Record:
    """A line of a record that cannot be right, read by itself: a mark inside a cell is taken as a character.

    Programs that put cells in marks without doubling those inside write such lines. They are only taken when they
    come out with as many cells as the others have.
    """
    cells, position = [], 0
    while position <= len(line):
        if line.startswith('"', position):
            close = position
            while True:
                close = line.find('"', close + 1)
                if close < 0 or close + 1 == len(line) or line[close + 1] == separator:
                    break
            if close < 0:
                return _Record([], index + 1, code)
            cells.append(_remove_guard(line[position + 1 : close].replace('""', '"')))
            position = close + 2
        else:
            stop = line.find(separator, position)
            stop = len(line) if stop < 0 else stop
            cells.append(_remove_guard(line[position:stop]))
            position = stop + 1
    return _Record(cells, index + 1) if len(cells) == width else _Record([], index + 1, code)


def _remove_guard(cell: str) -> str:
    """Without the mark that our own CSV files put before a cell that looks like a formula, so that they can be read again."""
    return cell[1:] if _GUARDED.match(cell) else cell
