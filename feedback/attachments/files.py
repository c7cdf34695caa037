"""Take files in and hand them out. Nothing here runs inside a transaction."""

import asyncio
import hashlib
from collections.abc import Iterable
from datetime import datetime

import structlog

from feedback.attachments import document_queue
from feedback.attachments.file_store import Content, FileStore
from feedback.attachments.pictures import PICTURES
from feedback.kernel import identifiers
from feedback.kernel.clamav import NotScanned, ScannerAway
from feedback.kernel.encrypted_file import UnreadableFile
from feedback.kernel.errors import Invalid, NotFound, NotNow, Unavailable
from feedback.record.access_log import log_read
from feedback.record.models.case import Attachment, Case, Entry
from feedback.record.persistence import load_case_access
from feedback.rules import access, file_types
from feedback.rules.access import Actor
from feedback.rules.file_types import ScanState
from feedback.rules.vocabulary import Act

SHOWN_INLINE = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_RESTORE_SECONDS = 3600  # somebody has to fetch it from a backup first
_log = structlog.get_logger("attachments")


async def store_file(
    name: str, content: bytes, store: FileStore, *, now: datetime, attachment_id: str = ""
) -> tuple[Attachment, str]:
    """Store a file. Returns its row, not yet belonging to a case, and the SHA-256 of what is kept.

    `attachment_id`: its id, for one that had an id while it was on its way.

    Raises Invalid when it is empty, too large, not of a kind we take, or carries a virus. Raises Unavailable while too
    many wait or too little space is free: that is the database's.
    """
    if not content:
        raise Invalid({"file": "empty"})
    kind = file_types.find_type(name, content)
    most_bytes = store.most_bytes
    if kind is not None and kind.is_recording:
        most_bytes = max(most_bytes, store.most_recording_bytes)
    if len(content) > most_bytes:
        raise Invalid({"file": "too_large"}, most=most_bytes)
    if kind is None:
        raise Invalid({"file": "type_refused"})
    await asyncio.to_thread(store.require_space)
    if kind.is_picture:
        kind, content = await PICTURES.clean(content, store.most_bytes)
    elif kind.is_document:
        kind = await document_queue.DOCUMENTS.examine(name, content)
    scan = await _scan(store, content)
    sha256 = hashlib.sha256(content).hexdigest()
    row = await Attachment.create(
        id=attachment_id or identifiers.new_id(),
        name=file_types.clean_name(name, kind),
        size=len(content),
        type=kind.media_type,
        digest=store.digest(sha256),
        scan=scan,
        made_at=now,
    )
    try:
        await asyncio.to_thread(store.write, row.id, content)
    except BaseException:
        await row.delete()  # a process killed here leaves a row that no message claims, and the night deletes
        raise
    return row, sha256


async def _scan(store: FileStore, content: bytes) -> ScanState:
    """Raises Invalid for a virus. A file nobody could look at is kept, and opened by nobody until somebody has."""
    if store.scanner is None:
        return ScanState.NONE
    try:
        virus = await store.scanner.find_virus(content)
    except (ScannerAway, NotScanned) as fault:
        _log.warning("virus scanner gave no verdict, the file waits", code=fault.code, **fault.details)
        return ScanState.WAITING
    if virus:
        _log.warning("file with a virus refused", virus=virus)
        raise Invalid({"file": "infected"}, code="infected")
    return ScanState.CLEAN


async def list_unclaimed(ids: Iterable[str]) -> list[Attachment]:
    """The files among `ids` that no message claimed yet, in that order: for a form that is still being filled in."""
    unique_ids = list(dict.fromkeys(ids))
    rows_by_id = (
        {row.id: row for row in await Attachment.filter(id__in=unique_ids, case_id__isnull=True)} if unique_ids else {}
    )
    return [rows_by_id[attachment_id] for attachment_id in unique_ids if attachment_id in rows_by_id]


async def hold_for_draft(ids: Iterable[str], until: datetime) -> None:
    """Keep these files as long as the half-filled form that names them."""
    if unique_ids := list(dict.fromkeys(ids)):
        await Attachment.filter(id__in=unique_ids, case_id__isnull=True).update(held_until=until)


async def _find_case_it_answered(no: str, attachment_id: str) -> Case | None:
    """The case of that number, if the answer it shares with a leading case brought this file."""
    answers = await Entry.filter(case__no=no, act=Act.ANSWER_MERGED.value).prefetch_related("case")
    return next((e.case for e in answers if attachment_id in e.data.get("shared_files", ())), None)


async def open_attachment(
    actor: Actor, attachment_id: str, store: FileStore, *, no: str = "", log_at: datetime | None = None
) -> tuple[Attachment, Content]:
    """The file of a case the actor sees. `no`: only of this case. `log_at`: write down that staff opened it.

    Raises NotFound, also for a file whose case the actor may not see, NotNow for one that waits for the virus scanner
    or failed there, and Unavailable ("file_damaged") for one whose bytes are missing or changed.
    """
    is_shared = False
    row = await Attachment.get_or_none(id=attachment_id)
    case = row and row.case_id and await Case.get_or_none(id=row.case_id)  # type: ignore[attr-defined] # added at run time
    case_access = await load_case_access(case) if case else None
    if row and (shared_no := no or actor.case_no) and case and case.no != shared_no:
        # What came with the answer to a leading case is opened through the case it answered as well.
        case = await _find_case_it_answered(shared_no, attachment_id)
        case_access = await load_case_access(case) if case else None
        is_shared = True
    if not row or not case or not case_access or not access.may_see(actor, case_access):
        raise NotFound(attachment=attachment_id)
    if no and case.no != no:
        raise NotFound(attachment=attachment_id)
    if (
        not is_shared
        and case.no == actor.case_no
        and not await Entry.filter(case_id=case.id, seq=row.seq, public=True).exists()
    ):
        raise NotFound(attachment=attachment_id)
    if row.scan in (ScanState.WAITING, ScanState.INFECTED):
        raise NotNow(f"scan_{row.scan}")
    if log_at and (case_access.confidential or access.may_see_person(actor, case_access)):
        await log_read(actor, "attachment", case.no, row.name, now=log_at)
    row.name = file_types.clean_stored_name(row.name, row.type)  # rows of older versions hold what senders wrote
    try:
        return row, await asyncio.to_thread(store.open, row)
    except (FileNotFoundError, UnreadableFile) as fault:
        _log.error("attachment does not open", attachment=row.id, fault=repr(fault))
        raise Unavailable("file_damaged", seconds=_RESTORE_SECONDS) from fault
