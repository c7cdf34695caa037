"""Pictures are read whatever telephone made them, without what they say about their sender, and within a budget."""

import io
from typing import Any

import httpx2
import pillow_heif
import pytest
from PIL import Image

from feedback.attachments import FileStore, pictures
from feedback.record.models.case import Attachment
from feedback.rules import file_types
from tests import sample_files
from tests.people import Door

PLACE = 0x8825


def picture(format_: str, **options: Any) -> bytes:
    """A small picture whose EXIF data name a place and an orientation."""
    exif = Image.Exif()
    exif[0x010F] = "Phone of Anna"
    exif[0x0112] = 6
    exif.get_ifd(PLACE)[1] = "N"
    buffer = io.BytesIO()
    image = Image.new("RGB", (40, 20), "orange")
    if format_ == "HEIF":
        pillow_heif.from_pillow(image).save(buffer, exif=exif.tobytes())
    else:
        image.save(buffer, format_, exif=exif, **options)
    return buffer.getvalue()


async def upload(door: Door, name: str, content: bytes) -> httpx2.Response:
    return await door.client.post("/api/v1/attachments", files={"file": (name, content)})


async def stored(door: Door, response: httpx2.Response) -> Image.Image:
    row = await Attachment.get(id=response.json()["id"])
    return Image.open(io.BytesIO(FileStore.of(door.settings).open(row).read()))


@pytest.mark.parametrize(
    ("name", "format_", "kept_as"),
    [
        ("a.jpg", "JPEG", "image/jpeg"),
        ("a.heic", "HEIF", "image/jpeg"),
        ("a.avif", "AVIF", "image/jpeg"),
        ("a.mpo", "MPO", "image/jpeg"),
        ("a.png", "PNG", "image/png"),
        ("a.webp", "WEBP", "image/webp"),
    ],
)
async def test_a_picture_loses_place_and_device_and_stands_upright(
    door: Door, name: str, format_: str, kept_as: str
) -> None:
    options: dict[str, Any] = (
        {"save_all": True, "append_images": [Image.new("RGB", (10, 10))]} if format_ == "MPO" else {}
    )
    response = await upload(door, name, picture(format_, **options))
    assert response.status_code == 201, response.text
    assert response.json()["type"] == kept_as
    image = await stored(door, response)
    assert not dict(image.getexif())
    if format_ not in ("HEIF", "AVIF"):  # their decoders turn the picture by themselves
        assert image.size == (20, 40)
    assert b"Phone of Anna" not in image.tobytes()


async def test_a_picture_that_is_no_video_is_not_taken_for_one(door: Door) -> None:
    response = await upload(door, "a.mp4", picture("HEIF"))
    assert (response.json()["type"], response.json()["name"]) == ("image/jpeg", "a.jpg")


async def test_a_picture_with_too_many_pixels_is_refused_by_its_header(door: Door) -> None:
    buffer = io.BytesIO()
    Image.new("1", (10_000, file_types.MAX_PIXELS // 10_000 + 1)).save(buffer, "PNG")
    response = await upload(door, "bomb.png", buffer.getvalue())
    assert (response.status_code, response.json()["error"]["fields"]) == (
        422,
        {"file": "图片太大（超过 5000 万像素），请缩小或者截取一部分再上传"},
    )


async def test_half_a_picture_is_called_damaged(door: Door) -> None:
    response = await upload(door, "a.jpg", picture("JPEG")[:300])
    assert "打不开" in response.json()["error"]["fields"]["file"]


async def test_a_program_is_not_kept_under_its_name(door: Door) -> None:
    assert (await upload(door, "run.bat", b"@echo xxWAVE&calc" + b" " * 40)).status_code == 422
    response = await upload(door, "发票.pdf.exe", sample_files.pdf())
    assert response.json()["name"] == "发票.pdf"


async def test_too_many_pictures_at_once_are_asked_to_come_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "WAITING_MOST", 0)
    response = await upload(door, "a.jpg", picture("JPEG"))
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
