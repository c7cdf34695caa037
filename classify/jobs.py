"""What does the classifier do when a case comes in? It says what the case is about, or that a person should.

A job after submission: it never blocks one, and without a release the desk classifies by hand.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from classify.model import Model
from feedback import cases, queries
from feedback.access import SYSTEM
from feedback.kernel.errors import NotNow
from feedback.kernel.outbox import Handler
from feedback.lifecycle import Act, Kind, Status

CurrentModel = Callable[[], Awaitable[Model | None]]


def handlers(current_model: CurrentModel, bar: float) -> dict[str, list[Handler]]:
    """What the classifier does on which message. `bar` above 0 replaces the release's own."""

    async def suggest_category(payload: dict[str, Any], now: datetime) -> None:
        case = await queries.brief(payload["no"])
        model = await current_model()
        if model is None or case.status is not Status.RECEIVED or case.category or case.kind is Kind.RECTIFY:
            raise NotNow(no=case.no)
        verdict = await asyncio.to_thread(model.predict, case.title, case.text)
        if not verdict.category:
            raise NotNow(no=case.no)  # nothing to suggest: the desk reads it
        data = {
            "category": verdict.category,
            "confidence": round(verdict.confidence, 4),
            "release": verdict.release,
            "abstained": verdict.abstained or verdict.confidence < bar,
        }
        await cases.act(case.no, Act.CLASSIFY, SYSTEM, data, now=now, expect=case.version)

    return {"case.submit": [suggest_category]}
