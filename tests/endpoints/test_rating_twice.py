"""A case rated by many at once is rated once; a follow-up is what somebody asks for who knows of the first."""

import asyncio
from typing import Any

import pytest

from evaluation.models import Rating
from tests.endpoints.test_api_public import answered, registered_handling
from tests.people import ANNAS_MESSAGE, Door

RATINGS = "/api/v1/ratings"


async def body_of(door: Door, **fields: Any) -> dict[str, Any]:
    receipt = await answered(door)
    return {"case_no": receipt["no"], "code": receipt["code"], "level": 4, **fields}


async def test_of_ten_ratings_at_once_one_is_kept_and_a_later_one_is_the_follow_up(door: Door) -> None:
    body = await body_of(door)
    responses = await asyncio.gather(*(door.post(RATINGS, body | {"text": f"第 {n} 次"}) for n in range(10)))
    assert sorted(response.status_code for response in responses) == [201] + [409] * 9
    assert await Rating.filter(case_no=body["case_no"]).count() == 1
    assert (await door.post(RATINGS, body)).status_code == 201
    assert (await door.post(RATINGS, body)).status_code == 409


async def test_the_same_key_is_the_same_rating_for_a_case_and_for_a_handling(door: Door) -> None:
    case = await body_of(door)
    registered = await registered_handling(door, "BJ1")
    handling = {"token": registered["token"], "level": 5}
    for body in (case, handling):
        headers = {"Idempotency-Key": "k1"}
        responses = [await door.client.post(RATINGS, json=body, headers=headers) for _ in range(3)]
        assert [response.status_code for response in responses] == [201] * 3
        assert len({response.json()["id"] for response in responses}) == 1


@pytest.mark.parametrize(("pf", "status"), [(2, 201), ("2", 201), (7, 422), ("7", 422), (9, 422), (True, 422)])
async def test_the_channel_is_a_number_or_a_text_and_sms_is_never_claimed(door: Door, pf: object, status: int) -> None:
    response = await door.post(RATINGS, await body_of(door, pf=pf))
    assert response.status_code == status, response.text
    if status == 422:
        assert set(response.json()["error"]["fields"]) == {"pf"}


async def test_fields_nobody_reads_are_named_in_the_receipt(door: Door) -> None:
    body = {**ANNAS_MESSAGE, "adress": "幸福路", "person": {"phone": "13900001234", "nmae": "安"}}
    receipt = (await door.post("/api/v1/cases", body)).json()
    assert receipt["warnings"] == ["没有用到这些字段，请核对拼写：person.nmae、adress"]
    assert "warnings" not in await door.submit(title="另一件")
