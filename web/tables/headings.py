"""Finding the line that holds the headings, and which field each heading means."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from web.tables.model import Expected, RawRow

_BRACKETS: Final = re.compile(r"[(\[【<][^()\[\]【】<>]{0,40}[)\]】>]")
_BLANK: Final = re.compile(r"[\s\u200b\ufeff]+")
_SEARCHED_LINES: Final = 60


def normalize_heading(text: str) -> str:
    """A heading for comparison: plain width, lower case, without blanks, line breaks, remarks in brackets and marks."""
    plain = _BLANK.sub("", unicodedata.normalize("NFKC", text)).casefold()
    without_remarks = _BRACKETS.sub("", plain)
    return (without_remarks or plain).strip("*:：、.。'\"#_-")


def clean_heading(text: str) -> str:
    """A heading as it is shown: on one line."""
    return _BLANK.sub(" ", text).strip()


def match_fields(headings: Sequence[str], expected: Expected) -> dict[str, str]:
    """Field -> the heading understood for it. A field takes its most usual heading; a heading serves one field."""
    by_form: dict[str, str] = {}
    for heading in headings:
        by_form.setdefault(normalize_heading(heading), heading)
    fields: dict[str, str] = {}
    for field, usual_headings in expected.items():
        for usual in usual_headings:
            heading = by_form.get(normalize_heading(usual), "")
            if heading and heading not in fields.values():
                fields[field] = heading
                break
    return fields


def count_matches(cells: Sequence[str], expected: Expected) -> int:
    """How many fields the cells of a line would name."""
    return len(match_fields([cell for cell in cells if cell.strip()], expected))


def find_heading_row(rows: Sequence[RawRow], expected: Expected) -> tuple[RawRow | None, int]:
    """The row that names most fields, the earliest of several, and how many it names. (None, 0) when none does."""
    best: tuple[RawRow | None, int] = (None, 0)
    forms: Mapping[str, object] = {normalize_heading(h): None for usual in expected.values() for h in usual}
    for row in rows[:_SEARCHED_LINES]:
        if not any(normalize_heading(cell) in forms for cell in row.cells if cell and len(cell) <= 100):
            continue
        matches = count_matches(row.cells, expected)
        if matches > best[1]:
            best = (row, matches)
    return best


def name_columns(cells: Iterable[str], width: int) -> tuple[str, ...]:
    """A name for every column, each once: its heading, or its letter where it has none."""
    texts = [clean_heading(cell) for cell in cells][:width]
    texts += [""] * (width - len(texts))
    names: dict[str, None] = {}
    for index, text in enumerate(texts):
        base = name = text or column_letter(index)
        number = 1
        while name in names:
            number += 1
            name = f"{base} ({number})"
        names[name] = None
    return tuple(names)


def column_letter(index: int) -> str:
    """The letters of a column counted from 0, as spreadsheet programs show them: A, Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
