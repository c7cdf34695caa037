"""Two who look on all the time: a load balancer that asks /readyz, and a wall screen that listens to the live board."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import httpx2

ASK_EVERY_SECONDS = 0.5
READYZ_SECONDS = 10
"""A load balancer takes a slower answer of /readyz for none."""

RECONNECT_SECONDS = 3  # what browsers wait before they open an event stream again
READY, NOT_READY, NO_ANSWER = 200, 503, 0


@dataclass(frozen=True)
class Sample:
    """One answer of /readyz. `at`: when it was asked, monotonic clock."""

    at: float
    seconds: float
    status: int
    payload: Mapping[str, Any] | None
    """None: no JSON object."""

    @property
    def fault(self) -> str:
        """Why this answer breaks the contract of /readyz whatever goes on, or ""."""
        if self.status == NO_ANSWER:
            return f"no answer within {self.seconds:.0f} s"
        if self.payload is None:
            return f"{self.status}, not JSON"
        if self.status not in (READY, NOT_READY):
            return f"{self.status} instead of 200 or 503"
        if self.payload.get("ready") is not (self.status == READY):
            return f"{self.status} with ready: {self.payload.get('ready')}"
        return ""


@dataclass
class ReadinessWatch:
    """Asks /readyz twice a second."""

    base: str
    samples: list[Sample] = field(default_factory=list)

    async def run(self) -> None:
        limits = httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient(base_url=self.base, timeout=READYZ_SECONDS, limits=limits) as client:
            while True:
                self.samples.append(await _sample(client))
                await asyncio.sleep(ASK_EVERY_SECONDS)

    def between(self, begin: float, end: float) -> Sequence[Sample]:
        """What was asked in that time."""
        return [sample for sample in self.samples if begin <= sample.at < end]

    def first(self, status: int, since: float) -> Sample | None:
        """The first answer with that status to a question asked since then."""
        return next((s for s in self.samples if s.at >= since and s.status == status), None)


async def _sample(client: httpx2.AsyncClient) -> Sample:
    at = time.monotonic()
    try:
        response = await client.get("/readyz")
    except httpx2.TransportError:
        return Sample(at, time.monotonic() - at, NO_ANSWER, None)
    try:
        payload = response.json()
    except ValueError:
        payload = None
    return Sample(at, time.monotonic() - at, response.status_code, payload if isinstance(payload, dict) else None)


@dataclass
class BoardWatch:
    """Listens to /board/stream and, like a browser, opens it again when it ends."""

    base: str
    cookies: httpx2.Cookies
    pictures: list[float] = field(default_factory=list)
    """When a new picture of the board came (monotonic clock)."""

    signs: list[float] = field(default_factory=list)
    """When anything came by which a screen can know how things stand: a picture, another event, or an end."""

    async def run(self) -> None:
        # A ping comes every 15 s, so a stream that sends nothing at all for a minute is cut off.
        async with httpx2.AsyncClient(base_url=self.base, timeout=60, cookies=self.cookies) as client:
            while True:
                try:
                    async with client.stream("GET", "/board/stream") as response:
                        if response.status_code == READY:
                            await self._listen(response)
                except httpx2.TransportError:
                    pass
                self.signs.append(time.monotonic())
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, response: httpx2.Response) -> None:
        async for line in response.aiter_lines():
            if line.startswith("event:"):
                self.signs.append(time.monotonic())
                if line.removeprefix("event:").strip() == "lights":
                    self.pictures.append(time.monotonic())

    def longest_silence(self, begin: float, end: float) -> float:
        """Seconds for which a screen was left with an old picture and no word about it."""
        moments = [begin, *(at for at in self.signs if begin < at < end), end]
        return max(later - earlier for earlier, later in pairwise(moments))

    def first_picture(self, since: float) -> float | None:
        """When the first picture after that moment came."""
        return next((at for at in self.pictures if at > since), None)
