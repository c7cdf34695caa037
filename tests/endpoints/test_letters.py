"""Letters at the doors: who reads which, what a stranger learns from the printed code, and what is said when PDF is missing."""

import contextlib
import re
from typing import Any

import httpx2
import pytest

from feedback.record.models.logs import ReadLog
from tests.flows.story import OPINION
from tests.moments import MONDAY
from tests.people import Door

APPEAL = {
    "kind": "appeal",
    "title": "请求重新核定征地补偿款",
    "text": "征地补偿款少算了两亩，请求重新核定。",
    "person": {"name": "安小娜", "phone": "13900001234"},
}


async def opened_case(door: Door) -> dict[str, Any]:
    """Anna's appeal, assigned and accepted, its letters issued."""
    door.set_time(MONDAY)
    receipt = await door.submit(**APPEAL)
    desk, clerk = await door.log_in("reception"), await door.log_in("clerk-ziran")
    assert (await door.act(receipt["no"], "assign", {"unit": "ziran"}, desk)).status_code == 200
    assert (await door.act(receipt["no"], "accept", {}, clerk)).status_code == 200
    await door.drain()
    return receipt


async def letters_told(door: Door, no: str, token: str = "", code: str = "") -> dict[str, dict[str, Any]]:
    answer = await door.get(f"/api/v1/cases/{no}" + (f"?code={code}" if code else ""), token)
    return {letter["code"]: letter for letter in answer.json()["letters"]}


async def test_the_citizen_is_offered_their_notice_as_word_and_pdf_and_not_the_slip(door: Door) -> None:
    receipt = await opened_case(door)
    no, code = receipt["no"], receipt["code"]
    own = await letters_told(door, no, code=code)
    assert list(own) == ["forwarded_notice", "accept_notice"]
    for form, begin in (("pdf", b"%PDF-"), ("docx", b"PK")):
        got = await door.get(f"/api/v1/cases/{no}/letters/{own['accept_notice']['id']}.{form}?code={code}")
        assert got.status_code == 200 and got.content.startswith(begin)
    staff = await letters_told(door, no, await door.log_in("clerk-ziran"))
    assert set(staff) == {"accept_notice", "forward_slip", "forwarded_notice"}
    hidden = await door.get(f"/api/v1/cases/{no}/letters/{staff['forward_slip']['id']}.pdf?code={code}")
    assert hidden.status_code == 404
    async with contextlib.aclosing(door.browser()) as browser:
        await browser.post("/lookup", data={"code": code, "check": no})
        page = await browser.get("/case")
        assert "受理告知书" in page.text and "转送单" not in page.text
        link = re.search(r'href="(/case/letters/\d+\.docx)"', page.text)
        assert link is not None and (await browser.get(link[1])).status_code == 200
        assert (await browser.get(f"/case/letters/{staff['forward_slip']['id']}.docx")).status_code == 404


async def test_a_letter_is_nobody_elses_and_each_look_of_staff_is_written_down(door: Door) -> None:
    receipt = await opened_case(door)
    no = receipt["no"]
    clerk = await door.log_in("clerk-ziran")
    letter = (await letters_told(door, no, clerk))["accept_notice"]
    other = await door.submit(**{**APPEAL, "title": "另一件事"})
    await ReadLog.all().delete()
    for path, token in (
        (f"/api/v1/cases/{no}/letters/{letter['id']}.pdf", await door.log_in("clerk-jiaoyu")),
        (f"/api/v1/cases/{other['no']}/letters/{letter['id']}.pdf?code={other['code']}", ""),
        (f"/api/v1/cases/{no}/letters/{letter['id']}.exe", clerk),
        (f"/api/v1/cases/{no}/letters/9999.pdf", clerk),
        (f"/api/v1/cases/{no}/letters/x.pdf", clerk),
        (f"/case/letters/{letter['id']}.pdf", ""),
    ):
        assert (await door.get(path, token)).status_code == 404, path
    assert (await door.get(f"/api/v1/cases/{no}/letters/{letter['id']}.docx")).status_code == 401
    assert (await door.get(f"/api/v1/cases/{no}/letters/{letter['id']}.docx", clerk)).status_code == 200
    looks = await ReadLog.filter(what="letter").values_list("actor", "case_no", "detail")
    assert list(looks) == [("clerk-ziran", no, letter["number"])]


