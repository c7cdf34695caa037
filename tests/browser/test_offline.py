"""The four steps while the line is down: nothing is lost, words say so, and it is sent later by itself, once."""

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Window
from tests.browser.site import Site, until
from tests.browser.visits import step

pytestmark = pytest.mark.asyncio(loop_scope="session")
NEXT = "main button[data-busy]"
WORDS = "[data-offline-words]"


async def at_step(window: Window, site: Site, number: int) -> Page:
    page = await window(width=390)
    await page.goto(site.url + "/")
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await page.wait_for_function("navigator.serviceWorker.controller !== null")
    await step(number)(page, site)
    return page


async def count_cases(site: Site) -> int:
    headers = {"Authorization": f"Bearer {await site.token('reception')}"}
    response = await site.api.get("/api/v1/desk/cases", headers=headers)
    return int(response.json()["total"])


@pytest.mark.parametrize(("number", "path"), [(1, "/new/2"), (2, "/new/3"), (3, "/new/4")])
async def test_a_step_waits_in_sight_for_the_network_and_goes_on_by_itself(
    window: Window, site: Site, number: int, path: str
) -> None:
    page = await at_step(window, site, number)
    values = {1: {}, 2: {"title": "路灯不亮", "text": "一排路灯都不亮。"}, 3: {"person.name": "安小娜"}}[number]
    if number == 1:
        await page.get_by_label("投诉").check()
    for name, words in values.items():
        await page.fill(f"[name='{name}']", words)
    await page.context.set_offline(True)
    await page.locator(NEXT).click()
    await expect(page.locator(WORDS)).to_be_in_viewport()
    await expect(page.locator(WORDS)).to_contain_text("还没有送出去")
    await expect(page.locator("#offline")).to_be_in_viewport()
    for name, words in values.items():
        await expect(page.locator(f"[name='{name}']")).to_have_value(words)
    await page.context.set_offline(False)
    await page.wait_for_url("**" + path)


async def test_what_was_submitted_without_network_is_sent_from_the_page_that_is_opened_next(
    window: Window, site: Site
) -> None:
    page = await at_step(window, site, 4)
    before = await count_cases(site)
    await page.context.set_offline(True)
    await page.locator(NEXT).click()
    await expect(page.locator(WORDS)).to_contain_text("接着提交，不会重复")
    context = page.context
    await page.close()
    page = await context.new_page()
    await page.goto(site.url + "/guide")
    await expect(page.locator("h1")).to_have_text("现在没有网络")
    await context.set_offline(False)
    await page.goto(site.url + "/guide")
    await expect(page.locator("#sent-later")).to_contain_text("您没有网络时写好的事项已经提交")
    await page.get_by_role("link", name="看回执，记下查询码").click()
    await expect(page.locator("h1")).to_have_text("已收到您反映的事项")
    assert await count_cases(site) == before + 1
    await page.goto(site.url + "/")
    await expect(page.locator("#sent-later")).to_be_hidden()


async def test_an_answer_that_was_lost_on_its_way_doubles_nothing(window: Window, site: Site) -> None:
    page = await at_step(window, site, 4)
    before = await count_cases(site)
    tries: list[str] = []

    async def lose_first_answer(route: Route) -> None:
        tries.append(route.request.method)
        if len(tries) > 1:
            await route.continue_()
            return
        await route.fetch(max_redirects=0)
        await route.abort("connectionreset")

    await page.route("**/new/4", lose_first_answer)
    await page.locator(NEXT).click()
    await expect(page.locator("h1")).to_have_text("已收到您反映的事项", timeout=20_000)
    assert tries == ["POST", "POST"]
    assert await count_cases(site) == before + 1


async def test_the_browser_sends_it_while_no_page_is_open(window: Window, site: Site) -> None:
    page = await at_step(window, site, 4)
    before = await count_cases(site)
    await page.route("**/new/4", lambda route: route.abort("connectionreset"))
    await page.locator(NEXT).click()
    await expect(page.locator(WORDS)).to_be_visible()
    context = page.context
    other = await context.new_page()
    await page.close()
    await other.goto(site.url + "/healthz")
    (worker,) = context.service_workers
    await worker.evaluate("sendWaiting()")

    async def is_there() -> bool:
        return await count_cases(site) == before + 1

    await until(is_there, "the service worker has sent it")
    await other.goto(site.url + "/")
    await expect(other.locator("#sent-later")).to_contain_text("已经提交")
