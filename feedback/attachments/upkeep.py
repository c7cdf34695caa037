"""What is done with stored files later: deleted when nobody claims them, encrypted, scanned, compared with their rows."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from tortoise.expressions import Q

from feedback.attachments.file_store import SUFFIX, FileStore
from feedback.kernel.clamav import NotScanned, Scanner, ScannerAway
from feedback.kernel.encrypted_file import UnreadableFile
from feedback.record.models.case import Attachment
from feedback.rules.file_types import ScanState

_ORPHANS_MOST = 100  # files deleted in one slice
_OLD_FILES_MOST = 20  # files encrypted in one slice, up to 200 MB
_SCANNED_MOST = 10
_UNSCANNED = (ScanState.WAITING, ScanState.NONE)
_BATCH = 500
_OLD_FOLDERS = "[0-9a-f][0-9a-f]"
_OLD_NAME_LENGTH = 62
_log = structlog.get_logger("attachments")


async def delete_orphans(store: FileStore, *, now: datetime, hours: int) -> int:
    """Delete files that neither a message claimed nor a draft holds, at most a batch of them. Returns how many: 0 when none is left."""
    before = now - timedelta(hours=hours)
    unheld = Q(held_until__isnull=True) | Q(held_until__lt=now)
    rows = await Attachment.filter(unheld, case_id__isnull=True, made_at__lt=before).limit(_ORPHANS_MOST)
    for row in rows:
        await _delete_unless_claimed(store, row)
    await asyncio.to_thread(_forget_unfinished, store.folder, before.timestamp())
    return len(rows)


async def delete_unclaimed(store: FileStore, ids: Iterable[str]) -> None:
    """Delete those of the files that no message claimed: the form they were chosen for was given up."""
    for row in await Attachment.filter(id__in=list(ids), case_id__isnull=True):
        await _delete_unless_claimed(store, row)


async def _delete_unless_claimed(store: FileStore, row: Attachment) -> None:
    if not await Attachment.filter(id=row.id, case_id__isnull=True).delete():
        return  # claimed in this moment
    store.path(row.id).unlink(missing_ok=True)
    if not await Attachment.filter(digest=row.digest).exists():
        store.old_path(row.digest).unlink(missing_ok=True)


def _forget_unfinished(folder: Path, before: float) -> None:
    """Delete the temporary files of writes that a killed process never ended. `before`: seconds since 1970."""
    for path in folder.glob("*/tmp*"):
        if path.name.endswith(SUFFIX):
            continue  # an attachment whose id begins so
        with contextlib.suppress(FileNotFoundError):  # it has just been ended
            if path.stat().st_mtime < before:
                path.unlink()


async def list_damaged(store: FileStore) -> AsyncIterator[str]:
    """Ids of the attachments whose bytes are missing, do not open, or are not what their digest says."""
    last_id = ""
    while rows := await Attachment.filter(case_id__isnull=False, id__gt=last_id).order_by("id").limit(_BATCH):
        last_id = rows[-1].id
        for row in rows:
            if not await asyncio.to_thread(_is_whole, store, row):
                yield row.id


def _is_whole(store: FileStore, row: Attachment) -> bool:
    digest = hashlib.sha256()
    try:
        for piece in store.open(row).pieces():
            digest.update(piece)
    except (FileNotFoundError, UnreadableFile):
        return False
    # Between the encryption of an old file and that of its digest, the row still holds the plain one.
    return row.digest in (store.digest(digest.hexdigest()), digest.hexdigest())


async def encrypt_some(store: FileStore, position: str) -> str:
    """Encrypt some files that still lie in clear. Returns where to go on, "" when no other is left.

    Killed at any place it loses nothing: the file in clear goes last, and what was done is done again.
    """
    paths = await asyncio.to_thread(_list_old_files, store.folder, position)
    for path in paths:
        await _encrypt_old(store, path)
    return f"{paths[-1].parent.name}/{paths[-1].name}" if len(paths) == _OLD_FILES_MOST else ""


def _list_old_files(folder: Path, position: str) -> list[Path]:
    files: list[Path] = []
    for parent in sorted(folder.glob(_OLD_FOLDERS)):
        if parent.name < position[:2]:
            continue
        names = sorted(path for path in parent.iterdir() if len(path.name) == _OLD_NAME_LENGTH)
        if not names:
            with contextlib.suppress(OSError):  # a temporary file may still lie in it
                parent.rmdir()
        files.extend(path for path in names if f"{parent.name}/{path.name}" > position)
        if len(files) >= _OLD_FILES_MOST:
            break
    return files[:_OLD_FILES_MOST]


async def _encrypt_old(store: FileStore, path: Path) -> None:
    content = await asyncio.to_thread(path.read_bytes)
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != path.parent.name + path.name:
        _log.error("file is not what its name says and stays as it is", path=str(path))
        return
    for row in await Attachment.filter(digest=sha256):
        await asyncio.to_thread(store.write, row.id, content)
        await Attachment.filter(id=row.id, digest=sha256).update(digest=store.digest(sha256))
    if await Attachment.filter(digest=store.digest(sha256)).exists():
        await asyncio.to_thread(path.unlink)
    else:  # no row knows it: perhaps the database is older than the files
        _log.warning("file belongs to no attachment and stays as it is", path=str(path))


async def scan_some(store: FileStore, position: str = "") -> str:
    """Scan some files that wait for the scanner, and some of the time before there was one.

    Returns where to go on, an id; "" when no other is left or the scanner does not answer. A file that it gives no
    verdict on stays shut, is reported and holds up no other; the next run asks again.
    """
    if store.scanner is None:
        return ""
    rows = await Attachment.filter(scan__in=_UNSCANNED, id__gt=position).order_by("id").limit(_SCANNED_MOST)
    for row in rows:
        try:
            await _scan_stored(store, store.scanner, row)
        except ScannerAway as fault:
            _log.warning("virus scanner does not answer", **fault.details)
            return ""
    return rows[-1].id if len(rows) == _SCANNED_MOST else ""


async def _scan_stored(store: FileStore, scanner: Scanner, row: Attachment) -> None:
    """Raises ScannerAway."""
    try:
        virus = await scanner.find_virus(await asyncio.to_thread(_read, store, row))
    except NotScanned as fault:
        _log.error("virus scanner gives no verdict on an attachment, it waits", attachment=row.id, **fault.details)
        await Attachment.filter(id=row.id, scan=ScanState.NONE).update(scan=ScanState.WAITING)
        return
    except (FileNotFoundError, UnreadableFile):
        _log.error("attachment does not open", attachment=row.id)
        return
    if virus:
        _log.error("attachment carries a virus and stays shut", attachment=row.id, virus=virus)
    state = ScanState.INFECTED if virus else ScanState.CLEAN
    await Attachment.filter(id=row.id, scan__in=_UNSCANNED).update(scan=state)


def _read(store: FileStore, row: Attachment) -> bytes:
    return store.open(row).read()


async def count_waiting() -> int:
    """How many files wait for the virus scanner."""
    return await Attachment.filter(scan=ScanState.WAITING).count()
