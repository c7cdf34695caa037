"""Every page, as everybody who may see it, on a phone and on a desktop, in every reading mode.

The pages are looked at in pieces of equal size, so that every core has some until the end.
"""

import asyncio
from collections.abc import Iterable

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from feedback.kernel.settings import Settings
from tests.browser.conftest import new_context
from tests.browser.site import Site
from tests.browser.survey import DESKTOP, HEIGHT, PHONE, Findings, complaints_of, look
from tests.browser.visits import VISITS, Visit, pages_of
from web.app import create_app

pytestmark = pytest.mark.asyncio(loop_scope="session")
AT_ONCE, PIECES = 2, 8

_PLANTED = """() => {
  const main = document.getElementById("main");
  main.insertAdjacentHTML("beforeend", '<input name="nameless"><p class="faint">blass</p><button class="klein">klein</button>');
  const style = (part, values) => Object.assign(main.querySelector(part).style, values);
  style(".faint", {color: "#ccc", fontSize: "12px", width: "2000px"});
  style(".klein", {height: "10px", minHeight: "0", padding: "0", fontSize: "6px"});
  main.insertAdjacentHTML("beforeend", '<p style="color: red">x</p>');
  main.insertAdjacentHTML("beforeend", '<p id="main"><label for="nothing">x</label></p>');
  main.appendChild(document.createElement("img")).src = "http://elsewhere.invalid/x.png";
}"""

each_visit = pytest.mark.parametrize(
    "visit",
    [
        pytest.param(visit, id=str(visit), marks=pytest.mark.xdist_group(f"pages-{n % PIECES}"))
        for n, visit in enumerate(VISITS)
    ],
)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def surveyed() -> dict[Visit, Findings]:
    """What was found so far."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def survey(
    request: pytest.FixtureRequest, chromium: Browser, site: Site, surveyed: dict[Visit, Findings]
) -> dict[Visit, Findings]:
    """What was found on the page a test asks about: all pages of its piece that chosen tests ask about, looked at once."""
    visit = request.getfixturevalue("visit")
    if visit not in surveyed:
        asked = {id(v): v for item in request.session.items if (v := _visit_of(item))}
        piece = [v for v in asked.values() if VISITS.index(v) % PIECES == VISITS.index(visit) % PIECES]
        surveyed |= await _look_at(piece, chromium, site)
    return surveyed


async def _look_at(visits: Iterable[Visit], chromium: Browser, site: Site) -> dict[Visit, Findings]:
    findings = {visit: Findings() for visit in visits}
    todo = list(findings)

    async def visitor() -> None:
        while todo:
            visit = todo.pop(0)
            await _visited(chromium, site, visit, findings[visit])

    await asyncio.gather(*(visitor() for _ in range(AT_ONCE)))
    return findings


def _visit_of(item: pytest.Item) -> Visit | None:
    callspec = getattr(item, "callspec", None)
    visit = callspec.params.get("visit") if callspec else None
    return visit if isinstance(visit, Visit) else None


async def _visited(browser: Browser, site: Site, visit: Visit, findings: Findings) -> None:
    """Arrive once, on a phone; the window is then made as wide as a desktop: getting there costs more than looking."""
    context = await new_context(browser, PHONE, service_workers="block")
    try:
        page = await context.new_page()
        with complaints_of(page, visit.status) as complaints:
            await visit.arrive(page, site)
            assert visit.is_at(page.url), page.url
            await look(page, PHONE, findings)
            await page.set_viewport_size({"width": DESKTOP, "height": HEIGHT})
            await look(page, DESKTOP, findings)
        findings.complaints += complaints
    except Exception as fault:  # told by the tests of this page, and the others go on
        findings.complaints.append(f"could not be looked at: {fault}")
    finally:
        await context.close()


async def test_the_survey_sees_what_is_wrong(chromium: Browser, site: Site) -> None:
    context, findings = await new_context(chromium, PHONE), Findings()
    page = await context.new_page()
    with complaints_of(page) as complaints:
        await page.goto(site.url + "/guide")
        await page.evaluate(_PLANTED)
        await look(page, PHONE, findings)
        await page.goto(site.url + "/nowhere")
    await context.close()
    assert any("label" in words for words in findings.axe)
    assert any("color-contrast" in words for words in findings.axe)
    assert any("klein" in words and "10.0 px" in words for words in findings.targets)
    assert any("faint" in words for words in findings.text)
    assert any("id main 2 times" in words for words in findings.loose_ends)
    assert any("for nothing" in words for words in findings.loose_ends)
    assert any("2000 px" in words for words in findings.sideways)
    assert any("404" in words for words in complaints)
    assert any("inline style" in words for words in complaints)
    assert any("another host" in words for words in complaints)


async def test_no_page_is_forgotten(settings: Settings) -> None:
    pages = pages_of(create_app(settings, with_worker=False))
    assert pages - {visit.route for visit in VISITS} == set()


@each_visit
async def test_axe_has_nothing_to_say(visit: Visit, survey: dict[Visit, Findings]) -> None:
    assert survey[visit].axe == []


@each_visit
async def test_nothing_fails_and_nobody_else_is_asked(visit: Visit, survey: dict[Visit, Findings]) -> None:
    assert survey[visit].complaints == []


@each_visit
async def test_what_one_taps_is_large_enough(visit: Visit, survey: dict[Visit, Findings]) -> None:
    assert survey[visit].targets == []


@each_visit
async def test_the_elder_mode_has_large_text(visit: Visit, survey: dict[Visit, Findings]) -> None:
    assert survey[visit].text == []


@each_visit
async def test_nobody_has_to_scroll_sideways(visit: Visit, survey: dict[Visit, Findings]) -> None:
    assert survey[visit].sideways == []


@each_visit
async def test_labels_and_links_in_the_page_lead_to_one_place(visit: Visit, survey: dict[Visit, Findings]) -> None:
    assert survey[visit].loose_ends == []
