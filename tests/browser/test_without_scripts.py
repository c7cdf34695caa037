"""Can a citizen do everything where no script runs, and is every mistake told with what was typed kept?"""

import pytest
from playwright.async_api import Page, Response, expect

from tests.browser.conftest import Window
from tests.browser.site import Case, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")
SUBMIT = "main button[data-busy]"


async def opened(window: Window, address: str) -> Page:
    page = await window(width=390, java_script_enabled=False)
    await page.goto(address)
    return page


async def sent(page: Page, button: str = SUBMIT) -> Response:
    """Press a button and be on the page it leads to."""
    async with page.expect_navigation() as going:
        await page.locator(button).first.click()
    response = await going.value
    assert response is not None
    return response


async def refused(page: Page, button: str, *fields: str) -> None:
    """Press a button and be told what is wrong: a 422, in a summary on top, and beside each field."""
    assert (await sent(page, button)).status == 422
    await expect(page).to_have_title(r := await page.title())
    assert r.startswith("错误：")
    summary = page.locator(".errors")
    await expect(summary).to_contain_text(f"有 {len(fields)} 处需要改正")
    for field in fields:
        words = await summary.locator(f"a[href='#{field}']").inner_text()
        await expect(page.locator(f"#{field}")).to_have_count(1)
        await expect(page.locator("p.error", has_text=words)).to_have_count(1)


async def own_case(window: Window, site: Site, case: Case) -> Page:
    page = await opened(window, site.url + "/lookup")
    await page.fill("#f-code", case.code)
    await page.fill("#f-check", case.no)
    await sent(page)
    return page


async def test_a_message_with_a_file_is_handed_in(window: Window, site: Site) -> None:
    page = await opened(window, site.url + "/")
    await sent(page, "main a[href^='/new/1']:visible")
    await refused(page, SUBMIT, "f-kind")
    await page.check("input[name=kind][value=complaint]")
    await sent(page)

    await page.fill("#f-text", "幸福路 12 号门前的路灯从上周起不亮。")
    await refused(page, SUBMIT, "f-title")
    await expect(page.locator("#f-text")).to_have_value("幸福路 12 号门前的路灯从上周起不亮。")
    await page.fill("#f-title", "幸福路路灯不亮")
    await page.set_input_files("#f-files", {"name": "坏.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"})
    await refused(page, SUBMIT, "f-files")
    await expect(page.locator("#f-title")).to_have_value("幸福路路灯不亮")
    await page.set_input_files(
        "#f-files", {"name": "现场.txt", "mimeType": "text/plain", "buffer": "路灯不亮".encode()}
    )
    await sent(page)

    await page.fill("[name='person.name']", "安小娜")
    await page.fill("[name='person.phone']", "1390000")
    await refused(page, SUBMIT, "f-person-phone")
    await expect(page.locator("[name='person.name']")).to_have_value("安小娜")
    await expect(page.locator("[name='person.phone']")).to_have_value("1390000")
    await page.fill("[name='person.phone']", "13900001234")
    await sent(page)

    await sent(page, "main a[href='/new/2']")
    await expect(page.locator(".files")).to_contain_text("现场.txt")
    await page.fill("#f-title", "幸福路 12 号门前路灯不亮")
    await sent(page)
    await expect(page.locator("[name='person.phone']")).to_have_value("13900001234")
    await sent(page)
    await expect(page.locator("main dl")).to_contain_text("幸福路 12 号门前路灯不亮")
    await sent(page)
    await expect(page.locator("h1")).to_have_text("已收到您反映的事项")
    await expect(page.locator(".qr")).to_be_visible()
    await expect(page.locator("button.needs-js:visible")).to_have_count(0)


async def test_a_file_is_taken_out_again(window: Window, site: Site) -> None:
    page = await opened(window, site.url + "/new/1")
    await page.check("input[name=kind][value=help]")
    await sent(page)
    await page.set_input_files("#f-files", {"name": "多余.txt", "mimeType": "text/plain", "buffer": "多余".encode()})
    await refused(page, SUBMIT, "f-title", "f-text")
    await expect(page.locator(".files")).to_contain_text("多余.txt")
    await page.fill("#f-title", "写了一半")
    await sent(page, "button[name=drop_attachment]")
    await expect(page.locator(".files")).not_to_contain_text("多余.txt")
    await expect(page.locator("#f-title")).to_have_value("写了一半")


async def test_a_case_is_looked_up(window: Window, site: Site) -> None:
    case = await site.case("accepted")
    page = await opened(window, site.url + "/lookup")
    await refused(page, SUBMIT, "f-code", "f-check")
    await page.fill("#f-code", "000000000000")
    await page.fill("#f-check", case.no)
    await refused(page, SUBMIT, "f-code")
    await expect(page.locator("#f-check")).to_have_value(case.no)
    await page.fill("#f-code", case.code)
    await page.fill("#f-check", "1234")
    await sent(page)
    await expect(page.locator("main")).to_contain_text(case.no)


