"""`AppContext`, what one process works with: settings, clock, classifier, message handlers, worker wake-up."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import structlog
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

import classify.model.registry
from classify.model.release import Model
from feedback.kernel import outbox
from feedback.kernel.clock import SystemClock
from feedback.kernel.outbox import Handler
from feedback.kernel.settings import Settings
from feedback.kernel.storage import Storage
from routing.directory import Directory

PageMaker = Callable[[Request, str, Mapping[str, Any], int], Response]
_log = structlog.get_logger("context")


class UnitRecommenderProtocol(Protocol):
    """Which units usually answer such a message, with their shares (0 to 1), the likeliest first."""

    async def usual(self, context: "AppContext", title: str, text: str) -> list[tuple[str, float]]: ...

    async def refresh(self, context: "AppContext") -> bool: ...

    async def learn(self, model: Model, names: Directory) -> None: ...

    async def try_to_refresh(self, context: "AppContext") -> None: ...

    async def keep_fresh(self, context: "AppContext") -> None: ...


@dataclass
class AppContext:
    """What one process works with, made by `web.bootstrap` and passed to whoever needs it."""

    settings: Settings
    clock: SystemClock
    page: PageMaker
    make_handlers: Callable[["AppContext"], Mapping[str, Handler]]
    unit_recommendation: UnitRecommenderProtocol
    wake_event: asyncio.Event = field(default_factory=asyncio.Event)
    notify_workers: Callable[[], Awaitable[object]] | None = None  # where workers run outside this process
    simulated_before: datetime | None = None  # while the demo town is filled: what is due earlier is the simulation's
    expects_worker: bool = False  # somebody must handle messages: a task of this process, or workers outside
    storage: Storage = field(init=False)
    _model: Model | None = None
    _background: set["asyncio.Task[None]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.storage = Storage(self.settings.data, self.settings.storage_min_free_bytes)

    def wake(self) -> None:
        """Something was written that must be followed: look at once instead of at the next sweep."""
        self.wake_event.set()
        if self.notify_workers is not None:
            self.spawn(_notify(self.notify_workers))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Start something nobody waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._background.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            _log.error("background work failed", work=str(task.get_coro()), exc_info=fault)

    async def drain(self) -> int:
        """Handle every message that is due now, and return how many: for commands such as import and seed."""
        return await outbox.drain(self.make_handlers(self), self.clock.now())

    async def shutdown(self) -> None:
        """Stop what was spawned: the process ends."""
        for task in tuple(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    async def warm(self) -> None:
        """Have ready what requests ask for, before the first of them comes: the classifier, and who usually answers.

        From here on it is kept fresh in the background; no request fits anything.
        """
        await self.unit_recommendation.try_to_refresh(self)
        self.spawn(self.unit_recommendation.keep_fresh(self))

    def render(self, request: Request, name: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """A page from a template."""
        return self.page(request, name, values, status)

    async def model(self) -> Model | None:
        """The classifier in force, or None while there is no release."""
        self._model = await classify.model.registry.load_current(self.settings.data, self._model)
        return self._model


async def _notify(notify_workers: Callable[[], Awaitable[object]]) -> None:
    """Workers that cannot be woken only cost the seconds until the next sweep."""
    try:
        await notify_workers()
    except (RedisError, OSError, TimeoutError) as fault:
        _log.warning("workers could not be woken", fault=str(fault))
