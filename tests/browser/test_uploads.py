"""Do files arrive over a poor line, and is what cannot be taken told before it is sent?"""

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Window
from tests.browser.site import Site
from tests.browser.visits import FILE, step

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def at_step_two(window: Window, site: Site) -> Page:
    page = await window(width=390)
    await step(2)(page, site)
    return page


async def test_a_file_whose_way_was_cut_off_is_sent_again(window: Window, site: Site) -> None:
    page = await at_step_two(window, site)
    tries: list[str] = []

    async def first_one_is_lost(route: Route) -> None:
        tries.append(route.request.url)
        await (route.abort("connectionreset") if len(tries) == 1 else route.continue_())

    await page.route("**/api/v1/attachments", first_one_is_lost)
    await page.set_input_files("#f-files", FILE)
    await expect(page.locator(".file-state--bad")).to_have_text("网络中断，没有传完")
    await page.get_by_role("button", name="重试").click()
    await expect(page.locator(".file-state--ok")).to_contain_text("已上传")
    assert len(tries) == 2
    await expect(page.locator("input[name=attachments]")).to_have_count(1)


async def test_what_went_up_survives_a_reload(window: Window, site: Site) -> None:
    page = await at_step_two(window, site)
    await page.fill("#f-title", "幸福路路灯不亮")
    await page.set_input_files("#f-files", FILE)
    await expect(page.locator(".file-state--ok")).to_contain_text("已上传")
    stored = await page.locator("input[name=attachments]").get_attribute("value")
    # Not just "saved": on a slow machine the title is saved before the file has arrived.
    await expect(page.locator("[data-draft-state]")).to_contain_text("含 1 份已上传的材料")
    await page.reload()
    await expect(page.locator(".files li")).to_have_count(1)
    await expect(page.locator("input[name=attachments]")).to_have_value(stored or "")
    await expect(page.locator(".file-name")).to_contain_text("现场.txt")
    await page.fill("#f-text", "幸福路 12 号门前的路灯从上周起不亮。")
    await page.locator("main button[data-busy]").click()
    await page.wait_for_url("**/new/3")
    await page.goto(site.url + "/new/2")
    await expect(page.locator(".files li")).to_have_count(1)


async def test_what_was_taken_out_again_stays_out(window: Window, site: Site) -> None:
    page = await at_step_two(window, site)
    await page.set_input_files("#f-files", FILE)
    await expect(page.locator(".file-state--ok")).to_contain_text("已上传")
    await page.fill("#f-title", "幸福路路灯不亮")
    await page.fill("#f-text", "幸福路 12 号门前的路灯从上周起不亮。")
    await page.locator("main button[data-busy]").click()
    await page.wait_for_url("**/new/3")
    await page.goto(site.url + "/new/2")
    await page.get_by_role("button", name="删除").click()
    await expect(page.locator(".files li")).to_have_count(0)
    await page.locator("main button[data-busy]").click()
    await page.wait_for_url("**/new/3")
    await page.goto(site.url + "/new/2")
    await expect(page.locator(".files li")).to_have_count(0)


async def hold_uploads(page: Page) -> list[Route]:
    """Uploads are on their way until the test lets go of them."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    await page.route("**/api/v1/attachments", hold)
    return held


async def test_a_step_waits_in_sight_for_what_is_on_its_way_and_goes_on_by_itself(window: Window, site: Site) -> None:
    page = await at_step_two(window, site)
    await page.fill("#f-title", "幸福路路灯不亮")
    await page.fill("#f-text", "幸福路 12 号门前的路灯从上周起不亮。")
    held = await hold_uploads(page)
    await page.set_input_files("#f-files", FILE)
    await expect(page.locator("progress")).to_be_visible()
    await page.locator("main button[data-busy]").click()
    await expect(page.locator(".files-waiting")).to_be_in_viewport()
    await expect(page.locator(".files-waiting")).to_contain_text("还有 1 份材料正在上传")
    assert page.url.endswith("/new/2")
    await held[0].continue_()
    await page.wait_for_url("**/new/3")


async def test_a_step_that_waited_for_a_file_that_fails_says_so(window: Window, site: Site) -> None:
    page = await at_step_two(window, site)
    held = await hold_uploads(page)
    await page.set_input_files("#f-files", FILE)
    await expect(page.locator("progress")).to_be_visible()
    await page.locator("main button[data-busy]").click()
    await held[0].abort("connectionreset")
    await expect(page.locator(".files-waiting")).to_contain_text("有材料没有传成")
    assert page.url.endswith("/new/2")


@pytest.mark.parametrize("width", [320, 390])
async def test_why_a_file_was_refused_wraps_on_a_telephone(window: Window, site: Site, width: int) -> None:
    page = await window(width=width)
    await step(2)(page, site)
    name = "我家门前那条路上一直没有修好的路灯和井盖_20260914_093012.exe"
    await page.set_input_files("#f-files", {"name": name, "mimeType": "application/x-msdownload", "buffer": b"MZ"})
    await expect(page.locator(".file-state--bad")).to_contain_text("不支持这种文件")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_what_is_too_large_is_told_before_it_is_sent(window: Window, site: Site) -> None:
    page = await at_step_two(window, site)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    large = {**FILE, "name": "大.txt", "buffer": b"0" * 10_000_001}
    await page.set_input_files("#f-files", large)  # type: ignore[arg-type] # a FilePayload with another content
    await expect(page.locator(".file-state--bad")).to_contain_text("超过 10.0 MB 上限")
    assert not [url for url in asked if url.endswith("/attachments")]


async def test_more_than_nine_are_not_taken(window: Window, site: Site) -> None:
    page = await at_step_two(window, site)
    many = [{**FILE, "name": f"{number}.txt"} for number in range(11)]
    await page.set_input_files("#f-files", many)  # type: ignore[arg-type] # as above
    await expect(page.locator(".file-state--ok")).to_have_count(9)
    await expect(page.locator(".file-state--bad")).to_contain_text("多出的 2 个没有添加")


async def test_a_kind_of_file_we_do_not_take_is_told_and_can_be_removed(window: Window, site: Site) -> None:
    page = await at_step_two(window, site)
    await page.set_input_files("#f-files", {"name": "坏.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"})
    await expect(page.locator(".file-state--bad")).to_be_visible()
    await page.get_by_role("button", name="移除").click()
    await expect(page.locator(".files li")).to_have_count(0)


async def test_a_second_click_sends_nothing_twice(window: Window, site: Site) -> None:
    page = await window()
    await step(4)(page, site)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    await page.locator("main button[data-busy]").dblclick()
    await expect(page.locator("h1")).to_have_text("已收到您反映的事项")
    assert len(posts) == 1
