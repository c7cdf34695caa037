"""Does anything wrong somebody may type break a door, or pass it in silence? At every door that takes words: no.

Whatever is wrong is answered with 4xx and a sentence that says what to do, for people as for programs.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from evaluation.models import Rating
from evaluation.ratings import cases as case_ratings
from feedback.kernel.settings import Settings
from feedback.record import cases
from feedback.rules.access import citizen
from feedback.rules.vocabulary import Act
from routing import directory
from routing.models import Proposal
from routing.oversight import proposals as supervision_proposals
from tests.conftest import fresh
from tests.endpoints.route_survey.requests import Still, routes
from tests.endpoints.wrong_inputs import BUTTONS, ENTRIES, NO_JSON, Entry
from tests.moments import MONDAY
from tests.people import Door

# One house for all: nothing wrong changes anything in it.
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("test_wrong_input")]

LONG = "长" * 1_000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MANY = 1_000_000
_CHINESE = re.compile(r"[\u4e00-\u9fff]{3,}")


@dataclass
class House:
    """The application, what its things are called, and who has come in so far."""

    door: Door
    ids: dict[str, str]
    browsers: dict[str, httpx2.AsyncClient] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def put(self, value: Any) -> Any:
        """A value of the table with the numbers of this house in it."""
        match value:
            case str():
                return re.sub(r"{(\w+)}", lambda match: self.ids.get(match[1], match[0]), value)
            case list():
                return [self.put(item) for item in value]
            case _:
                return value

    async def sent(self, entry: Entry, form: Mapping[str, Any]) -> httpx2.Response:
        path = self.put(entry.route)
        form_data = {name: self.put(value) for name, value in form.items()}
        if entry.is_json:
            return await self.door.post(path, form_data, await self.token(entry.who))
        return await (await self.browser(entry.who)).post(path, data=form_data)

    async def token(self, who: str) -> str:
        if who != "citizen" and who not in self.tokens:
            self.tokens[who] = await self.door.log_in(who)
        return self.tokens.get(who, "")

    async def browser(self, who: str) -> httpx2.AsyncClient:
        if who not in self.browsers:
            self.browsers[who] = self.door.browser() if who == "citizen" else await self.door.page_client(who)
            if who == "citizen":
                form_data = {"code": self.ids["code"], "check": self.ids["no"]}
                assert (await self.browsers[who].post("/lookup", data=form_data)).status_code == 303
                assert (await self.browsers[who].post("/new/1", data={"kind": "complaint"})).status_code == 303
        return self.browsers[who]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(town: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The application without limits by address, with one of everything that something can be typed about."""
    async with fresh(town, tmp_path_factory.mktemp("house")) as settings:
        free = replace(settings, submit_per_minute=MANY, lookup_per_minute=MANY, login_per_minute=MANY)
        async with Door.opened(free) as door:
            door.context.clock = Still(moment=MONDAY)
            house = House(door, await _furnished(door))
            yield house
            for browser in house.browsers.values():
                await browser.aclose()


async def _furnished(door: Door) -> dict[str, str]:
    own = await door.submit(source_id="own")
    ids = {"no": own["no"], "code": own["code"], "new": "new"}
    for name in ("other", "fresh", "rated", "argued"):
        ids[name] = (await door.submit(source_id=name, title=f"另一件事：{name}"))["no"]
    for name in ("no", "other", "rated", "argued"):
        await _does(ids[name], "reception", Act.ASSIGN, HOUR, unit="jiaoyu")
        await _does(ids[name], "clerk-jiaoyu", Act.ACCEPT, 2 * HOUR)
    for name, rating in (("rated", "rating"), ("argued", "disputed")):
        await _does(ids[name], "clerk-jiaoyu", Act.REPLY, 3 * HOUR, text="已办。")
        await cases.act(
            ids[name],
            Act.RATE,
            citizen(ids[name]),
            {"level": 1},
            now=MONDAY + 4 * HOUR,
            in_transaction=case_ratings.record_rating,
        )
        ids[rating] = (await Rating.get(case_no=ids[name])).id
    door.context.clock = Still(moment=MONDAY + 5 * HOUR)
    clerk, desk, overseer = [await door.log_in(who) for who in ("clerk-jiaoyu", "reception", "supervisor")]
    data = {"reason": "群众点错了"}
    assert (await door.post(f"/api/v1/desk/ratings/{ids['disputed']}/dispute", data, clerk)).status_code == 200
    ids["asked"] = ids["argued"]
    left_out = {"case_no": ids["asked"], "reason": "要求违反规定"}
    assert (await door.post("/api/v1/desk/exclusions", left_out, clerk)).status_code == 201
    linked = await door.post(f"/api/v1/cases/{ids['no']}/links", {"case": ids["other"], "kind": "campaign"}, desk)
    assert linked.status_code == 201, linked.text
    ids["link"] = str(linked.json()["items"][0]["id"])
    measure = {"kind": "improve", "unit": "jiaoyu", "title": "改进", "text": "请改进。"}
    issued = await door.post("/api/v1/oversight/measures", measure, overseer)
    assert issued.status_code == 201, issued.text
    ids["measure"] = str(issued.json()["id"])
    await supervision_proposals.update_proposals(MONDAY + 40 * DAY)
    ids["proposal"] = str((await Proposal.filter(case_no=ids["no"]).first()).id)  # type: ignore[union-attr] # it is late
    ids["matter"] = str((await door.get("/api/v1/matters")).json()["items"][0]["code"])
    return ids


