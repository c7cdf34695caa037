"""Store and serve attached files: type by content, metadata stripped, named by digest, never in a transaction.

Files lie under `<data>/files/ab/cdef…` by their SHA-256, so the same file twice is stored once.
"""

import asyncio
import contextlib
import hashlib
import io
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path, PurePath

from PIL import Image, ImageOps, UnidentifiedImageError

from feedback.kernel import identifiers, storage
from feedback.kernel.errors import Invalid, NotFound
from feedback.record.access_log import log_read
from feedback.record.models.case import Attachment, Case, Entry
from feedback.record.persistence import load_case_access
from feedback.rules import access
from feedback.rules.access import Actor
from feedback.rules.intake import clean_line

Image.MAX_IMAGE_PIXELS = 60_000_000  # a phone photo has 50 million at most; more is a decompression bomb
_ORPHANS_MOST = 100  # files deleted in one slice
_ZIP_SIGNATURE = b"PK\x03\x04"
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", ".doc .xls .wps .et"),
    (_ZIP_SIGNATURE, "application/zip", ".docx .xlsx .ofd"),
)
_IMAGE_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif", "BMP": "image/bmp"}
_MEDIA_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (8, b"WAVE", "audio/wav"),
)
_OFFICE_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ofd": "application/ofd",
}
_OLE_TYPES = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".wps": "application/vnd.ms-works",
    ".et": "application/vnd.ms-excel",
}
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
    name = _plain_name(name)
    kind, content = await asyncio.to_thread(_clean_content, name, content)
    digest = hashlib.sha256(content).hexdigest()
    await asyncio.to_thread(storage.require_space, folder, min_free_bytes)
    await asyncio.to_thread(_write, _path(folder, digest), content)
    return await Attachment.create(
        id=identifiers.new_id(), name=name, size=len(content), type=kind, sha256=digest, made_at=now
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


def _plain_name(name: str) -> str:
    stem = clean_line(PurePath(name.replace("\\", "/")).name)
    return re.sub(r'[<>:"|?*]', "_", stem)[-120:] or "附件"


def _clean_content(name: str, content: bytes) -> tuple[str, bytes]:
    """The type by content, and the content without what it says about the sender (place, device)."""
    suffix = PurePath(name).suffix.lower()
    for signature, kind, suffixes in _SIGNATURES:
        if content.startswith(signature):
            if kind == "application/pdf":
                return kind, content
            types = _OFFICE_TYPES | _OLE_TYPES
            if suffix in suffixes.split():
                return types[suffix], content
            raise Invalid({"file": "type_refused"})
    for offset, signature, kind in _MEDIA_SIGNATURES:
        if content[offset : offset + len(signature)] == signature:
            return kind, content
    try:
        return _clean_image(content)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        pass
    if suffix == ".txt" and _is_text(content):
        return "text/plain", content
    raise Invalid({"file": "type_refused"})


def _clean_image(content: bytes) -> tuple[str, bytes]:
    with Image.open(io.BytesIO(content)) as image:
        image_format = image.format or ""
        if image_format not in _IMAGE_TYPES:
            raise UnidentifiedImageError(image_format)
        image.load()
        if image_format == "GIF":
            return _IMAGE_TYPES[image_format], content  # no EXIF, and the pictures of a moving one stay
        upright = ImageOps.exif_transpose(image)
        buffer = io.BytesIO()
        upright.info = {}
        upright.save(buffer, image_format, **({"quality": 90} if image_format in ("JPEG", "WEBP") else {}))
        return _IMAGE_TYPES[image_format], buffer.getvalue()


def _is_text(content: bytes) -> bool:
    try:
        return "\x00" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False
