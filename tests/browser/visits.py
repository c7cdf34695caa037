"""Which pages are there, who looks at them, and in which state? One row per look; no route may lack one."""

import asyncio
import itertools
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pyotp
from playwright.async_api import FilePayload, Page
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from evaluation.ratings.tokens import Occasion, create_token
from tests.browser.site import ANSWER, Site, until
from tests.people import ANNAS_MESSAGE
from web import bootstrap
from web.auth import form_recovery, second_factor
from web.auth.form_recovery import CarriedForm
from web.auth.sessions import STAFF_COOKIE
from web.notify.development_file import sender

Arrive = Callable[[Page, Site], Awaitable[None]]

NOT_PAGES: Mapping[str, str] = {
    "/healthz": "a word for machines",
    "/readyz": "JSON for machines",
    "/metrics": "text for Prometheus",
    "/sw.js": "a script",
    "/favicon.ico": "a redirect to a picture",
    "/new": "a redirect to the first step",
    "/desk/": "the same as /desk",
    "/board/": "the same as /board",
    "/admin/": "the same as /admin",
    "/desk/bulk": "a redirect for who reloads the answer of its form, looked at there",
    "/desk/cases/{no}/acts/{act}": "likewise",
    "/desk/cases/{no}/preview": "likewise",
    "/desk/cases/{no}/route": "likewise",
    "/desk/cases/{no}/letters/{id}.{form}": "a file",
    "/case/letters/{id}.{form}": "a file",
    "/admin/letters/{code}/template.docx": "a file",
    "/admin/letters/{code}/sample.pdf": "a file",
    "/desk/links/{id}/{what}": "a redirect for who logs in on the way to a decision",
    "/desk/cases/{no}/links": "likewise",
    "/me/cases/{no}": "a redirect to /case",
    "/me/data.json": "a file",
    "/case/files/{id}": "a file",
    "/desk/files/{id}": "a file",
    "/desk/export.xlsx": "a file",
    "/admin/calendar/drafts/{number:int}.xlsx": "a file",
    "/admin/calendar/editions/{name}.xlsx": "a file",
    "/rate/codes/{token}.svg": "a picture",
    "/replies.rss": "a feed",
    "/robots.txt": "for search engines",
    "/sitemap.xml": "for search engines",
    "/replies/similar": "a fragment of /new/2, looked at there",
    "/board/fragment": "the moving part of /board, looked at there",
    "/board/stream": "a stream of events",
    "/board/report.docx": "a file",
    "/board/report.xlsx": "a file",
    "/board/kpis.csv": "a file",
    "/board/kpis.xlsx": "a file",
    "/desk/measures/export.xlsx": "a file",
    "/desk/measures/{id}/letter.{form}": "a file",
    "/admin/learning/train": "a redirect for who logs in on the way to a step",
    "/admin/learning/back": "likewise",
    "/admin/learning/{id}/promote": "likewise",
}
ONE_EDITION_AT_A_TIME = asyncio.Lock()
API_PAGES = frozenset({"/api/v1/docs"})


@dataclass(frozen=True)
class Visit:
    """One look at one page."""

    route: str
    who: str
    state: str
    arrive: Arrive
    status: int = 200

    def is_at(self, url: str) -> bool:
        """Whether that is an address of this page, or of the answer of a form in it."""
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", self.route)
        return bool(re.fullmatch(pattern + ("" if self.route == "/" else "(/.+)?"), urlsplit(url).path))

    def __str__(self) -> str:
        return f"{self.route} as {self.who}" + (f", {self.state}" if self.state else "")


def pages_of(app: Starlette) -> set[str]:
    """The templates of every address that answers GET with a page."""
    templates = set()
    for path, route in _flat(app.routes):
        is_api = path.startswith("/api/") and path not in API_PAGES
        if "GET" in (route.methods or ()) and not is_api and path not in NOT_PAGES:
            templates.add(path)
    return templates


def _flat(routes: list[BaseRoute], prefix: str = "") -> Iterator[tuple[str, Route]]:
    for route in routes:
        if isinstance(route, Mount):
            yield from _flat(list(route.routes or ()), prefix + route.path)
        elif isinstance(route, Route):
            yield prefix + route.path, route


# ---- ways to get there ----


def at(address: str) -> Arrive:
    """Straight to an address."""

    async def arrive(page: Page, site: Site) -> None:
        await page.goto(site.url + address)

    return arrive


