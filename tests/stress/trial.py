"""One fault on one installation: visitors come, something breaks, it is mended, and everything is counted."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

import httpx2

from tests.stress.endpoints import Answer, Visitors
from tests.stress.judgement import (
    BACK_SECONDS,
    CAUGHT_UP_SECONDS,
    ROUTED_SECONDS,
    SILENT_SECONDS,
    Expectation,
    Observation,
)
from tests.stress.servers import run_command
from tests.stress.site import Shape, Site
from tests.stress.watch import READY, BoardWatch, ReadinessWatch

WARM_SECONDS = 60
LOOK_EVERY_SECONDS = 0.2
SENT_AGAIN_SECONDS = 60
FILES_MOST = 9  # that one message may bring


class BrokenOffError(Exception):
    """The trial cannot be run: all is not well before the fault, or the fault cannot be mended."""


class RefusedError(BrokenOffError):
    """The server does not start on an installation of this shape, where nothing is broken yet."""

    def __init__(self, exit_code: int | None, log: str) -> None:
        super().__init__(f"the server ends at the start with exit code {exit_code}: {log}")
        self.exit_code, self.log = exit_code, log


class Fault(ABC):
    """One thing that can be broken and mended from outside, by what an operator or an accident does."""

    name: str
    shapes: tuple[Shape, ...]  # the first is the one of --quick
    seconds: float
    quick_seconds: float
    expectation: Expectation

    @abstractmethod
    async def begin(self, site: Site) -> None:
        """Break it. Where the expectation says `restarts`, all processes are stopped and are started afterwards."""

    @abstractmethod
    async def end(self, site: Site) -> None:
        """Mend it."""


class Trial:
    """One fault on one installation, from the first visitor to the last count."""

    def __init__(self, fault: Fault, site: Site, seconds: float) -> None:
        self.fault, self.site, self.seconds, self.wanted = fault, site, seconds, fault.expectation
        self.visitors = Visitors(site.base)

    async def run(self) -> Observation:
        """Everything that was seen. Raises BrokenOffError, RefusedError."""
        if not await self.site.start():
            raise RefusedError(self.site.web.exit_code, self.site.log)
        await self.site.wait_until_ready()
        async with self.visitors:
            try:
                await self.visitors.arrive()
            except RuntimeError as fault:
                raise BrokenOffError(str(fault)) from fault
            first = self.visitors.submissions[0]
            if await self._wait_until_routed(first.no, first.code, WARM_SECONDS) is None:
                raise BrokenOffError("before the fault, the first case is not routed")
            seen = Observation(
                ReadinessWatch(self.site.base), BoardWatch(self.site.base, self.visitors.overseer.cookies)
            )
            watches = [asyncio.create_task(watch.run()) for watch in (seen.readiness, seen.board)]
            try:
                await self._observe(seen)
            finally:
                for watch in watches:
                    watch.cancel()
                await asyncio.gather(*watches, return_exceptions=True)
            await self._count(seen)
        return seen

    async def _observe(self, seen: Observation) -> None:
        seen.before = await self.visitors.ask_all(may_refuse=False)
        await self._break(seen)
        broken_at = time.monotonic()
        waits = (1.0, self.seconds / 2) if seen.has_started else ()
        rounds = [asyncio.create_task(self._ask_later(wait)) for wait in waits]
        await asyncio.sleep(max(0.0, broken_at + self.seconds - time.monotonic()))
        if self.wanted.works_on:
            seen.routed_during = await self._route_new_case()
        if self.wanted.restarts:  # nobody is still asking when the processes are stopped
            await asyncio.gather(*rounds)
        await self._mend(seen)
        seen.after = await self._ask_until_back(seen.ended)
        seen.during = [answer for answers in await asyncio.gather(*rounds) for answer in answers]
        seen.routed_after = await self._route_new_case()
        await self._catch_up(seen)
        await _wait_until(lambda: _is_there(seen.readiness.first(READY, seen.ended)), BACK_SECONDS)
        await _wait_until(lambda: _is_there(seen.board.first_picture(seen.ended)), SILENT_SECONDS)
        seen.finished = time.monotonic()

    async def _break(self, seen: Observation) -> None:
        if not self.wanted.restarts:
            seen.began = time.monotonic()  # before: stopping takes a moment, and is a part of being away
            await self.fault.begin(self.site)
            return
        await self.site.stop()
        await self.fault.begin(self.site)
        logged = len(self.site.log)
        seen.began = time.monotonic()
        seen.has_started = await self.site.start()
        seen.exit_code, seen.log = self.site.web.exit_code, self.site.log[logged:]

    async def _mend(self, seen: Observation) -> None:
        if not self.wanted.restarts:
            seen.log = self.site.log
            await self.fault.end(self.site)
            seen.ended = time.monotonic()
            return
        await self.site.stop()
        await self.fault.end(self.site)
        if not await self.site.start():
            raise BrokenOffError(f"the server does not start after the fault: {self.site.log}")
        seen.ended = time.monotonic()

    async def _ask_later(self, seconds: float) -> list[Answer]:
        await asyncio.sleep(seconds)
        return await self.visitors.ask_all(may_refuse=self.wanted.may_refuse)

    async def _ask_until_back(self, since: float) -> list[Answer]:
        """Ask everything again and again until each endpoint answered as usual once, or it takes too long."""
        answers: list[Answer] = []
        missing: set[str] = set()
        while True:
            answers += await self.visitors.ask_all(may_refuse=False)
            missing = {answer.endpoint for answer in answers} - {a.endpoint for a in answers if a.is_usual}
            if not missing or time.monotonic() - since > BACK_SECONDS:
                return answers
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _route_new_case(self) -> float | None:
        """Seconds from the receipt of a new case to its category, or None."""
        try:
            response = await self.visitors.submit()
        except httpx2.TransportError:
            return None
        submission = self.visitors.submissions[-1]
        if response.status_code not in (200, 201):
            return None
        return await self._wait_until_routed(submission.no, submission.code, ROUTED_SECONDS)

    async def _wait_until_routed(self, no: str, code: str, seconds: float) -> float | None:
        async def is_routed() -> bool:
            return bool((await self.visitors.state_of(no, code)).get("category"))

        return await _wait_until(is_routed, seconds)

    async def _catch_up(self, seen: Observation) -> None:
        """Everybody without a receipt sends again; then what came in during the fault is waited for."""
        await _wait_until(self._is_all_sent, SENT_AGAIN_SECONDS)
        taken = [s for s in self.visitors.submissions if s.no and seen.began <= s.acknowledged_at < seen.ended]
        seen.taken_during = len(taken)
        # Where a new case waits in vain, nothing works on older ones either: look once.
        deadline = seen.ended + (CAUGHT_UP_SECONDS if seen.routed_after is not None else 0)
        for submission in taken:
            if await self._wait_until_routed(submission.no, submission.code, deadline - time.monotonic()) is None:
                return
        seen.caught_up = time.monotonic() - seen.ended

    async def _is_all_sent(self) -> bool:
        try:
            await self.visitors.send_again()
        except httpx2.TransportError:
            return False
        return all(sent.no for sent in self.visitors.messages)

    async def _count(self, seen: Observation) -> None:
        """What is lost, and what is there twice."""
        visitors = self.visitors
        submissions = [s for s in visitors.submissions if s.no]
        forms = [form for form in visitors.forms if form.no]
        seen.without_receipt = len(visitors.submissions) + len(visitors.forms) - len(submissions) - len(forms)
        seen.files, seen.files_fault = len(visitors.attachments), await self._claim_files()
        submissions = [s for s in visitors.submissions if s.no]
        lost, doubled = [], []
        for submission in submissions:
            if not await visitors.state_of(submission.no, submission.code):
                lost.append(f"{submission.no} is not found by its code")
            response = await submission.send(visitors.citizen)
            receipt = response.json() if response.status_code == 200 else {}
            if (receipt.get("no"), receipt.get("code")) != (submission.no, submission.code):
                doubled.append(f"{submission.no} sent again: {response.status_code} {receipt.get('no')}")
        for form in forms:
            no = form.no
            if (await form.send()).status_code != 303 or form.no != no:
                doubled.append(f"{no} sent again from its page: {form.no}")
        numbers = [str(row[0]) for row in await self.site.rows("SELECT no FROM feedback_case")]
        receipts = {sent.no for sent in visitors.messages if sent.no}
        lost += [f"{no} is not in the record" for no in sorted(receipts - set(numbers))]
        seen.receipts, seen.cases, seen.lost, seen.doubled = len(receipts), len(numbers), lost, doubled
        done = await asyncio.to_thread(run_command, self.site.environment, "verify")
        seen.verify = "" if done.returncode == 0 else (done.stdout + done.stderr).strip()

    async def _claim_files(self) -> str:
        """Give in one message with files that were taken in around the fault. Returns what is wrong with that, or ""."""
        response = await self.visitors.submit(attachments=self.visitors.attachments[-FILES_MOST:])
        return "" if response.status_code == 201 else f"{response.status_code} {response.text[:200]}"


async def _is_there(value: object) -> bool:
    return value is not None


async def _wait_until(condition: Callable[[], Awaitable[bool]], seconds: float) -> float | None:
    """Seconds until the condition holds, or None when it does not in that time. It is looked at once at least."""
    started = time.monotonic()
    while True:
        try:
            if await condition():
                return time.monotonic() - started
        except httpx2.TransportError:
            pass
        if time.monotonic() - started > seconds:
            return None
        await asyncio.sleep(LOOK_EVERY_SECONDS)
