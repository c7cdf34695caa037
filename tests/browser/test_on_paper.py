"""What does one hold in one's hands afterwards? The receipt's code read back, and printed pages that are numbered."""

import io
import re
import shutil
import subprocess
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote

import pytest
import segno
from playwright.async_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import Window
from tests.browser.site import Site
from tests.browser.visits import hold, sign_in, step

pytestmark = pytest.mark.asyncio(loop_scope="session")
NUMBER = re.compile(r"\d{8}-\d{6}")


async def printed(page: Page) -> list[str]:
    """The words of each printed page, without the spaces that setting puts in.

    Fonts draw a few characters and their radicals with one shape, and a PDF may name either.
    """
    pdf = await page.pdf(prefer_css_page_size=True)
    texts = ("".join(part.extract_text().split()) for part in PdfReader(io.BytesIO(pdf)).pages)
    return [normalize("NFKC", words).replace("⻚", "页") for words in texts]


async def receipt(window: Window, site: Site) -> tuple[Page, str]:
    page = await window()
    await step(5)(page, site)
    match = NUMBER.search(await page.locator(".confirm").inner_text())
    assert match
    return page, match[0]


def read_back(picture: Path) -> str:
    """What a scanner reads."""
    done = subprocess.run(["zbarimg", "-q", "--raw", str(picture)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def begins_as_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def assert_numbered(pages: list[str]) -> None:
    for at, words in enumerate(pages, 1):
        assert f"第{at}页" in words, words[-60:]
        assert re.search(rf"共{len(pages)}页", words), words[-60:]


async def test_the_code_on_the_receipt_leads_to_the_look_up(window: Window, site: Site, tmp_path: Path) -> None:
    page, no = await receipt(window, site)
    expected = f"{site.url}/lookup?no={no}"
    picture = page.locator(".qr")
    if shutil.which("zbarimg"):
        shot = tmp_path / "code.png"
        await picture.screenshot(path=shot)
        assert read_back(shot) == expected
    else:
        source = await picture.get_attribute("src")
        assert source == segno.make(expected, error="m").svg_data_uri(omitsize=True, border=2)
    code = "".join((await page.locator(".big-code").inner_text()).split())
    assert code not in unquote(str(await picture.get_attribute("src")))

    await page.goto(expected)
    await expect(page.locator("#f-check")).to_have_value(no)
    await page.fill("#f-code", code)
    async with page.expect_navigation():
        await page.locator("main button[data-busy]").click()
    await expect(page.locator(".case-no")).to_contain_text(no)


async def test_the_receipt_is_saved_as_a_picture(window: Window, site: Site) -> None:
    page, _ = await receipt(window, site)
    async with page.expect_download() as saving:
        await page.locator("[data-picture]").click()
    saved = await saving.value
    assert saved.suggested_filename == "查询凭证.png"
    assert begins_as_png(await saved.path())


async def test_the_printed_receipt_is_numbered_and_holds_number_and_code(window: Window, site: Site) -> None:
    page, no = await receipt(window, site)
    code = "".join((await page.locator(".big-code").inner_text()).split())
    pages = await printed(page)
    assert_numbered(pages)
    assert no in pages[0]
    assert code in pages[0]
    assert "我要反映" not in pages[0], "the menus stay on the screen"


async def test_a_printed_case_is_numbered_and_holds_its_number(window: Window, site: Site) -> None:
    case = await site.known("replied")
    owner, clerk = await window(), await window()
    await hold(owner, site, case.no, case.code)
    await sign_in(clerk, site, f"clerk-{case.unit}")
    await clerk.goto(f"{site.url}/desk/cases/{case.no}")
    for page in (owner, clerk):
        pages = await printed(page)
        assert_numbered(pages)
        assert case.no in pages[0]
        assert any("已安排上下学时段专人疏导" in words for words in pages)
