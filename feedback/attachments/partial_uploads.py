"""Large files that arrive in parts, over lines that break: what has come stays, encrypted, until the rest has too.

One folder for each under `uploads`, by its random id: `head.xq` with name, length and time, and each part under the
place where it begins. What has arrived is what lies there without a gap. The id becomes that of the attachment.
"""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from feedback.attachments.file_store import SUFFIX, FileStore
from feedback.attachments.files import store_file
from feedback.kernel import encrypted_file, identifiers, storage
from feedback.kernel.encrypted_file import EncryptedFile, UnreadableFile
from feedback.kernel.errors import Conflict, Invalid, NotFound
from feedback.record.models.case import Attachment

PART_BYTES = 1_000_000
PARTS_MOST = 1_000
"""Of one file: a line that breaks after every 100 KB still brings 100 MB."""
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_HEAD = "head" + SUFFIX
_finishing = asyncio.Semaphore(1)  # the whole file lies in memory meanwhile


class _Head(msgspec.Struct, frozen=True):
    """What is known of a file before any of it has come."""

    name: str
    length: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PartialUpload:
    """A file on its way: `offset` of its `length` bytes have come; what is not whole at `expires_at` is deleted."""

    id: str
    name: str
    length: int
    offset: int
    expires_at: datetime

    @property
    def is_whole(self) -> bool:
        return self.offset == self.length


async def create(store: FileStore, name: str, length: int, *, now: datetime, hours: int) -> PartialUpload:
    """Begin a file of `length` bytes, which may take `hours` to arrive.

    Raises Invalid when it is empty or larger than any that is taken, Unavailable while too little space is free.
    """
    if length <= 0:
        raise Invalid({"file": "empty"})
    if length > max(store.most_bytes, store.most_recording_bytes):
        raise Invalid({"file": "too_large"}, code="too_large")
    await asyncio.to_thread(store.require_space)
    upload = PartialUpload(identifiers.new_id(), name, length, 0, now + timedelta(hours=hours))
    head = msgspec.json.encode(_Head(name, length, upload.expires_at))
    await asyncio.to_thread(_write, store, upload.id, _HEAD, head)
    return upload


async def load(store: FileStore, upload_id: str, *, now: datetime) -> PartialUpload:
    """How far a file has come. One that was taken in already has come whole.

    Raises NotFound for one that nobody began, was refused, or whose time is over.
    """
    if not _ID.fullmatch(upload_id):
        raise NotFound(upload=upload_id)
    head = await asyncio.to_thread(_read_head, store, upload_id)
    if head is None or head.expires_at <= now:
        raise NotFound(upload=upload_id)
    is_taken_in = await Attachment.filter(id=upload_id).exists()
    offset = head.length if is_taken_in else await asyncio.to_thread(_measure, store, upload_id)
    return PartialUpload(upload_id, head.name, head.length, offset, head.expires_at)


async def append(store: FileStore, upload: PartialUpload, offset: int, part: bytes) -> int:
    """Store a part that begins at `offset`. Returns where the next one begins.

    Raises Conflict when another part was stored there meanwhile, Invalid when it is in too many parts or longer than
    was said.
    """
    if offset + len(part) > upload.length:
        raise Invalid({"file": "too_large"}, code="too_large")
    await asyncio.to_thread(_append, store, upload.id, offset, part)
    return offset + len(part)


async def finish(store: FileStore, upload: PartialUpload, *, now: datetime) -> None:
    """Take in a file that has come whole, under the same id. Doing it again changes nothing.

    Raises what `store_file` raises; a file that is refused is deleted.
    """
    async with _finishing:
        if not await Attachment.filter(id=upload.id).exists():
            content = await asyncio.to_thread(_join, store, upload.id)
            try:
                await store_file(upload.name, content, store, now=now, attachment_id=upload.id)
            except Invalid:
                await delete(store, upload.id)
                raise
        await asyncio.to_thread(_delete_parts, store, upload.id)  # the head answers whoever missed the last answer


async def delete(store: FileStore, upload_id: str) -> None:
    """Forget what has come of a file."""
    await asyncio.to_thread(shutil.rmtree, _folder(store, upload_id), ignore_errors=True)


async def delete_expired(store: FileStore, *, now: datetime) -> int:
    """Forget files that did not come whole in time. Returns how many."""
    return await asyncio.to_thread(_delete_expired, store, now)


def _delete_expired(store: FileStore, now: datetime) -> int:
    count = 0
    for folder in _uploads(store).glob("*"):
        head = _read_head(store, folder.name)
        if head is None or head.expires_at <= now:
            shutil.rmtree(folder, ignore_errors=True)
            count += 1
    return count


def _uploads(store: FileStore) -> Path:
    return store.folder.parent / "uploads"


def _folder(store: FileStore, upload_id: str) -> Path:
    return _uploads(store) / upload_id


def _sealed_name(upload_id: str, name: str) -> str:
    """Authenticated with the part: none opens in another's place."""
    return f"{upload_id}/{name}"


def _write(store: FileStore, upload_id: str, name: str, content: bytes) -> None:
    sealed = encrypted_file.encrypt(store.vault, _sealed_name(upload_id, name), content)
    storage.write_whole(_folder(store, upload_id) / name, sealed)


def _read_head(store: FileStore, upload_id: str) -> _Head | None:
    path = _folder(store, upload_id) / _HEAD
    try:
        content = EncryptedFile.open(store.vault, _sealed_name(upload_id, _HEAD), path).read()
        return msgspec.json.decode(content, type=_Head)
    except (FileNotFoundError, UnreadableFile, msgspec.MsgspecError):
        return None


def _parts(store: FileStore, upload_id: str) -> Iterator[EncryptedFile]:
    """The parts in their order, up to the first gap."""
    offset = 0
    while True:
        name = _part_name(offset)
        try:
            part = EncryptedFile.open(store.vault, _sealed_name(upload_id, name), _folder(store, upload_id) / name)
        except FileNotFoundError:
            return
        yield part
        offset += part.size


def _part_name(offset: int) -> str:
    return f"{offset:012d}{SUFFIX}"


def _delete_parts(store: FileStore, upload_id: str) -> None:
    for path in _folder(store, upload_id).glob("0*" + SUFFIX):
        path.unlink(missing_ok=True)


def _measure(store: FileStore, upload_id: str) -> int:
    return sum(part.size for part in _parts(store, upload_id))


def _join(store: FileStore, upload_id: str) -> bytes:
    return b"".join(part.read() for part in _parts(store, upload_id))


def _append(store: FileStore, upload_id: str, offset: int, part: bytes) -> None:
    """A part is there whole or not at all, and never replaces another one."""
    folder, name = _folder(store, upload_id), _part_name(offset)
    if sum(1 for _ in folder.glob("0*" + SUFFIX)) >= PARTS_MOST:
        raise Invalid({"file": "too_many_parts"})
    sealed = encrypted_file.encrypt(store.vault, _sealed_name(upload_id, name), part)
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix="tmp") as file:
            file.write(sealed)
            file.flush()
            (folder / name).hardlink_to(file.name)
    except FileExistsError as fault:
        raise Conflict("upload_offset") from fault
    except FileNotFoundError as fault:  # deleted meanwhile
        raise NotFound(upload=upload_id) from fault
