"""Ask a ClamAV daemon whether some bytes carry a virus, by its INSTREAM command (man clamd)."""

import asyncio
from dataclasses import dataclass

from feedback.kernel.errors import Unavailable

_PIECE_BYTES = 65_536
_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 60.0
_ANSWER_BYTES = 1_000


class ScannerAway(Unavailable):
    """The daemon does not answer."""

    code = "scanner_away"


class NotScanned(Unavailable):
    """The daemon is there, but gives no verdict on this file: it is too large for it, say."""

    code = "not_scanned"


@dataclass(frozen=True, slots=True)
class Scanner:
    """The daemon at `address`: the path of its socket, or host:port."""

    address: str

    async def find_virus(self, content: bytes) -> str:
        """The name of the virus found, "" for none.

        Raises ScannerAway, and NotScanned when the daemon answers without a verdict.
        """
        try:
            answer = await self._ask(b"zINSTREAM\0", content)
        except ScannerAway as fault:
            if await self.answers():  # then it is this file that it hangs up on or takes too long for
                raise NotScanned(answer=fault.details["answer"]) from fault
            raise
        if answer.endswith(" FOUND"):
            return answer.removeprefix("stream: ").removesuffix(" FOUND")
        if answer != "stream: OK":
            raise NotScanned(answer=answer[:200])
        return ""

    async def answers(self) -> bool:
        """Whether the daemon is there."""
        try:
            return await self._ask(b"zPING\0") == "PONG"
        except ScannerAway:
            return False

    async def _ask(self, command: bytes, content: bytes | None = None) -> str:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                reader, writer = await self._connect()
            try:
                async with asyncio.timeout(_ANSWER_SECONDS if content else _CONNECT_SECONDS):
                    return await _converse(reader, writer, command, content)
            finally:
                writer.close()
        except (OSError, TimeoutError) as fault:
            raise ScannerAway(answer=str(fault) or type(fault).__name__) from fault

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self.address.rpartition(":")
        if host and port.isdigit():
            return await asyncio.open_connection(host, int(port))
        return await asyncio.open_unix_connection(self.address)


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: bytes, content: bytes | None
) -> str:
    """Raises ConnectionError when the daemon hangs up without a word."""
    broken: ConnectionError | None = None
    try:
        await _send(writer, command, content)
    except ConnectionError as fault:  # it had enough before all was sent, and has perhaps said why
        broken = fault
    try:
        answer = await reader.read(_ANSWER_BYTES)
    except ConnectionError as fault:
        broken, answer = fault, b""
    if not answer:
        raise broken or ConnectionResetError("hung up without an answer")
    return answer.rstrip(b"\0\n").decode(errors="replace")


async def _send(writer: asyncio.StreamWriter, command: bytes, content: bytes | None) -> None:
    writer.write(command)
    if content is not None:
        for at in range(0, len(content), _PIECE_BYTES):
            piece = content[at : at + _PIECE_BYTES]
            writer.write(len(piece).to_bytes(4, "big") + piece)
            await writer.drain()
        writer.write(bytes(4))
    await writer.drain()
