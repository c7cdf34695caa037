"""Registry of releases: which one is in force, promotion and roll-back.

A release is a folder under `<data>/releases`; the table says which one is current. Promotion is one transaction, so a
process killed in the middle leaves the old release in force. Every process checks the table before it uses its copy, so
a new release is used without a restart.
"""

import asyncio
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

from classify.model.release import Model
from classify.model.release_files import ReleaseDamaged, load
from classify.model.seed_examples import Example, seed_examples
from classify.models import Release
from feedback.kernel import db
from feedback.kernel.errors import Conflict, NotFound

FOLDER: Final = "releases"
MAX_FOLDERS: Final = 20  # the folders of the newest releases stay on disk, so that they can be restored
_log = structlog.get_logger("registry")


async def load_current(data: Path, known: Model | None) -> Model | None:
    """The release in force; `known` while it has not changed. None while there is no release.

    A release whose files are damaged is not used: the known one stays in use, else the last undamaged one.
    """
    row = await Release.get_or_none(is_current=True)
    if row is None:
        return None
    if known is not None and known.release == row.id:
        return known
    try:
        return await asyncio.to_thread(load, data / FOLDER / row.folder)
    except ReleaseDamaged as fault:
        _log.error("the release in force is damaged", release=row.id, fault=str(fault))
        return known or await _load_last_whole(data)


async def _load_last_whole(data: Path) -> Model | None:
    for row in await Release.filter(promoted_at__isnull=False, is_current=False).order_by("-promoted_at"):
        try:
            return await asyncio.to_thread(load, data / FOLDER / row.folder)
        except ReleaseDamaged:
            continue
    return None


async def load_current_id() -> str:
    """The id of the release in force, or ""."""
    row = await Release.get_or_none(is_current=True)
    return row.id if row else ""


async def ensure_first_release(duties: Iterable[tuple[str, Sequence[str]]], data: Path, *, now: datetime) -> str:
    """Make the first release, from knowledge alone, if there is none yet. Returns the id of the current one."""
    row = await Release.get_or_none(is_current=True)
    if row is not None:
        return row.id
    examples = seed_examples(duties)
    release = await asyncio.to_thread(_fit, examples, data / FOLDER)
    await store_and_promote(release, "cold", {}, now=now)
    return release


def _fit(examples: Sequence[Example], folder: Path) -> str:
    from classify.model import release_files, training

    return release_files.save(training.fit(examples), folder)


async def store_candidate(
    release: str, kind: str, trial: Mapping[str, Any], *, by: str, refused: Sequence[str], now: datetime
) -> None:
    """Store a saved candidate with its trial, without putting it in force."""
    columns: dict[str, Any] = {"kind": kind, "trial": dict(trial), "refused": " ".join(refused)[:300]}
    if not await Release.filter(id=release).update(**columns):
        await Release.create(id=release, folder=release, digest=release, made_at=now, made_by=by, **columns)


async def promote(release: str, *, by: str, now: datetime, instead_of: str | None = None) -> None:
    """Put a stored release in force. `instead_of`: only in place of that one, with which it was compared.

    Raises NotFound, or Conflict when another one came into force meanwhile.
    """
    async with db.transaction():
        if instead_of is not None and await load_current_id() != instead_of:
            raise Conflict(release=release)
        await Release.filter(is_current=True).update(is_current=False)
        if not await Release.filter(id=release).update(is_current=True, promoted_at=now, promoted_by=by):
            raise NotFound(release=release)


async def store_and_promote(release: str, kind: str, trial: Mapping[str, Any], *, now: datetime, by: str = "") -> None:
    """Store a saved release and put it in force. The former one stays on disk, so that it can be restored."""
    await store_candidate(release, kind, trial, by=by, refused=(), now=now)
    await promote(release, by=by, now=now)


async def roll_back(data: Path, *, by: str, now: datetime, release: str = "") -> str:
    """Put an earlier release back in force: the one named, else the last undamaged one made before the current one that
    was in force. Returns its id.

    Raises NotFound when there is none.
    """
    current = await Release.get_or_none(is_current=True)
    if release:
        rows = await Release.filter(id=release)
    elif current is not None:
        rows = await Release.filter(promoted_at__isnull=False, made_at__lt=current.made_at).order_by("-made_at")
    else:
        rows = await Release.filter(promoted_at__isnull=False).order_by("-made_at")
    for row in rows:
        if await asyncio.to_thread(is_whole, data, row.folder):
            await promote(row.id, by=by, now=now)
            return row.id
    raise NotFound(release=release)


def is_whole(data: Path, folder: str) -> bool:
    """Whether the files of a release are complete and undamaged."""
    try:
        load(data / FOLDER / folder)
    except ReleaseDamaged:
        return False
    return True


async def load_first_folder() -> str:
    """The folder of the first release, with which later ones are compared on the frozen messages."""
    row = await Release.filter(kind="cold", promoted_at__isnull=False).order_by("made_at").first()
    return row.folder if row else ""


async def list_releases() -> list[dict[str, Any]]:
    """Every release, newest first."""
    names = (
        "id",
        "kind",
        "folder",
        "trial",
        "made_at",
        "made_by",
        "promoted_at",
        "promoted_by",
        "refused",
        "is_current",
    )
    return list(await Release.all().order_by("-made_at").values(*names))


async def load_release(release: str) -> dict[str, Any]:
    """One release with its trial.

    Raises NotFound.
    """
    rows = [row for row in await list_releases() if row["id"] == release]
    if not rows:
        raise NotFound(release=release)
    return rows[0]


async def delete_old_folders(data: Path) -> int:
    """Delete the files of old releases; their rows and trials stay. The first release and the current one are kept."""
    first_folder, deleted = await load_first_folder(), 0
    for row in (await list_releases())[MAX_FOLDERS:]:
        folder = data / FOLDER / row["folder"]
        if not row["is_current"] and row["folder"] != first_folder and folder.is_dir():
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            deleted += 1
    return deleted
