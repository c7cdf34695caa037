"""Logging in by telephone in tests: the code is read where development writes texts to."""

import json
import re
from typing import Any

from tests.people import Door

PHONE = "13900001234"
"""Anna's, whose messages `Door.submit` hands in."""


def texts_to(door: Door, phone: str) -> list[dict[str, Any]]:
    """What was sent to that number, oldest first."""
    file = door.settings.data / "outgoing.jsonl"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [message for line in lines if (message := json.loads(line))["to"] == phone]


def codes_to(door: Door, phone: str) -> list[str]:
    """The log-in codes that were sent to that number, oldest first."""
    texts = [message["text"] for message in texts_to(door, phone) if message["template"] == "login_code"]
    return [match[1] for text in texts if (match := re.search(r"\b(\d{6})\b", text))]


async def ask_code(door: Door, phone: str = PHONE) -> str:
    """The code that a text brings to the number; "" when none came."""
    before = len(codes_to(door, phone))
    response = await door.post("/api/v1/sessions/phone", {"phone": phone})
    assert response.status_code == 202, response.text
    await door.drain()
    codes = codes_to(door, phone)
    return codes[-1] if len(codes) > before else ""


async def log_in_by_phone(door: Door, phone: str = PHONE, **more: Any) -> str:
    """The bearer token of whoever holds the telephone."""
    code = await ask_code(door, phone)
    response = await door.post("/api/v1/sessions/phone/verify", {"phone": phone, "code": code, **more})
    assert response.status_code == 201, response.text
    return str(response.json()["token"])
