"""What stays on a person's own device, and what never does?"""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Window
from tests.browser.site import Site
from tests.browser.visits import hold, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")
PHONE_NUMBER, ID_NUMBER = "13911112222", "110101199003074514"
PRIVATE = ("/lookup", "/me", "/desk", "/api", "/case", "/receipt", "/board", "/admin", "/new/3", "/new/4")

_EVERYTHING_KEPT = """async () => {
  const drafts = await new Promise((resolve) => {
    const opening = indexedDB.open("xinqiao");
    opening.onsuccess = () => {
      const db = opening.result;
      if (!db.objectStoreNames.contains("drafts")) { db.close(); resolve([]); return; }
      const asked = db.transaction("drafts").objectStore("drafts").getAll();
      asked.onsuccess = () => { db.close(); resolve(asked.result); };
    };
  });
  const kept = {drafts, local: {...localStorage}, session: {...sessionStorage}, cached: []};
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) kept.cached.push(new URL(request.url).pathname);
  }
  return kept;
}"""


async def writing(window: Window, site: Site) -> Page:
    """Somebody who has begun to write."""
    page = await window(width=390)
    await page.context.request.post(site.url + "/new/1", form={"kind": "complaint"})
    await page.goto(site.url + "/new/2")
    await page.fill("#f-title", "幸福路路灯不亮")
    await page.fill("#f-text", "从上周起不亮。")
    await expect(page.locator("[data-draft-state]")).to_contain_text("已自动保存到本机")
    return page


async def test_what_was_written_survives_a_reload(window: Window, site: Site) -> None:
    page = await writing(window, site)
    await page.reload()
    await expect(page.locator("[data-draft-state]")).to_contain_text("已恢复本机草稿")
    await expect(page.locator("#f-title")).to_have_value("幸福路路灯不亮")
    await expect(page.locator("#f-text")).to_have_value("从上周起不亮。")


async def test_what_was_written_is_there_without_network(window: Window, site: Site) -> None:
    page = await writing(window, site)
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await page.wait_for_function("navigator.serviceWorker.controller !== null")
    await page.context.set_offline(True)
    await page.reload()
    await expect(page.locator("h1")).to_have_text("现在没有网络")
    await expect(page.locator("#f-title")).to_have_value("幸福路路灯不亮")
    await page.fill("#f-text", "从上周起不亮，今晚还是不亮。")
    await expect(page.locator("[data-draft-state]")).to_contain_text("已自动保存到本机")
    await page.context.set_offline(False)
    await page.goto(site.url + "/new/2")
    await expect(page.locator("#f-text")).to_have_value("从上周起不亮，今晚还是不亮。")


async def test_neither_telephone_nor_id_number_stays_on_the_device(window: Window, site: Site) -> None:
    page = await writing(window, site)
    await page.locator("main button[data-busy]").click()
    await page.fill("[name='person.phone']", PHONE_NUMBER)
    await page.fill("[name='person.id_number']", ID_NUMBER)
    await page.locator("[name='person.name']").focus()
    async with page.expect_navigation():
        await page.locator("main button[data-busy]").click()
    await page.goto(site.url + "/new/2")
    await page.fill("#f-address", "幸福路 12 号")
    await expect(page.locator("[data-draft-state]")).to_contain_text("已自动保存到本机")
    stored = await page.evaluate(_EVERYTHING_KEPT)
    assert stored["drafts"], "the draft itself is kept"
    assert PHONE_NUMBER not in str(stored)
    assert ID_NUMBER not in str(stored)


async def test_a_shared_computer_keeps_nothing(window: Window, site: Site) -> None:
    page = await writing(window, site)
    await page.check("[data-draft-shared]")
    await expect(page.locator("[data-draft-state]")).to_contain_text("已清除")
    await page.fill("#f-title", "公用电脑上写的")
    await page.reload()
    assert (await page.evaluate(_EVERYTHING_KEPT))["drafts"] == []


async def test_a_draft_is_gone_once_it_was_sent(window: Window, site: Site) -> None:
    page = await writing(window, site)
    for _ in range(3):
        async with page.expect_navigation():
            await page.locator("main button[data-busy]").click()
    await expect(page.locator("h1")).to_have_text("已收到您反映的事项")
    await page.wait_for_function(f"async () => !(await ({_EVERYTHING_KEPT})()).drafts.length")


async def test_the_service_worker_keeps_nothing_private(window: Window, site: Site) -> None:
    case = await site.known("accepted")
    page = await window()
    await page.goto(site.url + "/")
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await page.wait_for_function("navigator.serviceWorker.controller !== null")
    await hold(page, site, case.no, case.code)
    await page.goto(site.url + "/lookup")
    await page.goto(site.url + "/api/v1/docs")
    await page.evaluate("fetch('/api/v1/units').then((answer) => answer.text())")
    await sign_in(page, site, "reception")
    await page.goto(site.url + "/desk")
    await page.goto(f"{site.url}/desk/cases/{case.no}")
    await page.goto(site.url + "/")
    cached = (await page.evaluate(_EVERYTHING_KEPT))["cached"]
    assert "/offline" in cached
    assert [path for path in cached if path.startswith(PRIVATE)] == []
