"""Checking whether the installation can work: database, migrations, secret, storage, queue, classifier.

One check for `/readyz`, `/metrics` and the administrator's page. It never raises and never takes long: a part that does
not answer in time counts as bad.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

import classify.model.registry
from feedback.attachments import FileStore, upkeep
from feedback.kernel import db, heartbeat, outbox, schema, secret_check, timers
from feedback.kernel.secret_check import SecretState
from feedback.kernel.storage import StorageState
from feedback.queries import statistics as case_statistics
from web import migrations
from web.context import AppContext

WITHIN_SECONDS = 3.0
_MISSED_BEATS = 4
_CLOCK_DIFFERENCE = timedelta(minutes=1)  # between two machines; a beat later than that is no sign of life
_log = structlog.get_logger("readiness")


@dataclass(frozen=True, slots=True)
class Readiness:
    """What one look showed. None where it is not known, because the part did not answer.

    `scanner`: whether the virus scanner answers, None also when none is set. Files wait for it, so it stops nothing.
    """

    database: bool
    pending: tuple[str, ...] | None
    secret: SecretState | None
    storage: StorageState | None
    queue: Mapping[str, int] | None
    seconds_since_beat: float | None
    is_worker_alive: bool
    expects_worker: bool
    model: str | None
    scanner: bool | None
    files_waiting: int | None
    timers: Sequence[Mapping[str, Any]] | None
    latest_entry: datetime | None
    now: datetime

    @property
    def is_clock_right(self) -> bool | None:
        """False when this machine's clock is behind the newest entry: acts on such cases are refused meanwhile."""
        if self.latest_entry is None:
            return True if self.database else None
        return self.latest_entry <= self.now + _CLOCK_DIFFERENCE

    @property
    def is_ready(self) -> bool:
        return not self.problems

    @property
    def parts(self) -> Mapping[str, bool | None]:
        """Whether each part is as it must be; None for what only the database could tell while it is away."""
        worker = self.is_worker_alive or not self.expects_worker
        return {
            "database": self.database,
            "migrations": self._if_known(self.pending, is_good=self.pending == ()),
            "secret": self._if_known(self.secret, is_good=self.secret is SecretState.RIGHT),
            "storage": self.storage is not None and self.storage.is_good,
            "worker": worker if self.database or worker else None,
        }

    def _if_known(self, answer: object, *, is_good: bool) -> bool | None:
        return is_good if self.database or answer is not None else None

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the parts that are not as they must be."""
        return tuple(name for name, is_good in self.parts.items() if is_good is False)

    def as_json(self) -> dict[str, Any]:
        """The parts as JSON for `/readyz`."""
        parts = self.parts
        return {
            "ready": self.is_ready,
            **{name: parts[name] for name in ("database", "migrations", "secret", "storage")},
            "queue": {**dict.fromkeys(("waiting", "failing", "oldest_seconds")), **(self.queue or {})},
            "worker": {
                "alive": self.is_worker_alive if self.database else None,
                "seconds_since_beat": self.seconds_since_beat,
            },
            "model": self.model,
            "scanner": {"answers": self.scanner, "waiting": self.files_waiting},
            "clock": self.is_clock_right,
            "problems": list(self.problems),
        }


async def check(context: AppContext) -> Readiness:
    """Look at every part at once."""
    now, store = context.clock.now(), FileStore.of(context.settings)
    answers = await _answers(
        {
            "database": db.write_connection().execute_query("SELECT 1"),
            "pending": schema.pending(migrations.__name__),
            "secret": secret_check.state(context.settings.vault),
            "storage": context.storage.state(),
            "queue": outbox.count_messages(now),
            "beat": heartbeat.last_beat(),
            "model": classify.model.registry.load_current_id(),
            "timers": timers.states(),
            "files_waiting": upkeep.count_waiting(),
            **({"scanner": store.scanner.answers()} if store.scanner else {}),
            "latest_entry": case_statistics.load_latest_entry_time(),
        }
    )
    beat = answers.get("beat")
    since_beat = None if beat is None else max(timedelta(0), now - beat)
    longest = timedelta(seconds=_MISSED_BEATS * max(heartbeat.EVERY_SECONDS, context.settings.sweep_seconds))
    return Readiness(
        database="database" in answers,
        pending=tuple(answers["pending"]) if "pending" in answers else None,
        secret=answers.get("secret"),
        storage=answers.get("storage"),
        queue=answers.get("queue"),
        seconds_since_beat=None if since_beat is None else round(since_beat.total_seconds(), 1),
        is_worker_alive=beat is not None and now - longest <= beat <= now + _CLOCK_DIFFERENCE,
        expects_worker=context.expects_worker,
        model=answers.get("model") or None,
        scanner=answers.get("scanner"),
        files_waiting=answers.get("files_waiting"),
        timers=answers.get("timers"),
        latest_entry=answers.get("latest_entry"),
        now=now,
    )


async def _answers(questions: Mapping[str, Awaitable[Any]]) -> dict[str, Any]:
    """The answers that came in time and without an error, by name."""
    tasks = {name: asyncio.ensure_future(question) for name, question in questions.items()}
    _, late = await asyncio.wait(tasks.values(), timeout=WITHIN_SECONDS)
    for task in late:
        task.cancel()
    answers, faults = {}, {}
    for name, task in tasks.items():
        if task in late:
            faults[name] = "no answer in time"
        elif fault := task.exception():
            faults[name] = repr(fault)
        else:
            answers[name] = task.result()
    if faults:
        _log.warning("parts do not answer", **faults)
    return answers
