"""Does a day at the desk go by page: log in, accept, answer with care, and a board that moves by itself?"""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Window
from tests.browser.hands import Keyboard
from tests.browser.site import ANSWER, Site
from tests.browser.survey import SMALL_TEXT
from tests.browser.visits import hold, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")
BOARD_MILLIS = 15_000


async def pressed(page: Page, button: str) -> None:
    async with page.expect_navigation():
        await page.locator(button).first.click()


async def test_a_clerk_logs_in_accepts_and_answers_after_a_second_look(window: Window, site: Site) -> None:
    case = await site.case("assigned", title="校门口护栏松动")
    page = await window()
    await page.goto(f"{site.url}/desk?q={case.no}")
    await page.fill("#f-username", f"clerk-{case.unit}")
    await page.fill("#f-password", "wrong")
    await pressed(page, "main button[type=submit]")
    await expect(page.locator(".errors")).to_be_focused()
    await page.fill("#f-password", "demo")
    await pressed(page, "main button[type=submit]")

    await page.goto(f"{site.url}/desk?q={case.no}")
    await pressed(page, f"a[href='/desk/cases/{case.no}']")
    await expect(page.locator("h1")).to_contain_text("校门口护栏松动")
    if await page.locator("#act-accept").get_attribute("open") is None:
        await page.locator("#act-accept > summary").click()
    await pressed(page, "#act-accept .btns button[data-busy]")
    await expect(page.get_by_role("status").filter(has_text="已完成")).to_be_visible()

    await page.goto(f"{site.url}/desk/cases/{case.no}?act=reply")
    await page.fill("#act-reply textarea", ANSWER + "有事请找王老师，电话 13812345678。")
    await pressed(page, "#act-reply .btn--go[formaction]")
    await expect(page.locator("#as-seen")).to_have_text("群众看到的样子")
    await expect(page.locator(".notice--warn mark")).to_contain_text(["13812345678"])
    await pressed(page, "button[name=edit]")
    await expect(page.locator("#act-reply textarea")).to_have_value(ANSWER + "有事请找王老师，电话 13812345678。")
    await pressed(page, "#act-reply .btns button[data-busy]:not([formaction])")
    await expect(page.locator(".notice--bad")).to_contain_text("请核对后再发送")
    assert (await site.told(case.no))["status"] == "accepted"
    await pressed(page, "button[name=edit]")
    await page.fill("#act-reply textarea", ANSWER)
    await pressed(page, "#act-reply .btn--go[formaction]")
    await pressed(page, "main .btn--go")
    await expect(page.get_by_role("status").filter(has_text="已完成")).to_be_visible()

    owner = await window(width=390)
    await hold(owner, site, case.no, case.code)
    await expect(owner.locator("#reply")).to_contain_text("已安排上下学时段专人疏导")


async def test_two_clerks_at_once_and_the_second_sees_what_the_first_did(window: Window, site: Site) -> None:
    case = await site.case("accepted")
    page = await window()
    await sign_in(page, site, f"clerk-{case.unit}")
    await page.goto(f"{site.url}/desk/cases/{case.no}?act=reply")
    await page.fill("#act-reply textarea", ANSWER)
    done = await site.act(case.no, "contact", f"clerk-{case.unit}", {"text": "已电话联系本人。"})
    assert done.status_code == 200, done.text
    await pressed(page, "#act-reply .btns button[data-busy]:not([formaction])")
    await expect(page.locator(".notice--warn")).to_contain_text("内容刚刚被别人更新")
    await expect(page.locator(".news")).to_contain_text("已电话联系本人。")
    await expect(page.locator("#act-reply textarea")).to_have_value(ANSWER)


async def _received_today(page: Page) -> int:
    return int((await page.locator(".tile", has_text="今天收到").locator(".tile-figure").inner_text()).strip("件 \n"))


async def test_the_board_moves_by_itself(window: Window, site: Site) -> None:
    page = await window()
    await sign_in(page, site, "supervisor")
    await page.goto(site.url + "/board")
    before = await _received_today(page)
    await site.case("received")
    tile = page.locator(".tile", has_text="今天收到").locator(".tile-figure")
    await expect(tile).to_contain_text(str(before + 1), timeout=BOARD_MILLIS)
    await expect(page.locator("[data-stale]")).to_be_hidden()