def chosen(address: str, *selectors: str) -> Arrive:
    """To an address, and some boxes ticked there."""

    async def arrive(page: Page, site: Site) -> None:
        await page.goto(site.url + address)
        for selector in selectors:
            await page.locator(selector).first.check()

    return arrive


def sent(address: str, selector: str, typed: Mapping[str, str] | None = None) -> Arrive:
    """To the answer of a form at an address, sent with its button."""

    async def arrive(page: Page, site: Site) -> None:
        await page.goto(site.url + address)
        for name, words in (typed or {}).items():
            await page.fill(f"main [name='{name}']", words)
        async with page.expect_navigation():
            await page.locator(selector).first.click()

    return arrive


def followed(address: str, selector: str) -> Arrive:
    """To where a link at an address leads."""

    async def arrive(page: Page, site: Site) -> None:
        await page.goto(site.url + address)
        async with page.expect_navigation():
            await page.locator(selector).first.click()

    return arrive


async def sign_in(page: Page, site: Site, username: str) -> None:
    """Be logged in as a member of staff. The form itself is tried in the story of a clerk's day."""
    await page.context.add_cookies([{"name": STAFF_COOKIE, "value": await site.token(username), "url": site.url}])


async def hold(page: Page, site: Site, no: str, code: str) -> None:
    """Open one's own case with number and code."""
    await page.context.request.post(site.url + "/lookup", form={"code": code, "check": no})
    await page.goto(site.url + "/case")


async def log_in_by_phone(page: Page, site: Site, phone: str) -> None:
    """As whoever holds the telephone: the code is read where development writes texts to."""
    file, before = site.settings.data / "outgoing.jsonl", codes_in(site, phone)
    await page.goto(site.url + "/me/login")
    await page.fill("#f-phone", phone)
    async with page.expect_navigation():
        await page.locator("main button[data-busy]").click()

    async def code() -> str:
        return next(iter(codes_in(site, phone)[len(before) :]), "")

    await page.fill("#f-code", await until(code, f"a code stands in {file.name}"))
    async with page.expect_navigation():
        await page.locator("main button[data-busy]").click()


def codes_in(site: Site, phone: str) -> list[str]:
    """The codes that were sent to the number, oldest first."""
    file = site.settings.data / "outgoing.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    texts = [row["text"] for row in rows if row["to"] == phone and row["template"] == "login_code"]
    return [match[1] for text in texts if (match := re.search(r"\b(\d{6})\b", text))]


_phones = itertools.count(13_700_000_000)


def by_phone(address: str, *selectors: str) -> Arrive:
    """A page of somebody logged in by telephone, with a case; `{no}` is its number. Each look has a number of its own."""

    async def arrive(page: Page, site: Site) -> None:
        phone = str(next(_phones))
        case = await site.case("accepted", person={"name": "安小娜", "phone": phone})
        await log_in_by_phone(page, site, phone)
        await page.goto(site.url + address.replace("{no}", case.no))
        for selector in selectors:
            async with page.expect_navigation():
                await page.locator(selector).click()

    return arrive


async def code_asked(page: Page, site: Site) -> None:
    await page.goto(site.url + "/me/login")
    await page.fill("#f-phone", str(next(_phones)))
    async with page.expect_navigation():
        await page.locator("main button[data-busy]").click()


def own_case(state: str, *selectors: str, **fields: str) -> Arrive:
    """To one's own case in that state, and some boxes ticked there."""

    async def arrive(page: Page, site: Site) -> None:
        case = await site.known(state, **fields)
        await hold(page, site, case.no, case.code)
        for selector in selectors:
            await page.locator(selector).first.check()

    return arrive


async def notice_settings(page: Page, site: Site) -> None:
    """To the link that stands in the message of a receipt, and through its form."""
    case = await site.known("received")

    async def link() -> str:
        path = site.settings.data / sender.FILE_NAME
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        links = re.findall(r"/n/[\w-]+", "".join(line for line in lines if case.no in line))
        return links[0] if links else ""

    await page.goto(site.url + await until(link, "the receipt was sent"))
    await page.select_option("main [name=hours]", index=1)
    async with page.expect_navigation():
        await page.locator("main button", has_text="保存").click()


async def own_case_refused(page: Page, site: Site) -> None:
    await own_case("accepted")(page, site)
    await page.locator("#act-supplement > summary").click()
    async with page.expect_navigation():
        await page.locator("#act-supplement button[data-busy]").click()


