"""The child process that reads one table within limits, so that a hostile file ends it and nothing else.

It gets one line of JSON and then the file, and answers with JSON. It knows no settings and no secret: its environment
is empty.
"""

import json
import os
import resource
import sys
from typing import Final

from feedback.kernel.errors import Invalid
from web.tables import child_messages
from web.tables.model import TableLimits
from web.tables.reader import read_table

_NICE: Final = 5


def _limit_process(limits: TableLimits) -> None:
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 2))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))


def main() -> int:
    """Read the order and the file from standard input, and write the table or the refusal to standard output."""
    source = sys.stdin.buffer
    order = json.loads(source.readline())
    limits = TableLimits(**order.pop("limits"))
    _limit_process(limits)
    content = source.read()
    try:
        answer = child_messages.pack_table(read_table(content, limits=limits, **order))
    except Invalid as fault:
        answer = child_messages.pack_refusal(fault)
    except MemoryError:
        return 1
    sys.stdout.buffer.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
