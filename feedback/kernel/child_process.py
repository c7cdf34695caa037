"""Look at hostile bytes in a process of its own, with limits on memory and time that the system enforces.

A module that offers such work calls `child_limits.answer(work)` under `__main__`: bytes come in, JSON goes out, or with
`answer_with_bytes` a line of JSON and bytes. The parent's memory and its event loop are never touched by what is in them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[2]
_START_SECONDS: Final = 20.0  # a process on a busy machine takes its time before it begins to count


class ChildFailed(RuntimeError):
    """The process was killed for what it used, took too long, or broke."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What such a process may use: address space, processor time, and time by the clock as a multiple of that."""

    memory_bytes: int
    cpu_seconds: int
    patience: int = 3


async def run_module(module: str, content: bytes, arguments: Sequence[str], limits: Limits) -> Any:
    """Run `python -m module`, hand it `content`, and return what it answers.

    Raises ChildFailed.
    """
    return _parse(await _run(module, content, arguments, limits))


async def run_module_for_bytes(
    module: str, content: bytes, arguments: Sequence[str], limits: Limits
) -> tuple[Any, bytes]:
    """The same of a module that calls `child_limits.answer_with_bytes`: its answer, and the bytes that go with it.

    Raises ChildFailed.
    """
    answer, _, result = (await _run(module, content, arguments, limits)).partition(b"\n")
    return _parse(answer), result


async def _run(module: str, content: bytes, arguments: Sequence[str], limits: Limits) -> bytes:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, str(limits.memory_bytes), str(limits.cpu_seconds), *arguments),
        cwd=_ROOT,
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.DEVNULL,
        env={"MALLOC_ARENA_MAX": "1"},  # it learns nothing of this installation, least of all the secret
    )
    try:
        async with asyncio.timeout(_START_SECONDS + limits.cpu_seconds * limits.patience):
            out, _ = await process.communicate(content)
    except TimeoutError as fault:
        raise ChildFailed("took too long") from fault
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise ChildFailed(f"ended with {process.returncode}")
    return out


def _parse(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError as fault:
        raise ChildFailed("gave no answer") from fault
