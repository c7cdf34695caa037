"""Documents are examined in processes of their own, a few at a time."""

import asyncio
from pathlib import PurePath

from feedback.kernel import child_process
from feedback.kernel.child_process import ChildFailed, Limits
from feedback.kernel.errors import Invalid, Unavailable
from feedback.rules.file_types import DOCUMENTS as KINDS
from feedback.rules.file_types import FileType

_MODULE = "feedback.rules.documents"
_LIMITS = Limits(memory_bytes=500_000_000, cpu_seconds=15)
_AT_ONCE = 2
_WAITING_MOST = 20
_RETRY_SECONDS = 20
_ENDING_MOST = 6
_KIND_OF = {kind.suffixes[0]: kind for kind in KINDS}


class DocumentQueue:
    """How many are examined now, and how many wait."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def examine(self, name: str, content: bytes) -> FileType:
        """The kind of a document by what lies in it.

        Raises Invalid for one that is not taken ("too_complex": looking at it broke the limits), Unavailable while too
        many wait.
        """
        if self._waiting >= _WAITING_MOST:
            raise Unavailable(seconds=_RETRY_SECONDS)
        self._waiting += 1
        try:
            async with self._turns:
                answer = await child_process.run_module(_MODULE, content, (_ending(name),), _LIMITS)
        except ChildFailed as fault:
            raise Invalid({"file": "too_complex"}) from fault
        finally:
            self._waiting -= 1
        if "fault" in answer:
            raise Invalid({"file": answer["fault"]})
        return _KIND_OF[answer["suffix"]]


def _ending(name: str) -> str:
    """Only the ending decides anything, and the arguments of a process can be seen by everybody on the machine."""
    suffix = PurePath(name).suffix
    return suffix if suffix.isascii() and suffix.isprintable() and len(suffix) <= _ENDING_MOST else ""


DOCUMENTS = DocumentQueue()
