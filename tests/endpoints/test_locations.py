"""Where something happened, as a point: taken in the system of one's map, given back in the one asked for."""

from typing import Any

import pytest

from feedback.record.models.case import Entry
from tests.people import Door

GCJ = {"lat": 30.27, "long": 120.15, "crs": "gcj02", "accuracy_m": 15, "text": "桥头公交站旁"}


async def seen(door: Door, receipt: dict[str, Any], crs: str = "") -> dict[str, Any]:
    query = f"?code={receipt['code']}" + (f"&crs={crs}" if crs else "")
    response = await door.get(f"/api/v1/cases/{receipt['no']}{query}")
    assert response.status_code == 200, response.text
    location: dict[str, Any] = response.json()["location"]
    return location


async def test_a_point_of_any_map_is_stored_as_wgs84_and_given_back_in_the_system_asked_for(door: Door) -> None:
    receipt = await door.submit(location=GCJ)
    plain = await seen(door, receipt)
    assert plain["crs"] == "wgs84"
    assert abs(plain["lat"] - 30.27) > 0.001
    assert (plain["accuracy_m"], plain["text"]) == (15, "桥头公交站旁")
    gcj = await seen(door, receipt, "gcj02")
    assert (gcj["lat"], gcj["long"]) == pytest.approx((30.27, 120.15), abs=0.000002)
    assert (await seen(door, receipt, "bd09"))["lat"] > gcj["lat"]
    stored = (await Entry.get(case__no=receipt["no"], seq=1)).data["location"]
    assert stored["lat"] == plain["lat"]


async def test_a_case_without_a_point_says_so_and_an_unknown_system_is_refused(door: Door) -> None:
    receipt = await door.submit()
    answer = await door.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}")
    assert answer.json()["location"] is None
    wrong = await door.get(f"/api/v1/cases/{receipt['no']}?code={receipt['code']}&crs=utm")
    assert (wrong.status_code, set(wrong.json()["error"]["fields"])) == (422, {"crs"})


@pytest.mark.parametrize(
    ("location", "fields"),
    [
        ({"lat": 30.27}, {"location.long"}),
        ({"lat": "30", "long": 120}, {"location.lat"}),
        ({"lat": 300, "long": 120, "crs": "mars"}, {"location.lat", "location.crs"}),
        ([30, 120], {"location"}),
    ],
)
async def test_what_is_wrong_with_a_point_is_named_and_nothing_else_is_lost(
    door: Door, location: object, fields: set[str]
) -> None:
    body = {"kind": "complaint", "title": "路灯不亮", "text": "桥头路灯不亮。", "channel": "app", "location": location}
    response = await door.post("/api/v1/cases", body)
    assert response.status_code == 422
    assert set(response.json()["error"]["fields"]) == fields
