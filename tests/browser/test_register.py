"""Does a clerk register a visit with the keyboard alone, in under a minute, seeing what was said before?"""

import asyncio
import time

import pytest
from playwright.async_api import FileChooser, FilePayload, Page, expect

from tests.browser.conftest import Window
from tests.browser.site import PATIENCE_SECONDS, Site
from tests.browser.visits import FILE, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECONDS_PER_KEY = 0.28
"""A clerk who looks at the paper: some 215 strokes a minute."""

KEYS_MOST = 200
TEXT = "三单元楼道灯坏了一个月，老人昨晚摔了一跤，要求尽快修好。"


class Strokes:
    """Presses keys and counts them: an input method needs about two strokes for a Chinese character."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.count += 1
            await self.page.keyboard.press(key)

    async def write(self, words: str) -> None:
        self.count += sum(1 if c.isascii() else 2 for c in words)
        await self.page.keyboard.insert_text(words)

    async def focus_is_on(self, selector: str) -> None:
        assert await self.page.evaluate("s => document.activeElement.matches(s)", selector), selector


async def test_a_visit_is_registered_by_keyboard_in_under_a_minute(window: Window, site: Site) -> None:
    await site.known("assigned")  # something the same person said before
    page = await window()
    # Heard from the start: asked for only when the key is pressed, the key may be there first on a busy machine.
    choosing: asyncio.Future[FileChooser] = asyncio.get_running_loop().create_future()
    page.once("filechooser", lambda chooser: choosing.set_result(chooser))
    await sign_in(page, site, "reception")
    await page.goto(site.url + "/desk/register")
    await page.locator(".fold[hidden]").first.wait_for(state="attached")
    keys, began = Strokes(page), time.monotonic()
    await keys.focus_is_on("input[name=channel][value=hotline]")
    await keys.press("ArrowRight", "Tab", "ArrowRight")  # a visit; the second kind
    await keys.press("Tab")
    await keys.focus_is_on("#f-title")
    await keys.write("楼道灯坏了")
    await keys.press("Tab")
    await keys.write(TEXT)
    await keys.press("Alt+f")
    async with asyncio.timeout(PATIENCE_SECONDS):
        chooser = await choosing
    second: FilePayload = {**FILE, "name": "第二页.txt"}
    await chooser.set_files([FILE, second])
    await page.locator(".file-state--ok").nth(1).wait_for()
    await keys.press("Alt+m")
    await keys.write("安小娜")
    await keys.press("Tab")
    await keys.write("13900001234")
    await expect(page.locator(".hints-title")).to_be_visible()
    await keys.press("Alt+s")
    await page.wait_for_url("**/desk/register/2*")
    seconds = time.monotonic() - began
    assert keys.count <= KEYS_MOST, keys.count
    assert keys.count * SECONDS_PER_KEY + seconds < 60, (keys.count, seconds)
    print(f"{keys.count} strokes, {seconds:.1f} s by the machine, {keys.count * SECONDS_PER_KEY:.0f} s by hand")
    assert await page.locator("a[accesskey=n]").get_attribute("href") == "/desk/register"


async def test_only_the_particulars_of_the_channel_are_shown(window: Window, site: Site) -> None:
    page = await window()
    await sign_in(page, site, "reception")
    await page.goto(site.url + "/desk/register")
    await expect(page.locator("#fold-above")).to_be_hidden()
    await page.locator("input[name=channel][value=transfer]").check()
    await expect(page.locator("#f-source_unit")).to_be_visible()
    await expect(page.locator("#fold-visit")).to_be_hidden()
