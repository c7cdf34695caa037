"""Append every message to a person that no real channel carries to `$DATA/outgoing.jsonl`, in development only.

One JSON object a line: at (ISO 8601 with the office's offset), channel, to, template, text, case_no ("" without a case).
It is no channel: a notice that was only written here reached nobody, and its state says so. In production nothing is
written, since the lines hold telephone numbers.
"""

import asyncio
import json
import os
from datetime import datetime
from pathlib import Path

from feedback.kernel.settings import Settings
from web.wording import dates

FILE_NAME = "outgoing.jsonl"


async def append_message(
    settings: Settings, *, at: datetime, channel: str, to: str, template: str, text: str, case_no: str = ""
) -> None:
    """Add one line; nothing in production, and nothing when there is no address."""
    if settings.production or not to:
        return
    line = {
        "at": dates.iso(at),
        "channel": channel,
        "to": to,
        "template": template,
        "text": text,
        "case_no": case_no,
    }
    await asyncio.to_thread(_append, settings.data / FILE_NAME, json.dumps(line, ensure_ascii=False) + "\n")


def _append(path: Path, line: str) -> None:
    """One write of one line, so that two processes never mix theirs. Only the owner may read the file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)
