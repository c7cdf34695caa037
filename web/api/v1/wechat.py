"""Log-in of a WeChat mini-program: its code is exchanged with WeChat for a session of this API.

What WeChat calls the person (openid) is kept as a keyed hash only. The session proves that it is the same person as
before; it opens no case (the query code does) and no desk.
"""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.errors import Invalid, Unavailable
from feedback.kernel.settings import Settings
from feedback.rules import intake
from web.api.request_parsing import parse_body
from web.api.schemas import requests, responses
from web.api.serializers import json_response
from web.auth import sessions
from web.context import AppContext
from web.wording import dates

_SECONDS = 5
_ANSWER_MOST = 10_000
_WRONG_CODE = frozenset({40029, 40163, 40226})  # invalid, already used, refused by WeChat for its risk


async def log_in(request: Request) -> Response:
    """A session for whoever WeChat says has opened the mini-program."""
    context: AppContext = request.app.state.context
    settings = context.settings
    values, faults = await parse_body(request, requests.WxLogIn)
    code = intake.clean_line(values.get("code", ""))
    if not code:
        faults.setdefault("code", "missing")
    if faults:
        raise Invalid(faults)
    if not settings.wx_app_id or not settings.wx_secret:
        raise Unavailable(words="no_wechat")
    await request.app.state.limiter.hit("login", request)
    openid = await asyncio.to_thread(_exchange_code, settings, code)
    name = settings.vault.keyed_hash("wx-openid", openid)[:40]
    token, expires_at = await sessions.open_session(context, f"wx:{name}")
    return json_response(responses.WxSession(token, dates.iso(expires_at)), 201)


def _exchange_code(settings: Settings, code: str) -> str:
    """The openid behind a code, by WeChat's `jscode2session`.

    Raises Unauthorized for a code WeChat does not take, and Unavailable when it does not answer as it should.
    """
    query = {
        "appid": settings.wx_app_id,
        "secret": settings.wx_secret,
        "js_code": code,
        "grant_type": "authorization_code",
    }
    address = f"{settings.wx_base.rstrip('/')}/sns/jscode2session?{urlencode(query)}"
    try:
        # The address is a setting of the operator, never of a caller.
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 - see above
            payload: Any = json.loads(answer.read(_ANSWER_MOST))
    except (urllib.error.URLError, TimeoutError, ValueError) as fault:
        raise Unavailable() from fault
    if not isinstance(payload, dict):
        raise Unavailable()
    if payload.get("errcode") in _WRONG_CODE:
        raise sessions.Unauthorized("wechat_refused")
    openid = payload.get("openid")
    if not isinstance(openid, str) or not openid:
        raise Unavailable()
    return openid
