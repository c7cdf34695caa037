"""Who may rate a service: whoever proves to have been served. Everything else is kept apart (国办发〔2019〕51号, 误评和恶意差评)."""

import asyncio
from typing import Any

import pytest

from evaluation.models import Handling, Rating, RatingCount, UnverifiedRating
from evaluation.ratings import handlings
from feedback.record.models.case import Case
from tests.people import Door

RATINGS, HANDLINGS = "/api/v1/ratings", "/api/v1/handlings"
PHONE = "13900007777"


async def matter_of(door: Door) -> dict[str, Any]:
    first: dict[str, Any] = (await door.get("/api/v1/matters")).json()["items"][0]
    return first


async def registered(door: Door, number: str = "BJ-1", **more: str) -> dict[str, Any]:
    matter = await matter_of(door)
    clerk = await door.log_in(f"clerk-{matter['unit']['code']}")
    body = {"handling_no": number, "matter": matter["code"], **more}
    response = await door.post(HANDLINGS, body, clerk)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def rated(door: Door, **body: Any) -> tuple[int, str]:
    response = await door.post(RATINGS, {"level": 1, "tags": ["115"], "text": "态度差", **body})
    return response.status_code, response.json()["status"]


async def counted() -> tuple[int, int, int]:
    """Ratings, counters and cases: what a rating that counts leaves behind."""
    return await Rating.all().count(), await RatingCount.all().count(), await Case.all().count()


async def test_an_invented_number_is_kept_apart_counts_nowhere_and_burdens_nobody(door: Door) -> None:
    matter = await matter_of(door)
    for n in range(5):
        assert await rated(door, matter=matter["code"], handling_no=f"BJ-不存在-{n}") == (202, "unverified")
    await door.drain()
    assert await counted() == (0, 0, 0)
    assert {row.reason for row in await UnverifiedRating.all()} == {"unknown_handling"}
    clerk = await door.log_in(f"clerk-{matter['unit']['code']}")
    assert (await door.get("/api/v1/desk/ratings", clerk)).json()["items"] == []


async def test_the_token_the_code_on_the_slip_or_the_number_in_the_handling_proves_it(door: Door) -> None:
    for number, proof in (("BJ-1", "token"), ("BJ-2", "code"), ("BJ-3", "phone")):
        handling = await registered(door, number, phone=PHONE)
        body = (
            {"token": handling["token"]} if proof == "token" else {"handling_no": number, "matter": handling["matter"]}
        )
        body |= {"code": handling["code"]} if proof == "code" else {"phone": PHONE} if proof == "phone" else {}
        assert await rated(door, **body) == (201, "valid"), proof
    assert await Rating.filter(handling_no__in=["BJ-1", "BJ-2", "BJ-3"]).count() == 3
    await door.drain()
    assert await Case.filter(kind="rectify").count() == 3


async def test_a_known_number_without_proof_or_with_a_wrong_one_does_not_count(door: Door) -> None:
    handling = await registered(door, phone=PHONE)
    about = {"handling_no": "BJ-1", "matter": handling["matter"]}
    assert await rated(door, **about) == (202, "unverified")
    wrong_code = str((int(handling["code"]) + 1) % 10**6).zfill(6)
    assert await rated(door, **about, code=wrong_code) == (202, "unverified")
    assert await rated(door, **about, phone="13900008888") == (202, "unverified")
    assert sorted([row.reason for row in await UnverifiedRating.all()]) == ["no_proof", "wrong_proof", "wrong_proof"]
    assert await rated(door, **about, code=f" {handling['code'][:3]} {handling['code'][3:]} ") == (201, "valid")


