"""Large files in parts, by the tus protocol 1.0: cut off at any place they go on there and arrive whole, once."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.requests import ClientDisconnect

from feedback.attachments import FileStore, partial_uploads
from feedback.kernel.settings import Settings
from feedback.record.models.case import Attachment
from tests import sample_files
from tests.people import Door

TUS = {"Tus-Resumable": "1.0.0"}
PATCH = {**TUS, "Content-Type": "application/offset+octet-stream"}
MEGABYTE = 1_000_000
SMALL = 40_000


def recording(size: int) -> bytes:
    return sample_files.WAVE + bytes(size - len(sample_files.WAVE))


async def begin(door: Door, length: int, name: str = "现场.wav", **headers: str) -> httpx2.Response:
    metadata = f"filename {base64.b64encode(name.encode()).decode()},filetype YXVkaW8vd2F2"
    sent = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata, **headers}
    return await door.client.post("/api/v1/uploads", headers=sent)


async def begun(door: Door, length: int, name: str = "现场.wav") -> str:
    response = await begin(door, length, name)
    assert response.status_code == 201, response.text
    return response.headers["location"]


async def patch(door: Door, location: str, offset: int, part: Any) -> httpx2.Response:
    return await door.client.patch(location, content=part, headers={**PATCH, "Upload-Offset": str(offset)})


async def offset_of(door: Door, location: str) -> int:
    response = await door.client.head(location, headers=TUS)
    assert response.status_code == 200 and response.headers["cache-control"] == "no-store"
    return int(response.headers["upload-offset"])


async def test_the_server_says_what_it_can(door: Door) -> None:
    response = await door.client.options("/api/v1/uploads")
    assert response.status_code == 204
    assert response.headers["tus-version"] == response.headers["tus-resumable"] == "1.0.0"
    assert set(response.headers["tus-extension"].split(",")) == {"creation", "expiration", "termination"}
    assert response.headers["tus-max-size"] == "100000000"


async def test_a_recording_in_parts_is_an_attachment_of_the_message_that_names_it(door: Door) -> None:
    content = recording(2_500_000)
    location = await begun(door, len(content))
    first = await patch(door, location, 0, content[:1_200_000])
    assert (first.status_code, first.headers["upload-offset"]) == (204, "1200000")
    assert "upload-expires" in first.headers and first.headers["tus-resumable"] == "1.0.0"
    assert not await Attachment.all().count()
    assert (await patch(door, location, 1_200_000, content[1_200_000:])).headers["upload-offset"] == "2500000"
    row = await Attachment.get()
    assert (row.name, row.type, row.size) == ("现场.wav", "audio/wav", len(content))
    receipt = await door.submit(attachments=[location.rsplit("/", 1)[1]])
    case = (await door.get(f"/api/v1/cases/{receipt['no']}", params={"code": receipt["code"]})).json()
    assert [file["name"] for file in case["attachments"]] == ["现场.wav"]


async def test_what_came_before_the_line_was_cut_stays_and_the_rest_follows(door: Door) -> None:
    content = recording(3_300_000)
    location = await begun(door, len(content))

    async def cut_off() -> AsyncIterator[bytes]:
        yield content[:1_700_000]
        raise ClientDisconnect

    await patch(door, location, 0, cut_off())
    offset = await offset_of(door, location)
    assert offset == 1_700_000
    assert (await patch(door, location, offset, content[offset:])).status_code == 204
    (row,) = await Attachment.all()
    stored = FileStore.of(door.settings).open(row).read()
    assert hashlib.sha256(stored).digest() == hashlib.sha256(content).digest()


async def test_a_hundred_megabytes_arrive_whole(settings: Settings) -> None:
    async with Door.opened(replace(settings, upload_burst_bytes=10**9)) as door:
        content = recording(100 * MEGABYTE)
        location = await begun(door, len(content))
        offset = 0
        while offset < len(content):
            assert (await patch(door, location, offset, content[offset : offset + 30 * MEGABYTE])).status_code == 204
            offset = await offset_of(door, location)
        (row,) = await Attachment.all()
        assert (row.size, row.digest) == (
            100 * MEGABYTE,
            FileStore.of(door.settings).digest(hashlib.sha256(content).hexdigest()),
        )
        assert not list((door.settings.data / "uploads").glob("*/0*"))


async def test_no_part_lies_in_clear(door: Door) -> None:
    content = recording(SMALL) + "邻居的名字".encode() * 100
    location = await begun(door, len(content) + 1, "邻居的名字.wav")
    await patch(door, location, 0, content)
    files = [path for path in (door.settings.data / "uploads").rglob("*") if path.is_file()]
    assert len(files) == 2
    assert not [path for path in files if "邻居".encode() in path.read_bytes()]


async def test_a_part_that_does_not_begin_where_the_last_ended_is_refused(door: Door) -> None:
    content = recording(SMALL)
    location = await begun(door, len(content))
    await patch(door, location, 0, content[:400])
    for offset in (0, 399, 401):
        response = await patch(door, location, offset, content[400:])
        assert (response.status_code, response.json()["error"]["code"]) == (409, "upload_offset")
    assert (await patch(door, location, 400, content[400:] + b"x")).status_code == 413
    assert await offset_of(door, location) == 400


async def test_whoever_missed_the_last_answer_hears_that_it_is_whole(door: Door) -> None:
    content = recording(SMALL)
    location = await begun(door, len(content))
    await patch(door, location, 0, content)
    assert await offset_of(door, location) == len(content)
    assert (await patch(door, location, len(content), b"")).status_code == 204
    assert await Attachment.all().count() == 1


async def test_a_process_that_died_before_taking_it_in_does_so_when_it_is_asked(door: Door) -> None:
    content = recording(SMALL)
    location = await begun(door, len(content))
    store, now = FileStore.of(door.settings), door.context.clock.now()
    upload = await partial_uploads.load(store, location.rsplit("/", 1)[1], now=now)
    await partial_uploads.append(store, upload, 0, content)
    assert not await Attachment.all().count()
    assert await offset_of(door, location) == len(content)
    assert await Attachment.all().count() == 1


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("坏.exe", b"MZ" + bytes(500), "type_refused"), ("大.txt", b"x" * 10_000_001, "too_large")],
)
async def test_what_is_no_file_we_take_is_refused_by_the_checks_of_all_attachments(
    door: Door, name: str, content: bytes, code: str
) -> None:
    location = await begun(door, len(content), name)
    response = await patch(door, location, 0, content)
    assert response.status_code == 422
    assert response.json()["error"]["fields"]["file"]
    assert not await Attachment.all().count()
    assert (await door.client.head(location, headers=TUS)).status_code == 404
    assert not list((door.settings.data / "uploads").glob("*"))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Length": "many"}, 422),
        ({"Upload-Length": "-1"}, 422),
        ({"Upload-Length": "0"}, 422),
        ({"Upload-Length": "100000001"}, 413),
        ({"Upload-Metadata": "filename ???"}, 422),
        ({"Upload-Metadata": "filename " + "A" * 3000}, 422),
    ],
)
async def test_a_beginning_that_cannot_be_read_begins_nothing(door: Door, headers: dict[str, str], status: int) -> None:
    response = await begin(door, 10, **headers)
    assert response.status_code == status
    assert response.headers["tus-resumable"] == "1.0.0"
    assert not list((door.settings.data / "uploads").glob("*"))


async def test_parts_of_another_type_and_for_nobodys_file_are_refused(door: Door) -> None:
    location = await begun(door, 10)
    response = await door.client.patch(location, content=b"x", headers={**TUS, "Upload-Offset": "0"})
    assert response.status_code == 415
    for id_ in ("f" * 22, "..%2f..%2fetc", "x"):
        assert (await patch(door, f"/api/v1/uploads/{id_}", 0, b"x")).status_code == 404


async def test_all_of_a_file_is_counted_before_any_of_it_is_stored(settings: Settings) -> None:
    async with Door.opened(replace(settings, upload_network_day_bytes=150 * MEGABYTE)) as door:
        await begun(door, 100 * MEGABYTE)
        response = await begin(door, 100 * MEGABYTE)
        assert response.status_code == 429 and int(response.headers["retry-after"]) >= 1
        assert len(list((door.settings.data / "uploads").glob("*"))) == 1


async def test_parts_are_counted_as_they_come(settings: Settings) -> None:
    async with Door.opened(replace(settings, upload_burst_bytes=4 * MEGABYTE, upload_burst_seconds=3600)) as door:
        content = recording(6 * MEGABYTE)
        location = await begun(door, len(content))
        assert (await patch(door, location, 0, content[: 3 * MEGABYTE])).status_code == 204
        assert (await patch(door, location, 3 * MEGABYTE, content[3 * MEGABYTE :])).status_code == 429
        assert await offset_of(door, location) == 3 * MEGABYTE


async def test_what_does_not_come_whole_in_time_is_deleted(door: Door) -> None:
    location = await begun(door, SMALL)
    await patch(door, location, 0, recording(SMALL // 2))
    store = FileStore.of(door.settings)
    door.pass_time(timedelta(hours=door.settings.orphan_hours - 1))
    assert not await partial_uploads.delete_expired(store, now=door.context.clock.now())
    door.pass_time(timedelta(hours=1))
    assert (await door.client.head(location, headers=TUS)).status_code == 404
    assert await partial_uploads.delete_expired(store, now=door.context.clock.now()) == 1
    assert not list((door.settings.data / "uploads").glob("*"))


async def test_a_file_that_is_given_up_is_deleted(door: Door) -> None:
    location = await begun(door, SMALL)
    assert (await door.client.delete(location, headers=TUS)).status_code == 204
    assert (await door.client.delete(location, headers=TUS)).status_code == 404


async def test_nobody_learns_of_an_attachment_by_asking_how_far_it_came(door: Door) -> None:
    uploaded = await door.client.post("/api/v1/attachments", files={"file": ("病历.txt", "一页".encode())})
    assert (await door.client.get(f"/api/v1/uploads/{uploaded.json()['id']}", headers=TUS)).status_code == 404


async def test_a_line_that_breaks_too_often_is_told_so(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial_uploads, "PARTS_MOST", 3)
    content = recording(SMALL)
    location = await begun(door, len(content))
    for offset in range(3):
        assert (await patch(door, location, offset, content[offset : offset + 1])).status_code == 204
    response = await patch(door, location, 3, content[3:4])
    assert response.status_code == 422 and "换个网络" in response.json()["error"]["fields"]["file"]