async def test_a_case_is_supplemented_and_urged(window: Window, site: Site) -> None:
    page = await own_case(window, site, await site.case("accepted"))
    await page.locator("#act-supplement > summary").click()
    await refused(page, "#act-supplement button[data-busy]", await _id(page, "#act-supplement textarea"))
    await page.fill("#act-supplement textarea", "昨天早上又堵了半小时。")
    await sent(page, "#act-supplement button[data-busy]")
    await expect(page.get_by_role("status").filter(has_text="已补充")).to_be_visible()
    await page.locator("#act-urge > summary").click()
    await sent(page, "#act-urge button[data-busy]")
    await expect(page.get_by_role("status").filter(has_text="已催办")).to_be_visible()


async def _id(page: Page, selector: str) -> str:
    return str(await page.locator(selector).first.get_attribute("id"))


async def test_a_case_is_withdrawn(window: Window, site: Site) -> None:
    page = await own_case(window, site, await site.case("assigned"))
    await page.locator("#act-withdraw > summary").click()
    await page.fill("#act-withdraw textarea", "问题已经解决了")
    await refused(page, "#act-withdraw button[data-busy]", await _id(page, "#act-withdraw input[name=confirm]"))
    await page.check("#act-withdraw input[name=confirm]")
    await sent(page, "#act-withdraw button[data-busy]")
    await expect(page.locator(".head-facts")).to_contain_text("已撤回")


async def test_an_answer_is_rated(window: Window, site: Site) -> None:
    page = await own_case(window, site, await site.case("replied"))
    await refused(page, "#act-rate button[data-busy]", await _id(page, "#act-rate input[name=level]"))
    await page.check("#act-rate input[name=level][value='5']")
    await page.locator("#act-rate details.tags > summary").click()
    await page.locator("#act-rate [data-for-level='5'] label").first.click()
    await expect(page.locator("#act-rate [data-for-level='5'] input:checked")).to_have_count(1)
    await sent(page, "#act-rate button[data-busy]")
    await expect(page.get_by_role("status").filter(has_text="谢谢您的评价")).to_be_visible()


async def test_a_service_is_rated(window: Window, site: Site) -> None:
    page = await opened(window, site.url + "/rate/service")
    await page.fill("#f-text", "办得很快")
    await refused(page, SUBMIT, "f-level", "f-matter", "f-handling_no")
    await expect(page.locator("#f-text")).to_have_value("办得很快")
    handling = await site.handling("B20260914-PLAIN")
    await page.select_option("#f-matter", handling["matter"])
    await page.fill("#f-handling_no", "B20260914-PLAIN")
    await page.fill("#f-slip_code", handling["code"])
    await page.check("input[name=level][value='2']")
    await page.locator("[data-for-level='2'] label").nth(1).click()
    await expect(page.locator("[data-for-level='2'] input:checked")).to_have_count(1)
    await sent(page)
    await expect(page.locator("h1")).to_have_text("谢谢您的评价")
    await expect(page.locator("main")).to_contain_text("差评已经立案")


async def test_replies_are_searched_narrowed_and_read(window: Window, site: Site) -> None:
    page = await opened(window, site.url + "/replies")
    await page.fill("#q", "路")
    await sent(page, "main form button")
    await expect(page.locator("[role=status]", has_text="找到")).to_be_visible()
    await sent(page, ".facets li a")
    await expect(page.locator(".facets [aria-current]")).to_have_count(1)
    title = await page.locator(".hit h3 a").first.inner_text()
    await sent(page, ".hit h3 a")
    await expect(page.locator("h1")).to_have_text(title)


async def test_a_deadline_is_counted(window: Window, site: Site) -> None:
    page = await opened(window, site.url + "/deadline")
    await page.fill("#f-start", "2026-02-02")
    await page.fill("#f-count", "0")
    await refused(page, "main form button", "f-count")
    await page.fill("#f-count", "15")
    await sent(page, "main form button")
    await expect(page.locator("main .lead").nth(1)).to_contain_text("2 月 24 日")


async def test_the_elder_mode_goes_along_by_links(window: Window, site: Site) -> None:
    page = await opened(window, site.url + "/")
    await sent(page, "[data-pref=elder]")
    await expect(page.locator("html")).to_have_attribute("data-size", "elder")
    await sent(page, "main a[href^='/lookup']:visible")
    await expect(page.locator("html")).to_have_attribute("data-size", "elder")
    await sent(page, "[data-pref=elder]")
    await expect(page.locator("html")).to_have_attribute("data-size", "std")