def desk_case(state: str, username: str = "", act: str = "", **fields: str) -> Arrive:
    """To a case at the desk, as the clerk of the unit that has it unless somebody is named ("lead-": of that unit)."""

    async def arrive(page: Page, site: Site) -> None:
        case = await site.known(state, **fields)
        who = username or "clerk-"
        await sign_in(page, site, who + case.unit if who.endswith("-") else who)
        await page.goto(f"{site.url}/desk/cases/{case.no}" + (f"?act={act}" if act else ""))

    return arrive


def previewed(
    act: str, typed: Mapping[str, str], state: str = "accepted", username: str = "", *, confirmed: bool = False
) -> Arrive:
    """To the preview of a step; `confirmed` sends it at once and is shown the preview as a refusal."""

    async def arrive(page: Page, site: Site) -> None:
        await desk_case(state, username, act=act)(page, site)
        form = page.locator(f"#act-{act} form")
        for name, words in typed.items():
            await form.locator(f"[name='{name}']").fill(words)
        button = "button[data-busy]:not([formaction])" if confirmed else ".btn--go[formaction]"
        async with page.expect_navigation():
            await form.locator(button).click()

    return arrive


async def letters_previewed(page: Page, site: Site) -> None:
    await desk_case("assigned", act="accept", **APPEAL)(page, site)
    button = page.locator("#act-accept button[formaction$='/letters']")
    await button.evaluate("button => button.removeAttribute('formtarget')")
    async with page.expect_navigation():
        await button.click()


async def genuine_letter(page: Page, site: Site) -> None:
    case = await site.known("replied")

    async def code() -> str:
        letters = (await site.told(case.no))["letters"]
        return str(letters[-1]["verify"]) if letters else ""

    await page.goto(f"{site.url}/letters/verify?t={await until(code, 'a letter is issued')}")


async def desk_case_overtaken(page: Page, site: Site) -> None:
    case = await site.case("accepted")
    await sign_in(page, site, f"clerk-{case.unit}")
    await page.goto(f"{site.url}/desk/cases/{case.no}?act=reply")
    await site.act(case.no, "contact", f"clerk-{case.unit}", {"text": "已电话联系本人。"})
    await page.locator("#act-reply textarea").fill(ANSWER)
    async with page.expect_navigation():
        await page.locator("#act-reply .btn--go[formaction]").click()
        await page.locator("main .btn--go").first.click()


async def desk_case_refused(page: Page, site: Site) -> None:
    await desk_case("accepted", act="reply")(page, site)
    async with page.expect_navigation():
        await page.locator("#act-reply .btn--go[formaction]").click()


FILE: FilePayload = {"name": "现场.txt", "mimeType": "text/plain", "buffer": "路灯不亮".encode()}
STEPS: Mapping[int, Mapping[str, Any]] = {
    1: {"kind": "complaint"},
    2: {"title": "幸福路路灯不亮", "text": "幸福路 12 号门前的路灯从上周起不亮，晚上看不清路。", "files": FILE},
    3: {"person.name": "安小娜", "person.phone": "13900001234"},
    4: {},
}


def step(number: int) -> Arrive:
    """To a step of the form, those before it filled in; 5 is the receipt."""

    async def arrive(page: Page, site: Site) -> None:
        address = f"{site.url}/new/{number}"
        for before in range(1, number):
            answer = await page.context.request.post(f"{site.url}/new/{before}", multipart=dict(STEPS[before]))
            address = answer.url
        await page.goto(address)

    return arrive


async def similar_shown(page: Page, site: Site) -> None:
    await page.goto(site.url + "/replies")
    title = await page.locator(".hit h3 a").first.inner_text()
    await step(2)(page, site)
    await page.fill("#f-title", title)
    await page.locator("[data-similar] a").first.wait_for()


def step_refused(number: int, typed: Mapping[str, str]) -> Arrive:
    """To a step shown again, with what is wrong."""

    async def arrive(page: Page, site: Site) -> None:
        await step(number)(page, site)
        for name, words in typed.items():
            await page.fill(f"[name='{name}']", words)
        async with page.expect_navigation():
            await page.locator("main button[data-busy]").click()

    return arrive


async def step_two_again(page: Page, site: Site) -> None:
    await step(3)(page, site)
    await page.goto(site.url + "/new/2")


async def a_reply(page: Page, site: Site) -> None:
    await page.goto(site.url + "/replies")
    async with page.expect_navigation():
        await page.locator(".hit h3 a").first.click()


def rated(**occasion: str) -> Arrive:
    """To the form a printed code leads to."""

    async def arrive(page: Page, site: Site) -> None:
        token = create_token(site.settings.vault, Occasion(**occasion))
        await page.goto(f"{site.url}/rate/service?t={token}")

    return arrive


