"""Send subscribe messages (订阅消息) of the mini-program to whoever allowed them.

A template of WeChat's has named fields (thing1, character_string2, …); the file `XINQIAO_WX_TEMPLATES` says, per template
of ours, WeChat's id and which of our values goes into which field. The access token is asked for once and kept until
shortly before it ends; one that WeChat no longer takes is asked for anew, once. WeChat's interface is written from its
pages and tried against a stand-in; it was never seen on the wire.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from feedback.kernel.errors import Unavailable
from feedback.kernel.settings import Settings
from routing.notices.catalogue import OutgoingMessage, Unconfirmed
from web.notify import http_client

MAY_REPEAT = False
_STALE_TOKEN = frozenset({40001, 40014, 42001})
_LATER = frozenset({-1, 45009, 45011})
_TOKEN_MARGIN = timedelta(minutes=5)
_FIELD_MOST = 20  # WeChat cuts or refuses longer `thing` values


@dataclass
class WeChatSender:
    """The sender of one process, with its access token."""

    settings: Settings
    templates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    _token: str = ""
    _token_until: datetime | None = None

    @classmethod
    def of(cls, settings: Settings) -> "WeChatSender":
        """The sender of this installation. Raises OSError or ValueError for a file of templates that cannot be read."""
        text = Path(settings.wx_templates).read_text("utf-8") if settings.wx_templates else ""
        return cls(settings, tomllib.loads(text))

    def knows(self, template: str) -> bool:
        """Whether WeChat approved a template for it."""
        return template in self.templates

    async def send(self, message: OutgoingMessage, openid: str) -> None:
        """Send one message to one openid.

        Raises Unavailable or Unconfirmed when it is not sure to have left, ValueError when WeChat refuses it.
        """
        if not self.knows(message.template):
            raise ValueError("没有这条消息的微信模板")
        row = self.templates[message.template]
        values = {**message.values, "text": message.text}
        body = {
            "touser": openid,
            "template_id": str(row["id"]),
            "page": str(row.get("page", "pages/cases/cases")),
            "data": {
                name: {"value": str(row_value).format(**values)[:_FIELD_MOST]}
                for name, row_value in dict(row["fields"]).items()
            },
        }
        code = await self._post(body, await self._load_token(message.at))
        if code in _STALE_TOKEN:
            self._token = ""
            code = await self._post(body, await self._load_token(message.at, is_forced=True))
        if code == 0:
            return
        if code in _LATER or code in _STALE_TOKEN:
            raise Unavailable(wechat=code)
        raise ValueError(f"微信拒绝（{code}）")

    async def _post(self, body: Mapping[str, Any], token: str) -> int:
        address = f"{self.settings.wx_base.rstrip('/')}/cgi-bin/message/subscribe/send?access_token={token}"
        return _error_code(await self._call(address, body))

    async def _load_token(self, now: datetime, *, is_forced: bool = False) -> str:
        if self._token and self._token_until and now < self._token_until:
            return self._token
        body = {
            "grant_type": "client_credential",
            "appid": self.settings.wx_app_id,
            "secret": self.settings.wx_secret,
            "force_refresh": is_forced,
        }
        try:
            answer = await self._call(f"{self.settings.wx_base.rstrip('/')}/cgi-bin/stable_token", body)
        except Unconfirmed as fault:  # a token may be asked for again
            raise Unavailable(wechat="token") from fault
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise Unavailable(wechat=_error_code(answer))
        self._token = token
        self._token_until = now + timedelta(seconds=int(answer.get("expires_in", 7200))) - _TOKEN_MARGIN
        return token

    async def _call(self, address: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of one call: WeChat says 200 also for errors, and sends JSON as text."""
        raw = json.dumps(body, ensure_ascii=False).encode()
        _, answer = await http_client.post(address, raw, {"Content-Type": "application/json"})
        if not isinstance(answer, dict):
            raise Unavailable(wechat="later")
        return answer


def _error_code(answer: Mapping[str, Any]) -> int:
    code = answer.get("errcode", 0)
    return code if isinstance(code, int) else -1
