"""Run heavy work in a process of its own at low priority, JSON in and JSON out, while requests are answered.

A module that can work so calls `subprocess_worker.answer(work)` under `__main__`. Killed with its parent or without, such a process
leaves nothing that anybody refers to.
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


async def run(module: str, order: Any) -> Any:
    """What `python -m module` makes of the order.

    Raises RuntimeError with what that process complained of.
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


def answer(work: Callable[[Any], Any]) -> None:
    """Read the order, do the work, write what came of it."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    sys.stdout.write(json.dumps(work(json.load(sys.stdin)), ensure_ascii=False, default=str))
