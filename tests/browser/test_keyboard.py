"""Can a citizen do everything with the keyboard alone, and always see where they are?"""

import asyncio

import pytest
from playwright.async_api import FileChooser, Page, expect

from tests.browser.conftest import Window
from tests.browser.hands import Keyboard
from tests.browser.site import PATIENCE_SECONDS, Case, Site
from tests.browser.visits import FILE

pytestmark = pytest.mark.asyncio(loop_scope="session")
SUBMIT = "main button[data-busy]"


async def opened(window: Window, address: str) -> tuple[Page, Keyboard]:
    page = await window()
    await page.goto(address)
    return page, Keyboard(page)


async def own_case(window: Window, site: Site, case: Case) -> tuple[Page, Keyboard]:
    """Look up one's case by keyboard."""
    page, keys = await opened(window, site.url + "/lookup")
    await keys.type("#f-code", case.code)
    await keys.type("#f-check", case.no)
    await keys.go(SUBMIT)
    await expect(page).to_have_url(site.url + "/case")
    return page, keys


async def test_the_first_stop_leads_past_the_menus(window: Window, site: Site) -> None:
    page, keys = await opened(window, site.url + "/guide")
    await keys.press("Tab")
    assert await keys.focus_is_on("a.skip")
    await keys.press("Enter")
    assert await keys.focus_is_on("main")
    await keys.press("Tab")
    assert await keys.focus_is_on("main a")
    await expect(page).to_have_url(site.url + "/guide#main")


async def test_a_message_with_a_file_is_handed_in_in_four_steps(window: Window, site: Site) -> None:
    page, keys = await opened(window, site.url + "/")
    choosing: asyncio.Future[FileChooser] = asyncio.get_running_loop().create_future()
    # Listened for early: the browser must know before the key is pressed.
    page.on("filechooser", lambda chooser: choosing.set_result(chooser))
    await keys.go("main a[href^='/new/1']")

    await keys.to("input[name=kind]")
    await keys.press("Space", "ArrowDown")
    await expect(page.locator("input[name=kind]:checked")).to_have_count(1)
    await keys.go(SUBMIT)

    await keys.type("#f-title", "幸福路路灯不亮")
    await keys.type("#f-text", "幸福路 12 号门前的路灯从上周起不亮。")
    await keys.to("#f-files")
    await keys.press("Enter")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await (await choosing).set_files(FILE)
    await expect(page.locator(".file-state--ok")).to_contain_text("已上传")
    await keys.go(SUBMIT)

    await keys.type("[name='person.name']", "安小娜")
    await keys.type("[name='person.phone']", "13900001234")
    await keys.to("[name=public_consent]")
    await keys.press("Space")
    await keys.go(SUBMIT)

    await expect(page.locator("main dl")).to_contain_text("现场.txt")
    await keys.go(SUBMIT)

    await expect(page.locator("h1")).to_have_text("已收到您反映的事项")
    digits = "".join((await page.locator(".big-code").inner_text()).split())
    assert len(digits) == 12
    await keys.go("main a[href='/case']")
    await expect(page.locator("h1")).to_have_text("幸福路路灯不亮")
    await expect(page.locator("main")).to_contain_text("现场.txt")
    assert keys.unseen == []


async def test_what_is_wrong_is_told_where_the_cursor_is(window: Window, site: Site) -> None:
    page, keys = await opened(window, site.url + "/new/1")
    await keys.go(SUBMIT)
    assert await keys.focus_is_on(".errors")
    await expect(page).to_have_title("错误：我要反映：选择类别 - 云川区信桥")
    await keys.press("Tab", "Enter")
    assert await keys.focus_is_on("input[name=kind]")
    await keys.press("Space")
    await keys.go(SUBMIT)
    await keys.type("#f-text", "只写了情况")
    await keys.go(SUBMIT)
    assert await keys.focus_is_on(".errors")
    await keys.press("Tab", "Enter")
    assert await keys.focus_is_on("#f-title[aria-invalid=true]")
    await expect(page.locator("#f-text")).to_have_value("只写了情况")
    assert keys.unseen == []


