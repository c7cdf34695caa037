"""Forms with files, sent without scripts: what is allowed goes through, and what is refused takes nothing with it."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from feedback.attachments import FileStore, upkeep
from feedback.record.models.case import Attachment
from feedback.rules import file_types
from tests import sample_files
from tests.people import Door
from web.forms import form_reading

FIELDS = {"title": "小学门口早晚高峰拥堵", "text": "每天早晚高峰车辆乱停，孩子过马路很危险。"}
File = tuple[str, bytes]


async def at_step_two(door: Door) -> httpx2.AsyncClient:
    browser = door.browser()
    await browser.post("/new/1", data={"kind": "complaint"})
    return browser


async def send(browser: httpx2.AsyncClient, *files: File, **fields: str) -> httpx2.Response:
    return await browser.post("/new/2", data={**FIELDS, **fields}, files=[("files", file) for file in files])


def recording(size: int) -> bytes:
    return sample_files.WAVE + bytes(size - len(sample_files.WAVE))


async def test_two_large_files_in_one_form_are_taken(door: Door) -> None:
    browser = await at_step_two(door)
    response = await send(browser, ("一.wav", recording(7_100_000)), ("二.wav", recording(7_100_000)))
    assert (response.status_code, response.headers["location"]) == (303, "/new/3")
    page = (await browser.get("/new/2")).text
    assert "一.wav" in page and "二.wav" in page
    await browser.aclose()


async def test_all_files_that_are_allowed_go_in_one_form_each_of_the_allowed_size(door: Door) -> None:
    browser = await at_step_two(door)
    files = [(f"{number}.wav", recording(10_000_000)) for number in range(9)]
    assert (await send(browser, *files)).status_code == 303
    assert await Attachment.all().count() == 9
    await browser.aclose()


async def test_a_file_that_is_too_large_is_named_and_the_good_one_and_the_text_are_kept(door: Door) -> None:
    browser = await at_step_two(door)
    response = await send(browser, ("长.wav", recording(16_000_000)), ("现场.txt", "路口".encode()))
    assert response.status_code == 422
    assert "“长.wav”没有收下：文件太大" in response.text
    assert FIELDS["text"] in response.text and "现场.txt" in response.text
    (row,) = await Attachment.all()
    assert f'name="attachments" value="{row.id}"' in response.text
    response = await browser.post("/new/2", data={**FIELDS, "attachments": row.id}, files={"files": ("", b"")})
    assert response.status_code == 303
    assert "现场.txt" in (await browser.get("/new/4")).text or "现场.txt" in (await browser.get("/new/2")).text
    await browser.aclose()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("坏.exe", b"MZ", "不支持这种文件"),
        ("宏.docx", sample_files.office(name="word/vbaProject.bin", part=b"x"), "文件里有宏"),
        ("脚本.pdf", sample_files.pdf(root=b"/OpenAction << /S /JavaScript /JS (x) >>"), "打印成 PDF"),
        ("炸弹.docx", sample_files.office(name="word/a.xml", part=bytes(150_000_000)), "展开后太大"),
        ("加密.docx", sample_files.compound("EncryptedPackage"), "打开密码"),
    ],
)
async def test_a_refused_file_says_why_and_takes_no_good_one_with_it(
    door: Door, name: str, content: bytes, words: str
) -> None:
    browser = await at_step_two(door)
    response = await send(browser, ("现场.txt", b"ok"), (name, content))
    assert response.status_code == 422
    assert f"“{name}”没有收下" in response.text and words in response.text
    assert [row.name for row in await Attachment.all()] == ["现场.txt"]
    assert "现场.txt" in response.text
    await browser.aclose()


async def test_of_too_many_files_none_is_stored(door: Door) -> None:
    browser = await at_step_two(door)
    for _ in range(3):
        response = await send(browser, *[(f"{number}.txt", b"x") for number in range(16)])
        assert response.status_code == 422
        assert "太多了" in response.text and FIELDS["text"] in response.text
    assert not await Attachment.all().count()
    await browser.aclose()


async def test_a_hundred_files_lose_no_text_either(door: Door) -> None:
    browser = await at_step_two(door)
    response = await send(browser, *[(f"{number}.txt", b"x") for number in range(100)])
    assert response.status_code == 422 and FIELDS["text"] in response.text
    await browser.aclose()


async def test_a_file_that_was_deleted_meanwhile_is_asked_for_again(door: Door) -> None:
    browser = await at_step_two(door)
    response = await browser.post("/new/2", data={**FIELDS, "attachments": "gone"}, files={"files": ("", b"")})
    assert response.status_code == 422
    assert "请重新添加" in response.text
    response = await browser.post("/new/2", data=FIELDS, files={"files": ("", b"")})
    assert response.status_code == 303
    await browser.aclose()


async def test_a_draft_holds_its_files_as_long_as_it_lives(door: Door) -> None:
    browser = await at_step_two(door)
    await send(browser, ("现场.txt", b"ok"))
    store, now = FileStore.of(door.settings), door.context.clock.now()
    days = door.settings.draft_days
    assert await upkeep.delete_orphans(store, now=now + timedelta(days=days - 1), hours=48) == 0
    assert await upkeep.delete_orphans(store, now=now + timedelta(days=days + 1), hours=48) == 1
    await browser.aclose()


async def test_a_step_nobody_may_take_stores_nothing(door: Door) -> None:
    receipt = await door.submit()
    browser = door.browser()
    await browser.post("/lookup", data={"code": receipt["code"], "check": receipt["no"]})
    for act in ("rate", "unknown"):
        response = await browser.post(f"/case/acts/{act}", data={}, files={"files": ("a.txt", b"x")})
        assert response.status_code in (404, 409)
    assert not await Attachment.all().count()
    await browser.aclose()


async def test_other_addresses_take_no_larger_body_than_before(door: Door) -> None:
    response = await door.client.post("/login", data={}, files={"a": ("a", os.urandom(12_500_000))})
    assert response.status_code == 413


async def test_a_form_with_more_text_than_any_page_of_ours_sends_is_refused_and_kept_nowhere(door: Door) -> None:
    browser = await at_step_two(door)
    fields = {f"field{number}": "x" * 900_000 for number in range(20)}
    response = await send(browser, ("现场.txt", b"ok"), **fields)
    assert response.status_code == 413 and "请删减文字" in response.text
    assert not await Attachment.all().count()
    await browser.aclose()


@pytest.mark.parametrize("path", ["/new/1", "/new/3", "/new/4", "/desk/register/check", "/desk/cases/1/route"])
async def test_a_form_without_files_takes_no_larger_body_than_any_other(door: Door, path: str) -> None:
    response = await door.client.post(path, data={}, files={"a": ("a", bytes(12_500_000))})
    assert response.status_code == 413


async def test_only_a_few_large_forms_are_read_at_once_and_others_hear_when_to_come_back(door: Door) -> None:
    browser = await at_step_two(door)
    go_on, asked = asyncio.Event(), asyncio.Semaphore(0)
    head = b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\n'

    async def body() -> AsyncIterator[bytes]:
        yield head
        asked.release()
        await go_on.wait()
        yield b"-\r\n--x--\r\n"

    async def post() -> httpx2.Response:
        media = {"Content-Type": "multipart/form-data; boundary=x"}
        return await browser.post("/new/2", content=body(), headers=media)

    first = [asyncio.create_task(post()) for _ in range(form_reading.LARGE_FORMS_MOST)]
    for _ in first:
        await asked.acquire()
    one_more = asyncio.create_task(post())
    await asked.acquire()
    small = await send(browser, ("现场.txt", b"ok"))
    go_on.set()
    refused = await one_more
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert "请 10 秒后再提交" in refused.text
    assert small.status_code == 303
    assert {response.status_code for response in await asyncio.gather(*first)} == {422}
    await browser.aclose()


async def test_every_form_offers_to_choose_what_the_server_takes(door: Door) -> None:
    accept = f'accept="{file_types.list_accepted()}"'
    browser = await at_step_two(door)
    page = (await browser.get("/new/2")).text
    assert accept in page and 'capture="environment"' in page
    staff = await door.page_client("reception")
    assert accept in (await staff.get("/desk/register")).text
    receipt = await door.submit()
    assert accept in (await staff.get(f"/desk/cases/{receipt['no']}")).text
    await browser.post("/lookup", data={"code": receipt["code"], "check": receipt["no"]})
    assert accept in (await browser.get("/case")).text
    await browser.aclose()
    await staff.aclose()


def test_what_is_offered_is_what_is_taken() -> None:
    offered = file_types.list_accepted().split(",")
    assert offered[:3] == ["image/*", "audio/*", "video/*"]
    assert set(offered[3:]) == {suffix for kind in file_types.TAKEN for suffix in kind.suffixes}


async def test_sound_and_video_have_a_player_and_what_none_plays_says_so(door: Door) -> None:
    files = {
        "录像.mp4": sample_files.media(b"isom", b"vide", b"soun"),
        "录音.mp4": sample_files.media(b"isom", b"soun"),
        "旧.amr": b"#!AMR\n" + bytes(60),
    }
    ids = []
    for name, content in files.items():
        response = await door.client.post("/api/v1/attachments", files={"file": (name, content)})
        ids.append(response.json()["id"])
    receipt = await door.submit(attachments=ids)
    staff, browser = await door.page_client("reception"), door.browser()
    await browser.post("/lookup", data={"code": receipt["code"], "check": receipt["no"]})
    for page, base in (
        ((await staff.get(f"/desk/cases/{receipt['no']}")).text, "/desk/files/"),
        ((await browser.get("/case")).text, "/case/files/"),
    ):
        assert f'<video controls preload="none" playsinline src="{base}{ids[0]}"' in page
        assert f'<audio controls preload="none" src="{base}{ids[1]}" aria-label="录音.m4a"' in page
        assert f'href="{base}{ids[2]}" download' in page and "浏览器放不了这种格式" in page
        assert f'src="{base}{ids[2]}"' not in page
    part = await staff.get(f"/desk/files/{ids[0]}", headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, files["录像.mp4"][:10])
    await staff.aclose()
    await browser.aclose()
