"""What does one process work with? Its settings, its clock, its classifier, and a bell for the worker."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

import classify.model.registry
from classify.model.release import Model
from feedback.kernel.clock import SystemClock
from feedback.kernel.settings import Settings
from web.tasks.unit_recommendation import UnitRecommendation

PageMaker = Callable[[Request, str, Mapping[str, Any], int], Response]
_log = structlog.get_logger("office")


@dataclass
class AppContext:
    """The office of one process, made by `web.bootstrap` and passed to whoever needs it."""

    settings: Settings
    clock: SystemClock
    page: PageMaker
    wake_event: asyncio.Event = field(default_factory=asyncio.Event)
    unit_recommendation: UnitRecommendation = field(default_factory=UnitRecommendation)
    ring: Callable[[], Awaitable[None]] | None = None  # tells workers outside, when there are any
    _model: Model | None = None
    _background: set["asyncio.Task[None]"] = field(default_factory=set)

    def wake(self) -> None:
        """Something was written that must be followed: look at once instead of at the next sweep."""
        self.wake_event.set()
        if self.ring is not None:
            self.begin(_quietly(self.ring()))

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin something nobody waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def shutdown(self) -> None:
        """Stop what was begun: the process ends."""
        for task in tuple(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def render(self, request: Request, name: str, context: Mapping[str, Any], status: int = 200) -> Response:
        """A page from a template."""
        return self.page(request, name, context, status)

    async def model(self) -> Model | None:
        """The classifier in force, or None while there is no release."""
        self._model = await classify.model.registry.current(self.settings.data, self._model)
        return self._model


async def _quietly(ringing: Awaitable[None]) -> None:
    """A bell that cannot be rung only costs the seconds until the next sweep."""
    try:
        await ringing
    except (RedisError, OSError, TimeoutError) as fault:
        _log.warning("workers could not be woken", fault=str(fault))
