"""Places: conversion between the coordinate systems in use in China, there and back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.rules.geography import Crs, Location, find_location_faults, from_wgs84, read_location, to_wgs84

METRE = 1 / 111_000  # degrees of latitude
TIANANMEN = (39.907357, 116.391264)  # WGS 84


def test_tiananmen_stands_on_other_maps_where_they_show_it() -> None:
    lat, long = from_wgs84(*TIANANMEN, Crs.GCJ02)
    assert (lat, long) == pytest.approx((39.908760, 116.397507), abs=3 * METRE)
    lat, long = from_wgs84(*TIANANMEN, Crs.BD09)
    assert (lat, long) == pytest.approx((39.915119, 116.403881), abs=5 * METRE)


@given(lat=st.floats(18.2, 53.5), long=st.floats(73.6, 135.0), crs=st.sampled_from(list(Crs)))
def test_there_and_back_is_the_same_place_within_a_third_of_a_metre(lat: float, long: float, crs: Crs) -> None:
    there = from_wgs84(lat, long, crs)
    back = to_wgs84(*there, crs)
    assert abs(back[0] - lat) < METRE / 3
    assert abs(back[1] - long) * math.cos(math.radians(lat)) < METRE / 3


@given(lat=st.floats(-90, 0), long=st.floats(-180, 180), crs=st.sampled_from(list(Crs)))
def test_abroad_all_systems_are_the_same(lat: float, long: float, crs: Crs) -> None:
    assert from_wgs84(lat, long, crs) == (round(lat, 6), round(long, 6))


def test_a_place_is_kept_as_wgs84_with_what_was_said_of_it() -> None:
    location = read_location({"lat": 39.908760, "long": 116.397507, "crs": "gcj02", "accuracy_m": 12, "text": "广场"})
    assert (location.lat, location.long) == pytest.approx(TIANANMEN, abs=3 * METRE)
    assert read_location(location.as_data()) == location
    assert Location(1.0, 2.0).as_data() == {"lat": 1.0, "long": 2.0}


@pytest.mark.parametrize(
    ("values", "faults"),
    [
        ({"lat": 30.27, "long": 120.15}, {}),
        ({"lat": 30.27}, {"location.long": "missing"}),
        ({"lat": 91.0, "long": -181.0}, {"location.lat": "out_of_range", "location.long": "out_of_range"}),
        ({"lat": float("nan"), "long": 1.0}, {"location.lat": "out_of_range"}),
        ({"lat": 1.0, "long": 1.0, "crs": "epsg4326"}, {"location.crs": "unknown"}),
        ({"lat": 1.0, "long": 1.0, "accuracy_m": -1.0}, {"location.accuracy_m": "out_of_range"}),
        ({"lat": 1.0, "long": 1.0, "text": "长" * 201}, {"location.text": "too_long"}),
    ],
)
def test_what_is_wrong_with_a_place_is_named_by_field(values: dict[str, object], faults: dict[str, str]) -> None:
    assert find_location_faults(values) == faults
