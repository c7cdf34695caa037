"""One browser and one served town for all tests on a worker, and a fresh window for each.

The town is lived in once for the whole run; every worker serves a copy. The tests of one module stay together.
"""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from feedback.kernel.settings import Settings
from tests.browser.site import Site, live_in, served
from tests.browser.survey import DESKTOP, HEIGHT, complaints_of
from tests.conftest import template

NAMES = ("chromium", "chromium-browser", "google-chrome")
LAUNCH = (
    "--no-sandbox",
    "--disable-gpu",
    "--font-render-hinting=none",
    "--hide-scrollbars",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HERE = Path(__file__).parent
Window = Callable[..., Awaitable[Page]]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session")
def lived_in(town: Settings) -> Settings:
    """The town after some weeks of life."""
    return template("lived-in", live_in, town)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The machine's own Chromium. Without one the tests cannot run: a failure in CI, elsewhere said and skipped."""
    path = next((executable for name in NAMES if (executable := shutil.which(name))), None)
    if path is None:
        words = "no Chromium on this machine: apt-get install chromium fonts-noto-cjk"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    async with async_playwright() as play:
        # A locale every machine has: without one of UTF-8 Chinese file names are lost.
        environment: dict[str, Any] = {**os.environ, "LANGUAGE": "zh_CN", "LANG": "C.UTF-8"}
        browser = await play.chromium.launch(executable_path=path, args=list(LAUNCH), env=environment)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def site(chromium: Browser, lived_in: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """That town, served to this worker. Asked for after the browser, so that nobody waits for it in vain."""
    folder: Path = tmp_path_factory.mktemp("site")
    async with served(lived_in, folder) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def window(chromium: Browser) -> AsyncIterator[Window]:
    """Opens windows of people who do not know each other: `await window(width=390, java_script_enabled=False)`.

    Whatever a test does in them, no script may break, no policy be broken and no other host be asked.
    """
    opened: list[BrowserContext] = []
    with ExitStack() as stack:
        complaints: list[list[str]] = []

        async def open_(width: int = DESKTOP, **options: Any) -> Page:
            context = await new_context(chromium, width, **options)
            opened.append(context)
            page = await context.new_page()
            complaints.append(stack.enter_context(complaints_of(page)))
            return page

        yield open_
        for context in opened:
            await context.close()
    serious = ("script:", "asks another host", "Content Security Policy")
    assert [words for complaint in complaints for words in complaint if any(part in words for part in serious)] == []


async def new_context(browser: Browser, width: int, **options: Any) -> BrowserContext:
    """A stranger's browser of that width, set to Chinese and office time."""
    context = await browser.new_context(
        viewport={"width": width, "height": HEIGHT},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
        **options,
    )
    context.set_default_timeout(30_000)
    return context