async def test_a_reports_slip_is_for_those_who_may_see_the_report_and_numbered_apart(door: Door) -> None:
    door.set_time(MONDAY)
    report = {"kind": "report", "title": "举报收受礼金", "text": "举报某窗口人员收受礼金", "person": APPEAL["person"]}
    receipt = await door.submit(**report)
    no, code = receipt["no"], receipt["code"]
    assert (await door.act(no, "assign", {"unit": "jiwei"}, await door.log_in("reception"))).status_code == 200
    assert (await door.act(no, "accept", {}, await door.log_in("clerk-jiwei"))).status_code == 200
    await door.drain()
    slip = (await letters_told(door, no, await door.log_in("clerk-jiwei")))["forward_slip"]
    assert "密" in slip["number"]
    assert await letters_told(door, no, code=code) == {}
    for who, status in (("clerk-jiwei", 200), ("reception", 200), ("supervisor", 404), ("clerk-jiaoyu", 404)):
        got = await door.get(f"/api/v1/cases/{no}/letters/{slip['id']}.docx", await door.log_in(who))
        assert got.status_code == status, who


async def test_the_printed_code_tells_number_and_unit_and_nothing_of_person_or_matter(door: Door) -> None:
    receipt = await opened_case(door)
    letter = (await letters_told(door, receipt["no"], code=receipt["code"]))["accept_notice"]
    page = (await door.get(f"/letters/verify?t={letter['verify']}")).text
    assert letter["number"] in page and "信访事项受理告知书" in page and "真：" in page
    assert "安小娜" not in page and "补偿" not in page and receipt["no"] not in page


async def test_guessing_a_code_is_always_answered_alike(door: Door) -> None:
    answers = {
        re.sub(r'request_id[^"]*"[^"]*"', "", (await door.get(f"/letters/verify?t={guess}")).text)
        for guess in ("00000000000000000000", "1", "abc", "%F0%A0%AE%B7", "9" * 200, "1234 5678 9012 3456 7890")
    }
    assert len(answers) == 1 and "查无此文书" in answers.pop()


async def test_a_clerk_sees_the_letter_before_the_step_is_taken_and_nothing_is_issued(door: Door) -> None:
    receipt = await opened_case(door)
    no = receipt["no"]
    async with contextlib.aclosing(await door.page_client("clerk-ziran")) as client:
        page = await client.get(f"/desk/cases/{no}")
        assert "看文书" in page.text and "信访事项转送单" in page.text
        typed = {"act": "reply", "text": "经复测，少算面积属实。\n予以补足。", **OPINION}
        shown = await client.post(f"/desk/cases/{no}/letters", data=typed)
        assert shown.status_code == 200
        for expected in (
            "信访事项处理意见书",
            "予以补足",
            "安小娜",
            "按签发之日送达计算，最后一日为",
            "（签发时编号）",
        ):
            assert expected in shown.text, expected
        wrong = await client.post(f"/desk/cases/{no}/letters", data={"act": "reply", "text": ""})
        assert wrong.status_code == 422
        none = await client.post(f"/desk/cases/{no}/letters", data={"act": "note", "text": "记一笔"})
        assert "这一步不出文书" in none.text
    assert set(await letters_told(door, no, await door.log_in("clerk-ziran"))) == {
        "accept_notice",
        "forward_slip",
        "forwarded_notice",
    }


async def test_without_the_systems_libraries_word_works_and_pdf_says_what_to_install(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = await opened_case(door)
    no, code = receipt["no"], receipt["code"]
    letter = (await letters_told(door, no, code=code))["accept_notice"]
    _forget_weasyprint(monkeypatch)
    got: httpx2.Response = await door.get(f"/api/v1/cases/{no}/letters/{letter['id']}.pdf?code={code}")
    assert got.status_code == 503
    assert got.json()["error"]["code"] == "no_pdf" and "libpango" in got.json()["error"]["message"]
    assert (await door.get(f"/api/v1/cases/{no}/letters/{letter['id']}.docx?code={code}")).status_code == 200


def _forget_weasyprint(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without pango: importing WeasyPrint fails to load its libraries."""
    import builtins

    import_ = builtins.__import__

    def without(name: str, *more: Any, **named: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return import_(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
