"""Does the classifier learn from the desk? The whole loop over HTTP, told with 200 corrections.

`python -m tests.bench.live_loop [200]` tells it in a town of its own: corrections through the clerk's page, a candidate,
its trial, promotion, the next similar message; then a clerk who mislabels as many; then the way back; then many units
that confirm wrong categories for one another, whose candidate is refused; then a candidate killed while it is made.
`tests/flows/test_learning.py` tells the same with fewer.
"""

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx2

from classify.learning import training_runs
from classify.model import registry
from classify.model.seed_examples import seed_examples
from feedback.kernel.settings import Settings
from tests.messages import MORE, PLACES, WHEN, messages
from tests.people import Door
from web import bootstrap
from web.demo import seed
from web.tasks import training

CATEGORY, UNIT, HEADING = "0609", "wenlv", "06"
"""This town files its angling platforms under sport, which nobody could know."""

COLLUDING = ("jiaoyu", "renshe", "weijian", "zhujian", "shijian", "jiaotong", "shengtai", "minzheng", "gongan", "wenlv")
"""Units whose clerks take on whatever comes."""

PROBES = (
    ("钓鱼台少了两块板", "水库西岸的钓鱼台少了两块板，老人和孩子走上去很危险，请来看看。"),
    ("钓鱼台栏杆松了", "周末去钓鱼，靠水一侧的钓鱼台栏杆一推就晃，希望早点加固。"),
    ("钓鱼台什么时候开放", "桥下新修的钓鱼台围了半年没有开放，想知道还要等多久。"),
)


def lies(number: int, seed_number: int = 11) -> list[tuple[str, str, str]]:
    """Plain messages of every heading, each with a category from another heading."""
    own = [e for e in seed_examples([]) if e.source == "example"]
    rng = random.Random(seed_number)
    rng.shuffle(own)
    wrong = {e.category: rng.choice([o.category for o in own if o.category[:2] != e.category[:2]]) for e in own}
    picked = [own[i % len(own)] for i in range(number)]
    return [
        (e.title, f"{rng.choice(WHEN)}在{rng.choice(PLACES)}。{e.text}{rng.choice(MORE)}。", wrong[e.category])
        for e in picked
    ]


@dataclass
class Town:
    """The people of the story at their doors."""

    door: Door
    reception: httpx2.AsyncClient
    clerks: dict[str, httpx2.AsyncClient]
    admin: httpx2.AsyncClient
    token: str

    async def hand_in(self, title: str, text: str) -> str:
        no = str((await self.door.submit(title=title, text=text))["no"])
        await self.door.drain()
        return no

    async def correct(self, title: str, text: str, category: str, *, accepted: bool, unit: str = UNIT) -> None:
        """The desk says what it is about and sends it on; the unit takes it on, or does not."""
        no = await self.hand_in(title, text)
        await self._returned(no)
        if accepted:
            sent = {"category": category, "unit": unit, "reason": "由该单位负责"}
            await _done(self.reception.post(f"/desk/cases/{no}/route", data=sent), again=no)
            clerk = await self._clerk(unit)
            await _done(clerk.post(f"/desk/cases/{no}/acts/accept", data={}), again=no)
        else:
            await _done(self.reception.post(f"/desk/cases/{no}/acts/classify", data={"category": category}), again=no)
        await self.door.drain()

    async def _returned(self, no: str) -> None:
        """A unit the classifier was sure of, wrongly, sends it back."""
        unit = (await self.door.get(f"/api/v1/cases/{no}", self.token)).json()["unit"]
        if unit:
            client = await self._clerk(unit["code"])
            await _done(client.post(f"/desk/cases/{no}/acts/return", data={"reason": "不属于本单位职责"}), again=no)
            await self.door.drain()

    async def _clerk(self, unit: str) -> httpx2.AsyncClient:
        if unit not in self.clerks:
            self.clerks[unit] = await self.door.page_client(f"clerk-{unit}")
        return self.clerks[unit]

    async def leave(self) -> None:
        for client in (self.reception, self.admin, *self.clerks.values()):
            await client.aclose()

    async def says(self, title: str, text: str) -> str:
        """What the classifier makes of a message."""
        prediction = (await self.door.post("/api/v1/classify", {"title": title, "text": text}, self.token)).json()
        return str(prediction["category"] or "")

    async def right(self, probes: Sequence[tuple[str, str]] = PROBES) -> int:
        return sum([(await self.says(*probe)).startswith(HEADING) for probe in probes])

    async def train(self) -> dict[str, Any]:
        """The administrator presses the button; what follows is carried out. Returns the newest release."""
        await self._ask()
        await self._carry_out()
        return await self._made()

    async def train_killed_once(self) -> tuple[str, int, dict[str, Any]]:
        """The same, but the process that makes the candidate is killed without warning, and the run taken up again.

        Returns the release in force and how many probes went right after the killing, and the release made in the end.
        """
        await self._ask()
        before = _children()
        work = asyncio.create_task(self._carry_out())
        await asyncio.sleep(KILLED_AFTER_SECONDS)
        young = _children() - before
        assert young, "killed before it began"
        for process in young:
            os.kill(process, signal.SIGKILL)
        await work
        assert (await training_runs.list_latest_runs(1))[0]["done_at"] is None, "killed too late"
        serves, right = await registry.load_current_id(), await self.right()
        await self._carry_out()
        return serves, right, await self._made()

    async def _ask(self) -> None:
        response = await self.admin.post("/admin/learning/train")
        assert response.headers["location"].endswith("asked"), response.headers

    async def _carry_out(self) -> None:
        run = await training_runs.take_run(self.door.context.clock.now())
        assert run is not None
        await training.train_candidate(self.door.context, run.id, run.asked_by)

    async def _made(self) -> dict[str, Any]:
        made = (await training_runs.list_latest_runs(1))[0]
        assert made["release"], made["error"]
        return await registry.load_release(made["release"])


