"""Limits of a request: the size of its body, and rates and quantities by network, device, person or telephone."""

import asyncio
import ipaddress
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from limits import (
    RateLimitItem,
    RateLimitItemPerDay,
    RateLimitItemPerHour,
    RateLimitItemPerMinute,
    RateLimitItemPerSecond,
)
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback.kernel.errors import Refusal
from feedback.kernel.settings import Settings
from web.http.security import REDIS_AGAIN_SECONDS, T, log, redis

FILE_FORMS = re.compile(r"/new/2|/case/acts/[^/]+|/desk/register|/desk/cases/[^/]+/(acts/[^/]+|preview|letters)")
"""Pages whose forms bring files: all that are allowed together, each of the allowed size."""

FILE_PARTS = re.compile(r"/api/v1/uploads/[^/]+")
"""Where large files come in parts; a client may send all that is missing as one part."""


class BodyDeadline:
    """Stops waiting for a body that comes too slowly: 408, and the connection is closed.

    A body is waited for so many seconds, and one more for each `bytes_per_second` of it that came; never longer than
    `seconds` from any piece to the next, however much came before. Only waiting counts, not what the program does.
    """

    def __init__(self, app: ASGIApp, seconds: float, bytes_per_second: int, refuse: Any) -> None:
        self.app, self.refuse = app, refuse
        self.seconds, self.bytes_per_second = seconds, bytes_per_second

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seconds_left, has_more, has_answer = self.seconds, True, False

        async def receive_in_time() -> Any:
            nonlocal seconds_left, has_more
            if not has_more:  # all of it is here: what comes next is that the client goes
                return await receive()
            began_at = time.monotonic()
            try:
                async with asyncio.timeout(seconds_left):
                    message = await receive()
            except TimeoutError as fault:
                raise TooSlow from fault
            earned = len(message.get("body", b"")) / self.bytes_per_second
            seconds_left = min(seconds_left - (time.monotonic() - began_at) + earned, self.seconds)
            has_more = message["type"] == "http.request" and message.get("more_body", False)
            return message

        async def note_answer(message: Message) -> None:
            nonlocal has_answer
            has_answer = True
            await send(message)

        try:
            await self.app(scope, receive_in_time, note_answer)
        except TooSlow as fault:  # while nobody inside could answer it
            if has_answer:
                raise
            response = await self.refuse(Request(scope, receive), fault)
            await response(scope, receive, send)


_DRAFT_HOURS = 4
"""In a day an address may begin as many drafts as in so many hours."""


class BodyLimit:
    """Refuses a body that is too large, before and while it is read. Forms with files and parts of files may be larger."""

    def __init__(self, app: ASGIApp, most: int, most_of_form: int, most_of_part: int, refuse: Any) -> None:
        self.app, self._most, self._most_of_form, self._most_of_part = app, most, most_of_form, most_of_part
        self.refuse = refuse

    def _limit(self, request: Request) -> int:
        if request.method == "PATCH" and FILE_PARTS.fullmatch(request.url.path):
            return max(self._most, self._most_of_part)
        is_form = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
        return self._most_of_form if is_form and FILE_FORMS.fullmatch(request.url.path) else self._most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self._limit(Request(scope))
        length = Request(scope).headers.get("content-length", "")
        if length.isdigit() and int(length) > most:
            await _discard_body(receive)
            response = await self.refuse(Request(scope, receive), TooLarge(most=most))
            await response(scope, receive, send)
            return
        byte_count = 0

        async def counting() -> Any:
            nonlocal byte_count
            message = await receive()
            byte_count += len(message.get("body", b""))
            if byte_count > most:
                await _discard_body(receive)
                raise TooLarge(most=most)
            return message

        await self.app(scope, counting, send)


async def _discard_body(receive: Receive, most: int = 64_000_000) -> None:
    """Read on without keeping it: who is still sending would see a broken connection instead of the answer."""
    byte_count, has_more = 0, True
    while has_more and byte_count < most:
        message = await receive()
        byte_count += len(message.get("body", b""))
        has_more = message["type"] == "http.request" and message.get("more_body", False)


class TooLarge(Refusal):
    """The body is larger than we take."""

    code = "too_large"


class TooSlow(Refusal):
    """The body came too slowly to wait for it."""

    code = "slow_request"


class TooMany(Refusal):
    """The address asked too often."""

    code = "too_many"


class Windows:
    """The ways of counting over one store: single events exactly, quantities by weighted windows in constant space."""

    def __init__(self, storage: MemoryStorage | RedisStorage) -> None:
        self.events = MovingWindowRateLimiter(storage)
        self.quantities = SlidingWindowCounterRateLimiter(storage)

    async def seconds_until(self, item: RateLimitItem, action: str, key: str, cost: int) -> float:
        """After how many seconds without a further hit `cost` fits into a weighted window again."""
        expiry, free = item.get_expiry(), item.amount - cost
        storage: MemoryStorage | RedisStorage = self.quantities.storage  # type: ignore[assignment]
        before, before_seconds, now, now_seconds = await storage.get_sliding_window(item.key_for(action, key), expiry)
        if free < 0:
            return expiry
        if now <= free:
            return max(0.0, before_seconds - (free - now) * expiry / before) if before else 0.0
        return now_seconds - free * expiry / now  # counted down over this window and the next


