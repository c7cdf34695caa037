"""Pictures are decoded and written anew, one at a time, so that nothing they say about their sender is kept."""

import asyncio
import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from feedback.kernel.errors import Invalid, Unavailable
from feedback.rules import file_types
from feedback.rules.file_types import BMP, GIF, JPEG, PNG, WEBP, FileType

Image.MAX_IMAGE_PIXELS = file_types.MAX_PIXELS
pillow_heif.register_heif_opener(thumbnails=False)
WAITING_MOST = 10
_RETRY_SECONDS = 20
_FORMATS = {"JPEG": JPEG, "MPO": JPEG, "PNG": PNG, "WEBP": WEBP, "GIF": GIF, "BMP": BMP, "HEIF": JPEG, "AVIF": JPEG}
"""What a decoded picture is written as, by the format it came in: formats that not every browser shows become JPEG."""


class PictureQueue:
    """Decodes one picture at a time in a thread of its own: a decoded one takes up to 200 MB and some seconds.

    The threads that check passwords and write files are others, so that nobody waits for pictures but who sends them.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pictures")
        self._waiting = 0

    async def clean(self, content: bytes) -> tuple[FileType, bytes]:
        """The picture without what it says about its sender, and what it is then.

        Raises Invalid when it is damaged or too large, Unavailable while too many wait.
        """
        if self._waiting >= WAITING_MOST:
            raise Unavailable(seconds=_RETRY_SECONDS)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, _clean_picture, content)
        finally:
            self._waiting -= 1


PICTURES = PictureQueue()


def _clean_picture(content: bytes) -> tuple[FileType, bytes]:
    """Decoded, turned upright and written anew: place, device and hidden previews stay behind."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > file_types.MAX_PIXELS:
                raise Invalid({"file": "too_many_pixels"})
            source, kind = image.format or "", _FORMATS[image.format or ""]
            image.load()
            if kind == GIF:
                return kind, content  # no EXIF, and the pictures of a moving one stay
            ImageOps.exif_transpose(image, in_place=True)
            image.info = {}
            target = image.convert("RGB") if kind == JPEG and image.mode not in ("RGB", "L", "CMYK") else image
            buffer = io.BytesIO()
            target.save(buffer, source if kind != JPEG else "JPEG", **_SAVE_OPTIONS.get(kind, {}))
            return kind, buffer.getvalue()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as fault:
        raise Invalid({"file": "too_many_pixels"}) from fault
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, KeyError, EOFError) as fault:
        raise Invalid({"file": "damaged"}) from fault


_SAVE_OPTIONS: Mapping[FileType, Mapping[str, Any]] = {
    JPEG: {"quality": 90},
    WEBP: {"quality": 90},
    PNG: {"compress_level": 3},
}
