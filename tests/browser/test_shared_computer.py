"""A public computer, attacked by whoever sits down next: in the same tab, in a new one, with Back, and by opening it again."""

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Window
from tests.browser.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")
NAME, PHONE, ID_NUMBER = "孙桂兰", "13912345678", "11010519491231002X"
TITLE, TEXT = "老年食堂什么时候开", "清波社区的老年食堂关了两个月。"
PRIVATE = (NAME, PHONE, ID_NUMBER, TITLE, TEXT)
NEXT = "main button[data-busy]"

_ON_THE_DEVICE = """async () => {
  const drafts = await new Promise((resolve) => {
    const opening = indexedDB.open("xinqiao");
    opening.onsuccess = () => {
      const db = opening.result;
      const names = Array.from(db.objectStoreNames);
      const rows = [];
      if (!names.length) { db.close(); resolve(rows); return; }
      const turn = db.transaction(names);
      names.forEach((name) => { turn.objectStore(name).getAll().onsuccess = (event) => rows.push(...event.target.result); });
      turn.oncomplete = () => { db.close(); resolve(rows); };
    };
  });
  return JSON.stringify([drafts, {...localStorage}, {...sessionStorage}]);
}"""


async def fill_in(page: Page, site: Site) -> None:
    """Steps one to three, as the report of this leak describes them; the box is ticked in the second."""
    await page.goto(site.url + "/new/1")
    await page.get_by_label("求助").check()
    await page.locator(NEXT).click()
    await page.fill("#f-title", TITLE)
    await page.check("[data-draft-shared]")
    await page.fill("#f-text", TEXT)
    await page.locator(NEXT).click()
    await page.wait_for_url("**/new/3")
    await page.fill("[name='person.name']", NAME)
    await page.fill("[name='person.phone']", PHONE)
    await page.fill("[name='person.id_number']", ID_NUMBER)
    await page.locator(NEXT).click()
    await page.wait_for_url("**/new/4")


async def find_traces(page: Page, site: Site) -> list[str]:
    """What somebody else finds in this browser: on every page of the form, in the case, in storage and in cookies."""
    traces = []
    for path in ("/new/1", "/new/2", "/new/3", "/new/4", "/case"):
        await page.goto(site.url + path)
        values = await page.eval_on_selector_all("input, textarea", "boxes => boxes.map(box => box.value).join(' ')")
        words = await page.locator("body").inner_text() + values
        traces += [f"{path}: {part}" for part in PRIVATE if part in words]
    stored = await page.evaluate(_ON_THE_DEVICE)
    traces += [f"device: {part}" for part in PRIVATE if part in stored]
    names = {cookie["name"] for cookie in await page.context.cookies()}
    return traces + sorted(names & {"xq_draft", "xq_case"})


async def test_closing_the_tab_leaves_nothing_for_a_new_one(window: Window, site: Site) -> None:
    page = await window(width=390)
    await fill_in(page, site)
    await page.go_back()
    await expect(page.locator("[name='person.name']")).to_have_value(NAME)  # whoever writes may go back
    await page.reload()
    await expect(page.locator("[name='person.name']")).to_have_value(NAME)
    context = page.context
    await page.close()
    assert await find_traces(await context.new_page(), site) == []


async def submit(page: Page) -> str:
    await page.locator(NEXT).click()
    await expect(page.locator("h1")).to_have_text("已收到您反映的事项")
    return re.sub(r"\D", "", await page.locator(".big-code, .code").first.inner_text())


async def go_back(page: Page) -> None:
    await page.go_back()


async def reload(page: Page) -> None:
    await page.reload()


@pytest.mark.parametrize("attack", [go_back, reload])
async def test_after_the_receipt_nothing_is_shown_again(
    window: Window, site: Site, attack: Callable[[Page], Awaitable[None]]
) -> None:
    page = await window(width=390)
    await fill_in(page, site)
    code = await submit(page)
    assert len(code) == 12
    await attack(page)
    words = await page.locator("body").inner_text()
    assert code not in re.sub(r"\s", "", words)
    assert not [part for part in PRIVATE if part in words]
    await page.go_back()
    assert not [part for part in PRIVATE if part in await page.locator("body").inner_text()]
    assert await find_traces(page, site) == []


async def test_back_after_clearing_shows_nothing(window: Window, site: Site) -> None:
    page = await window(width=390)
    await fill_in(page, site)
    await page.get_by_role("button", name="清除草稿").click()
    await expect(page.locator("h1")).to_have_text("已清除")
    await expect(page.locator("main")).to_contain_text("服务器上的草稿、浏览器里的草稿")
    for _ in range(3):
        await page.go_back()
        values = await page.eval_on_selector_all("input, textarea", "boxes => boxes.map(box => box.value).join(' ')")
        words = await page.locator("body").inner_text() + values
        assert not [part for part in PRIVATE if part in words]
    assert await find_traces(page, site) == []


async def test_who_is_done_on_somebody_elses_telephone_clears_the_receipt(window: Window, site: Site) -> None:
    page = await window(width=390)
    await page.goto(site.url + "/new/1")
    await page.get_by_label("求助").check()
    await page.locator(NEXT).click()
    await page.fill("#f-title", TITLE)
    await page.fill("#f-text", TEXT)
    await page.locator(NEXT).click()
    await page.locator(NEXT).click()
    code = await submit(page)
    await page.get_by_role("button", name="我用完了，清除").click()
    await expect(page.locator("h1")).to_have_text("已清除")
    await page.go_back()
    assert code not in re.sub(r"\s", "", await page.locator("body").inner_text())
    assert await find_traces(page, site) == []


async def test_a_computer_that_was_left_alone_clears_itself(window: Window, site: Site) -> None:
    page = await window(width=390)
    await page.clock.install()
    await fill_in(page, site)
    await page.clock.run_for(13 * 60_000 + 6_000)
    await expect(page.get_by_role("alert")).to_contain_text("两分钟内没有操作")
    await page.locator("h1").click()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await page.clock.run_for(15 * 60_000 + 6_000)
    await expect(page.locator("h1")).to_have_text("已清除")
    assert await find_traces(page, site) == []
