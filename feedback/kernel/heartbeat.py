"""Heartbeats of workers: each writes the time into its own row every few seconds, and health checks read the newest.

A process can live while its worker is stuck, so liveness is what the worker last wrote and not that it has a process id.
"""

from datetime import datetime, timedelta
from typing import Any

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from feedback.kernel import db

EVERY_SECONDS = 5
"""How often a worker writes. Three missed beats in a row mean that it is stuck or gone."""

_FORGET_AFTER = timedelta(days=1)


class Heartbeat(Model):
    """When each worker last wrote that it is alive"""

    worker = fields.CharField(primary_key=True, max_length=80)
    started_at = db.InstantField()
    beat_at = db.InstantField()

    class Meta:
        table = "kernel_heartbeat"


async def beat(worker_id: str, now: datetime) -> None:
    """Write that this worker is alive at `now` (aware, UTC). `worker_id` has 80 characters at most."""
    if await Heartbeat.filter(worker=worker_id).update(beat_at=now):
        return
    try:
        await Heartbeat.create(worker=worker_id, started_at=now, beat_at=now)
    except IntegrityError:  # written by the same worker a moment ago
        await Heartbeat.filter(worker=worker_id).update(beat_at=now)


async def last_beat() -> datetime | None:
    """The newest beat of any worker (aware, UTC), None when none ever wrote."""
    newest = await Heartbeat.all().order_by("-beat_at").first()
    return newest.beat_at if newest else None


async def states() -> list[dict[str, Any]]:
    """Every worker that wrote within a day: `worker`, `started_at`, `beat_at`, the newest beat first."""
    return list(await Heartbeat.all().order_by("-beat_at", "worker").values("worker", "started_at", "beat_at"))


async def forget_gone(now: datetime) -> None:
    """Delete the rows of workers that are gone.

    Also those later than `now`: a clock that was set back (or `XINQIAO_NOW`) would make a dead worker look alive.
    """
    await Heartbeat.filter(beat_at__lt=now - _FORGET_AFTER).delete()
    await Heartbeat.filter(beat_at__gt=now + timedelta(minutes=1)).delete()


async def leave(worker_id: str) -> None:
    """Delete the row of a worker that ends as it should."""
    await Heartbeat.filter(worker=worker_id).delete()
