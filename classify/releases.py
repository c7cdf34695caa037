"""Which release of the classifier is in force, and how does another take its place?

A release is a folder under `<data>/releases`; the table says which one is current. Promotion is one transaction, so
a process killed in the middle leaves the old one serving.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from classify import training
from classify.model import Model, load
from classify.models import Release
from feedback.kernel import db

FOLDER = "releases"


async def current(data: Path, known: Model | None) -> Model | None:
    """The classifier in force; `known` again while it has not changed. None while there is no release."""
    row = await Release.get_or_none(is_current=True)
    if row is None:
        return None
    if known is not None and known.release == row.id:
        return known
    return await asyncio.to_thread(load, data / FOLDER / row.folder)


async def first(duties: Iterable[tuple[str, Sequence[str]]], data: Path, *, now: datetime) -> str:
    """Make the release of day one, from knowledge alone, if there is none yet. Returns the id of the current one."""
    row = await Release.get_or_none(is_current=True)
    if row is not None:
        return row.id
    examples = training.seed_examples(duties)
    release = await asyncio.to_thread(_fit, examples, data / FOLDER)
    await register(release, "cold", {}, now=now)
    return release


def _fit(examples: Sequence[training.Example], folder: Path) -> str:
    return training.save(training.fit(examples), folder)


async def register(release: str, kind: str, trial: Mapping[str, Any], *, now: datetime) -> None:
    """Put a saved release in force. The former one stays on disk for a way back."""
    async with db.transaction():
        await Release.filter(is_current=True).update(is_current=False)
        columns: dict[str, Any] = {
            "kind": kind,
            "folder": release,
            "digest": release,
            "trial": dict(trial),
            "is_current": True,
        }
        if not await Release.filter(id=release).update(**columns):
            await Release.create(id=release, made_at=now, **columns)


async def roll_back(release: str) -> None:
    """Put an earlier release back in force."""
    async with db.transaction():
        await Release.filter(is_current=True).update(is_current=False)
        await Release.filter(id=release).update(is_current=True)


async def all_releases() -> list[dict[str, Any]]:
    """Every release, newest first."""
    return list(await Release.all().order_by("-made_at").values("id", "kind", "trial", "made_at", "is_current"))
