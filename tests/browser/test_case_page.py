"""Can somebody with a small phone do the one thing that matters without scrolling, and is nothing in the way?"""

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.conftest import Window
from tests.browser.site import Case, Site
from tests.browser.visits import hold

pytestmark = pytest.mark.asyncio(loop_scope="session")
SMALL_PHONE = ViewportSize(width=360, height=640)

_IS_SEEN = """(selector) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  const bar = document.querySelector(".bar").getBoundingClientRect();
  return box.height > 0 && box.top >= 0 && box.bottom <= bar.top;
}"""


async def small_phone(window: Window) -> Page:
    page = await window()
    await page.set_viewport_size(SMALL_PHONE)
    return page


async def own_case(window: Window, site: Site, case: Case) -> Page:
    page = await small_phone(window)
    await hold(page, site, case.no, case.code)
    return page


async def test_the_date_and_the_question_are_on_the_first_screen(window: Window, site: Site) -> None:
    case = await site.case("accepted")
    await site.act(case.no, "ask", f"clerk-{case.unit}", {"text": "请问是哪一个校门？"})
    page = await own_case(window, site, case)
    for selector in (".head-day strong", ".todo-chip", "#todo-head", ".todo-question"):
        assert await page.evaluate(_IS_SEEN, selector), selector
    await page.fill("#todo textarea", "东门")
    async with page.expect_navigation():
        await page.locator("#todo button[data-busy]").click()
    await expect(page.locator("#todo")).to_have_count(0)
    await expect(page.locator("#course")).to_be_visible()


async def test_a_bad_level_unfolds_its_reasons(window: Window, site: Site) -> None:
    page = await own_case(window, site, await site.case("replied"))
    reasons = page.locator("#todo details.tags")
    await page.locator("#todo input[name=level][value='4']").check()
    assert await reasons.get_attribute("open") is None
    await page.locator("#todo input[name=level][value='1']").check()
    await expect(page.locator("#todo [data-for-level='1'] .choice").first).to_be_visible()
    assert await page.locator("#todo [data-for-level]:visible").count() == 1


async def test_the_home_page_offers_all_that_matters_on_the_first_screen(window: Window, site: Site) -> None:
    page = await small_phone(window)
    await page.goto(site.url + "/")
    for selector in (".say-box", ".std-only a[href='tel:110']", ".ways", "#find"):
        assert await page.evaluate(_IS_SEEN, selector), selector
    await expect(page.locator("nav.nav")).to_be_hidden()
    async with page.expect_navigation():
        await page.locator(".bar a", has_text="我的事").click()
    await expect(page.locator("h1")).to_have_text("用手机号码查我的事")


async def test_the_elder_home_page_asks_one_question_with_four_ways(window: Window, site: Site) -> None:
    page = await small_phone(window)
    await page.goto(site.url + "/?ui=elder")
    await expect(page.locator("h1 .elder-only")).to_have_text("您有什么事？")
    assert await page.locator("main a:visible").count() == 4 + 3  # and three numbers for danger
    await expect(page.locator(".std-only").first).to_be_hidden()