def handled(path: str, opens: str = "") -> Arrive:
    """To the register of handlings with one in it, or to its slip."""

    async def arrive(page: Page, site: Site) -> None:
        await site.handling("B20260914-LISTED")
        await page.goto(site.url + path)
        if opens:
            async with page.expect_navigation():
                await page.locator(opens).first.click()

    return arrive


async def unproved(page: Page, site: Site) -> None:
    """Where a rating of an invented handling is kept."""
    matter = (await site.api.get("/api/v1/matters")).json()["items"][0]["code"]
    await site.api.post(
        "/api/v1/ratings", json={"matter": matter, "handling_no": "B-erfunden", "level": 1, "text": "没去过"}
    )
    await page.goto(site.url + "/board/unverified")


def staff(username: str, then: Arrive) -> Arrive:
    """Logged in as somebody, then there."""

    async def arrive(page: Page, site: Site) -> None:
        await sign_in(page, site, username)
        await then(page, site)

    return arrive


async def half_logged_in(page: Page, site: Site) -> None:
    """Past the password, before the code of the second factor."""
    username = "lead-qixiang"
    async with bootstrap.open_context(site.settings) as context:
        if not (await second_factor.load_state(username)).is_on:
            secret = second_factor.new_secret()
            code = pyotp.TOTP(secret).at(context.clock.now())
            await second_factor.switch_on(context, username, secret, code)
    await page.goto(site.url + "/login")
    await page.fill("#f-username", username)
    await page.fill("#f-password", "demo")
    async with page.expect_navigation():
        await page.locator("main button[data-busy]").click()


async def sent_too_late(page: Page, site: Site) -> None:
    """Past the log-in to which a form led whose session had ended."""
    username = "clerk-jiaoyu"
    fields = (
        ("text", "已派员到场疏导。\n请再等三天。"),
        ("mail", "x@example.cn"),
        ("unit", "jiaoyu"),
        ("version", "3"),
    )
    async with bootstrap.open_context(site.settings) as context:
        until = context.clock.now() + form_recovery.LIFETIME
        form = CarriedForm(username, "/desk/bulk", "/desk", until, fields, (("file", "现场.jpg"),))
        token = form_recovery.seal_form(context, form)
    await page.goto(site.url + "/login")
    field = f"<input type='hidden' name='{form_recovery.HIDDEN_FIELD}' value='{token}'>"
    await page.locator("main form").evaluate("(form, field) => form.insertAdjacentHTML('beforeend', field)", field)
    await page.fill("#f-username", username)
    await page.fill("#f-password", "demo")
    async with page.expect_navigation():
        await page.locator("main button[data-busy]").click()


async def registered(page: Page, site: Site) -> None:
    case = await site.known("assigned")
    await page.goto(f"{site.url}/desk/register/{case.no}")


async def repeat_proposed(page: Page, site: Site) -> None:
    await site.known("assigned")
    again = await site.known("assigned", title="小学门口又堵了")

    async def proposed() -> bool:
        await page.goto(f"{site.url}/desk/cases/{again.no}")
        return await page.locator("#linked").count() > 0

    await until(proposed, "a repeat is proposed")


async def repeats_listed(page: Page, site: Site) -> None:
    await repeat_proposed(page, site)
    await page.goto(f"{site.url}/desk/repeats")
    await page.locator(".link-acts").first.wait_for()


async def likely_repeat(page: Page, site: Site) -> None:
    await repeat_proposed(page, site)
    await page.goto(f"{site.url}/desk/register")
    await page.fill("#f-person-phone", ANNAS_MESSAGE["person"]["phone"])
    await page.fill("#f-title", ANNAS_MESSAGE["title"])
    await page.locator(".hints-title").wait_for()


async def one_campaign(page: Page, site: Site) -> None:
    case = await site.known("assigned")
    await page.goto(f"{site.url}/desk/campaigns/{case.no}")


async def bulk(page: Page, site: Site) -> None:
    await page.goto(site.url + "/desk?status=")
    for box in (await page.locator("tbody input[name=no]").all())[:3]:
        await box.check()
    async with page.expect_navigation():
        await page.locator("[data-needs-chosen]").first.click()


async def calendar_preview(page: Page, site: Site) -> None:
    await page.goto(site.url + "/admin/calendar")
    await page.fill("#f-lines", "2026-09-16,off,测试放假")
    async with page.expect_navigation():
        await page.locator("main button[data-busy]").click()


