"""The inner side of `child_process`: limits that the system enforces, bytes in, JSON out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

_NICE: Final = 5


def answer(work: Callable[[bytes, Sequence[str]], Any]) -> None:
    """Set the limits, read the bytes from standard input, do the work and write what it came to."""
    memory_bytes, cpu_seconds, *arguments = sys.argv[1:]
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(memory_bytes), int(memory_bytes)))
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_seconds), int(cpu_seconds) + 1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(_NICE)
    sys.stdout.write(json.dumps(work(sys.stdin.buffer.read(), arguments), ensure_ascii=False))
