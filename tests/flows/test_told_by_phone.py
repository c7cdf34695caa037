"""What a citizen hears of a case: every message without a real channel is a line of `outgoing.jsonl`, in development."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from feedback.kernel import db, outbox
from feedback.kernel.outbox import Message
from feedback.kernel.settings import Settings
from tests.flows.story import Story
from tests.people import Door
from web import bootstrap
from web.notify import phone_messages

PHONE = "13900001234"


def outgoing_lines(settings: Settings) -> list[dict[str, Any]]:
    """The lines of the file, oldest first."""
    path = settings.data / "outgoing.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


async def test_the_receipt_and_the_question_are_lines_of_the_file_also_at_night(door: Door) -> None:
    story = Story(door)
    await story.submit("2026-03-02 22:40", "complaint")
    await door.drain()
    clerk = f"clerk-{(await story.seen())['unit']['code']}"
    await story.does(clerk, "accept", "2026-03-02 22:50")
    await story.does(clerk, "ask", "2026-03-02 22:55", text="请问是路的哪一侧？")
    await door.drain()
    lines = outgoing_lines(door.settings)
    assert [line["template"] for line in lines] == ["received", "assigned", "accepted", "asked"]
    assert {(line["to"], line["channel"], line["case_no"]) for line in lines} == {(PHONE, "sms", story.no)}
    assert set(lines[0]) == {"at", "channel", "to", "template", "text", "case_no"}
    assert lines[0]["at"].startswith("2026-03-02T22:4") and lines[0]["at"].endswith("+08:00")
    assert (door.settings.data / "outgoing.jsonl").stat().st_mode & 0o077 == 0


async def test_a_production_system_writes_no_such_file(door: Door) -> None:
    await door.submit()
    production = replace(door.context.settings, env="production", secret=door.settings.secret)
    door.context.settings = production
    await door.drain()
    assert not outgoing_lines(door.settings)


async def test_a_code_for_a_telephone_is_sent_once_and_stands_sealed_in_the_outbox(door: Door) -> None:
    now, settings = door.context.clock.now(), door.context.settings

    async def ask(key: str, expires_in: timedelta) -> None:
        async with db.transaction():
            await phone_messages.send_to_phone(
                "login_code",
                PHONE,
                {"code": "482913", "minutes": "5"},
                key=key,
                settings=settings,
                now=now,
                expires_at=now + expires_in,
            )

    await ask("first", timedelta(minutes=5))
    with pytest.raises(IntegrityError):
        await ask("first", timedelta(minutes=5))
    await ask("late", timedelta(seconds=-1))
    assert not [row for row in await Message.filter(kind="phone.message") if "482913" in str(row.payload)]
    for _ in range(2):
        await outbox.drain(bootstrap.build_handlers(door.context), now)
    (line,) = outgoing_lines(settings)
    assert line["template"] == "login_code" and line["to"] == PHONE and "482913" in line["text"]
    assert line["case_no"] == ""
