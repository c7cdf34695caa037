"""Pictures are read whatever telephone made them, without what they say about their sender, and within a budget."""

import io
import struct
from dataclasses import replace
from typing import Any

import httpx2
import pillow_heif
import pytest
from PIL import Image

from feedback.attachments import FileStore, pictures
from feedback.kernel.settings import Settings
from feedback.record.models.case import Attachment
from feedback.rules import file_types
from feedback.rules.pictures import cleaning
from feedback.rules.pictures.cleaning import RefusedPicture
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


def webp(size: tuple[int, int], colour: tuple[int, int, int, int] = (0, 0, 0, 255)) -> bytes:
    """A WebP of one colour and opacity."""
    buffer = io.BytesIO()
    Image.new("RGBA", size, colour).save(buffer, "WEBP", lossless=True, method=0)
    return buffer.getvalue()


def compressed_bmp(width: int, height: int) -> bytes:
    """A BMP whose run lengths leap over nearly everything."""
    leaps = b"\0\2\0\xff" * (height // 255 + 1) + b"\0\1"
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(leaps), 0, 0, 256, 0)
    start = 14 + len(head) + 1_024
    return b"BM" + struct.pack("<IHHI", start + len(leaps), 0, 0, start) + head + bytes(1_024) + leaps


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
        ("a.webp", "WEBP", "image/jpeg"),
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


async def test_a_picture_that_a_decoder_unpacks_many_times_over_is_refused(door: Door) -> None:
    response = await upload(door, "bomb.webp", webp((4_001, 4_000)))
    assert (response.status_code, response.json()["error"]["fields"]) == (
        422,
        {"file": "图片展开后太大，处理不了；请缩小，或者另存为 JPEG 再上传"},
    )


async def test_what_breaks_the_limit_of_memory_is_refused_and_the_next_picture_is_taken(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "_LIMITS", replace(pictures._LIMITS, memory_bytes=250_000_000))
        buffer = io.BytesIO()
        Image.new("RGB", (7_000, 7_000)).save(buffer, "JPEG")
        response = await upload(door, "a.jpg", buffer.getvalue())
        assert "图片展开后太大" in response.json()["error"]["fields"]["file"]
    assert (await upload(door, "a.jpg", picture("JPEG"))).status_code == 201


async def test_a_transparent_webp_stays_transparent(door: Door) -> None:
    response = await upload(door, "a.webp", webp((40, 20), (0, 0, 0, 0)))
    assert (response.json()["type"], response.json()["name"]) == ("image/png", "a.png")
    assert (await stored(door, response)).mode == "RGBA"


async def test_a_picture_of_a_thousand_bytes_is_not_kept_as_fifty_million(door: Door) -> None:
    response = await upload(door, "a.bmp", compressed_bmp(10_000, 5_000))
    assert response.status_code == 201, response.text
    assert response.json()["type"] == "image/png"
    assert response.json()["size"] < 1_000_000


async def test_a_picture_that_is_too_large_when_written_anew_is_refused(settings: Settings) -> None:
    noise = Image.effect_noise((400, 400), 100).convert("RGB")
    buffer = io.BytesIO()
    noise.save(buffer, "WEBP", quality=1)
    async with Door.opened(replace(settings, upload_max_bytes=len(buffer.getvalue()) + 1_000)) as door:
        response = await upload(door, "a.webp", buffer.getvalue())
        assert (response.status_code, response.json()["error"]["fields"]) == (422, {"file": "文件太大"})
        assert not await Attachment.all().count()


@pytest.mark.parametrize("format_", ["HEIF", "AVIF", "WEBP", "PNG", "JPEG", "GIF", "BMP"])
def test_whatever_a_decoder_raises_the_picture_is_called_damaged(format_: str) -> None:
    whole = picture(format_)
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        for broken in (whole[:at], whole[:at] + b"\xff" * 8 + whole[at + 8 :]):
            try:
                kind, _ = cleaning.clean(broken, 1_000_000)
            except RefusedPicture as refused:
                assert refused.code in ("damaged", "too_many_pixels", "picture_too_complex")
            else:
                assert kind in (file_types.JPEG, file_types.PNG, file_types.GIF)


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
