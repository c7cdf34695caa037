"""Send short messages through Alibaba Cloud SMS: `SendSms` of 2017-05-25, signed by ACS3-HMAC-SHA256.

The signature follows Alibaba Cloud's page on the request syntax and signature method V3 and is tested against its
example. The service itself was never seen on the wire. It knows no message of ours by an id before it sends it, so what
broke off is not sent again: its receipt (`SmsReport` over HTTP, with our reference as `out_id`) is waited for.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from feedback.kernel.errors import Unavailable
from feedback.kernel.identifiers import new_id
from feedback.kernel.settings import Settings
from routing.notices.catalogue import OutgoingMessage
from web.notify import http_client

MAY_REPEAT = False
CALLBACKS = "/api/callbacks"
ADDRESS = "https://dysmsapi.aliyuncs.com"
VERSION, ACTION = "2017-05-25", "SendSms"
_ALGORITHM = "ACS3-HMAC-SHA256"
_LATER = frozenset(
    {"isp.SYSTEM_ERROR", "isv.BUSINESS_LIMIT_CONTROL", "isv.OUT_OF_SERVICE", "Throttling", "Throttling.User"}
)
"""Refusals of today, not for good: the system's own fault, the limit of messages to one number, an empty account."""


async def send(settings: Settings, message: OutgoingMessage, to: str, template_id: str) -> None:
    """Hand one message to the service.

    Raises Unavailable or Unconfirmed when it is not sure to have left, ValueError when it is refused for good.
    """
    if not template_id:
        raise ValueError("没有这条短信的模板编号")
    query = {
        "PhoneNumbers": to.removeprefix("+86").removeprefix("+"),
        "SignName": settings.sms_signature or settings.site_name,
        "TemplateCode": template_id,
        "TemplateParam": json.dumps(dict(message.values), ensure_ascii=False),
        "OutId": message.reference,
    }
    address = (settings.sms_url or ADDRESS).rstrip("/")
    headers = sign_request(
        query,
        host=urlsplit(address).netloc,
        action=ACTION,
        version=VERSION,
        key_id=settings.sms_key_id,
        secret=settings.sms_secret,
        date=f"{message.at:%Y-%m-%dT%H:%M:%SZ}",
        nonce=new_id(),
    )
    status, answer = await http_client.post(f"{address}/?{canonical_query(query)}", b"", headers)
    code = str(answer.get("Code", "")) if isinstance(answer, dict) else ""
    if code == "OK":
        return
    if code in _LATER or status >= 500 or not code:
        raise Unavailable(sms=code or "later")
    raise ValueError(f"短信服务拒绝（{code}）")


def sign_request(
    query: Mapping[str, str],
    *,
    host: str,
    action: str,
    version: str,
    key_id: str,
    secret: str,
    date: str,
    nonce: str,
    body: bytes = b"",
) -> dict[str, str]:
    """The headers of a POST to `/`, with `Authorization`. `date` is UTC as 2023-10-26T10:22:32Z."""
    body_hash = hashlib.sha256(body).hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": body_hash,
        "x-acs-date": date,
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    signed_names = ";".join(sorted(headers))
    header_lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    request = "\n".join(("POST", "/", canonical_query(query), header_lines, signed_names, body_hash))
    to_sign = f"{_ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = f"{_ALGORITHM} Credential={key_id},SignedHeaders={signed_names},Signature={signature}"
    return headers


def canonical_query(query: Mapping[str, str]) -> str:
    """The query sorted by name and encoded by RFC 3986."""
    return "&".join(f"{_encode(name)}={_encode(query[name])}" for name in sorted(query))


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def callback_path(settings: Settings) -> str:
    """Where the service must push its reports: with a key at the end, since it signs nothing."""
    return f"{CALLBACKS}/sms-aliyun/{callback_key(settings)}"


def callback_key(settings: Settings) -> str:
    """What stands at the end of that address."""
    return settings.vault.keyed_hash("sms-callback", settings.sms_secret)[:32]


def parse_reports(payload: Any) -> list[tuple[str, bool, str]]:
    """The reports of one push: reference, whether it arrived, the error. Raises ValueError for anything else."""
    if not isinstance(payload, list) or not all(isinstance(row, Mapping) for row in payload):
        raise ValueError("not a list of reports")
    return [
        (str(row.get("out_id", "")), row.get("success") is True, str(row.get("err_code") or "")[:200])
        for row in payload
    ]