async def test_the_wall_moves_by_itself_and_names_nobody(window: Window, site: Site) -> None:
    page = await window(width=1920)
    await sign_in(page, site, "supervisor")
    await page.goto(site.url + "/board?wall=1")
    before = await _received_today(page)
    case = await site.case("received", title="墙上不该出现的标题")
    tile = page.locator(".tile", has_text="今天收到").locator(".tile-figure")
    await expect(tile).to_contain_text(str(before + 1), timeout=BOARD_MILLIS)
    words = await page.locator("body").inner_text()
    assert case.no not in words
    assert "墙上不该出现的标题" not in words


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (3840, 2160)])
async def test_the_wall_fits_its_screen_and_can_be_read_across_a_room(
    window: Window, site: Site, width: int, height: int
) -> None:
    page = await window(width=width)
    await page.set_viewport_size({"width": width, "height": height})
    await sign_in(page, site, "supervisor")
    await page.goto(site.url + "/board?wall=1")
    await expect(page.locator("[data-wall-page]:visible")).to_have_count(1)
    assert await page.evaluate("document.scrollingElement.scrollHeight <= innerHeight"), "nobody scrolls a wall"
    assert await page.evaluate(SMALL_TEXT, 24 * height / 1080) == []


async def test_a_clerk_answers_without_scripts(window: Window, site: Site) -> None:
    case = await site.case("assigned")
    page = await window(java_script_enabled=False)
    await sign_in(page, site, f"clerk-{case.unit}")
    await page.goto(f"{site.url}/desk/cases/{case.no}?act=accept")
    await pressed(page, "#act-accept .btns button[data-busy]")
    await page.goto(f"{site.url}/desk/cases/{case.no}?act=reply")
    await page.select_option("#act-reply select[name=phrase]", index=1)
    await pressed(page, "#act-reply button[name=insert]")
    assert await page.locator("#act-reply textarea").input_value() != ""
    await page.fill("#act-reply textarea", "")
    await pressed(page, "#act-reply .btn--go[formaction]")
    await expect(page.locator(".errors")).to_contain_text("有 1 处需要改正")
    await page.fill("#act-reply textarea", ANSWER)
    await pressed(page, "#act-reply .btn--go[formaction]")
    await pressed(page, "main .btn--go")
    assert (await site.told(case.no))["status"] == "replied"


async def test_without_scripts_the_board_is_renewed_by_a_link(window: Window, site: Site) -> None:
    page = await window(java_script_enabled=False)
    await sign_in(page, site, "supervisor")
    await page.goto(site.url + "/board")
    before = await _received_today(page)
    await site.case("received")
    await pressed(page, "main a.needs-no-js")
    assert await _received_today(page) == before + 1


async def test_the_queue_is_walked_with_three_keys(window: Window, site: Site) -> None:
    await site.known("assigned")
    page = await window()
    keys = Keyboard(page)
    await sign_in(page, site, "reception")
    await page.goto(site.url + "/desk?status=")
    titles = page.locator("tbody .worklist-title")
    assert await titles.count() >= 2
    await keys.press("j", "j")
    await expect(titles.nth(1)).to_be_focused()
    await keys.press("k")
    await expect(titles.nth(0)).to_be_focused()
    await keys.press("x")
    await expect(page.locator("[data-chosen]")).to_have_text("1")
    await keys.press("/")
    await page.keyboard.type("jko")
    await expect(page.locator("[data-search]")).to_have_value("jko")
    await page.locator("[data-search]").fill("")
    await page.locator("h1").click()
    words = await titles.nth(0).inner_text()
    async with page.expect_navigation():
        await keys.press("o")
    await expect(page.locator("h1")).to_contain_text(words)


async def test_keys_can_be_switched_off(window: Window, site: Site) -> None:
    page = await window()
    await sign_in(page, site, "reception")
    await page.goto(site.url + "/desk?status=")
    await page.keyboard.press("?")
    await page.uncheck("[data-keys-toggle]")
    await page.locator("h1").click()
    await page.keyboard.press("j")
    await expect(page.locator("tr.is-cursor")).to_have_count(0)
