"""One petition over half a year: extended, answered, reviewed, and reviewed again with a hearing.

It crosses the National Day and ends in 2027, whose days off are not announced yet. At each step the page and the
clocks must say the right thing.
"""

import contextlib
from datetime import date, datetime
from typing import Any

from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc
from tests.flows.story import OPINION
from tests.people import Door

REJECTED = {**OPINION, "outcome": "reject"}

PETITION: dict[str, Any] = {
    "kind": "appeal",
    "title": "征地补偿款少算了两亩",
    "text": "我家在清波社区的承包地去年被征收，补偿时少算了两亩，请重新核算并补发。",
    "channel": "web",
    "person": {"name": "安小娜", "phone": "13900001234"},
}


def at(year: int, month: int, day: int, hour: int = 9) -> datetime:
    return to_utc(datetime(year, month, day, hour, tzinfo=OFFICE_TIMEZONE))


class Journey:
    """The petition, and everybody's hands on it."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.tokens: dict[str, str] = {}
        self.no = self.code = ""

    async def begin(self, moment: datetime) -> None:
        self.door.set_time(moment)
        receipt = await self.door.submit(**PETITION)
        self.no, self.code = receipt["no"], receipt["code"]

    async def do(self, who: str, act: str, moment: datetime, **data: Any) -> dict[str, Any]:
        """Somebody does something at a moment. Returns the case as the desk sees it then."""
        self.door.set_time(moment)
        if who == "citizen":
            response = await self.door.act(self.no, act, {"code": self.code, **data})
        else:
            response = await self.door.act(self.no, act, data, await self.door.log_in(who))
        assert response.status_code == 200, response.text
        return await self.seen()

    async def seen(self) -> dict[str, Any]:
        path, token = f"/api/v1/cases/{self.no}", await self.door.log_in("reception")
        case: dict[str, Any] = (await self.door.get(path, token)).json()
        return case

    async def acts(self) -> set[str]:
        """What the citizen may do now."""
        case = (await self.door.get(f"/api/v1/cases/{self.no}?code={self.code}")).json()
        return {offer["act"] for offer in case["acts"]}

    async def page(self) -> str:
        client = self.door.browser()
        async with contextlib.aclosing(client):
            await client.post("/lookup", data={"check": self.no, "code": self.code})
            return (await client.get("/case")).text


def clock(case: dict[str, Any], term: str) -> dict[str, Any]:
    clocks: dict[str, Any] = [c for c in case["clocks"] if c["term"] == term][-1]
    return clocks


async def test_a_petition_through_the_national_day_into_a_year_not_yet_announced(door: Door) -> None:
    petition = Journey(door)
    await petition.begin(at(2026, 7, 13))
    assert clock(await petition.seen(), "forward")["due_legal_day"] == "2026-07-28"
    assert clock(await petition.seen(), "answer")["due_legal_day"] == "2026-10-12"  # 10-11 is a Sunday

    case = await petition.do("reception", "assign", at(2026, 7, 14), unit="jiaoyu")
    assert clock(case, "forward")["state"] == "kept"
    assert clock(case, "notify")["due_legal_day"] == "2026-07-29"
    assert clock(case, "object")["due_legal_day"] == "2026-07-21"

    case = await petition.do("clerk-jiaoyu", "accept", at(2026, 7, 30))  # a day too late
    assert clock(case, "notify")["state"] == "late"
    assert clock(case, "resolve")["due_raw_day"] == "2026-09-28"

    case = await petition.do("lead-jiaoyu", "extend", at(2026, 9, 21), reason="需要重新丈量", days=10)
    assert (clock(case, "resolve")["due_raw_day"], clock(case, "resolve")["due_legal_day"]) == (
        "2026-10-08",
        "2026-10-08",
    )
    assert "需要重新丈量" in await petition.page()
    refused = await door.act(petition.no, "extend", {"reason": "再延", "days": 5}, await door.log_in("lead-jiaoyu"))
    assert refused.status_code == 409

    without = await door.act(petition.no, "reply", {"text": "不予补发"}, await door.log_in("lead-jiaoyu"))
    assert without.status_code == 422 and "outcome" in without.json()["error"]["fields"]
    case = await petition.do("lead-jiaoyu", "reply", at(2026, 9, 25), text="经复核，面积无误。", **REJECTED)
    assert clock(case, "resolve")["state"] == "kept"
    assert clock(case, "ask_review")["due_raw_day"] == "2026-10-25"

    case = await petition.do("clerk-jiaoyu", "deliver", at(2026, 10, 9), day="2026-10-08", way="post")
    assert (clock(case, "ask_review")["due_raw_day"], clock(case, "ask_review")["due_legal_day"]) == (
        "2026-11-07",
        "2026-11-09",
    )

    case = await petition.do("citizen", "review", at(2026, 11, 9, 22), reason="丈量时我不在场")
    await door.drain()
    case = await petition.seen()
    assert (case["stage"], case["status"]) == ("review", "assigned")
    reviewer = case["unit"]["code"]
    assert reviewer != "jiaoyu"
    assert clock(case, "review")["due_legal_day"] == "2026-12-09"
    assert "复查" in await petition.page()

    await petition.do(f"clerk-{reviewer}", "accept", at(2026, 11, 10))
    case = await petition.do(
        f"lead-{reviewer}", "reply", at(2026, 12, 7), text="维持原意见。", **{**OPINION, "outcome": "uphold"}
    )
    assert clock(case, "review")["state"] == "kept"
    await petition.do("citizen", "re_review", at(2026, 12, 14), reason="请求听证")
    await door.drain()
    case = await petition.seen()
    last = case["unit"]["code"] if case["unit"] else "shi-xinfang"
    if case["status"] == "received":
        await petition.do("reception", "assign", at(2026, 12, 15), unit=last)
    case = await petition.do(f"clerk-{last}", "accept", at(2026, 12, 16))
    deciding = clock(case, "re_review")
    assert (deciding["due_raw_day"], deciding["provisional"]) == ("2027-01-13", True)
    assert "暂" in await petition.page() or "预计" in await petition.page()

    case = await petition.do(f"clerk-{last}", "hearing", at(2026, 12, 28), text="一月四日九时在区政府三楼听证")
    assert clock(case, "re_review")["state"] == "stopped"
    assert clock(case, "hearing")["state"] == "running"
    early = await door.act(petition.no, "reply", {"text": "x", **REJECTED}, await door.log_in(f"lead-{last}"))
    assert early.status_code == 409
    case = await petition.do(f"clerk-{last}", "end_hearing", at(2027, 1, 4, 17), text="双方陈述完毕")
    deciding = clock(case, "re_review")
    assert (deciding["state"], deciding["due_raw_day"]) == ("running", "2027-01-21")  # eight days not counted

    case = await petition.do(
        f"lead-{last}", "reply", at(2027, 1, 21, 17), text="补发差额。", **{**OPINION, "outcome": "change"}
    )
    assert clock(case, "re_review")["state"] == "kept"
    assert not {"review", "re_review"} & await petition.acts()
    assert "补发差额" in await petition.page()
    assert date.fromisoformat(deciding["due_legal_day"]) >= date(2027, 1, 21)
