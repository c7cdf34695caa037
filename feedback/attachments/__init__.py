"""Store and serve attached files: type by content, metadata stripped, named by digest, never in a transaction.

Files lie under `<data>/files/ab/cdef…` by their SHA-256, so the same file twice is stored once.
"""

import asyncio
import contextlib
import hashlib
import io
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from feedback.kernel import identifiers, storage
from feedback.kernel.errors import Invalid, NotFound, Unavailable
from feedback.record.access_log import log_read
from feedback.record.models.case import Attachment, Case, Entry
from feedback.record.persistence import load_case_access
from feedback.rules import access, file_types
from feedback.rules.access import Actor
from feedback.rules.file_types import BMP, GIF, JPEG, PNG, WEBP, FileType

Image.MAX_IMAGE_PIXELS = file_types.MAX_PIXELS
pillow_heif.register_heif_opener(thumbnails=False)
_ORPHANS_MOST = 100  # files deleted in one slice
_WAITING_PICTURES_MOST = 10
_RETRY_SECONDS = 20
_FORMATS = {"JPEG": JPEG, "MPO": JPEG, "PNG": PNG, "WEBP": WEBP, "GIF": GIF, "BMP": BMP, "HEIF": JPEG, "AVIF": JPEG}
"""What a decoded picture is written as, by the format it came in: formats that not every browser shows become JPEG."""

SHOWN_INLINE = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})


async def store_file(
    name: str, content: bytes, folder: Path, *, now: datetime, most: int, min_free_bytes: int = 0
) -> Attachment:
    """Store a file and return its row, not yet belonging to a case.

    Raises Invalid when it is empty, too large, or not of a kind we take. Raises Unavailable while less than
    `min_free_bytes` are free: those are the database's.
    """
    if not content:
        raise Invalid({"file": "empty"})
    if len(content) > most:
        raise Invalid({"file": "too_large"}, most=most)
    kind = file_types.find_type(name, content)
    if kind is None:
        raise Invalid({"file": "type_refused"})
    if kind.is_picture:
        kind, content = await _PICTURES.clean(content)
    digest = hashlib.sha256(content).hexdigest()
    await asyncio.to_thread(storage.require_space, folder, min_free_bytes)
    await asyncio.to_thread(_write, _path(folder, digest), content)
    return await Attachment.create(
        id=identifiers.new_id(),
        name=file_types.clean_name(name, kind),
        size=len(content),
        type=kind.media_type,
        sha256=digest,
        made_at=now,
    )


async def list_unclaimed(ids: Iterable[str]) -> list[Attachment]:
    """The files among `ids` that no message claimed yet, in that order: for a form that is still being filled in."""
    unique_ids = list(dict.fromkeys(ids))
    rows_by_id = (
        {row.id: row for row in await Attachment.filter(id__in=unique_ids, case_id__isnull=True)} if unique_ids else {}
    )
    return [rows_by_id[attachment_id] for attachment_id in unique_ids if attachment_id in rows_by_id]


async def open_attachment(
    actor: Actor, attachment_id: str, folder: Path, *, no: str = "", log_at: datetime | None = None
) -> tuple[Attachment, Path]:
    """The file of a case the actor sees. `no`: only of this case. `log_at`: write down that staff opened it.

    Raises NotFound, also for a file whose case the actor may not see.
    """
    row = await Attachment.get_or_none(id=attachment_id)
    case = row and row.case_id and await Case.get_or_none(id=row.case_id)  # type: ignore[attr-defined] # added at run time
    case_access = await load_case_access(case) if case else None
    if not row or not case or not case_access or not access.may_see(actor, case_access):
        raise NotFound(attachment=attachment_id)
    if no and case.no != no:
        raise NotFound(attachment=attachment_id)
    if case.no == actor.case_no and not await Entry.filter(case_id=case.id, seq=row.seq, public=True).exists():
        raise NotFound(attachment=attachment_id)
    if log_at and (case_access.confidential or access.may_see_person(actor, case_access)):
        await log_read(actor, "attachment", case.no, row.name, now=log_at)
    return row, _path(folder, row.sha256)


async def delete_orphans(folder: Path, *, now: datetime, hours: int) -> int:
    """Delete files no message claimed, at most a batch of them. Returns how many: 0 when none is left."""
    rows = await Attachment.filter(case_id__isnull=True, made_at__lt=now - timedelta(hours=hours)).limit(_ORPHANS_MOST)
    for row in rows:
        await Attachment.filter(id=row.id, case_id__isnull=True).delete()
        if not await Attachment.filter(sha256=row.sha256).exists():
            _path(folder, row.sha256).unlink(missing_ok=True)
    await asyncio.to_thread(_forget_unfinished, folder, (now - timedelta(hours=hours)).timestamp())
    return len(rows)


def _forget_unfinished(folder: Path, before: float) -> None:
    """Delete the temporary files of writes that a killed process never ended. `before`: seconds since 1970."""
    for path in (folder / "files").glob("*/tmp*"):
        with contextlib.suppress(FileNotFoundError):  # it has just been ended
            if path.stat().st_mtime < before:
                path.unlink()


async def list_damaged(folder: Path) -> list[str]:
    """Ids of the attachments whose bytes are missing or not what their digest says."""
    return [
        row.id
        for row in await Attachment.filter(case_id__isnull=False).order_by("made_at")
        if not await asyncio.to_thread(_is_whole, _path(folder, row.sha256), row.sha256)
    ]


def _is_whole(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest


def _path(folder: Path, digest: str) -> Path:
    return folder / "files" / digest[:2] / digest[2:]


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: only a process killed half-way leaves a temporary file behind, which the night deletes."""
    if not path.exists():
        storage.write_whole(path, content)


class _PictureQueue:
    """Decodes one picture at a time in a thread of its own: a decoded one takes up to 200 MB and some seconds.

    The threads that check passwords and write files are others, so that nobody waits for pictures but who sends them.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")
        self._waiting = 0

    async def clean(self, content: bytes) -> tuple[FileType, bytes]:
        """The picture without what it says about its sender, and what it is then.

        Raises Invalid when it is damaged or too large, Unavailable while too many wait.
        """
        if self._waiting >= _WAITING_PICTURES_MOST:
            raise Unavailable(seconds=_RETRY_SECONDS)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, _clean_picture, content)
        finally:
            self._waiting -= 1


_PICTURES = _PictureQueue()


def _clean_picture(content: bytes) -> tuple[FileType, bytes]:
    """Decoded, turned upright and written anew: place, device and hidden previews stay behind."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > file_types.MAX_PIXELS:
                raise Invalid({"file": "too_many_pixels"})
            source, kind = image.format or "", _FORMATS[image.format or ""]
            image.load()
            if kind == GIF:
                return kind, content  # no EXIF, and the pictures of a moving one stay
            ImageOps.exif_transpose(image, in_place=True)
            image.info = {}
            target = image.convert("RGB") if kind == JPEG and image.mode not in ("RGB", "L", "CMYK") else image
            buffer = io.BytesIO()
            target.save(buffer, source if kind != JPEG else "JPEG", **_SAVE_OPTIONS.get(kind, {}))
            return kind, buffer.getvalue()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise Invalid({"file": "too_many_pixels"}) from fault
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, KeyError, EOFError) as fault:
        raise Invalid({"file": "damaged"}) from fault


_SAVE_OPTIONS: Mapping[FileType, Mapping[str, Any]] = {
    JPEG: {"quality": 90},
    WEBP: {"quality": 90},
    PNG: {"compress_level": 3},
}
