"""Reading tables of messages for the classifier: titles, texts, labels, and which rows a trial takes."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from classify.learning.trainer import MessageFile
from feedback.kernel.errors import Invalid
from web.tables.model import Table
from web.tables.reader import read_table_in_child
from web.wording import catalogue

EXPECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "subject": ("subject", "title", "标题", "主题", "留言主题"),
    "text": ("text", "content", "内容", "留言详情", "诉求内容"),
    "label": ("label", "category", "分类", "类别", "内容分类", "一级标签", "一级分类"),
    "split": ("split",),
}
_SHOWN_LINES: Final = 20


async def read_messages(path: Path) -> MessageFile:
    """The messages of a table of any format. Lines that could not be read are named on standard error.

    Raises Invalid when the file is none, or has no known heading.
    """
    try:
        content = path.read_bytes()  # noqa: ASYNC240 - the command line has nothing else to do meanwhile
    except OSError as fault:
        raise Invalid({"file": "unreadable"}, file=path.name, fault=str(fault)) from fault
    table = await read_table_in_child(content, path.name, expected=EXPECTED)
    _print_faulty_lines(table)
    rows = [(row.line, {field: row.cells[heading] for field, heading in table.fields.items()}) for row in table.rows]
    return MessageFile(path.name, rows)


def _print_faulty_lines(table: Table) -> None:
    for line in table.faulty_lines[:_SHOWN_LINES]:
        sentence = catalogue.fault_words("line", line.code)
        print(catalogue.fault_words("line", "at_line", {"line": line.line, "sentence": sentence}), file=sys.stderr)
    if count := len(table.faulty_lines):
        print(catalogue.error_words("faulty_lines", lines=count, rows=len(table.rows)), file=sys.stderr)
