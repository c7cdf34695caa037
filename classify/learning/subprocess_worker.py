"""Run heavy work in a process of its own at low priority, JSON in and JSON out, while requests are answered.

A module that offers such work calls `subprocess_worker.run_order(work)` under `__main__`. When such a process is killed,
it leaves nothing that any row refers to.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[2]
_NICE: Final = 10


async def run_module(module: str, order: Any) -> Any:
    """Run `python -m module` with the order as input and return its output.

    Raises RuntimeError with the error output of that process.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module), cwd=_ROOT, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        out, err = await process.communicate(json.dumps(order, ensure_ascii=False, default=str).encode())
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise RuntimeError(err.decode(errors="replace")[-2000:])
    return json.loads(out)


def run_order(work: Callable[[Any], Any]) -> None:
    """Read the order from standard input, do the work, and write its result to standard output."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    sys.stdout.write(json.dumps(work(json.load(sys.stdin)), ensure_ascii=False, default=str))
