"""Log who looked at whose personal or confidential data."""

from datetime import datetime
from typing import Any

from feedback.record.models.logs import ReadLog
from feedback.rules.access import Actor


async def log_read(actor: Actor, what: str, case_no: str = "", detail: str = "", *, now: datetime) -> None:
    """Write down that somebody looked at personal or confidential data, or took a list away."""
    await ReadLog.create(at=now, actor=actor.id, unit=actor.unit, what=what, case_no=case_no, detail=detail[:300])


async def read_log(case_no: str = "", limit: int = 200) -> list[dict[str, Any]]:
    """The latest reads, of one case or all. For auditors."""
    rows = ReadLog.filter(case_no=case_no) if case_no else ReadLog.all()
    return list(await rows.order_by("-id").limit(limit).values())