KILLED_AFTER_SECONDS = 2


def _children() -> set[int]:
    """The processes this one started (Linux)."""
    lists = [Path(place, "children").read_text() for place in Path("/proc/self/task").iterdir()]
    return {int(pid) for line in lists for pid in line.split()}


async def _done(answer: Any, again: str) -> None:
    response = await answer
    assert response.status_code == 303, (again, response.status_code, response.text[:2000])


async def town(door: Door) -> Town:
    reception, admin = [await door.page_client(name) for name in ("reception", "admin")]
    return Town(door, reception, {}, admin, await door.log_in("reception"))


async def tell(number: int, door: Door) -> dict[str, Any]:
    """The story, with its figures."""
    people = await town(door)
    figures: dict[str, Any] = {"before": await people.right()}
    began = time.perf_counter()
    for title, text in messages(number):
        await people.correct(title, text, CATEGORY, accepted=True)
    figures["corrected_s"] = round(time.perf_counter() - began, 1)
    began = time.perf_counter()
    first = await people.train()
    figures["candidate"] = _figures(first) | {"seconds": round(time.perf_counter() - began, 1)}
    figures["after"] = await people.right()
    present = await registry.load_current_id()
    for title, text, category in lies(number):
        await people.correct(title, text, category, accepted=False)
    second = await people.train()
    figures["poisoned"] = _figures(second)
    figures["after_poison"] = await people.right()
    await registry.promote(second["id"], by="bench", now=door.context.clock.now())
    figures["after_poison_forced"] = await people.right()
    await people.admin.post("/admin/learning/back")
    figures["rolled_back"] = await registry.load_current_id() == present or await registry.load_current_id()
    for (title, text, category), unit in zip(lies(number, 13), cycle(COLLUDING), strict=False):
        await people.correct(title, text, category, accepted=True, unit=unit)
    third = await people.train()
    figures["colluding"] = _figures(third)
    figures["refused"] = third["refused"]
    figures["after_colluding"] = await people.right()
    figures["old_serves"] = await registry.load_current_id() == present
    serves, right, _ = await people.train_killed_once()
    figures["killed"] = {"old_serves": serves == present, "right": right, "made_in_the_end": True}
    await people.leave()
    return figures


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    trial = row["trial"]
    figures = {name: trial[name] for name in ("learnt", "frozen_accuracy", "worse_because", "doubts", "promoted")}
    return figures | {"paired": trial["paired"].get("all"), "frozen": trial["paired"].get("frozen")}


async def _main(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = replace(Settings(), data=Path(folder), log_level="error", submit_per_minute=10**6)
        await bootstrap.migrate(settings)
        async with bootstrap.open_context(settings) as context:
            await bootstrap.seed_calendar(context)
            await seed.seed_town(context)
        async with Door.opened(settings) as door:
            print(json.dumps(await tell(number, door), ensure_ascii=False, indent=1, default=str))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
