"""Send short messages through an HTTP gateway, and read its receipts.

The gateway is the operator's: many districts have one that stands before the carriers. What it must speak:

    POST {XINQIAO_SMS_URL}   Content-Type: application/json
    X-Xinqiao-Key: {XINQIAO_SMS_KEY_ID}
    X-Xinqiao-Signature: t={seconds},v1={HMAC-SHA256 of "{t}." and the body, hexadecimal, under XINQIAO_SMS_SECRET}
    {"id", "to": E.164, "text", "template", "template_id", "values": {…}, "sign"}

It answers 2xx when it took the message, 4xx when it never will (`{"error": "…"}`), anything else to be asked again. The
same `id` may come several times and is sent once. Receipts come back to `/callbacks/sms`, signed in the same way:
`[{"id", "status": "delivered" | "undelivered", "error"}]`.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from feedback.kernel.errors import Unavailable
from feedback.kernel.settings import Settings
from routing.notices.catalogue import OutgoingMessage
from web.notify import http_client

MAY_REPEAT = True
SIGNATURE_HEADER, KEY_HEADER = "X-Xinqiao-Signature", "X-Xinqiao-Key"
_TOLERANCE_SECONDS = 300


async def send(settings: Settings, message: OutgoingMessage, to: str, template_id: str) -> None:
    """Hand one message to the gateway.

    Raises Unavailable when it must be tried again, ValueError when the gateway refuses it for good.
    """
    body = json.dumps(
        {
            "id": message.reference,
            "to": to,
            "text": message.text,
            "template": message.template,
            "template_id": template_id,
            "values": dict(message.values),
            "sign": settings.sms_signature or settings.site_name,
        },
        ensure_ascii=False,
    ).encode()
    headers = {
        "Content-Type": "application/json",
        KEY_HEADER: settings.sms_key_id,
        SIGNATURE_HEADER: sign(settings.sms_secret, body, int(message.at.timestamp())),
    }
    status, answer = await http_client.post(settings.sms_url, body, headers)
    if 200 <= status < 300:
        return
    if 400 <= status < 500 and status not in (408, 425, 429):
        reason = answer.get("error", "") if isinstance(answer, dict) else ""
        raise ValueError(f"短信网关拒绝（{status}）{str(reason)[:100]}")
    raise Unavailable(sms="later")


def sign(secret: str, body: bytes, seconds: int) -> str:
    """The signature of a body at a moment, in seconds since 1970."""
    return f"t={seconds},v1={hmac.new(secret.encode(), f'{seconds}.'.encode() + body, hashlib.sha256).hexdigest()}"


def is_signed(secret: str, header: str, body: bytes, now: datetime) -> bool:
    """Whether a body was signed with the secret within the last five minutes."""
    seconds = header.partition(",")[0].removeprefix("t=")
    if not (secret and seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        return False
    if abs(now.timestamp() - int(seconds)) > _TOLERANCE_SECONDS:
        return False
    return hmac.compare_digest(header.encode(), sign(secret, body, int(seconds)).encode())


def parse_receipts(payload: Any) -> list[tuple[str, bool, str]]:
    """The receipts of one call: reference, whether it arrived, the error. Raises ValueError for anything else."""
    if not isinstance(payload, list):
        raise ValueError("not a list")
    receipts = []
    for row in payload:
        if not isinstance(row, Mapping) or row.get("status") not in ("delivered", "undelivered"):
            raise ValueError("not a receipt")
        error = str(row.get("error") or "")[:200]
        receipts.append((str(row.get("id", "")), row["status"] == "delivered", error))
    return receipts