async def calendar_edition(page: Page, site: Site) -> None:
    async with ONE_EDITION_AT_A_TIME:  # a preview is stale once another edition was applied
        await calendar_preview(page, site)
        async with page.expect_navigation():
            await page.locator("main form[action$='/apply'] button").click()


async def one_clock(page: Page, site: Site) -> None:
    case = await site.case("received")
    await page.goto(f"{site.url}/desk/cases/{case.no}/clocks/1/forward")


async def own_clock(page: Page, site: Site) -> None:
    await own_case("accepted")(page, site)
    await page.locator("#counted > summary").click()
    await page.locator("#counted a").first.click()


FIRST_ROW = "tbody th a"


async def one_measure(page: Page, site: Site) -> None:
    await page.goto(site.url + "/desk/measures/new")
    await page.locator("input[name=kind][value=improve]").check()
    await page.select_option("select[name=unit]", "jiaoyu")
    await page.fill("#f-title", "改进上学时段疏导")
    await page.fill("#f-text", "请与交警建立联勤机制，并书面反馈。")
    async with page.expect_navigation():
        await page.locator("main .btn[data-busy]").click()


async def measure_answered(page: Page, site: Site) -> None:
    await sign_in(page, site, "supervisor")
    await one_measure(page, site)
    address = page.url
    await sign_in(page, site, "lead-jiaoyu")
    await page.goto(address.split("?")[0])
    async with page.expect_navigation():
        await page.locator("main .btn[data-busy]").first.click()


async def unknown_page(page: Page, site: Site) -> None:
    await page.goto(site.url + "/nowhere")


PERSONAL = ANSWER + " 联系电话 13812345678，身份证 110101199003074514。"
REPORT = {"kind": "report", "title": "检举办事人员", "text": "检举某窗口工作人员收受礼品。"}
APPEAL = {"kind": "appeal", "title": "申诉补偿标准", "text": "对征地补偿标准不服，请求依法重新核定补偿款。"}
CITIZEN = "citizen"

