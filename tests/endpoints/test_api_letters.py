"""Letters by program: templates kept under the same checks as on the page, and a printed code checked like there."""

import contextlib
import io

import httpx2
import pytest
from docx import Document

from tests.endpoints.test_letter_admin import changed
from tests.endpoints.test_letters import letters_told, opened_case
from tests.moments import MONDAY
from tests.people import Door
from web.letters import templates

CODE = "/api/v1/letters/hotline_reply"


async def test_an_administrator_downloads_changes_tries_and_restores_a_template(door: Door) -> None:
    token = await door.log_in("admin")
    listed = {row["code"]: row for row in (await door.get("/api/v1/letters", token)).json()["items"]}
    assert listed["hotline_reply"]["own"] is False and listed["forward_slip"]["internal"] is True
    ours = await door.get(f"{CODE}/template.docx", token)
    assert Document(io.BytesIO(ours.content)).paragraphs
    put = await _sent(door, changed(add="本区监督电话：{{ 联系电话 }}。"), token)
    assert put.status_code == 200 and put.json()["own"] is True, put.text
    required = {row["name"] for row in put.json()["placeholders"] if row["required"]}
    assert required == {"信访人", "事项标题", "处理意见", "依据", "联系电话"}
    own = await door.get(f"{CODE}/template.docx", token)
    assert own.content != ours.content
    assert (await door.get(f"{CODE}/template.docx?ours=true", token)).content == ours.content
    assert (await door.get(f"{CODE}/sample.pdf", token)).content.startswith(b"%PDF-")
    for _ in range(2):
        back = await door.post(f"{CODE}/restore", token=token)
        assert (back.status_code, back.json()["own"]) == (200, False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(changed(add="{{ 姓名 }}"), "不认识的占位符“姓名”", id="an unknown placeholder"),
        pytest.param(changed(drop="处理意见"), "缺少必须写明的“处理意见”", id="what must be stated is missing"),
        pytest.param(changed(add="{{ ''.__class__.__mro__ }}"), "占位符写错了", id="a way out of the sandbox"),
        pytest.param(b"PK\x03\x04 no", "不是有效的 Word 文件", id="no Word file"),
        pytest.param(b"x" * 3_000_000, "太大", id="too large"),
        pytest.param(b"", "请选择改好的 Word 模板", id="nothing"),
    ],
)
async def test_a_template_with_a_fault_is_refused_as_on_the_page(door: Door, content: bytes, message: str) -> None:
    token = await door.log_in("admin")
    put = await _sent(door, content, token)
    assert put.status_code == 422 and message in put.json()["error"]["message"], put.text
    assert set(put.json()["error"]["fields"]) == {"file"}
    assert not templates.own_path(door.settings.data, "hotline_reply").exists()


async def test_what_is_no_file_is_told_so_and_a_letter_there_is_none_of_is_not_found(door: Door) -> None:
    token = await door.log_in("admin")
    assert (await door.post(CODE, {"file": "x"}, token)).status_code == 415
    missing = await door.client.post(CODE, data={"x": "y"}, files={"other": b"x"}, headers=_bearer(token))
    assert (missing.status_code, set(missing.json()["error"]["fields"])) == (422, {"file"})
    for path in ("/api/v1/letters/nothing", f"/api/v1/letters/{'长' * 5000}", "/api/v1/letters/nothing/template.docx"):
        assert (await door.get(path, token)).status_code == 404, path


async def test_only_an_administrator_keeps_templates(door: Door) -> None:
    for who, status in (("clerk-jiaoyu", 403), ("supervisor", 403), ("", 401)):
        token = await door.log_in(who) if who else ""
        for path in ("/api/v1/letters", CODE, f"{CODE}/template.docx", f"{CODE}/sample.pdf"):
            assert (await door.get(path, token)).status_code == status, (who, path)
        assert (await door.post(f"{CODE}/restore", token=token)).status_code == status
        assert (await _sent(door, changed(), token)).status_code == status


async def test_a_printed_code_is_checked_like_on_the_page_and_tells_nothing_of_person_or_matter(door: Door) -> None:
    receipt = await opened_case(door)
    letter = (await letters_told(door, receipt["no"], code=receipt["code"]))["accept_notice"]
    answer = await door.get("/api/v1/letters/verify", params={"code": letter["verify"]})
    body = answer.json()
    assert body["genuine"] is True and body["letter"]["number"] == letter["number"]
    page = (await door.get(f"/letters/verify?t={letter['verify']}")).text
    for name in ("title", "number", "unit", "code", "digest"):
        assert body["letter"][name] in page, name
    assert body["letter"]["issued_day"] == MONDAY.date().isoformat()
    assert not [secret for secret in ("安小娜", "补偿", receipt["no"]) if secret in answer.text]


async def test_guessing_a_code_is_always_answered_alike_and_counted_with_the_page(door: Door) -> None:
    guesses = ("0" * 20, "1", "abc", "𠮷", "9" * 200, "1234 5678 9012 3456 7890", "长" * 5000)
    answers = {(await door.get("/api/v1/letters/verify", params={"code": guess})).text for guess in guesses}
    assert answers == {'{"genuine":false,"letter":null}'}
    assert (await door.get("/api/v1/letters/verify")).status_code == 422
    async with contextlib.aclosing(door.browser()) as browser:
        status = {(await browser.get(f"/letters/verify?t={n}")).status_code for n in range(60)}
    assert status == {200, 429}
    assert (await door.get("/api/v1/letters/verify", params={"code": "1"})).status_code == 429


async def _sent(door: Door, content: bytes, token: str) -> httpx2.Response:
    files = {"file": ("答复函.docx", content)}
    return await door.client.post(CODE, files=files, headers=_bearer(token))


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
