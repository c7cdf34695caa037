"""What becomes of a form sent after the session ended: it rides along through the log-in, for its author alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pyotp
import pytest
from lxml import html
from structlog.testing import capture_logs

from tests.endpoints.test_desk_pages import accepted, at_desk
from tests.moments import MONDAY
from tests.people import BASE, Door
from web.auth import form_recovery, second_factor, sessions
from web.auth.models import FormDraft, Session
from web.pages.account.restored_form import MACHINE_FIELDS

ANSWER = "经核实，早晚高峰确有拥堵；<已>增派“交警”。\n第二段：𠮷先生可拨 12345。"
RESTORED = "您刚才填写的内容还在"


@dataclass(frozen=True)
class Form:
    """A form as a browser without scripts reads it."""

    action: str
    fields: dict[str, str]
    visible: dict[str, str]

    @classmethod
    def of(cls, page: httpx2.Response) -> "Form":
        (form,) = html.document_fromstring(page.text).xpath("//main//form")
        pairs = [
            (box, (box.text or "").removeprefix("\n") if box.tag == "textarea" else box.get("value", ""))
            for box in form.iter("input", "textarea")
        ]
        visible = {box.get("name"): value for box, value in pairs if box.get("type") != "hidden"}
        return cls(form.get("action"), {box.get("name"): value for box, value in pairs}, visible)

    async def send(self, browser: httpx2.AsyncClient, **typed: str) -> httpx2.Response:
        return await browser.post(self.action, data={**self.fields, **typed}, headers={"referer": f"{BASE}/login"})


async def _late(
    browser: httpx2.AsyncClient, door: Door, path: str, page: str, data: Mapping[str, Any]
) -> httpx2.Response:
    """Two hours pass over the form of a page, then it is sent."""
    door.pass_time(timedelta(hours=2))
    login = await browser.post(path, data=data, headers={"referer": f"{BASE}{page}"})
    assert (login.status_code, Form.of(login).action) == (401, "/login")
    return login


async def _log_in(browser: httpx2.AsyncClient, username: str, login: httpx2.Response) -> httpx2.Response:
    """Log in on that page, and go where one is led then."""
    page = await Form.of(login).send(browser, username=username, password="demo")
    assert page.status_code in (200, 303), page.text
    while page.status_code == 303:
        page = await browser.get(page.headers["location"])
    return page


async def test_an_answer_sent_too_late_is_shown_after_the_log_in_and_can_be_sent_on(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    path, page = f"/desk/cases/{no}/acts/reply", f"/desk/cases/{no}?act=reply"
    async with at_desk(door, f"clerk-{unit}") as clerk:
        version = dict(
            re.findall(r'<input type="hidden" name="(version|seq)" value="(\d+)"', (await clerk.get(page)).text)
        )
        login = await _late(clerk, door, path, page, {"text": ANSWER, "public": "1", **version})
        restored = await _log_in(clerk, f"clerk-{unit}", login)
        assert restored.status_code == 200 and RESTORED in restored.text and "内容" in restored.text
        form = Form.of(restored)
        assert form.action == path
        assert form.visible == {"text": ANSWER}
        assert form.fields == {"text": ANSWER, "public": "1", **version}
        assert f'href="{page}"' in restored.text
        sent = await form.send(clerk, text=f"{ANSWER}补充一句。")
        assert sent.status_code == 303, sent.text
        case = (await clerk.get(f"/desk/cases/{no}")).text
        assert "补充一句。" in case and RESTORED not in case
    assert not await FormDraft.all().count()


async def test_a_wrong_password_and_the_second_factor_carry_it_on(door: Door) -> None:
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        one_time = pyotp.TOTP(second_factor.new_secret())
        await second_factor.switch_on(
            door.context, "clerk-jiaoyu", one_time.secret, one_time.at(door.context.clock.now())
        )
        login = await _late(clerk, door, "/desk/notices/mail", "/desk/notices", {"mail": "jiaoyu@example.cn"})
        for wrong, status in (({"password": ""}, 422), ({"password": "no"}, 401)):
            login = await Form.of(login).send(clerk, username="clerk-jiaoyu", **wrong)
            assert login.status_code == status and Form.of(login).action == "/login"
        code = await Form.of(login).send(clerk, username="clerk-jiaoyu", password="demo")
        assert (code.status_code, Form.of(code).action) == (200, "/login/code")
        code = await Form.of(code).send(clerk, otp="000000")
        assert code.status_code == 401
        restored = await Form.of(code).send(clerk, otp=one_time.at(door.context.clock.now()))
        assert RESTORED in restored.text and Form.of(restored).visible == {"mail": "jiaoyu@example.cn"}
        assert (await Form.of(restored).send(clerk)).headers["location"] == "/desk/notices?done=mail"


async def test_nobody_else_sees_it_and_it_is_in_no_address_no_log_and_no_plain_text(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    with capture_logs() as logs:
        async with at_desk(door, f"clerk-{unit}") as clerk:
            path, words = f"/desk/cases/{no}/acts/note", {"text": "当事人电话 13711112222"}
            login = await _late(clerk, door, path, f"/desk/cases/{no}?q=13711112222", words)
            assert "13711112222" not in str(login.headers) and "13711112222" not in login.text
            other = await _log_in(clerk, f"lead-{unit}", login)  # a colleague at the same machine
            assert other.status_code == 200 and "13711112222" not in other.text and RESTORED not in other.text
            await clerk.post("/logout")
            async with door.browser() as elsewhere:
                own = await _log_in(elsewhere, f"clerk-{unit}", login)
                assert "13711112222" in own.text
    assert "13711112222" not in str(logs)
    assert not await FormDraft.all().count()


async def test_a_token_is_good_for_half_a_day_and_only_as_it_was_made(door: Door) -> None:
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        login = await _late(clerk, door, "/desk/notices/mail", "/desk/notices", {"mail": "x@example.cn"})
        token = Form.of(login).fields["carried"]
        assert form_recovery.open_form(door.context, token)
        forged = [token[:-8] + "AAAAAAA=", "x", "", door.settings.vault.encrypt_system("clerk-jiaoyu secret")]
        assert [form for other in forged if (form := form_recovery.open_form(door.context, other))] == []
        typed = {"username": "clerk-jiaoyu", "password": "no", "carried": "<script>"}
        assert "carried" not in Form.of(await clerk.post("/login", data=typed)).fields
        door.pass_time(timedelta(hours=11))
        assert form_recovery.open_form(door.context, token)
        door.pass_time(timedelta(hours=2))
        late = await _log_in(clerk, "clerk-jiaoyu", login)
        assert RESTORED not in late.text and "x@example.cn" not in late.text


async def test_what_cannot_be_done_any_more_is_shown_with_the_words_still_there(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    async with at_desk(door, f"clerk-{unit}") as clerk, at_desk(door, f"clerk-{unit}") as colleague:
        assert (await colleague.post(f"/desk/cases/{no}/acts/reply", data={"text": "已派员疏导。"})).status_code == 303
        login = await _late(clerk, door, f"/desk/cases/{no}/acts/reply", f"/desk/cases/{no}", {"text": ANSWER})
        restored = await _log_in(clerk, f"clerk-{unit}", login)
        sent = await Form.of(restored).send(clerk)
        assert sent.status_code == 409 and "第二段：𠮷先生" in sent.text


async def test_what_was_confirmed_before_is_previewed_again(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        no, unit = await accepted(door, reception)
    async with at_desk(door, f"clerk-{unit}") as clerk:
        typed = {"text": "请拨 13711112222 联系。", "confirmed": "1"}
        login = await _late(clerk, door, f"/desk/cases/{no}/acts/reply", f"/desk/cases/{no}", typed)
        preview = await Form.of(await _log_in(clerk, f"clerk-{unit}", login)).send(clerk)
        assert preview.status_code == 422 and "像是个人信息" in preview.text and "13711112222" in preview.text


async def test_files_are_named_and_chosen_again(door: Door) -> None:
    async with at_desk(door, "admin") as admin:
        door.pass_time(timedelta(hours=2))
        files = {"file": ("安排.csv", b"date,is_workday,name\n2026-12-31,false,x", "text/csv")}
        login = await admin.post("/admin/calendar", data={"remark": "放假通知"}, files=files)
        restored = await _log_in(admin, "admin", login)
        assert "附件没有保留，请重新选择：安排.csv" in restored.text and 'type="file"' in restored.text
        form = Form.of(restored)
        assert form.visible == {"remark": "放假通知", "file": ""}
        sent = await admin.post(form.action, data={"remark": form.fields["remark"]}, files=files)
        assert sent.status_code == 303 and sent.headers["location"].startswith("/admin/calendar/drafts/")


FORMS = (
    ("clerk-jiaoyu", "/desk/ratings/exclude", "/desk/ratings", {"no": "20260914-000001", "reason": "诉求不合理"}),
    ("supervisor", "/desk/measures/new", "/desk/measures/new", {"title": "改进答复时限", "text": "请修订规程。"}),
    ("admin", "/admin/letters/marks", "/admin/letters", {"lines": "jiaoyu 云教\nziran 云自"}),
    ("admin", "/admin/calendar", "/admin/calendar?year=2026", {"lines": "2026-12-31,off,元旦", "remark": "通知"}),
    ("admin", "/admin/routing/new", "/admin/routing/new", {"reason": "街道职责"}),
    ("clerk-jiaoyu", "/desk/notices/mail", "/desk/notices", {"mail": "jiaoyu@example.cn"}),
)


@pytest.mark.parametrize(("who", "path", "page", "data"), FORMS, ids=[form[1] for form in FORMS])
async def test_every_other_form_of_the_staff_keeps_what_was_typed_too(
    door: Door, who: str, path: str, page: str, data: dict[str, str]
) -> None:
    door.set_time(MONDAY)
    async with at_desk(door, who) as browser:
        before = (await browser.get(page)).text
        assert [name for name in data if f'name="{name}"' in before], "the form is on its page"
        restored = await _log_in(browser, who, await _late(browser, door, path, page, data))
        assert restored.status_code == 200 and RESTORED in restored.text
        form = Form.of(restored)
        assert form.action == path and form.visible == data
        assert (await form.send(browser)).status_code in (303, 404, 422)


async def test_a_choice_is_shown_in_words_and_sent_on_as_its_code(door: Door) -> None:
    async with at_desk(door, "reception") as reception:
        typed = {"unit": "jiaoyu", "category": "02", "reason": "属教育管理", "version": "3", "units": "chengguan"}
        login = await _late(reception, door, "/desk/cases/20260914-000001/acts/assign", "/desk", typed)
        restored = await _log_in(reception, "reception", login)
        form = Form.of(restored)
        assert form.visible == {"reason": "属教育管理"} and form.fields == typed
        names = html.document_fromstring(restored.text).xpath("//main//dl//dt/text()")
        assert names == ["承办单位", "内容分类", "协办单位"]
        assert "jiaoyu" not in "".join(html.document_fromstring(restored.text).xpath("//main//dd/text()"))


async def test_a_button_without_words_leads_back_to_its_page(door: Door) -> None:
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        for data in ({}, {"all": "1"}, {"id": ["12", "345678"]}):
            login = await _late(clerk, door, "/desk/notices/read", "/desk/notices", data)
            back = await _log_in(clerk, "clerk-jiaoyu", login)
            assert back.status_code == 200 and RESTORED not in back.text and back.url.path == "/desk/notices"


async def test_a_stranger_carries_nothing_and_a_page_elsewhere_is_never_led_to(door: Door) -> None:
    async with door.browser() as nobody:
        login = await nobody.post("/desk/notices/mail", data={"mail": "x@example.cn"})
        assert login.status_code == 401 and "carried" not in Form.of(login).fields
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        door.pass_time(timedelta(hours=2))
        for referer in ("https://evil.example/desk", f"{BASE}/logout", "//evil.example/desk", ""):
            login = await clerk.post("/desk/notices/mail", data={"mail": "x@example.cn"}, headers={"referer": referer})
            form = form_recovery.open_form(door.context, Form.of(login).fields["carried"])
            assert form and form.page == "/desk/notices/mail"


async def test_the_largest_form_comes_through_and_a_larger_one_leads_back_to_its_page(door: Door) -> None:
    async with at_desk(door, "supervisor") as supervisor:
        page, text = "/desk/measures/new", "𠮷" * 190_000
        door.pass_time(timedelta(hours=2))
        for words, is_carried in ((text, True), (text + text, False)):
            parts = [("title", (None, "标题")), ("text", (None, words))]
            login = await supervisor.post(page, files=parts, headers={"referer": f"{BASE}{page}"})
            assert login.status_code == 401
            restored = await _log_in(supervisor, "supervisor", login)
            assert restored.status_code == 200 and (RESTORED in restored.text) is is_carried
            if is_carried:
                form = Form.of(restored)
                assert form.visible["text"] == text
                parts = [(name, (None, value)) for name, value in form.fields.items()]
                assert (await supervisor.post(page, files=parts)).status_code == 422
            await supervisor.get("/desk")
            door.pass_time(timedelta(hours=2))


async def test_a_form_larger_than_the_program_reads_carries_nothing_and_one_with_large_files_its_text(
    door: Door,
) -> None:
    receipt = await door.submit()
    async with at_desk(door, "reception") as clerk:
        page = f"/desk/cases/{receipt['no']}/acts/accept"
        door.pass_time(timedelta(hours=2))
        huge: list[Any] = [(f"field{number}", (None, "x" * 900_000)) for number in range(3)]
        with_file: list[Any] = [("text", (None, ANSWER)), ("files", ("录像.mp4", bytes(13_000_000)))]
        for parts, fields, names in ((huge, (), ()), (with_file, (("text", ANSWER),), (("files", "录像.mp4"),))):
            login = await clerk.post(page, files=parts)
            assert login.status_code == 401
            form = form_recovery.open_form(door.context, Form.of(login).fields["carried"])
            assert form and (form.fields, form.files) == (fields, names)


async def test_a_form_that_is_no_unicode_is_carried_as_far_as_it_is(door: Door) -> None:
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        door.pass_time(timedelta(hours=2))
        odd = {"content-type": "multipart/form-data; boundary=x; charset=utf-7"}
        body = b'--x\r\nContent-Disposition: form-data; name="mail"\r\n\r\n+2AA-x.example.cn\r\n--x--\r\n'
        login = await clerk.post("/desk/notices/mail", content=body, headers=odd)
        assert login.status_code == 401
        assert Form.of(await _log_in(clerk, "clerk-jiaoyu", login)).visible == {"mail": "?x.example.cn"}


async def test_a_password_is_never_carried_and_the_way_back_is(door: Door) -> None:
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        typed = {"old": "demo", "new": "Bridge-of-letters", "again": "Bridge-of-letters"}
        login = await _late(clerk, door, "/desk/password", "/desk/password", typed)
        form = form_recovery.open_form(door.context, Form.of(login).fields["carried"])
        assert form and not form.fields
        back = await _log_in(clerk, "clerk-jiaoyu", login)
        assert back.status_code == 200 and back.url.path == "/desk/password" and RESTORED not in back.text


def test_what_our_pages_put_into_a_form_is_known_as_theirs() -> None:
    """A hidden field that is no part of a message: shown to people it would be a riddle."""
    folder = Path(form_recovery.__file__).parents[1] / "templates"
    pages = [path.read_text("utf-8") for area in ("desk", "board", "admin") for path in (folder / area).glob("*.html")]
    posted = [form for page in pages for form in re.findall(r'<form[^>]*method="post".*?</form>', page, re.S)]
    hidden = {name for form in posted for name in re.findall(r'<input type="hidden" name="([\w-]+)"', form)}
    named = {"category", "unit", "units", "reason", "no", "username"}  # of a case or person: shown with its name
    assert hidden - named <= MACHINE_FIELDS and hidden & MACHINE_FIELDS


async def test_an_ended_session_is_known_for_a_day_and_opens_nothing(door: Door) -> None:
    async with at_desk(door, "clerk-jiaoyu") as clerk:
        door.pass_time(timedelta(hours=door.settings.session_hours + 1))
        await sessions.delete_expired(door.context.clock.now(), door.settings.draft_days)
        assert await Session.filter(username="clerk-jiaoyu").count() == 1
        assert (await clerk.get("/desk")).status_code == 303
        door.pass_time(timedelta(hours=25))
        await sessions.delete_expired(door.context.clock.now(), door.settings.draft_days)
    assert await Session.filter(username="clerk-jiaoyu").count() == 0
