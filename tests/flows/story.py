"""A story of one case, told by its days: who did what when, and which clocks that started, kept or left late."""

from datetime import datetime
from typing import Any

import httpx2

from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from tests.people import Door

OPINION = {"facts": "经现场查看和查阅档案，情况属实。", "basis": "《土地管理法》第四十八条", "outcome": "support"}
"""What 第三十二条 asks of an opinion besides its text."""


def at(words: str) -> datetime:
    """`2026-01-26 09:00` or `2026-01-26 23:59:59` of the office."""
    return to_utc(datetime.fromisoformat(words).replace(tzinfo=OFFICE_TIMEZONE))


class Story:
    """One case and everybody's hands on it, through the API."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.no = self.code = ""

    async def submit(self, moment: str, kind: str = "appeal", **fields: Any) -> dict[str, Any]:
        """Somebody hands in the matter at that moment. Returns the receipt."""
        self.door.set_time(at(moment))
        texts = {
            "title": "征地补偿款少算了两亩",
            "text": "我家的承包地去年被征收，补偿时少算了两亩，请重新核算并补发。",
        }
        receipt = await self.door.submit(**{"kind": kind, "channel": "web", **texts, **fields})
        self.no, self.code = receipt["no"], receipt["code"]
        return receipt

    async def tries(self, who: str, act: str, moment: str = "", **data: Any) -> httpx2.Response:
        """Somebody tries something, whatever comes of it."""
        if moment:
            self.door.set_time(at(moment))
        if who == "citizen":
            return await self.door.act(self.no, act, {"code": self.code, **data})
        return await self.door.act(self.no, act, data, await self.door.log_in(who))

    async def does(self, who: str, act: str, moment: str = "", **data: Any) -> dict[str, Any]:
        """Somebody does something. Returns the case as the desk sees it then."""
        response = await self.tries(who, act, moment, **data)
        assert response.status_code == 200, response.text
        return await self.seen()

    async def seen(self, who: str = "reception") -> dict[str, Any]:
        """The case as a member of staff, or its citizen, sees it."""
        if who == "citizen":
            response = await self.door.get(f"/api/v1/cases/{self.no}?code={self.code}")
        else:
            response = await self.door.get(f"/api/v1/cases/{self.no}", await self.door.log_in(who))
        assert response.status_code == 200, response.text
        case: dict[str, Any] = response.json()
        return case

    async def acts(self, who: str = "citizen") -> set[str]:
        """What somebody may do now."""
        return {offer["act"] for offer in (await self.seen(who))["acts"]}

    async def due(self, term: str) -> str:
        """The last day of the newest clock of that term."""
        return str((await self.clock(term))["due_legal_day"])

    async def clock(self, term: str) -> dict[str, Any]:
        clocks: list[dict[str, Any]] = [c for c in (await self.seen())["clocks"] if c["term"] == term]
        return clocks[-1]


def code_of(response: httpx2.Response) -> tuple[int, str]:
    """The status and the stable code of a refusal."""
    return response.status_code, str(response.json()["error"]["code"])
