"""The flag model is fitted at migration or at start, never during a request."""

import asyncio
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from classify.signals import flag_model
from feedback.kernel.settings import Settings
from feedback.record.models.case import Case
from tests.people import Door
from web import bootstrap
from web.tasks import unit_recommendation


async def _first_request(settings: Settings) -> dict[str, Any]:
    return (await in_a_new_process(settings))[0]


async def in_a_new_process(settings: Settings, **more: str) -> tuple[dict[str, Any], str]:
    """What a new web process says of its start and of the first message it was sent, and its log."""
    environment = {**os.environ, "XINQIAO_DATA": str(settings.data), "XINQIAO_LOG_LEVEL": "error", **more}
    if settings.database_url:
        environment["XINQIAO_DATABASE_URL"] = settings.database_url
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.flows.first_request"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, fault = await process.communicate()
    assert process.returncode == 0, fault.decode()
    figures: dict[str, Any] = json.loads(out)
    return figures, fault.decode()


async def test_migrating_leaves_the_model_in_the_data_folder(town: Settings) -> None:
    assert (town.data / flag_model.file_name()).is_file()


async def test_a_new_process_reads_the_model_and_its_first_request_fits_nothing(
    town: Settings, settings: Settings
) -> None:
    shutil.copy(town.data / flag_model.file_name(), settings.data)
    figures = await _first_request(settings)
    assert (figures["ready"], figures["fits_at_start"], figures["fits_after"]) == (True, 0, 0)
    async with bootstrap.open_context(settings):
        assert "self_harm" in (await Case.get(no=figures["no"])).flags


async def test_a_missing_file_is_made_at_the_start_and_not_by_the_first_request(settings: Settings) -> None:
    older = settings.data / "hunches-of-an-older-version.npz"
    older.write_bytes(b"")
    (settings.data / flag_model.file_name()).unlink()
    figures = await _first_request(settings)
    assert (figures["ready"], figures["fits_at_start"], figures["fits_after"]) == (True, 1, 1)
    assert (settings.data / flag_model.file_name()).is_file() and not older.exists()


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / flag_model.file_name()
    file.write_bytes(b"half a file")
    assert flag_model.read(file) is None
    flag_model.prepare(tmp_path)
    assert flag_model.read(file) is not None


def test_a_folder_nobody_may_write_to_keeps_no_process_from_starting(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    flag_model.prepare(tmp_path / "data")
    assert flag_model.is_ready()


async def test_the_unit_recommender_is_fitted_at_the_start_and_by_no_request(settings: Settings) -> None:
    wages = {"title": "餐馆三个月没发工资", "text": "老板拖欠我们三个月工资，请劳动监察帮忙要回来。"}
    async with Door.opened(replace(settings, automatic="suggest")) as door:
        desk, clerk = await door.log_in("reception"), await door.log_in("clerk-jiaoyu")
        for number in range(unit_recommendation.MIN_CASES):
            no = (await door.submit(title=wages["title"], text=f"{wages['text']}（{number}）"))["no"]
            await door.drain()
            assert (await door.act(no, "assign", {"unit": "jiaoyu"}, desk)).is_success
            assert (await door.act(no, "accept", {}, clerk)).is_success
        await door.drain()
        assert await door.context.unit_recommendation.usual(door.context, **wages) == [], "asking makes nobody learn"
        assert await door.context.unit_recommendation.refresh(door.context)
        assert not await door.context.unit_recommendation.refresh(door.context), "nothing is new"
    async with Door.opened(settings) as later:
        units = await later.context.unit_recommendation.usual(later.context, **wages)
        assert units[0][0] == "jiaoyu"
