"""An office's own Word templates: they win, they are checked when they come and whenever used, and nothing hides a fault."""

import contextlib
import io

import pytest
from docx import Document

from feedback import letter_register
from feedback.kernel import outbox
from feedback.letter_register import IssuedLetter
from feedback.queries import cases as case_queries
from feedback.rules.access import SYSTEM
from tests.flows.test_letters import words_of
from tests.moments import MONDAY
from tests.people import Door
from web import bootstrap
from web.letters import issuing, templates

PAGE = "/admin/letters/hotline_reply"


def changed(*, add: str = "", drop: str = "") -> bytes:
    """Our template as somebody changed it in Word: a paragraph more, or every paragraph that holds some words gone."""
    document = Document(io.BytesIO(templates.default_template("hotline_reply")))
    for paragraph in list(document.paragraphs):
        if drop and drop in paragraph.text:
            paragraph._element.getparent().remove(paragraph._element)
    if add:
        document.paragraphs[4].insert_paragraph_before(add, style="正文")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


async def _answered(door: Door, day: int = 0) -> str:
    door.set_time(MONDAY)
    no: str = (await door.submit(source_id=f"letters-{day}"))["no"]
    desk, clerk = await door.log_in("reception"), await door.log_in("clerk-jiaoyu")
    await door.act(no, "assign", {"unit": "jiaoyu"}, desk)
    await door.act(no, "accept", {}, clerk)
    answered = await door.act(no, "reply", {"text": "已安排人员疏导。"}, clerk)
    assert answered.status_code == 200, answered.text
    await door.drain()
    return no


async def _letters(door: Door, no: str) -> list[IssuedLetter]:
    file = await case_queries.load_file(SYSTEM, no, vault=door.settings.vault)
    return await letter_register.list_letters(SYSTEM, file)


async def _word(door: Door, no: str) -> str:
    letter = (await _letters(door, no))[0]
    opened = await letter_register.open_letter(SYSTEM, no, str(letter.id), vault=door.settings.vault)
    return words_of("docx", await issuing.render_letter(door.context, opened, "docx", "https://xinqiao.example"))


async def test_an_own_template_wins_for_letters_to_come_and_not_for_those_issued(door: Door) -> None:
    before = await _answered(door)
    async with contextlib.aclosing(await door.page_client("admin")) as admin:
        put = await admin.post(PAGE, files={"file": ("答复函.docx", changed(add="本区监督电话：{{ 联系电话 }}。"))})
        assert put.status_code == 303, put.text
        assert "本地模板" in (await admin.get(PAGE)).text
        after = await _answered(door, 1)
        assert "本区监督电话" in await _word(door, after)
        assert "本区监督电话" not in await _word(door, before)
        assert (await admin.post(f"{PAGE}/drop")).status_code == 303
    assert "本区监督电话" not in await _word(door, await _answered(door, 2))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(changed(add="{{ 姓名 }}"), "不认识的占位符“姓名”", id="an unknown placeholder"),
        pytest.param(changed(drop="处理意见"), "缺少必须写明的“处理意见”", id="what must be stated is missing"),
        pytest.param(changed(add="{{ 文号 "), "占位符写错了", id="an open bracket"),
        pytest.param(changed(add="{{ 文号.__class__ }}"), "占位符写错了", id="more than a placeholder"),
        pytest.param(changed(add="{{ ''.__class__.__mro__ }}"), "占位符写错了", id="a way out of the sandbox"),
        pytest.param(b"PK\x03\x04 no", "不是有效的 Word 文件", id="no Word file"),
        pytest.param(b"x" * 3_000_000, "太大", id="too large"),
        pytest.param(b"", "请选择改好的 Word 模板", id="nothing"),
    ],
)
async def test_a_template_with_a_fault_is_refused_with_the_reason(door: Door, content: bytes, message: str) -> None:
    async with contextlib.aclosing(await door.page_client("admin")) as admin:
        put = await admin.post(PAGE, files={"file": ("答复函.docx", content)})
        assert put.status_code == 422 and message in put.text, put.text
        assert "平台模板" in (await admin.get(PAGE)).text


async def test_a_template_broken_on_the_disk_stops_the_letter_says_so_and_the_letter_follows_once_mended(
    door: Door,
) -> None:
    path = templates.own_path(door.settings.data, "hotline_reply")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(changed(add="{{ 姓名 }}"))
    no = await _answered(door)
    assert await _letters(door, no) == []
    async with contextlib.aclosing(await door.page_client("admin")) as admin:
        listed = (await admin.get("/admin/letters")).text
        assert "暂停签发" in listed and "不认识的占位符“姓名”" in listed
        path.unlink()
    later = door.context.clock.now().replace(year=2027)
    await outbox.drain(bootstrap.build_handlers(door.context), later)
    assert [letter.code for letter in await _letters(door, no)] == ["hotline_reply"]


async def test_a_unit_is_numbered_under_its_own_mark(door: Door) -> None:
    async with contextlib.aclosing(await door.page_client("admin")) as admin:
        wrong = await admin.post("/admin/letters/marks", data={"lines": "nirgendwo 云"})
        assert wrong.status_code == 422 and "没有“nirgendwo”" in wrong.text
        assert (await admin.post("/admin/letters/marks", data={"lines": "jiaoyu 云教"})).status_code == 303
        assert "jiaoyu 云教" in (await admin.get("/admin/letters")).text
    letters = await _letters(door, await _answered(door))
    assert [letter.number for letter in letters] == ["云教热答〔2026〕1号"]


async def test_only_an_administrator_keeps_templates(door: Door) -> None:
    for who in ("clerk-jiaoyu", "supervisor", "reception"):
        async with contextlib.aclosing(await door.page_client(who)) as client:
            for path in ("/admin/letters", PAGE, f"{PAGE}/template.docx", f"{PAGE}/sample.pdf"):
                assert (await client.get(path)).status_code == 403, path
            assert (await client.post(f"{PAGE}/drop")).status_code == 403
    async with contextlib.aclosing(await door.page_client("admin")) as admin:
        assert (await admin.get(f"{PAGE}/template.docx")).content.startswith(b"PK")
        assert (await admin.get(f"{PAGE}/sample.pdf")).content.startswith(b"%PDF-")
        assert (await admin.get("/admin/letters/nothing")).status_code == 404