class Limiter:
    """Limits by network, device, person or telephone, in memory for one process, in Redis for several.

    While Redis is away each process counts for itself: its limits hold, only they are not shared.
    """

    def __init__(self, settings: Settings) -> None:
        self._own = Windows(MemoryStorage())
        self._shared = Windows(redis(settings.redis_url)) if settings.redis_url else None
        self._is_away, self._ask_again_at = False, 0.0
        self._trust_proxy = settings.trust_proxy
        self._items: dict[str, RateLimitItem] = {
            "submit": RateLimitItemPerMinute(settings.submit_per_minute),
            "lookup": RateLimitItemPerMinute(settings.lookup_per_minute),
            "login": RateLimitItemPerMinute(settings.login_per_minute),
            "messages": RateLimitItemPerMinute(max(1, settings.challenge_limit)),
        }
        self._quantities: dict[str, RateLimitItem] = {
            "upload_burst": RateLimitItemPerSecond(
                _kilobytes(settings.upload_burst_bytes), settings.upload_burst_seconds
            ),
            "upload_network": RateLimitItemPerDay(_kilobytes(settings.upload_network_day_bytes)),
            "upload_device": RateLimitItemPerDay(_kilobytes(settings.upload_device_day_bytes)),
            "upload_phone": RateLimitItemPerDay(_kilobytes(settings.upload_device_day_bytes)),
            "upload_staff": RateLimitItemPerDay(_kilobytes(settings.upload_staff_day_bytes)),
            "drafts": RateLimitItemPerHour(settings.drafts_per_hour),
            "drafts_day": RateLimitItemPerDay(settings.drafts_per_hour * _DRAFT_HOURS),
            "phone_messages": RateLimitItemPerDay(settings.phone_messages_per_day),
        }

    async def hit(self, action: str, request: Request, cost: int = 1) -> None:
        """Count one `action` of this network, or `cost` of them.

        Raises TooMany with the seconds to wait.
        """
        item, address = self._items[action], self.network(request)
        if not await self._ask(lambda windows: windows.events.hit(item, action, address, cost=cost)):
            raise TooMany(seconds=await self._wait(item, action, address))

    async def check(self, action: str, request: Request) -> None:
        """Refuse when the network used up its `action`, without counting: for counting failures only.

        Raises TooMany.
        """
        item, address = self._items[action], self.network(request)
        if not await self._ask(lambda windows: windows.events.test(item, action, address)):
            raise TooMany(seconds=await self._wait(item, action, address))

    async def spend(self, action: str, key: str, cost: int = 1) -> None:
        """Take `cost` of what `key` may use of `action`: of files kilobytes, of drafts and messages their number.

        Raises TooMany with the seconds to wait; then nothing of it was taken.
        """
        item = self._quantities[action]
        if not await self._ask(lambda windows: windows.quantities.hit(item, action, key, cost=cost)):
            raise await self._no_room(action, key, cost)

    async def spend_all(self, costs: Sequence[tuple[str, str, int]]) -> None:
        """Take each cost of what its key may use of its action, in this order.

        Raises TooMany with the seconds to wait when one of them has no room; then nothing was taken of any, unless
        somebody else took the room in the same moment.
        """
        for action, key, cost in costs:
            await self._require_room(action, key, cost)
        for action, key, cost in costs:
            await self.spend(action, key, cost)

    async def _require_room(self, action: str, key: str, cost: int) -> None:
        item = self._quantities[action]
        if not await self._ask(lambda windows: windows.quantities.test(item, action, key, cost=cost)):
            raise await self._no_room(action, key, cost)

    async def _no_room(self, action: str, key: str, cost: int) -> TooMany:
        item = self._quantities[action]
        seconds = await self._ask(lambda windows: windows.seconds_until(item, action, key, cost))
        return TooMany(seconds=max(1, int(seconds) + 1), quota=action)

    def at_most(self, action: str, cost: int) -> int:
        """The cost, or all there is of `action`: what is larger by itself goes through when nothing else was sent."""
        return min(cost, self._quantities[action].amount)

    async def use_once(self, action: str, key: str) -> bool:
        """Whether `key` is used for the first time within the hour; exactly, whatever the windows of quantities."""
        item = RateLimitItemPerHour(1)
        return await self._ask(lambda windows: windows.events.hit(item, action, key))

    async def _wait(self, item: RateLimitItem, action: str, address: str) -> int:
        stats = await self._ask(lambda windows: windows.events.get_window_stats(item, action, address))
        return max(1, int(stats.reset_time - time.time()) + 1)

    async def _ask(self, question: Callable[[Windows], Awaitable[T]]) -> T:
        """The answer of the shared window, or of this process's own while Redis does not answer."""
        if self._shared is not None and time.monotonic() >= self._ask_again_at:
            try:
                answer = await question(self._shared)
            except (RedisError, OSError) as fault:
                if not self._is_away:  # once for an outage, not for each request in it
                    log.warning("Redis does not answer, limits are counted by each process", fault=str(fault))
                self._is_away, self._ask_again_at = True, time.monotonic() + REDIS_AGAIN_SECONDS
            else:
                if self._is_away:
                    log.warning("Redis answers again, limits are shared")
                self._is_away = False
                return answer
        return await question(self._own)

    def network(self, request: Request) -> str:
        """The network that counts as one: the address, of IPv6 the /64, which one subscriber has to itself."""
        address = self.address(request)
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return address
        if isinstance(known, ipaddress.IPv4Address):
            return address
        return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))

    def address(self, request: Request) -> str:
        """The client's address; a proxy's word is believed only when the setting says there is one."""
        if self._trust_proxy and (forwarded := request.headers.get("x-forwarded-for")):
            return forwarded.rsplit(",", 1)[-1].strip()
        return request.client.host if request.client else "unknown"


def _kilobytes(byte_count: int) -> int:
    return -(-byte_count // 1000)
