"""Training runs as rows, each taken up by one process at a time.

A run whose process was killed is taken up again when its lease is over, a few times at most.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from tortoise.exceptions import IntegrityError

from classify.models import TrainingRun

LEASE: Final = timedelta(minutes=30)
TRIES: Final = 3


async def ask(key: str, *, by: str, now: datetime) -> bool:
    """Ask for a candidate, once per key, and not while another one is waited for. Returns whether it was new."""
    if await TrainingRun.exists(done_at__isnull=True):
        return False
    try:
        await TrainingRun.create(key=key, asked_by=by, asked_at=now)
    except IntegrityError:
        return False
    return True


async def take(now: datetime) -> TrainingRun | None:
    """The run to carry out now, taken so that nobody else does."""
    run = await TrainingRun.filter(done_at__isnull=True).order_by("id").first()
    if run is None or (run.leased_until and run.leased_until > now):
        return None
    if run.attempts >= TRIES:
        await finish(run.id, now=now, error=run.error or "每次都中途停止")
        return None
    mine = TrainingRun.filter(id=run.id, attempts=run.attempts, done_at__isnull=True)
    taken = await mine.update(attempts=run.attempts + 1, leased_until=now + LEASE)
    return run if taken else None


async def give_back(run: int, error: str) -> None:
    """It failed: to be tried again."""
    await TrainingRun.filter(id=run).update(leased_until=None, error=error[:2000])


async def finish(run: int, *, now: datetime, release: str = "", error: str = "") -> None:
    await TrainingRun.filter(id=run).update(done_at=now, leased_until=None, release=release, error=error[:2000])


async def release_leases() -> None:
    """Take up at once what a killed process left. For a start with the worker inside only."""
    await TrainingRun.filter(done_at__isnull=True).update(leased_until=None)


async def last(most: int = 10) -> list[dict[str, Any]]:
    """The latest runs, newest first."""
    names = ("id", "key", "asked_by", "asked_at", "leased_until", "attempts", "done_at", "release", "error")
    return list(await TrainingRun.all().order_by("-id").limit(most).values(*names))


async def is_asked(key: str) -> bool:
    return await TrainingRun.exists(key=key)


async def last_asked_at() -> datetime | None:
    """When a candidate was last made, None if never."""
    run = await TrainingRun.filter(done_at__isnull=False).order_by("-asked_at").first()
    return run.asked_at if run else None
