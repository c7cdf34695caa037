"""Choosing the channel that sends a notice. Each is a function of the shape `routing.notices.Send`."""

from feedback.kernel.settings import Settings
from feedback.queries import contacts
from routing.notices.catalogue import Audience, DeliveryChannel, OutgoingNotice, Send
from web.notify.console import sender
from web.notify.development_file import sender as development_file
from web.notify.email import sender as email_sender

UNREACHED = "citizens cannot be told anything: no channel to them is installed, every notice to a citizen stays unsent"
"""What the log says where a production system starts."""


def channels_to(audience: Audience, settings: Settings) -> tuple[DeliveryChannel, ...]:
    """By what this installation reaches an audience beyond its inbox: staff by e-mail where a server is set.

    Citizens are reached by nothing yet: a channel to them adds itself here.
    """
    if audience is Audience.CITIZEN or not settings.smtp_host:
        return ()
    return (DeliveryChannel.EMAIL,)


def reaches_citizens(settings: Settings) -> bool:
    """Whether a citizen can be notified without asking."""
    return bool(channels_to(Audience.CITIZEN, settings))


def select_sender(settings: Settings) -> Send:
    """How notices leave this installation: by e-mail where an address is known and a server is set, else not at all."""
    send_mail = email_sender.build_sender(settings)

    async def send(outgoing: OutgoingNotice) -> DeliveryChannel | None:
        if outgoing.to and DeliveryChannel.EMAIL in channels_to(outgoing.audience, settings):
            return await send_mail(outgoing)
        await sender.send(outgoing)
        if outgoing.audience is Audience.CITIZEN and outgoing.at is not None and not settings.production:
            contact = await contacts.load_contact(outgoing.case_no, settings.vault)
            await development_file.append_message(
                settings,
                at=outgoing.at,
                channel="sms",
                to=contact.phone,
                template=outgoing.event,
                text=outgoing.words,
                case_no=outgoing.case_no,
            )
        return None

    return send