async def _does(no: str, who: str, act: Act, after: timedelta, **data: Any) -> None:
    await cases.act(no, act, await directory.load_actor(who), data, now=MONDAY + after)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
async def test_whatever_is_wrong_with_a_field_is_refused_with_a_sentence(house: House, entry: Entry) -> None:
    passed = []
    for what, form in entry.wrongs():
        answer = await house.sent(entry, form)
        if not 400 <= answer.status_code < 500 or not _says_what_to_do(answer):
            passed.append((what, answer.status_code))
    assert passed == []


def _says_what_to_do(answer: httpx2.Response) -> bool:
    """A sentence in Chinese: of an error in the one shape for programs; for people, in an alert or on a page of its own."""
    if answer.headers["content-type"].startswith("application/json"):
        return bool(_CHINESE.search(answer.json()["error"]["message"]))
    match = re.search(r'(?:role="alert"|class="lead"|class="error)[^>]*>.{0,400}', answer.text, re.S)
    return match is not None and bool(_CHINESE.search(match[0]))


JSON = [entry for entry in ENTRIES if entry.is_json]


@pytest.mark.parametrize("entry", JSON, ids=lambda entry: entry.name)
async def test_what_is_no_json_object_is_refused(house: House, entry: Entry) -> None:
    token = await house.token(entry.who)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    for what, content in NO_JSON.items():
        if what == "nothing" and entry.may_be_empty:
            continue
        answer = await house.door.client.post(house.put(entry.route), content=content, headers=headers)
        assert 400 <= answer.status_code < 500 and _says_what_to_do(answer), (what, answer.status_code)
    plain = {**headers, "Content-Type": "text/plain"}
    answer = await house.door.client.post(house.put(entry.route), content=b"{}", headers=plain)
    assert answer.status_code == 415


async def test_every_door_at_which_something_is_sent_is_in_the_table_or_has_its_reason(house: House) -> None:
    known = [re.compile(re.sub(r"{[^}]+}", "[^/]+", entry.route)) for entry in ENTRIES]
    missing = []
    for method, route in routes(house.door.app.router.routes):
        if method != "POST" or f"POST {route}" in BUTTONS:
            continue
        shape = re.sub(r"{[^}]+}", "[^/]+", route)
        if not any(
            re.fullmatch(shape, entry.route) or pattern.fullmatch(route)
            for entry, pattern in zip(ENTRIES, known, strict=True)
        ):
            missing.append(route)
    assert missing == []


async def test_nothing_wrong_has_changed_anything(house: House) -> None:
    seen = (await house.door.get(f"/api/v1/cases/{house.ids['no']}", params={"code": house.ids["code"]})).json()
    assert [entry["act"] for entry in seen["timeline"]][:3] == ["submit", "assign", "accept"]
    assert seen["status"] == "accepted"


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("reception", f"/desk/campaigns/{LONG}"),
        ("supervisor", f"/board/topics/{LONG}"),
        ("reception", f"/api/v1/desk/campaigns/{LONG}"),
        ("reception", f"/desk/cases/{LONG}"),
    ],
    ids=["a campaign", "a topic", "a campaign for a program", "a case"],
)
async def test_what_is_asked_for_by_too_long_a_name_is_not_found(house: House, who: str, path: str) -> None:
    if path.startswith("/api/"):
        answer = await house.door.get(path, await house.token(who))
    else:
        answer = await (await house.browser(who)).get(path)
    assert answer.status_code == 404


async def test_a_measure_with_a_wrong_unit_and_wrong_cases_comes_back_as_it_was_typed(house: House) -> None:
    client = await house.browser("supervisor")
    typed = {"kind": "improve", "unit": LONG, "title": "改进窗口排队办法", "text": "请研究增开窗口。", "cases": LONG}
    answer = await client.post("/desk/measures/new", data=typed)
    assert answer.status_code == 422
    for words in ("改进窗口排队办法", "请研究增开窗口。", LONG):
        assert words in answer.text
