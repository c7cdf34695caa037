"""Setting cookies with safe attributes, and cookies that are signed so that nobody can make one."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.clock import SystemClock
from web.context import AppContext


def set_cookie(response: Response, context: AppContext, name: str, value: str, hours: int) -> None:
    """A cookie no script reads and no other site sends. `hours`: 0 for one that ends with the browser."""
    response.set_cookie(
        name,
        value,
        max_age=hours * 3600 or None,
        httponly=True,
        samesite="lax",
        secure=context.settings.production,
    )


def set_signed_cookie(response: Response, context: AppContext, name: str, payload: str, hours: int) -> None:
    """A cookie whose payload everybody may read and only we can write."""
    set_cookie(response, context, name, _make_serializer(context, name).dumps(payload), hours)


def read_signed_cookie(request: Request, name: str, lifetime: timedelta) -> str:
    """The payload of a cookie we signed not longer than `lifetime` ago, or ""."""
    context: AppContext = request.app.state.context
    signed_at: datetime
    try:
        payload, signed_at = _make_serializer(context, name).loads(request.cookies.get(name, ""), return_timestamp=True)
    except BadData:
        return ""
    # Compared here and not by `max_age`, which refuses a cookie whose signer's clock is a moment ahead of ours.
    return str(payload) if context.clock.now() - signed_at < lifetime else ""


class _ClockSigner(TimestampSigner):
    """Signs with the time of the process's clock, which in tests and demos is not that of the machine."""

    def __init__(self, *args: Any, clock: SystemClock, **more: Any) -> None:
        super().__init__(*args, **more)
        self.clock = clock

    def get_timestamp(self) -> int:
        return int(self.clock.now().timestamp())


def _make_serializer(context: AppContext, name: str) -> URLSafeTimedSerializer:
    """The name is the salt: what was signed for one cookie is good for no other."""
    return URLSafeTimedSerializer(
        context.settings.vault.mac_key("signed-cookie"),
        salt=name,
        signer=_ClockSigner,
        signer_kwargs={"clock": context.clock, "key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