async def test_codes_cannot_be_guessed_one_after_the_other_or_all_at_once(door: Door) -> None:
    handling = await registered(door)
    about = {"handling_no": "BJ-1", "matter": handling["matter"], "level": 1}
    wrong_codes = [f"{n:06d}" for n in range(40) if f"{n:06d}" != handling["code"]]
    await asyncio.gather(*(door.post(RATINGS, {**about, "code": code}) for code in wrong_codes))
    row = await Handling.get(handling_no="BJ-1")
    assert row.wrong_proofs == handlings.WRONG_PROOFS_MOST
    assert await rated(door, **about, code=handling["code"]) == (202, "unverified")
    assert await rated(door, token=handling["token"]) == (201, "valid")


async def test_registering_again_gives_the_same_link_and_only_the_unit_of_the_matter_registers(door: Door) -> None:
    handling = await registered(door)
    matter = await matter_of(door)
    body = {"handling_no": "BJ-1", "matter": matter["code"]}
    again = await door.post(HANDLINGS, body, await door.log_in(f"clerk-{matter['unit']['code']}"))
    assert (again.status_code, again.json()) == (200, handling)
    other = "clerk-jiaoyu" if matter["unit"]["code"] != "jiaoyu" else "clerk-rexian"
    assert (await door.post(HANDLINGS, body, await door.log_in(other))).status_code == 403
    assert (await door.post(HANDLINGS, body)).status_code == 401
    picture = await door.get(handling["qr_url"])
    assert picture.status_code == 200
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert (await door.get(handling["qr_url"].replace(handling["token"], "erfunden"))).status_code == 404


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"handling_no": "", "matter": ""}, {"handling_no": "missing", "matter": "missing"}),
        ({"handling_no": "1", "matter": "keine"}, {"matter": "unknown"}),
        ({"handling_no": "1" * 61, "matter": "keine"}, {"handling_no": "too_long", "matter": "unknown"}),
        ({"handling_no": "1", "matter": "keine", "phone": "12"}, {"phone": "not_a_phone", "matter": "unknown"}),
        ({"handling_no": "1", "matter": "keine", "node": "later"}, {"node": "unknown"}),
    ],
)
async def test_what_is_wrong_with_a_handling_is_named_field_by_field(
    door: Door, body: dict[str, str], fields: dict[str, str]
) -> None:
    clerk = await door.log_in(f"clerk-{(await matter_of(door))['unit']['code']}")
    response = await door.post(HANDLINGS, body, clerk)
    assert response.status_code == 422
    assert response.json()["error"]["fields"].keys() == fields.keys()


async def test_a_clerk_registers_and_prints_a_slip_that_names_nobody(door: Door) -> None:
    matter = await matter_of(door)
    clerk = await door.page_client(f"clerk-{matter['unit']['code']}")
    form = {"handling_no": "BJ-9", "matter": matter["code"], "window": "3号", "phone": PHONE, "node": "accepted"}
    answer = await clerk.post("/desk/handlings", data=form)
    assert answer.status_code == 303
    slip = (await clerk.get(answer.headers["location"])).text
    assert "评价码" in slip
    assert PHONE not in slip
    listed = (await clerk.get("/desk/handlings")).text
    assert "BJ-9" in listed
    assert "已受理" in listed
    stranger = await door.page_client("clerk-jiaoyu" if matter["unit"]["code"] != "jiaoyu" else "clerk-rexian")
    assert (await stranger.get(answer.headers["location"])).status_code == 404
    assert "BJ-9" not in (await stranger.get("/desk/handlings")).text
    assert PHONE not in str(await Handling.all().values())


async def test_supervisors_see_what_was_not_verified_and_why(door: Door) -> None:
    matter = await matter_of(door)
    await rated(door, matter=matter["code"], handling_no="BJ-erfunden", text="我没来过")
    page = (await (await door.page_client("supervisor")).get("/board/unverified")).text
    assert "BJ-erfunden" in page
    assert "这个编号没有登记" in page
    assert "我没来过" in page
    clerk = await door.page_client(f"clerk-{matter['unit']['code']}")
    assert (await clerk.get("/board/unverified")).status_code == 403
