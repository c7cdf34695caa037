"""Prometheus metrics of one process: requests answered, and the state of work read from the database.

Requests are counted per process (`process` is its id, since several may answer the same address), by route as it is
written in the code and never by the address itself, which may hold a case's number. Figures from the database are read
anew for each scrape; those that cannot be read are left out, so that an alert on their absence works.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evaluation.ratings import cases as case_ratings
from feedback.kernel.clock import monotonic
from feedback.queries import aggregates
from web.context import AppContext
from web.tasks import readiness
from web.tasks.readiness import Readiness

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_NO_ROUTE = "none"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = structlog.get_logger("metrics")
Figures = dict[tuple[str, ...], float]
"""Values by the values of their labels."""


class Metrics:
    """The figures of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("process", "method", "route", "status")
        self._seconds = Histogram(
            "xinqiao_http_request_seconds",
            "Seconds until an answer begins, by route and class of status",
            labels,
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._errors = Counter(
            "xinqiao_http_errors", "Answers with status 500 and above, by route", labels, registry=self.registry
        )
        self._state: list[Metric] = []
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What was last read of the database and the machine, for the registry."""
        yield from self._state

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """One request was answered."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        where = (str(os.getpid()), method, template_of(scope))
        self._seconds.labels(*where, f"{status // 100}xx").observe(seconds)
        if status >= 500:
            self._errors.labels(*where, str(status)).inc()

    async def text(self, context: AppContext) -> bytes:
        """Everything as Prometheus text."""
        self._state = await state_of(context)
        return generate_latest(self.registry)


def template_of(scope: Scope) -> str:
    """The route of a request as it is written in the code, mounts included; "none" where there is no route."""
    path = getattr(scope.get("route"), "path", None)
    return str(scope.get("root_path", "")) + path if path is not None else _NO_ROUTE


class RequestMetrics:
    """Counts every request with the time until its answer begins: a download's or a stream's length is the reader's."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, is_counted = monotonic(), False

        async def counting(message: Message) -> None:
            nonlocal is_counted
            if message["type"] == "http.response.start" and not is_counted:
                is_counted = True
                self.metrics.count(scope, message["status"], monotonic() - started)
            await send(message)

        try:
            await self.app(scope, receive, counting)
        except Exception:
            if not is_counted:
                self.metrics.count(scope, 500, monotonic() - started)
            raise


async def state_of(context: AppContext) -> list[Metric]:
    """The figures that are read for this scrape."""
    state = await readiness.check(context)
    families = _of_readiness(state)
    if not state.database:
        return families
    try:
        async with asyncio.timeout(readiness.WITHIN_SECONDS):
            families += await _of_work(context)
    except Exception as fault:  # whatever it is: the figures above must still come through
        _log.warning("figures left out", fault=repr(fault))
    return families


def _gauge(name: str, meaning: str, values: Figures, labels: tuple[str, ...] = ()) -> Metric:
    family = GaugeMetricFamily(f"xinqiao_{name}", meaning, labels=labels)
    for where, value in values.items():
        family.add_metric(where, value)
    return family


def _of_readiness(state: Readiness) -> list[Metric]:
    families = [
        _gauge("ready", "1 while every part is as it must be", {(): float(state.is_ready)}),
        _gauge(
            "part_good",
            "1 while a part is as it must be, missing while nobody can tell",
            {(name,): float(is_good) for name, is_good in state.parts.items() if is_good is not None},
            ("part",),
        ),
    ]
    if state.queue is not None:
        words = {
            "waiting": "Messages that are due",
            "failing": "Messages that failed so often that somebody must look",
            "oldest_seconds": "Seconds for which the oldest due message has waited",
        }
        families += [_gauge(f"outbox_{name}", words[name], {(): value}) for name, value in state.queue.items()]
    if state.seconds_since_beat is not None:
        families.append(
            _gauge("worker_beat_age_seconds", "Seconds since a worker last wrote", {(): state.seconds_since_beat})
        )
    families += _of_timers(state.timers or ())
    if state.storage is not None and not state.storage.fault:
        families.append(_gauge("storage_free_bytes", "Free space under DATA", {(): state.storage.free_bytes}))
    return families


def _of_timers(timers: Sequence[Mapping[str, Any]]) -> list[Metric]:
    finished: Figures = {(t["name"],): t["last_finished_at"].timestamp() for t in timers if t["last_finished_at"]}
    seconds: Figures = {(t["name"],): t["last_duration_ms"] / 1000 for t in timers if t["last_finished_at"]}
    failures: Figures = {(t["name"],): t["failures"] for t in timers}
    where = ("timer",)
    return [
        _gauge("timer_last_finished_timestamp_seconds", "When a timer last finished, in Unix time", finished, where),
        _gauge("timer_duration_seconds", "How long its last run took", seconds, where),
        _gauge("timer_failures", "How often it failed in a row", failures, where),
    ]


async def _of_work(context: AppContext) -> list[Metric]:
    """Cases, clocks and ratings. Anybody may come to see these figures, so reports (检举控告) are in none of them."""
    now = context.clock.now()
    statuses = await aggregates.by_status()
    lights = await aggregates.by_light(now)
    return [
        _gauge("cases", "Cases by status", {(status,): n for status, n in statuses.items()}, ("status",)),
        _gauge(
            "clocks",
            "Open cases by the light of their next clock",
            {(light,): n for light, n in lights.items()},
            ("light",),
        ),
        _gauge("ratings", "Valid first ratings", {(): await case_ratings.total()}),
    ]
