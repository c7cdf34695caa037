"""Does the classifier learn from the desk, refuse bad candidates, and roll back? Over HTTP, and with killed processes."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from classify.learning import trainer, training_runs
from classify.model import registry
from classify.model.seed_examples import seed_examples
from feedback.kernel.errors import Conflict, NotFound
from feedback.kernel.settings import Settings
from tests.bench.live_loop import CATEGORY, PROBES, lies, town
from tests.messages import messages
from tests.moments import MONDAY
from tests.people import Door
from web import bootstrap
from web.context import AppContext
from web.tasks import training

FEW = 30
ROOT = Path(__file__).parents[2]


async def test_corrections_through_the_page_make_the_next_similar_message_go_right_and_lies_do_not(door: Door) -> None:
    people = await town(door)
    first = await registry.load_current_id()
    assert await people.right() == 0
    for title, text in messages(FEW):
        await people.correct(title, text, CATEGORY, accepted=True)
    taught = await people.train()
    assert taught["trial"]["promoted"] and taught["made_by"] == taught["promoted_by"] != ""
    assert await people.right() == len(PROBES), "every process takes up the new release by itself"
    assert (await door.get("/readyz")).json()["model"] == taught["id"] != first

    page = (await people.admin.get("/admin/learning")).text
    assert taught["id"] in page and "现行" in page
    assert "固定试题" in (await people.admin.get(f"/admin/learning/{taught['id']}")).text

    for title, text, category in lies(FEW):
        await people.correct(title, text, category, accepted=False)
    poisoned = await people.train()
    fell = taught["trial"]["frozen_accuracy"] - poisoned["trial"]["frozen_accuracy"]
    assert fell < 0.05
    assert await people.right() == len(PROBES)

    answer = await people.admin.post("/admin/learning/back")
    assert answer.status_code == 303
    back = await registry.load_current_id()
    assert back == (taught["id"] if poisoned["trial"]["promoted"] and poisoned["id"] != taught["id"] else first)
    await people.leave()


async def test_only_an_administrator_trains_promotes_and_goes_back(door: Door) -> None:
    for name in ("reception", "supervisor", "auditor", "clerk-jiaoyu"):
        token = await door.log_in(name)
        for path in ("/api/v1/releases", "/api/v1/releases/back", "/api/v1/releases/0/promote"):
            assert (await door.post(path, {}, token)).status_code == 403, (name, path)
        assert (await door.get("/api/v1/releases", token)).status_code == 403
    token = await door.log_in("admin")
    releases = (await door.get("/api/v1/releases", token)).json()["items"]
    assert [release["is_current"] for release in releases] == [True]
    assert (await door.post("/api/v1/releases/back", {}, token)).status_code == 409
    assert (await door.post("/api/v1/releases/0/promote", {}, token)).status_code == 404
    assert (await door.post("/api/v1/releases", {}, token)).json() == {"is_new": True}
    assert (await door.post("/api/v1/releases", {}, token)).json() == {"is_new": False}


async def test_the_nightly_timer_requests_one_run_when_there_are_enough_labels(context: AppContext) -> None:
    night = MONDAY.replace(hour=20)  # four in the morning of the next office day
    await training._request_nightly(context, night)
    assert await training_runs.list_latest_runs() == []
    for i, (title, text) in enumerate(messages(context.settings.train_least)):
        await trainer.store_label(title, text, CATEGORY, case_no=f"XQ{i}", by="reception", now=MONDAY)
    await training._request_nightly(context, MONDAY + timedelta(hours=4))
    assert await training_runs.list_latest_runs() == [], "nobody trains at noon"
    for _ in range(2):
        await training._request_nightly(context, night)
    assert [run["key"] for run in await training_runs.list_latest_runs()] == ["night-2026-09-15"]


async def test_a_candidate_adapts_to_the_districts_messages_without_labels(door: Door) -> None:
    own = [e for e in seed_examples([]) if e.source == "example"]
    for e in [e for heading in ("04", "06") for e in [e for e in own if e.category[:2] == heading][:60]]:
        await door.submit(title=e.title, text=f"{e.text}（云川区）")
    people = await town(door)
    made = await people.train()
    assert (made["kind"], made["trial"]["learnt"], made["trial"]["promoted"]) == ("adapted", 0, True)
    await people.leave()


async def test_a_run_is_leased_by_one_process_and_again_when_that_process_died(context: AppContext) -> None:
    assert await training_runs.request_run("asked-1", by="管理员", now=MONDAY)
    assert not await training_runs.request_run("asked-2", by="管理员", now=MONDAY)
    assert await training_runs.take_run(MONDAY) is not None
    assert await training_runs.take_run(MONDAY) is None
    for attempt in range(1, training_runs.MAX_ATTEMPTS):
        assert await training_runs.take_run(MONDAY + attempt * (training_runs.LEASE + timedelta(seconds=1))) is not None
    assert await training_runs.take_run(MONDAY + timedelta(days=1)) is None
    assert (await training_runs.list_latest_runs())[0]["done_at"]


async def test_a_candidate_compared_with_an_outdated_release_is_not_promoted(context: AppContext) -> None:
    present = await registry.load_current_id()
    await registry.store_candidate("other", "trained", {}, by="", refused=(), now=MONDAY)
    with pytest.raises(Conflict):
        await registry.promote("other", by="", now=MONDAY, instead_of="somebody else")
    with pytest.raises(NotFound):
        await registry.promote("nobody", by="", now=MONDAY)
    assert await registry.load_current_id() == present


async def test_a_damaged_release_is_not_used_and_the_last_undamaged_one_is(context: AppContext) -> None:
    present = await registry.load_current_id()
    folder = context.settings.data / registry.FOLDER / "damaged"
    folder.mkdir()
    (folder / "release.json").write_text("{}")
    await registry.store_and_promote("damaged", "trained", {}, now=MONDAY + timedelta(days=1))
    model = await registry.load_current(context.settings.data, None)
    assert model is not None and model.release == present
    assert await registry.roll_back(context.settings.data, by="", now=MONDAY + timedelta(days=2)) == present


_TRAINS = """
import asyncio, sys
from pathlib import Path
from classify.learning import training_runs
from classify.model import registry
from feedback.kernel.settings import Settings
from web import bootstrap
from web.tasks import training

