"""Choosing the channel that sends a notice: to staff by e-mail, to citizens by WeChat, short message or e-mail.

What is set in the environment is there; the order is the one in which channels are tried, unless a citizen chose another.
"""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from feedback.kernel.settings import Settings
from feedback.queries import contacts
from feedback.queries.contacts import Contact
from routing.notices.catalogue import (
    Audience,
    DeliveryChannel,
    OutgoingMessage,
    OutgoingNotice,
    Send,
)
from web.notify.console import sender
from web.notify.development_file import sender as development_file
from web.notify.email import sender as email_sender
from web.notify.sms import sender as sms_sender
from web.notify.sms_aliyun import sender as aliyun_sender
from web.notify.wechat.sender import WeChatSender

UNREACHED = "citizens cannot be told anything: no channel to them is installed, every notice to a citizen stays unsent"
"""What the log says where a production system starts."""

_MOBILE_IN_CHINA = re.compile(r"1\d{10}")
_INTERNATIONAL = re.compile(r"\+[1-9]\d{6,14}")


def channels_to(audience: Audience, settings: Settings) -> tuple[DeliveryChannel, ...]:
    """By what this installation reaches an audience beyond its inbox."""
    if audience is Audience.CITIZEN:
        return tuple(DeliveryChannel(name) for name in settings.citizen_channels)
    return (DeliveryChannel.EMAIL,) if settings.smtp_host else ()


def reaches_citizens(settings: Settings) -> bool:
    """Whether a citizen can be notified without asking."""
    return bool(channels_to(Audience.CITIZEN, settings))


def select_sender(settings: Settings) -> Send:
    """How notices to staff leave: by e-mail where an address is known and a server is set, else not at all."""
    send_mail = email_sender.build_sender(settings)

    async def send(outgoing: OutgoingNotice) -> DeliveryChannel | None:
        if outgoing.to and DeliveryChannel.EMAIL in channels_to(outgoing.audience, settings):
            return await send_mail(outgoing)
        await sender.send(outgoing)
        return None

    return send


def to_mobile(phone: str) -> str:
    """The number as E.164 if short messages can reach it, "" for a landline."""
    if _MOBILE_IN_CHINA.fullmatch(phone):
        return f"+86{phone}"
    return phone if _INTERNATIONAL.fullmatch(phone) else ""


class InstalledChannels:
    """The channels to citizens of this installation (`routing.notices.catalogue.CitizenChannels`)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wechat = WeChatSender.of(settings)
        text = Path(settings.sms_templates).read_text("utf-8") if settings.sms_templates else ""
        self._sms_templates: dict[str, str] = tomllib.loads(text)

    async def list_channels(self, case_no: str, preferred: str) -> tuple[DeliveryChannel, ...]:
        """Those that are set and for which the citizen of the case has an address, what they prefer first."""
        contact = await contacts.load_contact(case_no, self._settings.vault)
        names = [name for name in channels_to(Audience.CITIZEN, self._settings) if _address_of(contact, name)]
        return tuple(sorted(names, key=lambda name: name.value != preferred))

    def may_repeat(self, channel: DeliveryChannel) -> bool:
        """Whether that channel sends a message once, however often it gets it with the same reference."""
        if channel is DeliveryChannel.SMS:
            return aliyun_sender.MAY_REPEAT if self._is_aliyun else sms_sender.MAY_REPEAT
        return channel is DeliveryChannel.EMAIL  # mail programs know the Message-ID

    @property
    def _is_aliyun(self) -> bool:
        return self._settings.sms_provider == "aliyun"

    async def send(self, channel: DeliveryChannel, message: OutgoingMessage) -> None:
        """Send to the citizen of the message's case. Raises what `CitizenChannels.send` says."""
        contact = await contacts.load_contact(message.case_no, self._settings.vault)
        address = _address_of(contact, channel)
        if not address:
            raise LookupError(f"no address for {channel.value}")
        if channel is DeliveryChannel.SMS:
            await self.send_text(message, address)
        elif channel is DeliveryChannel.WECHAT:
            await self._wechat.send(message, address)
        else:
            await email_sender.send_to_citizen(self._settings, message, address)

    async def send_text(self, message: OutgoingMessage, to: str) -> None:
        """Send a short message to a number in E.164 through the provider that is set."""
        send = aliyun_sender.send if self._is_aliyun else sms_sender.send
        await send(self._settings, message, to, self._sms_templates.get(message.template, ""))

    async def note_unreached(self, message: OutgoingMessage) -> None:
        """Write a message that no channel took into the file for developers; in production nothing is written."""
        contact = await contacts.load_contact(message.case_no, self._settings.vault)
        await development_file.append_message(
            self._settings,
            at=message.at,
            channel=DeliveryChannel.SMS.value,
            to=contact.phone,
            template=message.template,
            text=message.text,
            case_no=message.case_no,
        )


def _address_of(contact: Contact, channel: DeliveryChannel) -> str:
    match channel:
        case DeliveryChannel.SMS:
            return to_mobile(contact.phone)
        case DeliveryChannel.WECHAT:
            return contact.wechat
        case _:
            return contact.email


def receipts_address(settings: Settings) -> str:
    """Where the provider of short messages must send its receipts, "" where none is set."""
    paths = {"http": f"{aliyun_sender.CALLBACKS}/sms", "aliyun": aliyun_sender.callback_path(settings)}
    path = paths.get(settings.sms_provider, "")
    return f"{settings.public_url.rstrip('/')}{path}" if path else ""


@lru_cache(maxsize=4)
def build_citizen_channels(settings: Settings) -> InstalledChannels:
    """The channels to citizens of this installation, once per process: they hold the access token of WeChat.

    Raises OSError or ValueError for a file that cannot be read.
    """
    return InstalledChannels(settings)
