"""Pictures are decoded and written anew in a process of its own, one at a time, so that nothing they say about their
sender is kept and none takes the memory of those who serve pages."""

import asyncio

from feedback.kernel import child_process
from feedback.kernel.child_process import ChildFailed, Limits
from feedback.kernel.errors import Invalid, Unavailable
from feedback.rules.file_types import GIF, JPEG, PNG, FileType

_MODULE = "feedback.rules.pictures"
_LIMITS = Limits(memory_bytes=600_000_000, cpu_seconds=30)
"""Twice the 200 MB of the largest picture, for one that is turned upright; the rest is libraries, which count here too."""
WAITING_MOST = 10
_RETRY_SECONDS = 20
_KIND_OF = {kind.suffixes[0]: kind for kind in (JPEG, PNG, GIF)}


class PictureQueue:
    """How many are cleaned now, and how many wait."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def clean(self, content: bytes, most_bytes: int) -> tuple[FileType, bytes]:
        """The picture without what it says about its sender, and what it is then.

        Raises Invalid when it is damaged, too large or takes too much to decode, Unavailable while too many wait.
        """
        if self._waiting >= WAITING_MOST:
            raise Unavailable(seconds=_RETRY_SECONDS)
        self._waiting += 1
        try:
            async with self._turn:
                answer, cleaned = await child_process.run_module_for_bytes(
                    _MODULE, content, (str(most_bytes),), _LIMITS
                )
        except ChildFailed as fault:
            raise Invalid({"file": "picture_too_complex"}) from fault
        finally:
            self._waiting -= 1
        if fault_code := answer.get("fault"):
            raise Invalid({"file": fault_code}, most=most_bytes)
        return _KIND_OF[answer["suffix"]], cleaned


PICTURES = PictureQueue()
