"""The inner side of `child_process`: limits that the system enforces, bytes in, JSON out, or JSON and bytes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

_NICE: Final = 5


def answer(work: Callable[[bytes, Sequence[str]], Any]) -> None:
    """Set the limits, read the bytes from standard input, do the work and write what it came to."""
    _write(work(*_begin()))


def answer_with_bytes(work: Callable[[bytes, Sequence[str]], tuple[Any, bytes]]) -> None:
    """The same for work that comes to bytes too: they follow behind the line of JSON."""
    result, content = work(*_begin())
    _write(result)
    sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.write(content)


def _begin() -> tuple[bytes, Sequence[str]]:
    """Set the limits. Returns the bytes from standard input, and the arguments."""
    memory_bytes, cpu_seconds, *arguments = sys.argv[1:]
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(memory_bytes), int(memory_bytes)))
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_seconds), int(cpu_seconds) + 1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(_NICE)
    return sys.stdin.buffer.read(), arguments


def _write(result: Any) -> None:
    sys.stdout.write(json.dumps(result))  # in ASCII: what the encoding of standard output is does not matter
    sys.stdout.flush()
