"""Does a notice reach the mail server as a mail, and are the server's replies handled? With a small server in here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from email.policy import default

import pytest

from feedback.kernel.errors import Unavailable
from feedback.kernel.settings import Settings
from routing.notices.catalogue import Audience, OutgoingNotice
from web.notify.email import sender

OUT = OutgoingNotice(
    "clock.late:7:1:unit:jiaoyu",
    "20260914-000001",
    Audience.UNIT,
    "jiaoyu",
    "超期：20260914-000001“申诉学区划分”的“办结答复”已超过期限。",
    ("clerk@example.cn", "lead@example.cn"),
)


class Post:
    """A mail server that takes letters, or answers a recipient as it is told to."""

    def __init__(self) -> None:
        self.letters: list[Message] = []
        self.answer = "250 ok"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                writer.write(b"354 go on\r\n")
                raw = b""
                while (part := await reader.readline()) != b".\r\n":
                    raw += part
                self.letters.append(message_from_bytes(raw, policy=default))
                writer.write(b"250 taken\r\n")
            elif word == "RCPT":
                writer.write(self.answer.encode() + b"\r\n")
            else:
                writer.write(b"221 bye\r\n" if word == "QUIT" else b"250 ok\r\n")
            if word == "QUIT":
                break
        writer.close()


@asynccontextmanager
async def post_office() -> AsyncIterator[tuple[Post, Settings]]:
    post = Post()
    server = await asyncio.start_server(post.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield post, replace(Settings(), smtp_host="127.0.0.1", smtp_port=port, smtp_from="notice@example.cn")


async def test_a_letter_says_the_words_to_everybody_meant_and_names_its_notice() -> None:
    async with post_office() as (post, settings):
        await sender.build_sender(settings)(OUT)
        await sender.build_sender(settings)(OUT)
    first, second = post.letters
    assert first["To"] == "clerk@example.cn, lead@example.cn"
    assert "超期" in first["Subject"] and OUT.words in str(first.get_content())  # type: ignore[attr-defined] # an EmailMessage
    assert first["Message-ID"] == second["Message-ID"], "a letter sent again is known as the same"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [("550 no such box", ValueError), ("451 come again", Unavailable)],
    ids=["refused for good", "later"],
)
async def test_what_the_server_says_is_understood(answer: str, fault: type[Exception]) -> None:
    async with post_office() as (post, settings):
        post.answer = answer
        with pytest.raises(fault):
            await sender.build_sender(settings)(OUT)
    assert not post.letters


async def test_a_server_that_is_away_is_tried_again() -> None:
    with pytest.raises(Unavailable):
        await sender.build_sender(replace(Settings(), smtp_host="127.0.0.1", smtp_port=1))(OUT)


def test_a_letter_holds_no_title_longer_than_a_subject() -> None:
    letter = sender.build_message(replace(Settings(), public_url="https://x.example"), replace(OUT, words="长" * 300))
    assert len(letter["Subject"]) < 100
    assert "https://x.example/desk/notices" in letter.get_content()
