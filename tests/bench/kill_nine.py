"""Is anything lost or done twice when the server is killed again and again while people hand in?

    python -m tests.bench.kill_nine [--cases 500] [--kills 20] [--seed 1]

Starts the real server on a fresh database, sends every message until its receipt comes back (same source_id each
time), kills the process with SIGKILL at random moments, starts it again, and finally counts. Uses the database named
by XINQIAO_DATABASE_URL, else SQLite in a temporary folder.
"""

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from feedback import jobs
from feedback.kernel import outbox
from feedback.kernel.settings import Settings
from feedback.record.models.case import Attachment, Case, Entry
from routing.models import Notice
from tests.stress.servers import READY_SECONDS, Server, free_port, install
from web import bootstrap
from web.context import AppContext

SENDERS = 6
_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@dataclass(frozen=True)
class Outcome:
    """What was found in the record after it all."""

    cases: int
    sources: int
    receipts_kept: int
    attachments: int
    unfinished_messages: int
    orphaned_clocks: int
    doubled_notices: int
    doubled_entries: int
    damages: int
    kills: int

    @property
    def is_clean(self) -> bool:
        return (
            self.cases == self.sources == self.receipts_kept == self.attachments
            and not self.unfinished_messages
            and not self.orphaned_clocks
            and not self.doubled_notices
            and not self.doubled_entries
            and not self.damages
        )


async def run(cases: int, kills: int, seed_: int = 1) -> Outcome:
    """Send `cases` messages through `kills` deaths and count what is there afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="xinqiao-kill-"))
    environment = {
        "XINQIAO_DATA": str(folder),
        "XINQIAO_LOG_LEVEL": "error",
        "XINQIAO_SUBMIT_PER_MINUTE": "1000000",
        **{k: v for k, v in os.environ.items() if k == "XINQIAO_DATABASE_URL"},
    }
    settings = Settings.read(environment)
    await install(settings)
    server = Server(environment, free_port())
    server.start()
    try:
        receipts = await _send_all(server, cases, kills, random.Random(seed_))
        await _wait_until_drained(server.port)
    finally:
        server.kill()
    outcome = await _count(settings, receipts, kills)
    shutil.rmtree(folder, ignore_errors=True)
    return outcome


async def _send_all(server: Server, cases: int, kills: int, draw: random.Random) -> dict[str, dict[str, str]]:
    receipts: dict[str, dict[str, str]] = {}
    kill_after = sorted(draw.sample(range(1, max(cases, kills + 1)), kills))
    waiting = [f"kill-{n}" for n in range(cases)]
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=20) as client:

        async def sender() -> None:
            while waiting:
                source = waiting.pop()
                receipts[source] = await _send(client, source)

        async def killer() -> None:
            for threshold in kill_after:
                await _until(lambda threshold=threshold: len(receipts) >= threshold)
                await asyncio.sleep(draw.uniform(0, 0.05))  # anywhere inside a request or a message
                server.kill()
                server.start()

        await asyncio.gather(killer(), *(sender() for _ in range(SENDERS)))
    return receipts


async def _send(client: httpx2.AsyncClient, source: str) -> dict[str, str]:
    """Hand in one message with a picture, as a phone would: again and again until the receipt is there."""
    while True:
        try:
            file = await client.post("/api/v1/attachments", files={"file": ("现场.png", _PICTURE, "image/png")})
            body = {
                "kind": "complaint",
                "title": f"路灯不亮 {source}",
                "text": "清河路上三盏路灯已经坏了一周，晚上很黑，请维修。",
                "channel": "app",
                "source_id": source,
                "attachments": [file.json()["id"]],
                "person": {"name": "安小娜", "phone": "13900001234"},
            }
            response = await client.post("/api/v1/cases", json=body)
            if response.status_code in (200, 201):
                receipt: dict[str, str] = response.json()
                return receipt
            if response.status_code < 500:
                raise RuntimeError(response.text)
        except (httpx2.TransportError, ValueError, KeyError):
            await asyncio.sleep(0.05)  # the server is away: try again, as a phone does


async def _until(condition: "object", seconds: float = READY_SECONDS * 5) -> None:
    for _ in range(int(seconds / 0.02)):
        if condition():  # type: ignore[operator] # a plain function
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


async def _wait_until_drained(port: int) -> None:
    """Until the server says that no message waits."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        for _ in range(READY_SECONDS * 5):
            try:
                if (await client.get("/readyz")).json()["queue"]["waiting"] == 0:
                    return
            except (httpx2.TransportError, ValueError, KeyError):
                pass
            await asyncio.sleep(0.2)
    raise TimeoutError("messages still wait")


async def _count(settings: Settings, receipts: Mapping[str, Mapping[str, str]], kills: int) -> Outcome:
    async with _reopened(settings) as context:
        now = context.clock.now()
        by_source = {c.source_id: c.no for c in await Case.filter(channel="app")}
        notices = [n.key for n in await Notice.all()]
        entries = [(e.case_id, e.act) for e in await Entry.filter(act__in=["classify", "assign", "submit"])]  # type: ignore[attr-defined] # added at run time
        return Outcome(
            cases=await Case.all().count(),
            sources=len(by_source),
            receipts_kept=sum(by_source.get(source) == receipt["no"] for source, receipt in receipts.items()),
            attachments=await Attachment.filter(case_id__isnull=False).count(),
            unfinished_messages=(await outbox.count_messages(now))["waiting"],
            orphaned_clocks=await jobs.count_orphaned_clocks(),
            doubled_notices=len(notices) - len(set(notices)),
            doubled_entries=len(entries) - len(set(entries)),
            damages=len([d async for d in jobs.find_damages(settings)]),
            kills=kills,
        )


@asynccontextmanager
async def _reopened(settings: Settings) -> AsyncIterator[AppContext]:
    async with bootstrap.open_context(settings) as context:
        yield context


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    outcome = asyncio.run(run(args.cases, args.kills, args.seed))
    print(outcome)
    print("clean" if outcome.is_clean else "NOT CLEAN")
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