async def test_a_case_is_supplemented_and_urged(window: Window, site: Site) -> None:
    page, keys = await own_case(window, site, await site.case("accepted"))
    await keys.to("#act-supplement > summary")
    await keys.press("Enter")
    await keys.type("#act-supplement textarea", "昨天早上又堵了半小时。")
    await keys.go("#act-supplement button[data-busy]")
    await expect(page.get_by_role("status").filter(has_text="已补充")).to_be_visible()
    await expect(page.locator(".timeline").last).to_contain_text("昨天早上又堵了半小时。")
    await keys.to("#act-urge > summary")
    await keys.press("Enter")
    await keys.go("#act-urge button[data-busy]")
    await expect(page.get_by_role("status").filter(has_text="已催办")).to_be_visible()
    assert keys.unseen == []


async def test_a_case_is_withdrawn(window: Window, site: Site) -> None:
    page, keys = await own_case(window, site, await site.case("assigned"))
    await keys.to("#act-withdraw > summary")
    await keys.press("Space")
    await keys.type("#act-withdraw textarea", "问题已经解决了")
    await keys.to("#act-withdraw input[name=confirm]")
    await keys.press("Space")
    await keys.go("#act-withdraw button[data-busy]")
    await expect(page.get_by_role("status").filter(has_text="已撤回")).to_be_visible()
    await expect(page.locator(".head-card")).to_contain_text("已撤回")
    assert keys.unseen == []


async def test_an_answer_is_rated(window: Window, site: Site) -> None:
    page, keys = await own_case(window, site, await site.case("replied"))
    await keys.to("#act-rate input[name=level]")
    await keys.press("Space", "ArrowDown", "ArrowDown", "ArrowDown")
    await expect(page.locator("#act-rate input[name=level]:checked")).to_have_value("2")
    await keys.to("#act-rate input[name=tags]")
    await keys.press("Space")
    chosen = page.locator("#act-rate [data-for-level='2'] input[name=tags]:checked")
    await expect(chosen).to_have_count(1)
    await keys.go("#act-rate button[data-busy]")
    await expect(page.get_by_role("status").filter(has_text="谢谢您的评价")).to_be_visible()
    assert keys.unseen == []


async def test_replies_are_searched_and_read(window: Window, site: Site) -> None:
    page, keys = await opened(window, site.url + "/")
    await keys.go("nav a[href^='/replies']")
    await keys.type("#q", "路")
    async with page.expect_navigation():
        await keys.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="找到")).to_be_visible()
    await expect(page.locator(".hit mark").first).to_be_visible()
    title = await page.locator(".hit h3 a").first.inner_text()
    await keys.go(".hit h3 a")
    await expect(page.locator("h1")).to_have_text(title)
    assert keys.unseen == []


async def test_a_service_is_rated(window: Window, site: Site) -> None:
    page, keys = await opened(window, site.url + "/rate/service")
    await keys.to("#f-matter")
    await keys.press("ArrowDown")
    await keys.type("#f-handling_no", "B20260914-KEYS")
    await keys.type("#f-slip_code", (await site.handling("B20260914-KEYS"))["code"])
    await keys.to("input[name=level]")
    await keys.press("Space")
    await expect(page.locator("input[name=level]:checked")).to_have_value("5")
    await keys.type("#f-text", "办得很快")
    await keys.to("input[name=anonymous]")
    await keys.press("Space")
    await keys.go(SUBMIT)
    await expect(page.locator("h1")).to_have_text("谢谢您的评价")
    assert keys.unseen == []


async def test_the_elder_mode_is_switched_and_remembered(window: Window, site: Site) -> None:
    page, keys = await opened(window, site.url + "/")
    html = page.locator("html")
    await keys.to("[data-pref=elder]")
    await keys.press("Enter")
    await expect(html).to_have_attribute("data-size", "elder")
    await page.goto(site.url + "/lookup")
    await expect(html).to_have_attribute("data-size", "elder")
    await keys.to("[data-more]")
    await expect(page.locator("[data-pref=contrast]")).to_be_hidden()
    await keys.press("Enter")
    await expect(page.locator("[data-more]")).to_have_attribute("aria-expanded", "true")
    await keys.to("[data-pref=contrast]")
    await keys.press("Space")
    await expect(html).to_have_attribute("data-contrast", "high")
    await page.reload()
    await expect(html).to_have_attribute("data-contrast", "high")
    await keys.to("[data-pref=elder]")
    await keys.press("Enter")
    await expect(html).to_have_attribute("data-size", "std")
    assert keys.unseen == []
