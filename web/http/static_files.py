"""Files of the pages: a browser keeps what carries a version in its address, and asks again for what does not."""

import os

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOR_A_YEAR = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"  # kept, and asked for by its ETag


class VersionedFiles(StaticFiles):
    """Static files. Everything else of this site says `no-store`, so that a shared computer keeps no page."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = _FOR_A_YEAR if scope["query_string"].startswith(b"v=") else _ASK_AGAIN
        return response
