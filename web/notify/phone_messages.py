"""Send a text to a telephone number that belongs to no case, such as the code of a log-in.

The message waits in the outbox, sealed, in the transaction of the fact it follows from: nothing is lost when the
process ends. What came too late (`expires_at`) is not sent any more.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from feedback.kernel import outbox
from feedback.kernel.clock import from_millis, to_millis
from feedback.kernel.errors import NotNow
from feedback.kernel.outbox import Handler, MessagePriority
from feedback.kernel.settings import Settings
from routing.notices.catalogue import OutgoingMessage
from web.notify import channel
from web.notify.development_file import sender as development_file
from web.wording import catalogue

_log = structlog.get_logger("phone_messages")
MESSAGE = "phone.message"
TEMPLATES: Mapping[str, Mapping[str, str]] = catalogue.load_tables("messages.toml")["phone"]


async def send_to_phone(
    template: str,
    to: str,
    values: Mapping[str, str],
    *,
    key: str,
    settings: Settings,
    now: datetime,
    expires_at: datetime | None = None,
) -> None:
    """Put a text to a telephone number into the outbox. Call it in the transaction of the fact, then `context.wake()`.

    `template` is a row of `[phone]` in `web/wording/messages.toml`, `values` what stands in its braces, `to` a number as
    persons have it (E.164, or as dialled in China), `key` what makes this message one: the same key twice raises
    IntegrityError. Number and values are sealed, also after sending. KeyError for an unknown template or a missing value.
    """
    text = TEMPLATES[template]["text"].format(**values)
    sealed = settings.vault.encrypt_system(json.dumps({"to": to, "text": text, "values": dict(values)}))
    payload = {"template": template, "sealed": sealed, "expires": to_millis(expires_at) if expires_at else 0}
    # A person sits before a page and waits for it.
    await outbox.put(MESSAGE, key, payload, now, MessagePriority.NEW_CASE)


def reaches_phones(settings: Settings) -> bool:
    """Whether a text to a telephone goes anywhere: to a provider, or in development to the file."""
    return bool(settings.sms_provider) or not settings.production


def build_handler(settings: Settings) -> Handler:
    """The handler of `phone.message`. What the provider refuses for good is logged and not tried again."""
    channels = channel.build_citizen_channels(settings)

    async def send(payload: dict[str, Any], now: datetime) -> None:
        if payload["expires"] and now >= from_millis(payload["expires"]):
            raise NotNow(message=MESSAGE)
        message = json.loads(settings.vault.decrypt_system(payload["sealed"]))
        number = channel.to_mobile(message["to"])
        if settings.sms_provider and number:
            reference = hashlib.sha256(payload["sealed"].encode()).hexdigest()[:32]
            outgoing = OutgoingMessage(reference, "", payload["template"], message["values"], message["text"], now)
            try:
                await channels.send_text(outgoing, number)
            except ValueError as fault:
                _log.warning("text to a telephone refused", template=payload["template"], reason=str(fault))
            return
        await development_file.append_message(
            settings, at=now, channel="sms", to=message["to"], template=payload["template"], text=message["text"]
        )

    return send
