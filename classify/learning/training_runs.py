"""Training runs as rows, each carried out by one process at a time.

A run whose process was killed is carried out again when its lease is over, at most `MAX_ATTEMPTS` times.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from tortoise.exceptions import IntegrityError

from classify.models import TrainingRun

LEASE: Final = timedelta(minutes=30)
MAX_ATTEMPTS: Final = 3


async def request_run(key: str, *, by: str, now: datetime) -> bool:
    """Request a training run, once per key, and not while another one is open. Returns whether it was new."""
    if await TrainingRun.exists(done_at__isnull=True):
        return False
    try:
        await TrainingRun.create(key=key, asked_by=by, asked_at=now)
    except IntegrityError:
        return False
    return True


async def take_run(now: datetime) -> TrainingRun | None:
    """Lease the open run, so that no other process carries it out; None when there is none."""
    run = await TrainingRun.filter(done_at__isnull=True).order_by("id").first()
    if run is None or (run.leased_until and run.leased_until > now):
        return None
    if run.attempts >= MAX_ATTEMPTS:
        await finish_run(run.id, now=now, error=run.error or "每次都中途停止")
        return None
    unchanged_run = TrainingRun.filter(id=run.id, attempts=run.attempts, done_at__isnull=True)
    is_taken = await unchanged_run.update(attempts=run.attempts + 1, leased_until=now + LEASE)
    return run if is_taken else None


async def return_run(run: int, error: str) -> None:
    """Store the error of a failed run and end its lease, so that it is tried again."""
    await TrainingRun.filter(id=run).update(leased_until=None, error=error[:2000])


async def finish_run(run: int, *, now: datetime, release: str = "", error: str = "") -> None:
    """Store that a run is done, with its release or its error."""
    await TrainingRun.filter(id=run).update(done_at=now, leased_until=None, release=release, error=error[:2000])


async def release_leases() -> None:
    """End all leases, so that runs of a killed process start at once. Only for a start with the worker inside."""
    await TrainingRun.filter(done_at__isnull=True).update(leased_until=None)


async def list_latest_runs(most: int = 10) -> list[dict[str, Any]]:
    """The latest runs, newest first."""
    names = ("id", "key", "asked_by", "asked_at", "leased_until", "attempts", "done_at", "release", "error")
    return list(await TrainingRun.all().order_by("-id").limit(most).values(*names))


async def is_requested(key: str) -> bool:
    """Whether a run was requested under this key."""
    return await TrainingRun.exists(key=key)


async def load_last_request_time() -> datetime | None:
    """When the last finished run was requested, None if there is none."""
    run = await TrainingRun.filter(done_at__isnull=False).order_by("-asked_at").first()
    return run.asked_at if run else None
