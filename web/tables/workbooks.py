"""Reading the other formats of spreadsheet programs: .xls, .et and .xlsb, through calamine."""

import io
from collections.abc import Iterator

from web.tables.cells import cell_text
from web.tables.model import CellBudget, RawRow, RawSheet, TableLimits, refuse_file

_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


def read_workbook(content: bytes, limits: TableLimits) -> Iterator[RawSheet]:
    """The sheets of a workbook. Raises Invalid.

    The library lays out the rectangle around all cells of a sheet: a file of strangers is read in a child process,
    which ends when that takes too much memory.
    """
    import python_calamine

    if _ENCRYPTED_PACKAGE in content[:200_000]:
        refuse_file("has_password")
    budget = CellBudget(limits)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in book.sheet_names[: limits.sheets]:
            sheet = book.get_sheet_by_name(name)
            if sheet.end is not None:
                budget.spend(sheet.end[0] + 1, sheet.end[1] + 1)
            rows = []
            for line, values in enumerate(sheet.to_python(skip_empty_area=False), 1):
                budget.spend(line, len(values))
                rows.append(RawRow(line, [cell_text(value) for value in values]))
            yield RawSheet(name, rows)
    except python_calamine.PasswordError:
        refuse_file("has_password")
    except (python_calamine.CalamineError, ValueError, OSError):
        refuse_file("unreadable_table")
