"""A large recording over a line that breaks arrives whole, and danger is told of while one types."""

import pytest
from playwright.async_api import FilePayload, Route, expect

from tests import sample_files
from tests.browser.conftest import Window
from tests.browser.site import Site
from tests.browser.visits import step

pytestmark = pytest.mark.asyncio(loop_scope="session")
RECORDING: FilePayload = {
    "name": "路口.wav",
    "mimeType": "audio/wav",
    "buffer": sample_files.WAVE + bytes(12_000_000),
}
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)


async def test_a_recording_goes_on_where_the_line_broke(window: Window, site: Site) -> None:
    page = await window(width=390)
    await step(2)(page, site)
    parts: list[str] = []

    async def break_second_part(route: Route) -> None:
        if route.request.method == "PATCH":
            parts.append(route.request.headers["upload-offset"])
            if len(parts) == 2:
                await route.abort("connectionreset")
                return
        await route.continue_()

    await page.route("**/api/v1/uploads/*", break_second_part)
    await page.set_input_files("#f-files", RECORDING)
    await expect(page.locator(".file-state--ok")).to_contain_text("12.0 MB 已上传", timeout=60_000)
    assert parts == ["0", "4000000", "4000000", "8000000", "12000000"]
    await expect(page.locator("input[name=attachments]")).to_have_count(1)
    await page.fill("#f-title", "路口半夜施工")
    await page.fill("#f-text", "幸福路路口半夜施工，录了音。")
    await page.locator("main button[data-busy]").click()
    await page.wait_for_url("**/new/3")
    await page.goto(site.url + "/new/4")
    await expect(page.locator(".summary")).to_contain_text("路口.wav")


async def test_a_photo_is_shown_small_and_stays_so_after_a_reload(window: Window, site: Site) -> None:
    page = await window(width=390)
    await step(2)(page, site)
    await page.set_input_files("#f-files", {"name": "路口.png", "mimeType": "image/png", "buffer": PNG})
    await expect(page.locator(".file-state--ok")).to_be_visible()
    await expect(page.locator(".file-thumb")).to_be_visible()
    await expect(page.locator("[data-draft-state]")).to_contain_text("含 1 份已上传的材料")
    await page.reload()
    await expect(page.locator(".file-thumb")).to_be_visible()


async def test_danger_is_told_of_above_the_button_while_one_types(window: Window, site: Site) -> None:
    page = await window(width=390)
    await step(2)(page, site)
    await page.fill("#f-text", "我家厨房燃气泄漏，味道很大。")
    box = page.get_by_role("alert").filter(has_text="先顾人身安全")
    await expect(box).to_contain_text("不要开关任何电器")
    button = await page.locator("main button[data-busy]").bounding_box()
    place = await box.bounding_box()
    assert place and button and place["y"] + place["height"] <= button["y"]
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.fill("#f-text", "我家门前的路灯不亮。")
    await expect(box).to_have_count(0)


async def test_a_region_is_found_by_typing_part_of_its_name(window: Window, site: Site) -> None:
    page = await window(width=390)
    await step(2)(page, site)
    await page.fill("#f-region-search", "清波")
    assert "清波" in await page.locator("#f-region option:checked").inner_text()
    await page.fill("#f-region-search", "")
    assert await page.locator("#f-region option").count() > 50
