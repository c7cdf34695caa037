"""Ways a notice leaves the house. One function each, all of the shape `routing.notices.catalogue.Send`."""

from feedback.kernel.settings import Settings
from routing.notices.catalogue import Outgoing, Send
from web.notify.console import sender
from web.notify.email import sender as email_sender


def of(settings: Settings) -> Send:
    """How notices leave this installation: by e-mail where an address is known and a server is set, else into the log."""
    if not settings.smtp_host:
        return sender.send
    post = email_sender.sender(settings)

    async def send(out: Outgoing) -> None:
        await (post(out) if out.to else sender.send(out))

    return send
