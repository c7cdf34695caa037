"""POST to a provider's HTTP interface in a thread, and say which failures are certain to have sent nothing."""

import asyncio
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from feedback.kernel.errors import Unavailable
from routing.notices.catalogue import Unconfirmed

TIMEOUT_SECONDS = 8
_ANSWER_MOST = 100_000


async def post(address: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Any]:
    """The status and the JSON that was answered (None when it was none).

    Raises Unavailable when no connection was made, Unconfirmed when the request was sent and no answer came.
    """
    return await asyncio.to_thread(_post, address, body, dict(headers))


def _post(address: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    # The address is a setting of the operator, never of a caller.
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")  # noqa: S310 - see above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - see above
            return answer.status, _parse(answer.read(_ANSWER_MOST))
    except urllib.error.HTTPError as fault:
        with fault:
            return fault.code, _parse(fault.read(_ANSWER_MOST))
    except urllib.error.URLError as fault:
        if isinstance(fault.reason, TimeoutError):
            raise Unconfirmed(provider="silent") from fault
        raise Unavailable(provider="unreachable") from fault
    except (OSError, http.client.HTTPException) as fault:  # the connection broke, or the answer did not come in time
        raise Unconfirmed(provider="silent") from fault


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
