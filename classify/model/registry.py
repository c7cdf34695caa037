"""Registry of releases: which one is in force, promotion and roll-back.

A release is a folder under `<data>/releases`; the table says which one is current. Promotion is one transaction, so
a process killed in the middle leaves the old one serving. Every process asks the table before it uses its copy, so a
new release is taken up without a restart.
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
KEPT: Final = 20  # folders of so many newest releases stay on disk for a way back
_log = structlog.get_logger("registry")


async def current(data: Path, known: Model | None) -> Model | None:
    """The classifier in force; `known` again while it has not changed. None while there is no release.

    A release whose files are not whole is not used: the known one goes on, else the last one that is whole.
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
        return known or await _last_whole(data)


async def _last_whole(data: Path) -> Model | None:
    for row in await Release.filter(promoted_at__isnull=False, is_current=False).order_by("-promoted_at"):
        try:
            return await asyncio.to_thread(load, data / FOLDER / row.folder)
        except ReleaseDamaged:
            continue
    return None


async def current_id() -> str:
    """The id of the release in force, or ""."""
    row = await Release.get_or_none(is_current=True)
    return row.id if row else ""


async def first(duties: Iterable[tuple[str, Sequence[str]]], data: Path, *, now: datetime) -> str:
    """Make the release of day one, from knowledge alone, if there is none yet. Returns the id of the current one."""
    row = await Release.get_or_none(is_current=True)
    if row is not None:
        return row.id
    examples = seed_examples(duties)
    release = await asyncio.to_thread(_fit, examples, data / FOLDER)
    await register(release, "cold", {}, now=now)
    return release


def _fit(examples: Sequence[Example], folder: Path) -> str:
    from classify.model import release_files, training

    return release_files.save(training.fit(examples), folder)


async def record(
    release: str, kind: str, trial: Mapping[str, Any], *, by: str, refused: Sequence[str], now: datetime
) -> None:
    """Keep a saved candidate with the trial it stood, without putting it in force."""
    columns: dict[str, Any] = {"kind": kind, "trial": dict(trial), "refused": " ".join(refused)[:300]}
    if not await Release.filter(id=release).update(**columns):
        await Release.create(id=release, folder=release, digest=release, made_at=now, made_by=by, **columns)


async def promote(release: str, *, by: str, now: datetime, instead_of: str | None = None) -> None:
    """Put a kept release in force. `instead_of`: only in place of that one, which it was tried against.

    Raises NotFound, or Conflict when another one came into force meanwhile.
    """
    async with db.transaction():
        if instead_of is not None and await current_id() != instead_of:
            raise Conflict(release=release)
        await Release.filter(is_current=True).update(is_current=False)
        if not await Release.filter(id=release).update(is_current=True, promoted_at=now, promoted_by=by):
            raise NotFound(release=release)


async def register(release: str, kind: str, trial: Mapping[str, Any], *, now: datetime, by: str = "") -> None:
    """Keep a saved release and put it in force. The former one stays on disk for a way back."""
    await record(release, kind, trial, by=by, refused=(), now=now)
    await promote(release, by=by, now=now)


async def roll_back(data: Path, *, by: str, now: datetime, release: str = "") -> str:
    """Put an earlier release back in force: the one named, else the last one made before the present one that was in
    force and is whole. Returns its id.

    Raises NotFound when there is none.
    """
    present = await Release.get_or_none(is_current=True)
    if release:
        rows = await Release.filter(id=release)
    elif present is not None:
        rows = await Release.filter(promoted_at__isnull=False, made_at__lt=present.made_at).order_by("-made_at")
    else:
        rows = await Release.filter(promoted_at__isnull=False).order_by("-made_at")
    for row in rows:
        if await asyncio.to_thread(is_whole, data, row.folder):
            await promote(row.id, by=by, now=now)
            return row.id
    raise NotFound(release=release)


def is_whole(data: Path, folder: str) -> bool:
    """Whether a release can be used."""
    try:
        load(data / FOLDER / folder)
    except ReleaseDamaged:
        return False
    return True


async def anchor() -> str:
    """The folder of the release of day one, by which later ones are held to what was known from the start."""
    row = await Release.filter(kind="cold", promoted_at__isnull=False).order_by("made_at").first()
    return row.folder if row else ""


async def all_releases() -> list[dict[str, Any]]:
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


async def one_release(release: str) -> dict[str, Any]:
    """One release with its trial.

    Raises NotFound.
    """
    found = [row for row in await all_releases() if row["id"] == release]
    if not found:
        raise NotFound(release=release)
    return found[0]


async def forget_folders(data: Path) -> int:
    """Delete the files of old releases; their rows and trials stay. Day one, and what is in force, is never deleted."""
    day_one, gone = await anchor(), 0
    for row in (await all_releases())[KEPT:]:
        folder = data / FOLDER / row["folder"]
        if not row["is_current"] and row["folder"] != day_one and folder.is_dir():
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            gone += 1
    return gone
