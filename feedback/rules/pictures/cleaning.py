"""Decode a picture, turn it upright and write it anew: place, device and hidden previews stay behind."""

import io
from collections.abc import Mapping
from typing import Any

import pillow_heif
from PIL import Image, ImageOps

from feedback.rules import file_types
from feedback.rules.file_types import GIF, JPEG, PNG, FileType

Image.MAX_IMAGE_PIXELS = file_types.MAX_PIXELS
pillow_heif.register_heif_opener(thumbnails=False)
_FORMATS = {"JPEG": JPEG, "MPO": JPEG, "PNG": PNG, "WEBP": JPEG, "GIF": GIF, "BMP": PNG, "HEIF": JPEG, "AVIF": JPEG}
"""What a decoded picture is written as, by the format it came in: formats that not every browser shows become JPEG,
and so does WebP, whose encoder takes many times the memory of the picture."""
_PIXELS_MOST: Mapping[str, int] = {"WEBP": 16_000_000}
"""Where the decoder holds the picture several times over. A WebP comes from a web page, not from a camera."""
_OPAQUE = 255
_SAVE_OPTIONS: Mapping[FileType, Mapping[str, Any]] = {JPEG: {"quality": 90}, PNG: {"compress_level": 3}}
_JPEG_MODES = ("RGB", "L", "CMYK")


class RefusedPicture(Exception):
    """The picture is not taken. Codes: damaged, too_many_pixels, too_large, picture_too_complex."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def clean(content: bytes, most_bytes: int) -> tuple[FileType, bytes]:
    """What the picture is then, and its bytes.

    Raises RefusedPicture, also when it has more than `most_bytes` afterwards.
    """
    try:
        kind, cleaned = _write_anew(content)
    except RefusedPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise RefusedPicture("too_many_pixels") from fault
    except MemoryError as fault:
        raise RefusedPicture("picture_too_complex") from fault
    except Exception as fault:  # decoders raise whatever their libraries do: all of it means that they cannot read it
        raise RefusedPicture("damaged") from fault
    if len(cleaned) > most_bytes:
        raise RefusedPicture("too_large")
    return kind, cleaned


def _write_anew(content: bytes) -> tuple[FileType, bytes]:
    with Image.open(io.BytesIO(content)) as image:
        source = image.format or ""
        kind = _FORMATS[source]
        pixels = image.width * image.height
        if pixels > file_types.MAX_PIXELS:
            raise RefusedPicture("too_many_pixels")
        if pixels > _PIXELS_MOST.get(source, pixels):
            raise RefusedPicture("picture_too_complex")
        image.load()
        if kind == GIF:
            return kind, content  # no EXIF, and the pictures of a moving one stay
        ImageOps.exif_transpose(image, in_place=True)
        image.info = {}
        if source == "WEBP" and image.mode == "RGBA" and image.getchannel("A").getextrema()[0] != _OPAQUE:
            kind = PNG  # the only one of both that can be transparent
        target = image.convert("RGB") if kind == JPEG and image.mode not in _JPEG_MODES else image
        buffer = io.BytesIO()
        target.save(buffer, "JPEG" if kind == JPEG else "PNG", **_SAVE_OPTIONS[kind])
        return kind, buffer.getvalue()
