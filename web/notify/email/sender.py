"""Sending notices by e-mail over the installation's SMTP server, one e-mail per notice, to staff and to citizens.

The standard library speaks SMTP; it runs in a thread, since it waits. What the server refuses for good is kept as the
notice's error, everything else is tried again. The letter's Message-ID is made from the notice's key, so that a letter
sent twice by a crash in between is recognised as one by mail programs.
"""

import asyncio
import hashlib
import smtplib
import ssl
from email.message import EmailMessage

from feedback.kernel.errors import Unavailable
from feedback.kernel.settings import Settings
from routing.notices.catalogue import DeliveryChannel, OutgoingMessage, OutgoingNotice, Send

_TIMEOUT_SECONDS = 15
_SUBJECT_MOST = 60
_PERMANENT_ERROR = 500


def build_sender(settings: Settings) -> Send:
    """A sender for this mail server."""

    async def send(outgoing: OutgoingNotice) -> DeliveryChannel:
        await _deliver(settings, build_message(settings, outgoing))
        return DeliveryChannel.EMAIL

    return send


async def send_to_citizen(settings: Settings, message: OutgoingMessage, to: str) -> None:
    """Send a notice to a citizen: its words and nothing else. Raises Unavailable, or ValueError for a refusal."""
    mail = EmailMessage()
    mail["Subject"] = f"【{settings.site_name}】您反映的事项有新消息"
    mail["From"] = settings.smtp_from
    mail["To"] = to
    domain = settings.smtp_from.rpartition("@")[2] or "xinqiao"
    mail["Message-ID"] = f"<{message.reference}@{domain}>"
    mail.set_content(f"{message.text}\n\n{settings.site_name}　电话 {settings.site_phone}\n")
    await _deliver(settings, mail)


async def _deliver(settings: Settings, message: EmailMessage) -> None:
    try:
        await asyncio.to_thread(_send_message, settings, message)
    except smtplib.SMTPRecipientsRefused as fault:
        codes = [code for code, _ in fault.recipients.values()]
        if min(codes, default=_PERMANENT_ERROR) >= _PERMANENT_ERROR:
            raise ValueError(f"收件人被拒收（{codes[0]}）") from fault
        raise Unavailable(mail="later") from fault
    except smtplib.SMTPResponseException as fault:
        if fault.smtp_code >= _PERMANENT_ERROR:
            raise ValueError(f"邮件服务器拒绝（{fault.smtp_code}）") from fault
        raise Unavailable(mail="later") from fault
    except (smtplib.SMTPException, OSError) as fault:
        raise Unavailable(mail="unreachable") from fault


def build_message(settings: Settings, outgoing: OutgoingNotice) -> EmailMessage:
    """The letter: the notice's words, where to read on, and nothing about any person."""
    message = EmailMessage()
    words = outgoing.words if len(outgoing.words) <= _SUBJECT_MOST else outgoing.words[: _SUBJECT_MOST - 1] + "…"
    message["Subject"] = f"【{settings.site_name}】{words}"
    message["From"] = settings.smtp_from
    message["To"] = ", ".join(outgoing.to)
    domain = settings.smtp_from.rpartition("@")[2] or "xinqiao"
    message["Message-ID"] = f"<{hashlib.sha256(outgoing.key.encode()).hexdigest()[:40]}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    link_words = f"\n\n请登录工作台查看：{settings.public_url}/desk/notices" if settings.public_url else ""
    message.set_content(f"{outgoing.words}{link_words}\n\n本邮件由系统发出，请勿回复。")
    return message


def _send_message(settings: Settings, message: EmailMessage) -> None:
    secure = ssl.create_default_context()
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.smtp_host, settings.smtp_port, timeout=_TIMEOUT_SECONDS, context=secure
        )
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_TIMEOUT_SECONDS)
    with server:
        if settings.smtp_security == "starttls":
            server.starttls(context=secure)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        if refused_recipients := server.send_message(message):
            raise smtplib.SMTPRecipientsRefused(refused_recipients)