async def main():
    settings = Settings(data=Path(sys.argv[1]), database_url=sys.argv[2], log_level="error")
    async with bootstrap.open_context(settings) as context:
        if sys.argv[3] == "train":
            await training.request_candidate(context, "管理员")
            run = await training_runs.take_run(context.clock.now())
            print("begun", flush=True)
            await training.train_candidate(context, run.id, "管理员")
        rows = [row["id"] for row in await registry.list_releases()]
        print("begun", flush=True)
        while True:
            for release in rows:
                await registry.promote(release, by="", now=context.clock.now())

asyncio.run(main())
"""


async def _kill_while(settings: Settings, what: str, after: float) -> None:
    """A process that does this, killed without warning a moment later."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _TRAINS, str(settings.data), settings.database_url, what),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert (await process.stdout.readline()).strip() == b"begun"
    await asyncio.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()


async def _current_release(settings: Settings) -> str:
    """The release an office opened anew answers by."""
    async with bootstrap.open_context(settings) as context:
        model = await context.model()
        assert model is not None and model.predict("小区停水", "小区停水三天了，没有水用").category
        assert sum(row["is_current"] for row in await registry.list_releases()) == 1
        return model.release


async def test_after_a_kill_while_training_the_old_release_stays_and_the_run_is_repeated(settings: Settings) -> None:
    before = await _current_release(settings)
    await _kill_while(settings, "train", 1.5)
    assert await _current_release(settings) == before
    async with bootstrap.open_context(settings) as context:
        assert (await training_runs.list_latest_runs())[0]["done_at"] is None
        await training_runs.release_leases()
        run = await training_runs.take_run(context.clock.now())
        assert run is not None and run.attempts == 1


async def test_after_a_kill_while_promoting_exactly_one_release_is_in_force(settings: Settings) -> None:
    async with bootstrap.open_context(settings) as context:
        present = await registry.load_release(await registry.load_current_id())
        home = context.settings.data / registry.FOLDER
        for name in ("second", "third"):  # other names for the same files: what matters is which row is in force
            (home / name).symlink_to(home / present["folder"])
            await registry.store_candidate(name, "cold", {}, by="", refused=(), now=MONDAY)
    for after in (0.05, 0.11, 0.23):
        await _kill_while(settings, "promote", after)
        assert await _current_release(settings) == present["id"]
