"""Channels to citizens for tests of what does not go over a wire."""

from dataclasses import dataclass, field

from routing.notices.catalogue import DeliveryChannel, OutgoingMessage


@dataclass
class MemoryChannels:
    """Channels that keep what they take; each fails as often as it is told to, before it takes anything."""

    names: tuple[DeliveryChannel, ...] = (DeliveryChannel.SMS,)
    faults: dict[DeliveryChannel, list[Exception]] = field(default_factory=dict)
    sent: list[tuple[DeliveryChannel, OutgoingMessage]] = field(default_factory=list)
    unreached: list[OutgoingMessage] = field(default_factory=list)

    async def list_channels(self, case_no: str, preferred: str) -> tuple[DeliveryChannel, ...]:
        return tuple(sorted(self.names, key=lambda name: name.value != preferred))

    def may_repeat(self, channel: DeliveryChannel) -> bool:
        return channel is DeliveryChannel.SMS

    async def send(self, channel: DeliveryChannel, message: OutgoingMessage) -> None:
        if faults := self.faults.get(channel):
            raise faults.pop(0)
        self.sent.append((channel, message))

    async def note_unreached(self, message: OutgoingMessage) -> None:
        self.unreached.append(message)

    def templates(self) -> list[str]:
        """What was taken, by template, in order."""
        return [message.template for _, message in self.sent]
