"""Check that files can be written, by writing one: a full or read-only disk shows in no other way."""

import asyncio
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from feedback.kernel.clock import monotonic
from feedback.kernel.errors import Unavailable

RETRY_SECONDS = 60
_PROBE_BYTES = 4096  # one block: less may fit where nothing else does
_FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class StorageState:
    """What was found in the folder. `fault`: the system's own words, "" when writing worked."""

    fault: str
    free_bytes: int
    min_free_bytes: int

    @property
    def is_good(self) -> bool:
        return not self.fault and self.free_bytes >= self.min_free_bytes


@dataclass
class Storage:
    """The folder of one process, tried anew every few seconds at most."""

    folder: Path
    min_free_bytes: int
    _state: StorageState | None = None
    _tried_at: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def state(self) -> StorageState:
        """What the last try found, or a fresh one."""
        async with self._lock:
            if self._state is None or monotonic() - self._tried_at > _FRESH_SECONDS:
                self._state = await asyncio.to_thread(probe, self.folder, self.min_free_bytes)
                self._tried_at = monotonic()
            return self._state


def probe(folder: Path, min_free_bytes: int) -> StorageState:
    """Write a small file into the folder, take it away again, and look how much is free."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".probe-") as file:
            file.write(os.urandom(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
        return StorageState("", shutil.disk_usage(folder).free, min_free_bytes)
    except OSError as fault:
        return StorageState(os.strerror(fault.errno) if fault.errno else str(fault), 0, min_free_bytes)


def require_space(folder: Path, min_free_bytes: int) -> None:
    """Refuse another file while too little is free: what is left belongs to the database.

    Raises Unavailable.
    """
    if shutil.disk_usage(folder).free < min_free_bytes:
        raise Unavailable("storage_full", seconds=RETRY_SECONDS)


def write_whole(path: Path, content: bytes) -> None:
    """Make the file whole or not at all; a write that fails leaves nothing behind.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