# fmt: off
VISITS: tuple[Visit, ...] = (
    Visit("/", CITIZEN, "", at("/")),
    Visit("/", CITIZEN, "asked for the elder mode", at("/?ui=elder")),
    Visit("/guide", CITIZEN, "", at("/guide")),
    Visit("/guide/law", CITIZEN, "", at("/guide/law")),
    Visit("/privacy", CITIZEN, "", at("/privacy")),
    Visit("/accessibility", CITIZEN, "", at("/accessibility")),
    Visit("/offline", CITIZEN, "", at("/offline")),
    Visit("/deadline", CITIZEN, "", at("/deadline")),
    Visit("/deadline", CITIZEN, "counted", at("/deadline?start=2026-09-14&count=15&unit=wd")),
    Visit("/deadline", CITIZEN, "wrong", at("/deadline?start=1999-01-01&count=0&unit=cd"), 422),
    Visit("/new/{step:int}", CITIZEN, "step 1", at("/new/1")),
    Visit("/new/{step:int}", CITIZEN, "step 1 wrong", sent("/new/1", "main button[data-busy]"), 422),
    Visit("/new/{step:int}", CITIZEN, "step 2 with similar replies", similar_shown),
    Visit("/new/{step:int}", CITIZEN, "step 2 wrong", step_refused(2, {}), 422),
    Visit("/new/{step:int}", CITIZEN, "step 2 with a file", step_two_again),
    Visit("/new/{step:int}", CITIZEN, "step 3", step(3)),
    Visit("/new/{step:int}", CITIZEN, "step 3 wrong", step_refused(3, {"person.phone": "123", "person.id_number": "123"}), 422),
    Visit("/new/{step:int}", CITIZEN, "step 4", step(4)),
    Visit("/new/cleared", CITIZEN, "", at("/new/cleared?had=draft+case")),
    Visit("/receipt/{no}", CITIZEN, "", step(5)),
    Visit("/n/{token}", CITIZEN, "saved", notice_settings),
    Visit("/lookup", CITIZEN, "", at("/lookup")),
    Visit("/lookup", CITIZEN, "wrong", sent("/lookup", "main button[data-busy]"), 422),
    Visit("/me/login", CITIZEN, "", at("/me/login")),
    Visit("/me/login", CITIZEN, "wrong", sent("/me/login", "main button[data-busy]"), 422),
    Visit("/me/login/code", CITIZEN, "", code_asked),
    Visit("/me", CITIZEN, "", by_phone("/me")),
    Visit("/me/cases/{no}/code", CITIZEN, "asked", by_phone("/me/cases/{no}/code")),
    Visit("/me/cases/{no}/code", CITIZEN, "issued", by_phone("/me/cases/{no}/code", "main button[data-busy]")),
    Visit("/me/messages", CITIZEN, "", by_phone("/me/messages")),
    Visit("/me/devices", CITIZEN, "", by_phone("/me/devices")),
    Visit("/me/data", CITIZEN, "", by_phone("/me/data")),
    Visit("/case", CITIZEN, "received", own_case("received", **REPORT)),
    Visit("/case", CITIZEN, "accepted", own_case("accepted")),
    Visit("/case", CITIZEN, "accepted, wrong", own_case_refused, 422),
    Visit("/case", CITIZEN, "replied", own_case("replied")),
    Visit("/case", CITIZEN, "replied, dissatisfied", own_case("replied", "input[name=level][value='1']")),
    Visit("/case", CITIZEN, "replied appeal", own_case("replied", **APPEAL)),
    Visit("/case", CITIZEN, "declined", own_case("declined")),
    Visit("/case", CITIZEN, "withdrawn", own_case("withdrawn")),
    Visit("/case/clocks/{seq:int}/{term}", CITIZEN, "", own_clock),
    Visit("/replies", CITIZEN, "", at("/replies")),
    Visit("/replies", CITIZEN, "searched", at("/replies?q=路")),
    Visit("/replies", CITIZEN, "nothing found", at("/replies?q=不存在的词语")),
    Visit("/replies/{id}", CITIZEN, "", a_reply),
    Visit("/scores", CITIZEN, "", at("/scores")),
    Visit("/scores", CITIZEN, "sorted", at("/scores?sort=received")),
    Visit("/scores", CITIZEN, "no such period", at("/scores?period=1999-01"), 404),
    Visit("/rate/service", CITIZEN, "", at("/rate/service")),
    Visit("/rate/service", CITIZEN, "dissatisfied", chosen("/rate/service", "input[name=level][value='2']")),
    Visit("/rate/service", CITIZEN, "wrong", sent("/rate/service", "main button[data-busy]"), 422),
    Visit("/rate/service", CITIZEN, "by a printed code", rated(window="3 号窗口", handling_no="B20260914001")),
    Visit("/rate/service", CITIZEN, "by a window's code", rated(matter="YC032000001", window="3 号窗口")),
    Visit("/rate/thanks", CITIZEN, "not verified", at("/rate/thanks?level=1&unverified=1")),
    Visit("/rate/thanks", CITIZEN, "", at("/rate/thanks?level=5")),
    Visit("/rate/thanks", CITIZEN, "dissatisfied", at("/rate/thanks?level=1")),
    Visit("/login", CITIZEN, "", at("/login")),
    Visit("/login/code", "lead", "", half_logged_in),
    Visit("/login", CITIZEN, "wrong", sent("/login", "main button[data-busy]"), 422),
    Visit("/login", "clerk", "with a form sent too late", sent_too_late),
    Visit("/api/v1/docs", CITIZEN, "", at("/api/v1/docs")),
    Visit("/nowhere", CITIZEN, "", unknown_page, 404),
    Visit("/desk", "clerk", "", staff("clerk-jiaoyu", at("/desk?status="))),
    Visit("/desk", "clerk", "nothing to do", staff("clerk-jiaoyu", at("/desk?q=不存在的词语"))),
    Visit("/desk", "reception", "", staff("reception", at("/desk?status="))),
    Visit("/desk", "reception", "filtered", staff("reception", at("/desk?status=open&kind=complaint&light=green"))),
    Visit("/desk", "supervisor", "", staff("supervisor", at("/desk?status=open"))),
    Visit("/desk", "auditor", "", staff("auditor", at("/desk"))),
    Visit("/desk/password", "clerk", "", staff("clerk-jiaoyu", at("/desk/password"))),
    Visit("/desk/second-factor", "clerk", "", staff("clerk-jiaoyu", at("/desk/second-factor"))),
    Visit("/desk/notices", "clerk", "", staff("clerk-jiaoyu", at("/desk/notices"))),
    Visit("/desk/notices/{id}", "clerk", "", staff("clerk-jiaoyu", followed("/desk/notices", "a[href^='/desk/notices/']"))),
    Visit("/desk/cases/{no}", "reception", "received", desk_case("received", "reception", **REPORT)),
    Visit("/desk/cases/{no}", "reception", "assigned", desk_case("assigned", "reception")),
    Visit("/desk/cases/{no}", "clerk", "assigned", desk_case("assigned")),
    Visit("/desk/cases/{no}", "clerk", "accepted", desk_case("accepted")),
    Visit("/desk/cases/{no}", "clerk", "accepted, wrong", desk_case_refused, 422),
    Visit("/desk/cases/{no}", "reception", "replied", desk_case("replied", "reception")),
    Visit("/desk/cases/{no}", "supervisor", "accepted", desk_case("accepted", "supervisor")),
    Visit("/desk/cases/{no}", "auditor", "replied", desk_case("replied", "auditor")),
    Visit("/desk/cases/{no}", "clerk", "preview of an answer", previewed("reply", {"text": ANSWER})),
    Visit("/desk/cases/{no}", "clerk", "an answer with personal data", previewed("reply", {"text": PERSONAL}, confirmed=True), 422),
    Visit("/desk/cases/{no}", "clerk", "preview of a request for more time",
          previewed("ask_extension", {"reason": "需要会同多个部门现场核实", "days": "3"})),
    Visit("/desk/cases/{no}", "lead", "accepted", desk_case("accepted", "lead-")),
    Visit("/desk/cases/{no}", "lead", "preview of more time",
          previewed("endorse_extension", {"reason": "需要会同多个部门现场核实", "days": "3"}, username="lead-")),
    Visit("/desk/cases/{no}", "reception", "preview of a publication", previewed("publish", {}, "replied", "reception")),
    Visit("/desk/cases/{no}", "clerk", "overtaken", desk_case_overtaken, 409),
    Visit("/desk/register", "reception", "", staff("reception", at("/desk/register"))),
    Visit("/desk/register", "reception", "wrong", staff("reception", sent("/desk/register", "main .btn[data-busy]")), 422),
    Visit("/desk/register", "reception", "with a likely repeat", staff("reception", likely_repeat)),
    Visit("/desk/query-codes", "reception", "", staff("reception", at("/desk/query-codes"))),
    Visit("/desk/query-codes", "reception", "nothing typed", staff("reception", sent("/desk/query-codes", "main button[data-busy]")), 422),
    Visit("/desk/register/{no}", "reception", "", staff("reception", registered)),
    Visit("/desk/phone-calls", "reception", "", staff("reception", at("/desk/phone-calls"))),
    Visit("/desk/bursts", "reception", "", staff("reception", at("/desk/bursts?hours=72"))),
    Visit("/desk/repeats", "reception", "", staff("reception", repeats_listed)),
    Visit("/desk/cases/{no}", "reception", "a repeat proposed", staff("reception", repeat_proposed)),
    Visit("/desk/campaigns/{no}", "reception", "", staff("reception", one_campaign)),
    Visit("/desk", "reception", "bulk preview", staff("reception", bulk)),
    Visit("/desk/ratings", "clerk", "", staff("clerk-jiaoyu", at("/desk/ratings"))),
    Visit("/desk/ratings", "supervisor", "", staff("supervisor", at("/desk/ratings"))),
    Visit("/board", "supervisor", "", staff("supervisor", at("/board"))),
    Visit("/board", "supervisor", "on the wall", staff("supervisor", at("/board?wall=1"))),
    Visit("/board/kpis", "supervisor", "", staff("supervisor", at("/board/kpis"))),
    Visit("/board/kpis", "supervisor", "a year of petitions", staff("supervisor", at("/board/kpis?group=three&period=2026"))),
    Visit("/board/kpis", "supervisor", "the website", staff("supervisor", at("/board/kpis?group=website"))),
    Visit("/board/report", "supervisor", "", staff("supervisor", at("/board/report"))),
    Visit("/board/kpis/cases", "supervisor", "", staff("supervisor", at("/board/kpis/cases?kpi=timeliness"))),
    Visit("/board/topics", "supervisor", "", staff("supervisor", at("/board/topics"))),
    Visit("/board/topics/{thread}", "supervisor", "", staff("supervisor", followed("/board/topics", FIRST_ROW))),
    Visit("/board/answers", "supervisor", "", staff("supervisor", at("/board/answers"))),
    Visit("/board/late", "supervisor", "", staff("supervisor", at("/board/late"))),
    Visit("/board/unverified", "supervisor", "", staff("supervisor", unproved)),
    Visit("/board/untold", "supervisor", "", staff("supervisor", at("/board/untold"))),
    Visit("/board/proposals", "supervisor", "", staff("supervisor", at("/board/proposals"))),
    Visit("/board/orders", "supervisor", "", staff("supervisor", at("/board/orders"))),
    Visit("/board/forecast", "supervisor", "", staff("supervisor", at("/board/forecast"))),
    Visit("/board/measures", "supervisor", "", staff("supervisor", at("/board/measures"))),
    Visit("/desk/measures/new", "supervisor", "", staff("supervisor", at("/desk/measures/new"))),
    Visit("/desk/measures/new", "supervisor", "wrong", staff("supervisor", sent("/desk/measures/new", "main .btn[data-busy]")), 422),
    Visit("/desk/measures/{id}", "supervisor", "just issued", staff("supervisor", one_measure)),
    Visit("/desk/measures/{id}", "lead", "to be answered", measure_answered, 422),
    Visit("/desk/measures", "lead", "", staff("lead-jiaoyu", at("/desk/measures"))),
    Visit("/desk/handlings", "clerk", "", staff("clerk-jiaoyu", handled("/desk/handlings"))),
    Visit("/desk/handlings", "clerk", "wrong", staff("clerk-jiaoyu", sent("/desk/handlings", "main button[data-busy]")), 422),
    Visit("/desk/handlings/{id:int}", "clerk", "", staff("clerk-jiaoyu", handled("/desk/handlings", "main tbody th a"))),
    Visit("/desk/forecast", "lead", "", staff("lead-jiaoyu", at("/desk/forecast"))),
    Visit("/board", "clerk", "refused", staff("clerk-jiaoyu", at("/board")), 403),
    Visit("/admin", "admin", "", staff("admin", at("/admin"))),
    Visit("/admin", "auditor", "", staff("auditor", at("/admin"))),
    Visit("/admin/automatic", "admin", "", staff("admin", at("/admin/automatic"))),
    Visit("/admin/automatic", "supervisor", "", staff("supervisor", at("/admin/automatic"))),
    Visit("/desk/cases/{no}/letters", "clerk", "letters previewed", letters_previewed),
    Visit("/letters/verify", CITIZEN, "", at("/letters/verify")),
    Visit("/letters/verify", CITIZEN, "unknown", at("/letters/verify?t=12345678901234567890")),
    Visit("/letters/verify", CITIZEN, "genuine", genuine_letter),
    Visit("/admin/letters", "admin", "", staff("admin", at("/admin/letters"))),
    Visit("/admin/letters/{code}", "admin", "", staff("admin", at("/admin/letters/opinion"))),
    Visit("/admin/letters/{code}", "admin", "nothing sent", staff("admin", sent("/admin/letters/opinion", "main button[data-busy]")), 422),
    Visit("/admin/units", "admin", "", staff("admin", at("/admin/units"))),
    Visit("/admin/units/{code}", "admin", "", staff("admin", at("/admin/units/jiaoyu"))),
    Visit("/admin/learning", "admin", "", staff("admin", at("/admin/learning"))),
    Visit("/admin/learning/{id}", "admin", "", staff("admin", followed("/admin/learning", FIRST_ROW))),
    Visit("/admin/locked", "admin", "", staff("admin", at("/admin/locked"))),
    Visit("/admin/outgoing", "admin", "", staff("admin", at("/admin/outgoing"))),
    Visit("/admin/messages", "admin", "", staff("admin", at("/admin/messages"))),
    Visit("/admin/reads", "auditor", "", staff("auditor", at("/admin/reads"))),
    Visit("/admin/calendar", "admin", "", staff("admin", at("/admin/calendar"))),
    Visit("/admin/calendar", "admin", "wrong", staff("admin", sent("/admin/calendar", "main form[method=post] button")), 422),
    Visit("/admin/calendar/drafts/{number:int}", "admin", "", staff("admin", calendar_preview)),
    Visit("/admin/calendar/editions/{name}", "admin", "", staff("admin", calendar_edition)),
    Visit("/desk/cases/{no}/clocks/{seq:int}/{term}", "reception", "", staff("reception", one_clock)),
    Visit("/admin/routing", "admin", "", staff("admin", at("/admin/routing"))),
    Visit("/admin/routing", "admin", "tried", staff("admin", at("/admin/routing?try_text=路灯不亮&q=路灯"))),
    Visit("/admin/routing/{id}", "admin", "", staff("admin", followed("/admin/routing", FIRST_ROW))),
    Visit("/admin/routing/{id}", "admin", "wrong", staff("admin", sent("/admin/routing/new", "main .btn[data-busy]")), 422),
)
# fmt: on
