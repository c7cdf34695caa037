"""Does the server refuse to start when it cannot work, and say in one sentence what to do?"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from feedback.kernel import db, secret_check
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import NotNow
from feedback.kernel.secret_check import SecretCheck, SecretState
from feedback.kernel.settings import DEV_SECRET, Settings
from tests.conftest import POSTGRES, other_database, run_sql
from tests.outages import unreachable
from tests.people import Door
from web import bootstrap

OTHER_SECRET = "another secret of at least 32 characters"


def run_command(settings: Settings, *words: str, secret: str = DEV_SECRET) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, as people call it."""
    environment = {
        **os.environ,
        "XINQIAO_DATA": str(settings.data),
        "XINQIAO_DATABASE_URL": settings.database_url,
        "XINQIAO_SECRET": secret,
        "XINQIAO_PROMISES": settings.promises,
        "XINQIAO_PORT": "0",
        "XINQIAO_LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "web", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def assert_refused(done: subprocess.CompletedProcess[str], words: str, code: int = 2) -> None:
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


async def make_empty_database(folder: Path) -> Settings:
    """A database nothing was ever done to. On PostgreSQL: drop it yourself."""
    if not POSTGRES:
        return Settings(data=folder / "empty")
    await run_sql("DROP DATABASE IF EXISTS xq_empty_start", "CREATE DATABASE xq_empty_start")
    return Settings(data=folder / "empty", database_url=other_database(POSTGRES, "xq_empty_start"))


async def test_without_tables_it_names_the_command(tmp_path: Path) -> None:
    settings = await make_empty_database(tmp_path)
    try:
        assert_refused(run_command(settings, "serve"), "请先运行 xinqiao migrate")
        assert_refused(run_command(settings, "verify"), "请先运行 xinqiao migrate")
    finally:
        if POSTGRES:
            await run_sql("DROP DATABASE IF EXISTS xq_empty_start WITH (FORCE)")


async def test_with_a_pending_migration_it_names_the_command(settings: Settings) -> None:
    async with bootstrap.open_context(settings):
        await db.write_connection().execute_script("DELETE FROM tortoise_migrations WHERE name LIKE '0013%'")
    assert_refused(run_command(settings, "serve"), "请先运行 xinqiao migrate")


async def test_with_another_secret_nothing_is_served_and_verify_says_so(settings: Settings) -> None:
    async with Door.opened(settings) as door:
        await door.submit()
    assert_refused(run_command(settings, "serve", secret=OTHER_SECRET), "XINQIAO_SECRET 与这份数据不符")
    assert_refused(run_command(settings, "migrate", secret=OTHER_SECRET), "XINQIAO_SECRET 与这份数据不符")
    wrong = run_command(settings, "verify", secret=OTHER_SECRET)
    assert wrong.returncode == 1
    assert "XINQIAO_SECRET 与这份数据不符" in wrong.stdout
    assert "记录完整" not in wrong.stdout
    right = run_command(settings, "verify")
    assert (right.returncode, right.stderr) == (0, "")
    assert "密钥能打开" in right.stdout


async def test_an_unavailable_database_is_reported_without_a_traceback(settings: Settings) -> None:
    assert_refused(run_command(unreachable(settings), "serve"), "数据库或磁盘现在不能使用", code=1)


async def test_an_older_database_gets_its_check_from_what_is_sealed_in_it(settings: Settings) -> None:
    """Upgraded under a wrong secret, it must not take the wrong one for the right one."""
    async with Door.opened(settings) as door:
        await door.submit()
        await SecretCheck.all().delete()
        assert await secret_check.state(settings.vault) is SecretState.MISSING
    with pytest.raises(NotNow, match="wrong_secret"):
        await bootstrap.migrate(replace(settings, secret=OTHER_SECRET))
    await bootstrap.migrate(settings)
    async with bootstrap.open_context(settings):
        assert await secret_check.state(settings.vault) is SecretState.RIGHT
        assert await secret_check.state(Vault(OTHER_SECRET)) is SecretState.WRONG


async def test_a_check_that_is_there_is_never_written_over(settings: Settings) -> None:
    async with bootstrap.open_context(settings) as context:
        await secret_check.write(Vault(OTHER_SECRET), context.clock.now())
        assert await secret_check.state(settings.vault) is SecretState.RIGHT
