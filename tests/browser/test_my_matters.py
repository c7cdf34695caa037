"""Does somebody with an old telephone get from the number to the one thing to do, on a narrow screen, and out again?"""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Window
from tests.browser.site import Site
from tests.browser.visits import log_in_by_phone

pytestmark = pytest.mark.asyncio(loop_scope="session")
PHONE = "13655550001"


@pytest.mark.parametrize("has_scripts", [True, False], ids=["with scripts", "without"])
async def test_from_the_number_to_the_answer_on_a_narrow_screen(window: Window, site: Site, has_scripts: bool) -> None:
    phone = PHONE if has_scripts else f"{PHONE[:-1]}2"
    case = await site.case("accepted", person={"name": "安小娜", "phone": phone})
    asked = await site.act(case.no, "ask", f"clerk-{case.unit}", {"text": "请问是哪个校门？"})
    assert asked.status_code == 200, asked.text
    page = await window(width=360, java_script_enabled=has_scripts)
    await log_in_by_phone(page, site, phone)
    await expect(page.locator("h1")).to_have_text("我的事")
    async with page.expect_navigation():
        await page.locator(".own-todo a").click()
    await expect(page.locator("#todo")).to_contain_text("请问是哪个校门？")
    await page.fill("#todo textarea", "东门")
    async with page.expect_navigation():
        await page.locator("#todo button[type=submit]").last.click()
    await expect(page.locator("main")).to_contain_text("东门")
    await page.goto(site.url + "/me")
    async with page.expect_navigation():
        await page.locator("main form[action='/me/logout'] button").click()
    await page.goto(site.url + "/case")
    await expect(page.locator("h1")).to_have_text("查进度")
